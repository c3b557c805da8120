/* smtp_write.c: fuzzes the writer of cte/smtp.h, and its dots without a copy. */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

/* A BDAT payload holds NULs and CR and LF outside CRLF only where the options keep them. */
static bool kept_alone(const cte_smtp_options *options, const uint8_t *data, size_t n) {
  for (size_t i = 0; i < n; i++) {
    bool crlf = n - i >= 2 && memcmp(data + i, "\r\n", 2) == 0;
    i += crlf;
    if (crlf) continue;
    if (data[i] == 0 && options->nul != CTE_SMTP_KEEP) return false;
    if (data[i] == '\r' && options->bare_cr != CTE_SMTP_KEEP) return false;
    if (data[i] == '\n' && options->bare_lf != CTE_SMTP_KEEP) return false;
  }
  return true;
}

/* What was written is read again: the same message, and written once more the same octets. */
static void comes_back(const uint8_t *data, size_t n, bool limited) {
  const cte_smtp_options strict = {.long_line = limited ? CTE_SMTP_REJECT : CTE_SMTP_KEEP};
  uint8_t *message = fuzz_memory(n), *again = fuzz_memory(n);
  cte_result got = cte_smtp_read(data, n, message, n, &strict);
  REQUIRE(got.status == CTE_END && got.read == n && !(got.anomalies & CTE_VERDICT_REJECTED));
  cte_result back = cte_smtp_write(message, got.written, again, n, &strict);
  REQUIRE(back.status == CTE_OK && back.written == n && memcmp(again, data, n) == 0);
  free(again);
  free(message);
}

/* A message that SMTP carries as it is is in BDAT itself, and comes back of DATA, its last line ended. */
static void message_stays(const cte_smtp_options *options, const struct fuzz *f, const uint8_t *data, size_t n) {
  if (options->bdat) {
    REQUIRE(n == f->size && (n == 0 || memcmp(data, f->data, n) == 0));
    return;
  }
  size_t added = f->size == 0 || (f->size >= 2 && memcmp(f->data + f->size - 2, "\r\n", 2) == 0) ? 0 : 2;
  uint8_t *message = fuzz_memory(n);
  cte_result got = cte_smtp_read(data, n, message, n, NULL);
  REQUIRE(got.status == CTE_END && got.anomalies == 0 && got.written == f->size + added);
  REQUIRE(f->size == 0 || memcmp(message, f->data, f->size) == 0);
  REQUIRE(memcmp(message + f->size, "\r\n", added) == 0);
  free(message);
}

/* A BDAT payload of which all is kept is the message, whatever that is. */
static void all_kept(const struct fuzz *f) {
  const cte_smtp_options keep = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 1, {0}};
  uint8_t *data = fuzz_memory(f->size);
  cte_result got = cte_smtp_write(f->data, f->size, data, f->size, &keep);
  REQUIRE(got.status == CTE_OK && got.read == f->size && got.written == f->size);
  REQUIRE(f->size == 0 || memcmp(data, f->data, f->size) == 0);
  free(data);
}

static void written(const cte_smtp_options *options, const struct fuzz *f) {
  size_t bound = cte_smtp_write_bound(f->size, options);
  uint8_t *data = fuzz_memory(bound);
  cte_result got = cte_smtp_write(f->data, f->size, data, bound, options);
  REQUIRE(got.status == CTE_OK || got.status < CTE_ERROR_LINE_END);
  bool limited = fuzz_lines_limited(options, false);
  REQUIRE(!limited || fuzz_longest_line(data, got.written, !options->bdat) <= 998);
  if (options->bdat) REQUIRE(kept_alone(options, data, got.written));
  if (grammar_lines(f->data, f->size, GRAMMAR_8BIT)) {
    REQUIRE(got.status == CTE_OK && got.anomalies == 0);
    message_stays(options, f, data, got.written);
  }
  if (got.status == CTE_OK && !options->bdat) {
    REQUIRE(grammar_one_end(data, got.written));
    uint8_t *exact = fuzz_memory(got.written);
    memcpy(exact, data, got.written);
    comes_back(exact, got.written, limited);
    free(exact);
  }
  free(data);
}

/* A writer that rejects takes what SMTP allows (RFC 5321 sections 2.3.8 and 4.5.3.1.6), and nothing else. */
static void strict_keeps_the_grammar(const struct fuzz *f) {
  const cte_smtp_options strict = {CTE_SMTP_REJECT, CTE_SMTP_REJECT, CTE_SMTP_REJECT, CTE_SMTP_REJECT, 0, {0}};
  size_t bound = cte_smtp_write_bound(f->size, &strict);
  uint8_t *data = fuzz_memory(bound);
  cte_result got = cte_smtp_write(f->data, f->size, data, bound, &strict);
  REQUIRE((got.status == CTE_OK) == grammar_lines(f->data, f->size, GRAMMAR_8BIT));
  free(data);
}

/* Dots without a copy, by pieces that chance cuts. */
static void dots(const struct fuzz *f) {
  static struct outcome expected;
  ref_dots(&expected, f->data, f->size);
  uint8_t *out = fuzz_memory(2 * f->size + CTE_DOTS_END_SIZE);
  const size_t mosts[] = {8, 2000, f->size + 1};
  size_t written = 0, most = 1 + random_below(mosts[f->size > 4096 ? 2 : random_below(2)]);
  uint32_t state = 0;
  for (size_t i = 0; i < f->size;) {
    size_t n = 1 + random_below(most);
    if (n > f->size - i) n = f->size - i;
    const uint8_t *piece = guarded_copy(f->data + i, n, random_one_in(2));
    size_t hit = cte_dots_next(piece, n, &state);
    REQUIRE(hit <= n);
    if (hit) memcpy(out + written, piece, hit);
    written += hit;
    if (hit < n) out[written++] = '.';
    i += hit;
  }
  REQUIRE(written == expected.size && (written == 0 || memcmp(out, expected.data, written) == 0));
  uint8_t end[CTE_DOTS_END_SIZE];
  size_t n = cte_dots_end(end, state);
  bool ended = f->size == 0 || (f->size >= 2 && memcmp(f->data + f->size - 2, "\r\n", 2) == 0);
  REQUIRE(n == (ended ? 3 : 5) && memcmp(end, ended ? ".\r\n" : "\r\n.\r\n", n) == 0);
  if (grammar_lines(f->data, f->size, GRAMMAR_8BIT)) {
    memcpy(out + written, end, n);
    REQUIRE(grammar_one_end(out, written + n));
    message_stays(&(cte_smtp_options){0}, f, out, written + n);
  }
  free(out);
}

void fuzz_one(const struct fuzz *input) {
  struct fuzz text = *input;
  fuzz_stretch(&text);
  const struct fuzz *f = &text;
  cte_smtp_options options = fuzz_smtp_options(f->head + 5, false);
  fuzz_codec(&smtp_write_subject, &options, f);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    written(&options, f);
    strict_keeps_the_grammar(f);
    all_kept(f);
    dots(f);
  }
  row_begin(0);
}
