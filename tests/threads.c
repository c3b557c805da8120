/*
 * threads.c: the one global that changes, the row of kernels in use, under many threads: its first use by all at once, and
 * another row chosen while all work. To be run under ThreadSanitizer too: .ci/run does.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cte/base64.h>
#include <cte/isa.h>
#include <cte/lines.h>
#include <cte/quoted_printable.h>
#include <cte/smtp.h>
#include <cte/stream.h>

#include "isa.h"
#include "rows.h"
#include "support.h"

enum { THREADS = 16, SIZE = 1500, CODED = 8000, CODECS = 8 };

/* The work: each codec over one input. What it gives on the scalar row is what it must give. */
static uint8_t input[SIZE], expected[CODECS][CODED];
static size_t expected_size[CODECS];

static size_t streamed(cte_stream *s, const uint8_t *src, size_t n, uint8_t *dst) {
  cte_input in = {src, n, 0};
  cte_output out = {dst, CODED, 0};
  if (cte_stream_update(s, &in, &out) != CTE_OK || cte_stream_finish(s, &out) != CTE_OK) return SIZE_MAX;
  return out.pos;
}

static size_t run_codec(size_t codec, uint8_t *dst) {
  static const cte_qp_encode_options binary = CTE_QP_ENCODE_BINARY;
  static const cte_smtp_options normalize = {
      CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};
  cte_stream s;
  cte_lines lines;
  uint32_t state = 0;
  switch (codec) {
  case 0:
    return cte_base64_encode(input, SIZE, dst, CODED, NULL).written;
  case 1:
    return cte_base64_decode(input, SIZE, dst, CODED, NULL).written;
  case 2:
    return cte_qp_encode(input, SIZE, dst, CODED, &binary).written;
  case 3:
    return cte_qp_decode(input, SIZE, dst, CODED, NULL).written;
  case 4:
    return cte_smtp_write(input, SIZE, dst, CODED, &normalize).written;
  case 5:
    return cte_stream_base64_encode(&s, NULL) == CTE_OK ? streamed(&s, input, SIZE, dst) : SIZE_MAX;
  case 6:
    return cte_stream_qp_encode(&s, &binary) == CTE_OK ? streamed(&s, input, SIZE, dst) : SIZE_MAX;
  default:
    cte_lines_init(&lines);
    cte_lines_update(&lines, input, SIZE);
    return cte_dots_next(input, SIZE, &state) + (size_t)lines.octets;
  }
}

static void make_expected(void) {
  assert_int_equal(cte_isa_select("scalar"), CTE_OK);
  make_input(input, SIZE, INPUT_RICH);
  for (size_t i = 0; i < CODECS; i++) expected_size[i] = run_codec(i, expected[i]);
  for (size_t i = 0; i < CODECS; i++) assert_true(expected_size[i] != SIZE_MAX);
}

static atomic_int wrong;

static void check_codec(size_t codec) {
  uint8_t dst[CODED] = {0};
  size_t n = run_codec(codec, dst);
  if (n != expected_size[codec] || (n <= CODED && memcmp(dst, expected[codec], n) != 0)) atomic_fetch_add(&wrong, 1);
}

/* A gate without an order of its own: relaxed, so that it does not hide a race from the sanitizer. */
static atomic_uint waiting;
static atomic_bool open;

static void pass_gate(void) {
  atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
  while (!atomic_load_explicit(&open, memory_order_relaxed)) sched_yield();
}

static void run_threads(void *(*work)(void *)) {
  pthread_t thread[THREADS];
  atomic_store(&waiting, 0);
  atomic_store(&open, false);
  for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i), 0);
  while (atomic_load_explicit(&waiting, memory_order_relaxed) < THREADS) sched_yield();
  atomic_store_explicit(&open, true, memory_order_relaxed);
  for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_join(thread[i], NULL), 0);
  assert_int_equal(atomic_load(&wrong), 0);
}

/* ---- First use ---- */

static void *first_use(void *argument) {
  size_t index = (size_t)(uintptr_t)argument;
  pass_gate();
  if (index % 2) check_codec(index / 2);
  const char *name = cte_isa_name();
  if (strcmp(name, rows_name(0)) != 0) atomic_fetch_add(&wrong, 1);
  if (index % 2 == 0) check_codec(index / 2);
  return NULL;
}

/* Again and again, as if the program had just begun: all make the same choice. */
static void first_uses(void **state) {
  (void)state;
  random_begin("first_uses");
  make_expected();
  size_t times = scaled(200);
  for (size_t i = 0; i < times; i++) {
    atomic_store(&cte_isa_in_use, NULL);
    run_threads(first_use);
  }
  print_message("first use: %zu times by %d threads\n", times, THREADS);
}

/* ---- A row chosen while others work ---- */

static size_t rounds;

static void *work(void *argument) {
  size_t index = (size_t)(uintptr_t)argument;
  pass_gate();
  for (size_t i = 0; i < rounds; i++) check_codec((i + index) % CODECS);
  return NULL;
}

static void *choose(void *argument) {
  size_t index = (size_t)(uintptr_t)argument;
  pass_gate();
  for (size_t i = 0; i < rounds * 8; i++) {
    int usable = 0;
    const char *name = cte_isa_list((i + index) % 8, &usable);
    if (cte_isa_select(usable ? name : NULL) != CTE_OK) atomic_fetch_add(&wrong, 1);
    if (cte_isa_name() == NULL) atomic_fetch_add(&wrong, 1);
  }
  return NULL;
}

static void *work_or_choose(void *argument) {
  return (uintptr_t)argument % 4 == 0 ? choose(argument) : work(argument);
}

/* Four threads choose, twelve work: each call runs on one row or another, and all rows give the same. */
static void choices(void **state) {
  (void)state;
  random_begin("choices");
  rounds = scaled(500);
  for (size_t times = 0; times < 4; times++) {
    make_expected();
    run_threads(work_or_choose);
  }
  print_message("choices: 4 times %zu calls by each of 12 threads, %zu choices by each of 4\n", rounds, rounds * 8);
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
  assert_string_equal(cte_isa_name(), rows_name(0));
}

/* A first use does not undo a choice that was made meanwhile. */
static void *select_scalar(void *argument) {
  (void)argument;
  pass_gate();
  if (cte_isa_select("scalar") != CTE_OK) atomic_fetch_add(&wrong, 1);
  return NULL;
}

static void *use_or_select(void *argument) {
  if ((uintptr_t)argument == 0) return select_scalar(argument);
  pass_gate();
  check_codec((size_t)(uintptr_t)argument % CODECS);
  return NULL;
}

static void choice_stays(void **state) {
  (void)state;
  random_begin("choice_stays");
  make_expected();
  for (size_t times = scaled(100); times > 0; times--) {
    atomic_store(&cte_isa_in_use, NULL);
    run_threads(use_or_select);
    assert_string_equal(cte_isa_name(), "scalar");
  }
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(first_uses), cmocka_unit_test(choices),
                                            cmocka_unit_test(choice_stays)};
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
