/* isa.c: the rows of kernels that were compiled in, and the choice of one. */
#include "isa.h"

#include <cte/isa.h>

#include "cpu.h"

static bool always(void) {
  return true;
}

static const struct isa scalar = {"scalar",         always, &cte_scalar_base64, &cte_scalar_qp, &cte_scalar_lines,
                                  &cte_scalar_dots, NULL};

#ifdef __x86_64__
static const struct isa avx512 = {"avx512",         cte_cpu_avx512, &cte_avx512_base64, &cte_avx512_qp, &cte_avx512_lines,
                                  &cte_avx512_dots, &scalar};
#endif
#if defined(__x86_64__) || defined(__i386__)
static const struct isa avx2 = {"avx2",          cte_cpu_avx2,   &cte_avx2_base64, &cte_avx2_qp,
                                &cte_avx2_lines, &cte_avx2_dots, &scalar};
static const struct isa sse = {"sse", cte_cpu_sse, &cte_sse_base64, &cte_sse_qp, &cte_sse_lines, &cte_sse_dots, &scalar};
#endif

#if defined(__aarch64__) && defined(__AARCH64EL__)
static const struct isa neon = {"neon", always, &cte_neon_base64, &cte_neon_qp, &cte_neon_lines, &cte_neon_dots, &scalar};
#endif

/* The best first. The last runs everywhere. */
static const struct isa *const rows[] = {
#ifdef __x86_64__
    &avx512,
#endif
#if defined(__x86_64__) || defined(__i386__)
    &avx2,   &sse,
#endif
#if defined(__aarch64__) && defined(__AARCH64EL__)
    &neon,
#endif
    &scalar,
};

enum { ROWS = sizeof rows / sizeof rows[0] };

_Atomic(const struct isa *) cte_isa_in_use;

static const struct isa *best(void) {
  for (size_t i = 0; i + 1 < ROWS; i++)
    if (rows[i]->supported()) return rows[i]; /* NOLINT(clang-analyzer-core.NullDereference): no entry is NULL */
  return &scalar;
}

const struct isa *cte_isa_choose(void) {
  const struct isa *row = best(), *selected = NULL;
  /* A row that was selected meanwhile stays. */
  if (atomic_compare_exchange_strong_explicit(&cte_isa_in_use, &selected, row, memory_order_acq_rel, memory_order_acquire))
    return row;
  return selected;
}

void cte_isa_set(const struct isa *isa) {
  atomic_store_explicit(&cte_isa_in_use, isa != NULL ? isa : best(), memory_order_release);
}

const char *cte_isa_name(void) {
  return cte_isa()->name;
}

const char *cte_isa_list(size_t index, int *usable) {
  const struct isa *row = index < ROWS ? rows[index] : NULL;
  if (usable != NULL) *usable = row != NULL && row->supported();
  return row != NULL ? row->name : NULL;
}

static bool same_name(const char *a, const char *b) {
  size_t i = 0;
  while (a[i] != '\0' && a[i] == b[i]) i++;
  return a[i] == b[i];
}

cte_status cte_isa_select(const char *name) {
  if (name == NULL) {
    cte_isa_set(NULL);
    return CTE_OK;
  }
  for (size_t i = 0; i < ROWS; i++) {
    if (same_name(name, rows[i]->name) && rows[i]->supported()) {
      cte_isa_set(rows[i]);
      return CTE_OK;
    }
  }
  return CTE_ERROR_UNSUPPORTED;
}
