/*
 * avx512/vec.h: AVX-512 vectors of 64 octets (F, BW, VL, VBMI, VBMI2), and their masks: the first octet's bit is the lowest.
 * A masked load or store touches no octet but those of its mask: so there are no tails, and no slack.
 */
#ifndef CTE_SRC_AVX512_VEC_H
#define CTE_SRC_AVX512_VEC_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m512i vec;

enum { VEC = 64 };

static inline size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* ---- Masks ---- */

/* The first n octets; all of them from VEC on. */
static inline uint64_t mask_of(size_t n) {
  return n < VEC ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* The bits below the lowest that is set; 64 when none is. */
static inline unsigned mask_length(uint64_t mask) {
  return mask == 0 ? 64 : (unsigned)__builtin_ctzll(mask);
}

/* The lowest bit that is set, of one that is. */
static inline unsigned mask_first(uint64_t mask) {
  return (unsigned)__builtin_ctzll(mask);
}

/* The bits above the highest that is set, of one that is. */
static inline unsigned mask_above(uint64_t mask) {
  return (unsigned)__builtin_clzll(mask);
}

static inline unsigned mask_count(uint64_t mask) {
  return (unsigned)__builtin_popcountll(mask);
}

/* ---- Vectors ---- */

static inline vec vec_load(const uint8_t *p) {
  return _mm512_loadu_si512((const void *)p);
}

static inline void vec_store(uint8_t *p, vec v) {
  _mm512_storeu_si512((void *)p, v);
}

/* The octets of the mask; the others are 0. */
static inline vec vec_load_some(const uint8_t *p, uint64_t mask) {
  return _mm512_maskz_loadu_epi8(mask, (const void *)p);
}

static inline void vec_store_some(uint8_t *p, uint64_t mask, vec v) {
  _mm512_mask_storeu_epi8((void *)p, mask, v);
}

static inline vec vec_fill(uint8_t octet) {
  return _mm512_set1_epi8((char)octet);
}

static inline uint64_t vec_equal(vec a, vec b) {
  return _mm512_cmpeq_epi8_mask(a, b);
}

/* The octets' top bits. */
static inline uint64_t vec_high(vec v) {
  return _mm512_movepi8_mask(v);
}

#endif
