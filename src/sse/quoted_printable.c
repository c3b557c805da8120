/* sse/quoted_printable.c: quoted-printable, SSE. */
#include "vec.h"

#include "../shared/quoted_printable_decode.h"
#include "../shared/quoted_printable_encode.h"

extern const struct qp_kernels cte_sse_qp; /* as src/isa.h has it */
const struct qp_kernels cte_sse_qp = {encode_stored, encode_counted, decode};
