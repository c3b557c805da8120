/*
 * complexity.c: how slow an input can make a codec, and how its time grows with its size: docs/complexity.md's table.
 * Structured inputs, and patterns by chance, go through each call that takes octets: whole, an octet of input at a time,
 * and with room for 1, 2 and 64 octets; the slowest stand beside random data. Times are those of the processor, the least
 * of several.
 *
 * CTE_TEST_SEED, CTE_TEST_SCALE: as everywhere; CTE_TEST_ROW: that row of kernels, input given whole alone.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cte/cte.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SMALL = 16 << 10, MIDDLE = 256 << 10, LARGE = 4 << 20, ROOM = 4 * LARGE + 4096, PATTERN_MAX = 1200 };

static uint8_t input[LARGE], output[ROOM];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t random_state;

static uint32_t random_below(uint32_t n) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(random_state >> 33) % n;
}

static double scale(void) {
  const char *text = getenv("CTE_TEST_SCALE");
  return text != NULL ? strtod(text, NULL) : 1;
}

/* ---- Codecs: streams ---- */

static cte_status base64_encode(cte_stream *s) {
  return cte_stream_base64_encode(s, NULL);
}

static cte_status base64_encode_narrow(cte_stream *s) {
  static const cte_base64_encode_options options = {.columns = 1};
  return cte_stream_base64_encode(s, &options);
}

static cte_status base64_decode(cte_stream *s) {
  return cte_stream_base64_decode(s, NULL);
}

static cte_status base64_decode_either(cte_stream *s) {
  static const cte_base64_decode_options options = {.alphabet = CTE_BASE64_EITHER, .line_ends = CTE_BASE64_LINE_ENDS_LF};
  return cte_stream_base64_decode(s, &options);
}

static cte_status base64_decode_strict(cte_stream *s) {
  static const cte_base64_decode_options options = {.reject = CTE_BASE64_REJECT_STRICT};
  return cte_stream_base64_decode(s, &options);
}

static const cte_qp_encode_options qp_flags = {.flags = CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES |
                                                        CTE_QP_ENCODE_EBCDIC | CTE_QP_WHOLE_UTF8};
static const cte_qp_encode_options qp_binary = CTE_QP_ENCODE_BINARY;
static const cte_qp_encode_options qp_lf = {.line_ends = CTE_QP_LINE_ENDS_LF};
static const cte_qp_encode_options qp_kept = {.line_ends = CTE_QP_LINE_ENDS_KEEP};

static cte_status qp_encode_text(cte_stream *s) {
  return cte_stream_qp_encode(s, NULL);
}

static cte_status qp_encode_flags(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_flags);
}

static cte_status qp_encode_binary(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_binary);
}

static cte_status qp_encode_lf(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_lf);
}

static cte_status qp_encode_kept(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_kept);
}

static cte_status qp_decode(cte_stream *s) {
  return cte_stream_qp_decode(s, NULL);
}

static cte_status qp_decode_to_crlf(cte_stream *s) {
  static const cte_qp_decode_options options = {.line_end = CTE_QP_LINE_END_CRLF};
  return cte_stream_qp_decode(s, &options);
}

static cte_status qp_decode_strict(cte_stream *s) {
  static const cte_qp_decode_options options = CTE_QP_DECODE_STRICT;
  return cte_stream_qp_decode(s, &options);
}

static cte_status lines_check(cte_stream *s) {
  return cte_stream_lines_check(s, CTE_LINES_ALLOW_SMTP);
}

static cte_status lines_check_lf(cte_stream *s) {
  return cte_stream_lines_check(s, CTE_LINES_ALLOW_SMTP | CTE_LINES_LF_TEXT);
}

static const cte_smtp_options normalize = {
    CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};
static const cte_smtp_options space = {CTE_SMTP_SPACE, CTE_SMTP_SPACE, CTE_SMTP_SPACE, CTE_SMTP_KEEP, 0, {0}};
static const cte_smtp_options keep = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 0, {0}};
static const cte_smtp_options keep_fold = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_NORMALIZE, 0, {0}};
static const cte_smtp_options keep_bdat = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 1, {0}};

static cte_status smtp_write_reject(cte_stream *s) {
  return cte_stream_smtp_write(s, NULL);
}

static cte_status smtp_write(cte_stream *s) {
  return cte_stream_smtp_write(s, &normalize);
}

static cte_status smtp_write_space(cte_stream *s) {
  return cte_stream_smtp_write(s, &space);
}

static cte_status bdat_write(cte_stream *s) {
  return cte_stream_smtp_write(s, &keep_bdat);
}

static cte_status smtp_read_reject(cte_stream *s) {
  return cte_stream_smtp_read(s, NULL);
}

static cte_status smtp_read(cte_stream *s) {
  return cte_stream_smtp_read(s, &normalize);
}

static cte_status smtp_read_space(cte_stream *s) {
  return cte_stream_smtp_read(s, &space);
}

static cte_status smtp_read_keep(cte_stream *s) {
  return cte_stream_smtp_read(s, &keep);
}

static cte_status smtp_read_keep_fold(cte_stream *s) {
  return cte_stream_smtp_read(s, &keep_fold);
}

/* ---- Codecs: calls. Each returns the octets that it read; a run begins with src == input ---- */

static size_t count_lines(const uint8_t *src, size_t n) {
  static cte_lines lines;
  if (src == input) cte_lines_init(&lines);
  cte_lines_update(&lines, src, n);
  return n;
}

static size_t find_dots(const uint8_t *src, size_t n) {
  static uint32_t state;
  if (src == input) state = 0;
  for (size_t at = 0; at < n;) at += cte_dots_next(src + at, n - at, &state);
  return n;
}

static size_t size_text(const uint8_t *src, size_t n) {
  return cte_qp_encoded_size(src, n, NULL) != SIZE_MAX ? n : 0;
}

static size_t size_flags(const uint8_t *src, size_t n) {
  return cte_qp_encoded_size(src, n, &qp_flags) != SIZE_MAX ? n : 0;
}

static size_t size_binary(const uint8_t *src, size_t n) {
  return cte_qp_encoded_size(src, n, &qp_binary) != SIZE_MAX ? n : 0;
}

static size_t size_lf(const uint8_t *src, size_t n) {
  return cte_qp_encoded_size(src, n, &qp_lf) != SIZE_MAX ? n : 0;
}

static size_t size_kept(const uint8_t *src, size_t n) {
  return cte_qp_encoded_size(src, n, &qp_kept) != SIZE_MAX ? n : 0;
}

static size_t once_base64_encode(const uint8_t *src, size_t n) {
  return cte_base64_encode(src, n, output, ROOM, NULL).read;
}

static size_t once_base64_decode(const uint8_t *src, size_t n) {
  return cte_base64_decode(src, n, output, ROOM, NULL).read;
}

static size_t once_qp_encode(const uint8_t *src, size_t n) {
  return cte_qp_encode(src, n, output, ROOM, NULL).read;
}

static size_t once_qp_decode(const uint8_t *src, size_t n) {
  return cte_qp_decode(src, n, output, ROOM, NULL).read;
}

static size_t once_lines_check(const uint8_t *src, size_t n) {
  return cte_lines_check(src, n, CTE_LINES_ALLOW_SMTP).read;
}

static size_t once_smtp_write(const uint8_t *src, size_t n) {
  return cte_smtp_write(src, n, output, ROOM, &normalize).read;
}

static size_t once_smtp_read(const uint8_t *src, size_t n) {
  return cte_smtp_read(src, n, output, ROOM, &normalize).read;
}

enum baseline { RANDOM, BASE64, QP }; /* random octets, and what encodes them */

static const struct codec {
  const char *name;
  cte_status (*set_up)(cte_stream *s); /* or: */
  size_t (*call)(const uint8_t *src, size_t n);
  enum baseline baseline;
} codecs[] = {
    {"base64, encode", base64_encode, NULL, RANDOM},
    {"base64, encode, lines of one column", base64_encode_narrow, NULL, RANDOM},
    {"base64, decode", base64_decode, NULL, BASE64},
    {"base64, decode, either alphabet, LF", base64_decode_either, NULL, BASE64},
    {"base64, decode, strict", base64_decode_strict, NULL, BASE64},
    {"quoted-printable, encode text", qp_encode_text, NULL, RANDOM},
    {"quoted-printable, encode text, all flags", qp_encode_flags, NULL, RANDOM},
    {"quoted-printable, encode binary", qp_encode_binary, NULL, RANDOM},
    {"quoted-printable, encode LF text", qp_encode_lf, NULL, RANDOM},
    {"quoted-printable, encode, line ends kept", qp_encode_kept, NULL, RANDOM},
    {"quoted-printable, decode", qp_decode, NULL, QP},
    {"quoted-printable, decode to CRLF", qp_decode_to_crlf, NULL, QP},
    {"quoted-printable, decode, strict", qp_decode_strict, NULL, QP},
    {"lines, checked", lines_check, NULL, QP},
    {"LF lines, checked", lines_check_lf, NULL, RANDOM},
    {"SMTP writer, reject", smtp_write_reject, NULL, QP},
    {"SMTP writer, normalize", smtp_write, NULL, RANDOM},
    {"SMTP writer, space", smtp_write_space, NULL, RANDOM},
    {"SMTP writer, BDAT, all kept", bdat_write, NULL, RANDOM},
    {"SMTP reader, reject", smtp_read_reject, NULL, RANDOM},
    {"SMTP reader, normalize", smtp_read, NULL, RANDOM},
    {"SMTP reader, space", smtp_read_space, NULL, RANDOM},
    {"SMTP reader, all kept", smtp_read_keep, NULL, RANDOM},
    {"SMTP reader, kept, lines folded", smtp_read_keep_fold, NULL, RANDOM},
    {"`cte_lines_update`", NULL, count_lines, RANDOM},
    {"`cte_dots_next`", NULL, find_dots, RANDOM},
    {"`cte_qp_encoded_size`, text", NULL, size_text, RANDOM},
    {"`cte_qp_encoded_size`, text, all flags", NULL, size_flags, RANDOM},
    {"`cte_qp_encoded_size`, binary", NULL, size_binary, RANDOM},
    {"`cte_qp_encoded_size`, LF text", NULL, size_lf, RANDOM},
    {"`cte_qp_encoded_size`, line ends kept", NULL, size_kept, RANDOM},
    {"`cte_base64_encode`", NULL, once_base64_encode, RANDOM},
    {"`cte_base64_decode`", NULL, once_base64_decode, BASE64},
    {"`cte_qp_encode`", NULL, once_qp_encode, RANDOM},
    {"`cte_qp_decode`", NULL, once_qp_decode, QP},
    {"`cte_lines_check`", NULL, once_lines_check, QP},
    {"`cte_smtp_write`, normalize", NULL, once_smtp_write, RANDOM},
    {"`cte_smtp_read`, normalize", NULL, once_smtp_read, RANDOM},
};

static const struct mode {
  const char *name;
  bool by_octet; /* an octet of input at a time */
  bool flush;    /* and behind each an update without input, which gives all that can be decided */
  size_t room;
} modes[] = {
    {"whole", false, false, ROOM},
    {"an octet of input at a time", true, false, ROOM},
    {"the same, each flushed", true, true, ROOM},
    {"the same, room for an octet", true, true, 1},
    {"room for an octet", false, false, 1},
    {"room for 2", false, false, 2},
    {"room for 64", false, false, 64},
};
enum { CALL_MODES = 2 }; /* the first are a call's */

/* The octets that one update takes, in pieces of room; false once it wants no more. */
static bool feed(cte_stream *s, const uint8_t *src, size_t n, size_t room) {
  cte_input in = {src, n, 0};
  cte_status status;
  do {
    cte_output out = {output, room, 0};
    status = cte_stream_update(s, &in, &out);
  } while (status == CTE_MORE_OUTPUT);
  return status == CTE_OK;
}

/* Runs over input[0..n). False when the codec stops before its end. */
static bool run(const struct codec *codec, const struct mode *mode, size_t n) {
  size_t piece = mode->by_octet ? 1 : n;
  cte_stream s;
  if (codec->set_up != NULL && codec->set_up(&s) != CTE_OK) return false;
  for (size_t at = 0; at < n; at += piece) {
    if (codec->call != NULL) {
      if (codec->call(input + at, piece) != piece) return false;
    } else if (!feed(&s, input + at, piece, mode->room) || (mode->flush && !feed(&s, NULL, 0, mode->room))) {
      return false;
    }
  }
  if (codec->call != NULL) return true;
  cte_output out = {output, ROOM, 0};
  cte_stream_finish(&s, &out);
  return true;
}

/* Nanoseconds an octet, the least of several; 0 when the codec stops early. */
static double measure(const struct codec *codec, const struct mode *mode, size_t n, int times) {
  double best = 1e9;
  for (int i = 0, rounds = 1; i < times; i++) {
    double start = now();
    for (int k = 0; k < rounds; k++)
      if (!run(codec, mode, n)) return 0;
    double took = (now() - start) / rounds;
    if (took < best) best = took;
    if (took < 2e-5) rounds = 16; /* reading the clock takes time, too */
  }
  return best * 1e9 / (double)n;
}

/* ---- Inputs ---- */

struct pattern {
  uint8_t data[PATTERN_MAX];
  size_t n;
};

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

static void fill(const struct pattern *pattern, size_t n) {
  memcpy(input, pattern->data, pattern->n);
  for (size_t have = pattern->n; have < n; have *= 2) memcpy(input + have, input, have < n - have ? have : n - have);
}

/* The index-th of the structured ones, of the runs, and then NUL. */
static void make_structured(struct pattern *pattern, size_t index) {
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

/* A few octets of chance, or ordinary text of chance's length and then a few octets. */
static void make_random(struct pattern *pattern) {
  size_t ordinary = random_below(3) == 0 ? random_below(200) : 0;
  size_t odd = 1 + random_below(random_below(2) ? 4 : 16);
  pattern->n = ordinary + odd;
  memset(pattern->data, 'A', ordinary);
  if (ordinary > 78 && random_below(2)) memcpy(pattern->data + 76, "\r\n", 2);
  for (size_t i = ordinary; i < pattern->n; i++) pattern->data[i] = (uint8_t)rich[random_below(sizeof rich)];
}

/* Random octets, or what encodes them. */
static void make_baseline(enum baseline baseline) {
  for (size_t i = 0; i < SMALL; i++) input[i] = (uint8_t)random_below(256);
  if (baseline == RANDOM) return;
  if (baseline == BASE64)
    cte_base64_encode(input, SMALL, output, ROOM, NULL);
  else
    cte_qp_encode(input, SMALL, output, ROOM, &qp_binary);
  memcpy(input, output, SMALL);
}

/* ---- The search ---- */

struct found {
  double random, slowest, growth; /* ns an octet; the most growth */
  struct pattern pattern;
  size_t tried;
};

static void try_pattern(struct found *found, const struct codec *codec, const struct mode *mode,
                        const struct pattern *pattern) {
  fill(pattern, SMALL);
  double small = measure(codec, mode, SMALL, 2);
  if (small == 0) return;
  found->tried++;
  if (small <= found->slowest) return;
  small = measure(codec, mode, SMALL, 5);
  if (small <= found->slowest) return;
  found->slowest = small;
  found->pattern = *pattern;
}

/*
 * Quadratic behaviour would make an octet of the large input 256 times as slow. With little room or flushed, which takes
 * long, only a run of one octet goes so far; another input's octets would be 16 times as slow.
 */
static void try_growth(struct found *found, const struct codec *codec, const struct mode *mode,
                       const struct pattern *pattern) {
  size_t n = (mode->room < ROOM || mode->flush) && pattern->n > 1 ? MIDDLE : LARGE;
  fill(pattern, n);
  double small = measure(codec, mode, SMALL, 3);
  if (small == 0) return;
  double large = measure(codec, mode, n, 1);
  if (large / small > 1.5) { /* a disturbance? */
    small = measure(codec, mode, SMALL, 9);
    large = measure(codec, mode, n, 3);
  }
  if (large / small > found->growth) found->growth = large / small;
}

/* `share`: of the structured inputs of more than one octet whose growth is tried. */
static void search(struct found *found, const struct codec *codec, const struct mode *mode, size_t chances, double share) {
  static struct pattern pattern;
  *found = (struct found){0};
  make_baseline(codec->baseline);
  found->random = measure(codec, mode, SMALL, 9);
  for (size_t i = 0; i < COUNT(structured) + COUNT(runs) + 1; i++) {
    make_structured(&pattern, i);
    try_pattern(found, codec, mode, &pattern);
    if (pattern.n == 1 || random_below(1000) < 1000 * share) try_growth(found, codec, mode, &pattern);
  }
  for (size_t i = 0; i < chances; i++) {
    make_random(&pattern);
    try_pattern(found, codec, mode, &pattern);
  }
  try_growth(found, codec, mode, &found->pattern);
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

/* `A`{n} is n times A. */
static void print_pattern(const struct pattern *pattern) {
  printf("`");
  for (size_t i = 0, n; i < pattern->n; i += n) {
    for (n = 1; i + n < pattern->n && pattern->data[i + n] == pattern->data[i];) n++;
    if (n < 8) n = 1;
    print_octet(pattern->data[i]);
    if (n > 1) printf("{%zu}", n);
  }
  printf("`");
}

static void print_row(const struct codec *codec, const struct mode *mode, const struct found *found) {
  printf("| %s | %s | ", codec->name, mode->name);
  if (found->random > 0)
    printf("%.2f | %.2f | %.1f %% | ", found->random, found->slowest, 100 * found->random / found->slowest);
  else
    printf("– | %.2f | – | ", found->slowest);
  print_pattern(&found->pattern);
  printf(" | %.2f | %zu |\n", found->growth, found->tried);
  fflush(stdout);
}

/* complexity [NAME]: the codecs whose names begin so. */
int main(int argc, char **argv) {
  const char *only = argc > 1 ? argv[1] : "", *row = getenv("CTE_TEST_ROW");
  if (row != NULL && cte_isa_select(row) != CTE_OK) {
    fprintf(stderr, "complexity: no row %s here\n", row);
    return 1;
  }
  const char *seed = getenv("CTE_TEST_SEED");
  uint64_t number = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
  random_state = number;
  memset(output, 1, ROOM); /* its pages are there before the first measurement */
  printf("complexity: CTE_TEST_SEED=%llu, %s\n\n", (unsigned long long)number, cte_isa_name());
  printf("| codec | fed | random, ns an octet | slowest | of random's rate | pattern | growth | inputs |\n"
         "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < COUNT(codecs); i++) {
    if (strncmp(codecs[i].name, only, strlen(only)) != 0) continue;
    size_t wanted = row != NULL ? 1 : codecs[i].call != NULL ? CALL_MODES : COUNT(modes);
    for (size_t mode = 0; mode < wanted; mode++) {
      static struct found found;
      search(&found, &codecs[i], &modes[mode], (size_t)(100 * scale()), scale());
      print_row(&codecs[i], &modes[mode], &found);
    }
  }
  return 0;
}
