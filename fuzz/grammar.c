/* grammar.c: see grammar.h. */
#include "grammar.h"

#include <string.h>

static int value_of(uint8_t c, bool url) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const char *at = c ? strchr(digits, c) : NULL;
  if (at) return (int)(at - digits);
  return c == (url ? '-' : '+') ? 62 : c == (url ? '_' : '/') ? 63 : -1;
}

bool grammar_base64(const uint8_t *src, size_t n, bool url) {
  if (n % 4 != 0) return false;
  size_t padding = n && src[n - 1] == '=' ? 1 + (src[n - 2] == '=') : 0;
  for (size_t i = 0; i < n - padding; i++)
    if (value_of(src[i], url) < 0) return false;
  if (padding == 0) return true;
  return (value_of(src[n - padding - 1], url) & (padding == 2 ? 15 : 3)) == 0;
}

static bool digit(uint8_t c) {
  return c && strchr("0123456789ABCDEF", c);
}

bool grammar_quoted_printable(const uint8_t *src, size_t n) {
  size_t column = 0;
  for (size_t i = 0; i < n;) {
    size_t from = i;
    if (n - i >= 2 && src[i] == '\r' && src[i + 1] == '\n') {
      column = 0;
      i += 2;
      continue;
    }
    if (src[i] == '=' && n - i >= 3 && digit(src[i + 1]) && digit(src[i + 2])) {
      i += 3;
    } else if (src[i] == '=') {
      for (i++; i < n && (src[i] == ' ' || src[i] == '\t');) i++;
      if (n - i < 2 || src[i] != '\r' || src[i + 1] != '\n') return false;
    } else if ((src[i] >= ' ' && src[i] < 127) || src[i] == '\t') {
      i++;
    } else {
      return false;
    }
    column += i - from;
    if (column > 76) return false;
  }
  return true;
}

/* A line without its end. */
static bool one_line(const uint8_t *line, size_t n, unsigned allowed) {
  if (n > 998 && !(allowed & GRAMMAR_LONG)) return false;
  for (size_t i = 0; i < n; i++) {
    if (line[i] == '\r' || line[i] == '\n') return false;
    if (line[i] == 0 && !(allowed & GRAMMAR_NUL)) return false;
    if (line[i] > 127 && !(allowed & GRAMMAR_8BIT)) return false;
  }
  return true;
}

bool grammar_lines(const uint8_t *src, size_t n, unsigned allowed) {
  for (size_t begin = 0, end; begin < n; begin = end + 1) {
    const uint8_t *lf = memchr(src + begin, '\n', n - begin);
    end = lf ? (size_t)(lf - src) : n;
    size_t length = end - begin;
    if (lf && !(allowed & GRAMMAR_LF)) {
      if (length == 0 || src[end - 1] != '\r') return false;
      length--;
    }
    if (!one_line(src + begin, length, allowed)) return false;
  }
  return true;
}

size_t grammar_end_of_data(const uint8_t *src, size_t n) {
  if (n >= 3 && memcmp(src, ".\r\n", 3) == 0) return 3;
  for (size_t i = 0; i + 5 <= n; i++)
    if (memcmp(src + i, "\r\n.\r\n", 5) == 0) return i + 5;
  return 0;
}

bool grammar_one_end(const uint8_t *data, size_t n) {
  return n > 0 && grammar_lines(data, n, GRAMMAR_8BIT | GRAMMAR_LONG) && grammar_end_of_data(data, n) == n;
}
