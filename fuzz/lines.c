/* lines.c: fuzzes cte/lines.h. */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

/* The statistics, taken in by pieces that chance cuts, each against a guard page. */
static void take_in(cte_lines *lines, const struct fuzz *f) {
  cte_lines_init(lines);
  const size_t mosts[] = {9, 1500, f->size + 1};
  size_t most = 1 + random_below(mosts[f->size > 4096 ? 1 + random_below(2) : random_below(2)]);
  for (size_t i = 0; i < f->size;) {
    size_t n = random_below(most + 1);
    if (n > f->size - i) n = f->size - i;
    const uint8_t *piece = n ? guarded_copy(f->data + i, n, random_one_in(2)) : NULL;
    cte_lines_update(lines, piece, n);
    i += n;
    if (random_one_in(16)) rows_select(random_below(rows_count()));
  }
  cte_lines_finish(lines);
}

static void statistics(const struct fuzz *f, cte_lines *expected) {
  ref_lines(expected, f->data, f->size);
  for (size_t row = 0; row < rows_count(); row++) {
    cte_lines got;
    row_begin(row);
    take_in(&got, f);
    REQUIRE(got.octets == expected->octets && got.lines == expected->lines && got.longest == expected->longest);
    REQUIRE(got.crlf == expected->crlf && got.unterminated == expected->unterminated);
    for (size_t k = 0; k < CTE_LINES_KINDS; k++)
      REQUIRE(got.count[k] == expected->count[k] && got.first[k] == expected->first[k]);
  }
  row_begin(0);
}

/* The statistics and the check speak of the same text. */
static void agree(const struct fuzz *f, const cte_lines *lines) {
  int32_t encoding = cte_lines_encoding(lines, CTE_LINES_CRLF), lf = cte_lines_encoding(lines, CTE_LINES_LF);
  bool seven = cte_lines_check(f->data, f->size, CTE_LINES_ALLOW_7BIT).status == CTE_OK;
  bool eight = cte_lines_check(f->data, f->size, CTE_LINES_ALLOW_8BIT).status == CTE_OK;
  REQUIRE((encoding == CTE_ENCODING_7BIT) == seven && (encoding <= CTE_ENCODING_8BIT) == eight);
  bool text = cte_lines_check(f->data, f->size, CTE_LINES_ALLOW_8BIT | CTE_LINES_LF_TEXT).status == CTE_OK;
  REQUIRE((lf <= CTE_ENCODING_8BIT) == text);
}

/* What an octet is that may not stand where it stands: of its own kind first, else the one that makes its line too long. */
static int32_t violation(uint8_t c, unsigned allowed) {
  if (c == '\r') return CTE_ERROR_BARE_CR;
  if (c == '\n') return CTE_ERROR_BARE_LF;
  if (c == 0 && !(allowed & GRAMMAR_NUL)) return CTE_ERROR_NUL;
  return c > 127 && !(allowed & GRAMMAR_8BIT) ? CTE_ERROR_RAW_8BIT : CTE_ERROR_LINE_OVER_998;
}

/* The check accepts what RFC 2045 and RFC 5321 allow; of anything else, all before the octet that it names. */
static void keeps_the_grammar(const struct fuzz *f) {
  static const unsigned kinds[] = {0, GRAMMAR_8BIT, GRAMMAR_8BIT | GRAMMAR_NUL};
  for (uint32_t i = 0; i < 2 * COUNT(kinds); i++) {
    uint32_t allowed = i % COUNT(kinds) | (i < COUNT(kinds) ? 0 : (uint32_t)CTE_LINES_LF_TEXT);
    unsigned kind = kinds[i % COUNT(kinds)] | (i < COUNT(kinds) ? 0 : (unsigned)GRAMMAR_LF);
    cte_result got = cte_lines_check(f->data, f->size, allowed);
    REQUIRE((got.status == CTE_OK) == grammar_lines(f->data, f->size, kind));
    if (got.status == CTE_OK) continue;
    REQUIRE(got.read < f->size && grammar_lines(f->data, got.read, kind));
    REQUIRE(!grammar_lines(f->data, got.read + 1, kind));
    REQUIRE(got.status == violation(f->data[got.read], kind));
    if (got.status == CTE_ERROR_BARE_CR && !(kind & GRAMMAR_LF))
      REQUIRE(got.read + 1 == f->size || f->data[got.read + 1] != '\n');
  }
}

/* How the choice takes the text to be encoded. */
static cte_qp_encode_options qp_options(const cte_lines *lines, uint32_t content, uint32_t ends) {
  bool lf = ends == CTE_LINES_LF || (ends == CTE_LINES_AUTO && lines->crlf == 0 && lines->count[CTE_LINES_BARE_LF] > 0);
  cte_qp_encode_options options = {.line_ends = CTE_QP_LINE_ENDS_BINARY};
  if (content == CTE_CONTENT_TEXT) options.line_ends = lf ? CTE_QP_LINE_ENDS_LF : CTE_QP_LINE_ENDS_CRLF;
  return options;
}

/* One choice against the reference, and its sizes against the encoders'. */
static void choose(const struct fuzz *f, const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t ends) {
  cte_choice got = cte_lines_choose(lines, content, transport, ends);
  cte_choice expected = ref_lines_choose(lines, content, transport, ends, got.quoted_printable);
  REQUIRE(got.status == expected.status && got.encoding == expected.encoding && got.identity == expected.identity);
  REQUIRE(got.base64 == expected.base64);
  REQUIRE(got.base64 == cte_base64_encoded_size((size_t)got.identity, NULL));
  if (content != CTE_CONTENT_TEXT && content != CTE_CONTENT_DATA) return;
  cte_qp_encode_options options = qp_options(lines, content, ends);
  /* Beyond the exact size: a soft line break each 73 columns, and blanks before line ends taken for escaped that are not. */
  uint64_t size = cte_qp_encoded_size(f->data, f->size, &options), bound = got.quoted_printable;
  uint64_t needless = lines->crlf + lines->count[CTE_LINES_BARE_LF];
  REQUIRE(size <= bound && bound <= size + 3 * (bound / 73) + 2 * needless);
}

/* What the choice says carries the text to a hop of 7 bits, and it comes back. */
static void carried(const struct fuzz *f, const cte_lines *lines, uint32_t content, uint32_t ends) {
  cte_choice choice = cte_lines_choose(lines, content, CTE_TRANSPORT_7BIT, ends);
  cte_qp_encode_options options = qp_options(lines, content, ends);
  uint8_t *text = fuzz_memory(2 * f->size);
  size_t n = fuzz_line_ends(text, f->data, f->size, &options);
  REQUIRE(choice.status == CTE_OK && choice.identity == n);
  if (choice.encoding == CTE_ENCODING_7BIT) {
    REQUIRE(grammar_lines(text, n, 0));
  } else {
    bool base64 = choice.encoding == CTE_ENCODING_BASE64;
    size_t room = (size_t)(base64 ? choice.base64 : choice.quoted_printable);
    uint8_t *coded = fuzz_memory(room), *plain = fuzz_memory(room);
    cte_result sent =
        base64 ? cte_base64_encode(text, n, coded, room, NULL) : cte_qp_encode(f->data, f->size, coded, room, &options);
    REQUIRE(sent.status == CTE_OK && grammar_lines(coded, sent.written, 0));
    cte_result back = base64 ? cte_base64_decode(coded, sent.written, plain, room, NULL)
                             : cte_qp_decode(coded, sent.written, plain, room, NULL);
    REQUIRE(back.status == CTE_OK && back.anomalies == 0);
    REQUIRE(back.written == n && memcmp(plain, text, n) == 0);
    free(plain);
    free(coded);
  }
  free(text);
}

void fuzz_one(const struct fuzz *input) {
  struct fuzz text = *input;
  fuzz_stretch(&text);
  const struct fuzz *f = &text;
  cte_lines lines;
  statistics(f, &lines);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    agree(f, &lines);
    keeps_the_grammar(f);
  }
  /* The choice runs a kernel for its sizes alone, many times: on one row by chance. */
  row_begin(random_below(rows_count()));
  for (uint32_t ends = CTE_LINES_CRLF; ends <= CTE_LINES_AUTO; ends++) {
    REQUIRE(cte_lines_encoding(&lines, ends) == ref_lines_encoding(&lines, ends));
    for (uint32_t content = CTE_CONTENT_TEXT; content <= CTE_CONTENT_OPAQUE; content++)
      for (uint32_t transport = CTE_TRANSPORT_7BIT; transport <= CTE_TRANSPORT_BINARYMIME; transport++)
        choose(f, &lines, content, transport, ends);
    carried(f, &lines, CTE_CONTENT_TEXT, ends);
    carried(f, &lines, CTE_CONTENT_DATA, ends);
  }
  uint32_t allowed = f->head[5] % 3u | (f->head[6] & 1 ? (uint32_t)CTE_LINES_LF_TEXT : 0);
  fuzz_codec(&lines_check_subject, &allowed, f);
}
