/* dots.c: SMTP DATA, SSE. */
#include "vec.h"

#include "../shared/dots.h"

const struct dots_kernels cte_sse_dots = {write_dots, read_dots, next_dot};
