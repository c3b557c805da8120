/*
 * rows.h: the rows of kernels that every test runs on: those usable here, and three hostile ones that keep to the letter
 * of src/kernels.h and to nothing more.
 */
#ifndef CTE_TESTS_ROWS_H
#define CTE_TESTS_ROWS_H

#include <stddef.h>

/* The rows: the usable ones by cte_isa_list's order, then "never", "random", "scribble". */
size_t rows_count(void);
const char *rows_name(size_t index);
void rows_select(size_t index);

#endif
