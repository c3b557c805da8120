/* sse/vec.h: SSE vectors of 16 octets (SSSE3, SSE4.1), and blocks of 64 as one mask. */
#ifndef CTE_SRC_SSE_VEC_H
#define CTE_SRC_SSE_VEC_H

#include <smmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m128i vec;

enum { VEC = 16 };

/* ---- Vectors ---- */

static inline vec vec_load(const uint8_t *p) {
  return _mm_loadu_si128((const void *)p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm_storeu_si128((void *)p, v);
}

static inline vec vec_fill(uint8_t octet) {
  return _mm_set1_epi8((char)octet);
}

/* Four octets, over and over; the first is the lowest of the number. */
static inline vec vec_fill32(uint32_t octets) {
  return _mm_set1_epi32((int)octets);
}

static inline vec vec_zero(void) {
  return _mm_setzero_si128();
}

/* 16 octets: for vec_look_up. */
static inline vec vec_table(const uint8_t table[16]) {
  return _mm_loadu_si128((const void *)table);
}

/* table[index & 15], or 0 where the index is 0x80 or more. */
static inline vec vec_look_up(vec table, vec index) {
  return _mm_shuffle_epi8(table, index);
}

static inline vec vec_and(vec a, vec b) {
  return _mm_and_si128(a, b);
}

static inline vec vec_or(vec a, vec b) {
  return _mm_or_si128(a, b);
}

static inline vec vec_xor(vec a, vec b) {
  return _mm_xor_si128(a, b);
}

static inline vec vec_add(vec a, vec b) {
  return _mm_add_epi8(a, b);
}

static inline vec vec_sub(vec a, vec b) {
  return _mm_sub_epi8(a, b);
}

/* Signed, and saturating. */
static inline vec vec_add_signed(vec a, vec b) {
  return _mm_adds_epi8(a, b);
}

/* Unsigned, and saturating: 0 where b is more. */
static inline vec vec_sub_unsigned(vec a, vec b) {
  return _mm_subs_epu8(a, b);
}

/* 16-bit products' high and low halves. */
static inline vec vec_multiply_high16(vec a, vec b) {
  return _mm_mulhi_epu16(a, b);
}

static inline vec vec_multiply_low16(vec a, vec b) {
  return _mm_mullo_epi16(a, b);
}

/* In each 32-bit part: `low` in its low half, `high` in its high half. */
static inline vec vec_fill16(uint16_t low, uint16_t high) {
  return _mm_set1_epi32((int)((uint32_t)high << 16 | low));
}

/* 0xff where they are equal. */
static inline vec vec_equal(vec a, vec b) {
  return _mm_cmpeq_epi8(a, b);
}

/* 0xff where a > b, as signed octets. */
static inline vec vec_greater(vec a, vec b) {
  return _mm_cmpgt_epi8(a, b);
}

/* b where the mask octet's top bit is set, else a. */
static inline vec vec_blend(vec a, vec b, vec mask) {
  return _mm_blendv_epi8(a, b, mask);
}

/* Each 16-bit part's bits four down. */
static inline vec vec_shift_right4(vec v) {
  return _mm_srli_epi16(v, 4);
}

/* Each octet's high four bits. */
static inline vec vec_high_nibble(vec v) {
  return _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(15));
}

/* a without the bits of b. */
static inline vec vec_and_not(vec a, vec b) {
  return _mm_andnot_si128(b, a);
}

/* The lesser, as unsigned octets. */
static inline vec vec_min(vec a, vec b) {
  return _mm_min_epu8(a, b);
}

/* The lesser, as signed octets. */
static inline vec vec_min_signed(vec a, vec b) {
  return _mm_min_epi8(a, b);
}

/* The sum of the unsigned octets. */
static inline uint32_t vec_sum(vec v) {
  __m128i halves = _mm_sad_epu8(v, _mm_setzero_si128());
  return (uint32_t)_mm_cvtsi128_si32(halves) + (uint32_t)_mm_extract_epi16(halves, 4);
}

/* What vec_load(p - 1) would be if `octet` stood there. */
static inline vec vec_load_after(const uint8_t *p, uint8_t octet) {
  return _mm_or_si128(_mm_slli_si128(vec_load(p), 1), _mm_cvtsi32_si128(octet));
}

/* The octets' top bits, the first octet's lowest. */
static inline uint32_t vec_mask_high(vec v) {
  return (uint32_t)_mm_movemask_epi8(v);
}

/* The octets that are 0xff, the first one's bit lowest; the others are 0. */
static inline uint32_t vec_mask(vec v) {
  return vec_mask_high(v);
}

/* True when an octet's top bit is set. */
static inline bool vec_any_high(vec v) {
  return vec_mask_high(v) != 0;
}

/* True when a & b is not all zero. */
static inline bool vec_any(vec a, vec b) {
  return !_mm_testz_si128(a, b);
}

/* The number of the lowest bit of a vec_mask; VEC: none. */
static inline uint32_t vec_first(uint32_t mask) {
  return (uint32_t)__builtin_ctz(mask | 1u << VEC);
}

/* The place of the first octet that is 0xff, the others being 0; VEC: none is. */
static inline uint32_t vec_place(vec v) {
  const uint32_t mask = vec_mask(v);
  return mask == 0 ? VEC : (uint32_t)__builtin_ctz(mask);
}

/* The bits of an octet, without POPCNT. */
static inline uint32_t octet_bits(uint32_t octet) {
  octet -= octet >> 1 & 0x55;
  octet = (octet & 0x33) + (octet >> 2 & 0x33);
  return (octet + (octet >> 4)) & 15;
}

/* Stores eight octets of `pairs`, with those of its other half that rows[mask] puts before them (insert.h). */
static inline uint8_t *store_inserted(uint8_t *p, __m128i pairs, uint32_t mask, const uint8_t rows[256][16]) {
  _mm_storeu_si128((void *)p, _mm_shuffle_epi8(pairs, _mm_loadu_si128((const void *)rows[mask])));
  return p + 8 + octet_bits(mask);
}

/* Stores v, with before[i] put before v[i] where bit i of the mask is set; the end of it. Up to 2 * VEC octets change. */
static inline uint8_t *vec_insert(uint8_t *p, vec v, vec before, uint32_t mask, const uint8_t rows[256][16]) {
  p = store_inserted(p, _mm_unpacklo_epi64(v, before), mask & 255, rows);
  return store_inserted(p, _mm_unpackhi_epi64(v, before), mask >> 8, rows);
}

/* 0xff where the octet's bit is set in the mask. */
static inline vec vec_from_mask(uint32_t mask) {
  const vec octets =
      _mm_shuffle_epi8(_mm_cvtsi32_si128((int)mask), _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  const vec bits = _mm_set1_epi64x((int64_t)0x8040201008040201);
  return _mm_cmpeq_epi8(_mm_and_si128(octets, bits), bits);
}

/* 16 times each octet, modulo 256. */
static inline vec vec_to_high_nibble(vec v) {
  return _mm_and_si128(_mm_slli_epi16(v, 4), _mm_set1_epi8(-16));
}

/* 0xff where the octet is in a set of octets below 128: bit h of set[l] is set where 16 h + l is in it. */
static inline vec vec_within(vec v, vec set) {
  const vec bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1);
  const vec bit = _mm_shuffle_epi8(bits, vec_high_nibble(v));
  return _mm_cmpeq_epi8(_mm_and_si128(_mm_shuffle_epi8(set, v), bit), bit);
}

/* 0xff where the octet is printable ASCII or TAB. */
static inline vec vec_plain(vec v) {
  return vec_or(vec_greater(vec_add(v, vec_fill(1)), vec_fill(' ')), vec_equal(v, vec_fill('\t')));
}

/* Stores eight octets of `pairs`, with those of its other half and marks as rows[mask] has them (quoted_printable_encode.h). */
static inline uint8_t *store_marked(uint8_t *p, vec pairs, vec mark, uint32_t mask, const uint8_t rows[256][32]) {
  const uint8_t *row = rows[mask];
  _mm_storeu_si128((void *)p, _mm_xor_si128(_mm_shuffle_epi8(pairs, _mm_loadu_si128((const void *)row)), mark));
  _mm_storeu_si128((void *)(p + 16),
                   _mm_xor_si128(_mm_shuffle_epi8(pairs, _mm_loadu_si128((const void *)(row + 16))), mark));
  return p + 8 + 2 * octet_bits(mask);
}

/*
 * Stores v; where bit i of the mask is set a mark, v[i] and second[i]. The end of it. Up to 32 octets behind it change. A
 * row of 24 octets takes eight: the shuffle makes 0 of a mark, so that all is stored as its difference from one.
 */
static inline uint8_t *vec_mark(uint8_t *p, vec v, vec second, uint8_t octet, uint32_t mask, const uint8_t rows[256][32]) {
  const vec mark = _mm_set1_epi8((char)octet);
  v = _mm_xor_si128(v, mark);
  second = _mm_xor_si128(second, mark);
  p = store_marked(p, _mm_unpacklo_epi64(v, second), mark, mask & 255, rows);
  return store_marked(p, _mm_unpackhi_epi64(v, second), mark, mask >> 8 & 255, rows);
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

/* The octets' top bits, the first octet's lowest. */
static inline uint64_t block_mask(struct block v) {
  return vec_mask_high(v.a) | vec_mask_high(v.b) << 16 | (uint64_t)(vec_mask_high(v.c) | vec_mask_high(v.d) << 16) << 32;
}

/* The 16 octets at src + i, zeros behind src + n; n is 16 or more. */
static inline __m128i load_part(const uint8_t *src, size_t n, size_t i) {
  static const uint8_t shifts[32] = {0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                                     11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                     0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
  const size_t from = i < n - 16 ? i : n - 16, by = i - from < 16 ? i - from : 16;
  return _mm_shuffle_epi8(_mm_loadu_si128((const void *)(src + from)), _mm_loadu_si128((const void *)(shifts + by)));
}

/* The block at src + i, zeros behind src + n; n is 16 or more. Nothing else is loaded. */
static inline struct block block_load_part(const uint8_t *src, size_t n, size_t i) {
  return (struct block){load_part(src, n, i), load_part(src, n, i + 16), load_part(src, n, i + 32),
                        load_part(src, n, i + 48)};
}

/* One octet on: the first is left out, the last is 0. */
static inline struct block block_shift(struct block v) {
  return (struct block){_mm_alignr_epi8(v.b, v.a, 1), _mm_alignr_epi8(v.c, v.b, 1), _mm_alignr_epi8(v.d, v.c, 1),
                        _mm_srli_si128(v.d, 1)};
}

static inline uint64_t block_equal(struct block v, vec octet) {
  return block_mask(
      (struct block){vec_equal(v.a, octet), vec_equal(v.b, octet), vec_equal(v.c, octet), vec_equal(v.d, octet)});
}

/* Where the octet is in `set`, a table that holds each member (below 0x80) at its low nibble, and 0x80 where it has none. */
static inline uint64_t block_members(struct block v, vec set) {
  return block_mask((struct block){vec_equal(v.a, vec_look_up(set, v.a)), vec_equal(v.b, vec_look_up(set, v.b)),
                                   vec_equal(v.c, vec_look_up(set, v.c)), vec_equal(v.d, vec_look_up(set, v.d))});
}

static inline void block_store(uint8_t *p, struct block v) {
  vec_store(p, v.a);
  vec_store(p + 16, v.b);
  vec_store(p + 32, v.c);
  vec_store(p + 48, v.d);
}

/* Where the octet is more, as a signed one. */
static inline uint64_t block_greater(struct block v, vec octet) {
  return block_mask(
      (struct block){vec_greater(v.a, octet), vec_greater(v.b, octet), vec_greater(v.c, octet), vec_greater(v.d, octet)});
}

/* Where the octet is `first` and the one behind it, in `next`, is `second`. */
static inline uint64_t block_pairs(struct block v, vec first, struct block next, vec second) {
  return block_mask((struct block){
      vec_and(vec_equal(v.a, first), vec_equal(next.a, second)), vec_and(vec_equal(v.b, first), vec_equal(next.b, second)),
      vec_and(vec_equal(v.c, first), vec_equal(next.c, second)), vec_and(vec_equal(v.d, first), vec_equal(next.d, second))});
}

/* Where vec_within() has it. */
static inline uint64_t block_within(struct block v, vec set) {
  return block_mask((struct block){vec_within(v.a, set), vec_within(v.b, set), vec_within(v.c, set), vec_within(v.d, set)});
}

static inline uint64_t block_plain(struct block v) {
  return block_mask((struct block){vec_plain(v.a), vec_plain(v.b), vec_plain(v.c), vec_plain(v.d)});
}

/* vec_within() of each octet, and where a blank that is `plain` stands before `end`: `ahead` begins one octet behind v. */
static inline struct block block_vec_within(struct block v, vec set) {
  return (struct block){vec_within(v.a, set), vec_within(v.b, set), vec_within(v.c, set), vec_within(v.d, set)};
}

static inline vec vec_blanks_before(vec v, vec plain, vec ahead, vec end) {
  return vec_and(vec_equal(ahead, end), vec_and_not(plain, vec_greater(v, vec_fill(' '))));
}

static inline uint64_t block_blanks_before(struct block v, struct block plain, struct block ahead, vec end) {
  return block_mask(
      (struct block){vec_blanks_before(v.a, plain.a, ahead.a, end), vec_blanks_before(v.b, plain.b, ahead.b, end),
                     vec_blanks_before(v.c, plain.c, ahead.c, end), vec_blanks_before(v.d, plain.d, ahead.d, end)});
}

/* ---- Masks ---- */

/* Each octet's bits that are set, by sums of 2, 4 and 8 bits: there is no instruction for it before SSE4.2. */
static inline uint64_t octets_counts(uint64_t mask) {
  mask -= mask >> 1 & UINT64_C(0x5555555555555555);
  mask = (mask & UINT64_C(0x3333333333333333)) + (mask >> 2 & UINT64_C(0x3333333333333333));
  return (mask + (mask >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

/* The bits that are set. */
static inline unsigned mask_count(uint64_t mask) {
  return (unsigned)(octets_counts(mask) * UINT64_C(0x0101010101010101) >> 56);
}

/* Stores the octets whose bits are set in `keep`; the end of them. Up to 64 octets change. rows: quoted_printable_regular.h. */
static inline uint8_t *block_keep(uint8_t *p, const vec parts[4], uint64_t keep, const uint64_t rows[256]) {
  const vec second = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8);
  const uint64_t ends = octets_counts(keep) * UINT64_C(0x0101010101010101), starts = ends << 8; /* sums up to each octet */
  for (unsigned i = 0; i < 4; i++) {
    const unsigned k = 16 * i;
    const uint64_t *a = rows + (keep >> k & 255), *b = rows + (keep >> (k + 8) & 255);
    const vec row = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)a), _mm_loadl_epi64((const void *)b));
    const vec v = _mm_shuffle_epi8(parts[i], _mm_or_si128(row, second));
    _mm_storel_epi64((void *)(p + (starts >> k & 255)), v);
    _mm_storel_epi64((void *)(p + (ends >> k & 255)), _mm_unpackhi_epi64(v, v));
  }
  return p + (ends >> 56);
}

#endif
