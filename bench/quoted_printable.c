/* quoted_printable.c: quoted-printable of text, with libcte. */
#include "workload.h"

#include <cte/quoted_printable.h>

size_t qp_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_qp_encode(src, n, dst, cap, NULL).written;
}

static size_t size(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)dst, (void)cap;
  return cte_qp_encoded_size(src, n, NULL);
}

static size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  return cte_qp_decode(src, n, dst, cap, NULL).written;
}

const struct workload qp_workloads[] = {
    {"qp_encode", "cte", qp_text, NULL, ON_TEXTS, SAME_OCTETS},
    {"qp_size", "cte", size, NULL, ON_TEXTS, SAME_SIZE},
    {"qp_decode", "cte", decode, qp_text, ON_TEXTS, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
