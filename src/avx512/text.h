/*
 * avx512/text.h: for the drivers of text vectors of 32 octets, and blocks of 64 that are one register: masks come
 * of comparisons, octets are kept by vpcompressb.
 */
#ifndef CTE_SRC_AVX512_TEXT_H
#define CTE_SRC_AVX512_TEXT_H

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

/* What vec_load(p - 1) would be if `octet` stood there. */
static inline vec vec_load_after(const uint8_t *p, uint8_t octet) {
  return _mm256_mask_expandloadu_epi8(_mm256_set1_epi8((char)octet), ~UINT32_C(1), (const void *)p);
}

static inline vec vec_zero(void) {
  return _mm256_setzero_si256();
}

static inline vec vec_fill(uint8_t octet) {
  return _mm256_set1_epi8((char)octet);
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

/* a without the bits of b. */
static inline vec vec_and_not(vec a, vec b) {
  return _mm256_andnot_si256(b, a);
}

/* True when a & b is not all zero. */
static inline bool vec_any(vec a, vec b) {
  return !_mm256_testz_si256(a, b);
}

/* The number of the lowest bit of a vec_mask; VEC: none. */
static inline uint32_t vec_first(uint32_t mask) {
  return _tzcnt_u32(mask);
}

static inline vec vec_add(vec a, vec b) {
  return _mm256_add_epi8(a, b);
}

static inline vec vec_sub(vec a, vec b) {
  return _mm256_sub_epi8(a, b);
}

/* Unsigned, and saturating: 0 where b is more. */
static inline vec vec_sub_unsigned(vec a, vec b) {
  return _mm256_subs_epu8(a, b);
}

/* 0xff where they are equal. A mask register costs twice as much: clang is not to make one of it. */
static inline vec vec_equal(vec a, vec b) {
  vec equal = _mm256_cmpeq_epi8(a, b);
#ifdef __clang__
  __asm__("" : "+v"(equal));
#endif
  return equal;
}

/* 0xff where a > b, as signed octets. */
static inline vec vec_greater(vec a, vec b) {
  return _mm256_cmpgt_epi8(a, b);
}

/* b where the mask octet's top bit is set, else a. */
static inline vec vec_blend(vec a, vec b, vec mask) {
  return _mm256_blendv_epi8(a, b, mask);
}

/* Each octet's high four bits. */
static inline vec vec_high_nibble(vec v) {
  return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
}

/* 16 times each octet, modulo 256. */
static inline vec vec_to_high_nibble(vec v) {
  return _mm256_and_si256(_mm256_slli_epi16(v, 4), _mm256_set1_epi8(-16));
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
  const __m256i quarters = _mm256_sad_epu8(v, _mm256_setzero_si256());
  const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(quarters), _mm256_extracti128_si256(quarters, 1));
  return (uint32_t)_mm_cvtsi128_si32(halves) + (uint32_t)_mm_extract_epi32(halves, 2);
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

/* The place of the first octet that is 0xff, the others being 0; VEC: none is. */
static inline uint32_t vec_place(vec v) {
  return vec_first(vec_mask(v));
}

/* Stores the octets whose bits are set in `keep`; the end of them. Up to VEC octets change. Other ISAs need `rows`. */
static inline uint8_t *vec_keep(uint8_t *p, vec v, uint32_t keep, const uint64_t rows[256]) {
  (void)rows;
  _mm256_storeu_si256((void *)p, _mm256_maskz_compress_epi8(keep, v));
  return p + _mm_popcnt_u32(keep);
}

/* Takes the lowest of the places that are left; each of the others is moved on by it. */
static inline uint64_t next_place(uint64_t *left) {
  const uint64_t place = *left & (0 - *left);
  *left = (*left ^ place) << 1;
  return place;
}

/* The places of octets that are put before those of the mask. Two, or three, are taken without a branch. */
static inline uint64_t places_before(uint32_t mask, bool three) {
  uint64_t left = mask, places = next_place(&left);
  places |= next_place(&left);
  if (three) places |= next_place(&left);
  while (left != 0) places |= next_place(&left);
  return places;
}

/* Stores v, with before[i] put before v[i] where bit i of the mask is set; the end of it. Up to 2 * VEC octets change. */
static inline uint8_t *vec_insert(uint8_t *p, vec v, vec before, uint32_t mask, const uint8_t rows[256][16]) {
  (void)rows;
  const uint64_t places = places_before(mask, true);
  /* What is put before an octet takes its place's turn; behind it the octet itself is none. */
  const __m512i in_places = _mm512_maskz_expand_epi8(~(places << 1) | places, _mm512_castsi256_si512(before));
  const __m512i octets = _mm512_mask_expand_epi8(in_places, ~places, _mm512_castsi256_si512(v));
  _mm512_storeu_si512((void *)p, octets);
  return p + VEC + _mm_popcnt_u32(mask);
}

#define VEC_STUFFS

/* Stores v, which stands at src, with the '.' of each bit doubled: the end of it. Up to 2 * VEC octets change. */
static inline uint8_t *store_stuffed(uint8_t *dst, const uint8_t *src, vec v, uint32_t dots) {
  (void)src;
  const __m512i octets =
      _mm512_mask_expand_epi8(_mm512_set1_epi8('.'), ~places_before(dots, false), _mm512_castsi256_si512(v));
  _mm512_storeu_si512((void *)dst, octets);
  return dst + VEC + _mm_popcnt_u32(dots);
}

/* Stores v, which stands at src, without the '.' of each bit: the end of it. Up to VEC octets change. */
static inline uint8_t *store_unstuffed(uint8_t *dst, const uint8_t *src, vec v, uint32_t dots) {
  (void)src;
  vec_store(dst, _mm256_maskz_compress_epi8(~dots, v));
  return dst + VEC - _mm_popcnt_u32(dots);
}

/* ---- Blocks of 64 octets ---- */

struct block {
  __m512i v;
};

/* The vector in both halves. */
static inline __m512i twice(vec v) {
  return _mm512_broadcast_i64x4(v);
}

static inline struct block block_load(const uint8_t *p) {
  return (struct block){_mm512_loadu_si512((const void *)p)};
}

static inline void block_store(uint8_t *p, struct block v) {
  _mm512_storeu_si512((void *)p, v.v);
}

/* The block as vectors. */
static inline void block_split(struct block v, vec parts[2]) {
  parts[0] = _mm512_castsi512_si256(v.v);
  parts[1] = _mm512_extracti64x4_epi64(v.v, 1);
}

/* The octets' top bits, the first octet's lowest. */
static inline uint64_t block_mask(struct block v) {
  return _mm512_movepi8_mask(v.v);
}

/* The block at src + i, zeros behind src + n. Nothing else is loaded. */
static inline struct block block_load_part(const uint8_t *src, size_t n, size_t i) {
  const size_t left = i < n ? n - i : 0;
  const uint64_t there = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
  return (struct block){_mm512_maskz_loadu_epi8(there, (const void *)(src + (i < n ? i : n)))};
}

/* One octet on: the first is left out, the last is 0. */
static inline struct block block_shift(struct block v) {
  const __m512i next = _mm512_maskz_alignr_epi64(0x7f, v.v, v.v, 1);
  return (struct block){_mm512_or_si512(_mm512_srli_epi64(v.v, 8), _mm512_slli_epi64(next, 56))};
}

static inline uint64_t block_equal(struct block v, vec octet) {
  return _mm512_cmpeq_epi8_mask(v.v, twice(octet));
}

/* Where the octet is more, as a signed one. */
static inline uint64_t block_greater(struct block v, vec octet) {
  return _mm512_cmpgt_epi8_mask(v.v, twice(octet));
}

/* Where the octet is `first` and the one behind it, in `next`, is `second`. */
static inline uint64_t block_pairs(struct block v, vec first, struct block next, vec second) {
  return _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(v.v, twice(first)), next.v, twice(second));
}

/* Where vec_within() has it. */
static inline uint64_t block_within(struct block v, vec set) {
  const __m512i bits = _mm512_broadcast_i32x4(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m512i high = _mm512_and_si512(_mm512_srli_epi16(v.v, 4), _mm512_set1_epi8(15));
  const __m512i bit = _mm512_shuffle_epi8(bits, high);
  return _mm512_cmpeq_epi8_mask(_mm512_and_si512(_mm512_shuffle_epi8(twice(set), v.v), bit), bit);
}

/* Where the octet is printable ASCII or TAB. */
static inline uint64_t block_plain(struct block v) {
  const __m512i printable = _mm512_sub_epi8(v.v, _mm512_set1_epi8(' '));
  return _mm512_cmplt_epu8_mask(printable, _mm512_set1_epi8(127 - ' ')) |
         _mm512_cmpeq_epi8_mask(v.v, _mm512_set1_epi8('\t'));
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
