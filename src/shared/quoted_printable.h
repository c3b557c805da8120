/*
 * shared/quoted_printable.h: what encoding and decoding quoted-printable share. Text is read by blocks of 64 octets; masks
 * say what the octets of a block are, the first octet's bit lowest.
 */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_H

#include <string.h>

#include "../hints.h"
#include "../kernels.h"
#include "insert.h"
#include "masks.h"

#define LINE 76
#define ALL  UINT64_MAX

static inline bool blank(uint8_t octet) {
  return octet == ' ' || octet == '\t';
}

/* The lowest `count` bits. */
static inline uint64_t below(size_t count) {
  return count < 64 ? (UINT64_C(1) << count) - 1 : ALL;
}

/* What ends a line: all ones or 0. */
struct line_ends {
  uint64_t crlf, lone_lf;
};

struct text {
  uint64_t plain; /* in the set that was asked for */
  uint64_t low;   /* not over SP, as signed octets */
  uint64_t cr;    /* the CRs of line ends */
  uint64_t lf;    /* the LFs of line ends */
  uint64_t first; /* each line end's first octet */
};

/* 66 octets are seen. after_cr: 1 when src[-1] is the CR of a line end. */
static inline struct text read_text(const uint8_t *src, vec set, struct line_ends ends, uint64_t after_cr) {
  const vec lf = vec_fill('\n');
  const struct block v = block_load(src);
  const uint64_t cr = block_pairs(v, vec_fill('\r'), block_load(src + 1), lf) & ends.crlf, after = cr << 1 | after_cr;
  const uint64_t lone = ends.lone_lf ? block_equal(v, lf) & ~after : 0;
  return (struct text){block_within(v, set), ~block_greater(v, vec_fill(' ')), cr, after | lone, cr | lone};
}

static inline uint64_t is_crlf(const uint8_t *src) {
  return memcmp(src, "\r\n", 2) == 0;
}

/* 1 when a line end begins at src, of which two octets are seen. */
static inline uint64_t line_end_begins(const uint8_t *src, struct line_ends ends) {
  return (is_crlf(src) & ends.crlf) | ((uint64_t)(src[0] == '\n') & ends.lone_lf);
}

#define SLACK 96 /* octets that may be stored or loaded behind what is meant */

/*
 * Copies src[0..*n), or less when dst[0..room) does not hold more, with a CR before each LF, but not between CR and LF unless
 * `all`. Returns the end; *n: how much was copied. src[0] follows no CR; behind the room is SLACK.
 */
static inline uint8_t *insert_crs(uint8_t *dst, size_t room, const uint8_t *src, size_t *n, bool all) {
  const uint8_t *const full = dst + room;
  uint32_t after_cr = 0;
  size_t i = 0;
  for (; *n - i >= VEC && full - dst >= 2 * VEC; i += VEC) {
    const vec v = vec_load(src + i);
    const uint64_t cr = all ? 0 : vec_mask(vec_equal(v, vec_fill('\r')));
    const uint32_t lf = vec_mask(vec_equal(v, vec_fill('\n'))) & ~(uint32_t)(cr << 1 | after_cr);
    dst = vec_insert(dst, v, vec_fill('\r'), lf, insert_rows);
    after_cr = (uint32_t)(cr >> (VEC - 1));
  }
  const size_t rest = *n - i < VEC ? *n : i;
  for (; i < rest && full - dst >= 2; i++) {
    if (src[i] == '\n' && !after_cr) *dst++ = '\r';
    after_cr = !all && src[i] == '\r';
    *dst++ = src[i];
  }
  *n = i;
  return dst;
}

/* How much of what is left is worth a look when there is so much room: to be decided, a line needs no more than the rest. */
static inline size_t part_for(size_t left, size_t room) {
  return left < room || left - room < 128 ? left : room + 128;
}

/* Which of src[0..n), of which text up to `end` was made by insert_crs(), became what begins at `rest`. */
static inline size_t place_in_source(const uint8_t *src, size_t n, bool all, const uint8_t *rest, const uint8_t *end) {
  while (end > rest) {
    n--;
    if (*--end == '\n' && (all || n == 0 || src[n - 1] != '\r')) end--;
  }
  return n;
}

/* One or the other, without a branch: what a block holds cannot be foretold. */
static inline uint64_t choose(bool which, uint64_t yes, uint64_t no) {
  return no ^ ((yes ^ no) & (0 - (uint64_t)which));
}

static inline size_t choose_size(bool which, size_t yes, size_t no) {
  return no ^ ((yes ^ no) & (0 - (size_t)which));
}

/* Where in a block the line begins that is open at its end; 65 when that is the octet behind the LF that follows it. */
static inline unsigned last_line(const struct text *t) {
  const unsigned last = mask_last(t->first | 1);
  return last + 1 + (unsigned)(t->cr >> last & 1);
}

#endif
