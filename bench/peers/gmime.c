/* gmime.c: GMime's encodings and filters. Its encoders write LF. */
#include "workload.h"

#include <gmime/gmime.h>

static size_t convert(GMimeContentEncoding encoding, gboolean encode, const uint8_t *src, size_t n, uint8_t *dst) {
  GMimeEncoding state;
  if (encode)
    g_mime_encoding_init_encode(&state, encoding);
  else
    g_mime_encoding_init_decode(&state, encoding);
  return g_mime_encoding_flush(&state, (const char *)src, n, (char *)dst);
}

static size_t base64_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return convert(GMIME_CONTENT_ENCODING_BASE64, TRUE, src, n, dst);
}

static size_t base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return convert(GMIME_CONTENT_ENCODING_BASE64, FALSE, src, n, dst);
}

static size_t qp_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return convert(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, TRUE, src, n, dst);
}

static size_t qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return convert(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, FALSE, src, n, dst);
}

/* Filters do not write to their input, whatever the type says. */
static size_t filter(GMimeFilter *f, const uint8_t *src, size_t n) {
  char *out;
  size_t size, room;
  g_mime_filter_complete(f, (char *)(uintptr_t)src, n, 0, &out, &size, &room);
  return size;
}

static size_t lines(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  GMimeFilter *best = g_mime_filter_best_new(GMIME_FILTER_BEST_ENCODING);
  filter(best, src, n);
  size_t encoding = g_mime_filter_best_encoding((GMimeFilterBest *)best, GMIME_ENCODING_CONSTRAINT_8BIT);
  g_object_unref(best);
  return encoding;
}

static size_t dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  GMimeFilter *data = g_mime_filter_smtp_data_new();
  size_t size = filter(data, src, n);
  g_object_unref(data);
  return size;
}

const struct workload gmime_workloads[] = {
    {"base64_encode_folded", "gmime", base64_encode, NULL, ON_SIZES, OWN_FORM},
    {"base64_decode_folded", "gmime", base64_decode, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"base64_decode_lines", "gmime", base64_decode, NULL, ON_LINES, SAME_OCTETS},
    {"qp_encode", "gmime", qp_encode, NULL, ON_TEXTS, OWN_FORM},
    {"qp_decode", "gmime", qp_decode, qp_text, ON_TEXTS, SAME_OCTETS},
    {"lines_count", "gmime", lines, NULL, ON_TEXTS, OWN_FORM},
    {"smtp_write", "gmime", dots, NULL, ON_PROSE, OWN_FORM},
    {NULL, NULL, NULL, NULL, 0, 0},
};
