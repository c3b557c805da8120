/*
 * cte/isa.h: which kernels run. The library picks the best row of kernels that the CPU and the operating system support,
 * on first use; every row gives the same octets, counts and offsets (of a stream: over all calls, cte_stream_update).
 *
 * Any thread may call these at any time. A choice made in the middle of a stream is harmless.
 */
#ifndef CTE_ISA_H
#define CTE_ISA_H

#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of the row in use: "scalar", "sse", "avx2", … A constant. */
CTE_API const char *cte_isa_name(void);

/*
 * The name of the index-th row compiled in, the best first, or NULL past the last. `*usable` (if not NULL) becomes 1 when
 * it can run here, else 0, past the last too.
 */
CTE_API const char *cte_isa_list(size_t index, int *usable);

/*
 * Forces one row for the whole process, or with NULL the best again: for tests, benchmarks, and as an operator's kill
 * switch. CTE_ERROR_UNSUPPORTED, and no change, when the name is unknown or the row cannot run here.
 */
CTE_API cte_status cte_isa_select(const char *name);

#ifdef __cplusplus
}
#endif

#endif
