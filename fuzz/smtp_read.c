/* smtp_read.c: fuzzes the reader of cte/smtp.h. */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

/* Of any length: RFC 5321 section 2.3.8 with 8BITMIME. */
#define ANY_LINES (GRAMMAR_8BIT | GRAMMAR_LONG)

/* The end does not depend on any policy; a line's length in what comes out does. */
static void ends(const cte_smtp_options *options, const struct fuzz *f) {
  size_t bound = cte_smtp_read_bound(f->size, options), end = grammar_end_of_data(f->data, f->size);
  uint8_t *message = fuzz_memory(bound);
  cte_result got = cte_smtp_read(f->data, f->size, message, bound, options);
  REQUIRE(got.status == (end ? CTE_END : CTE_ERROR_TRUNCATED));
  REQUIRE(got.read == (end ? end : f->size));
  REQUIRE(!fuzz_lines_limited(options, true) || fuzz_longest_line(message, got.written, false) <= 998);
  free(message);
}

/* DATA that SMTP allows give the message, its dots unstuffed, under every policy. */
static void message_stays(const cte_smtp_options *options, const struct fuzz *f) {
  size_t end = grammar_end_of_data(f->data, f->size), n = 0;
  if (end == 0 || !grammar_lines(f->data, end, GRAMMAR_8BIT)) return;
  uint8_t *message = fuzz_memory(end), *expected = fuzz_memory(end);
  bool begin = true;
  for (size_t i = 0; i < end - 3; i++) {
    if (!begin || f->data[i] != '.') expected[n++] = f->data[i];
    begin = f->data[i] == '\n';
  }
  cte_result got = cte_smtp_read(f->data, f->size, message, end, options);
  REQUIRE(got.status == CTE_END && got.anomalies == 0 && got.written == n && memcmp(message, expected, n) == 0);
  free(expected);
  free(message);
}

/*
 * A strict reader, but for what it makes of long lines, accepts what the grammar allows and nothing else. What it accepts is
 * written, by a writer that rejects long lines where the reader leaves none, and read again.
 */
static void accepts(uint8_t long_line, const struct fuzz *f) {
  const cte_smtp_options strict = {.long_line = long_line};
  bool limited = fuzz_lines_limited(&strict, true);
  const cte_smtp_options writer = {.long_line = limited ? CTE_SMTP_REJECT : CTE_SMTP_KEEP};
  size_t room = cte_smtp_read_bound(f->size, &strict);
  uint8_t *message = fuzz_memory(room);
  cte_result got = cte_smtp_read(f->data, f->size, message, room, &strict);
  bool accepted = got.status == CTE_END && !(got.anomalies & CTE_VERDICT_REJECTED);
  bool short_enough = long_line != CTE_SMTP_REJECT || fuzz_longest_line(f->data, got.read, true) <= 998;
  REQUIRE(accepted == (got.status == CTE_END && grammar_lines(f->data, got.read, ANY_LINES) && short_enough));
  if (accepted) {
    REQUIRE(grammar_lines(message, got.written, ANY_LINES));
    size_t bound = cte_smtp_write_bound(got.written, &writer);
    uint8_t *data = fuzz_memory(bound), *again = fuzz_memory(got.written);
    cte_result sent = cte_smtp_write(message, got.written, data, bound, &writer);
    REQUIRE(sent.status == CTE_OK);
    cte_result back = cte_smtp_read(data, sent.written, again, got.written, NULL);
    REQUIRE(back.status == CTE_END && back.read == sent.written && back.written == got.written);
    REQUIRE(got.written == 0 || memcmp(again, message, got.written) == 0);
    free(again);
    free(data);
  }
  free(message);
}

void fuzz_one(const struct fuzz *input) {
  struct fuzz text = *input;
  fuzz_stretch(&text);
  const struct fuzz *f = &text;
  static const uint8_t long_lines[] = {CTE_SMTP_DEFAULT, CTE_SMTP_REJECT, CTE_SMTP_NORMALIZE};
  cte_smtp_options options = fuzz_smtp_options(f->head + 5, true);
  fuzz_codec(&smtp_read_subject, &options, f);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    ends(&options, f);
    message_stays(&options, f);
    for (size_t i = 0; i < COUNT(long_lines); i++) accepts(long_lines[i], f);
  }
  row_begin(0);
}
