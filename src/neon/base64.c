/* neon/base64.c: base64 by vectors of 16 characters. */
#include "../kernels.h"
#include "vec.h"

/* Three octets in each 32-bit part, as [1 0 2 1]. Reads src[0..12). */
static inline vec spread(const uint8_t *src) {
  static const uint8_t from[16] = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 12, 7, 14, 13, 15, 14};
  return vqtbl1q_u8(vcombine_u8(vld1_u8(src), vld1_u8(src + 4)), vld1q_u8(from));
}

/* How far spread_inside reads before and behind the octets it spreads. */
enum { INSIDE_BEFORE = 0, INSIDE_BEHIND = 4 };

/* The same with one load. */
static inline vec spread_inside(const uint8_t *src) {
  static const uint8_t from[16] = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  return vqtbl1q_u8(vec_load(src), vld1q_u8(from));
}

/* 16 sextets as twelve octets: pairs of them in 16 bits, the first of them highest, then quanta in 32. */
static inline vec pack(vec sextets) {
  static const uint8_t from[16] = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255};
  /* What each shift leaves above its sum the next one, and the shuffle, drop. */
  const uint16x8_t v = vreinterpretq_u16_u8(sextets);
  const uint32x4_t pairs = vreinterpretq_u32_u16(vsliq_n_u16(vshrq_n_u16(v, 8), v, 6));
  const uint32x4_t quanta = vsliq_n_u32(vshrq_n_u32(pairs, 16), pairs, 12);
  return vqtbl1q_u8(vreinterpretq_u8_u32(quanta), vld1q_u8(from));
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
  const uint32_t last = vgetq_lane_u32(vreinterpretq_u32_u8(packed), 2);
  vst1_u8(dst, vget_low_u8(packed));
  memcpy(dst + 8, &last, 4);
}

/* Part i is what part (i + parts) % 4 was, parts of 32 bits. */
static inline vec rotate(vec v, size_t parts) {
  static const uint8_t from[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return vqtbl1q_u8(v, vld1q_u8(from + 4 * parts));
}

#include "../shared/base64_decode.h"
#include "../shared/base64_encode.h"

const struct base64_kernels cte_neon_base64 = {encode, decode};
