/* glib.c: GLib's base64. Its folded lines end in LF. */
#include "workload.h"

#include <glib.h>

static size_t encode(const uint8_t *src, size_t n, uint8_t *dst, gboolean lines) {
  int state = 0, save = 0;
  size_t written = g_base64_encode_step(src, n, lines, (char *)dst, &state, &save);
  return written + g_base64_encode_close(lines, (char *)dst + written, &state, &save);
}

static size_t encode_flat(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return encode(src, n, dst, FALSE);
}

static size_t encode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return encode(src, n, dst, TRUE);
}

static size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  int state = 0;
  unsigned save = 0;
  return g_base64_decode_step((const char *)src, n, dst, &state, &save);
}

const struct workload glib_workloads[] = {
    {"base64_encode_flat", "glib", encode_flat, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_encode_folded", "glib", encode_folded, NULL, ON_SIZES, OWN_FORM},
    {"base64_decode_flat", "glib", decode, base64_flat_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_folded", "glib", decode, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_lines", "glib", decode, NULL, ON_LINES, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
