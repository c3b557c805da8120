// simdutf.cc: simdutf's base64. It has no folded encoder; its decoder skips white space.
#include "workload.h"

#include <simdutf.h>

namespace {

size_t encode(const uint8_t *src, size_t n, uint8_t *dst, size_t) {
  return simdutf::binary_to_base64(reinterpret_cast<const char *>(src), n, reinterpret_cast<char *>(dst));
}

size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  size_t written = cap;
  const auto done =
      simdutf::base64_to_binary_safe(reinterpret_cast<const char *>(src), n, reinterpret_cast<char *>(dst), written);
  return done.error == simdutf::error_code::SUCCESS ? written : 0;
}

} // namespace

extern "C" const struct workload simdutf_workloads[] = {
    {"base64_encode_flat", "simdutf", encode, nullptr, ON_SIZES, SAME_OCTETS},
    {"base64_decode_flat", "simdutf", decode, base64_flat_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_folded", "simdutf", decode, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_lines", "simdutf", decode, nullptr, ON_LINES, SAME_OCTETS},
    {nullptr, nullptr, nullptr, nullptr, 0, 0},
};
