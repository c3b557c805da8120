/* neon/quoted_printable.c: quoted-printable, NEON. */
#include "vec.h"

#include "../shared/quoted_printable_decode.h"
#include "../shared/quoted_printable_encode.h"

extern const struct qp_kernels cte_neon_qp; /* as src/isa.h has it */
const struct qp_kernels cte_neon_qp = {encode_stored, encode_counted, decode};
