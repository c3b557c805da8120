/* libbase64.c: aklomp's libbase64. It knows no line ends. */
#include "workload.h"

#include <libbase64.h>

static size_t encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  size_t written;
  (void)cap;
  base64_encode((const char *)src, n, (char *)dst, &written, 0);
  return written;
}

static size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  size_t written;
  (void)cap;
  return base64_decode((const char *)src, n, (char *)dst, &written, 0) == 1 ? written : 0;
}

const struct workload libbase64_workloads[] = {
    {"base64_encode_flat", "libbase64", encode, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_decode_flat", "libbase64", decode, base64_flat_text, ON_SIZES, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
