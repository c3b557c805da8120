/* lines.c: tests of cte/lines.h: statistics, validation, and the choice of an encoding. */
#include "rows.h"
#include "support.h"

#define OUT(literal) .data = literal, .size = sizeof(literal) - 1

static const uint32_t allowed[] = {CTE_LINES_ALLOW_7BIT,
                                   CTE_LINES_ALLOW_8BIT,
                                   CTE_LINES_ALLOW_SMTP,
                                   CTE_LINES_ALLOW_7BIT | CTE_LINES_LF_TEXT,
                                   CTE_LINES_ALLOW_8BIT | CTE_LINES_LF_TEXT,
                                   CTE_LINES_ALLOW_SMTP | CTE_LINES_LF_TEXT};

static const enum input_kind kinds[] = {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_RICH, INPUT_LONG,
                                        INPUT_UTF8, INPUT_RANDOM,      INPUT_DOTS, INPUT_ONE};

#define CHECK &lines_check_subject, allowed, COUNT(allowed), kinds, COUNT(kinds)

static void check_lengths(void **state) {
  (void)state;
  test_lengths(CHECK);
}

static void check_cuts(void **state) {
  (void)state;
  test_cuts(CHECK);
}

static void check_large(void **state) {
  (void)state;
  test_large(CHECK);
}

/* ---- Validation ---- */

struct check_case {
  const char *name;
  const char *src;
  size_t n;
  int32_t status[6]; /* by `allowed` */
  uint64_t read[6];
};

#define NUL  CTE_ERROR_NUL
#define CR   CTE_ERROR_BARE_CR
#define LF   CTE_ERROR_BARE_LF
#define HIGH CTE_ERROR_RAW_8BIT

static const struct check_case check_cases[] = {
    {"nothing", TEXT(""), {0}, {0}},
    {"CRLF", TEXT("a\r\nb\r\n"), {0, 0, 0, CR, CR, CR}, {6, 6, 6, 1, 1, 1}},
    {"LF", TEXT("a\nb\n"), {LF, LF, LF, 0, 0, 0}, {1, 1, 1, 4, 4, 4}},
    {"LF first", TEXT("\na"), {LF, LF, LF, 0, 0, 0}, {0, 0, 0, 2, 2, 2}},
    {"unterminated", TEXT("a"), {0}, {1, 1, 1, 1, 1, 1}},
    {"8bit", TEXT("a\x80"), {HIGH, 0, 0, HIGH, 0, 0}, {1, 2, 2, 1, 2, 2}},
    {"NUL", TEXT("ab\0c"), {NUL, NUL, 0, NUL, NUL, 0}, {2, 2, 4, 2, 2, 4}},
    {"lone CR", TEXT("a\rb"), {CR, CR, CR, CR, CR, CR}, {1, 1, 1, 1, 1, 1}},
    {"CR at the end", TEXT("a\r"), {CR, CR, CR, CR, CR, CR}, {1, 1, 1, 1, 1, 1}},
    {"CR CR LF", TEXT("a\r\r\n"), {CR, CR, CR, CR, CR, CR}, {1, 1, 1, 1, 1, 1}},
    {"DEL and controls are 7bit", TEXT("\x01\x7F\x1B"), {0}, {3, 3, 3, 3, 3, 3}},
    {"the first of several", TEXT("\r\n\x80\0\n"), {HIGH, NUL, LF, CR, CR, CR}, {2, 3, 4, 0, 0, 0}},
};

static uint32_t kind_of(int32_t error) {
  return UINT32_C(1) << (-32 - error);
}

static void check_one(const char *name, uint32_t what, const char *src, size_t n, int32_t status, uint64_t read) {
  struct expectation expected = {.status = status, .read = read, OUT("")};
  if (status != CTE_OK) expected.anomalies[0].kind = kind_of(status), expected.anomalies[0].offset = read;
  check_case(name, &lines_check_subject, &what, src, n, &expected);
}

static void checks(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(check_cases); i++)
    for (size_t k = 0; k < COUNT(allowed); k++) {
      const struct check_case *c = &check_cases[i];
      check_one(c->name, allowed[k], c->src, c->n, c->status[k], c->read[k]);
    }
}

/* 997, 998 and 999 octets, ended by CRLF, LF or nothing; then the octet's own kind before the length. */
static void check_lengths_of_lines(void **state) {
  (void)state;
  char src[1100];
  for (size_t length = 997; length <= 999; length++)
    for (size_t k = 0; k < COUNT(allowed); k++) {
      const char *end = allowed[k] & CTE_LINES_LF_TEXT ? "\n" : "\r\n";
      bool over = length > 998;
      memset(src, 'a', length);
      memcpy(src + length, end, strlen(end));
      size_t n = length + strlen(end);
      check_one("a line", allowed[k], src, n, over ? CTE_ERROR_LINE_OVER_998 : CTE_OK, over ? 998 : n);
      check_one("a line without an end", allowed[k], src, length, over ? CTE_ERROR_LINE_OVER_998 : CTE_OK,
                over ? 998 : length);
    }
  memset(src, 'a', 1000);
  src[998] = '\x80';
  check_one("8bit in column 999", CTE_LINES_ALLOW_7BIT, src, 1000, CTE_ERROR_RAW_8BIT, 998);
  check_one("8bit in column 999", CTE_LINES_ALLOW_8BIT, src, 1000, CTE_ERROR_LINE_OVER_998, 998);
  src[998] = '\r';
  check_one("a lone CR in column 999", CTE_LINES_ALLOW_SMTP, src, 1000, CTE_ERROR_BARE_CR, 998);
  src[998] = '\n';
  check_one("a bare LF after 998", CTE_LINES_ALLOW_SMTP, src, 1000, CTE_ERROR_BARE_LF, 998);
}

static void check_bad_allowed(void **state) {
  (void)state;
  const uint32_t bad[] = {3, 4, 1 << 7, 1 << 9, 3 | CTE_LINES_LF_TEXT, UINT32_C(1) << 31, UINT32_MAX};
  for (size_t i = 0; i < COUNT(bad); i++) check_bad_options(&lines_check_subject, &bad[i]);
  assert_int_equal(cte_lines_check(NULL, 0, 0).status, CTE_OK);
}

/* The stream's output may be NULL. */
static void check_without_output(void **state) {
  (void)state;
  cte_stream s;
  cte_input in = {"abc\r\nd\xE9", 7, 0};
  assert_int_equal(cte_stream_lines_check(&s, CTE_LINES_ALLOW_8BIT), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &in, NULL), CTE_OK);
  assert_int_equal(cte_stream_finish(&s, NULL), CTE_OK);
  in.pos = 0;
  assert_int_equal(cte_stream_lines_check(&s, CTE_LINES_ALLOW_7BIT), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &in, NULL), CTE_ERROR_RAW_8BIT);
  assert_int_equal(in.pos, 6);
}

/* ---- Statistics ---- */

static const char *const kind_names[] = {"8bit", "NUL",  "bare CR",        "bare LF",   "over 998",
                                         "dot",  "From", "trailing blank", "QP escape", "not UTF-8"};

static void check_statistics(const cte_lines *got, const cte_lines *expected, const uint8_t *src, size_t n) {
  const char *wrong = NULL;
  for (size_t k = 0; k < CTE_LINES_KINDS; k++)
    if (got->count[k] != expected->count[k] || got->first[k] != expected->first[k]) wrong = kind_names[k];
  if (got->octets != expected->octets) wrong = "octets";
  if (got->lines != expected->lines) wrong = "lines";
  if (got->longest != expected->longest) wrong = "longest";
  if (got->crlf != expected->crlf) wrong = "crlf";
  if (got->unterminated != expected->unterminated) wrong = "unterminated";
  if (!wrong) return;
  for (size_t k = 0; k < CTE_LINES_KINDS; k++)
    print_error("%s: got %llu, %lld, expected %llu, %lld\n", kind_names[k], (unsigned long long)got->count[k],
                (long long)got->first[k], (unsigned long long)expected->count[k], (long long)expected->first[k]);
  print_error("lines %llu, %llu; longest %llu, %llu; crlf %llu, %llu; unterminated %u, %u\n", (unsigned long long)got->lines,
              (unsigned long long)expected->lines, (unsigned long long)got->longest, (unsigned long long)expected->longest,
              (unsigned long long)got->crlf, (unsigned long long)expected->crlf, got->unterminated, expected->unterminated);
  for (size_t i = 0; i < n && i < 1500; i++) print_error("\\x%02X", src[i]);
  fail_msg("the statistics differ: %s, of %zu octets", wrong, n);
}

static void count_cut(cte_lines *lines, const uint8_t *src, size_t n, const size_t *cuts, size_t cut_count) {
  cte_lines_init(lines);
  size_t from = 0;
  for (size_t k = 0; k <= cut_count; k++) {
    size_t to = k < cut_count ? cuts[k] : n;
    uint8_t *p = guarded_copy(src + from, to - from, k & 1);
    cte_lines_update(lines, to > from ? p : NULL, to - from);
    if (k == 1) {
      cte_lines copy = *lines;
      memset(lines, 0xAA, sizeof *lines);
      *lines = copy;
    }
    from = to;
  }
  cte_lines_finish(lines);
}

static void count_case(const uint8_t *src, size_t n) {
  cte_lines expected, got;
  ref_lines(&expected, src, n);
  count_cut(&got, src, n, NULL, 0);
  check_statistics(&got, &expected, src, n);
  if (n <= 120)
    for (size_t cut = 0; cut <= n; cut++) {
      count_cut(&got, src, n, &cut, 1);
      check_statistics(&got, &expected, src, n);
    }
  size_t cuts[100], count = 0, at = 0, most = random_one_in(2) ? 3 : n / 10 + 2;
  while (count < COUNT(cuts) && (at += random_below(most)) <= n) cuts[count++] = at;
  count_cut(&got, src, n, cuts, count);
  check_statistics(&got, &expected, src, n);
}

struct statistics_case {
  const char *src;
  size_t n;
  uint64_t lines, longest, crlf;
  uint32_t unterminated;
  struct {
    enum cte_lines_kind kind;
    uint64_t count, first;
  } kinds[6];
};

static const struct statistics_case statistics_cases[] = {
    {TEXT(""), 0, 0, 0, 0, {{0}}},
    {TEXT("a"), 1, 1, 0, 1, {{0}}},
    {TEXT("\r\n"), 1, 0, 1, 0, {{0}}},
    {TEXT("ab\r\nc\r\n"), 2, 2, 2, 0, {{0}}},
    {TEXT("ab\nc\n"), 2, 2, 0, 0, {{CTE_LINES_BARE_LF, 2, 2}}},
    {TEXT("a\r\r\n"), 1, 2, 1, 0, {{CTE_LINES_BARE_CR, 1, 1}, {CTE_LINES_QP_ESCAPE, 1, 1}}},
    {TEXT("a\r"), 1, 2, 0, 1, {{CTE_LINES_BARE_CR, 1, 1}, {CTE_LINES_QP_ESCAPE, 1, 1}}},
    {TEXT("a\0b"), 1, 3, 0, 1, {{CTE_LINES_NUL, 1, 1}, {CTE_LINES_QP_ESCAPE, 1, 1}}},
    {TEXT(".a\r\n..\r\nb."), 3, 2, 2, 1, {{CTE_LINES_DOT, 2, 0}}},
    {TEXT("From a\r\nFrom\r\nFrom \r\n"),
     3,
     6,
     3,
     0,
     {{CTE_LINES_FROM, 2, 0}, {CTE_LINES_TRAILING_BLANK, 1, 18}, {CTE_LINES_QP_ESCAPE, 1, 18}}},
    {TEXT("a \t\r\nb\t\nc "),
     3,
     3,
     1,
     1,
     {{CTE_LINES_TRAILING_BLANK, 3, 2}, {CTE_LINES_QP_ESCAPE, 3, 2}, {CTE_LINES_BARE_LF, 1, 7}}},
    {TEXT("a \r"), 1, 3, 0, 1, {{CTE_LINES_BARE_CR, 1, 2}, {CTE_LINES_QP_ESCAPE, 1, 2}}},
    {TEXT("a=\x7F\tb"), 1, 5, 0, 1, {{CTE_LINES_QP_ESCAPE, 2, 1}}},
    {TEXT("\xC3\xA9"), 1, 2, 0, 1, {{CTE_LINES_8BIT, 2, 0}, {CTE_LINES_QP_ESCAPE, 2, 0}}},
    {TEXT("a\xC3"), 1, 2, 0, 1, {{CTE_LINES_8BIT, 1, 1}, {CTE_LINES_QP_ESCAPE, 1, 1}, {CTE_LINES_NOT_UTF8, 1, 1}}},
    {TEXT("\xED\xA0\x80\xFF"),
     1,
     4,
     0,
     1,
     {{CTE_LINES_8BIT, 4, 0}, {CTE_LINES_QP_ESCAPE, 4, 0}, {CTE_LINES_NOT_UTF8, 1, 0}}},
    {TEXT("\xF0\x9F\x98\x80\xE7\xB3\r\n"),
     1,
     6,
     1,
     0,
     {{CTE_LINES_8BIT, 6, 0}, {CTE_LINES_QP_ESCAPE, 6, 0}, {CTE_LINES_NOT_UTF8, 1, 4}}},
};

static void statistics(void **state) {
  (void)state;
  random_begin("statistics");
  for (size_t i = 0; i < COUNT(statistics_cases); i++) {
    const struct statistics_case *c = &statistics_cases[i];
    cte_lines expected = {.octets = c->n, .lines = c->lines, .longest = c->longest, .crlf = c->crlf};
    expected.unterminated = c->unterminated;
    for (size_t k = 0; k < 16; k++) expected.first[k] = CTE_NO_OFFSET;
    for (size_t k = 0; k < COUNT(c->kinds) && c->kinds[k].count; k++) {
      expected.count[c->kinds[k].kind] = c->kinds[k].count;
      expected.first[c->kinds[k].kind] = c->kinds[k].first;
    }
    cte_lines reference;
    ref_lines(&reference, (const uint8_t *)c->src, c->n);
    check_statistics(&reference, &expected, (const uint8_t *)c->src, c->n);
    count_case((const uint8_t *)c->src, c->n);
  }
}

/* The first octet past 998, whatever ends the line; a CR of the line end is none of it. */
static void statistics_of_long_lines(void **state) {
  (void)state;
  random_begin("statistics_of_long_lines");
  static const char *const ends[] = {"\r\n", "\n", "", "\r", "\r\r\n", "\rx", "\r\n."};
  uint8_t src[2100];
  for (size_t length = 996; length <= 1000; length++)
    for (size_t k = 0; k < COUNT(ends); k++)
      for (size_t twice = 0; twice < 2; twice++) {
        size_t n = 0;
        for (size_t i = 0; i <= twice; i++) {
          memset(src + n, 'a', length);
          memcpy(src + n + length, ends[k], strlen(ends[k]));
          n += length + strlen(ends[k]);
        }
        count_case(src, n);
        for (size_t cut = 990; cut <= 1005 && cut <= n; cut++) {
          cte_lines got, expected;
          ref_lines(&expected, src, n);
          count_cut(&got, src, n, &cut, 1);
          check_statistics(&got, &expected, src, n);
        }
      }
}

/* Every sequence of UTF-8 with an edge in it. */
static void statistics_of_utf8(void **state) {
  (void)state;
  random_begin("statistics_of_utf8");
  static const uint8_t octets[] = {'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                   0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  for (size_t times = scaled(20000); times > 0; times--) {
    uint8_t src[12];
    size_t n = random_below(sizeof src + 1);
    for (size_t i = 0; i < n; i++) src[i] = octets[random_below(COUNT(octets))];
    count_case(src, n);
  }
}

static void statistics_random(void **state) {
  (void)state;
  random_begin("statistics_random");
  static uint8_t src[1 << 20];
  for (size_t n = 0; n <= 1400; n++) {
    if (!fixed_case()) continue;
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    count_case(src, n);
  }
  for (size_t times = scaled(300); times > 0; times--) {
    size_t n = random_below(13 * 1024);
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    count_case(src, n);
  }
  for (size_t times = scaled(3); times > 0; times--) {
    size_t n = scaled_fixed(sizeof src);
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    count_case(src, n);
  }
}

/* ---- The choice ---- */

struct choice_case {
  const char *src;
  size_t n;
  int32_t encoding[3]; /* by enum cte_lines_line_ends */
};

static const struct choice_case choice_cases[] = {
    {TEXT(""), {CTE_ENCODING_7BIT, CTE_ENCODING_7BIT, CTE_ENCODING_7BIT}},
    {TEXT("a\r\nb"), {CTE_ENCODING_7BIT, CTE_ENCODING_BINARY, CTE_ENCODING_7BIT}},
    {TEXT("a\nb\n"), {CTE_ENCODING_BINARY, CTE_ENCODING_7BIT, CTE_ENCODING_7BIT}},
    {TEXT("a\nb\r\n"), {CTE_ENCODING_BINARY, CTE_ENCODING_BINARY, CTE_ENCODING_BINARY}},
    {TEXT("a\rb\n"), {CTE_ENCODING_BINARY, CTE_ENCODING_BINARY, CTE_ENCODING_BINARY}},
    {TEXT("\xE9\r\n"), {CTE_ENCODING_8BIT, CTE_ENCODING_BINARY, CTE_ENCODING_8BIT}},
    {TEXT("\xE9\n"), {CTE_ENCODING_BINARY, CTE_ENCODING_8BIT, CTE_ENCODING_8BIT}},
    {TEXT("\0"), {CTE_ENCODING_BINARY, CTE_ENCODING_BINARY, CTE_ENCODING_BINARY}},
};

static void take(cte_lines *lines, const void *src, size_t n) {
  cte_lines_init(lines);
  cte_lines_update(lines, src, n);
  cte_lines_finish(lines);
}

static void encodings(void **state) {
  (void)state;
  cte_lines lines;
  for (size_t i = 0; i < COUNT(choice_cases); i++) {
    take(&lines, choice_cases[i].src, choice_cases[i].n);
    for (uint32_t k = 0; k < 3; k++) assert_int_equal(cte_lines_encoding(&lines, k), choice_cases[i].encoding[k]);
  }
  assert_int_equal(cte_lines_encoding(&lines, 3), CTE_ERROR_ARGUMENT);
  assert_int_equal(cte_lines_encoding(&lines, UINT32_MAX), CTE_ERROR_ARGUMENT);
  static char line[1000];
  memset(line, 'a', sizeof line);
  take(&lines, line, 998);
  assert_int_equal(cte_lines_encoding(&lines, CTE_LINES_CRLF), CTE_ENCODING_7BIT);
  take(&lines, line, 999);
  assert_int_equal(cte_lines_encoding(&lines, CTE_LINES_CRLF), CTE_ENCODING_BINARY);
}

/* The octets that the identity has: of text taken as LF text, with CRLF. */
static size_t identity_octets(uint8_t *dst, const uint8_t *src, size_t n, bool grows) {
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    if (grows && src[i] == '\n') dst[at++] = '\r';
    dst[at++] = src[i];
  }
  return at;
}

/* Each choice: against the reference, and its sizes against what the codecs really write. */
static void check_choice(const uint8_t *src, size_t n, uint32_t content, uint32_t transport, uint32_t line_ends) {
  static uint8_t whole[30000];
  cte_lines lines;
  take(&lines, src, n);
  cte_choice got = cte_lines_choose(&lines, content, transport, line_ends);
  cte_choice expected = ref_lines_choose(&lines, content, transport, line_ends, got.quoted_printable);
  bool lf = line_ends == CTE_LINES_LF || (line_ends == CTE_LINES_AUTO && lines.count[CTE_LINES_BARE_LF] && lines.crlf == 0);
  size_t identity = identity_octets(whole, src, n, lf && content != CTE_CONTENT_DATA);
  size_t base64 = cte_base64_encoded_size(identity, NULL);
  cte_qp_encode_options qp = {.line_ends = CTE_QP_LINE_ENDS_CRLF};
  if (content != CTE_CONTENT_TEXT) qp.line_ends = CTE_QP_LINE_ENDS_BINARY;
  if (content == CTE_CONTENT_TEXT && lf) qp.line_ends = CTE_QP_LINE_ENDS_LF;
  size_t size = cte_qp_encoded_size(src, n, &qp);
  bool right = got.status == expected.status && got.encoding == expected.encoding && got.identity == expected.identity &&
               got.base64 == expected.base64 && got.identity == identity && got.base64 == base64 &&
               got.quoted_printable >= size;
  if (right) return;
  print_error("content %u, transport %u, line ends %u\n", content, transport, line_ends);
  print_error("got %d %d %llu %llu %llu\n", got.status, got.encoding, (unsigned long long)got.identity,
              (unsigned long long)got.base64, (unsigned long long)got.quoted_printable);
  print_error("expected %d %d %llu %llu, from the codecs %zu %zu %zu\n", expected.status, expected.encoding,
              (unsigned long long)expected.identity, (unsigned long long)expected.base64, identity, base64, size);
  for (size_t i = 0; i < n && i < 1000; i++) print_error("\\x%02X", src[i]);
  fail_msg("the choice for %zu octets is wrong", n);
}

static void choices(void **state) {
  (void)state;
  random_begin("choices");
  static uint8_t src[13000];
  for (size_t times = scaled(1500); times > 0; times--) {
    size_t n = random_below(random_one_in(10) ? sizeof src : 400);
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    if (random_one_in(3)) /* LF text */
      for (size_t i = 0; i < n; i++)
        if (src[i] == '\r') src[i] = 'r';
    if (random_one_in(3)) /* 7bit */
      for (size_t i = 0; i < n; i++) src[i] &= 0x7F;
    for (uint32_t content = 0; content < 4; content++)
      for (uint32_t transport = 0; transport < 3; transport++)
        for (uint32_t line_ends = 0; line_ends < 3; line_ends++) check_choice(src, n, content, transport, line_ends);
  }
}

/* The bound of text, beside what the reference writes. */
static void check_qp_bound(const uint8_t *src, size_t n, bool lf) {
  static struct outcome coded;
  cte_lines lines;
  take(&lines, src, n);
  const cte_qp_encode_options options = {.line_ends = lf ? CTE_QP_LINE_ENDS_LF : CTE_QP_LINE_ENDS_CRLF};
  ref_qp_encode(&coded, src, n, &options);
  uint32_t line_ends = lf ? CTE_LINES_LF : CTE_LINES_CRLF;
  uint64_t bound = cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, line_ends).quoted_printable;
  /* In lines of at most 76 octets soft line breaks are counted for escapes alone; one in a full line makes one. */
  bool agree = lf ? lines.crlf == 0 : lines.count[CTE_LINES_BARE_LF] == 0;
  uint64_t escaped = lines.count[CTE_LINES_QP_ESCAPE];
  uint64_t most = agree && lines.longest <= 76 ? coded.size + 3 * escaped : UINT64_MAX;
  if (lines.longest == 76 && lines.lines == 1 && escaped == 1) most = coded.size;
  if (bound >= coded.size && bound <= most) return;
  for (size_t i = 0; i < n; i++) print_error("\\x%02X", src[i]);
  fail_msg("the bound is %llu; written %zu, escaped %llu, longest %llu", (unsigned long long)bound, coded.size,
           (unsigned long long)escaped, (unsigned long long)lines.longest);
}

/* A line of `length` octets; one in `sparse` of them is escaped, of 0 none. */
static size_t make_qp_line(uint8_t *dst, size_t length, size_t sparse, const char *end) {
  for (size_t i = 0; i < length; i++) {
    bool escaped = sparse && random_one_in(sparse);
    dst[i] = (uint8_t)(escaped ? "=\xE9\x01\0\x7F"[random_below(5)] : "a b\tc"[random_below(i + 1 < length ? 5 : 1)]);
  }
  memcpy(dst + length, end, strlen(end));
  return length + strlen(end);
}

/* Lines around 76 with an escape at every place; then texts of lines of any length up to there, as CRLF and as LF text. */
static void bound_of_short_lines(void **state) {
  (void)state;
  random_begin("bound_of_short_lines");
  static uint8_t src[100 * 80];
  for (size_t length = 70; length <= 80; length++)
    for (size_t at = 0; at <= length; at++)
      for (int lf = 0; lf < 2; lf++) {
        size_t n = make_qp_line(src, length, 0, lf ? "\n" : "\r\n");
        if (at < length) src[at] = '=';
        check_qp_bound(src, n, lf);
      }
  for (size_t times = scaled(3000); times > 0; times--) {
    size_t n = 0, sparse = random_one_in(4) ? 0 : random_below(150);
    size_t longest = random_one_in(10) ? 77 : 76, shortest = random_one_in(2) ? longest : random_below(longest);
    bool lf = random_one_in(2);
    const char *end = lf != random_one_in(10) ? "\n" : "\r\n"; /* at times not its own: one long line */
    for (size_t k = 1 + random_below(90); k > 0; k--)
      n += make_qp_line(src + n, shortest + random_below(longest - shortest + 1), sparse, end);
    if (random_one_in(4)) n -= strlen(end);
    check_qp_bound(src, n, lf);
  }
}

/* A choice by hand for each rule, and what is not allowed. */
static void choices_by_rule(void **state) {
  (void)state;
  cte_lines lines;
  take(&lines, TEXT("plain\r\n"));
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, CTE_LINES_CRLF).encoding,
                   CTE_ENCODING_7BIT);
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_DATA, CTE_TRANSPORT_7BIT, CTE_LINES_CRLF).encoding,
                   CTE_ENCODING_7BIT);
  take(&lines, TEXT("caf\xE9, in a line that is mostly plain, so that few octets have to be escaped\r\n"));
  cte_choice text = cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, CTE_LINES_CRLF);
  assert_int_equal(text.status, CTE_OK);
  assert_int_equal(text.encoding, CTE_ENCODING_QP);
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_8BITMIME, 0).encoding, CTE_ENCODING_8BIT);
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_DATA, CTE_TRANSPORT_7BIT, 0).encoding, CTE_ENCODING_BASE64);
  for (uint32_t content = CTE_CONTENT_COMPOSITE; content <= CTE_CONTENT_OPAQUE; content++) {
    cte_choice fixed = cte_lines_choose(&lines, content, CTE_TRANSPORT_7BIT, 0);
    assert_int_equal(fixed.status, CTE_ERROR_UNSUPPORTED);
    assert_int_equal(fixed.encoding, CTE_ENCODING_8BIT);
    assert_int_equal(cte_lines_choose(&lines, content, CTE_TRANSPORT_8BITMIME, 0).status, CTE_OK);
  }
  take(&lines, TEXT("\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\xD0\xB6\r\n"));
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, 0).encoding, CTE_ENCODING_BASE64);
  take(&lines, TEXT("\0\n"));
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_DATA, CTE_TRANSPORT_BINARYMIME, 0).encoding, CTE_ENCODING_BINARY);
  assert_int_equal(cte_lines_choose(&lines, CTE_CONTENT_DATA, CTE_TRANSPORT_8BITMIME, 0).encoding, CTE_ENCODING_BASE64);
  assert_int_equal(cte_lines_choose(&lines, 4, 0, 0).status, CTE_ERROR_ARGUMENT);
  assert_int_equal(cte_lines_choose(&lines, 0, 3, 0).status, CTE_ERROR_ARGUMENT);
  assert_int_equal(cte_lines_choose(&lines, 0, 0, 3).status, CTE_ERROR_ARGUMENT);
}

/* Sizes of more octets than there are. */
static void choices_saturate(void **state) {
  (void)state;
  cte_lines lines;
  take(&lines, TEXT("\xE9\n"));
  lines.octets = UINT64_MAX - 1;
  lines.lines = lines.count[CTE_LINES_BARE_LF] = UINT64_MAX / 4;
  lines.count[CTE_LINES_8BIT] = lines.count[CTE_LINES_QP_ESCAPE] = UINT64_MAX / 2;
  lines.longest = 900;
  cte_choice got = cte_lines_choose(&lines, CTE_CONTENT_TEXT, CTE_TRANSPORT_7BIT, CTE_LINES_LF);
  assert_true(got.identity == UINT64_MAX);
  assert_true(got.base64 == UINT64_MAX);
  assert_true(got.quoted_printable == UINT64_MAX);
  assert_int_equal(got.encoding, CTE_ENCODING_QP);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checks),
      cmocka_unit_test(check_lengths_of_lines),
      cmocka_unit_test(check_bad_allowed),
      cmocka_unit_test(check_without_output),
      cmocka_unit_test(statistics),
      cmocka_unit_test(statistics_of_long_lines),
      cmocka_unit_test(statistics_of_utf8),
      cmocka_unit_test(statistics_random),
      cmocka_unit_test(encodings),
      cmocka_unit_test(choices),
      cmocka_unit_test(bound_of_short_lines),
      cmocka_unit_test(choices_by_rule),
      cmocka_unit_test(choices_saturate),
      cmocka_unit_test(check_lengths),
      cmocka_unit_test(check_cuts),
      cmocka_unit_test(check_large),
  };
  return run_on_every_row("lines", tests, COUNT(tests));
}
