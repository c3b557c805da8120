/* smtp.c: tests of cte/smtp.h: every cell of the table of policies, the end of data and what is none, dots, long lines. */
#include "rows.h"
#include "support.h"

#include <stdio.h>

#define REJECT    CTE_SMTP_REJECT
#define NORMALIZE CTE_SMTP_NORMALIZE
#define SPACE     CTE_SMTP_SPACE
#define KEEP      CTE_SMTP_KEEP

#define OUT(literal) .data = literal, .size = sizeof(literal) - 1

/* Every pair of policies that is allowed, and more at random: filled by make_options. */
static cte_smtp_options write_options[160], read_options[200];
static size_t write_count, read_count;

static void make_write_options(void) {
  static const uint8_t data[] = {0, REJECT, NORMALIZE, SPACE}, bdat[] = {0, REJECT, NORMALIZE, SPACE, KEEP};
  static const uint8_t data_long[] = {0, NORMALIZE, KEEP}, bdat_long[] = {0, REJECT, KEEP};
  write_count = 0;
  for (size_t lf = 0; lf < 4; lf++)
    for (size_t cr = 0; cr < 4; cr++)
      for (size_t nul = 0; nul < 4; nul++)
        for (size_t k = 0; k < 3; k++)
          if ((lf + 2 * cr + nul + k) % 3 == 0 || (lf == 2 && cr == 2 && nul == 2))
            write_options[write_count++] =
                (cte_smtp_options){.bare_lf = data[lf], .bare_cr = data[cr], .nul = data[nul], .long_line = data_long[k]};
  for (size_t lf = 0; lf < 5; lf++)
    for (size_t cr = 0; cr < 5; cr++)
      for (size_t nul = 0; nul < 5; nul++)
        if ((lf + 2 * cr + 3 * nul) % 4 == 0)
          write_options[write_count++] = (cte_smtp_options){
              .bare_lf = bdat[lf], .bare_cr = bdat[cr], .nul = bdat[nul], .long_line = bdat_long[(lf + cr) % 3], .bdat = 1};
  assert_true(write_count <= COUNT(write_options));
}

static void make_read_options(void) {
  static const uint8_t policies[] = {0, REJECT, NORMALIZE, SPACE, KEEP}, long_line[] = {0, REJECT, NORMALIZE, KEEP};
  read_count = 0;
  for (size_t lf = 0; lf < 5; lf++)
    for (size_t cr = 0; cr < 5; cr++)
      for (size_t nul = 0; nul < 5; nul++)
        for (size_t k = 0; k < 4; k++)
          if ((lf + 2 * cr + 3 * nul + k) % 4 == 0 || (lf == 2 && cr == 2 && nul == 2))
            read_options[read_count++] = (cte_smtp_options){
                .bare_lf = policies[lf], .bare_cr = policies[cr], .nul = policies[nul], .long_line = long_line[k]};
  assert_true(read_count <= COUNT(read_options));
}

static const enum input_kind kinds[] = {INPUT_DOTS, INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_RICH,
                                        INPUT_LONG, INPUT_UTF8, INPUT_RANDOM,      INPUT_ONE};

#define WRITE &smtp_write_subject, write_options, write_count, kinds, COUNT(kinds)
#define READ  &smtp_read_subject, read_options, read_count, kinds, COUNT(kinds)

static void write_lengths(void **state) {
  (void)state;
  test_lengths(WRITE);
}

static void write_cuts(void **state) {
  (void)state;
  test_cuts(WRITE);
}

static void write_large(void **state) {
  (void)state;
  test_large(WRITE);
}

static void read_lengths(void **state) {
  (void)state;
  test_lengths(READ);
}

static void read_cuts(void **state) {
  (void)state;
  test_cuts(READ);
}

static void read_large(void **state) {
  (void)state;
  test_large(READ);
}

/* ---- Cases ---- */

struct smtp_case {
  const char *name;
  const char *src;
  size_t n;
  cte_smtp_options options;
  struct expectation expected;
};

#define MET(kind, offset)     .anomalies = {{CTE_ANOMALY_##kind, offset}}
#define ERROR(kind, offset)   .status = CTE_ERROR_##kind, .read = offset, MET(kind, offset)
#define VERDICT(kind, offset) MET(kind, offset), .verdict = CTE_ERROR_##kind, .verdict_offset = offset

static const struct smtp_case write_cases[] = {
    {"empty", TEXT(""), {0}, {.read = 0, OUT(".\r\n")}},
    {"ends in CRLF", TEXT("a\r\n"), {0}, {.read = 3, OUT("a\r\n.\r\n")}},
    {"does not", TEXT("a"), {0}, {.read = 1, OUT("a\r\n.\r\n")}},
    {"a dot first", TEXT(".a\r\n"), {0}, {.read = 4, OUT("..a\r\n.\r\n")}},
    {"a dot alone", TEXT("."), {0}, {.read = 1, OUT("..\r\n.\r\n")}},
    {"a dot line", TEXT("a\r\n.\r\nb\r\n"), {0}, {.read = 9, OUT("a\r\n..\r\nb\r\n.\r\n")}},
    {"two dots", TEXT("a\r\n..b"), {0}, {.read = 6, OUT("a\r\n...b\r\n.\r\n")}},
    {"dots within lines", TEXT("a.\r\nb.c"), {0}, {.read = 7, OUT("a.\r\nb.c\r\n.\r\n")}},
    {"CRLF alone", TEXT("\r\n"), {0}, {.read = 2, OUT("\r\n.\r\n")}},
    /* bare LF */
    {"bare LF, default", TEXT("ab\nc"), {0}, {ERROR(BARE_LF, 2), OUT("ab")}},
    {"bare LF, reject", TEXT("ab\nc"), {.bare_lf = REJECT}, {ERROR(BARE_LF, 2), OUT("ab")}},
    {"bare LF, normalize", TEXT("ab\nc"), {.bare_lf = NORMALIZE}, {.read = 4, OUT("ab\r\nc\r\n.\r\n"), MET(BARE_LF, 2)}},
    {"bare LF and a dot, normalize",
     TEXT("a\n.b\n.\n"),
     {.bare_lf = NORMALIZE},
     {.read = 7, OUT("a\r\n..b\r\n..\r\n.\r\n"), MET(BARE_LF, 1)}},
    {"bare LF, space", TEXT("ab\n.c\n"), {.bare_lf = SPACE}, {.read = 6, OUT("ab .c \r\n.\r\n"), MET(BARE_LF, 2)}},
    {"bare LF, keep, BDAT", TEXT("ab\n.c\n"), {.bare_lf = KEEP, .bdat = 1}, {.read = 6, OUT("ab\n.c\n"), MET(BARE_LF, 2)}},
    /* lone CR */
    {"lone CR, default", TEXT("ab\rc"), {0}, {ERROR(BARE_CR, 2), OUT("ab")}},
    {"lone CR, reject", TEXT("ab\r\r\n"), {.bare_cr = REJECT}, {ERROR(BARE_CR, 2), OUT("ab")}},
    {"lone CR at the end, reject", TEXT("ab\r"), {.bare_cr = REJECT}, {ERROR(BARE_CR, 2), OUT("ab")}},
    {"lone CR, normalize", TEXT("ab\r.c\r"), {.bare_cr = NORMALIZE}, {.read = 6, OUT("ab .c \r\n.\r\n"), MET(BARE_CR, 2)}},
    {"CRs before LF, normalize",
     TEXT("ab\r\r\r\n.c"),
     {.bare_cr = NORMALIZE},
     {.read = 8, OUT("ab\r\n..c\r\n.\r\n"), MET(BARE_CR, 2)}},
    {"CRs not before LF, normalize",
     TEXT("ab\r\rc"),
     {.bare_cr = NORMALIZE},
     {.read = 5, OUT("ab  c\r\n.\r\n"), MET(BARE_CR, 2)}},
    {"lone CR, space", TEXT("ab\r\r\n.c\r"), {.bare_cr = SPACE}, {.read = 8, OUT("ab \r\n..c \r\n.\r\n"), MET(BARE_CR, 2)}},
    {"lone CR, keep, BDAT",
     TEXT("ab\r\r\n.c\r"),
     {.bare_cr = KEEP, .bdat = 1},
     {.read = 8, OUT("ab\r\r\n.c\r"), MET(BARE_CR, 2)}},
    /* NUL */
    {"NUL, default", TEXT("ab\0c"), {0}, {ERROR(NUL, 2), OUT("ab")}},
    {"NUL, reject", TEXT("ab\0c"), {.nul = REJECT}, {ERROR(NUL, 2), OUT("ab")}},
    {"NUL, normalize", TEXT("ab\0c\r\n\0.d"), {.nul = NORMALIZE}, {.read = 9, OUT("abc\r\n..d\r\n.\r\n"), MET(NUL, 2)}},
    {"NUL alone, normalize", TEXT("\0"), {.nul = NORMALIZE}, {.read = 1, OUT(".\r\n"), MET(NUL, 0)}},
    {"NUL, space", TEXT("ab\0c\r\n\0.d"), {.nul = SPACE}, {.read = 9, OUT("ab c\r\n .d\r\n.\r\n"), MET(NUL, 2)}},
    {"NUL, keep, BDAT", TEXT("ab\0c\r\n\0.d"), {.nul = KEEP, .bdat = 1}, {.read = 9, OUT("ab\0c\r\n\0.d"), MET(NUL, 2)}},
    {"NUL between CR and LF, normalize",
     TEXT("a\r\0\n.b"),
     {.bare_lf = NORMALIZE, .bare_cr = NORMALIZE, .nul = NORMALIZE},
     {.read = 6,
      OUT("a \r\n..b\r\n.\r\n"),
      .anomalies = {{CTE_ANOMALY_BARE_CR, 1}, {CTE_ANOMALY_NUL, 2}, {CTE_ANOMALY_BARE_LF, 3}}}},
    /* BDAT */
    {"BDAT: nothing stuffed, nothing ended", TEXT(".\r\n.\r\n.."), {.bdat = 1}, {.read = 8, OUT(".\r\n.\r\n..")}},
    {"BDAT, empty", TEXT(""), {.bdat = 1}, {.read = 0, OUT("")}},
    {"BDAT, bare LF, default", TEXT("a\n"), {.bdat = 1}, {ERROR(BARE_LF, 1), OUT("a")}},
    {"BDAT, bare LF, normalize",
     TEXT("a\n.\n"),
     {.bare_lf = NORMALIZE, .bdat = 1},
     {.read = 4, OUT("a\r\n.\r\n"), MET(BARE_LF, 1)}},
};

#define END(size) .status = CTE_END, .read = size

static const struct smtp_case read_cases[] = {
    {"'.' CRLF first", TEXT(".\r\nQUIT\r\n"), {0}, {END(3), OUT("")}},
    {"an end", TEXT("a\r\n.\r\nQUIT\r\n"), {0}, {END(6), OUT("a\r\n")}},
    {"CR CRLF '.' CRLF, normalize",
     TEXT("a\r\r\n.\r\nQUIT"),
     {.bare_cr = NORMALIZE},
     {END(7), OUT("a\r\n"), MET(BARE_CR, 1)}},
    {"CR CRLF '.' CRLF, default", TEXT("a\r\r\n.\r\nQUIT"), {0}, {END(7), OUT("a"), VERDICT(BARE_CR, 1)}},
    {"CR CRLF '.' CRLF, keep", TEXT("a\r\r\n.\r\nQUIT"), {.bare_cr = KEEP}, {END(7), OUT("a\r\r\n"), MET(BARE_CR, 1)}},
    {"a dot is deleted", TEXT("..a\r\n..\r\n.b\r\n.\r\n"), {0}, {END(16), OUT(".a\r\n.\r\nb\r\n")}},
    {"three dots", TEXT("...\r\n.\r\n"), {0}, {END(8), OUT("..\r\n")}},
    {"dots within lines", TEXT("a.\r\nb..\r\n.\r\n"), {0}, {END(12), OUT("a.\r\nb..\r\n")}},
    {"CRLF before the end stays", TEXT("\r\n.\r\n"), {0}, {END(5), OUT("\r\n")}},
    /* the end that does not come */
    {"truncated, nothing", TEXT(""), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 0, OUT("")}},
    {"truncated", TEXT("ab"), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 2, OUT("ab")}},
    {"truncated after CRLF", TEXT("ab\r\n"), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 4, OUT("ab\r\n")}},
    {"truncated after '.'", TEXT("ab\r\n."), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 5, OUT("ab\r\n")}},
    {"truncated after '.' CR", TEXT("ab\r\n.\r"), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 6, OUT("ab\r\n")}},
    {"truncated after CR", TEXT("ab\r"), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 3, OUT("ab")}},
    {"truncated after CR, keep", TEXT("ab\r"), {.bare_cr = KEEP}, {.status = CTE_ERROR_TRUNCATED, .read = 3, OUT("ab")}},
    {"truncated after '.' x", TEXT("ab\r\n.x"), {0}, {.status = CTE_ERROR_TRUNCATED, .read = 6, OUT("ab\r\nx")}},
    {"truncated, with a verdict",
     TEXT("a\nb\r\n"),
     {0},
     {.status = CTE_ERROR_TRUNCATED, .read = 5, OUT("a"), MET(BARE_LF, 1), .verdict = CTE_ERROR_BARE_LF}},
    /* bare LF */
    {"bare LF, default", TEXT("a\nb\r\n.\r\nX"), {0}, {END(8), OUT("a"), VERDICT(BARE_LF, 1)}},
    {"bare LF, reject", TEXT("a\nb\r\n.\r\nX"), {.bare_lf = REJECT}, {END(8), OUT("a"), VERDICT(BARE_LF, 1)}},
    {"bare LF, normalize", TEXT("a\nb\r\n.\r\nX"), {.bare_lf = NORMALIZE}, {END(8), OUT("a\r\nb\r\n"), MET(BARE_LF, 1)}},
    {"bare LF and dots, normalize",
     TEXT("a\n..b\n.c\n.\r\nd\r\n.\r\nX"),
     {.bare_lf = NORMALIZE},
     {END(18), OUT("a\r\n.b\r\nc\r\n\r\nd\r\n"), MET(BARE_LF, 1)}},
    {"bare LF, space", TEXT("a\n.b\r\n.\r\nX"), {.bare_lf = SPACE}, {END(9), OUT("a .b\r\n"), MET(BARE_LF, 1)}},
    {"bare LF, keep", TEXT("a\n.b\r\n.\r\nX"), {.bare_lf = KEEP}, {END(9), OUT("a\n.b\r\n"), MET(BARE_LF, 1)}},
    /* lone CR */
    {"lone CR, default", TEXT("a\rb\r\n.\r\nX"), {0}, {END(8), OUT("a"), VERDICT(BARE_CR, 1)}},
    {"lone CR, reject", TEXT("a\rb\r\n.\r\nX"), {.bare_cr = REJECT}, {END(8), OUT("a"), VERDICT(BARE_CR, 1)}},
    {"lone CR, normalize", TEXT("a\r.b\r\r\n.\r\nX"), {.bare_cr = NORMALIZE}, {END(10), OUT("a .b\r\n"), MET(BARE_CR, 1)}},
    {"lone CRs, normalize", TEXT("a\r\rb\r\n.\r\nX"), {.bare_cr = NORMALIZE}, {END(9), OUT("a  b\r\n"), MET(BARE_CR, 1)}},
    {"lone CR, space", TEXT("a\r.b\r\r\n.\r\nX"), {.bare_cr = SPACE}, {END(10), OUT("a .b \r\n"), MET(BARE_CR, 1)}},
    {"lone CR, keep", TEXT("a\r.b\r\r\n.\r\nX"), {.bare_cr = KEEP}, {END(10), OUT("a\r.b\r\r\n"), MET(BARE_CR, 1)}},
    {"'.' CR x", TEXT(".\rx\r\n.\r\n"), {.bare_cr = KEEP}, {END(8), OUT("\rx\r\n"), MET(BARE_CR, 1)}},
    /* NUL */
    {"NUL, default", TEXT("a\0b\r\n.\r\nX"), {0}, {END(8), OUT("a"), VERDICT(NUL, 1)}},
    {"NUL, reject", TEXT("a\0b\r\n.\r\nX"), {.nul = REJECT}, {END(8), OUT("a"), VERDICT(NUL, 1)}},
    {"NUL, normalize", TEXT("a\0b\r\n\0.c\r\n.\r\nX"), {.nul = NORMALIZE}, {END(13), OUT("ab\r\n.c\r\n"), MET(NUL, 1)}},
    {"NUL, space", TEXT("a\0b\r\n.\r\nX"), {.nul = SPACE}, {END(8), OUT("a b\r\n"), MET(NUL, 1)}},
    {"NUL, keep", TEXT("a\0b\r\n.\r\nX"), {.nul = KEEP}, {END(8), OUT("a\0b\r\n"), MET(NUL, 1)}},
    {"'.' NUL does not end (OpenSMTPD)",
     TEXT("a\r\n.\0x\r\n.\r\nX"),
     {.nul = KEEP},
     {END(11), OUT("a\r\n\0x\r\n"), MET(NUL, 4)}},
    /* the first cause is the verdict; what comes later is recorded too */
    {"two causes",
     TEXT("a\0b\nc\r\n.\r\nX"),
     {0},
     {END(10), OUT("a"), .anomalies = {{CTE_ANOMALY_NUL, 1}, {CTE_ANOMALY_BARE_LF, 3}}, .verdict = CTE_ERROR_NUL,
      .verdict_offset = 1}},
    {"one tolerated, one the cause",
     TEXT("a\0b\nc\r\n.\r\nX"),
     {.nul = SPACE},
     {END(10), OUT("a b"), .anomalies = {{CTE_ANOMALY_NUL, 1}, {CTE_ANOMALY_BARE_LF, 3}}, .verdict = CTE_ERROR_BARE_LF,
      .verdict_offset = 3}},
};

static void check_cases(const struct subject *subject, const struct smtp_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++)
    check_case(cases[i].name, subject, &cases[i].options, cases[i].src, cases[i].n, &cases[i].expected);
}

static void writer_policies(void **state) {
  (void)state;
  check_cases(&smtp_write_subject, write_cases, COUNT(write_cases));
}

static void reader_policies(void **state) {
  (void)state;
  check_cases(&smtp_read_subject, read_cases, COUNT(read_cases));
}

/* ---- Smuggling ---- */

static const struct {
  const char *text;
  size_t n;
} smuggling[] = {{TEXT("\n.\n")},       {TEXT("\r.\r")},       {TEXT("\r.\n")},       {TEXT("\n.\r")},
                 {TEXT("\n.\r\n")},     {TEXT("\r\n.\n")},     {TEXT("\r.\r\n")},     {TEXT("\r\n.\r")},
                 {TEXT("\r\n\0.\r\n")}, {TEXT("\r\n.\0\r\n")}, {TEXT("\r\n.\r\r\n")}, {TEXT("\r\r\n.\r\r\n")}};

#define SECOND "MAIL FROM:<x@y>\r\nDATA\r\nsmuggled\r\n"

/* None of the twelve ends the data, whole or cut, whatever the policy; the true end does, and what follows it is unread. */
static void reader_smuggling(void **state) {
  (void)state;
  random_begin("reader_smuggling");
  static const char after[] = SECOND "\r\n.\r\nQUIT\r\n";
  for (size_t i = 0; i < COUNT(smuggling); i++) {
    char src[120] = "first";
    size_t n = 5;
    memcpy(src + n, smuggling[i].text, smuggling[i].n);
    n += smuggling[i].n;
    memcpy(src + n, after, sizeof after - 1);
    n += sizeof after - 1;
    for (size_t k = 0; k < read_count; k++) {
      uint8_t dst[300];
      cte_result got = cte_smtp_read(src, n, dst, sizeof dst, &read_options[k]);
      assert_int_equal(got.status, CTE_END);
      assert_int_equal(got.read, n - 6);
      if (!fixed_case()) continue;
      check_one_shot(&smtp_read_subject, &read_options[k], (const uint8_t *)src, n);
      check_every_cut(&smtp_read_subject, &read_options[k], (const uint8_t *)src, n);
    }
    /* By default each of them is a verdict. */
    cte_stream s;
    uint8_t dst[300];
    cte_input in = {src, n, 0};
    cte_output out = {dst, sizeof dst, 0};
    assert_int_equal(cte_stream_smtp_read(&s, NULL), CTE_OK);
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_END);
    assert_int_equal(in.pos, n - 6);
    assert_true(cte_stream_verdict(&s) < 0);
    assert_true(cte_stream_anomalies(&s) & CTE_VERDICT_REJECTED);
    assert_memory_equal(src + in.pos, "QUIT\r\n", 6);
  }
}

/* True when a receiver that takes CR, LF or CRLF, in any mixture, for a line end sees an end of data before the last line.
 */
static bool lax_end(const uint8_t *data, size_t n) {
  for (size_t i = 0; i < n; i++) {
    bool start = i == 0 || data[i - 1] == '\r' || data[i - 1] == '\n';
    size_t k = i + 1;
    while (k < n && data[k] == 0) k++;
    if (data[i] == '.' && start && k < n && (data[k] == '\r' || data[k] == '\n') && n - i > 3) return true;
  }
  return false;
}

/* What the writer sends for them is an end of data for no receiver, or is refused. */
static void writer_smuggling(void **state) {
  (void)state;
  random_begin("writer_smuggling");
  for (size_t i = 0; i < COUNT(smuggling); i++) {
    uint8_t src[120] = "first", dst[300], back[300];
    size_t n = 5;
    memcpy(src + n, smuggling[i].text, smuggling[i].n);
    n += smuggling[i].n;
    memcpy(src + n, SECOND, sizeof SECOND - 1);
    n += sizeof SECOND - 1;
    for (size_t k = 0; k < write_count; k++) {
      if (write_options[k].bdat) continue;
      cte_result got = cte_smtp_write(src, n, dst, sizeof dst, &write_options[k]);
      if (fixed_case()) check_every_cut(&smtp_write_subject, &write_options[k], src, n);
      if (got.status != CTE_OK) continue;
      assert_false(lax_end(dst, got.written));
      cte_result in = cte_smtp_read(dst, got.written, back, sizeof back, NULL);
      assert_int_equal(in.status, CTE_END);
      assert_int_equal(in.read, got.written);
      assert_int_equal(in.anomalies, 0);
    }
  }
}

/* ---- Long lines ---- */

/* A line of `length` octets at src, "\r\n", and the end of data where it is DATA. */
static size_t make_line(char *src, size_t length, const char *end) {
  memset(src, 'a', length);
  memcpy(src + length, end, strlen(end));
  return length + strlen(end);
}

static void line_lengths(void **state) {
  (void)state;
  static char src[1100], stuffed[1100];
  static const cte_smtp_options defaults = {0}, reject = {.long_line = REJECT}, keep = {.long_line = KEEP},
                                fold = {.long_line = NORMALIZE};
  for (size_t length = 997; length <= 999; length++) {
    bool over = length > 998;
    size_t n = make_line(src, length, "\r\n"), all = make_line(stuffed, length, "\r\n.\r\n");
    struct expectation fine = {.read = n, .data = stuffed, .size = all};
    struct expectation error = {ERROR(LINE_OVER_998, 998), .data = src, .size = 998};
    check_case("writer, default", &smtp_write_subject, &defaults, src, n, over ? &error : &fine);
    check_case("writer, reject", &smtp_write_subject, &reject, src, n, over ? &error : &fine);
    struct expectation kept = fine;
    if (over) kept.anomalies[0].kind = CTE_ANOMALY_LINE_OVER_998, kept.anomalies[0].offset = 998;
    check_case("writer, keep", &smtp_write_subject, &keep, src, n, &kept);
    struct expectation read = {.status = CTE_END, .read = all, .data = src, .size = n};
    if (over) read.anomalies[0].kind = CTE_ANOMALY_LINE_OVER_998, read.anomalies[0].offset = 998;
    check_case("reader, default", &smtp_read_subject, &defaults, stuffed, all, &read);
    check_case("reader, keep", &smtp_read_subject, &keep, stuffed, all, &read);
    struct expectation verdict = read;
    if (over) verdict.verdict = CTE_ERROR_LINE_OVER_998, verdict.verdict_offset = 998, verdict.size = 998;
    check_case("reader, reject", &smtp_read_subject, &reject, stuffed, all, &verdict);
    if (over) continue;
    check_case("writer, fold", &smtp_write_subject, &fold, src, n, &fine);
    check_case("reader, fold", &smtp_read_subject, &fold, stuffed, all, &read);
  }
}

/* 999 octets, folded: 998, CRLF, SP, 1. A dot there is not stuffed, nor deleted. */
static void folds(void **state) {
  (void)state;
  static char src[1100], dst[1100];
  static const cte_smtp_options fold = {.long_line = NORMALIZE};
  make_line(src, 998, ".\r\n.\r\n");
  make_line(dst, 998, "\r\n .\r\n.\r\n");
  struct expectation written = {.read = 1001, .data = dst, .size = 1007, .anomalies = {{CTE_ANOMALY_LINE_OVER_998, 998}}};
  check_case("writer", &smtp_write_subject, &fold, src, 1001, &written);
  struct expectation read = {
      .status = CTE_END, .read = 1004, .data = dst, .size = 1004, .anomalies = {{CTE_ANOMALY_LINE_OVER_998, 998}}};
  check_case("reader", &smtp_read_subject, &fold, src, 1004, &read);
  /* A dot that is deleted is no octet of its line; one that is stuffed neither. */
  memcpy(src, ".", 1);
  memcpy(src + 999, "\r\n.\r\n", 5);
  src[998] = 'a';
  struct expectation deleted = {.status = CTE_END, .read = 1004, .data = src + 1, .size = 1000};
  check_case("reader, a dot deleted", &smtp_read_subject, &fold, src, 1004, &deleted);
  dst[0] = '.', dst[1] = '.';
  memset(dst + 2, 'a', 997);
  memcpy(dst + 999, "\r\n.\r\n", 5);
  memcpy(src + 998, "\r\n", 2);
  struct expectation stuffed = {.read = 1000, .data = dst, .size = 1004};
  check_case("writer, a dot stuffed", &smtp_write_subject, &fold, src, 1000, &stuffed);
}

/* A character that would pass 998 goes to the next line whole; the offset is that of the 999th octet, within it. */
static void folds_characters(void **state) {
  (void)state;
  static char src[1100], dst[1100];
  static const cte_smtp_options fold = {.long_line = NORMALIZE};
  static const char *const characters[] = {"\xC2\x80",         "\xC3\xA9",         "\xDF\xBF",
                                           "\xE0\xA0\x80",     "\xE7\xB3\xBB",     "\xEF\xBF\xBF",
                                           "\xF0\x90\x80\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
  for (size_t k = 0; k < COUNT(characters); k++) {
    size_t length = strlen(characters[k]);
    for (size_t before = 998 - length; before <= 998; before++) {
      bool folded = before + length > 998;
      char tail[40];
      snprintf(tail, sizeof tail, "%sb\r\n", characters[k]);
      size_t n = make_line(src, before, tail);
      bool last_folded = !folded && before + length + 1 > 998;
      snprintf(tail, sizeof tail, "%s%s%sb\r\n.\r\n", folded ? "\r\n " : "", characters[k], last_folded ? "\r\n " : "");
      size_t all = make_line(dst, before, tail);
      struct expectation written = {.read = n, .data = dst, .size = all};
      if (folded || last_folded) written.anomalies[0].kind = CTE_ANOMALY_LINE_OVER_998, written.anomalies[0].offset = 998;
      check_case("a character", &smtp_write_subject, &fold, src, n, &written);
    }
  }
  /* A lead octet without its continuation octets is one octet. */
  size_t n = make_line(src, 997,
                       "\xE7"
                       "b\r\n"),
         all = make_line(dst, 997, "\xE7\r\n b\r\n.\r\n");
  struct expectation written = {.read = n, .data = dst, .size = all, .anomalies = {{CTE_ANOMALY_LINE_OVER_998, 998}}};
  check_case("a lead octet alone", &smtp_write_subject, &fold, src, n, &written);
}

/* A space in a line's place: NULs that are dropped are no octets of it. */
static void dropped_octets(void **state) {
  (void)state;
  static char src[1100], dst[1100];
  static const cte_smtp_options drop = {.nul = NORMALIZE};
  memset(src, 0, 10);
  make_line(src + 10, 998, "\r\n");
  size_t all = make_line(dst, 998, "\r\n.\r\n");
  struct expectation fine = {.read = 1010, .data = dst, .size = all, MET(NUL, 0)};
  check_case("NULs and 998 octets", &smtp_write_subject, &drop, src, 1010, &fine);
  make_line(src + 10, 999, "\r\n");
  struct expectation over = {.status = CTE_ERROR_LINE_OVER_998,
                             .read = 1008,
                             .data = dst,
                             .size = 998,
                             .anomalies = {{CTE_ANOMALY_NUL, 0}, {CTE_ANOMALY_LINE_OVER_998, 1008}}};
  check_case("NULs and 999 octets", &smtp_write_subject, &drop, src, 1011, &over);
}

/* Found by fuzzing: the octets of a character between which NULs were dropped are no character, and a fold may part them. */
static void parted_character(void **state) {
  (void)state;
  static char src[1100], dst[1100];
  static const cte_smtp_options fold = {.nul = NORMALIZE, .long_line = NORMALIZE};
  for (size_t nuls = 1; nuls <= 70; nuls++) {
    make_line(src, 997, "\xC3");
    memset(src + 998, 0, nuls);
    memcpy(src + 998 + nuls, "\xA9\r\n", 3);
    const size_t n = 998 + nuls + 3, all = make_line(dst, 997, "\xC3\r\n \xA9\r\n.\r\n");
    struct expectation written = {
        .read = n,
        .data = dst,
        .size = all,
        .anomalies = {{CTE_ANOMALY_NUL, 998}, {CTE_ANOMALY_LINE_OVER_998, 998 + nuls}},
    };
    check_case("a character parted by NULs", &smtp_write_subject, &fold, src, n, &written);
  }
}

/* Two kinds on one octet: the tolerated one is not recorded when the other is the error. */
static void two_kinds_on_one_octet(void **state) {
  (void)state;
  static char src[1100];
  static const cte_smtp_options space = {.bare_lf = SPACE, .bare_cr = SPACE, .nul = SPACE};
  static const char octets[] = {'\r', '\n', 0};
  for (size_t i = 0; i < sizeof octets; i++) {
    make_line(src, 1000, "\r\n");
    src[998] = octets[i];
    struct expectation error = {ERROR(LINE_OVER_998, 998), .data = src, .size = 998};
    check_case("tolerated, and the 999th", &smtp_write_subject, &space, src, 1002, &error);
  }
}

/* ---- Bounds ---- */

/* The most that writing n octets gives: every octet that can double does. */
static size_t naive_write_bound(size_t n, const cte_smtp_options *o) {
  size_t grown, all;
  if (o->bare_lf == NORMALIZE)
    grown = n;
  else
    grown = o->bdat ? 0 : n / 3 + (n % 3 ? 1 : 0);
  if (__builtin_add_overflow(n, grown, &all)) return SIZE_MAX;
  size_t end = o->bdat ? 0 : n ? 5 : 3;
  return __builtin_add_overflow(all, end, &all) ? SIZE_MAX : all;
}

/* The text that reaches it. */
static void make_worst(uint8_t *src, size_t n, const cte_smtp_options *o) {
  for (size_t i = 0; i < n; i++) {
    if (o->bare_lf == NORMALIZE)
      src[i] = o->bdat || (n - i) % 2 == 0 ? '\n' : '.';
    else
      src[i] = (uint8_t) ".\r\n"[i % 3];
  }
  if (o->bare_lf != NORMALIZE && n % 3 == 2) src[n - 1] = 'a'; /* no half a line end */
  if (o->bare_lf != NORMALIZE && n % 3 == 0 && n) src[n - 1] = src[n - 2] = 'a';
}

static void write_bound(void **state) {
  (void)state;
  random_begin("write_bound");
  static uint8_t src[1400], dst[3000];
  for (size_t i = 0; i < write_count; i++) {
    const cte_smtp_options *o = &write_options[i];
    for (size_t n = 0; n <= sizeof src; n += n < 40 ? 1 : 97) {
      assert_true(cte_smtp_write_bound(n, o) == naive_write_bound(n, o));
      make_worst(src, n, o);
      cte_result got = cte_smtp_write(src, n, dst, sizeof dst, o);
      assert_int_equal(got.status, CTE_OK);
      assert_int_equal(got.written, cte_smtp_write_bound(n, o));
    }
    for (size_t k = 0; k < 1000; k++) {
      size_t n = (size_t)(random_u64() >> random_below(64));
      assert_true(cte_smtp_write_bound(n, o) == naive_write_bound(n, o));
      n = SIZE_MAX / 4 * 3 - 500 + k;
      assert_true(cte_smtp_write_bound(n, o) == naive_write_bound(n, o));
      n = SIZE_MAX / 2 - 500 + k;
      assert_true(cte_smtp_write_bound(n, o) == naive_write_bound(n, o));
      assert_true(cte_smtp_write_bound(SIZE_MAX - k, o) == naive_write_bound(SIZE_MAX - k, o));
    }
  }
  assert_int_equal(cte_smtp_write_bound(1, NULL), 7);
}

static void read_bound(void **state) {
  (void)state;
  static uint8_t src[1400], dst[3000];
  for (size_t i = 0; i < read_count; i++) {
    const cte_smtp_options *o = &read_options[i];
    bool doubles = o->bare_lf == NORMALIZE, folds_lines = o->long_line == NORMALIZE;
    for (size_t n = 0; n <= sizeof src; n++) {
      size_t bound = cte_smtp_read_bound(n, o), all = doubles ? 2 * n : n;
      if (folds_lines)
        assert_true(bound >= all && bound <= all + all / 331 + 3);
      else
        assert_true(bound == all);
      if (n % 50 || n > 900) continue; /* a long line is a verdict, or folded */
      memset(src, doubles ? '\n' : 'a', n);
      cte_result got = cte_smtp_read(src, n, dst, sizeof dst, o);
      assert_int_equal(got.status, CTE_ERROR_TRUNCATED);
      assert_int_equal(got.written, all);
    }
    assert_true(cte_smtp_read_bound(SIZE_MAX, o) == SIZE_MAX);
    if (doubles) assert_true(cte_smtp_read_bound(SIZE_MAX / 2 + 1, o) == SIZE_MAX);
    if (folds_lines) assert_true(cte_smtp_read_bound(SIZE_MAX - 10, o) == SIZE_MAX);
  }
  assert_int_equal(cte_smtp_read_bound(9, NULL), 9);
}

/* The most folds that a text can have: four octets of UTF-8 at each edge. */
static void read_bound_folds(void **state) {
  (void)state;
  static uint8_t src[20000], dst[21000];
  static const cte_smtp_options fold = {.long_line = NORMALIZE};
  size_t n = 0, line = 0;
  while (n + 4 <= sizeof src) {
    size_t before = line == 0 ? 995 : 990;
    line++;
    memset(src + n, 'a', before < sizeof src - n ? before : sizeof src - n);
    n += before;
    if (n + 4 > sizeof src) break;
    memcpy(src + n, "\xF0\x9F\x98\x80", 4);
    n += 4;
  }
  cte_result got = cte_smtp_read(src, sizeof src, dst, sizeof dst, &fold);
  assert_int_equal(got.status, CTE_ERROR_TRUNCATED);
  assert_true(got.written <= cte_smtp_read_bound(sizeof src, &fold));
  check_one_shot(&smtp_read_subject, &fold, src, sizeof src);

  /* Reached: a fold in the first 994 + 5 octets, and one in each 990 + 4 more. */
  size_t folded = 0;
  for (n = 999; n <= sizeof src; n += 994) {
    folded += 3;
    got = cte_smtp_read(src, n, dst, sizeof dst, &fold);
    assert_int_equal(got.written, n + folded);
    assert_int_equal(cte_smtp_read_bound(n, &fold), n + folded);
  }
  assert_true(folded == 60);
}

/* ---- Options ---- */

static void bad_options(void **state) {
  (void)state;
  const cte_smtp_options never[] = {{.bare_lf = 5},       {.bare_cr = 5}, {.nul = 5},      {.long_line = 5},
                                    {.long_line = SPACE}, {.bdat = 2},    {.bare_lf = 255}};
  for (size_t i = 0; i < COUNT(never); i++) {
    check_bad_options(&smtp_write_subject, &never[i]);
    check_bad_options(&smtp_read_subject, &never[i]);
  }
  const cte_smtp_options not_written[] = {
      {.bare_lf = KEEP}, {.bare_cr = KEEP}, {.nul = KEEP}, {.bdat = 1, .long_line = NORMALIZE}};
  for (size_t i = 0; i < COUNT(not_written); i++) check_bad_options(&smtp_write_subject, &not_written[i]);
  const cte_smtp_options not_read[] = {{.bdat = 1}};
  for (size_t i = 0; i < COUNT(not_read); i++) check_bad_options(&smtp_read_subject, &not_read[i]);
  for (size_t i = 0; i < sizeof never[0].reserved; i++) {
    cte_smtp_options o = {0};
    o.reserved[i] = 1;
    check_bad_options(&smtp_write_subject, &o);
    check_bad_options(&smtp_read_subject, &o);
  }
}

static void null_options(void **state) {
  (void)state;
  uint8_t dst[64];
  cte_stream s;
  assert_int_equal(cte_smtp_write(TEXT(".a"), dst, sizeof dst, NULL).written, 8);
  assert_int_equal(cte_smtp_read(TEXT("..a\r\n.\r\n"), dst, sizeof dst, NULL).written, 4);
  assert_int_equal(cte_stream_smtp_write(&s, NULL), CTE_OK);
  assert_int_equal(cte_stream_smtp_read(&s, NULL), CTE_OK);
}

/* ---- Dots without a copy ---- */

/* Rebuilds the stuffed text as a writer of iovecs does, the input cut at the given places. */
static size_t rebuild(uint8_t *dst, const uint8_t *src, size_t n, const size_t *cuts, size_t cut_count, uint32_t *state) {
  size_t at = 0, from = 0;
  for (size_t k = 0; k <= cut_count; k++) {
    size_t to = k < cut_count ? cuts[k] : n;
    const uint8_t *p = guarded_copy(src + from, to - from, k & 1);
    for (size_t i = 0; i < to - from || to == from;) {
      size_t hit = cte_dots_next(to == from ? NULL : p + i, to - from - i, state);
      if (to == from) {
        assert_int_equal(hit, 0);
        break;
      }
      assert_true(hit <= to - from - i);
      memcpy(dst + at, p + i, hit);
      at += hit;
      i += hit;
      if (i == to - from) break;
      assert_int_equal(p[i], '.');
      dst[at++] = '.';
    }
    from = to;
  }
  return at;
}

static void check_dots(const uint8_t *src, size_t n, const size_t *cuts, size_t cut_count, const struct outcome *expected) {
  static uint8_t dst[40000];
  uint32_t state = 0;
  size_t written = rebuild(dst, src, n, cuts, cut_count, &state);
  if (written != expected->size || (written && memcmp(dst, expected->data, written) != 0))
    fail_msg("the dots of %zu octets differ", n);
  uint8_t end[CTE_DOTS_END_SIZE];
  bool closed = n == 0 || (n >= 2 && src[n - 2] == '\r' && src[n - 1] == '\n');
  size_t size = cte_dots_end(end, state);
  assert_int_equal(size, closed ? 3 : 5);
  assert_memory_equal(end, &"\r\n.\r\n"[closed ? 2 : 0], size);
}

static void dots(void **state) {
  (void)state;
  random_begin("dots");
  static struct outcome expected;
  static uint8_t src[13000];
  static const char *const texts[] = {
      "", ".", "..", "\r\n", "\r\n.", "\r.", "\n.", ".\r\n.\r\n", "a\r\n..\r\n.b", "\r\r\n.", "\r\n\r\n.."};
  for (size_t i = 0; i < COUNT(texts) + scaled(400); i++) {
    size_t n = i < COUNT(texts) ? strlen(texts[i]) : random_below(101);
    if (i < COUNT(texts))
      memcpy(src, texts[i], n);
    else
      make_input(src, n, random_one_in(2) ? INPUT_DOTS : kinds[random_below(COUNT(kinds))]);
    ref_dots(&expected, src, n);
    for (size_t cut = 0; cut <= n; cut++) check_dots(src, n, &cut, 1, &expected);
  }
  for (size_t times = scaled(500); times > 0; times--) {
    size_t n = random_below(sizeof src + 1), cuts[50], at = 0, count = 0;
    make_input(src, n, random_one_in(2) ? INPUT_DOTS : kinds[random_below(COUNT(kinds))]);
    ref_dots(&expected, src, n);
    while (count < COUNT(cuts) && (at += random_below(400)) <= n) cuts[count++] = at;
    check_dots(src, n, cuts, count, &expected);
  }
}

/* What is written comes back, cut anywhere, for text that SMTP allows. */
static void round_trip(void **state) {
  (void)state;
  random_begin("round_trip");
  static uint8_t src[5000], data[12000], back[12000];
  for (size_t times = scaled(3000); times > 0; times--) {
    size_t n = random_below(sizeof src - 2);
    make_input(src, n, INPUT_MAIL);
    if (n && src[n - 1] == '\r') n--;
    bool closed = n == 0 || src[n - 1] == '\n';
    cte_result out = cte_smtp_write(src, n, data, sizeof data, NULL);
    assert_int_equal(out.status, CTE_OK);
    cte_result in = cte_smtp_read(data, out.written, back, sizeof back, NULL);
    assert_int_equal(in.status, CTE_END);
    assert_int_equal(in.anomalies, 0);
    if (!closed) memcpy(src + n, "\r\n", 2);
    assert_int_equal(in.written, n + (closed ? 0 : 2));
    assert_memory_equal(back, src, in.written);
  }
}

int main(void) {
  make_write_options();
  make_read_options();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writer_policies),  cmocka_unit_test(reader_policies),
      cmocka_unit_test(reader_smuggling), cmocka_unit_test(writer_smuggling),
      cmocka_unit_test(line_lengths),     cmocka_unit_test(folds),
      cmocka_unit_test(folds_characters), cmocka_unit_test(parted_character),
      cmocka_unit_test(dropped_octets),   cmocka_unit_test(two_kinds_on_one_octet),
      cmocka_unit_test(write_bound),      cmocka_unit_test(read_bound),
      cmocka_unit_test(read_bound_folds), cmocka_unit_test(bad_options),
      cmocka_unit_test(null_options),     cmocka_unit_test(dots),
      cmocka_unit_test(round_trip),       cmocka_unit_test(write_lengths),
      cmocka_unit_test(write_cuts),       cmocka_unit_test(write_large),
      cmocka_unit_test(read_lengths),     cmocka_unit_test(read_cuts),
      cmocka_unit_test(read_large),
  };
  return run_on_every_row("smtp", tests, COUNT(tests));
}
