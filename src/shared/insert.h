/*
 * insert.h: how to put an octet before each of some of eight octets. The row of a mask lists, for each bit i, 8 + i if it
 * is set, then i: a shuffle of the eight octets (0 .. 7) and what to put before each (8 .. 15). The rest is 0.
 */
#ifndef CTE_SRC_SHARED_INSERT_H
#define CTE_SRC_SHARED_INSERT_H

#include <stdint.h>

#define OCTET_0(i) i
#define OCTET_1(i) 8 + i, i
#define ROW(h, g, f, e, d, c, b, a)                                                                                         \
  { OCTET_##a(0), OCTET_##b(1), OCTET_##c(2), OCTET_##d(3), OCTET_##e(4), OCTET_##f(5), OCTET_##g(6), OCTET_##h(7) }

/* All masks in order, highest bit first. */
#define ROWS_2(...)   ROW(__VA_ARGS__, 0), ROW(__VA_ARGS__, 1)
#define ROWS_4(...)   ROWS_2(__VA_ARGS__, 0), ROWS_2(__VA_ARGS__, 1)
#define ROWS_8(...)   ROWS_4(__VA_ARGS__, 0), ROWS_4(__VA_ARGS__, 1)
#define ROWS_16(...)  ROWS_8(__VA_ARGS__, 0), ROWS_8(__VA_ARGS__, 1)
#define ROWS_32(...)  ROWS_16(__VA_ARGS__, 0), ROWS_16(__VA_ARGS__, 1)
#define ROWS_64(...)  ROWS_32(__VA_ARGS__, 0), ROWS_32(__VA_ARGS__, 1)
#define ROWS_128(...) ROWS_64(__VA_ARGS__, 0), ROWS_64(__VA_ARGS__, 1)
#define ROWS_256      ROWS_128(0), ROWS_128(1)

static const uint8_t insert_rows[256][16] = {ROWS_256};

#endif
