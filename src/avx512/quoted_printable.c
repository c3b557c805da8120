/* avx512/quoted_printable.c: quoted-printable, AVX-512. */
#include "text.h"

#include "../shared/quoted_printable_decode.h"
#include "../shared/quoted_printable_encode.h"

extern const struct qp_kernels cte_avx512_qp; /* as src/isa.h has it */
const struct qp_kernels cte_avx512_qp = {encode_stored, encode_counted, decode};
