/* lines.c: the check and the counts of lines, SSE. */
#include "vec.h"

#include "../shared/lines.h"

const struct lines_kernels cte_sse_lines = {lines_check, lines_count};
