/*
 * lines.h: checks and counts lines, over a vec.h.
 *
 * Both look at each octet with its neighbours (the octet before or after it is another load), so that a vector needs
 * nothing from the vector before it, and add up in vectors: masks are made where something was found.
 */
#ifndef CTE_SRC_SHARED_LINES_H
#define CTE_SRC_SHARED_LINES_H

#include <string.h>

#include "../kernels.h"

enum { LINE_LIMIT = 998 };

/* ---- Check: vector by vector ---- */

/*
 * Whether src[p..p + VEC) has no violation; then `start`, where the line begins (below 0 modulo 2^64 when before src), is
 * brought up to the vector's end. Line ends before src[i] were taken already. Where LF alone is no line end the vector's
 * CRs must be those before its LFs moved by one, and src[p + VEC] is read.
 */
static inline bool passes(const uint8_t *src, size_t p, size_t i, uint32_t forbid, uint64_t *start) {
  const bool crlf = (forbid & KIND_BARE_LF) != 0;
  vec v = vec_load(src + p), lf = vec_fill('\n'), wrong = vec_equal(v, vec_fill('\r'));
  if (crlf) wrong = vec_xor(wrong, vec_equal(vec_load(src + p + 1), lf));
  if (forbid & KIND_NUL) wrong = vec_or(wrong, vec_equal(v, vec_zero()));
  if (forbid & KIND_RAW_8BIT) wrong = vec_or(wrong, v);
  uint32_t ends = vec_mask(vec_equal(v, lf)) >> (i - p) << (i - p);
  uint64_t length = p + vec_first(ends) - *start;
  if (vec_any_high(wrong) || length > LINE_LIMIT + (crlf ? 1U : 0U)) return false;
  if (ends != 0) *start = p + 32 - (unsigned)__builtin_clz(ends);
  return true;
}

/* Goes on from src[i] to src[end), or to at most a vector before a violation. The last vector overlaps what was passed. */
static inline size_t walk(const uint8_t *src, size_t i, size_t end, uint32_t forbid, uint64_t *start) {
  for (; end - i >= VEC; i += VEC)
    if (!passes(src, i, i, forbid, start)) return i;
  return i < end && end >= VEC && passes(src, end - VEC, i, forbid, start) ? end : i;
}

/* The same until the open line ends. `start` is unchanged where src or a violation ended it. */
static inline size_t walk_line(const uint8_t *src, size_t i, size_t end, uint32_t forbid, uint64_t *start) {
  uint64_t line = *start;
  while (*start == line && end - i >= VEC && passes(src, i, i, forbid, start)) i += VEC;
  return i;
}

/* ---- Check: at full speed ---- */

/*
 * A line of 999 octets of which less than a vector stands before the first gap covers at least one whole gap, wherever the
 * gaps begin. In ordinary text a sample of a gap has a line end; only where it has none the rest is looked at.
 */
enum { GAP = 384, SAMPLE = 128, FIRST_CHUNK = 4 * GAP, CHUNK = 32 * GAP };

struct seen {
  vec least; /* the least octet, signed where those above 127 are forbidden too */
  vec wrong; /* not 0 after a CR or LF that may not be there */
  vec lf;
};

static inline struct seen see(struct seen s, const uint8_t *p, bool crlf, bool seven) {
  vec v = vec_load(p), cr = vec_equal(v, vec_fill('\r')), lf = vec_equal(crlf ? vec_load(p + 1) : v, vec_fill('\n'));
  s.least = seven ? vec_min_signed(s.least, v) : vec_min(s.least, v);
  s.wrong = vec_or(s.wrong, crlf ? vec_xor(cr, lf) : cr);
  s.lf = vec_or(s.lf, lf);
  return s;
}

/* Where the line of src[i] begins, from an earlier line's start. src[0..i) is whole vectors. */
static inline uint64_t line_start(const uint8_t *src, size_t i, uint64_t start) {
  for (; i > start; i -= VEC) {
    uint32_t ends = vec_mask(vec_equal(vec_load(src + i - VEC), vec_fill('\n')));
    if (ends != 0) return i - VEC + 32 - (unsigned)__builtin_clz(ends);
  }
  return start;
}

/*
 * Whether the gap at src[gap], whose sample has no line end, lies in an overlong line, as far as src[0..n) shows. With CRLF
 * the gap that was looked at begins an octet later. There is a line end before src[gap]; 1 KiB back is far enough to look.
 */
static bool overlong(const uint8_t *src, size_t gap, size_t n, bool crlf) {
  size_t i = gap + GAP;
  for (size_t k = gap + SAMPLE + crlf; k < i; k += VEC) {
    vec lf = vec_equal(vec_load(src + k), vec_fill('\n'));
    if (vec_any(lf, lf)) return false;
  }
  uint64_t start = src[gap] == '\n' ? gap + 1 : line_start(src, gap, gap > 1024 ? gap - 1024 : 0);
  for (; n - i >= VEC && i - start <= LINE_LIMIT; i += VEC) {
    uint32_t ends = vec_mask(vec_equal(vec_load(src + i), vec_fill('\n')));
    if (ends != 0) return i + vec_first(ends) - start > LINE_LIMIT + (crlf ? 1U : 0U);
  }
  return i - start > LINE_LIMIT;
}

/* Whether src[i..end), 1 to 32 gaps, may have a violation or begin an overlong line. A line end stands before src[i]. */
__attribute__((always_inline)) static inline bool suspect(const uint8_t *src, size_t i, size_t end, size_t n,
                                                          uint32_t forbid, bool crlf, bool seven) {
  struct seen s = {vec_fill(127), vec_zero(), vec_zero()};
  uint32_t long_gaps = 0; /* bits, the last gap's lowest: without a line end in the sample */
  for (size_t p = i; p < end; p += GAP) {
    s.lf = vec_zero();
    for (size_t k = 0; k < SAMPLE; k += VEC) s = see(s, src + p + k, crlf, seven);
    vec sample = s.lf;
    for (size_t k = SAMPLE; k < GAP; k += VEC) s = see(s, src + p + k, crlf, seven);
    long_gaps = long_gaps << 1 | !vec_any(sample, sample);
  }
  for (; long_gaps != 0; long_gaps &= long_gaps - 1)
    if (overlong(src, end - GAP * ((unsigned)__builtin_ctz(long_gaps) + 1), n, crlf)) return true;
  vec low = seven ? vec_greater(vec_fill(1), s.least) : vec_equal(s.least, vec_zero());
  if (forbid & KIND_NUL || seven) s.wrong = vec_or(s.wrong, low);
  return vec_any(s.wrong, s.wrong);
}

/* The same with what is forbidden made constant. */
static inline bool suspect_any(const uint8_t *src, size_t i, size_t end, size_t n, uint32_t forbid) {
  const bool seven = (forbid & KIND_RAW_8BIT) != 0;
  if (forbid & KIND_BARE_LF)
    return seven ? suspect(src, i, end, n, forbid, true, true) : suspect(src, i, end, n, forbid, true, false);
  return seven ? suspect(src, i, end, n, forbid, false, true) : suspect(src, i, end, n, forbid, false, false);
}

/*
 * A bare CR is always a violation here: every set that cte_lines_check allows forbids it. The octet after the last is left:
 * it says whether that is a CR of a CRLF.
 */
static inline size_t lines_check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  const bool crlf = (forbid & KIND_BARE_LF) != 0;
  if (n < VEC + 1 || (crlf && src[0] == '\n')) return 0;
  const size_t end = n - crlf;
  uint64_t line = 0 - carry->column, start = line;
  size_t i = walk_line(src, 0, end, forbid, &start);
  bool stopped = start == line;
  for (size_t size = FIRST_CHUNK; !stopped && end - i >= GAP; size = CHUNK) {
    size_t to = end - i < size ? i + (end - i) / GAP * GAP : i + size;
    if (suspect_any(src, i, to, n, forbid)) {
      start = line_start(src, i, start);
      i = walk(src, i, to, forbid, &start);
      line = start;
      /* The gaps begin anew in the next line. */
      if (i == to) i = walk_line(src, i, end, forbid, &start);
      stopped = start == line;
    } else {
      i = to;
    }
  }
  if (!stopped) {
    start = line_start(src, i, start);
    i = walk(src, i, end, forbid, &start);
  }
  /* Up to here an overlong line was taken to end in a CR; and no CRLF may be cut. */
  if (i - start > LINE_LIMIT) i = (size_t)(start + LINE_LIMIT);
  if (crlf && i > 0 && src[i - 1] == '\r') i--;
  carry->column = i - start;
  return i;
}

/* ---- Count ---- */

/* The enum cte_lines_kind of cte/lines.h. */
enum { EIGHT_BIT, NUL, BARE_CR, BARE_LF, OVER_998, DOT, FROM, TRAILING_BLANK, QP_ESCAPE, NOT_UTF8 };

/* Its sums are octets: none passes 129, that of 128 vectors and an overlapping one. */
enum { COUNT_CHUNK = 128 * VEC };

struct counting {
  struct line_counts *counts;
  const uint8_t *src;
  uint64_t start; /* where the line began, as an index of src: below 0, modulo 2^64, when that was before src */
};

static inline void note(struct counting *c, int kind, uint64_t count, uint64_t index) {
  c->counts->count[kind] += count;
  uint64_t offset = c->counts->offset + index;
  if (offset < c->counts->first[kind]) c->counts->first[kind] = offset;
}

/* ---- Count: octets and line ends ---- */

/* VEC octets, and those one earlier and one later. */
struct around {
  vec earlier, here, later;
};

/*
 * Those at src[*p]; where less than VEC are left up to src[end) (which is at least VEC), the last ones before it: then *p
 * becomes their place, and those that stand before the old *p are made an octet that means nothing.
 */
static inline struct around look_around(const struct counting *c, size_t *p, size_t end) {
  static const uint64_t ones_then_zeros[16] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                               UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  size_t again = end - *p < VEC ? VEC - (end - *p) : 0;
  const uint8_t *at = c->src + (*p -= again);
  vec done = vec_load((const uint8_t *)ones_then_zeros + 64 - again), here = vec_load(at);
  return (struct around){*p == 0 ? vec_load_after(at, (uint8_t)c->counts->before) : vec_load(at - 1),
                         vec_blend(here, vec_fill('a'), done), vec_load(at + 1)};
}

/*
 * What octets and line ends are: all ones where it is so, or how often it was. Two structures and two loops, since sums and
 * constants of both would not fit the registers: a sum in memory is the slowest part of a loop.
 */

struct octets {
  vec high, nul;
  vec escape; /* no printable octet, or '=', but not TAB */
};

static inline struct octets octets_of(vec v) {
  /* For vec_look_up, a set of octets: each at its low four bits, elsewhere what is not there. */
  static const uint8_t tab_or_equals[16] = {1, [9] = '\t', [13] = '='};
  /* 32 .. 126 become the least of the signed octets. */
  vec unprintable = vec_greater(vec_add(v, vec_fill(128 - 32)), vec_fill(128 + 94));
  vec escape = vec_xor(unprintable, vec_equal(v, vec_look_up(vec_table(tab_or_equals), v)));
  return (struct octets){vec_greater(vec_zero(), v), vec_equal(v, vec_zero()), escape};
}

struct ends {
  vec lf, cr;
  vec crlf;      /* the CR of a CRLF */
  vec trailing;  /* a line end with a blank before it */
  vec dot, from; /* '.' and "Fr" at a line's start */
};

static inline struct ends ends_of(struct around a) {
  static const uint8_t blank[16] = {' ', [9] = '\t'};
  struct ends e;
  e.lf = vec_equal(a.here, vec_fill('\n'));
  e.cr = vec_equal(a.here, vec_fill('\r'));
  e.crlf = vec_and(e.cr, vec_equal(a.later, vec_fill('\n')));
  vec after_blank = vec_equal(a.earlier, vec_look_up(vec_table(blank), a.earlier));
  e.trailing = vec_and(vec_or(e.lf, e.crlf), after_blank);
  vec first = vec_and(vec_equal(a.earlier, vec_fill('\n')), a.here);
  e.dot = vec_equal(first, vec_fill('.'));
  e.from = vec_and(vec_equal(first, vec_fill('F')), vec_equal(a.later, vec_fill('r')));
  return e;
}

static inline struct octets add_octets(struct octets sum, vec v) {
  struct octets o = octets_of(v);
  return (struct octets){vec_sub(sum.high, o.high), vec_sub(sum.nul, o.nul), vec_sub(sum.escape, o.escape)};
}

/* `from` only says whether there is any. */
static inline struct ends add_ends(struct ends sum, struct around a) {
  struct ends e = ends_of(a);
  return (struct ends){vec_sub(sum.lf, e.lf),     vec_sub(sum.cr, e.cr),
                       vec_sub(sum.crlf, e.crlf), vec_sub(sum.trailing, e.trailing),
                       vec_sub(sum.dot, e.dot),   vec_or(sum.from, e.from)};
}

/* The sums of src[i..end). */
static inline struct octets sum_octets(const struct counting *c, size_t i, size_t end) {
  struct octets sum = {vec_zero(), vec_zero(), vec_zero()};
  for (; end - i >= VEC; i += VEC) sum = add_octets(sum, vec_load(c->src + i));
  return i < end ? add_octets(sum, look_around(c, &i, end).here) : sum;
}

static inline struct ends sum_ends(const struct counting *c, size_t i, size_t end) {
  struct ends sum = {vec_zero(), vec_zero(), vec_zero(), vec_zero(), vec_zero(), vec_zero()};
  if (i == 0) {
    sum = add_ends(sum, look_around(c, &i, end));
    i = VEC;
  }
  for (; end - i >= VEC; i += VEC) {
    const uint8_t *at = c->src + i;
    sum = add_ends(sum, (struct around){vec_load(at - 1), vec_load(at), vec_load(at + 1)});
  }
  return i < end ? add_ends(sum, look_around(c, &i, end)) : sum;
}

/* ---- Count: "From " and the first of each kind, where there is one ---- */

static inline void count_from(struct counting *c, size_t i, size_t end) {
  for (size_t p = i; p < end; p += VEC)
    for (uint32_t f = vec_mask(ends_of(look_around(c, &p, end)).from); f != 0; f &= f - 1) {
      size_t at = p + (unsigned)__builtin_ctz(f);
      if (end - at >= 5 && memcmp(c->src + at, "From ", 5) == 0) note(c, FROM, 1, at);
    }
}

/* The kinds, as bits, that were counted and whose first is not known. */
static inline uint32_t without_first(const struct line_counts *counts) {
  uint32_t kinds = 0;
  for (int kind = 0; kind < NOT_UTF8; kind++)
    if (counts->count[kind] != 0 && counts->first[kind] == UINT64_MAX) kinds |= UINT32_C(1) << kind;
  return kinds;
}

/* Where the mask has a bit it has the first of a kind without one. Bit 0 is at src[index]. */
static inline void note_first(struct counting *c, uint32_t kinds, int kind, uint32_t mask, uint64_t index) {
  if (kinds >> kind & 1 && mask != 0) note(c, kind, 0, index + (unsigned)__builtin_ctz(mask));
}

/* The chunk src[i..end) has the first of some kinds. */
static inline void find_first(struct counting *c, size_t i, size_t end) {
  uint32_t kinds = without_first(c->counts);
  for (size_t p = i; p < end && kinds != 0; p += VEC, kinds = without_first(c->counts)) {
    struct around a = look_around(c, &p, end);
    struct octets o = octets_of(a.here);
    struct ends e = ends_of(a);
    uint32_t trailing = vec_mask(e.trailing);
    note_first(c, kinds, EIGHT_BIT, vec_mask(o.high), p);
    note_first(c, kinds, NUL, vec_mask(o.nul), p);
    note_first(c, kinds, BARE_CR, vec_mask(vec_and_not(e.cr, e.crlf)), p);
    note_first(c, kinds, BARE_LF, vec_mask(vec_and_not(e.lf, vec_equal(a.earlier, vec_fill('\r')))), p);
    note_first(c, kinds, DOT, vec_mask(e.dot), p);
    note_first(c, kinds, TRAILING_BLANK, trailing, (uint64_t)p - 1);
    note_first(c, kinds, QP_ESCAPE, trailing, (uint64_t)p - 1);
    note_first(c, kinds, QP_ESCAPE, vec_mask(vec_and_not(o.escape, vec_or(e.lf, e.crlf))), p);
  }
}

/* Counts all of src[i..end) but its lines' lengths. It ends at no place within a CRLF or a "From ". */
static inline void count_chunk(struct counting *c, size_t i, size_t end) {
  struct line_counts *counts = c->counts;
  struct octets octets = sum_octets(c, i, end);
  struct ends ends = sum_ends(c, i, end);
  uint64_t lfs = vec_sum(ends.lf), crlfs = vec_sum(ends.crlf), trailing = vec_sum(ends.trailing);
  counts->lines += lfs;
  counts->crlf += crlfs;
  counts->count[EIGHT_BIT] += vec_sum(octets.high);
  counts->count[NUL] += vec_sum(octets.nul);
  counts->count[BARE_CR] += vec_sum(ends.cr) - crlfs;
  counts->count[BARE_LF] += lfs - crlfs;
  counts->count[DOT] += vec_sum(ends.dot);
  counts->count[TRAILING_BLANK] += trailing;
  counts->count[QP_ESCAPE] += vec_sum(octets.escape) - lfs - crlfs + trailing;
  if (vec_any(ends.from, ends.from)) count_from(c, i, end);
  if (without_first(counts) != 0) find_first(c, i, end);
}

/* ---- Count: lines' lengths ---- */

/* The line's octets up to src[i), with which it ends or src does. Its 999th is counted where it is in src. */
static inline uint64_t measure(struct counting *c, size_t i) {
  if (c->start + LINE_LIMIT < i) note(c, OVER_998, 1, c->start + LINE_LIMIT);
  return i - c->start;
}

static inline void end_line(struct counting *c, size_t lf) {
  uint64_t length = measure(c, lf - (lf > 0 && c->src[lf - 1] == '\r'));
  if (length > c->counts->longest) c->counts->longest = length;
  c->start = (uint64_t)lf + 1;
}

/* The LFs of 64 octets at src[p]. Those between the first and the last end lines of 62 octets at most. */
static inline void take_ends(struct counting *c, size_t p, uint64_t ends) {
  if (ends == 0) return;
  if (c->counts->longest < 62)
    for (; (ends & (ends - 1)) != 0; ends &= ends - 1) end_line(c, p + (unsigned)__builtin_ctzll(ends));
  end_line(c, p + (unsigned)__builtin_ctzll(ends));
  c->start = (uint64_t)p + 64 - (unsigned)__builtin_clzll(ends);
}

static inline void measure_lines(struct counting *c, size_t i, size_t end) {
  const vec lf = vec_fill('\n');
  size_t p = i;
  for (; end - p >= 64; p += 64) take_ends(c, p, block_equal(block_load(c->src + p), lf));
  for (; p < end; p += VEC) {
    vec v = look_around(c, &p, end).here;
    take_ends(c, p, vec_mask(vec_equal(v, lf)));
  }
}

/* ---- Count: UTF-8 ---- */

/* What an octet (a lead, mostly) and the next can be together that no UTF-8 has (RFC 3629 section 4). */
enum {
  SHORT = 1 << 0,     /* a lead, then none that continues */
  LONG = 1 << 1,      /* one that continues after ASCII */
  OVERLONG2 = 1 << 2, /* C0 or C1 */
  OVERLONG3 = 1 << 3, /* E0 80 .. 9F */
  SURROGATE = 1 << 4, /* ED A0 .. BF */
  BEYOND = 1 << 5,    /* F4 .. FF 90 .. BF */
  EDGE = 1 << 6,      /* F0 80 .. 8F is overlong, F5 .. FF 80 .. 8F beyond */
  SECOND = 1 << 7     /* two that continue: right where a lead stands two or three before, and only there */
};

/* The same by the lead's high and low four bits and the next's high ones: what all three have. */
enum { HIGH_C = SHORT | OVERLONG2, HIGH_D = SHORT, HIGH_E = SHORT | OVERLONG3 | SURROGATE, HIGH_F = SHORT | BEYOND | EDGE };
enum {
  LOW = SHORT | LONG | SECOND,
  LOW_0 = LOW | OVERLONG2 | OVERLONG3 | EDGE,
  LOW_1 = LOW | OVERLONG2,
  LOW_4 = LOW | BEYOND,
  LOW_5 = LOW | BEYOND | EDGE,
  LOW_D = LOW_5 | SURROGATE
};
enum {
  NEXT_8 = LONG | SECOND | OVERLONG2 | OVERLONG3 | EDGE,
  NEXT_9 = LONG | SECOND | OVERLONG2 | OVERLONG3 | BEYOND,
  NEXT_A = LONG | SECOND | OVERLONG2 | SURROGATE | BEYOND
};

/* Not 0 where an octet of p[0..VEC) cannot follow those before it; reads p[-3..VEC). */
static inline vec utf8_errors(const uint8_t *p) {
  static const uint8_t lead_high[16] = {LONG,   LONG,   LONG,   LONG,   LONG,   LONG,   LONG,   LONG,
                                        SECOND, SECOND, SECOND, SECOND, HIGH_C, HIGH_D, HIGH_E, HIGH_F};
  static const uint8_t lead_low[16] = {LOW_0, LOW_1, LOW,   LOW,   LOW_4, LOW_5, LOW_5, LOW_5,
                                       LOW_5, LOW_5, LOW_5, LOW_5, LOW_5, LOW_D, LOW_5, LOW_5};
  static const uint8_t next_high[16] = {SHORT,  SHORT,  SHORT,  SHORT,  SHORT, SHORT, SHORT, SHORT,
                                        NEXT_8, NEXT_9, NEXT_A, NEXT_A, SHORT, SHORT, SHORT, SHORT};
  vec lead = vec_load(p - 1);
  vec wrong = vec_and(vec_look_up(vec_table(lead_high), vec_high_nibble(lead)),
                      vec_look_up(vec_table(lead_low), vec_and(lead, vec_fill(15))));
  wrong = vec_and(wrong, vec_look_up(vec_table(next_high), vec_high_nibble(vec_load(p))));
  /* E0 .. FF two before, or F0 .. FF three before: the top bit is left only of these. */
  vec third = vec_sub_unsigned(vec_load(p - 2), vec_fill(0xe0 - 0x80));
  vec fourth = vec_sub_unsigned(vec_load(p - 3), vec_fill(0xf0 - 0x80));
  return vec_xor(wrong, vec_and(vec_or(third, fourth), vec_fill(SECOND)));
}

/* Whether the group of GROUP octets and the three before it are ASCII: then none of the group is wrong. */
enum { GROUP = 4 * VEC };

static inline bool ascii_group(const uint8_t *p) {
  vec any = vec_or(vec_or(vec_load(p - 3), vec_load(p + VEC - 3)), vec_or(vec_load(p + 2 * VEC - 3), vec_load(p + 3 * VEC)));
  return !vec_any_high(vec_or(any, vec_load(p + 3 * VEC - 3)));
}

static inline bool right_group(const uint8_t *p) {
  vec errors =
      vec_or(vec_or(utf8_errors(p), utf8_errors(p + VEC)), vec_or(utf8_errors(p + 2 * VEC), utf8_errors(p + 3 * VEC)));
  return !vec_any(errors, errors);
}

/* The number of the first octet that is wrong; VEC: none. */
static inline size_t first_wrong(const uint8_t *p) {
  vec errors = utf8_errors(p);
  return vec_any(errors, errors) ? vec_first(~vec_mask(vec_equal(errors, vec_zero()))) : VEC;
}

/* The first octet of src[i..end] that is wrong after those before it, or end + 1. Before src[0] there is nothing. */
static inline size_t first_error(const uint8_t *src, size_t i, size_t end) {
  if (i == 0) {
    uint8_t head[VEC + 3] = {0};
    memcpy(head + 3, src, VEC);
    i = first_wrong(head + 3);
    if (i < VEC) return i;
  }
  while (end - i >= GROUP && (ascii_group(src + i) || right_group(src + i))) i += GROUP;
  while (i <= end) {
    if (end - i < VEC) i = end + 1 - VEC;
    size_t wrong = first_wrong(src + i);
    i += wrong;
    if (wrong < VEC) break;
  }
  return i;
}

/* ---- Count: the whole ---- */

/* The last place of i..end that is not within a CRLF, a "From " or, of UTF-8, a character. src[end] is there. */
static inline size_t boundary(const uint8_t *src, size_t i, size_t end, bool utf8) {
  while (end > i) {
    size_t within = 0;
    for (size_t k = 1; k < 5 && end - i > k; k++)
      if (src[end - k] == 'F' && src[end - k - 1] == '\n') within = k;
    if ((utf8 && (src[end] & 0xc0) == 0x80) || (src[end - 1] == '\r' && src[end] == '\n')) within = 1;
    if (within == 0) break;
    end -= within;
  }
  return end;
}

/* A chunk's last vector, moved back to end with it, or an octet after it for UTF-8, has up to three octets before it. */
enum { COUNT_LEAST = VEC + 3 };

static inline size_t lines_count(const uint8_t *src, size_t n, struct line_counts *counts) {
  struct counting c = {counts, src, 0 - counts->column};
  bool utf8 = counts->count[NOT_UTF8] == 0, stopped = n <= COUNT_LEAST;
  size_t i = 0;
  /* What is open is the codec's to settle. */
  if ((counts->before & 255) == '\r' || counts->utf8 != 0) return 0;
  while (!stopped && i < n - 1) {
    size_t end = boundary(src, i, n - 1 - i < COUNT_CHUNK ? n - 1 : i + COUNT_CHUNK, utf8);
    if (end < COUNT_LEAST || end == i) break;
    if (utf8) {
      size_t error = first_error(src, i, end);
      stopped = error <= end;
      /* The character that is wrong began at most three before. */
      if (stopped) end = boundary(src, i, error < i + 3 ? i : error - 3, true);
      if (end < COUNT_LEAST || end == i) break;
    }
    count_chunk(&c, i, end);
    measure_lines(&c, i, end);
    i = end;
  }
  if (i > 0) counts->column = measure(&c, i);
  return i;
}

#endif
