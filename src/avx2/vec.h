/* avx2/vec.h: AVX2 vectors of 32 octets, and blocks of 64 as one mask. */
#ifndef CTE_SRC_AVX2_VEC_H
#define CTE_SRC_AVX2_VEC_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m256i vec;

enum { VEC = 32 };

/* ---- Vectors ---- */

static inline vec vec_load(const uint8_t *p) {
  return _mm256_loadu_si256((const void *)p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm256_storeu_si256((void *)p, v);
}

static inline vec vec_fill(uint8_t octet) {
  return _mm256_set1_epi8((char)octet);
}

/* Four octets, over and over; the first is the lowest of the number. */
static inline vec vec_fill32(uint32_t octets) {
  return _mm256_set1_epi32((int)octets);
}

static inline vec vec_zero(void) {
  return _mm256_setzero_si256();
}

/* 16 octets, the same in each lane: for vec_look_up. */
static inline vec vec_table(const uint8_t table[16]) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table));
}

/* table[index & 15], or 0 where the index is 0x80 or more; lane by lane. */
static inline vec vec_look_up(vec table, vec index) {
  return _mm256_shuffle_epi8(table, index);
}

static inline vec vec_and(vec a, vec b) {
  return _mm256_and_si256(a, b);
}

static inline vec vec_or(vec a, vec b) {
  return _mm256_or_si256(a, b);
}

static inline vec vec_xor(vec a, vec b) {
  return _mm256_xor_si256(a, b);
}

static inline vec vec_add(vec a, vec b) {
  return _mm256_add_epi8(a, b);
}

static inline vec vec_sub(vec a, vec b) {
  return _mm256_sub_epi8(a, b);
}

/* Signed, and saturating. */
static inline vec vec_add_signed(vec a, vec b) {
  return _mm256_adds_epi8(a, b);
}

/* Unsigned, and saturating: 0 where b is more. */
static inline vec vec_sub_unsigned(vec a, vec b) {
  return _mm256_subs_epu8(a, b);
}

/* 16-bit products' high and low halves. */
static inline vec vec_multiply_high16(vec a, vec b) {
  return _mm256_mulhi_epu16(a, b);
}

static inline vec vec_multiply_low16(vec a, vec b) {
  return _mm256_mullo_epi16(a, b);
}

/* In each 32-bit part: `low` in its low half, `high` in its high half. */
static inline vec vec_fill16(uint16_t low, uint16_t high) {
  return _mm256_set1_epi32((int)((uint32_t)high << 16 | low));
}

/* 0xff where they are equal. */
static inline vec vec_equal(vec a, vec b) {
  return _mm256_cmpeq_epi8(a, b);
}

/* 0xff where a > b, as signed octets. */
static inline vec vec_greater(vec a, vec b) {
  return _mm256_cmpgt_epi8(a, b);
}

/* b where the mask octet's top bit is set, else a. */
static inline vec vec_blend(vec a, vec b, vec mask) {
  return _mm256_blendv_epi8(a, b, mask);
}

/* Each 16-bit part's bits four down. */
static inline vec vec_shift_right4(vec v) {
  return _mm256_srli_epi16(v, 4);
}

/* Each octet's high four bits. */
static inline vec vec_high_nibble(vec v) {
  return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
}

/* a without the bits of b. */
static inline vec vec_and_not(vec a, vec b) {
  return _mm256_andnot_si256(b, a);
}

/* The lesser, as unsigned octets. */
static inline vec vec_min(vec a, vec b) {
  return _mm256_min_epu8(a, b);
}

/* The lesser, as signed octets. */
static inline vec vec_min_signed(vec a, vec b) {
  return _mm256_min_epi8(a, b);
}

/* The sum of the unsigned octets. */
static inline uint32_t vec_sum(vec v) {
  __m256i quarters = _mm256_sad_epu8(v, _mm256_setzero_si256());
  __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(quarters), _mm256_extracti128_si256(quarters, 1));
  return (uint32_t)_mm_cvtsi128_si32(halves) + (uint32_t)_mm_extract_epi32(halves, 2);
}

/* What vec_load(p - 1) would be if `octet` stood there. */
static inline vec vec_load_after(const uint8_t *p, uint8_t octet) {
  __m128i low = _mm_slli_si128(_mm_loadu_si128((const void *)p), 1);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_or_si128(low, _mm_cvtsi32_si128(octet))),
                                 _mm_loadu_si128((const void *)(p + 15)), 1);
}

/* The octets' top bits, the first octet's lowest. */
static inline uint32_t vec_mask_high(vec v) {
  return (uint32_t)_mm256_movemask_epi8(v);
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
  return !_mm256_testz_si256(a, b);
}

/* The number of the lowest bit of a vec_mask; VEC: none. */
static inline uint32_t vec_first(uint32_t mask) {
  return _tzcnt_u32(mask);
}

/* The place of the first octet that is 0xff, the others being 0; VEC: none is. */
static inline uint32_t vec_place(vec v) {
  return vec_first(vec_mask(v));
}

/* Stores eight octets of `pairs`, with those of its other half that rows[mask] puts before them (insert.h). */
static inline uint8_t *store_inserted(uint8_t *p, __m128i pairs, uint32_t mask, const uint8_t rows[256][16]) {
  _mm_storeu_si128((void *)p, _mm_shuffle_epi8(pairs, _mm_loadu_si128((const void *)rows[mask])));
  return p + 8 + _mm_popcnt_u32(mask);
}

/* Stores v, with before[i] put before v[i] where bit i of the mask is set; the end of it. Up to 2 * VEC octets change. */
static inline uint8_t *vec_insert(uint8_t *p, vec v, vec before, uint32_t mask, const uint8_t rows[256][16]) {
  vec even = _mm256_unpacklo_epi64(v, before), odd = _mm256_unpackhi_epi64(v, before);
  p = store_inserted(p, _mm256_castsi256_si128(even), mask & 255, rows);
  p = store_inserted(p, _mm256_castsi256_si128(odd), mask >> 8 & 255, rows);
  p = store_inserted(p, _mm256_extracti128_si256(even, 1), mask >> 16 & 255, rows);
  return store_inserted(p, _mm256_extracti128_si256(odd, 1), mask >> 24, rows);
}

/* 0xff where the octet's bit is set in the mask. */
static inline vec vec_from_mask(uint32_t mask) {
  const vec octets = _mm256_shuffle_epi8(_mm256_set1_epi32((int)mask),
                                         _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
  const vec bits = _mm256_set1_epi64x((int64_t)0x8040201008040201);
  return _mm256_cmpeq_epi8(_mm256_and_si256(octets, bits), bits);
}

/* 16 times each octet, modulo 256. */
static inline vec vec_to_high_nibble(vec v) {
  return _mm256_and_si256(_mm256_slli_epi16(v, 4), _mm256_set1_epi8(-16));
}

/* 0xff where the octet is in a set of octets below 128: bit h of set[l] is set where 16 h + l is in it. */
static inline vec vec_within(vec v, vec set) {
  const vec bits = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1, 1, 2, 4, 8, 16, 32, 64,
                                    -128, -1, -1, -1, -1, -1, -1, -1, -1);
  const vec bit = _mm256_shuffle_epi8(bits, vec_high_nibble(v));
  return _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(set, v), bit), bit);
}

/* 0xff where the octet is printable ASCII or TAB. */
static inline vec vec_plain(vec v) {
  return vec_or(vec_greater(vec_add(v, vec_fill(1)), vec_fill(' ')), vec_equal(v, vec_fill('\t')));
}

/* Stores eight octets of `pairs`, with those of its other half and marks as rows[mask] has them (quoted_printable_encode.h). */
static inline uint8_t *store_marked(uint8_t *p, vec pairs, vec mark, uint32_t mask, const uint8_t rows[256][32]) {
  const vec row = _mm256_loadu_si256((const void *)rows[mask]);
  _mm256_storeu_si256((void *)p, _mm256_xor_si256(_mm256_shuffle_epi8(pairs, row), mark));
  return p + 8 + 2 * (size_t)__builtin_popcountll(mask);
}

/*
 * Stores v; where bit i of the mask is set a mark, v[i] and second[i]. The end of it. Up to 32 octets behind it change. A
 * row of 24 octets takes eight: the shuffle makes 0 of a mark, so that all is stored as its difference from one.
 */
static inline uint8_t *vec_mark(uint8_t *p, vec v, vec second, uint8_t octet, uint32_t mask, const uint8_t rows[256][32]) {
  const vec mark = _mm256_set1_epi8((char)octet);
  v = _mm256_xor_si256(v, mark);
  second = _mm256_xor_si256(second, mark);
  const vec even = _mm256_unpacklo_epi64(v, second), odd = _mm256_unpackhi_epi64(v, second);
  p = store_marked(p, _mm256_permute4x64_epi64(even, 0x44), mark, mask & 255, rows);
  p = store_marked(p, _mm256_permute4x64_epi64(odd, 0x44), mark, mask >> 8 & 255, rows);
  p = store_marked(p, _mm256_permute4x64_epi64(even, 0xee), mark, mask >> 16 & 255, rows);
  return store_marked(p, _mm256_permute4x64_epi64(odd, 0xee), mark, mask >> 24, rows);
}

/* Stores the octets whose bits are set in `keep`; the end of them. Up to VEC octets change. rows: quoted_printable_regular.h. */
static inline uint8_t *vec_keep(uint8_t *p, vec v, uint32_t keep, const uint64_t rows[256]) {
  const uint64_t *a = rows + (keep & 255), *b = rows + (keep >> 8 & 255), *c = rows + (keep >> 16 & 255),
                 *d = rows + (keep >> 24);
  const __m128i low = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)a), _mm_loadl_epi64((const void *)b));
  const __m128i high = _mm_unpacklo_epi64(_mm_loadl_epi64((const void *)c), _mm_loadl_epi64((const void *)d));
  const __m256i second = _mm256_setr_epi64x(0, 0x0808080808080808, 0, 0x0808080808080808);
  v = _mm256_shuffle_epi8(v, _mm256_or_si256(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), second));
  const __m128i v0 = _mm256_castsi256_si128(v), v1 = _mm256_extracti128_si256(v, 1);
  _mm_storel_epi64((void *)p, v0);
  p += _mm_popcnt_u32(keep & 255);
  _mm_storel_epi64((void *)p, _mm_unpackhi_epi64(v0, v0));
  p += _mm_popcnt_u32(keep >> 8 & 255);
  _mm_storel_epi64((void *)p, v1);
  p += _mm_popcnt_u32(keep >> 16 & 255);
  _mm_storel_epi64((void *)p, _mm_unpackhi_epi64(v1, v1));
  return p + _mm_popcnt_u32(keep >> 24);
}

/* ---- Blocks of 64 octets ---- */

struct block {
  vec a, b;
};

static inline struct block block_load(const uint8_t *p) {
  return (struct block){vec_load(p), vec_load(p + 32)};
}

/* The block's vectors, the first octets' first. */
static inline void block_split(struct block v, vec parts[2]) {
  parts[0] = v.a;
  parts[1] = v.b;
}

/* The octets' top bits, the first octet's lowest. */
static inline uint64_t block_mask(struct block v) {
  return vec_mask_high(v.a) | (uint64_t)vec_mask_high(v.b) << 32;
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
  return (struct block){_mm256_set_m128i(load_part(src, n, i + 16), load_part(src, n, i)),
                        _mm256_set_m128i(load_part(src, n, i + 48), load_part(src, n, i + 32))};
}

/* One octet on: the first is left out, the last is 0. */
static inline struct block block_shift(struct block v) {
  return (struct block){_mm256_alignr_epi8(_mm256_permute2x128_si256(v.a, v.b, 0x21), v.a, 1),
                        _mm256_alignr_epi8(_mm256_permute2x128_si256(v.b, v.b, 0x81), v.b, 1)};
}

static inline uint64_t block_equal(struct block v, vec octet) {
  return block_mask((struct block){vec_equal(v.a, octet), vec_equal(v.b, octet)});
}

/* Where the octet is in `set`, a table that holds each member (below 0x80) at its low nibble, and 0x80 where it has none. */
static inline uint64_t block_members(struct block v, vec set) {
  return block_mask((struct block){vec_equal(v.a, vec_look_up(set, v.a)), vec_equal(v.b, vec_look_up(set, v.b))});
}

static inline void block_store(uint8_t *p, struct block v) {
  vec_store(p, v.a);
  vec_store(p + 32, v.b);
}

/* Where the octet is more, as a signed one. */
static inline uint64_t block_greater(struct block v, vec octet) {
  return block_mask((struct block){vec_greater(v.a, octet), vec_greater(v.b, octet)});
}

/* Where the octet is `first` and the one behind it, in `next`, is `second`. */
static inline uint64_t block_pairs(struct block v, vec first, struct block next, vec second) {
  return block_mask((struct block){vec_and(vec_equal(v.a, first), vec_equal(next.a, second)),
                                   vec_and(vec_equal(v.b, first), vec_equal(next.b, second))});
}

/* Where vec_within() has it. */
static inline uint64_t block_within(struct block v, vec set) {
  return block_mask((struct block){vec_within(v.a, set), vec_within(v.b, set)});
}

static inline uint64_t block_plain(struct block v) {
  return block_mask((struct block){vec_plain(v.a), vec_plain(v.b)});
}

/* vec_within() of each octet, and where a blank that is `plain` stands before `end`: `ahead` begins one octet behind v. */
static inline struct block block_vec_within(struct block v, vec set) {
  return (struct block){vec_within(v.a, set), vec_within(v.b, set)};
}

static inline vec vec_blanks_before(vec v, vec plain, vec ahead, vec end) {
  return vec_and(vec_equal(ahead, end), vec_and_not(plain, vec_greater(v, vec_fill(' '))));
}

static inline uint64_t block_blanks_before(struct block v, struct block plain, struct block ahead, vec end) {
  return block_mask(
      (struct block){vec_blanks_before(v.a, plain.a, ahead.a, end), vec_blanks_before(v.b, plain.b, ahead.b, end)});
}

/* Stores the octets whose bits are set in `keep`; the end of them. Up to 64 octets change. rows: quoted_printable_regular.h. */
static inline uint8_t *block_keep(uint8_t *p, const vec parts[2], uint64_t keep, const uint64_t rows[256]) {
  for (unsigned i = 0; i < 2; i++) p = vec_keep(p, parts[i], (uint32_t)(keep >> i * VEC), rows);
  return p;
}

/* ---- Masks ---- */

/* The bits that are set. */
static inline unsigned mask_count(uint64_t mask) {
  return (unsigned)__builtin_popcountll(mask);
}

#endif
