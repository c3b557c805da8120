/* quoted_printable.c: fuzzes cte/quoted_printable.h. */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

static cte_qp_encode_options encode_options(const uint8_t *head) {
  return (cte_qp_encode_options){.flags = head[0] & 63, .line_ends = head[1] % 5, .line_end = head[2] & 1};
}

static cte_qp_decode_options decode_options(const uint8_t *head) {
  return (cte_qp_decode_options){.reject = fuzz_reject(head, CTE_QP_REJECT_STRICT), .line_end = head[4] % 3};
}

/* What was encoded keeps the grammar and decodes to itself. */
static void comes_back(const cte_qp_encode_options *options, const struct fuzz *f) {
  size_t size = cte_qp_encoded_size(f->data, f->size, options);
  uint8_t *coded = fuzz_memory(size), *plain = fuzz_memory(size), *expected = fuzz_memory(2 * f->size);
  cte_result encoded = cte_qp_encode(f->data, f->size, coded, size, options);
  REQUIRE(encoded.status == CTE_OK && encoded.read == f->size && encoded.written == size);
  size_t length = fuzz_line_ends(expected, f->data, f->size, options);
  cte_result decoded = cte_qp_decode(coded, size, plain, size, NULL);
  REQUIRE(decoded.status == CTE_OK && decoded.read == size && decoded.written == length);
  REQUIRE(length == 0 || memcmp(plain, expected, length) == 0);
  bool only_crlf = options->line_end == CTE_LINE_END_CRLF && options->line_ends != CTE_QP_LINE_ENDS_KEEP;
  REQUIRE((decoded.anomalies & ~(only_crlf ? 0u : (uint32_t)CTE_ANOMALY_BARE_LF)) == 0);
  if (only_crlf) REQUIRE(grammar_quoted_printable(coded, size));
  free(expected);
  free(plain);
  free(coded);
}

static void strict_keeps_the_grammar(const struct fuzz *f) {
  cte_qp_decode_options strict = CTE_QP_DECODE_STRICT;
  size_t bound = cte_qp_decoded_bound(f->size, &strict);
  uint8_t *plain = fuzz_memory(bound);
  cte_result decoded = cte_qp_decode(f->data, f->size, plain, bound, &strict);
  REQUIRE((decoded.status == CTE_OK) == grammar_quoted_printable(f->data, f->size));
  free(plain);
}

void fuzz_one(const struct fuzz *input) {
  struct fuzz text = *input;
  fuzz_stretch(&text);
  const struct fuzz *f = &text;
  if (f->head[0] & 1) {
    cte_qp_encode_options options = encode_options(f->head + 5);
    fuzz_codec(&qp_encode_subject, &options, f);
    for (size_t row = 0; row < rows_count(); row++) {
      row_begin(row);
      comes_back(&options, f);
    }
  } else {
    cte_qp_decode_options options = decode_options(f->head + 5);
    fuzz_codec(&qp_decode_subject, &options, f);
    for (size_t row = 0; row < rows_count(); row++) {
      row_begin(row);
      strict_keeps_the_grammar(f);
    }
  }
  row_begin(0);
}
