/* lines.c: fuzzes cte/lines.h. */
#include "fuzz.h"
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

/* One choice against the reference, and its sizes against the encoders'. */
static void choose(const struct fuzz *f, const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t ends) {
  cte_choice got = cte_lines_choose(lines, content, transport, ends);
  cte_choice expected = ref_lines_choose(lines, content, transport, ends, got.quoted_printable);
  REQUIRE(got.status == expected.status && got.encoding == expected.encoding && got.identity == expected.identity);
  REQUIRE(got.base64 == expected.base64);
  REQUIRE(got.base64 == cte_base64_encoded_size((size_t)got.identity, NULL));
  bool lf = ends == CTE_LINES_LF || (ends == CTE_LINES_AUTO && lines->crlf == 0 && lines->count[CTE_LINES_BARE_LF] > 0);
  cte_qp_encode_options options = {.line_ends = CTE_QP_LINE_ENDS_BINARY};
  if (content == CTE_CONTENT_TEXT) options.line_ends = lf ? CTE_QP_LINE_ENDS_LF : CTE_QP_LINE_ENDS_CRLF;
  if (content != CTE_CONTENT_TEXT && content != CTE_CONTENT_DATA) return;
  /* Beyond the exact size: a soft line break each 73 columns, and blanks before line ends taken for escaped that are not. */
  uint64_t size = cte_qp_encoded_size(f->data, f->size, &options), bound = got.quoted_printable;
  uint64_t needless = lines->crlf + lines->count[CTE_LINES_BARE_LF];
  REQUIRE(size <= bound && bound <= size + 3 * (bound / 73) + 2 * needless);
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
  }
  /* The choice runs a kernel for its sizes alone, many times: on one row by chance. */
  row_begin(random_below(rows_count()));
  for (uint32_t ends = CTE_LINES_CRLF; ends <= CTE_LINES_AUTO; ends++) {
    REQUIRE(cte_lines_encoding(&lines, ends) == ref_lines_encoding(&lines, ends));
    for (uint32_t content = CTE_CONTENT_TEXT; content <= CTE_CONTENT_OPAQUE; content++)
      for (uint32_t transport = CTE_TRANSPORT_7BIT; transport <= CTE_TRANSPORT_BINARYMIME; transport++)
        choose(f, &lines, content, transport, ends);
  }
  uint32_t allowed = f->head[5] % 3u | (f->head[6] & 1 ? (uint32_t)CTE_LINES_LF_TEXT : 0);
  fuzz_codec(&lines_check_subject, &allowed, f);
}
