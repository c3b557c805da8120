/* base64.c: base64 flat and folded as mail has it, with libcte. */
#include "workload.h"

#include <cte/base64.h>

static const cte_base64_encode_options encode_flat = CTE_BASE64_ENCODE_FLAT;
static const cte_base64_decode_options decode_strict = CTE_BASE64_DECODE_STRICT;

size_t base64_flat_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_base64_encode(src, n, dst, cap, &encode_flat).written;
}

size_t base64_folded_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_base64_encode(src, n, dst, cap, NULL).written;
}

static size_t decode_flat(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_base64_decode(src, n, dst, cap, &decode_strict).written;
}

static size_t decode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_base64_decode(src, n, dst, cap, NULL).written;
}

const struct workload base64_workloads[] = {
    {"base64_encode_flat", "cte", base64_flat_text, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_encode_folded", "cte", base64_folded_text, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_decode_flat", "cte", decode_flat, base64_flat_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_folded", "cte", decode_folded, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_lines", "cte", decode_folded, NULL, ON_LINES, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
