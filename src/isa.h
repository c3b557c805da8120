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
};

/* The row in use; chosen on first use. */
const struct isa *cte_isa(void);

/* For tests: makes any row, their own too, the one in use; NULL: the best again. */
void cte_isa_set(const struct isa *isa);

/* What each ISA's folder exports. */
extern const struct base64_kernels cte_scalar_base64;
extern const struct qp_kernels cte_scalar_qp;
extern const struct lines_kernels cte_scalar_lines;
extern const struct dots_kernels cte_scalar_dots;

#endif
