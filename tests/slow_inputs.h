/* slow_inputs.h: inputs that may slow a codec: a pattern again and again. See entries.h. */
#ifndef CTE_TESTS_SLOW_INPUTS_H
#define CTE_TESTS_SLOW_INPUTS_H

#include <stddef.h>
#include <stdint.h>

enum { PATTERN_MAX = 1200 };

struct pattern {
  uint8_t data[PATTERN_MAX];
  size_t n;
};

/* How many there are that were thought of, and the index-th. */
size_t slow_inputs_count(void);
void make_slow_input(struct pattern *pattern, size_t index);

/* One by chance: a few octets that codecs have cases for, or ordinary text and then those. `below(n)` gives 0..n-1. */
void make_chance_input(struct pattern *pattern, size_t (*below)(size_t n));

/* dst[0..n): the pattern again and again. n >= the pattern's. */
void fill_with(uint8_t *dst, size_t n, const struct pattern *pattern);

/* On standard output, in backquotes; `A{n}` is n times A. */
void print_pattern(const struct pattern *pattern);

#endif
