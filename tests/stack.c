/*
 * stack.c: how much stack each call takes: at most 8 KiB (SECURITY.md). It runs on a thread's stack that was filled before;
 * what the thread itself takes there is subtracted. Built without optimisation or with a sanitizer, code takes more.
 */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700

#include <cte/isa.h>

#include "rows.h"
#include "support.h"

#if defined(__linux__) && defined(__OPTIMIZE__) && !defined(CTE_SANITIZED)
#include <pthread.h>
#define MEASURED
#endif

#ifdef MEASURED

enum { LIMIT = 8192, STACK = 256 << 10, MOST = 7000, FILLER = 0xA5, WRAPPER = 512 };

enum how { ONE_SHOT, STREAM, SIZE };

/* One call. */
struct call {
  const struct subject *subject; /* NULL: none */
  const void *options;
  enum how how;
  const uint8_t *src;
  size_t n, chunk;
};

static uint8_t out[4 * MOST];

static void *make_call(void *argument) {
  static cte_stream s;
  const struct call *call = argument;
  if (call->subject == NULL) return NULL;
  if (call->how == SIZE) {
    cte_qp_encoded_size(call->src, call->n, call->options);
  } else if (call->how == STREAM) {
    cte_output o = {out, sizeof out, 0};
    int32_t status = call->subject->set_up(&s, call->options);
    for (size_t i = 0; i < call->n && status == CTE_OK; i += call->chunk) {
      cte_input in = {call->src + i, call->n - i < call->chunk ? call->n - i : call->chunk, 0};
      status = cte_stream_update(&s, &in, &o);
    }
    if (status == CTE_OK) cte_stream_finish(&s, &o);
  } else {
    call->subject->one_shot(call->src, call->n, out, sizeof out, call->options);
  }
  return NULL;
}

/* How many octets of its stack a thread writes to that makes the call. */
static size_t written_by(struct call *call) {
  static _Alignas(4096) uint8_t stack[STACK];
  pthread_attr_t attributes;
  pthread_t thread;
  size_t untouched = 0;
  memset(stack, FILLER, sizeof stack);
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstack(&attributes, stack, sizeof stack), 0);
  assert_int_equal(pthread_create(&thread, &attributes, make_call, call), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  while (stack[untouched] == FILLER) untouched++;
  return sizeof stack - untouched;
}

static const cte_base64_encode_options base64 = CTE_BASE64_ENCODE_MAIL, flat = CTE_BASE64_ENCODE_FLAT;
static const cte_base64_decode_options lenient = CTE_BASE64_DECODE_MAIL, strict = CTE_BASE64_DECODE_STRICT,
                                       no_space = {.reject = CTE_ANOMALY_WHITE_SPACE},
                                       short_lines = {.reject = CTE_ANOMALY_LINE_OVER_76},
                                       any_alphabet = {.alphabet = CTE_BASE64_EITHER};
static const cte_qp_encode_options text = CTE_QP_ENCODE_TEXT, binary = CTE_QP_ENCODE_BINARY,
                                   lf = {.line_ends = CTE_QP_LINE_ENDS_LF},
                                   styled = {.line_ends = CTE_QP_LINE_ENDS_LF,
                                             .flags = CTE_QP_ENCODE_DOT | CTE_QP_WHOLE_UTF8},
                                   either = {.line_ends = CTE_QP_LINE_ENDS_EITHER, .flags = CTE_QP_ENCODE_FROM},
                                   kept = {.line_ends = CTE_QP_LINE_ENDS_KEEP, .line_end = CTE_LINE_END_LF};
static const cte_qp_decode_options mail = CTE_QP_DECODE_MAIL, qp_strict = CTE_QP_DECODE_STRICT,
                                   to_lf = {.line_end = CTE_QP_LINE_END_LF}, to_crlf = {.line_end = CTE_QP_LINE_END_CRLF};
static const cte_smtp_options smtp = {0}, normalize = {.bare_lf = CTE_SMTP_NORMALIZE,
                                                       .bare_cr = CTE_SMTP_NORMALIZE,
                                                       .nul = CTE_SMTP_NORMALIZE,
                                                       .long_line = CTE_SMTP_NORMALIZE};
static const uint32_t seven_bit = CTE_LINES_ALLOW_7BIT;

static const struct {
  const struct subject *subject;
  const void *options;
} calls[] = {
    {&base64_encode_subject, &base64},
    {&base64_encode_subject, &flat},
    {&base64_decode_subject, &lenient},
    {&base64_decode_subject, &strict},
    {&base64_decode_subject, &no_space},
    {&base64_decode_subject, &short_lines},
    {&base64_decode_subject, &any_alphabet},
    {&qp_encode_subject, &text},
    {&qp_encode_subject, &binary},
    {&qp_encode_subject, &lf},
    {&qp_encode_subject, &styled},
    {&qp_encode_subject, &either},
    {&qp_encode_subject, &kept},
    {&qp_decode_subject, &mail},
    {&qp_decode_subject, &qp_strict},
    {&qp_decode_subject, &to_lf},
    {&qp_decode_subject, &to_crlf},
    {&smtp_write_subject, &smtp},
    {&smtp_write_subject, &normalize},
    {&smtp_read_subject, &smtp},
    {&smtp_read_subject, &normalize},
    {&lines_check_subject, &seven_bit},
};

/* The row is one of tests/rows.c, whose kernels call another's. */
static bool hostile(void) {
  const char *name;
  for (size_t i = 0; (name = cte_isa_list(i, NULL)) != NULL; i++)
    if (strcmp(name, cte_isa_name()) == 0) return false;
  return true;
}

/* Of the kinds, and besides base64 in lines of one width with a few faults: a row may hand narrow ones over to another. */
static void make_text(uint8_t *dst, size_t n, int kind) {
  if (kind < INPUT_KINDS) {
    make_input(dst, n, (enum input_kind)kind);
    return;
  }
  const size_t width = 20 + random_below(57);
  for (size_t i = 0; i < n; i++) {
    const size_t column = i % (width + 2);
    dst[i] = column < width ? (uint8_t)('A' + random_below(26)) : column == width ? '\r' : '\n';
  }
  for (size_t at = random_below(300); at < n; at += 1 + random_below(600)) dst[at] = (uint8_t) ".\n -"[random_below(4)];
}

static void at_most_8_kib(void **state) {
  (void)state;
  random_begin("at_most_8_kib");
  static uint8_t src[MOST];
  struct call call = {.subject = NULL};
  const size_t thread = written_by(&call);
  size_t most = 0, limit = hostile() ? LIMIT + WRAPPER : LIMIT;
  for (size_t times = scaled(3); times > 0; times--) {
    for (int kind = 0; kind < INPUT_KINDS + 5; kind++) {
      const size_t n = random_one_in(2) ? 1 + random_below(MOST / 4) : MOST / 2 + random_below(MOST / 2);
      make_text(src, n, kind);
      for (size_t i = 0; i < COUNT(calls); i++) {
        for (int how = ONE_SHOT; how <= (calls[i].subject == &qp_encode_subject ? SIZE : STREAM); how++) {
          call = (struct call){
              calls[i].subject, calls[i].options, (enum how)how, src, n, 1 + random_below(random_one_in(2) ? 600 : n)};
          make_call(&call); /* the linker finds what it calls now */
          const size_t taken = written_by(&call) - thread;
          if (taken > limit) fail_msg("%s, call %zu, way %d: %zu octets of stack", cte_isa_name(), i, how, taken);
          if (taken > most) most = taken;
        }
      }
    }
  }
  print_message("%s: %zu octets of stack at most\n", cte_isa_name(), most);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(at_most_8_kib)};
  return run_on_every_row("stack", tests, COUNT(tests));
}

#else

int main(void) {
  print_message("stack: not measured here\n");
  return 0;
}

#endif
