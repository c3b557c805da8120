/* neon/vec.h: NEON vectors of 16 octets (AArch64, little-endian), and blocks of 64 as one mask. */
#ifndef CTE_SRC_NEON_VEC_H
#define CTE_SRC_NEON_VEC_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8x16_t vec;

enum { VEC = 16 };

/* ---- Vectors ---- */

static inline vec vec_load(const uint8_t *p) {
  return vld1q_u8(p);
}

static inline void vec_store(uint8_t *p, vec v) {
  vst1q_u8(p, v);
}

static inline vec vec_fill(uint8_t octet) {
  return vdupq_n_u8(octet);
}

/* Four octets, over and over; the first is the lowest of the number. */
static inline vec vec_fill32(uint32_t octets) {
  return vreinterpretq_u8_u32(vdupq_n_u32(octets));
}

static inline vec vec_zero(void) {
  return vdupq_n_u8(0);
}

/* 16 octets: for vec_look_up. */
static inline vec vec_table(const uint8_t table[16]) {
  return vld1q_u8(table);
}

/* table[index & 15], or 0 where the index is 0x80 or more. */
static inline vec vec_look_up(vec table, vec index) {
  return vqtbl1q_u8(table, vandq_u8(index, vdupq_n_u8(0x8f)));
}

static inline vec vec_and(vec a, vec b) {
  return vandq_u8(a, b);
}

static inline vec vec_or(vec a, vec b) {
  return vorrq_u8(a, b);
}

static inline vec vec_xor(vec a, vec b) {
  return veorq_u8(a, b);
}

static inline vec vec_add(vec a, vec b) {
  return vaddq_u8(a, b);
}

static inline vec vec_sub(vec a, vec b) {
  return vsubq_u8(a, b);
}

/* Signed, and saturating. */
static inline vec vec_add_signed(vec a, vec b) {
  return vreinterpretq_u8_s8(vqaddq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

/* Unsigned, and saturating: 0 where b is more. */
static inline vec vec_sub_unsigned(vec a, vec b) {
  return vqsubq_u8(a, b);
}

/* 16-bit products' high and low halves. */
static inline vec vec_multiply_high16(vec a, vec b) {
  const uint16x8_t a16 = vreinterpretq_u16_u8(a), b16 = vreinterpretq_u16_u8(b);
  const uint32x4_t low = vmull_u16(vget_low_u16(a16), vget_low_u16(b16)), high = vmull_high_u16(a16, b16);
  return vreinterpretq_u8_u16(vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)));
}

static inline vec vec_multiply_low16(vec a, vec b) {
  return vreinterpretq_u8_u16(vmulq_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}

/* In each 32-bit part: `low` in its low half, `high` in its high half. */
static inline vec vec_fill16(uint16_t low, uint16_t high) {
  return vreinterpretq_u8_u32(vdupq_n_u32((uint32_t)high << 16 | low));
}

/* 0xff where they are equal. */
static inline vec vec_equal(vec a, vec b) {
  return vceqq_u8(a, b);
}

/* 0xff where a > b, as signed octets. */
static inline vec vec_greater(vec a, vec b) {
  return vcgtq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b));
}

/* b where the mask octet is 0xff, a where it is 0; it is nothing else. */
static inline vec vec_blend(vec a, vec b, vec mask) {
  return vbslq_u8(mask, b, a);
}

/* Each 16-bit part's bits four down. */
static inline vec vec_shift_right4(vec v) {
  return vreinterpretq_u8_u16(vshrq_n_u16(vreinterpretq_u16_u8(v), 4));
}

/* Each octet's high four bits. */
static inline vec vec_high_nibble(vec v) {
  return vshrq_n_u8(v, 4);
}

/* a without the bits of b. */
static inline vec vec_and_not(vec a, vec b) {
  return vbicq_u8(a, b);
}

/* The lesser, as unsigned octets. */
static inline vec vec_min(vec a, vec b) {
  return vminq_u8(a, b);
}

/* The lesser, as signed octets. */
static inline vec vec_min_signed(vec a, vec b) {
  return vreinterpretq_u8_s8(vminq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

/* The sum of the unsigned octets. */
static inline uint32_t vec_sum(vec v) {
  return vaddlvq_u8(v);
}

/* What vec_load(p - 1) would be if `octet` stood there. */
static inline vec vec_load_after(const uint8_t *p, uint8_t octet) {
  return vextq_u8(vdupq_n_u8(octet), vld1q_u8(p), 15);
}

/* Each octet's own bit among eight. */
static inline vec own_bits(void) {
  return vreinterpretq_u8_u64(vdupq_n_u64(UINT64_C(0x8040201008040201)));
}

/* The octets' top bits spread over each octet. */
static inline vec top_bits(vec v) {
  return vcltzq_s8(vreinterpretq_s8_u8(v));
}

/*
 * The octets that are 0xff, the first one's bit lowest; the others are 0. There is no instruction for it: sums of pairs bring
 * the bits together.
 */
static inline uint32_t vec_mask(vec v) {
  v = vandq_u8(v, own_bits());
  v = vpaddq_u8(v, v);
  v = vpaddq_u8(v, v);
  return vgetq_lane_u16(vreinterpretq_u16_u8(vpaddq_u8(v, v)), 0);
}

/* The octets' top bits, the first octet's lowest. */
static inline uint32_t vec_mask_high(vec v) {
  return vec_mask(top_bits(v));
}

/* True when an octet's top bit is set. */
static inline bool vec_any_high(vec v) {
  return vmaxvq_u32(vreinterpretq_u32_u8(vandq_u8(v, vdupq_n_u8(0x80)))) != 0;
}

/* True when a & b is not all zero. */
static inline bool vec_any(vec a, vec b) {
  return vmaxvq_u32(vreinterpretq_u32_u8(vandq_u8(a, b))) != 0;
}

/* The number of the lowest bit of a vec_mask; VEC: none. */
static inline uint32_t vec_first(uint32_t mask) {
  return (uint32_t)__builtin_ctz(mask | 1u << VEC);
}

/* The place of the first octet that is 0xff, the others being 0; VEC: none is. */
static inline uint32_t vec_place(vec v) {
  const uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(v), 4); /* four bits of each octet */
  const uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(halves), 0);
  return bits == 0 ? VEC : (uint32_t)__builtin_ctzll(bits) / 4;
}

/* The bits that are set in each octet of a mask. */
static inline uint8x8_t octet_bits(uint64_t mask) {
  return vcnt_u8(vcreate_u8(mask));
}

/* Stores eight octets of `pairs`, with those of its other half that the row puts before them (insert.h). */
static inline void store_inserted(uint8_t *p, vec pairs, const uint8_t row[16]) {
  vst1q_u8(p, vqtbl1q_u8(pairs, vld1q_u8(row)));
}

/* The low halves, and the high halves, one behind the other. */
static inline vec low_halves(vec a, vec b) {
  return vcombine_u8(vget_low_u8(a), vget_low_u8(b));
}

static inline vec high_halves(vec a, vec b) {
  return vcombine_u8(vget_high_u8(a), vget_high_u8(b));
}

/* Stores v, with before[i] put before v[i] where bit i of the mask is set; the end of it. Up to 2 * VEC octets change. */
static inline uint8_t *vec_insert(uint8_t *p, vec v, vec before, uint32_t mask, const uint8_t rows[256][16]) {
  const uint8x8_t bits = octet_bits(mask);
  store_inserted(p, low_halves(v, before), rows[mask & 255]);
  p += 8 + vget_lane_u8(bits, 0);
  store_inserted(p, high_halves(v, before), rows[mask >> 8]);
  return p + 8 + vget_lane_u8(bits, 1);
}

/* 0xff where the octet's bit is set in the mask. By a look-up: of two vdup_n_u8 clang 14 makes sixteen insertions. */
static inline vec vec_from_mask(uint32_t mask) {
  const vec octet = vcombine_u8(vdup_n_u8(0), vdup_n_u8(1));
  return vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u16(vdupq_n_u16((uint16_t)mask)), octet), own_bits());
}

/* 16 times each octet, modulo 256. */
static inline vec vec_to_high_nibble(vec v) {
  return vshlq_n_u8(v, 4);
}

/* 0xff where the octet is in a set of octets below 128: bit h of set[l] is set where 16 h + l is in it. */
static inline vec vec_within(vec v, vec set) {
  const vec bit = vqtbl1q_u8(vcombine_u8(vget_low_u8(own_bits()), vdup_n_u8(0)), vec_high_nibble(v));
  return vtstq_u8(vqtbl1q_u8(set, vandq_u8(v, vdupq_n_u8(15))), bit);
}

/* 0xff where the octet is printable ASCII or TAB. */
static inline vec vec_plain(vec v) {
  return vec_or(vec_greater(vec_add(v, vec_fill(1)), vec_fill(' ')), vec_equal(v, vec_fill('\t')));
}

/* Stores eight octets of `pairs`, with those of its other half and marks as the row has them (quoted_printable_encode.h). */
static inline void store_marked(uint8_t *p, vec pairs, vec mark, const uint8_t row[32]) {
  vst1q_u8(p, vqtbx1q_u8(mark, pairs, vld1q_u8(row)));
  vst1q_u8(p + 16, vqtbx1q_u8(mark, pairs, vld1q_u8(row + 16)));
}

/*
 * Stores v; where bit i of the mask is set a mark, v[i] and second[i]. The end of it. Up to 32 octets behind it change. A
 * row of 24 octets takes eight; a mark stands where it has no index.
 */
static inline uint8_t *vec_mark(uint8_t *p, vec v, vec second, uint8_t octet, uint32_t mask, const uint8_t rows[256][32]) {
  const vec mark = vdupq_n_u8(octet);
  const uint8x8_t bits = octet_bits(mask);
  store_marked(p, low_halves(v, second), mark, rows[mask & 255]);
  p += 8 + 2 * vget_lane_u8(bits, 0);
  store_marked(p, high_halves(v, second), mark, rows[mask >> 8 & 255]);
  return p + 8 + 2 * vget_lane_u8(bits, 1);
}

/* ---- Blocks of 64 octets ---- */

struct block {
  vec a, b, c, d;
};

static inline struct block block_load(const uint8_t *p) {
  return (struct block){vec_load(p), vec_load(p + 16), vec_load(p + 32), vec_load(p + 48)};
}

/* The block's vectors, the first octets' first. */
static inline void block_split(struct block v, vec parts[4]) {
  parts[0] = v.a;
  parts[1] = v.b;
  parts[2] = v.c;
  parts[3] = v.d;
}

/* The octets that are 0xff, the first one's bit lowest; the others are 0. */
static inline uint64_t truth_mask(vec a, vec b, vec c, vec d) {
  const vec bits = own_bits();
  const vec ab = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits)), cd = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
  const vec all = vpaddq_u8(ab, cd);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

/* The octets' top bits, the first octet's lowest. */
static inline uint64_t block_mask(struct block v) {
  return truth_mask(top_bits(v.a), top_bits(v.b), top_bits(v.c), top_bits(v.d));
}

/* The 16 octets at src + i, zeros behind src + n; n is 16 or more. */
static inline vec load_part(const uint8_t *src, size_t n, size_t i) {
  static const uint8_t shifts[32] = {0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                                     11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                     0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
  const size_t from = i < n - 16 ? i : n - 16, by = i - from < 16 ? i - from : 16;
  return vqtbl1q_u8(vld1q_u8(src + from), vld1q_u8(shifts + by));
}

/* The block at src + i, zeros behind src + n; n is 16 or more. Nothing else is loaded. */
static inline struct block block_load_part(const uint8_t *src, size_t n, size_t i) {
  return (struct block){load_part(src, n, i), load_part(src, n, i + 16), load_part(src, n, i + 32),
                        load_part(src, n, i + 48)};
}

/* One octet on: the first is left out, the last is 0. */
static inline struct block block_shift(struct block v) {
  return (struct block){vextq_u8(v.a, v.b, 1), vextq_u8(v.b, v.c, 1), vextq_u8(v.c, v.d, 1), vextq_u8(v.d, vec_zero(), 1)};
}

static inline uint64_t block_equal(struct block v, vec octet) {
  return truth_mask(vec_equal(v.a, octet), vec_equal(v.b, octet), vec_equal(v.c, octet), vec_equal(v.d, octet));
}

/* Where the octet is in `set`, a table that holds each member (below 0x80) at its low nibble, and 0x80 where it has none. */
static inline uint64_t block_members(struct block v, vec set) {
  return truth_mask(vec_equal(v.a, vec_look_up(set, v.a)), vec_equal(v.b, vec_look_up(set, v.b)),
                    vec_equal(v.c, vec_look_up(set, v.c)), vec_equal(v.d, vec_look_up(set, v.d)));
}

static inline void block_store(uint8_t *p, struct block v) {
  vec_store(p, v.a);
  vec_store(p + 16, v.b);
  vec_store(p + 32, v.c);
  vec_store(p + 48, v.d);
}

/* Where the octet is more, as a signed one. */
static inline uint64_t block_greater(struct block v, vec octet) {
  return truth_mask(vec_greater(v.a, octet), vec_greater(v.b, octet), vec_greater(v.c, octet), vec_greater(v.d, octet));
}

/* Where the octet is `first` and the one behind it, in `next`, is `second`. */
static inline uint64_t block_pairs(struct block v, vec first, struct block next, vec second) {
  return truth_mask(
      vec_and(vec_equal(v.a, first), vec_equal(next.a, second)), vec_and(vec_equal(v.b, first), vec_equal(next.b, second)),
      vec_and(vec_equal(v.c, first), vec_equal(next.c, second)), vec_and(vec_equal(v.d, first), vec_equal(next.d, second)));
}

/* Where vec_within() has it. */
static inline uint64_t block_within(struct block v, vec set) {
  return truth_mask(vec_within(v.a, set), vec_within(v.b, set), vec_within(v.c, set), vec_within(v.d, set));
}

static inline uint64_t block_plain(struct block v) {
  return truth_mask(vec_plain(v.a), vec_plain(v.b), vec_plain(v.c), vec_plain(v.d));
}

/* vec_within() of each octet, and where a blank that is `plain` stands before `end`: `ahead` begins one octet behind v. */
static inline struct block block_vec_within(struct block v, vec set) {
  return (struct block){vec_within(v.a, set), vec_within(v.b, set), vec_within(v.c, set), vec_within(v.d, set)};
}

static inline vec vec_blanks_before(vec v, vec plain, vec ahead, vec end) {
  return vec_and(vec_equal(ahead, end), vec_and_not(plain, vec_greater(v, vec_fill(' '))));
}

static inline uint64_t block_blanks_before(struct block v, struct block plain, struct block ahead, vec end) {
  return truth_mask(vec_blanks_before(v.a, plain.a, ahead.a, end), vec_blanks_before(v.b, plain.b, ahead.b, end),
                    vec_blanks_before(v.c, plain.c, ahead.c, end), vec_blanks_before(v.d, plain.d, ahead.d, end));
}

/* Stores those octets of v that the row lists. */
static inline void store_listed(uint8_t *p, vec v, uint8x8_t row) {
  vst1_u8(p, vqtbl1_u8(v, row));
}

/* Stores the octets whose bits are set in `keep`; the end of them. Up to 64 octets change. rows: quoted_printable_regular.h. */
static inline uint8_t *block_keep(uint8_t *p, const vec parts[4], uint64_t keep, const uint64_t rows[256]) {
  const uint64_t counts = vget_lane_u64(vreinterpret_u64_u8(octet_bits(keep)), 0);
  const uint64_t ends = counts * UINT64_C(0x0101010101010101), starts = ends << 8; /* sums up to each octet */
  for (unsigned i = 0; i < 4; i++) {
    const unsigned k = 16 * i;
    store_listed(p + (starts >> k & 255), parts[i], vcreate_u8(rows[keep >> k & 255]));
    store_listed(p + (ends >> k & 255), parts[i], vorr_u8(vcreate_u8(rows[keep >> (k + 8) & 255]), vdup_n_u8(8)));
  }
  return p + (ends >> 56);
}

#define VEC_ESCAPES

/* Of upper-case hexadecimal digits 0x80 and their value, by a table that begins with that of '0'; 0 of other octets. */
static inline vec vec_digits(uint8x16x2_t table, vec v) {
  return vqtbl2q_u8(table, vec_sub(v, vec_fill('0')));
}

/*
 * The octets that two upper-case digits stand for, the first in `next`, the second in `second`, which begins an octet behind
 * it. Returns where both are digits.
 */
static inline uint64_t block_escapes(struct block next, struct block second, vec octets[4]) {
  static const uint8_t values[32] = {0x80, 0x81, 0x82,        0x83, 0x84, 0x85, 0x86, 0x87,
                                     0x88, 0x89, [17] = 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f};
  const uint8x16x2_t t = vld1q_u8_x2(values);
  const vec a = vec_digits(t, next.a), b = vec_digits(t, next.b), c = vec_digits(t, next.c), d = vec_digits(t, next.d);
  const vec a1 = vextq_u8(a, b, 1), b1 = vextq_u8(b, c, 1), c1 = vextq_u8(c, d, 1), d1 = vec_digits(t, second.d);
  octets[0] = vsliq_n_u8(a1, a, 4);
  octets[1] = vsliq_n_u8(b1, b, 4);
  octets[2] = vsliq_n_u8(c1, c, 4);
  octets[3] = vsliq_n_u8(d1, d, 4);
  return block_mask((struct block){vec_and(a, a1), vec_and(b, b1), vec_and(c, c1), vec_and(d, d1)});
}

/* ---- Masks ---- */

/* The bits that are set. */
static inline unsigned mask_count(uint64_t mask) {
  return (unsigned)__builtin_popcountll(mask);
}

#endif
