/* libetpan.c: libEtPan's decoders, which allocate what they give. */
#include "workload.h"

#include <libetpan/libetpan.h>
#include <string.h>

typedef int parser(const char *message, size_t length, size_t *index, char **result, size_t *size);

static size_t decode(parser *parse, const uint8_t *src, size_t n, uint8_t *dst) {
  char *result;
  size_t index = 0, size = 0;
  if (parse((const char *)src, n, &index, &result, &size) != MAILIMF_NO_ERROR) return 0;
  memcpy(dst, result, size);
  mailmime_decoded_part_free(result);
  return size;
}

static int qp_parse(const char *message, size_t length, size_t *index, char **result, size_t *size) {
  return mailmime_quoted_printable_body_parse(message, length, index, result, size, 0);
}

static size_t base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return decode(mailmime_base64_body_parse, src, n, dst);
}

static size_t qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return decode(qp_parse, src, n, dst);
}

const struct workload libetpan_workloads[] = {
    {"base64_decode_folded", "libetpan", base64_decode, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"qp_decode", "libetpan", qp_decode, qp_text, ON_TEXTS, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
