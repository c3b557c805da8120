/* lines.c: the check and the counts of lines, NEON. */
#include "vec.h"

#include "../shared/lines.h"

const struct lines_kernels cte_neon_lines = {lines_check, lines_count};
