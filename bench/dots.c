/* dots.c: SMTP DATA written and read, with libcte and with loops that need no library. */
#include "workload.h"

#include <stdbool.h>
#include <string.h>

#include <cte/lines.h>
#include <cte/smtp.h>

static const cte_smtp_options normalize = {
    CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};

size_t smtp_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_smtp_write(src, n, dst, cap, &normalize).written;
}

static size_t read_data(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_smtp_read(src, n, dst, cap, NULL).written;
}

static size_t next(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  uint32_t state = 0;
  size_t dots = 0;
  for (size_t i = cte_dots_next(src, n, &state); i < n; i += cte_dots_next(src + i, n - i, &state)) dots++;
  return dots;
}

/* The octets of the UTF-8 character at src[0..n), as far as they are there. */
static size_t character(const uint8_t *src, size_t n) {
  size_t announced = src[0] >= 0xf0 ? 4 : src[0] >= 0xe0 ? 3 : src[0] >= 0xc0 ? 2 : 1;
  size_t length = 1;
  while (length < announced && length < n && (src[length] & 0xc0) == 0x80) length++;
  return length;
}

/* The same policies, an octet at a time: bare line ends, NULs, folding at 998, dots. From the start of a line; to out. */
static uint8_t *write_text(const uint8_t *src, size_t n, uint8_t *out) {
  size_t column = 0;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = src[i];
    if (c == 0) continue;
    if (c == '\r') {
      size_t end = i + 1;
      while (end < n && src[end] == '\r') end++;
      if (end < n && src[end] == '\n') {
        i = end;
        c = '\n';
      } else {
        c = ' ';
      }
    }
    if (c == '\n') {
      *out++ = '\r', *out++ = '\n';
      column = 0;
      continue;
    }
    if (column >= CTE_LINE_LIMIT - 3 && (c & 0xc0) != 0x80 && column + character(src + i, n - i) > CTE_LINE_LIMIT) {
      *out++ = '\r', *out++ = '\n', *out++ = ' ';
      column = 1;
    }
    if (column == 0 && c == '.') *out++ = '.';
    *out++ = c;
    column++;
  }
  if (column > 0) *out++ = '\r', *out++ = '\n';
  return out;
}

static size_t end_data(const uint8_t *dst, uint8_t *out) {
  memcpy(out, ".\r\n", 3);
  return (size_t)(out - dst) + 3;
}

static size_t write_byte_loop(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return end_data(dst, write_text(src, n, dst));
}

/* A line at a time; one that needs more than a dot and its CRLF goes through the byte loop. */
static size_t write_memchr_loop(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  uint8_t *out = dst;
  bool nul = memchr(src, 0, n) != NULL;
  for (size_t i = 0; i < n;) {
    const uint8_t *lf = memchr(src + i, '\n', n - i);
    size_t octets = (lf != NULL ? (size_t)(lf - src) + 1 : n) - i;
    size_t text = lf != NULL ? octets - 1 : octets;
    if (lf != NULL && text > 0 && src[i + text - 1] == '\r') text--;
    if (nul || text > CTE_LINE_LIMIT || memchr(src + i, '\r', text) != NULL) {
      out = write_text(src + i, octets, out);
    } else {
      if (text > 0 && src[i] == '.') *out++ = '.';
      memcpy(out, src + i, text);
      out += text;
      *out++ = '\r', *out++ = '\n';
    }
    i += octets;
  }
  return end_data(dst, out);
}

/* Dots and the end of data; a bare CR or LF is a verdict, which this leaves out. */
static size_t read_byte_loop(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  uint8_t *out = dst;
  bool start = true;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = src[i];
    if (start && c == '.') {
      if (n - i >= 3 && src[i + 1] == '\r' && src[i + 2] == '\n') break;
      start = false;
      continue;
    }
    start = c == '\n' && i > 0 && src[i - 1] == '\r';
    *out++ = c;
  }
  return (size_t)(out - dst);
}

static size_t next_byte_loop(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  size_t dots = 0;
  uint8_t before = '\n';
  for (size_t i = 0; i < n; i++) {
    if (src[i] == '.' && (before == '\n' || before == '\r')) dots++;
    before = src[i];
  }
  return dots;
}

const struct workload dots_workloads[] = {
    {"smtp_write", "cte", smtp_text, NULL, ON_PROSE, SAME_OCTETS},
    {"smtp_write", "byte loop", write_byte_loop, NULL, ON_PROSE, SAME_OCTETS},
    {"smtp_write", "memchr loop", write_memchr_loop, NULL, ON_PROSE, SAME_OCTETS},
    {"smtp_write_lf", "cte", smtp_text, NULL, ON_LF_PROSE, SAME_OCTETS},
    {"smtp_write_lf", "byte loop", write_byte_loop, NULL, ON_LF_PROSE, SAME_OCTETS},
    {"smtp_write_lf", "memchr loop", write_memchr_loop, NULL, ON_LF_PROSE, SAME_OCTETS},
    {"smtp_read", "cte", read_data, smtp_text, ON_PROSE, SAME_OCTETS},
    {"smtp_read", "byte loop", read_byte_loop, smtp_text, ON_PROSE, SAME_OCTETS},
    {"dots_next", "cte", next, NULL, ON_PROSE, SAME_SIZE},
    {"dots_next", "byte loop", next_byte_loop, NULL, ON_PROSE, SAME_SIZE},
    {NULL, NULL, NULL, NULL, 0, 0},
};
