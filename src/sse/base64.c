/* sse/base64.c: base64 by vectors of 16 characters. */
#include "../kernels.h"
#include "vec.h"

/* Four times three octets as [1 0 2 1], from octet `first` on. */
#define SPREAD(first)                                                                                                       \
  (first) + 1, (first), (first) + 2, (first) + 1, (first) + 4, (first) + 3, (first) + 5, (first) + 4, (first) + 7,          \
      (first) + 6, (first) + 8, (first) + 7, (first) + 10, (first) + 9, (first) + 11, (first) + 10

/* Three octets in each 32-bit part, as [1 0 2 1]. Reads src[0..12). */
static inline vec spread(const uint8_t *src) {
  const __m128i low = _mm_loadl_epi64((const void *)src), high = _mm_loadl_epi64((const void *)(src + 4));
  return _mm_shuffle_epi8(_mm_unpacklo_epi64(low, high), _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 12, 7, 14, 13, 15, 14));
}

/* How far spread_inside reads before and behind the octets it spreads. */
enum { INSIDE_BEFORE = 0, INSIDE_BEHIND = 4 };

/* The same with one load. */
static inline vec spread_inside(const uint8_t *src) {
  return _mm_shuffle_epi8(vec_load(src), _mm_setr_epi8(SPREAD(0)));
}

/* 16 sextets as twelve octets. */
static inline vec pack(vec sextets) {
  const vec pairs = _mm_maddubs_epi16(sextets, _mm_set1_epi32(0x01400140));
  const vec quanta = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
  return _mm_shuffle_epi8(quanta, _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
}

/* What put_packed may write: 12 octets and slack. */
enum { PACKED = 16 };

/* Stores 16 sextets as 12 octets. */
static inline void put_packed(uint8_t *dst, vec sextets) {
  vec_store(dst, pack(sextets));
}

/* The same without slack. */
static inline void put_packed_only(uint8_t *dst, vec sextets) {
  const vec packed = pack(sextets);
  _mm_storel_epi64((void *)dst, packed);
  _mm_storeu_si32((void *)(dst + 8), _mm_shuffle_epi32(packed, 2));
}

/* Part i is what part (i + parts) % 4 was, parts of 32 bits. */
static inline vec rotate(vec v, size_t parts) {
  static const uint8_t from[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return _mm_shuffle_epi8(v, _mm_loadu_si128((const void *)(from + 4 * parts)));
}

#include "../shared/base64_decode.h"
#include "../shared/base64_encode.h"

const struct base64_kernels cte_sse_base64 = {encode, decode, encode_whole_line, decode_whole_line};
