/* lines.c: the statistics and the check of lines, with libcte and with byte loops that give the same answers. */
#include "workload.h"

#include <stdbool.h>
#include <string.h>

#include <cte/lines.h>

/* All numbers of the statistics in one. */
static size_t digest(const cte_lines *lines) {
  uint64_t sum = lines->octets + 3 * lines->lines + 5 * lines->longest + 7 * lines->crlf + 11 * lines->unterminated;
  for (uint64_t kind = 0; kind < CTE_LINES_KINDS; kind++) {
    sum = sum * 31 + lines->count[kind];
    sum = sum * 31 + lines->first[kind];
  }
  return (size_t)sum;
}

static size_t count(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  cte_lines lines;
  cte_lines_init(&lines);
  cte_lines_update(&lines, src, n);
  cte_lines_finish(&lines);
  return digest(&lines);
}

static void note(cte_lines *lines, unsigned kind, uint64_t offset) {
  if (lines->count[kind]++ == 0) lines->first[kind] = offset;
}

/* A UTF-8 reader: `lead` is the offset of the open character, which wants `wanted` more octets, the next in low..high. */
struct utf8 {
  uint64_t lead;
  unsigned wanted;
  uint8_t low, high;
};

static void utf8_lead(struct utf8 *u, cte_lines *lines, uint8_t c, uint64_t offset) {
  u->lead = offset, u->low = 0x80, u->high = 0xbf;
  if (c < 0x80) return;
  if (c >= 0xc2 && c <= 0xdf)
    u->wanted = 1;
  else if (c >= 0xe0 && c <= 0xef)
    u->wanted = 2;
  else if (c >= 0xf0 && c <= 0xf4)
    u->wanted = 3;
  else if (lines->count[CTE_LINES_NOT_UTF8] == 0)
    note(lines, CTE_LINES_NOT_UTF8, offset);
  if (c == 0xe0) u->low = 0xa0;
  if (c == 0xed) u->high = 0x9f;
  if (c == 0xf0) u->low = 0x90;
  if (c == 0xf4) u->high = 0x8f;
}

static void utf8_octet(struct utf8 *u, cte_lines *lines, uint8_t c, uint64_t offset) {
  if (u->wanted == 0) {
    utf8_lead(u, lines, c, offset);
  } else if (c < u->low || c > u->high) {
    if (lines->count[CTE_LINES_NOT_UTF8] == 0) note(lines, CTE_LINES_NOT_UTF8, u->lead);
    u->wanted = 0;
  } else {
    u->wanted--, u->low = 0x80, u->high = 0xbf;
  }
}

/* A line of `length` octets that ends before src[end). */
static void line_ends(cte_lines *lines, const uint8_t *src, size_t end, uint64_t length) {
  lines->lines++;
  if (length > lines->longest) lines->longest = length;
  if (length > 0 && (src[end - 1] == ' ' || src[end - 1] == '\t')) {
    note(lines, CTE_LINES_TRAILING_BLANK, end - 1);
    note(lines, CTE_LINES_QP_ESCAPE, end - 1);
  }
}

static size_t count_byte_loop(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  cte_lines lines = {0};
  struct utf8 utf8 = {0};
  uint64_t length = 0;
  for (unsigned kind = 0; kind < 16; kind++) lines.first[kind] = CTE_NO_OFFSET;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = src[i];
    if (c >= 0x80 || utf8.wanted > 0) utf8_octet(&utf8, &lines, c, i);
    if (c == '\n') {
      bool crlf = i > 0 && src[i - 1] == '\r';
      if (crlf)
        lines.crlf++;
      else
        note(&lines, CTE_LINES_BARE_LF, i);
      line_ends(&lines, src, i - crlf, length);
      length = 0;
      continue;
    }
    if (c == '\r' && i + 1 < n && src[i + 1] == '\n') continue;
    if (length == 0 && c == '.') note(&lines, CTE_LINES_DOT, i);
    if (length == 0 && c == 'F' && n - i >= 5 && memcmp(src + i, "From ", 5) == 0) note(&lines, CTE_LINES_FROM, i);
    if (++length == CTE_LINE_LIMIT + 1) note(&lines, CTE_LINES_OVER_998, i);
    if (c >= 0x80) note(&lines, CTE_LINES_8BIT, i);
    if (c == 0) note(&lines, CTE_LINES_NUL, i);
    if (c == '\r') note(&lines, CTE_LINES_BARE_CR, i);
    if (c >= 0x7f || (c < ' ' && c != '\t') || c == '=') note(&lines, CTE_LINES_QP_ESCAPE, i);
  }
  if (utf8.wanted > 0 && lines.count[CTE_LINES_NOT_UTF8] == 0) note(&lines, CTE_LINES_NOT_UTF8, utf8.lead);
  lines.octets = n;
  lines.unterminated = n > 0 && src[n - 1] != '\n';
  if (lines.unterminated) line_ends(&lines, src, n, length);
  return digest(&lines);
}

/* A check ends at the first violation, so it is measured where there is none: an answer is the whole size. */
static size_t check(const uint8_t *src, size_t n, uint32_t allowed) {
  cte_result result = cte_lines_check(src, n, allowed);
  return result.status == CTE_OK ? result.read : 0;
}

static size_t check_7bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return check(src, n, CTE_LINES_ALLOW_7BIT);
}

static size_t check_8bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return check(src, n, CTE_LINES_ALLOW_8BIT);
}

static inline size_t byte_loop(const uint8_t *src, size_t n, bool allow_8bit) {
  size_t length = 0;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = src[i];
    if (c == '\n') return i;
    if (c == '\r' && i + 1 < n && src[i + 1] == '\n') {
      length = 0;
      i++;
      continue;
    }
    if (c == '\r' || c == 0 || (c >= 0x80 && !allow_8bit) || ++length > CTE_LINE_LIMIT) return i;
  }
  return n;
}

static size_t byte_loop_7bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return byte_loop(src, n, false);
}

static size_t byte_loop_8bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return byte_loop(src, n, true);
}

static bool has_8bit(const uint8_t *src, size_t n) {
  uint8_t all = 0;
  for (size_t i = 0; i < n; i++) all |= src[i];
  return all >= 0x80;
}

/* Whether there is a violation; where it is the byte loop says. */
static inline size_t memchr_loop(const uint8_t *src, size_t n, bool allow_8bit) {
  bool right = memchr(src, 0, n) == NULL && (allow_8bit || !has_8bit(src, n));
  for (size_t i = 0; i < n && right;) {
    const uint8_t *lf = memchr(src + i, '\n', n - i);
    size_t end = lf != NULL ? (size_t)(lf - src) : n;
    const uint8_t *cr = memchr(src + i, '\r', end - i);
    size_t length = cr != NULL ? (size_t)(cr - src) - i : end - i;
    right = length <= CTE_LINE_LIMIT && (cr == NULL ? lf == NULL : cr + 1 == lf);
    i = end + 1;
  }
  return right ? n : byte_loop(src, n, allow_8bit);
}

static size_t memchr_loop_7bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return memchr_loop(src, n, false);
}

static size_t memchr_loop_8bit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return memchr_loop(src, n, true);
}

const struct workload lines_workloads[] = {
    {"lines_count", "cte", count, NULL, ON_TEXTS, SAME_SIZE},
    {"lines_count", "byte loop", count_byte_loop, NULL, ON_TEXTS, SAME_SIZE},
    {"lines_check_7bit", "cte", check_7bit, NULL, ON_7BIT, SAME_SIZE},
    {"lines_check_7bit", "byte loop", byte_loop_7bit, NULL, ON_7BIT, SAME_SIZE},
    {"lines_check_7bit", "memchr loop", memchr_loop_7bit, NULL, ON_7BIT, SAME_SIZE},
    {"lines_check_8bit", "cte", check_8bit, NULL, ON_8BIT, SAME_SIZE},
    {"lines_check_8bit", "byte loop", byte_loop_8bit, NULL, ON_8BIT, SAME_SIZE},
    {"lines_check_8bit", "memchr loop", memchr_loop_8bit, NULL, ON_8BIT, SAME_SIZE},
    {NULL, NULL, NULL, NULL, 0, 0},
};
