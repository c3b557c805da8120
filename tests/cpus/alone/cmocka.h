/*
 * cmocka.h: of cmocka what the test programs use, for programs that are linked statically: Debian's cmocka is a shared
 * library. The first failure ends the program.
 */
#ifndef CTE_TESTS_CPUS_ALONE_CMOCKA_H
#define CTE_TESTS_CPUS_ALONE_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
  const char *name;
  void (*run)(void **state);
};

#define cmocka_unit_test(test)                                                                                              \
  { #test, test }

#define print_message(...) printf(__VA_ARGS__)
#define print_error(...)   printf(__VA_ARGS__)
#define fail_msg(...)      (printf(__VA_ARGS__), alone_fail(__FILE__, __LINE__, "fail_msg"))

#define assert_true(c)                    ((c) ? (void)0 : alone_fail(__FILE__, __LINE__, #c))
#define assert_false(c)                   assert_true(!(c))
#define assert_null(p)                    assert_true((p) == NULL)
#define assert_non_null(p)                assert_true((p) != NULL)
#define assert_in_range(x, a, b)          assert_true((a) <= (x) && (x) <= (b))
#define assert_int_equal(a, b)            assert_true((unsigned long long)(a) == (unsigned long long)(b))
#define assert_string_equal(a, b)         assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b)     assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, octets) assert_true(memcmp(a, b, octets) == 0)

__attribute__((noreturn)) static inline void alone_fail(const char *file, int line, const char *what) {
  printf("\n%s:%d: %s\n", file, line, what);
  exit(1);
}

static inline int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count, void *setup,
                                          void *teardown) {
  (void)setup, (void)teardown;
  for (size_t i = 0; i < count; i++) {
    void *state = NULL;
    tests[i].run(&state);
  }
  printf("%s: %zu tests passed\n", name, count);
  return 0;
}

#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                                           \
  _cmocka_run_group_tests(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
