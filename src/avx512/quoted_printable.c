/*
 * avx512/quoted_printable.c: quoted-printable decoding, AVX-512. Encoding is AVX2's: to triple octets vpexpandb is no faster
 * than a shuffle of eight by a table, and masks of 64 take longer to reach a general register than they save (Zen 4: the same
 * driver over text.h has 0.85 - 1.01 of AVX2's rate with gcc, 1 - 1.1 with clang).
 */
#include "text.h"

#include "../shared/quoted_printable_decode.h"

extern const struct qp_kernels cte_avx2_qp, cte_avx512_qp; /* as src/isa.h has them */

static struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_encode_params *params,
                          uint32_t *column) {
  return cte_avx2_qp.encode(src, n, dst, cap, params, column);
}

static struct done size(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  return cte_avx2_qp.size(src, n, params, column);
}

const struct qp_kernels cte_avx512_qp = {encode, size, decode};
