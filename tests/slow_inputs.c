/* slow_inputs.c: see slow_inputs.h. */
#include "slow_inputs.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const structured[] = {
    "=",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    ".",
    "\r\n.",
    "\n.",
    "\r.",
    ".\r\n",
    ".\n",
    "..\r\n",
    "\r\r\n",
    "\r\r\r\r\r\r\r\n",
    "=\r\n",
    "a=\r\n",
    "=\n",
    "= \r\n",
    "= ",
    "=\r",
    "==",
    "=4",
    "=4=",
    "=XZ",
    "=3d",
    "=3D",
    "=E9",
    "=\xE9",
    "a=3Db",
    " \r\n",
    " \n",
    "a \r\n",
    "  \t \r\n",
    "a ",
    "\xFF",
    "a\xFF",
    "\xC3\xA9",
    "\xE7\xB3\xBB",
    "\xE7",
    "\xF0\x9F\x98\x80",
    "\x7F",
    "\x01",
    "A=",
    "AA=",
    "AA==",
    "AAA=",
    "AA==\r\n",
    "AAA=AAAA",
    "QUJD\n",
    "QUJD\r\n",
    "A\r\n",
    "AA\n",
    "AAA\r",
    "*",
    "A*",
    "AAA*",
    "A A",
    "AAAA ",
    "-_",
    "AA-_",
    "A+/-",
    "From ",
    "From \r\n",
    "\nFrom ",
    "--\r\n",
    "--",
    "a\r",
    "a\n",
    "a\r\n",
    "ab\r\n",
    "abcdefg\r\n",
    "abcdefghijklmno\n",
    "\xC3\r\n",
    "=\r\n\r\n",
    "\r\n\r\n.\r",
};

/* One octet again and again, up to what the codecs count to, between others. */
static const struct {
  const char *before;
  char octet;
  size_t times;
  const char *after;
} runs[] = {
    {"", ' ', 1023, "\r\n"}, {"", ' ', 1024, "\r\n"},  {"", ' ', 1024, "a"},      {"", ' ', 1025, "\r\n"},
    {"", '\t', 1024, "\r"},  {"=", ' ', 1024, "\r\n"}, {"=", ' ', 1024, "a"},     {"=", ' ', 1024, "="},
    {"=", ' ', 1025, "a"},   {"a", ' ', 75, "\r\n"},   {"", ' ', 76, "="},        {"a", '\r', 998, "\n"},
    {"", '.', 998, "\r\n"},  {"", 'a', 998, "\r\n"},   {"", '\xC3', 999, "\r\n"}, {"", '=', 76, "\r\n"},
    {"AAA", '=', 998, "A"},
};

/* The octets of which patterns by chance are made: all that a codec has a case for. */
static const char rich[] = "=\r\n .a\t-_\xC3\xA9*A4fF+/\x01~";

size_t slow_inputs_count(void) {
  return COUNT(structured) + COUNT(runs) + 1;
}

/* The structured ones, the runs, and then NUL. */
void make_slow_input(struct pattern *pattern, size_t index) {
  char *data = (char *)pattern->data;
  size_t at = index - COUNT(structured);
  if (index < COUNT(structured)) {
    pattern->n = (size_t)snprintf(data, PATTERN_MAX, "%s", structured[index]);
  } else if (at < COUNT(runs)) {
    size_t before = strlen(runs[at].before);
    memcpy(data, runs[at].before, before);
    memset(data + before, runs[at].octet, runs[at].times);
    strcpy(data + before + runs[at].times, runs[at].after);
    pattern->n = before + runs[at].times + strlen(runs[at].after);
  } else {
    pattern->n = 1;
    data[0] = 0;
  }
}

void make_chance_input(struct pattern *pattern, size_t (*below)(size_t n)) {
  size_t ordinary = below(3) == 0 ? below(200) : 0;
  size_t odd = 1 + below(below(2) ? 4 : 16);
  pattern->n = ordinary + odd;
  memset(pattern->data, 'A', ordinary);
  if (ordinary > 78 && below(2)) memcpy(pattern->data + 76, "\r\n", 2);
  for (size_t i = ordinary; i < pattern->n; i++) pattern->data[i] = (uint8_t)rich[below(sizeof rich)];
}

void fill_with(uint8_t *dst, size_t n, const struct pattern *pattern) {
  memcpy(dst, pattern->data, pattern->n);
  for (size_t have = pattern->n; have < n; have *= 2) memcpy(dst + have, dst, have < n - have ? have : n - have);
}

static void print_octet(uint8_t c) {
  if (c == '\r')
    printf("\\r");
  else if (c == '\n')
    printf("\\n");
  else if (c < 33 || c > 126)
    printf("\\x%02X", (unsigned)c);
  else
    printf("%c", c);
}

void print_pattern(const struct pattern *pattern) {
  printf("`");
  for (size_t i = 0, n; i < pattern->n; i += n) {
    for (n = 1; i + n < pattern->n && pattern->data[i + n] == pattern->data[i];) n++;
    if (n < 8) n = 1;
    print_octet(pattern->data[i]);
    if (n > 1) printf("{%zu}", n);
  }
  printf("`");
}
