/*
 * growth.c: no input makes a codec's work more than linear, and none makes it much for an octet (docs/complexity.md). Work is
 * counted, not timed: in steps, which are the basic blocks of the library's code, built to call a function in each
 * (-fsanitize-coverage=trace-pc), and what libc is given to copy, set or look through.
 */
#include <stdio.h>

#include <cte/isa.h>

#include "entries.h"
#include "slow_inputs.h"
#include "support.h"

/* ---- Steps ---- */

static size_t steps;

void __sanitizer_cov_trace_pc(void);
void *__real_memcpy(void *dst, const void *src, size_t n);
void *__wrap_memcpy(void *dst, const void *src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);
void *__wrap_memmove(void *dst, const void *src, size_t n);
void *__real_memset(void *dst, int octet, size_t n);
void *__wrap_memset(void *dst, int octet, size_t n);
void *__real_memchr(const void *src, int octet, size_t n);
void *__wrap_memchr(const void *src, int octet, size_t n);
int __real_memcmp(const void *a, const void *b, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);

void __sanitizer_cov_trace_pc(void) {
  steps++;
}

/* Of libc a step is as much as a register of every CPU. */
static void count_octets(size_t n) {
  steps += 1 + n / 16;
}

void *__wrap_memcpy(void *dst, const void *src, size_t n) {
  count_octets(n);
  return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n) {
  count_octets(n);
  return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int octet, size_t n) {
  count_octets(n);
  return __real_memset(dst, octet, n);
}

void *__wrap_memchr(const void *src, int octet, size_t n) {
  uint8_t *found = __real_memchr(src, octet, n);
  count_octets(found != NULL ? (size_t)(found - (const uint8_t *)src) : n);
  return found;
}

int __wrap_memcmp(const void *a, const void *b, size_t n) {
  count_octets(n);
  return __real_memcmp(a, b, n);
}

/* ---- The test ---- */

/*
 * Of a whole input quadratic work makes an octet of the large one 16 times as much, else four times. What waits in a stream is
 * at most some 1026 octets: the small ones hold them a few times.
 */
enum { WHOLE_SMALL = 16 << 10, WHOLE_LARGE = 256 << 10, SMALL = 4 << 10, LARGE = 16 << 10 };

/*
 * Measured: 1.25 times, where 1024 blanks wait; and by half a step, where a kernel leaves lines that it did not expect to
 * another for good. 103 steps an octet, and 10133 with room for one, where blanks are looked at again.
 */
static const double most_growth = 1.5, more_steps = 1, most_steps_whole = 200, most_steps = 20000;

static size_t tried, compared;

/* Steps an octet. False when the codec stops early. */
static bool count_steps(const struct entry *entry, const struct mode *mode, const uint8_t *src, size_t n, double *an_octet) {
  static uint8_t dst[4 * WHOLE_LARGE + 4096];
  steps = 0;
  bool whole = run_entry(entry, mode, src, n, dst, sizeof dst);
  assert_true(steps > 0);
  *an_octet = (double)steps / (double)n;
  return whole;
}

static void check_input(const struct entry *entry, const struct mode *mode, const struct pattern *pattern) {
  static uint8_t src[WHOLE_LARGE];
  const bool whole = mode == modes;
  const size_t n = whole ? WHOLE_LARGE : LARGE;
  fill_with(src, n, pattern);
  tried++;
  double small, large;
  if (!count_steps(entry, mode, src, whole ? WHOLE_SMALL : SMALL, &small)) return;
  if (!count_steps(entry, mode, src, n, &large)) return;
  compared++;
  if (large <= small * most_growth + more_steps && large <= (whole ? most_steps_whole : most_steps)) return;
  print_pattern(pattern);
  puts("");
  fail_msg("%s, %s, %s: %.2f steps an octet, %.2f of more", cte_isa_name(), entry->name, mode->name, small, large);
}

/*
 * Little room and single octets take long: with them an input of more than one octet goes through a third of the entries at
 * scale 1, through all at 3.
 */
static void check_on_row(bool whole_alone) {
  static struct pattern pattern;
  const size_t known = slow_inputs_count(), count = known + scaled(30);
  for (size_t i = 0; i < count; i++) {
    if (i < known)
      make_slow_input(&pattern, i);
    else
      make_chance_input(&pattern, random_below);
    for (size_t k = 0; k < entries_count; k++) {
      bool all = !whole_alone && (pattern.n == 1 || random_below(3000) < scaled(1000));
      for (size_t m = 0; m < (all ? modes_of(&entries[k]) : 1); m++) check_input(&entries[k], &modes[m], &pattern);
    }
  }
}

/* On the best row, or CTE_TEST_ROW, in every way; whole on the others. */
static void linear(void **state) {
  (void)state;
  random_begin("linear");
  const char *only = getenv("CTE_TEST_ROW"), *name;
  bool is_first = true;
  for (size_t i = 0; (name = cte_isa_list(i, NULL)) != NULL; i++) {
    if ((only != NULL && strcmp(only, name) != 0) || cte_isa_select(name) != CTE_OK) continue;
    check_on_row(!is_first);
    is_first = false;
  }
  print_message("%zu of %zu runs came to their end at both sizes\n", compared, tried);
  assert_true(compared > tried / 2);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(linear)};
  return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
}
