/*
 * far.c: counts and offsets beyond 32 bits: more than 4 GiB go through every codec, then a NUL, which each of them reports.
 * At full scale and on the first row alone: it takes a while.
 */
#define _DEFAULT_SOURCE

#include "rows.h"
#include "support.h"

#if defined(__linux__) && SIZE_MAX > UINT32_MAX
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define FAR_ONE_SHOT
#endif

enum { MIB = 1 << 20, LINE = 64 };
#define BEFORE ((uint64_t)4100 * MIB) /* octets before the end; whole lines, and whole quanta of base64 */

/* What ends each text: the third octet is the one that is reported. */
static const uint8_t end[] = {'a', 'b', 0, '\r', '\n', '.', '\r', '\n'};
enum { OFFENDING = 2 };

static const cte_base64_decode_options base64 = {.reject = CTE_ANOMALY_CHARACTER};
static const cte_qp_decode_options qp = {.reject = CTE_ANOMALY_RAW_CONTROL};
static const cte_smtp_options smtp = {.long_line = CTE_SMTP_KEEP};
static const uint32_t smtp_lines = CTE_LINES_ALLOW_7BIT;

/* Decoders and checks: their error, and how many octets come out before it, of lines of 62 or of one line. */
static const struct {
  const struct subject *subject;
  const void *options;
  uint64_t written[2];
  int32_t error;   /* of the reader the verdict */
  bool long_lines; /* else a long line is an error */
} decoders[] = {
    {&base64_decode_subject, &base64, {BEFORE / LINE * 62 / 4 * 3 + 1, BEFORE / 4 * 3 + 1}, CTE_ERROR_CHARACTER, true},
    {&qp_decode_subject, &qp, {BEFORE + 2, BEFORE + 2}, CTE_ERROR_RAW_CONTROL, true},
    {&smtp_write_subject, &smtp, {BEFORE + 2, BEFORE + 2}, CTE_ERROR_NUL, true},
    {&smtp_read_subject, &smtp, {BEFORE + 2, BEFORE + 2}, CTE_ERROR_NUL, true},
    {&lines_check_subject, &smtp_lines, {0, 0}, CTE_ERROR_NUL, false},
};

static const cte_base64_encode_options folded = CTE_BASE64_ENCODE_MAIL,
                                       far_fold = {.columns = BEFORE, .last_line = CTE_BASE64_LAST_LINE_BARE};
static const cte_qp_encode_options text = CTE_QP_ENCODE_TEXT;

/* Encoders: how many octets come out. */
static const struct {
  const struct subject *subject;
  const void *options;
  uint64_t written[2]; /* of lines of 62 and of one line, without `end` */
} encoders[] = {
    {&base64_encode_subject,
     &folded,
     {(BEFORE + 2) / 3 * 4 + ((BEFORE + 2) / 3 * 4 + 75) / 76 * 2,
      (BEFORE + 2) / 3 * 4 + ((BEFORE + 2) / 3 * 4 + 75) / 76 * 2}},
    {&base64_encode_subject, &far_fold, {(BEFORE + 2) / 3 * 4 + 2, (BEFORE + 2) / 3 * 4 + 2}},
    {&qp_encode_subject, &text, {BEFORE, BEFORE + (BEFORE - 2) / 75 * 3}},
};

static uint8_t block[MIB];

/* Lines of 62 and CRLF, or a piece of one line. */
static void make_block(bool one_line) {
  memset(block, 'a', sizeof block);
  for (size_t i = LINE; i <= sizeof block && !one_line; i += LINE) block[i - 2] = '\r', block[i - 1] = '\n';
}

static void only_at_full_scale(void) {
  if (scaled(100) < 100) skip();
}

/* ---- Streams ---- */

/* Takes octets in, counting what comes out; the first status but CTE_OK and CTE_MORE_OUTPUT. */
static int32_t feed(cte_stream *s, const uint8_t *src, size_t n, uint64_t *written) {
  static uint8_t room[4 * MIB];
  cte_input in = {src, n, 0};
  int32_t status;
  do {
    cte_output out = {room, sizeof room, 0};
    status = cte_stream_update(s, &in, &out);
    *written += out.pos;
  } while (status == CTE_MORE_OUTPUT);
  return status;
}

static void feed_blocks(cte_stream *s, uint64_t *written) {
  for (uint64_t done = 0; done < BEFORE; done += sizeof block)
    assert_int_equal(feed(s, block, sizeof block, written), CTE_OK);
}

static void streams(void **state) {
  (void)state;
  only_at_full_scale();
  for (int one_line = 0; one_line < 2; one_line++) {
    make_block(one_line);
    for (size_t i = 0; i < COUNT(decoders); i++) {
      if (one_line && !decoders[i].long_lines) continue;
      const bool reader = decoders[i].subject == &smtp_read_subject;
      cte_stream s;
      uint64_t written = 0;
      assert_int_equal(decoders[i].subject->set_up(&s, decoders[i].options), CTE_OK);
      feed_blocks(&s, &written);
      int32_t status = feed(&s, end, sizeof end, &written);
      if (status == CTE_OK) status = feed(&s, NULL, 0, &written);
      assert_int_equal(status, reader ? CTE_END : decoders[i].error);
      assert_int_equal(cte_stream_verdict(&s), reader ? decoders[i].error : CTE_OK);
      assert_true(cte_stream_error_offset(&s) == BEFORE + OFFENDING);
      assert_true(cte_stream_first_anomaly(&s, UINT32_C(1) << (-32 - decoders[i].error)) == BEFORE + OFFENDING);
      assert_true(written == decoders[i].written[one_line]);
    }
    for (size_t i = 0; i < COUNT(encoders); i++) {
      cte_stream s;
      uint64_t written = 0;
      uint8_t room[256];
      cte_output out = {room, sizeof room, 0};
      assert_int_equal(encoders[i].subject->set_up(&s, encoders[i].options), CTE_OK);
      feed_blocks(&s, &written);
      assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
      assert_true(written + out.pos == encoders[i].written[one_line]);
    }
  }
}

/* ---- Statistics ---- */

static void statistics(void **state) {
  (void)state;
  only_at_full_scale();
  for (int one_line = 0; one_line < 2; one_line++) {
    make_block(one_line);
    cte_lines lines;
    cte_lines_init(&lines);
    for (uint64_t done = 0; done < BEFORE; done += sizeof block) cte_lines_update(&lines, block, sizeof block);
    cte_lines_update(&lines, end, sizeof end);
    cte_lines_finish(&lines);
    assert_true(lines.octets == BEFORE + sizeof end);
    assert_true(lines.lines == (one_line ? 2 : BEFORE / LINE + 2));
    assert_true(lines.crlf == lines.lines);
    assert_true(lines.longest == (one_line ? BEFORE + 3 : 62));
    assert_true(lines.first[CTE_LINES_NUL] == BEFORE + OFFENDING);
    assert_true(lines.first[CTE_LINES_DOT] == BEFORE + 5);
    const cte_choice choice = cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, CTE_LINES_CRLF);
    assert_int_equal(choice.encoding, CTE_ENCODING_QP);
    assert_true(choice.identity == lines.octets);
    assert_true(choice.base64 == cte_base64_encoded_size((size_t)lines.octets, NULL) || sizeof(size_t) < 8);
  }
}

/* ---- One-shot calls: an address space of more than 4 GiB over little memory ---- */

#ifdef FAR_ONE_SHOT
/* `size` octets (whole MiB) over a file of one MiB, again and again. */
static uint8_t *repeated(uint64_t size, FILE *file) {
  uint8_t *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(p != MAP_FAILED);
  for (uint64_t i = 0; i < size; i += MIB)
    assert_true(mmap(p + i, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(file), 0) == p + i);
  return p;
}

static void one_shot(void **state) {
  (void)state;
  only_at_full_scale();
  const uint64_t src_size = BEFORE + MIB, dst_size = 2 * BEFORE;
  FILE *in = tmpfile(), *out = tmpfile();
  assert_true(in && out && ftruncate(fileno(in), MIB) == 0 && ftruncate(fileno(out), MIB) == 0);
  uint8_t *src = repeated(src_size, in), *dst = repeated(dst_size, out);
  uint8_t *last = mmap(src + BEFORE, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  assert_true(last == src + BEFORE);
  memcpy(last, end, sizeof end);
  for (int one_line = 0; one_line < 2; one_line++) {
    make_block(one_line);
    memcpy(src, block, sizeof block);
    for (size_t i = 0; i < COUNT(decoders); i++) {
      if (one_line && !decoders[i].long_lines) continue;
      const bool reader = decoders[i].subject == &smtp_read_subject;
      const cte_result r = decoders[i].subject->one_shot(src, BEFORE + sizeof end, dst, dst_size, decoders[i].options);
      assert_int_equal(r.status, reader ? CTE_END : decoders[i].error);
      assert_true(r.read == BEFORE + (reader ? sizeof end : OFFENDING));
      assert_true(r.written == decoders[i].written[one_line]);
    }
    for (size_t i = 0; i < COUNT(encoders); i++) {
      const cte_result r = encoders[i].subject->one_shot(src, BEFORE, dst, dst_size, encoders[i].options);
      assert_int_equal(r.status, CTE_OK);
      assert_true(r.read == BEFORE);
      assert_true(r.written == encoders[i].written[one_line]);
    }
    assert_true(cte_qp_encoded_size(src, BEFORE, &text) == encoders[2].written[one_line]);
    /* The line end, where it alone is the last to be written into its page. */
    const cte_result r = cte_base64_encode(src, BEFORE / 4 * 3 + 3, dst, dst_size, &far_fold);
    assert_true(r.written == BEFORE + 2 + 4);
    assert_memory_equal(dst + BEFORE, "\r\n", 2);
  }
  munmap(src, src_size);
  munmap(dst, dst_size);
  fclose(in);
  fclose(out);
}
#endif

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(streams),
      cmocka_unit_test(statistics),
#ifdef FAR_ONE_SHOT
      cmocka_unit_test(one_shot),
#endif
  };
  row_begin(0);
  return cmocka_run_group_tests_name("far", tests, NULL, NULL);
}
