/* dots.c: SMTP DATA, NEON. */
#include "vec.h"

#include "../shared/dots.h"

const struct dots_kernels cte_neon_dots = {write_dots, read_dots, next_dot};
