/* nettle.c: Nettle's base64. It has no folded encoder; its decoder skips line ends. */
#include "workload.h"

#include <nettle/base64.h>

static size_t encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  base64_encode_raw((char *)dst, n, src);
  return BASE64_ENCODE_RAW_LENGTH(n);
}

static size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  struct base64_decode_ctx context;
  size_t written = cap;
  base64_decode_init(&context);
  return base64_decode_update(&context, &written, dst, n, (const char *)src) ? written : 0;
}

const struct workload nettle_workloads[] = {
    {"base64_encode_flat", "nettle", encode, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_decode_flat", "nettle", decode, base64_flat_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_folded", "nettle", decode, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_lines", "nettle", decode, NULL, ON_LINES, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
