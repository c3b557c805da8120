/* shared/masks.h: places in a mask of 64 octets, the first octet's bit lowest. vec.h has mask_count, the bits that are set. */
#ifndef CTE_SRC_SHARED_MASKS_H
#define CTE_SRC_SHARED_MASKS_H

#include <stdint.h>

/* The lowest bit that is set; 63 when none is. */
static inline unsigned mask_first(uint64_t mask) {
  return (unsigned)__builtin_ctzll(mask | UINT64_C(1) << 63);
}

/* The highest bit that is set, of one that is. */
static inline unsigned mask_last(uint64_t mask) {
  return 63 - (unsigned)__builtin_clzll(mask);
}

/* The bits below the lowest that is set; 64 when none is. An int: gcc 12 sees one instruction in it so. */
static inline int mask_length(uint64_t mask) {
  return mask == 0 ? 64 : __builtin_ctzll(mask);
}

/* The bits above the highest that is set; 64 when none is. */
static inline int mask_above(uint64_t mask) {
  return mask == 0 ? 64 : __builtin_clzll(mask);
}

#endif
