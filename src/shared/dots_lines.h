/*
 * dots_lines.h: SMTP DATA, line by line: any input, eight octets at a time between NUL, CR and LF. All of the scalar row,
 * and in the others what their vectors leave.
 */
#ifndef CTE_SRC_SHARED_DOTS_LINES_H
#define CTE_SRC_SHARED_DOTS_LINES_H

#include <string.h>

#include "../kernels.h"

enum { NUL = 0, LF = 10, CR = 13, COLUMNS_MAX = 998 };

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Eight octets, the first one lowest on every machine. */
static inline uint64_t load8(const uint8_t *p) {
  return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
         (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* The top bit of each octet that is not 0; the other bits are of no use. No carry leaves an octet: it is exact. */
static inline uint64_t nonzero(uint64_t v) {
  return ((v & EACH(0x7f)) + EACH(0x7f)) | v;
}

static inline bool is_plain(uint8_t c) {
  return c != NUL && c != LF && c != CR;
}

/* Copies octets up to the first that is not plain, at most `limit`, and says how many. All of dst[0..limit) may change. */
static inline size_t copy_plain(const uint8_t *src, uint8_t *dst, size_t limit) {
  size_t i = 0;
  for (; limit - i >= 8; i += 8) {
    uint64_t v = load8(src + i);
    uint64_t special = ~(nonzero(v) & nonzero(v ^ EACH(LF)) & nonzero(v ^ EACH(CR))) & EACH(0x80);
    memcpy(dst + i, src + i, 8);
    if (special != 0) return i + (size_t)__builtin_ctzll(special) / 8;
  }
  for (; i < limit && is_plain(src[i]); i++) dst[i] = src[i];
  return i;
}

/* What an octet that is not plain, and not of a CRLF, is to become: an octet, or one of these. */
enum { DROPPED = -1, LINE_END = -2, LEFT = -3 };

static inline int meaning(uint8_t c, const struct dots_params *params) {
  uint32_t kind = c == LF ? KIND_BARE_LF : c == CR ? KIND_BARE_CR : KIND_NUL;
  uint8_t policy = c == LF ? params->bare_lf : c == CR ? params->bare_cr : params->nul;
  if ((params->recorded & kind) == 0) return LEFT;
  if (policy == POLICY_KEEP) return c;
  if (policy == POLICY_SPACE || c == CR) return ' ';
  return c == LF ? LINE_END : DROPPED;
}

static inline size_t min3(size_t a, size_t b, size_t c) {
  size_t d = a < b ? a : b;
  return c < d ? c : d;
}

/* The octets that the open line may still take. */
static inline size_t line_room(const struct dots_params *params, uint64_t column) {
  if ((params->recorded & KIND_LINE_OVER_998) != 0 && params->long_line == POLICY_KEEP) return SIZE_MAX;
  return column < COLUMNS_MAX ? (size_t)(COLUMNS_MAX - column) : 0;
}

/*
 * Both directions. Passes `enough` octets of src[0..n), or a line end more; where it passes less it has a cause to stop.
 * Each turn takes the '.' that begins a line, a plain span, and one special octet or CRLF. A run of CRs that is normalized
 * needs its end to be seen: it is left. A dropped NUL leaves the writer at the start of its line, since nothing was
 * written; not the reader, whose '.' must directly follow the line end.
 */
static inline struct done run_lines(const uint8_t *src, size_t n, size_t enough, uint8_t *dst, size_t cap,
                                    const struct dots_params *params, struct dots_carry *carry, bool reading) {
  size_t r = 0, w = 0;
  uint64_t column = carry->column;
  uint32_t start = carry->start;
  while (r < enough) {
    if (src[r] == '.' && start != LINE_MIDDLE) {
      if (reading) {
        if (start == LINE_START && (n - r < 2 || src[r + 1] == CR)) break;
        r++;
      } else if (!params->bdat) {
        if (cap - w < 2) break;
        dst[w] = dst[w + 1] = '.';
        r++, w += 2, column++;
      } else if (cap == w) {
        break;
      }
      start = LINE_MIDDLE;
    }
    size_t plain = copy_plain(src + r, dst + w, min3(enough - r, cap - w, line_room(params, column)));
    r += plain, w += plain, column += plain;
    if (plain != 0) start = LINE_MIDDLE;
    if (r == enough || is_plain(src[r])) break;

    uint8_t c = src[r];
    if (c == CR && (n - r < 2 || (src[r + 1] == CR && params->bare_cr == POLICY_NORMALIZE))) break;
    bool crlf = c == CR && src[r + 1] == LF;
    int what = crlf ? LINE_END : meaning(c, params);
    if (what == LINE_END) {
      if (cap - w < 2) break;
      dst[w] = CR, dst[w + 1] = LF;
      r += crlf ? 2 : 1, w += 2, column = 0;
      start = crlf || !reading ? LINE_START : LINE_START_AFTER_LF;
    } else if (what == DROPPED) {
      r++;
      if (reading) start = LINE_MIDDLE;
    } else {
      if (what == LEFT || cap == w || line_room(params, column) == 0) break;
      dst[w] = (uint8_t)what;
      r++, w++, column++;
      start = LINE_MIDDLE;
    }
  }
  carry->column = column;
  carry->start = start;
  return (struct done){r, w};
}

/* The first '.' in src[i..n), i > 0, that directly follows a CR or LF, or n. */
static inline size_t find_dot(const uint8_t *src, size_t n, size_t i) {
  for (; n - i >= 8; i += 8) {
    uint64_t before = load8(src + i - 1);
    uint64_t not_end = nonzero(before ^ EACH(CR)) & nonzero(before ^ EACH(LF));
    uint64_t hits = ~(nonzero(load8(src + i) ^ EACH('.')) | not_end) & EACH(0x80);
    if (hits != 0) return i + (size_t)__builtin_ctzll(hits) / 8;
  }
  while (i < n && (src[i] != '.' || (src[i - 1] != CR && src[i - 1] != LF))) i++;
  return i;
}

/* The state after src[0..at), at > 0. */
static inline uint32_t dots_state(const uint8_t *src, size_t at, uint32_t state) {
  uint8_t c = src[at - 1];
  bool after_cr = at >= 2 ? src[at - 2] == CR : state == DOTS_AFTER_CR;
  return c == CR ? DOTS_AFTER_CR : c != LF ? DOTS_MIDDLE : after_cr ? DOTS_START : DOTS_AFTER_LF;
}

#endif
