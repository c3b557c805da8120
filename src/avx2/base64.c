/* avx2/base64.c: base64 by vectors of 32 characters. */
#include <string.h>

#include "../kernels.h"
#include "vec.h"

/* In each lane four times three octets as [1 0 2 1], from octet `first` of the lane on. */
#define SPREAD(first)                                                                                                       \
  (first) + 1, (first), (first) + 2, (first) + 1, (first) + 4, (first) + 3, (first) + 5, (first) + 4, (first) + 7,          \
      (first) + 6, (first) + 8, (first) + 7, (first) + 10, (first) + 9, (first) + 11, (first) + 10

/* Three octets in each 32-bit part, as [1 0 2 1]. Reads src[0..24). */
static inline vec spread(const uint8_t *src) {
  const __m128i low = _mm_loadu_si128((const void *)src), high = _mm_loadu_si128((const void *)(src + 8));
  return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1),
                             _mm256_setr_epi8(SPREAD(0), SPREAD(4)));
}

/* How far spread_inside reads before and behind the octets it spreads. */
enum { INSIDE_BEFORE = 4, INSIDE_BEHIND = 4 };

/* The same with one load. */
static inline vec spread_inside(const uint8_t *src) {
  return _mm256_shuffle_epi8(vec_load(src - INSIDE_BEFORE), _mm256_setr_epi8(SPREAD(4), SPREAD(0)));
}

/* 32 sextets as twelve octets a lane. */
static inline vec pack(vec sextets) {
  const vec pairs = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
  const vec quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  return _mm256_shuffle_epi8(quanta, _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5,
                                                      4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
}

/* What put_packed may write: 24 octets and slack. */
enum { PACKED = 28 };

/* Stores 32 sextets as 24 octets. */
static inline void put_packed(uint8_t *dst, vec sextets) {
  const vec lanes = pack(sextets);
  _mm_storeu_si128((void *)dst, _mm256_castsi256_si128(lanes));
  _mm_storeu_si128((void *)(dst + 12), _mm256_extracti128_si256(lanes, 1));
}

/* The same without slack. */
static inline void put_packed_only(uint8_t *dst, vec sextets) {
  const vec lanes = pack(sextets);
  const __m128i high = _mm256_extracti128_si256(lanes, 1);
  const int last = _mm_extract_epi32(high, 2);
  _mm_storeu_si128((void *)dst, _mm256_castsi256_si128(lanes));
  _mm_storel_epi64((void *)(dst + 12), high);
  memcpy(dst + 20, &last, 4);
}

/* Part i is what part (i + parts) % 8 was, parts of 32 bits. */
static inline vec rotate(vec v, size_t parts) {
  static const uint32_t from[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
  return _mm256_permutevar8x32_epi32(v, _mm256_loadu_si256((const void *)(from + parts)));
}

#include "../shared/base64_decode.h"
#include "../shared/base64_encode.h"

const struct base64_kernels cte_avx2_base64 = {encode, decode, encode_whole_line, decode_whole_line};
