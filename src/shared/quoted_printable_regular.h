/*
 * shared/quoted_printable_regular.h: decoding quoted-printable in which escapes, soft line breaks and line ends of one kind
 * are all there is to do: blocks of 64 octets, and the last octets.
 */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_REGULAR_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_REGULAR_H

#include "quoted_printable.h"

#define MORE 3 /* octets behind a block that are looked at: those of a soft line break, and what comes up in its place */

/* Row m lists the bits that are set in it, from the lowest: octet k of the row is the k-th. */
#define KEEP_1(row) row, (row) << 8
#define KEEP_2(row) KEEP_1(row), KEEP_1((row) << 8 | 1)
#define KEEP_3(row) KEEP_2(row), KEEP_2((row) << 8 | 2)
#define KEEP_4(row) KEEP_3(row), KEEP_3((row) << 8 | 3)
#define KEEP_5(row) KEEP_4(row), KEEP_4((row) << 8 | 4)
#define KEEP_6(row) KEEP_5(row), KEEP_5((row) << 8 | 5)
#define KEEP_7(row) KEEP_6(row), KEEP_6((row) << 8 | 6)
#define KEEP_8(row) KEEP_7(row), KEEP_7((row) << 8 | 7)

static const uint64_t keep_rows[256] = {KEEP_8(UINT64_C(0))};

/* Sets for vec_within(): what stands for itself; the controls too, CR and LF not; CR; the digits of an escape. */
static const uint8_t literal_octets[16] = {0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc,
                                           0xfc, 0xfd, 0xfc, 0xfc, 0xfc, 0xf4, 0xfc, 0x7c};
static const uint8_t control_octets[16] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 3, 2, 3, 0x83};
static const uint8_t cr_octet[16] = {[13] = 1};
static const uint8_t upper_digits[16] = {0x08, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x08, 0x08, 0x08};
static const uint8_t lower_digits[16] = {0, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40};

struct decoder {
  uint32_t recorded;
  uint64_t drop_cr; /* all ones: CRLF becomes LF */
};

/* src[read] comes next, at dst[written]. */
struct decoding {
  size_t read, written;
  uint64_t line;     /* where in src the open line begins, modulo 2^64 */
  uint64_t gone;     /* bits: octets at src[read] that belong to an escape or a soft line break before */
  uint64_t after_cr; /* 1: src[read] is the LF of a line end whose CR was read */
};

/* What stands for itself, of octets below 128: LF never does, CR only where it is none of a line end. */
static inline vec literals_of(const struct decoder *d) {
  vec literals = vec_table(literal_octets);
  if (d->recorded & KIND_RAW_CONTROL) literals = vec_or(literals, vec_table(control_octets));
  if (d->recorded & KIND_BARE_CR) literals = vec_or(literals, vec_table(cr_octet));
  return literals;
}

static inline uint64_t raw_8bit(const struct decoder *d, struct block v) {
  return d->recorded & KIND_RAW_8BIT ? block_mask(v) : 0;
}

/* Values of hexadecimal digits, in both cases; of other octets anything below 80. */
static inline vec digit_values(vec v) {
  const vec low = vec_and(v, vec_fill(0x4f)); /* 0..9, or 0x41 and up, 55 too much */
  return vec_min(low, vec_sub(low, vec_fill(55)));
}

/* True when the spaces at src are followed soon by something else than a blank or line end. VEC octets are seen. */
static inline bool word_follows(const uint8_t *src) {
  const uint32_t others = ~vec_mask(vec_equal(vec_load(src), vec_fill(' '))) | 1u << (VEC - 1);
  return src[__builtin_ctz(others)] > ' ';
}

/* What a block's octets are. */
struct sight {
  uint64_t plain; /* printable, or TAB */
  uint64_t above; /* over SP, as signed octets */
  uint64_t first; /* the first octets of line ends */
};

static inline struct sight look(const uint8_t *in, bool lf_ends) {
  const vec lf = vec_fill('\n');
  const struct block v = block_load(in);
  return (struct sight){block_plain(v), block_greater(v, vec_fill(' ')),
                        lf_ends ? block_equal(v, lf) : block_pairs(v, vec_fill('\r'), block_load(in + 1), lf)};
}

/* True when one of `others` was not reported before, and is no literal therefore. next: octets before a line end. */
static __attribute__((noinline)) bool unknown(const struct decoder *d, const uint8_t *in, uint64_t others, uint64_t next) {
  const struct block v = block_load(in);
  const uint64_t literals = block_within(v, literals_of(d)) & ~(block_equal(v, vec_fill('\r')) & next);
  return (others & ~(literals | raw_8bit(d, v))) != 0;
}

/* ---- Stores: '=' with what follows it ---- */

/*
 * What may follow '=': two digits, each with its value in the low four bits, or CR and LF. A pair is right when the first,
 * shifted left by one, and the second have a bit of 0x80 (digits) or 0x20 (a line end) in common.
 */
static const uint8_t after_equals[256] = {
    ['\n'] = 0x20, ['\r'] = 0x10, ['0'] = 0xc0, ['1'] = 0xc1, ['2'] = 0xc2, ['3'] = 0xc3,
    ['4'] = 0xc4,  ['5'] = 0xc5,  ['6'] = 0xc6, ['7'] = 0xc7, ['8'] = 0xc8, ['9'] = 0xc9,
    ['A'] = 0xca,  ['B'] = 0xcb,  ['C'] = 0xcc, ['D'] = 0xcd, ['E'] = 0xce, ['F'] = 0xcf};

/*
 * Stores a block that has one '=': what stands behind its escape, or soft line break with CRLF, moves up two or three octets;
 * false when it begins neither. There is no branch, since which of them it is cannot be foretold.
 */
static inline bool put_one(uint8_t *dst, const uint8_t *in, uint64_t equals, bool lf_ends) {
  static const uint8_t behind[128] = {[64] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff,        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const size_t place = mask_first(equals);
  const unsigned first = after_equals[in[place + 1]], second = after_equals[in[place + 2]], soft = first >> 4 & 1;
  const uint8_t octet = (uint8_t)choose(soft, in[place + 3], first << 4 | (second & 15));
  const uint8_t *rest = in + 2 + soft, *mask = behind + 63 - place;
  if ((first << 1 & second & (lf_ends ? 0x80u : 0xa0u)) == 0) return false;
  for (unsigned k = 0; k < 64; k += VEC)
    vec_store(dst + k, vec_blend(vec_load(in + k), vec_load(rest + k), vec_load(mask + k)));
  dst[place] = octet;
  return true;
}

#ifndef VEC_ESCAPES /* a vec.h may have a better one */
/* 0xff where the value of an upper-case digit was `digit`. */
static inline vec is_value_of(vec value, vec digit) {
  static const uint8_t digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};
  return vec_equal(vec_look_up(vec_table(digits), value), digit);
}

/*
 * The octets that two upper-case digits stand for, the first in `next`, the second in `second`, which begins an octet behind
 * it. Returns where both are digits.
 */
static inline uint64_t block_escapes(struct block next, struct block second, vec octets[64 / VEC]) {
  vec digits[64 / VEC], more_digits[64 / VEC];
  uint64_t right = 0;
  block_split(next, digits);
  block_split(second, more_digits);
  for (unsigned i = 0; i < 64 / VEC; i++) {
    const vec high = digit_values(digits[i]), low = digit_values(more_digits[i]);
    octets[i] = vec_or(vec_to_high_nibble(high), low);
    right |= (uint64_t)vec_mask(vec_and(is_value_of(high, digits[i]), is_value_of(low, more_digits[i]))) << i * VEC;
  }
  return right;
}
#endif

/* Stores `block` without the octets of `drop`, each '=' as what its escape stands for; false: one of `escapes` is none. */
static inline bool put_many(uint8_t *dst, struct block block, struct block next, struct block second, uint64_t escapes,
                            uint64_t drop) {
  vec v[64 / VEC], octets[64 / VEC];
  block_split(block, v);
  if (escapes & ~block_escapes(next, second, octets)) return false;
  for (unsigned i = 0; i < 64 / VEC; i++) v[i] = vec_blend(v[i], octets[i], vec_equal(v[i], vec_fill('=')));
  block_keep(dst, v, ~drop, keep_rows);
  return true;
}

/* ---- Blocks ---- */

/* How many blocks of src[0..n) can be decoded into dst[0..cap), whatever they hold: a whole one may end within a line end. */
static inline size_t whole_blocks(size_t n, size_t cap) {
  const size_t read = n < MORE ? 0 : (n - MORE) / 64, written = cap < 1 ? 0 : (cap - 1) / 64;
  return read < written ? read : written;
}

/* The octets of a block before which a line end begins. first: where it has line ends. */
static inline uint64_t before_ends(const uint8_t *in, uint64_t first, bool lf_ends) {
  return first >> 1 | (lf_ends ? (uint64_t)(in[64] == '\n') : is_crlf(in + 64)) << 63;
}

/*
 * Stores a block that is not stored as it stands, and moves *dst behind it; false: an '=' of it begins neither an escape nor
 * a soft line break, or an escape's octets behind the block are more than `room`. *gone: as in struct decoding.
 */
ALWAYS_INLINE bool put_decoded_block(uint8_t **dst, const uint8_t *in, uint64_t equals, uint64_t first, uint64_t drop_cr,
                                     int64_t room, uint64_t *gone, bool lf_ends) {
  const uint64_t soft = equals & before_ends(in, first, lf_ends), escapes = equals & ~soft;
  const uint64_t hangs = choose(first != 0, 0, escapes >> 62);
  const uint64_t drop = equals << 1 | (lf_ends ? escapes : equals) << 2 | soft | *gone | (first & drop_cr);
  if ((int64_t)hangs > room) return false;
  if (((equals & (equals - 1)) | *gone | drop_cr | (lf_ends ? soft : 0)) == 0) {
    if (!put_one(*dst, in, equals, lf_ends)) return false;
  } else {
    if (!put_many(*dst, block_load(in), block_load(in + 1), block_load(in + 2), escapes, drop)) return false;
  }
  *dst += mask_count(~drop);
  *gone = escapes >> 62 | (lf_ends ? soft >> 63 : soft >> 62);
  *gone |= *gone >> 1;
  return true;
}

/*
 * Decodes blocks; false when it met one that holds anything else, or a line over 76. Where '=' stands is found out a block
 * ahead: how many there are cannot be foretold, and a wrong guess costs less so. (Cycles of a block on a Zen 4: 19 without
 * '=', 34 with one, 46 with many.)
 */
ALWAYS_INLINE bool decode_blocks(const struct decoder *d, struct decoding *at, const uint8_t *src, size_t n, uint8_t *dst,
                                 size_t blocks, bool lf_ends) {
  const int64_t width = d->recorded & KIND_LINE_OVER_76 ? INT64_MAX / 2 : LINE;
  const uint64_t drop_cr = lf_ends ? 0 : d->drop_cr;
  const uint8_t *in = src + at->read, *const end = in + 64 * blocks, *const last = src + (n - 64);
  uint8_t *out = dst + at->written;
  int64_t column = (int64_t)(at->read - at->line);
  uint64_t gone = at->gone, after_cr = at->after_cr, equals_next = block_equal(block_load(in), vec_fill('='));
  while (in != end) {
    const uint64_t equals = equals_next;
    equals_next = block_equal(block_load(in + 64 < last ? in + 64 : last), vec_fill('='));
    const struct sight s = look(in, lf_ends);
    const uint64_t others = ~(s.plain | s.first | (lf_ends ? 0 : s.first << 1 | after_cr));
    const uint64_t trailing = s.plain & ~s.above & (s.first >> 1 | (uint64_t)((int8_t)in[64] <= ' ') << 63);
    if (others && unknown(d, in, others, before_ends(in, s.first, lf_ends))) break;
    if (trailing && (trailing << 1 || last - in < VEC || !word_follows(in + 64))) break;
    const int64_t room = width - column - mask_length(s.first);
    if (room < 0) break;
    if ((equals | gone | drop_cr) == 0) {
      block_store(out, block_load(in));
      out += 64;
    } else {
      if (!put_decoded_block(&out, in, equals, s.first, drop_cr, room, &gone, lf_ends)) break;
    }
    column = mask_above(s.first) + (s.first ? (lf_ends ? 0 : -1) : column);
    after_cr = lf_ends ? 0 : s.first >> 63; /* shifted here: clang 14 makes a slow shld of it where it is used */
    in += 64;
  }
  at->read = (size_t)(in - src);
  at->written = (size_t)(out - dst);
  at->line = at->read - (uint64_t)column;
  at->gone = gone;
  at->after_cr = after_cr;
  return in == end;
}

/* True when none of dst[0..64) is one of src[0..n), nor of what may follow them in place. */
static inline bool apart(const uint8_t *dst, const uint8_t *src, size_t n) {
  return (uintptr_t)dst >= (uintptr_t)(src + n) || (uintptr_t)dst + 64 <= (uintptr_t)src;
}

/*
 * Where those octets of a window end that are decided, whatever follows: not blanks that may stand before a line end, '=' with
 * what is to come, CR. The window's octets are those below `end`; those below `before` are not looked at.
 */
static inline unsigned decided_end(uint64_t equals, uint64_t blanks, uint64_t crs, size_t before, size_t end) {
  const size_t cr = (size_t)(crs >> (end - 1) & 1);
  const uint64_t kept = (~blanks & below(end - cr)) | below(before);
  if (kept == 0) return 0;
  const unsigned last = mask_last(kept);
  const uint64_t open = equals & ~below(before), bare = open >> last & 1, digit = open << 1 >> last & 1 & (last + 1 == end);
  return last + 1 - (unsigned)(bare | (digit & ~bare) << 1);
}

/*
 * The last octets, 1 - 64, as far as they are decided: in a window of 64 octets that ends where src does, or is all of it.
 * What of the window was decoded before is passed over; in place it may hold other octets by now. False: nothing is done.
 */
ALWAYS_INLINE bool decode_last(const struct decoder *d, struct decoding *at, const uint8_t *src, size_t n, uint8_t *dst,
                               size_t cap, bool lf_ends) {
  if (n < 16) return false;
  const size_t from = n < 64 ? 0 : n - 64, before = at->read - from;
  const struct block v = n < 64 ? block_load_part(src, n, 0) : block_load(src + from);
  const uint64_t lf = block_equal(v, vec_fill('\n')), crs = block_equal(v, vec_fill('\r'));
  const uint64_t blanks = block_equal(v, vec_fill(' ')) | block_equal(v, vec_fill('\t'));
  const uint64_t all_equals = block_equal(v, vec_fill('='));
  const size_t end = decided_end(all_equals, blanks, crs, before, n - from);
  if (end <= before) return true;
  const uint64_t decided = below(end) & ~below(before);
  const uint64_t first = (lf_ends ? lf : crs & lf >> 1) & decided, cr = lf_ends ? 0 : first;
  const uint64_t others = decided & ~(block_plain(v) | first | cr << 1 | at->after_cr << before);
  const size_t length = first ? mask_first(first) - before : end - before;
  if (others | (blanks & first >> 1 & decided)) return false;
  if (at->read + length - at->line > LINE && !(d->recorded & KIND_LINE_OVER_76)) return false;
  const uint64_t equals = all_equals & decided, soft = equals & first >> 1, escapes = equals & ~soft;
  const uint64_t more = at->gone << before | (cr & d->drop_cr);
  const uint64_t drop = equals << 1 | (lf_ends ? escapes : equals) << 2 | soft | more | ~decided;
  const size_t written = mask_count(~drop), room = cap - at->written;
  uint8_t decoded[128] = {0};
  uint8_t *out = dst + at->written, *text = decoded;
  if (written > room) return false;
  const bool direct = room >= 64 && apart(out, src + from + end, n - from - end);
  if (equals | more) {
    const struct block next = block_shift(v);
    if (!put_many(decoded, v, next, block_shift(next), escapes, drop)) return false;
  } else {
    block_store(decoded, v);
    text += before;
  }
  if (direct)
    block_store(out, block_load(text));
  else
    memcpy(out, text, written);
  if (first) at->line = from + mask_last(first) + (lf_ends ? 1 : 2);
  at->read = from + end;
  at->written += written;
  at->gone = at->after_cr = 0;
  return true;
}

/* Any number of octets; true when all that can be is done. */
ALWAYS_INLINE bool decode_lines(const struct decoder *d, struct decoding *at, const uint8_t *src, size_t n, uint8_t *dst,
                                size_t cap, bool lf_ends) {
  for (;;) {
    const size_t blocks = whole_blocks(n - at->read, cap - at->written);
    if (blocks == 0) break;
    if (!decode_blocks(d, at, src, n, dst, blocks, lf_ends)) return false;
  }
  return n == at->read || (n - at->read <= 64 && decode_last(d, at, src, n, dst, cap, lf_ends));
}

static __attribute__((noinline)) bool decode_crlf_lines(const struct decoder *d, struct decoding *at, const uint8_t *src,
                                                        size_t n, uint8_t *dst, size_t cap) {
  return decode_lines(d, at, src, n, dst, cap, false);
}

static __attribute__((noinline)) bool decode_lf_lines(const struct decoder *d, struct decoding *at, const uint8_t *src,
                                                      size_t n, uint8_t *dst, size_t cap) {
  return at->after_cr == 0 && decode_lines(d, at, src, n, dst, cap, true);
}

#endif
