/* dots.c: SMTP DATA, AVX2. */
#include "vec.h"

#include "../shared/dots.h"

const struct dots_kernels cte_avx2_dots = {write_dots, read_dots, next_dot};
