/* isa.h: the table of kernel rows, and the row in use. */
#ifndef CTE_SRC_ISA_H
#define CTE_SRC_ISA_H

#include <stdatomic.h>

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

/* Hidden: read without an indirection. Windows does so unasked, and has no such attribute. */
#ifdef _WIN32
#define ISA_HIDDEN
#else
#define ISA_HIDDEN __attribute__((visibility("hidden")))
#endif

/* NULL until first use. Acquire and release: a test's own row need not be a constant. */
extern _Atomic(const struct isa *) cte_isa_in_use ISA_HIDDEN;

const struct isa *cte_isa_choose(void);

/* The row in use, or NULL: a caller that then does without it need not keep what it has for a call of cte_isa_choose. */
static inline const struct isa *cte_isa_chosen(void) {
  return atomic_load_explicit(&cte_isa_in_use, memory_order_acquire);
}

/* The row in use; chosen on first use. */
static inline const struct isa *cte_isa(void) {
  const struct isa *row = cte_isa_chosen();
  return row != NULL ? row : cte_isa_choose();
}

/* For tests: makes any row, their own too, the one in use; NULL: the best again. */
void cte_isa_set(const struct isa *isa);

/* What each ISA's folder exports; only those compiled in are there. */
extern const struct base64_kernels cte_scalar_base64, cte_sse_base64, cte_avx2_base64, cte_neon_base64, cte_avx512_base64;
extern const struct qp_kernels cte_scalar_qp, cte_sse_qp, cte_avx2_qp, cte_neon_qp, cte_avx512_qp;
extern const struct lines_kernels cte_scalar_lines, cte_sse_lines, cte_avx2_lines, cte_neon_lines, cte_avx512_lines;
extern const struct dots_kernels cte_scalar_dots, cte_sse_dots, cte_avx2_dots, cte_neon_dots, cte_avx512_dots;

#endif
