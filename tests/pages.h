/* pages.h: memory between two pages that cannot be touched. */
#ifndef CTE_TESTS_PAGES_H
#define CTE_TESTS_PAGES_H

#include <stddef.h>
#include <stdint.h>

size_t page_size(void);

/* size octets, whole pages, at least three; the first page and the last cannot be touched. Aborts when there are none. */
uint8_t *pages_map(size_t size);
void pages_unmap(uint8_t *pages, size_t size);

#endif
