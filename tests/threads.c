/*
 * threads.c: the one global that changes, the row of kernels in use, under many threads: its first use by all at once, and
 * another row chosen while all work. To be run under ThreadSanitizer too: .ci/run does.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#ifndef _WIN32 /* it has no fork */
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <cte/isa.h>
#include <cte/lines.h>
#include <cte/smtp.h>
#include <cte/stream.h>

#include "isa.h"
#include "rows.h"
#include "support.h"

enum { THREADS = 16, SIZE = 1500, CODED = 8000, PIECE = 97 };

/* ---- The work: each codec, one-shot and as a stream, and what has no stream ---- */

/* What a call gave. */
struct given {
  int32_t status;
  uint32_t anomalies;
  size_t size;
  uint8_t data[CODED];
};

enum { BASE64_ENCODE, BASE64_DECODE, QP_ENCODE, QP_DECODE, SMTP_WRITE, SMTP_READ, LINES_CHECK, CODECS };
enum { STATISTICS = 2 * CODECS, DOTS, CALLS }; /* before them each codec's one-shot call and its stream */

static struct given text = {.size = SIZE}, expected[CALLS];

static const cte_base64_encode_options base64_encode;
static const cte_base64_decode_options base64_decode;
static const cte_qp_encode_options qp_binary = CTE_QP_ENCODE_BINARY;
static const cte_qp_decode_options qp_decode;
static const cte_smtp_options smtp_normalize = {
    CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};
static const cte_smtp_options smtp_read;
static const uint32_t smtp_lines = CTE_LINES_ALLOW_SMTP;

/* A decoder's input is what the encoder gives. */
static const struct codec {
  const struct subject *subject;
  const void *options;
  const struct given *input;
} codecs[CODECS] = {
    {&base64_encode_subject, &base64_encode, &text},
    {&base64_decode_subject, &base64_decode, &expected[2 * BASE64_ENCODE]},
    {&qp_encode_subject, &qp_binary, &text},
    {&qp_decode_subject, &qp_decode, &expected[2 * QP_ENCODE]},
    {&smtp_write_subject, &smtp_normalize, &text},
    {&smtp_read_subject, &smtp_read, &expected[2 * SMTP_WRITE]},
    {&lines_check_subject, &smtp_lines, &expected[2 * SMTP_READ]},
};

static void one_shot(struct given *given, const struct codec *codec) {
  cte_result result = codec->subject->one_shot(codec->input->data, codec->input->size, given->data, CODED, codec->options);
  given->status = result.status;
  given->anomalies = result.anomalies;
  given->size = result.written;
}

/* In pieces, between which another row may be chosen. */
static void streamed(struct given *given, const struct codec *codec) {
  const size_t n = codec->input->size;
  cte_stream s;
  cte_output out = {given->data, CODED, 0};
  given->status = codec->subject->set_up(&s, codec->options);
  for (size_t at = 0; at < n && given->status == CTE_OK; at += PIECE) {
    cte_input in = {codec->input->data + at, n - at < PIECE ? n - at : PIECE, 0};
    given->status = cte_stream_update(&s, &in, &out);
  }
  if (given->status == CTE_OK) given->status = cte_stream_finish(&s, &out);
  given->anomalies = cte_stream_anomalies(&s);
  given->size = out.pos;
}

/* The public fields. */
static void give_statistics(struct given *given, const cte_lines *lines) {
  given->size = offsetof(cte_lines, private_state);
  memcpy(given->data, lines, given->size);
}

static void statistics(struct given *given) {
  cte_lines lines;
  cte_lines_init(&lines);
  cte_lines_update(&lines, text.data, SIZE);
  cte_lines_finish(&lines);
  give_statistics(given, &lines);
}

static void stuff(struct given *given) {
  uint32_t state = 0;
  for (size_t at = 0; at < SIZE;) {
    size_t count = cte_dots_next(text.data + at, SIZE - at, &state);
    memcpy(given->data + given->size, text.data + at, count);
    given->size += count;
    at += count;
    if (at < SIZE) given->data[given->size++] = '.';
  }
}

static void run_call(struct given *given, size_t call) {
  *given = (struct given){0};
  if (call == STATISTICS)
    statistics(given);
  else if (call == DOTS)
    stuff(given);
  else
    (call % 2 == 0 ? one_shot : streamed)(given, &codecs[call / 2]);
}

static void expect(size_t call, const struct outcome *o) {
  expected[call] = (struct given){o->status, o->anomalies, o->size, {0}};
  assert_true(o->status >= CTE_OK && o->size <= CODED);
  if (o->size != 0) memcpy(expected[call].data, o->data, o->size);
}

/* By the reference alone, before any call of the library. */
static void make_expected(void) {
  struct outcome o = {0};
  cte_lines lines;
  make_input(text.data, SIZE, INPUT_RICH);
  for (size_t i = 0; i < CODECS; i++) {
    const struct codec *codec = &codecs[i];
    codec->subject->reference(&o, codec->input->data, codec->input->size, codec->options);
    assert_int_equal(o.read, codec->input->size);
    expect(2 * i, &o);
    expect(2 * i + 1, &o);
  }
  ref_dots(&o, text.data, SIZE);
  expect(DOTS, &o);
  outcome_free(&o);
  ref_lines(&lines, text.data, SIZE);
  give_statistics(&expected[STATISTICS], &lines);
}

static atomic_int wrong;

static void check_call(size_t call) {
  struct given given;
  const struct given *e = &expected[call];
  run_call(&given, call);
  if (given.status != e->status || given.anomalies != e->anomalies || given.size != e->size ||
      memcmp(given.data, e->data, e->size) != 0)
    atomic_fetch_add(&wrong, 1);
}

/* A gate without an order of its own: relaxed, so that it does not hide a race from the sanitizer. */
static atomic_uint waiting;
static atomic_bool open;

static void pass_gate(void) {
  atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
  while (!atomic_load_explicit(&open, memory_order_relaxed)) sched_yield();
}

/* Each is given its number. How many results were wrong. */
static int run_threads(void *(*work)(void *)) {
  pthread_t thread[THREADS];
  size_t number[THREADS];
  atomic_store(&waiting, 0);
  atomic_store(&open, false);
  for (size_t i = 0; i < THREADS; i++) {
    number[i] = i;
    if (pthread_create(&thread[i], NULL, work, &number[i]) != 0) abort();
  }
  while (atomic_load_explicit(&waiting, memory_order_relaxed) < THREADS) sched_yield();
  atomic_store_explicit(&open, true, memory_order_relaxed);
  for (size_t i = 0; i < THREADS; i++)
    if (pthread_join(thread[i], NULL) != 0) abort();
  return atomic_exchange(&wrong, 0);
}

/* ---- First use ---- */

/*
 * Where the linker can put this between the choice and the CPU: while `held`, who chooses waits for all others to choose too,
 * so that there is a race to be seen even where one processor runs all.
 */
static atomic_bool held;

#ifdef CTE_WRAPPED
/* And so that a row is selected amid a choice; without threads. */
static bool select_amid;

bool __real_cte_cpu_avx512(void);
bool __wrap_cte_cpu_avx512(void);
bool __wrap_cte_cpu_avx512(void) {
  static atomic_uint inside;
  static _Thread_local bool been;
  if (select_amid && cte_isa_select("scalar") != CTE_OK) abort();
  if (atomic_load_explicit(&held, memory_order_relaxed) && !been) {
    been = true;
    atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed);
    while (atomic_load_explicit(&inside, memory_order_relaxed) < THREADS) sched_yield();
  }
  return __real_cte_cpu_avx512();
}
#endif

static size_t turn;

static void check_name(void) {
  if (strcmp(cte_isa_name(), rows_name(0)) != 0) atomic_fetch_add(&wrong, 1);
}

/* Each thread makes another call first: one of the work, or the name. All give what the row they chose together gives. */
static void *first_use(void *argument) {
  size_t first = (*(const size_t *)argument + turn) % (CALLS + 1);
  pass_gate();
  if (first < CALLS) check_call(first);
  check_name();
  if (first == CALLS) check_call(turn % CALLS);
  return NULL;
}

/*
 * The first use by a process, which there is only once: each time by a process of its own, and at last by this one. Must be
 * the first test. A race that ThreadSanitizer sees makes the exit status of the process, too.
 */
static void fresh_processes(void **state) {
  (void)state;
  random_begin("fresh_processes");
  make_expected();
  assert_null(atomic_load(&cte_isa_in_use));
  atomic_store(&held, true);
#ifndef _WIN32
  const size_t times = scaled(50);
  for (turn = 0; turn < times; turn++) {
    pid_t child = fork();
    if (child == 0) _exit(run_threads(first_use) != 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
  print_message("first use: by %zu processes of %d threads\n", times, THREADS);
#endif
  assert_null(atomic_load(&cte_isa_in_use));
  assert_int_equal(run_threads(first_use), 0);
  atomic_store(&held, false);
}

/* Again and again, as if the program had just begun: all make the same choice. */
static void first_uses(void **state) {
  (void)state;
  random_begin("first_uses");
  make_expected();
  const size_t times = scaled(200);
  for (turn = 0; turn < times; turn++) {
    atomic_store(&cte_isa_in_use, NULL);
    assert_int_equal(run_threads(first_use), 0);
  }
  print_message("first use: %zu times by %d threads\n", times, THREADS);
}

/* ---- A row chosen while others work ---- */

static size_t rounds;

static void *work(void *argument) {
  size_t index = *(const size_t *)argument;
  pass_gate();
  for (size_t i = 0; i < rounds; i++) check_call((i + index) % CALLS);
  return NULL;
}

static void *choose(void *argument) {
  size_t index = *(const size_t *)argument;
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
  return *(const size_t *)argument % 4 == 0 ? choose(argument) : work(argument);
}

/* Four threads choose, twelve work: each call runs on one row or another, and all rows give the same. */
static void choices(void **state) {
  (void)state;
  random_begin("choices");
  rounds = scaled(500);
  for (size_t times = 0; times < 4; times++) {
    make_expected();
    assert_int_equal(run_threads(work_or_choose), 0);
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
  if (*(const size_t *)argument == 0) return select_scalar(argument);
  pass_gate();
  check_call(*(const size_t *)argument % CALLS);
  return NULL;
}

static void choice_stays(void **state) {
  (void)state;
  random_begin("choice_stays");
  make_expected();
#ifdef CTE_WRAPPED
  atomic_store(&cte_isa_in_use, NULL);
  select_amid = true;
  assert_string_equal(cte_isa_name(), "scalar");
  select_amid = false;
#endif
  for (size_t times = scaled(100); times > 0; times--) {
    atomic_store(&cte_isa_in_use, NULL);
    assert_int_equal(run_threads(use_or_select), 0);
    assert_string_equal(cte_isa_name(), "scalar");
  }
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(fresh_processes), cmocka_unit_test(first_uses),
                                            cmocka_unit_test(choices), cmocka_unit_test(choice_stays)};
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
