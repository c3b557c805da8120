/* isa.h: the table of kernel rows, and the row in use. */
#ifndef CTE_SRC_ISA_H
#define CTE_SRC_ISA_H

#include "kernels.h"

struct isa {
  const char *name;
  bool (*supported)(void);
  const struct base64_kernels *base64;
  const struct qp_kernels *qp;
  const struct lines_kernels *lines;
  const struct dots_kernels *dots;
  /* Whose base64 and quoted-printable kernels go on where this row's stop, over tails shorter than its vectors; or NULL. */
  const struct isa *tails;
};

/* The row in use; chosen on first use. */
const struct isa *cte_isa(void);

/* For tests: makes any row, their own too, the one in use; NULL: the best again. */
void cte_isa_set(const struct isa *isa);

/* What each ISA's folder exports; only those compiled in are there. */
extern const struct base64_kernels cte_scalar_base64, cte_sse_base64, cte_avx2_base64;
extern const struct qp_kernels cte_scalar_qp, cte_sse_qp, cte_avx2_qp;
extern const struct lines_kernels cte_scalar_lines, cte_sse_lines, cte_avx2_lines;
extern const struct dots_kernels cte_scalar_dots, cte_sse_dots, cte_avx2_dots;

#endif
