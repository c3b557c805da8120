/* base64.c: tests of cte/base64.h: vectors, what mail really brings, and every option against the reference. */
#include "rows.h"
#include "support.h"

#define ALL_KINDS 0x3FFu /* base64's anomalies, and one that is not */

static const cte_base64_encode_options encode_options[] = {
    CTE_BASE64_ENCODE_MAIL,
    CTE_BASE64_ENCODE_FLAT,
    {.last_line = CTE_BASE64_LAST_LINE_BARE},
    {.line_end = CTE_LINE_END_LF},
    {.line_end = CTE_LINE_END_LF, .last_line = CTE_BASE64_LAST_LINE_BARE, .padding = CTE_BASE64_UNPADDED},
    {.alphabet = CTE_BASE64_URL},
    {.padding = CTE_BASE64_UNPADDED},
    {.columns = CTE_COLUMNS_NONE},
    {.columns = CTE_COLUMNS_NONE, .padding = CTE_BASE64_UNPADDED, .alphabet = CTE_BASE64_URL},
    {.columns = CTE_COLUMNS_NONE - 1},
    {.columns = 76},
    {.columns = 1},
    {.columns = 2, .line_end = CTE_LINE_END_LF, .padding = CTE_BASE64_UNPADDED},
    {.columns = 3, .last_line = CTE_BASE64_LAST_LINE_BARE},
    {.columns = 4},
    {.columns = 4, .line_end = CTE_LINE_END_LF, .last_line = CTE_BASE64_LAST_LINE_BARE},
    {.columns = 5, .padding = CTE_BASE64_UNPADDED},
    {.columns = 7, .line_end = CTE_LINE_END_LF},
    {.columns = 8},
    {.columns = 57},
    {.columns = 60, .line_end = CTE_LINE_END_LF},
    {.columns = 64},
    {.columns = 64, .line_end = CTE_LINE_END_LF, .last_line = CTE_BASE64_LAST_LINE_BARE},
    {.columns = 72},
    {.columns = 75},
    {.columns = 75, .alphabet = CTE_BASE64_URL, .padding = CTE_BASE64_UNPADDED},
    {.columns = 77},
    {.columns = 200, .padding = CTE_BASE64_UNPADDED},
    {.columns = 1000, .line_end = CTE_LINE_END_LF},
    {.columns = UINT64_C(1) << 40},
};

static const cte_base64_decode_options decode_options[] = {
    CTE_BASE64_DECODE_MAIL,
    CTE_BASE64_DECODE_STRICT,
    {.alphabet = CTE_BASE64_URL},
    {.alphabet = CTE_BASE64_EITHER},
    {.line_ends = CTE_BASE64_LINE_ENDS_LF},
    {.line_ends = CTE_BASE64_LINE_ENDS_NONE},
    {.after_padding = CTE_BASE64_AFTER_PADDING_STOP},
    {.alphabet = CTE_BASE64_URL, .line_ends = CTE_BASE64_LINE_ENDS_LF, .after_padding = CTE_BASE64_AFTER_PADDING_STOP},
    {.alphabet = CTE_BASE64_EITHER, .line_ends = CTE_BASE64_LINE_ENDS_NONE, .after_padding = CTE_BASE64_AFTER_PADDING_STOP},
    {.reject = ALL_KINDS},
    {.reject = ALL_KINDS, .alphabet = CTE_BASE64_EITHER, .line_ends = CTE_BASE64_LINE_ENDS_LF},
    {.reject = CTE_BASE64_REJECT_STRICT},
    {.reject = CTE_BASE64_REJECT_STRICT, .after_padding = CTE_BASE64_AFTER_PADDING_STOP},
    {.reject = CTE_BASE64_REJECT_STRICT, .alphabet = CTE_BASE64_URL},
    {.reject = 0xFFFFF & ~ALL_KINDS},
    {.reject = CTE_ANOMALY_WHITE_SPACE},
    {.reject = CTE_ANOMALY_CHARACTER},
    {.reject = CTE_ANOMALY_ALPHABET},
    {.reject = CTE_ANOMALY_ALPHABET, .alphabet = CTE_BASE64_URL},
    {.reject = CTE_ANOMALY_MISSING_PADDING},
    {.reject = CTE_ANOMALY_EXCESS_PADDING},
    {.reject = CTE_ANOMALY_DATA_AFTER_PADDING},
    {.reject = CTE_ANOMALY_DANGLING_CHARACTER},
    {.reject = CTE_ANOMALY_TRAILING_BITS},
    {.reject = CTE_ANOMALY_LINE_OVER_76},
    {.reject = CTE_ANOMALY_LINE_OVER_76, .line_ends = CTE_BASE64_LINE_ENDS_LF},
    {.reject = CTE_ANOMALY_TRAILING_BITS | CTE_ANOMALY_DATA_AFTER_PADDING, .after_padding = CTE_BASE64_AFTER_PADDING_STOP},
    {.reject = CTE_ANOMALY_CHARACTER | CTE_ANOMALY_LINE_OVER_76, .alphabet = CTE_BASE64_EITHER},
};

static const enum input_kind encode_kinds[] = {INPUT_RANDOM, INPUT_ONE};
static const enum input_kind decode_kinds[] = {INPUT_BASE64, INPUT_BASE64_BAD, INPUT_BASE64_BAD,
                                               INPUT_RICH,   INPUT_RANDOM,     INPUT_ONE};

#define ENCODE &base64_encode_subject, encode_options, COUNT(encode_options), encode_kinds, COUNT(encode_kinds)
#define DECODE &base64_decode_subject, decode_options, COUNT(decode_options), decode_kinds, COUNT(decode_kinds)

static void encode_lengths(void **state) {
  (void)state;
  test_lengths(ENCODE);
}

static void encode_cuts(void **state) {
  (void)state;
  test_cuts(ENCODE);
}

static void encode_large(void **state) {
  (void)state;
  test_large(ENCODE);
}

static void decode_lengths(void **state) {
  (void)state;
  test_lengths(DECODE);
}

static void decode_cuts(void **state) {
  (void)state;
  test_cuts(DECODE);
}

static void decode_large(void **state) {
  (void)state;
  test_large(DECODE);
}

/* ---- Vectors ---- */

static const cte_base64_encode_options encode_flat = CTE_BASE64_ENCODE_FLAT, encode_mail = CTE_BASE64_ENCODE_MAIL;
static const cte_base64_decode_options mail = CTE_BASE64_DECODE_MAIL, strict = CTE_BASE64_DECODE_STRICT;

struct pair {
  const char *plain;
  size_t size;
  const char *coded;
};

/* RFC 4648 section 10, RFC 2045's and textbooks' examples. */
static const struct pair pairs[] = {
    {TEXT(""), ""},
    {TEXT("f"), "Zg=="},
    {TEXT("fo"), "Zm8="},
    {TEXT("foo"), "Zm9v"},
    {TEXT("foob"), "Zm9vYg=="},
    {TEXT("fooba"), "Zm9vYmE="},
    {TEXT("foobar"), "Zm9vYmFy"},
    {TEXT("\x49\x31\x79"), "STF5"},
    {TEXT("\x14\xFB\x9C\x03\xD9\x7E"), "FPucA9l+"}, /* RFC 4648 section 9 */
    {TEXT("\x14\xFB\x9C\x03\xD9"), "FPucA9k="},
    {TEXT("\x14\xFB\x9C\x03"), "FPucAw=="},
    {TEXT("\0\0\0"), "AAAA"},
    {TEXT("\xFF\xFF\xFF\xFF"), "/////w=="},
    {TEXT("Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, /* RFC 7617 */
    {TEXT("Hello, World!"), "SGVsbG8sIFdvcmxkIQ=="},
};

static void vectors(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(pairs); i++) {
    size_t coded = strlen(pairs[i].coded);
    struct expectation encoded = {.read = pairs[i].size, .data = pairs[i].coded, .size = coded};
    struct expectation decoded = {.read = coded, .data = pairs[i].plain, .size = pairs[i].size};
    check_case("encode", &base64_encode_subject, &encode_flat, pairs[i].plain, pairs[i].size, &encoded);
    check_case("decode, mail", &base64_decode_subject, &mail, pairs[i].coded, coded, &decoded);
    check_case("decode, strict", &base64_decode_subject, &strict, pairs[i].coded, coded, &decoded);
  }
}

/* 57 octets fill a line; the last line has its CRLF; a NULL pointer means the same. */
static void mail_lines(void **state) {
  (void)state;
  static const char zeros[115];
  static const char line[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
  char two[200];
  memcpy(two, line, 78);
  memcpy(two + 78, line, 78);
  memcpy(two + 156, "AA==\r\n", 6);
  const size_t sizes[] = {0, 57, 114, 115}, outs[] = {0, 78, 156, 162};
  for (size_t i = 0; i < 4; i++) {
    struct expectation expected = {.read = sizes[i], .data = two, .size = outs[i]};
    check_case("mail lines", &base64_encode_subject, &encode_mail, zeros, sizes[i], &expected);
    uint8_t dst[200];
    cte_result got = cte_base64_encode(zeros, sizes[i], dst, sizeof dst, NULL);
    assert_int_equal(got.written, outs[i]);
    assert_memory_equal(dst, two, outs[i]);
    assert_int_equal(cte_base64_encoded_size(sizes[i], NULL), outs[i]);
  }
}

struct decode_case {
  const char *name;
  const char *src;
  size_t n;
  cte_base64_decode_options options;
  struct expectation expected;
};

#define OUT(literal) .data = literal, .size = sizeof(literal) - 1

/* mail-like text that is not as it should be: each with the octets and the anomalies that have to come of it */
static const struct decode_case decode_cases[] = {
    {"data after padding",
     TEXT("QQ==QUI="),
     {0},
     {.read = 8, OUT("AAB"), .anomalies = {{CTE_ANOMALY_DATA_AFTER_PADDING, 4}}}},
    {"a footer after padding",
     TEXT("SGk=\r\nSGk=\r\n"),
     {0},
     {.read = 12, OUT("HiHi"), .anomalies = {{CTE_ANOMALY_DATA_AFTER_PADDING, 6}}}},
    {"stop at padding",
     TEXT("QQ==QUI="),
     {.after_padding = CTE_BASE64_AFTER_PADDING_STOP},
     {.status = CTE_END, .read = 4, OUT("A")}},
    {"stop, one pad",
     TEXT("QUI=\r\nx"),
     {.after_padding = CTE_BASE64_AFTER_PADDING_STOP},
     {.status = CTE_END, .read = 4, OUT("AB")}},
    {"stop, never padded", TEXT("QUJD"), {.after_padding = CTE_BASE64_AFTER_PADDING_STOP}, {.read = 4, OUT("ABC")}},
    {"data after padding, an error",
     TEXT("QQ==QUI="),
     {.reject = CTE_ANOMALY_DATA_AFTER_PADDING},
     {.status = CTE_ERROR_DATA_AFTER_PADDING, .read = 4, OUT("A"), .anomalies = {{CTE_ANOMALY_DATA_AFTER_PADDING, 4}}}},
    {"no padding, two characters", TEXT("QQ"), {0}, {.read = 2, OUT("A"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 2}}}},
    {"no padding, three", TEXT("QUI"), {0}, {.read = 3, OUT("AB"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 3}}}},
    {"no padding, CRLF", TEXT("QUI\r\n"), {0}, {.read = 5, OUT("AB"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 5}}}},
    {"one '=' of two", TEXT("QQ="), {0}, {.read = 3, OUT("A"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 3}}}},
    {"missing padding, an error",
     TEXT("QUJDQQ"),
     {.reject = CTE_ANOMALY_MISSING_PADDING},
     {.status = CTE_ERROR_MISSING_PADDING, .read = 6, OUT("ABCA"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 6}}}},
    {"a character where the second '=' should stand",
     TEXT("QQ=QUI="),
     {0},
     {.read = 7, OUT("AAB"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 3}, {CTE_ANOMALY_DATA_AFTER_PADDING, 3}}}},
    {"the same, missing padding rejected",
     TEXT("QQ=QUI="),
     {.reject = CTE_ANOMALY_MISSING_PADDING | CTE_ANOMALY_DATA_AFTER_PADDING},
     {.status = CTE_ERROR_MISSING_PADDING, .read = 3, OUT("A"), .anomalies = {{CTE_ANOMALY_MISSING_PADDING, 3}}}},
    {"a dangling character",
     TEXT("QUJDR"),
     {0},
     {.read = 5, OUT("ABC"), .anomalies = {{CTE_ANOMALY_DANGLING_CHARACTER, 5}}}},
    {"a dangling character, strict",
     TEXT("QUJDR"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_DANGLING_CHARACTER, .read = 5, OUT("ABC"), .anomalies = {{CTE_ANOMALY_DANGLING_CHARACTER, 5}}}},
    {"trailing bits", TEXT("QR=="), {0}, {.read = 4, OUT("A"), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 1}}}},
    {"trailing bits, strict",
     TEXT("QR=="),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_TRAILING_BITS, .read = 1, OUT(""), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 1}}}},
    {"trailing bits of three, strict",
     TEXT("QUJDQUJ="),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_TRAILING_BITS, .read = 6, OUT("ABCA"), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 6}}}},
    {"trailing bits, the first of four, strict",
     TEXT("QY=="),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_TRAILING_BITS, .read = 1, OUT(""), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 1}}}},
    {"trailing bits, the first of two, strict",
     TEXT("QUJDQUK="),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_TRAILING_BITS, .read = 6, OUT("ABCA"), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 6}}}},
    {"trailing bits and no padding",
     TEXT("QR"),
     {0},
     {.read = 2, OUT("A"), .anomalies = {{CTE_ANOMALY_TRAILING_BITS, 1}, {CTE_ANOMALY_MISSING_PADDING, 2}}}},
    {"characters outside the alphabet",
     TEXT("Q*U\x80J\0D."),
     {0},
     {.read = 8, OUT("ABC"), .anomalies = {{CTE_ANOMALY_CHARACTER, 1}}}},
    {"a character, strict",
     TEXT("QUJDQU*J"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_CHARACTER, .read = 6, OUT("ABCA"), .anomalies = {{CTE_ANOMALY_CHARACTER, 6}}}},
    {"excess padding", TEXT("QUJD="), {0}, {.read = 5, OUT("ABC"), .anomalies = {{CTE_ANOMALY_EXCESS_PADDING, 4}}}},
    {"excess padding after padding",
     TEXT("QQ===="),
     {0},
     {.read = 6, OUT("A"), .anomalies = {{CTE_ANOMALY_EXCESS_PADDING, 4}}}},
    {"excess padding in a quantum",
     TEXT("Q=UJD"),
     {0},
     {.read = 5, OUT("ABC"), .anomalies = {{CTE_ANOMALY_EXCESS_PADDING, 1}}}},
    {"excess padding, strict",
     TEXT("QQ==="),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_EXCESS_PADDING, .read = 4, OUT("A"), .anomalies = {{CTE_ANOMALY_EXCESS_PADDING, 4}}}},
    {"a trailing '.'", TEXT("QUJD\r\n."), {0}, {.read = 7, OUT("ABC"), .anomalies = {{CTE_ANOMALY_CHARACTER, 6}}}},
    {"indented lines",
     TEXT("  QUJD\r\n\tQUJD\r\n"),
     {0},
     {.read = 15, OUT("ABCABC"), .anomalies = {{CTE_ANOMALY_WHITE_SPACE, 0}}}},
    {"white space, strict",
     TEXT("QUJD QUJD"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_WHITE_SPACE, .read = 4, OUT("ABC"), .anomalies = {{CTE_ANOMALY_WHITE_SPACE, 4}}}},
    {"not base64 at all",
     TEXT("Hi! ~~~"),
     {0},
     {.read = 7,
      OUT("\x1E"),
      .anomalies = {{CTE_ANOMALY_CHARACTER, 2},
                    {CTE_ANOMALY_WHITE_SPACE, 3},
                    {CTE_ANOMALY_TRAILING_BITS, 1},
                    {CTE_ANOMALY_MISSING_PADDING, 7}}}},
    {"URL-safe characters mixed in",
     TEXT("-_-_QUJD"),
     {0},
     {.read = 8, OUT("ABC"), .anomalies = {{CTE_ANOMALY_ALPHABET, 0}}}},
    {"URL-safe, as its own alphabet", TEXT("-_-_"), {.alphabet = CTE_BASE64_URL}, {.read = 4, OUT("\xFB\xFF\xBF")}},
    {"URL text with '+'",
     TEXT("QUJD+"),
     {.alphabet = CTE_BASE64_URL},
     {.read = 5, OUT("ABC"), .anomalies = {{CTE_ANOMALY_ALPHABET, 4}}}},
    {"either alphabet", TEXT("-_+/"), {.alphabet = CTE_BASE64_EITHER}, {.read = 4, OUT("\xFB\xFF\xBF")}},
    {"the other alphabet, strict",
     TEXT("QUJD-"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_ALPHABET, .read = 4, OUT("ABC"), .anomalies = {{CTE_ANOMALY_ALPHABET, 4}}}},
    {"'-' does not end the input (OpenSSL)",
     TEXT("QUJD-QUJD"),
     {0},
     {.read = 9, OUT("ABCABC"), .anomalies = {{CTE_ANOMALY_ALPHABET, 4}}}},
    {"a line end, strict",
     TEXT("QUJD\r\nQUJD"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_LINE_END, .read = 4, OUT("ABC")}},
    {"a line end in a quantum, strict",
     TEXT("QUJDQU\nJD"),
     CTE_BASE64_DECODE_STRICT,
     {.status = CTE_ERROR_LINE_END, .read = 6, OUT("ABCA")}},
    {"line ends in any order", TEXT("Q\nU\r\rJ\n\rD\r"), {0}, {.read = 10, OUT("ABC")}},
    {"CR where LF alone is a line end",
     TEXT("QUJD\r\nQUJD\n"),
     {.line_ends = CTE_BASE64_LINE_ENDS_LF},
     {.read = 11, OUT("ABCABC"), .anomalies = {{CTE_ANOMALY_CHARACTER, 4}}}},
    {"padding over a line end", TEXT("QQ=\r\n=\r\n"), {0}, {.read = 8, OUT("A")}},
    {"empty", TEXT(""), {0}, {.read = 0, OUT("")}},
    {"padding alone", TEXT("===="), {0}, {.read = 4, OUT(""), .anomalies = {{CTE_ANOMALY_EXCESS_PADDING, 0}}}},
    {"empty, strict", TEXT(""), CTE_BASE64_DECODE_STRICT, {.read = 0, OUT("")}},
};

static void malformed(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(decode_cases); i++) {
    const struct decode_case *c = &decode_cases[i];
    check_case(c->name, &base64_decode_subject, &c->options, c->src, c->n, &c->expected);
  }
}

/* The 77th octet of a line, whatever it is; one at 76 is none. */
static void long_lines(void **state) {
  (void)state;
  char text[100];
  memset(text, 'A', sizeof text);
  static const char zeros[75];
  text[76] = '\r', text[77] = '\n';
  struct expectation fine = {.read = 82, .data = zeros, .size = 60};
  check_case("76 columns", &base64_decode_subject, &mail, text, 82, &fine);
  text[76] = 'A', text[77] = 'A';
  struct expectation over = {.read = 80, .data = zeros, .size = 60, .anomalies = {{CTE_ANOMALY_LINE_OVER_76, 76}}};
  check_case("80 columns", &base64_decode_subject, &mail, text, 80, &over);
  cte_base64_decode_options reject = {.reject = CTE_ANOMALY_LINE_OVER_76};
  struct expectation error = {.status = CTE_ERROR_LINE_OVER_76,
                              .read = 76,
                              .data = zeros,
                              .size = 57,
                              .anomalies = {{CTE_ANOMALY_LINE_OVER_76, 76}}};
  check_case("80 columns, rejected", &base64_decode_subject, &reject, text, 80, &error);
  cte_base64_decode_options both = {.reject = CTE_ANOMALY_LINE_OVER_76 | CTE_ANOMALY_CHARACTER};
  text[76] = '*';
  struct expectation own = {
      .status = CTE_ERROR_CHARACTER, .read = 76, .data = zeros, .size = 57, .anomalies = {{CTE_ANOMALY_CHARACTER, 76}}};
  check_case("garbage in column 77", &base64_decode_subject, &both, text, 80, &own);
}

/* Where quantum q of a text ends: flat, or in lines of 76 with CRLF. */
static size_t quantum_end(size_t q, bool folded) {
  return folded ? q / 19 * 78 + q % 19 * 4 + 4 : 4 * q + 4;
}

/*
 * Each octet outside the alphabet in the place of each character, in texts that end there or later: in every place of a
 * vector and of a tail it is an error where it stands. CR and LF in folded text leave a quantum that is not whole.
 */
static void every_corruption(void **state) {
  (void)state;
  random_begin("every_corruption");
  enum { QUANTA = 200 };
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const cte_base64_decode_options options[] = {CTE_BASE64_DECODE_STRICT, {.reject = CTE_BASE64_REJECT_STRICT}};
  static uint8_t plain[3 * QUANTA], text[5 * QUANTA], dst[3 * QUANTA];
  for (int folded = 0; folded < 2; folded++) {
    make_input(plain, sizeof plain, INPUT_RANDOM);
    cte_base64_encode(plain, sizeof plain, text, sizeof text, folded ? &encode_mail : &encode_flat);
    for (size_t i = 0; i < 4 * (size_t)QUANTA; i++) {
      size_t at = quantum_end(i / 4, folded) - 4 + i % 4;
      uint8_t was = text[at];
      for (int octet = 0; octet < 256; octet++) {
        size_t n = quantum_end(i / 4 + random_below(QUANTA - i / 4), folded);
        bool padding = octet == '=' && at == n - 1;
        if (padding || memchr(alphabet, octet, 64) || !fixed_case()) continue;
        text[at] = (uint8_t)octet;
        cte_result got = cte_base64_decode(text, n, dst, sizeof dst, &options[folded]);
        bool there = octet != '=' && !(folded && (octet == '\r' || octet == '\n'));
        if (got.status >= CTE_OK || (there && got.read != at))
          fail_msg("octet %d at %zu of %zu: status %d at %zu", octet, at, n, got.status, got.read);
      }
      text[at] = was;
    }
  }
}

/* ---- Sizes and bounds ---- */

/* The size in checked arithmetic; SIZE_MAX when it passes SIZE_MAX. */
static size_t naive_size(size_t n, const cte_base64_encode_options *options) {
  size_t quanta = n / 3, rest = n % 3, chars, line_ends = 0, all;
  if (__builtin_mul_overflow(quanta, (size_t)4, &chars)) return SIZE_MAX;
  size_t tail = rest ? (options->padding == CTE_BASE64_UNPADDED ? rest + 1 : 4) : 0;
  if (__builtin_add_overflow(chars, tail, &chars)) return SIZE_MAX;
  uint64_t columns = options->columns ? options->columns : 76;
  if (n && columns != CTE_COLUMNS_NONE) {
    line_ends = (size_t)((chars - 1) / columns);
    if (options->last_line == CTE_BASE64_LAST_LINE_END) line_ends++;
  }
  if (__builtin_mul_overflow(line_ends, options->line_end == CTE_LINE_END_LF ? (size_t)1 : 2, &line_ends)) return SIZE_MAX;
  return __builtin_add_overflow(chars, line_ends, &all) ? SIZE_MAX : all;
}

static void encoded_size(void **state) {
  (void)state;
  random_begin("encoded_size");
  for (size_t i = 0; i < COUNT(encode_options); i++) {
    const cte_base64_encode_options *o = &encode_options[i];
    for (size_t n = 0; n < 3000; n++) assert_true(cte_base64_encoded_size(n, o) == naive_size(n, o));
    for (size_t k = 0; k < 3000; k++) {
      size_t n = (size_t)(random_u64() >> random_below(64));
      assert_true(cte_base64_encoded_size(n, o) == naive_size(n, o));
    }
    for (size_t k = 0; k < 3000; k++) assert_true(cte_base64_encoded_size(SIZE_MAX - k, o) == naive_size(SIZE_MAX - k, o));
    /* Around the last n whose size is known. */
    size_t low = 0, high = SIZE_MAX;
    while (high - low > 1) {
      size_t middle = low + (high - low) / 2;
      if (naive_size(middle, o) == SIZE_MAX)
        high = middle;
      else
        low = middle;
    }
    for (size_t k = 0; k < 200; k++) assert_true(cte_base64_encoded_size(low - 100 + k, o) == naive_size(low - 100 + k, o));
  }
}

/* 6 n / 8, and some text reaches it: characters alone, in the alphabet asked for. */
static void decoded_bound(void **state) {
  (void)state;
  random_begin("decoded_bound");
  static uint8_t text[1400], dst[1400];
  memset(text, 'A', sizeof text);
  for (size_t i = 0; i < COUNT(decode_options); i++) {
    const cte_base64_decode_options *o = &decode_options[i];
    for (size_t n = 0; n < sizeof text; n++) {
      assert_true(cte_base64_decoded_bound(n, o) == n / 4 * 3 + n % 4 * 3 / 4);
      if (!fixed_case()) continue;
      cte_result got = cte_base64_decode(text, n, dst, sizeof dst, o);
      if (got.status == CTE_OK && n % 4 != 1) assert_int_equal(got.written, cte_base64_decoded_bound(n, o));
    }
    assert_true(cte_base64_decoded_bound(SIZE_MAX, o) == SIZE_MAX / 4 * 3 + 2);
  }
  assert_true(cte_base64_decoded_bound(8, NULL) == 6);
}

/* ---- Options ---- */

static void bad_options(void **state) {
  (void)state;
  const cte_base64_encode_options bad_encode[] = {{.line_end = 2}, {.last_line = 2}, {.alphabet = CTE_BASE64_EITHER},
                                                  {.alphabet = 3}, {.padding = 2},   {.line_end = 255}};
  for (size_t i = 0; i < COUNT(bad_encode); i++) check_bad_options(&base64_encode_subject, &bad_encode[i]);
  const cte_base64_decode_options bad_decode[] = {
      {.alphabet = 3}, {.line_ends = 3}, {.after_padding = 2}, {.alphabet = 255}, {.reject = 1 << 20}};
  for (size_t i = 0; i < COUNT(bad_decode); i++) check_bad_options(&base64_decode_subject, &bad_decode[i]);
  for (size_t i = 0; i < sizeof encode_mail.reserved; i++) {
    cte_base64_encode_options o = CTE_BASE64_ENCODE_MAIL;
    o.reserved[i] = 1;
    check_bad_options(&base64_encode_subject, &o);
  }
  for (size_t i = 0; i < sizeof mail.reserved; i++) {
    cte_base64_decode_options o = CTE_BASE64_DECODE_MAIL;
    o.reserved[i] = 0x80;
    check_bad_options(&base64_decode_subject, &o);
  }
}

/* A NULL pointer to options means what all zero means; the presets are what their comments say. */
static void null_options(void **state) {
  (void)state;
  static const char text[] = "QU*JD QQ==\r\nQUI";
  uint8_t a[40], b[40];
  cte_result with = cte_base64_decode(TEXT(text), a, sizeof a, &mail);
  cte_result without = cte_base64_decode(TEXT(text), b, sizeof b, NULL);
  assert_memory_equal(&with, &without, sizeof with);
  assert_memory_equal(a, b, with.written);
  cte_base64_encode_options zero_encode = {0};
  assert_memory_equal(&zero_encode, &encode_mail, sizeof zero_encode);
  cte_base64_decode_options zero_decode = {0};
  assert_memory_equal(&zero_decode, &mail, sizeof zero_decode);
  cte_stream s;
  assert_int_equal(cte_stream_base64_encode(&s, NULL), CTE_OK);
  assert_int_equal(cte_stream_base64_decode(&s, NULL), CTE_OK);
}

/* What is encoded comes back, strict where the form allows it. */
static void round_trip(void **state) {
  (void)state;
  random_begin("round_trip");
  static uint8_t src[3000], coded[20000], back[4000];
  for (size_t times = scaled(3000); times > 0; times--) {
    size_t n = random_below(sizeof src);
    make_input(src, n, INPUT_RANDOM);
    const cte_base64_encode_options *e = &encode_options[random_below(COUNT(encode_options))];
    cte_result out = cte_base64_encode(src, n, coded, sizeof coded, e);
    assert_int_equal(out.status, CTE_OK);
    cte_base64_decode_options d = {.alphabet = e->alphabet};
    d.reject = CTE_BASE64_REJECT_STRICT & ~(e->padding == CTE_BASE64_UNPADDED ? (uint32_t)CTE_ANOMALY_MISSING_PADDING : 0);
    cte_result in = cte_base64_decode(coded, out.written, back, sizeof back, &d);
    assert_int_equal(in.status, CTE_OK);
    assert_int_equal(in.written, n);
    assert_memory_equal(back, src, n);
  }
}

/*
 * Short texts, as they are encoded and with other ends: what the calls and the kernels do apart from the rest. check_one_shot
 * gives them just the room they need, one octet less, and guard pages.
 */
static void short_texts(void **state) {
  (void)state;
  random_begin("short_texts");
  static const cte_base64_encode_options forms[] = {
      CTE_BASE64_ENCODE_MAIL, CTE_BASE64_ENCODE_FLAT, {.line_end = CTE_LINE_END_LF}, {.padding = CTE_BASE64_UNPADDED}};
  static const char *const ends[] = {"", "=", "==", "\r", "\n", "\r\n", "\r\nQUJD", "QUI=", "QQ==\r\n", "QR==", " ", "*"};
  static uint8_t src[400], text[800];
  for (size_t n = 0; n <= sizeof src; n++) {
    make_input(src, n, INPUT_RANDOM);
    for (size_t i = 0; i < COUNT(forms); i++) {
      if (!fixed_case()) continue;
      check_one_shot(&base64_encode_subject, &forms[i], src, n);
      size_t size = cte_base64_encode(src, n, text, sizeof text, &forms[i]).written;
      const cte_base64_decode_options *o = &decode_options[random_below(COUNT(decode_options))];
      check_one_shot(&base64_decode_subject, &mail, text, size);
      check_one_shot(&base64_decode_subject, o, text, size);
      while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) size--;
      const char *end = ends[random_below(COUNT(ends))];
      memcpy(text + size, end, strlen(end));
      check_one_shot(&base64_decode_subject, random_one_in(2) ? &mail : o, text, size + strlen(end));
      if (size > 0) text[random_below(size)] = (uint8_t)("\r\n=- *+\xff"[random_below(8)]);
      check_one_shot(&base64_decode_subject, random_one_in(2) ? &mail : o, text, size + strlen(end));
    }
  }
}

/* Whole lines of 76, more than a chunk that kernels take as one, and one octet that is no character, at any place. */
static void one_fault(void **state) {
  (void)state;
  random_begin("one_fault");
  static uint8_t src[40 * 57], text[40 * 78], out[40 * 78];
  static struct outcome expected;
  make_input(src, sizeof src, INPUT_RANDOM);
  for (size_t times = scaled_fixed(4000); times > 0; times--) {
    const size_t n = (12 + random_below(28)) * 57 + random_below(58), place = random_below(78 * (uint32_t)(n / 57));
    const size_t size = cte_base64_encode(src, n, text, sizeof text, NULL).written;
    text[place] = (uint8_t)("! =\n\r"[random_below(5)]);
    base64_decode_subject.reference(&expected, text, size, &mail);
    const cte_result got = cte_base64_decode(text, size, out, sizeof out, &mail); /* with more room than is needed */
    assert_int_equal(got.status, expected.status);
    assert_int_equal(got.anomalies, expected.anomalies);
    assert_int_equal(got.written, expected.size);
    assert_memory_equal(out, expected.data, expected.size);
  }
}

/* Lines that end in blanks, the same or not, and one octet that is another. */
static void padded_lines(void **state) {
  (void)state;
  random_begin("padded_lines");
  static const char *const ends[] = {" \r\n", "\t\r\n", "  \r\n", " \t\r\n", " \n", "\t \n", "   \r\n", " \t \n"};
  static uint8_t text[40 * 88];
  for (size_t times = scaled_fixed(1500); times > 0; times--) {
    const char *end = ends[random_below(COUNT(ends))];
    const size_t width = random_one_in(2) ? 76 : 28 + random_below(56), lines = 1 + random_below(40);
    size_t n = 0;
    for (size_t line = 0; line < lines; line++) {
      for (size_t k = 0; k < width; k++) text[n++] = (uint8_t)("ABab01+/"[random_below(8)]);
      if (random_one_in(30)) end = ends[random_below(COUNT(ends))];
      memcpy(text + n, end, strlen(end));
      n += strlen(end);
    }
    if (random_one_in(2)) text[random_below((uint32_t)n)] = (uint8_t)("! =\n\rA\t"[random_below(7)]);
    check_one_shot(&base64_decode_subject, &mail, text, n);
    check_random_cuts(&base64_decode_subject, &mail, text, n, 1);
  }
}

/* Behind a full line's end padding or little else: a chunk that begins there holds no octets before it to read again. */
static void behind_a_line(void **state) {
  (void)state;
  static const char *const endings[] = {"\r\n=\r\n",  "\r\n==\r\n",   "\r\n=\r\n=", "\n=\r\nAA",
                                        "\r\nQ=\r\n", "\r\n\r\n=QQ=", "=\r\n=\r\n"};
  char src[100];
  memset(src, 'A', 76);
  for (size_t i = 0; i < COUNT(endings); i++) {
    strcpy(src + 76, endings[i]);
    check_every_cut(&base64_decode_subject, &mail, (const uint8_t *)src, strlen(src));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors),       cmocka_unit_test(mail_lines),       cmocka_unit_test(malformed),
      cmocka_unit_test(long_lines),    cmocka_unit_test(every_corruption), cmocka_unit_test(encoded_size),
      cmocka_unit_test(decoded_bound), cmocka_unit_test(bad_options),      cmocka_unit_test(null_options),
      cmocka_unit_test(round_trip),    cmocka_unit_test(encode_lengths),   cmocka_unit_test(encode_cuts),
      cmocka_unit_test(encode_large),  cmocka_unit_test(decode_lengths),   cmocka_unit_test(decode_cuts),
      cmocka_unit_test(decode_large),  cmocka_unit_test(short_texts),      cmocka_unit_test(one_fault),
      cmocka_unit_test(behind_a_line), cmocka_unit_test(padded_lines),
  };
  return run_on_every_row("base64", tests, COUNT(tests));
}
