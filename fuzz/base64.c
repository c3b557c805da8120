/* base64.c: fuzzes cte/base64.h. */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

static cte_base64_encode_options encode_options(const uint8_t *head) {
  return (cte_base64_encode_options){.columns = fuzz_columns(head),
                                     .line_end = head[2] & 1,
                                     .last_line = head[2] >> 1 & 1,
                                     .alphabet = head[2] >> 2 & 1,
                                     .padding = head[2] >> 3 & 1};
}

static cte_base64_decode_options decode_options(const uint8_t *head) {
  return (cte_base64_decode_options){.reject = fuzz_reject(head, CTE_BASE64_REJECT_STRICT),
                                     .alphabet = head[4] % 3,
                                     .line_ends = head[5] % 3,
                                     .after_padding = head[6] & 1};
}

/* What was encoded decodes to itself, with no anomaly but those that the options ask for. */
static void comes_back(const cte_base64_encode_options *options, const struct fuzz *f) {
  size_t size = cte_base64_encoded_size(f->size, options);
  uint8_t *coded = fuzz_memory(size);
  cte_result encoded = cte_base64_encode(f->data, f->size, coded, size, options);
  REQUIRE(encoded.status == CTE_OK && encoded.read == f->size && encoded.written == size);
  cte_base64_decode_options back = {.alphabet = options->alphabet};
  size_t bound = cte_base64_decoded_bound(size, &back);
  REQUIRE(bound >= f->size);
  uint8_t *plain = fuzz_memory(f->size);
  cte_result decoded = cte_base64_decode(coded, size, plain, f->size, &back);
  REQUIRE(decoded.status == CTE_OK && decoded.read == size && decoded.written == f->size);
  REQUIRE(f->size == 0 || memcmp(plain, f->data, f->size) == 0);
  uint32_t expected = 0;
  if (options->padding == CTE_BASE64_UNPADDED) expected |= CTE_ANOMALY_MISSING_PADDING;
  if (options->columns > CTE_COLUMNS_MIME) expected |= CTE_ANOMALY_LINE_OVER_76;
  REQUIRE((decoded.anomalies & ~expected) == 0);
  free(plain);
  free(coded);
}

static void strict_keeps_the_grammar(const struct fuzz *f) {
  for (int url = 0; url < 2; url++) {
    cte_base64_decode_options strict = CTE_BASE64_DECODE_STRICT;
    strict.alphabet = (uint8_t)url;
    size_t bound = cte_base64_decoded_bound(f->size, &strict);
    uint8_t *plain = fuzz_memory(bound);
    cte_result decoded = cte_base64_decode(f->data, f->size, plain, bound, &strict);
    REQUIRE((decoded.status == CTE_OK) == grammar_base64(f->data, f->size, url));
    free(plain);
  }
}

/* A codec on every row, and what must hold beside the reference. */
static void encode_all(const cte_base64_encode_options *options, const struct fuzz *f) {
  fuzz_codec(&base64_encode_subject, options, f);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    comes_back(options, f);
  }
}

static void decode_all(const cte_base64_decode_options *options, const struct fuzz *f) {
  fuzz_codec(&base64_decode_subject, options, f);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    strict_keeps_the_grammar(f);
  }
}

/* ---- Long texts: a payload that libFuzzer keeps short does not reach behind the first of what kernels take as one ---- */

#define LONGEST 65536

/* Octets by chance in lines, mostly of 76 and CRLF; up to 64 KiB, mostly less than 4. */
static size_t long_text(uint8_t *text, const uint8_t *head) {
  static struct outcome expected;
  static uint8_t plain[LONGEST / 4 * 3];
  cte_base64_encode_options options = {.line_end = head[0] & 1, .last_line = head[0] >> 1 & 1};
  if (head[0] & 4) options = encode_options(head + 1);
  size_t n = 1 + random_below((size_t)768 << random_below(1 + random_below(7)));
  for (size_t i = 0; i < n; i++) plain[i] = (uint8_t)random_u32();
  ref_base64_encode(&expected, plain, n, &options);
  encode_all(&options, &(struct fuzz){{0}, plain, n});
  size_t size = expected.size < LONGEST ? expected.size : LONGEST;
  memcpy(text, expected.data, size);
  return size;
}

/* None to three faults: three octets of the payload put one octet somewhere into the text, or in the place of another. */
static size_t spoil(uint8_t *text, size_t n, const struct fuzz *f) {
  size_t faults = f->head[0] >> 3 & 3;
  for (size_t i = 0; i + 3 <= f->size && i < faults * 3 && n > 0; i += 3) {
    size_t place = (f->data[i] | (size_t)f->data[i + 1] << 8) % n;
    if (f->head[0] & 4 && n < LONGEST) {
      memmove(text + place + 1, text + place, n - place);
      n++;
    }
    text[place] = f->data[i + 2];
  }
  return n;
}

/* Far more room than is needed. */
static void decode_with_room(const cte_base64_decode_options *options, const uint8_t *text, size_t n) {
  static struct outcome expected;
  static uint8_t out[LONGEST];
  base64_decode_subject.reference(&expected, text, n, options);
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    cte_result got = cte_base64_decode(guarded_copy(text, n, random_one_in(2)), n, out, sizeof out, options);
    REQUIRE(got.status == expected.status && got.read == expected.read && got.anomalies == expected.anomalies);
    REQUIRE(got.written == expected.size && memcmp(out, expected.data, got.written) == 0);
  }
}

/* One fault at a time, at places by chance: behind regular text is where kernels are about to do the most at once. */
static void one_fault(const cte_base64_decode_options *options, uint8_t *text, size_t n) {
  for (size_t times = n ? 8 : 0; times > 0; times--) {
    size_t place = random_below(n);
    uint8_t was = text[place];
    text[place] = (uint8_t)("! =\n\r"[random_below(5)]);
    decode_with_room(options, text, n);
    text[place] = was;
  }
}

/* The payload is the seed of all chance, too. */
static void decode_long(const cte_base64_decode_options *options, const struct fuzz *f) {
  static uint8_t text[LONGEST];
  uint64_t seed = random_u64();
  for (size_t i = 0; i < f->size; i++) seed = (seed ^ f->data[i]) * UINT64_C(0x100000001B3);
  random_from(seed);
  size_t n = long_text(text, f->head + 12);
  one_fault(options, text, n);
  n = spoil(text, n, f);
  decode_all(options, &(struct fuzz){{0}, text, n});
}

/* head[0]: 1 encode, 2 encode and decode a long text, else decode what the payload says. */
void fuzz_one(const struct fuzz *f) {
  if (f->head[0] & 1) {
    cte_base64_encode_options options = encode_options(f->head + 5);
    encode_all(&options, f);
  } else if (f->head[0] & 2) {
    cte_base64_decode_options options = decode_options(f->head + 5);
    decode_long(&options, f);
  } else {
    cte_base64_decode_options options = decode_options(f->head + 5);
    decode_all(&options, f);
  }
  row_begin(0);
}
