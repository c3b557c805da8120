/* lines.c: the check and the counts of lines, AVX2. */
#include "vec.h"

#include "../shared/lines.h"

const struct lines_kernels cte_avx2_lines = {lines_check, lines_count};
