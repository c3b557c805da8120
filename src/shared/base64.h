/* shared/base64.h: what the vector kernels of base64 share. */
#ifndef CTE_SRC_SHARED_BASE64_H
#define CTE_SRC_SHARED_BASE64_H

#include <string.h>

#include "../hints.h"
#include "masks.h"

/* Octets that are VEC characters. */
enum { OCTETS = VEC / 4 * 3 };

static inline size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Of 76 columns 19 vectors are VEC / 4 lines. */
enum { MIME = 76, CYCLE = 19, CYCLE_LINES = VEC / 4 };

/* The characters of so many vectors hold a line of 76. */
enum { LINE_VECTORS = (MIME + VEC - 1) / VEC, LINE_MOST = LINE_VECTORS * VEC };

#endif
