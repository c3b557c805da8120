/* avx512/dots.c: SMTP DATA: octets are put in by vpexpandb, and left out by vpcompressb. */
#include "text.h"

#include "../shared/dots.h"

extern const struct dots_kernels cte_avx512_dots; /* as src/isa.h has it */
const struct dots_kernels cte_avx512_dots = {write_dots, read_dots, next_dot};
