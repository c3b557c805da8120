/* isa.c: tests of cte/isa.h and cte/status.h: rows and their names, the choice from many threads, the texts. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cpu.h"
#include "isa.h"
#include "rows.h"
#include "support.h"

static void names(void **state) {
  (void)state;
  int usable = 7;
  size_t count = 0;
  bool scalar = false, found = false;
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
  const char *in_use = cte_isa_name();
  assert_non_null(in_use);
  for (; cte_isa_list(count, &usable); count++) {
    const char *name = cte_isa_list(count, NULL);
    assert_true(usable == 0 || usable == 1);
    assert_string_equal(name, cte_isa_list(count, &usable));
    for (size_t i = 0; i < count; i++) assert_string_not_equal(name, cte_isa_list(i, NULL));
    if (strcmp(name, "scalar") == 0) scalar = usable;
    /* The best comes first: the first that is usable is the one in use. */
    if (usable && !found) {
      assert_string_equal(name, in_use);
      found = true;
    }
  }
  assert_true(count >= 1 && scalar && found);
  assert_string_equal(cte_isa_list(count - 1, NULL), "scalar");
  assert_null(cte_isa_list(count + 1, NULL));
  usable = 1;
  assert_null(cte_isa_list(SIZE_MAX, &usable));
  assert_int_equal(usable, 0);
}

static void selection(void **state) {
  (void)state;
  int usable;
  for (size_t i = 0; cte_isa_list(i, &usable); i++) {
    const char *name = cte_isa_list(i, NULL);
    assert_int_equal(cte_isa_select("scalar"), CTE_OK);
    assert_int_equal(cte_isa_select(name), usable ? CTE_OK : CTE_ERROR_UNSUPPORTED);
    assert_string_equal(cte_isa_name(), usable ? name : "scalar");
  }
  assert_int_equal(cte_isa_select("scalar"), CTE_OK);
  static const char *const unknown[] = {"", "nonsense", "scala", "scalarx", "SCALAR", "never"};
  for (size_t i = 0; i < COUNT(unknown); i++) {
    assert_int_equal(cte_isa_select(unknown[i]), CTE_ERROR_UNSUPPORTED);
    assert_string_equal(cte_isa_name(), "scalar");
  }
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
  for (size_t i = 0; cte_isa_list(i, &usable); i++)
    if (usable) {
      assert_string_equal(cte_isa_name(), cte_isa_list(i, NULL));
      break;
    }
}

/* Every row's table is whole; a row of the tests' own can be set, and taken back. */
static void tables(void **state) {
  (void)state;
  for (size_t i = 0; i < rows_count(); i++) {
    rows_select(i);
    const struct isa *isa = cte_isa();
    assert_string_equal(isa->name, rows_name(i));
    assert_string_equal(cte_isa_name(), rows_name(i));
    assert_true(isa->supported());
    assert_non_null(isa->base64->encode);
    assert_non_null(isa->base64->decode);
    assert_non_null(isa->qp->encode);
    assert_non_null(isa->qp->size);
    assert_non_null(isa->qp->decode);
    assert_non_null(isa->lines->check);
    assert_non_null(isa->lines->count);
    assert_non_null(isa->dots->write);
    assert_non_null(isa->dots->read);
    assert_non_null(isa->dots->next);
  }
  cte_isa_set(NULL);
  assert_string_equal(cte_isa_name(), rows_name(0));
}

/* ---- Threads ---- */

static atomic_int wrong;
static size_t rounds;

/* Encodes and decodes with buffers and a stream of its own, and changes the row while others work. */
static void *work(void *argument) {
  size_t index = (size_t)(uintptr_t)argument;
  uint8_t src[1000], coded[3200], back[1500];
  for (size_t i = 0; i < sizeof src; i++) src[i] = (uint8_t)(i * (2 * index + 3) >> 2);
  for (size_t round = 0; round < rounds; round++) {
    size_t n = (round * 37 + index) % sizeof src;
    cte_result out = cte_base64_encode(src, n, coded, sizeof coded, NULL);
    cte_result in = cte_base64_decode(coded, out.written, back, sizeof back, NULL);
    if (in.status != CTE_OK || in.written != n || memcmp(back, src, n) != 0) atomic_fetch_add(&wrong, 1);
    cte_qp_encode_options binary = CTE_QP_ENCODE_BINARY;
    cte_stream s;
    cte_input input = {src, n, 0};
    cte_output output = {coded, sizeof coded, 0};
    if (cte_stream_qp_encode(&s, &binary) != CTE_OK) atomic_fetch_add(&wrong, 1);
    if (cte_stream_update(&s, &input, &output) != CTE_OK) atomic_fetch_add(&wrong, 1);
    if (cte_stream_finish(&s, &output) != CTE_OK) atomic_fetch_add(&wrong, 1);
    in = cte_qp_decode(coded, output.pos, coded, output.pos, NULL);
    if (in.status != CTE_OK || in.written != n || memcmp(coded, src, n) != 0) atomic_fetch_add(&wrong, 1);
    if (cte_isa_select(round % 3 ? NULL : "scalar") != CTE_OK) atomic_fetch_add(&wrong, 1);
    if (!cte_isa_name()) atomic_fetch_add(&wrong, 1);
  }
  return NULL;
}

static void threads(void **state) {
  (void)state;
  pthread_t thread[8];
  rounds = scaled(400);
  for (size_t i = 0; i < COUNT(thread); i++)
    assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i), 0);
  for (size_t i = 0; i < COUNT(thread); i++) assert_int_equal(pthread_join(thread[i], NULL), 0);
  assert_int_equal(atomic_load(&wrong), 0);
  assert_int_equal(cte_isa_select(NULL), CTE_OK);
}

/* ---- Texts ---- */

static const int32_t statuses[] = {CTE_OK,
                                   CTE_MORE_OUTPUT,
                                   CTE_END,
                                   CTE_ERROR_ARGUMENT,
                                   CTE_ERROR_STATE,
                                   CTE_ERROR_UNSUPPORTED,
                                   CTE_ERROR_TRUNCATED,
                                   CTE_ERROR_LINE_END};

static void check_text(const char *text) {
  assert_non_null(text);
  assert_true(strlen(text) > 0);
  assert_true(text[strlen(text) - 1] != '.');
}

static void texts(void **state) {
  (void)state;
  const char *all[COUNT(statuses) + REF_KINDS];
  for (size_t i = 0; i < COUNT(statuses); i++) all[i] = cte_status_text(statuses[i]);
  for (size_t i = 0; i < REF_KINDS; i++) all[COUNT(statuses) + i] = cte_status_text(-32 - (int32_t)i);
  for (size_t i = 0; i < COUNT(all); i++) {
    check_text(all[i]);
    for (size_t k = 0; k < i; k++) assert_string_not_equal(all[i], all[k]);
  }
  for (uint32_t i = 0; i < REF_KINDS; i++) {
    check_text(cte_anomaly_text(UINT32_C(1) << i));
    for (uint32_t k = 0; k < i; k++)
      assert_string_not_equal(cte_anomaly_text(UINT32_C(1) << i), cte_anomaly_text(UINT32_C(1) << k));
  }
  assert_string_equal(cte_status_text(CTE_ERROR_BARE_LF), "a bare LF");
  check_text(cte_anomaly_text(CTE_VERDICT_REJECTED));
  const int32_t unknown[] = {3, -6, -31, -52, -100, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < COUNT(unknown); i++) assert_non_null(cte_status_text(unknown[i]));
  const uint32_t no_kind[] = {0, 3, UINT32_C(1) << 20, UINT32_C(1) << 31, UINT32_MAX};
  for (size_t i = 0; i < COUNT(no_kind); i++) assert_non_null(cte_anomaly_text(no_kind[i]));
}

/* The header's numbers: an error is -32 minus its anomaly's bit. */
static void numbers(void **state) {
  (void)state;
  assert_int_equal(CTE_ERROR_WHITE_SPACE, -32 - (int)ref_kind_number(CTE_ANOMALY_WHITE_SPACE));
  assert_int_equal(CTE_ERROR_TRAILING_BITS, -32 - (int)ref_kind_number(CTE_ANOMALY_TRAILING_BITS));
  assert_int_equal(CTE_ERROR_LINE_OVER_76, -32 - (int)ref_kind_number(CTE_ANOMALY_LINE_OVER_76));
  assert_int_equal(CTE_ERROR_BAD_ESCAPE, -32 - (int)ref_kind_number(CTE_ANOMALY_BAD_ESCAPE));
  assert_int_equal(CTE_ERROR_TRUNCATED_ESCAPE, -32 - (int)ref_kind_number(CTE_ANOMALY_TRUNCATED_ESCAPE));
  assert_int_equal(CTE_ERROR_NUL, -32 - (int)ref_kind_number(CTE_ANOMALY_NUL));
  assert_int_equal(CTE_ERROR_LINE_OVER_998, -32 - (int)ref_kind_number(CTE_ANOMALY_LINE_OVER_998));
}

/* What the ABI fixes. */
static void sizes(void **state) {
  (void)state;
  assert_int_equal(sizeof(cte_stream), CTE_STREAM_SIZE);
  assert_int_equal(sizeof(cte_base64_encode_options), 32);
  assert_int_equal(sizeof(cte_base64_decode_options), 32);
  assert_int_equal(sizeof(cte_qp_encode_options), 32);
  assert_int_equal(sizeof(cte_qp_decode_options), 32);
  assert_int_equal(sizeof(cte_smtp_options), 32);
  assert_int_equal(sizeof(cte_choice), 32);
}

static void version(void **state) {
  (void)state;
  char text[40];
  snprintf(text, sizeof text, "%d.%d.%d", CTE_VERSION_MAJOR, CTE_VERSION_MINOR, CTE_VERSION_PATCH);
  assert_string_equal(CTE_VERSION, text);
  assert_string_equal(cte_version(), CTE_VERSION);
}

/*
 * What each row needs: a bit of CPUID (Intel SDM volume 2; LZCNT: AMD APM volume 3), or of XCR0, which is what the operating
 * system keeps (SDM volume 1, 13.3). A row needs what those below it need, too.
 */
#if defined(__x86_64__) || defined(__i386__)
static void cpu_rows(void **state) {
  (void)state;
  enum { SSE_ROW = 1, AVX2_ROW, AVX512_ROW };
  static const struct {
    size_t word;
    unsigned bit;
    int row;
  } needs[] = {
#define WORD(member) offsetof(struct cpu_words, member) / sizeof(uint32_t)
      {WORD(leaf1_edx), 25, SSE_ROW},     {WORD(leaf1_edx), 26, SSE_ROW},    {WORD(leaf1_ecx), 0, SSE_ROW},
      {WORD(leaf1_ecx), 9, SSE_ROW},      {WORD(leaf1_ecx), 19, SSE_ROW},    {WORD(leaf1_ecx), 20, AVX2_ROW},
      {WORD(leaf1_ecx), 23, AVX2_ROW},    {WORD(leaf1_ecx), 27, AVX2_ROW},   {WORD(leaf1_ecx), 28, AVX2_ROW},
      {WORD(leaf7_ebx), 3, AVX2_ROW},     {WORD(leaf7_ebx), 5, AVX2_ROW},    {WORD(leaf7_ebx), 8, AVX2_ROW},
      {WORD(extended1_ecx), 5, AVX2_ROW}, {WORD(xcr0), 1, AVX2_ROW},         {WORD(xcr0), 2, AVX2_ROW},
      {WORD(leaf7_ebx), 16, AVX512_ROW},  {WORD(leaf7_ebx), 30, AVX512_ROW}, {WORD(leaf7_ebx), 31, AVX512_ROW},
      {WORD(leaf7_ecx), 1, AVX512_ROW},   {WORD(leaf7_ecx), 6, AVX512_ROW},  {WORD(xcr0), 5, AVX512_ROW},
      {WORD(xcr0), 6, AVX512_ROW},        {WORD(xcr0), 7, AVX512_ROW},
#undef WORD
  };
  static const uint32_t below[] = {0, 0, CTE_CPU_SSE, CTE_CPU_SSE | CTE_CPU_AVX2};
  const uint32_t all_rows = CTE_CPU_SSE | CTE_CPU_AVX2 | CTE_CPU_AVX512;
  uint32_t words[sizeof(struct cpu_words) / sizeof(uint32_t)];
  struct cpu_words cpu;
  memset(&cpu, 0xff, sizeof cpu);
  assert_int_equal(cte_cpu_rows(&cpu), all_rows);
  for (size_t i = 0; i < COUNT(needs); i++) { /* all but this */
    memset(words, 0xff, sizeof words);
    words[needs[i].word] &= ~(UINT32_C(1) << needs[i].bit);
    memcpy(&cpu, words, sizeof cpu);
    assert_int_equal(cte_cpu_rows(&cpu), below[needs[i].row]);
  }
  memset(words, 0, sizeof words);
  memcpy(&cpu, words, sizeof cpu);
  assert_int_equal(cte_cpu_rows(&cpu), 0);
  for (size_t i = 0; i < COUNT(needs); i++) words[needs[i].word] |= UINT32_C(1) << needs[i].bit; /* these alone */
  memcpy(&cpu, words, sizeof cpu);
  assert_int_equal(cte_cpu_rows(&cpu), all_rows);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names),
    cmocka_unit_test(selection),
    cmocka_unit_test(tables),
    cmocka_unit_test(threads),
    cmocka_unit_test(texts),
    cmocka_unit_test(numbers),
    cmocka_unit_test(sizes),
    cmocka_unit_test(version),
#if defined(__x86_64__) || defined(__i386__)
    cmocka_unit_test(cpu_rows),
#endif
  };
  return cmocka_run_group_tests_name("isa", tests, NULL, NULL);
}
