/* quoted_printable.c: tests of cte/quoted_printable.h: vectors, malformed text, and every option against the reference. */
#include "rows.h"
#include "support.h"

#define EVERY_FLAG                                                                                                          \
  (CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES | CTE_QP_ENCODE_EBCDIC | CTE_QP_WHOLE_UTF8 |               \
   CTE_QP_SOFT_END)
#define LEADING (CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES)

static const cte_qp_encode_options encode_options[] = {
    CTE_QP_ENCODE_TEXT,
    CTE_QP_ENCODE_BINARY,
    {.line_ends = CTE_QP_LINE_ENDS_LF},
    {.line_ends = CTE_QP_LINE_ENDS_EITHER},
    {.line_ends = CTE_QP_LINE_ENDS_KEEP},
    {.line_end = CTE_LINE_END_LF},
    {.line_ends = CTE_QP_LINE_ENDS_LF, .line_end = CTE_LINE_END_LF},
    {.line_ends = CTE_QP_LINE_ENDS_EITHER, .line_end = CTE_LINE_END_LF},
    {.line_ends = CTE_QP_LINE_ENDS_KEEP, .line_end = CTE_LINE_END_LF},
    {.line_ends = CTE_QP_LINE_ENDS_BINARY, .line_end = CTE_LINE_END_LF},
    {.flags = CTE_QP_ENCODE_DOT},
    {.flags = CTE_QP_ENCODE_FROM},
    {.flags = CTE_QP_ENCODE_DASHES},
    {.flags = CTE_QP_ENCODE_EBCDIC},
    {.flags = CTE_QP_WHOLE_UTF8},
    {.flags = CTE_QP_SOFT_END},
    {.flags = CTE_QP_SOFT_END, .line_ends = CTE_QP_LINE_ENDS_KEEP, .line_end = CTE_LINE_END_LF},
    {.flags = CTE_QP_SOFT_END, .line_ends = CTE_QP_LINE_ENDS_BINARY},
    {.flags = CTE_QP_WHOLE_UTF8 | CTE_QP_SOFT_END, .line_ends = CTE_QP_LINE_ENDS_EITHER},
    {.flags = CTE_QP_WHOLE_UTF8 | CTE_QP_ENCODE_EBCDIC, .line_ends = CTE_QP_LINE_ENDS_BINARY},
    {.flags = LEADING},
    {.flags = LEADING, .line_ends = CTE_QP_LINE_ENDS_LF, .line_end = CTE_LINE_END_LF},
    {.flags = LEADING, .line_ends = CTE_QP_LINE_ENDS_BINARY},
    {.flags = LEADING | CTE_QP_WHOLE_UTF8, .line_ends = CTE_QP_LINE_ENDS_KEEP},
    {.flags = LEADING | CTE_QP_SOFT_END, .line_ends = CTE_QP_LINE_ENDS_EITHER},
    {.flags = EVERY_FLAG},
    {.flags = EVERY_FLAG, .line_ends = CTE_QP_LINE_ENDS_KEEP},
    {.flags = EVERY_FLAG, .line_ends = CTE_QP_LINE_ENDS_BINARY, .line_end = CTE_LINE_END_LF},
};

static const cte_qp_decode_options decode_options[] = {
    CTE_QP_DECODE_MAIL,
    CTE_QP_DECODE_STRICT,
    {.line_end = CTE_QP_LINE_END_CRLF},
    {.line_end = CTE_QP_LINE_END_LF},
    {.reject = 0xFFFFF},
    {.reject = 0xFFFFF, .line_end = CTE_QP_LINE_END_CRLF},
    {.reject = CTE_QP_REJECT_STRICT, .line_end = CTE_QP_LINE_END_LF},
    {.reject = 0xFFFFF & ~(uint32_t)(CTE_QP_REJECT_STRICT | CTE_ANOMALY_TRAILING_WHITE_SPACE)},
    {.reject = CTE_ANOMALY_LINE_OVER_76},
    {.reject = CTE_ANOMALY_BAD_ESCAPE},
    {.reject = CTE_ANOMALY_LOWER_CASE_HEX},
    {.reject = CTE_ANOMALY_RAW_8BIT},
    {.reject = CTE_ANOMALY_RAW_CONTROL},
    {.reject = CTE_ANOMALY_BARE_LF},
    {.reject = CTE_ANOMALY_BARE_CR},
    {.reject = CTE_ANOMALY_TRAILING_WHITE_SPACE},
    {.reject = CTE_ANOMALY_LONG_BLANK_RUN},
    {.reject = CTE_ANOMALY_TRUNCATED_ESCAPE},
    {.reject = CTE_ANOMALY_LINE_OVER_76 | CTE_ANOMALY_TRAILING_WHITE_SPACE, .line_end = CTE_QP_LINE_END_LF},
    {.reject = CTE_ANOMALY_TRUNCATED_ESCAPE | CTE_ANOMALY_BARE_CR, .line_end = CTE_QP_LINE_END_CRLF},
};

static const enum input_kind encode_kinds[] = {INPUT_RICH, INPUT_MAIL,   INPUT_MAIL_SPOILT, INPUT_LONG,
                                               INPUT_UTF8, INPUT_RANDOM, INPUT_ONE};
static const enum input_kind decode_kinds[] = {INPUT_QP,   INPUT_QP_BAD, INPUT_RICH,   INPUT_MAIL_SPOILT,
                                               INPUT_LONG, INPUT_UTF8,   INPUT_RANDOM, INPUT_ONE};

#define ENCODE &qp_encode_subject, encode_options, COUNT(encode_options), encode_kinds, COUNT(encode_kinds)
#define DECODE &qp_decode_subject, decode_options, COUNT(decode_options), decode_kinds, COUNT(decode_kinds)

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

/* Pieces with few escapes and with many: the kernels' ways of writing take turns. */
static size_t make_changing(uint8_t *text, size_t n) {
  static const enum input_kind pieces[] = {INPUT_MAIL, INPUT_UTF8, INPUT_RANDOM, INPUT_MAIL_SPOILT};
  for (size_t i = 0, piece; i < n; i += piece) {
    piece = 1 + random_below(1500);
    if (piece > n - i) piece = n - i;
    make_input(text + i, piece, pieces[random_below(COUNT(pieces))]);
  }
  return n;
}

static void encode_changing(void **state) {
  static uint8_t text[12 * 1024];
  (void)state;
  random_begin("changing text");
  for (size_t times = scaled(8); times > 0; times--) {
    const size_t n = make_changing(text, 1 + random_below(sizeof text));
    const void *options = &encode_options[random_one_in(2) ? 0 : random_below(COUNT(encode_options))];
    check_one_shot(&qp_encode_subject, options, text, n);
    check_random_cuts(&qp_encode_subject, options, text, n, 2);
  }
}

/* Chunks of a line or two, which kernels may take at once. */
static void encode_records(void **state) {
  static uint8_t text[3000];
  static struct outcome got, expected;
  size_t cuts[COUNT(text) / 60];
  (void)state;
  random_begin("records");
  for (size_t record = 60; record <= 140; record++)
    for (size_t times = scaled_fixed(2); times > 0; times--) {
      const size_t n = make_changing(text, sizeof text);
      struct feeding feeding = {.cuts = cuts, .room = times == 1 ? 200 + random_below(500) : 20000, .tail = times % 2};
      for (size_t at = record; at < n; at += record) cuts[feeding.cut_count++] = at;
      qp_encode_subject.reference(&expected, text, n, &encode_options[0]);
      run_stream(&got, &qp_encode_subject, &encode_options[0], text, n, &feeding);
      check_same("in records", &qp_encode_subject, text, n, &got, &expected);
    }
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

/* ---- Encoding: written out by hand ---- */

#define OUT(literal)  .data = literal, .size = sizeof(literal) - 1
#define TEN           "0123456789"
#define SEVENTY       TEN TEN TEN TEN TEN TEN TEN
#define SEVENTY_FIVE  SEVENTY "abcde"
#define SEVENTY_SIX   SEVENTY "abcdef"
#define SEVENTY_THREE SEVENTY "abc"

struct encode_case {
  const char *name;
  const char *src;
  size_t n;
  cte_qp_encode_options options;
  const char *out;
  size_t size;
};

static const struct encode_case encode_cases[] = {
    {"GB2312", TEXT("\xCF\xB5\xCD\xB3"), {0}, TEXT("=CF=B5=CD=B3")},
    {"RFC 2045 section 6.7",
     TEXT("Now's the time for all folk to come to the aid of their country. And so on..."),
     {0},
     TEXT("Now's the time for all folk to come to the aid of their country. And so on.=\r\n..")},
    {"form feed and '='", TEXT("\x0C="), {0}, TEXT("=0C=3D")},
    {"all that stands for itself",
     TEXT("!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~"),
     {0},
     TEXT("!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~")},
    {"EBCDIC",
     TEXT("!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~"),
     {.flags = CTE_QP_ENCODE_EBCDIC},
     TEXT("=21=22=23=24%&'()*+,-./09:;<>?=40AZ=5B=5C=5D=5E_=60az=7B=7C=7D=7E")},
    {"controls, DEL, NUL", TEXT("\x01\x1F\x7F\0\tx"), {0}, TEXT("=01=1F=7F=00\tx")},
    {"a blank before a line end (Dovecot: left raw)", TEXT("a \r\nb\t\r\n"), {0}, TEXT("a=20\r\nb=09\r\n")},
    {"blanks before a line end", TEXT("a  \r\n \t\r\n"), {0}, TEXT("a =20\r\n =09\r\n")},
    {"a blank that is the last of the data (libetpan: doubled)", TEXT("a "), {0}, TEXT("a=20")},
    {"the same with a soft end", TEXT("a "), {.flags = CTE_QP_SOFT_END}, TEXT("a =\r\n")},
    {"soft end", TEXT("a"), {.flags = CTE_QP_SOFT_END, .line_end = CTE_LINE_END_LF}, TEXT("a=\n")},
    {"soft end after a line end", TEXT("a\r\n"), {.flags = CTE_QP_SOFT_END}, TEXT("a\r\n")},
    {"soft end, nothing", TEXT(""), {.flags = CTE_QP_SOFT_END}, TEXT("")},
    {"no line end in, none out", TEXT("a\r\nb"), {0}, TEXT("a\r\nb")},
    {"nothing", TEXT(""), {0}, TEXT("")},
    {"CRLF: lone LF and CR are data", TEXT("a\nb\rc\r\nd\r"), {0}, TEXT("a=0Ab=0Dc\r\nd=0D")},
    {"LF: a CR is data", TEXT("a\nb\r\nc\r"), {.line_ends = CTE_QP_LINE_ENDS_LF}, TEXT("a\r\nb=0D\r\nc=0D")},
    {"either", TEXT("a\nb\r\nc\r"), {.line_ends = CTE_QP_LINE_ENDS_EITHER}, TEXT("a\r\nb\r\nc=0D")},
    {"either, LF out",
     TEXT("a \nb \r\n"),
     {.line_ends = CTE_QP_LINE_ENDS_EITHER, .line_end = CTE_LINE_END_LF},
     TEXT("a=20\nb=20\n")},
    {"keep", TEXT("a\nb\r\nc\r\r\n"), {.line_ends = CTE_QP_LINE_ENDS_KEEP}, TEXT("a\nb\r\nc=0D\r\n")},
    {"keep, soft breaks in LF",
     TEXT(SEVENTY_SIX "x\r\n"),
     {.line_ends = CTE_QP_LINE_ENDS_KEEP, .line_end = CTE_LINE_END_LF},
     TEXT(SEVENTY_FIVE "=\nfx\r\n")},
    {"binary", TEXT("a\r\n b\n"), {.line_ends = CTE_QP_LINE_ENDS_BINARY}, TEXT("a=0D=0A b=0A")},
    {"binary: a blank before LF stays", TEXT("a \n"), {.line_ends = CTE_QP_LINE_ENDS_BINARY}, TEXT("a =0A")},
    {"CRLF in, LF out", TEXT("a\r\n"), {.line_end = CTE_LINE_END_LF}, TEXT("a\n")},
    {"76 columns at the end", TEXT(SEVENTY_SIX), {0}, TEXT(SEVENTY_SIX)},
    {"76 columns before a line end", TEXT(SEVENTY_SIX "\r\n"), {0}, TEXT(SEVENTY_SIX "\r\n")},
    {"76 columns before a lone LF", TEXT(SEVENTY_SIX "\n"), {0}, TEXT(SEVENTY_FIVE "=\r\nf=0A")},
    {"76 columns before a lone CR", TEXT(SEVENTY_SIX "\r"), {0}, TEXT(SEVENTY_FIVE "=\r\nf=0D")},
    {"77 columns", TEXT(SEVENTY_SIX "g\r\n"), {0}, TEXT(SEVENTY_FIVE "=\r\nfg\r\n")},
    {"76 columns with a soft end", TEXT(SEVENTY_SIX), {.flags = CTE_QP_SOFT_END}, TEXT(SEVENTY_FIVE "=\r\nf=\r\n")},
    {"75 columns with a soft end", TEXT(SEVENTY_FIVE), {.flags = CTE_QP_SOFT_END}, TEXT(SEVENTY_FIVE "=\r\n")},
    {"an escape to column 76 at the end", TEXT(SEVENTY_THREE "="), {0}, TEXT(SEVENTY_THREE "=3D")},
    {"an escape to column 76, more follows", TEXT(SEVENTY_THREE "=x"), {0}, TEXT(SEVENTY_THREE "=\r\n=3Dx")},
    {"an escape to columns 74 - 76, more follows", TEXT(SEVENTY "a==="), {0}, TEXT(SEVENTY "a=3D=\r\n=3D=3D")},
    {"a line of 241 columns",
     TEXT(SEVENTY_FIVE SEVENTY_FIVE SEVENTY_FIVE "0123456789abcdef\r\n"),
     {0},
     TEXT(SEVENTY_FIVE "=\r\n" SEVENTY_FIVE "=\r\n" SEVENTY_FIVE "=\r\n0123456789abcdef\r\n")},
    {"an escape to column 75", TEXT(SEVENTY "ab=xy"), {0}, TEXT(SEVENTY "ab=3D=\r\nxy")},
    {"a last blank in column 74", TEXT(SEVENTY_THREE " \r\n"), {0}, TEXT(SEVENTY_THREE "=20\r\n")},
    {"a last blank in column 75", TEXT(SEVENTY_THREE "d \r\n"), {0}, TEXT(SEVENTY_THREE "d=\r\n=20\r\n")},
    {"a last blank in column 76", TEXT(SEVENTY_FIVE " "), {0}, TEXT(SEVENTY_FIVE "=\r\n=20")},
    {"a blank before a soft break stays", TEXT(SEVENTY "abcd xyz"), {0}, TEXT(SEVENTY "abcd =\r\nxyz")},
    {"dots", TEXT(".a\r\n..\r\nb."), {.flags = CTE_QP_ENCODE_DOT}, TEXT("=2Ea\r\n=2E.\r\nb.")},
    {"a dot after a soft break", TEXT(SEVENTY_FIVE ".x"), {.flags = CTE_QP_ENCODE_DOT}, TEXT(SEVENTY_FIVE "=\r\n=2Ex")},
    {"a dot without the flag", TEXT(SEVENTY_FIVE ".x"), {0}, TEXT(SEVENTY_FIVE "=\r\n.x")},
    {"a dot in column 76", TEXT(SEVENTY_FIVE ".\r\n"), {.flags = CTE_QP_ENCODE_DOT}, TEXT(SEVENTY_FIVE ".\r\n")},
    {"From", TEXT("From x\r\nFrom\r\nfrom x"), {.flags = CTE_QP_ENCODE_FROM}, TEXT("=46rom x\r\nFrom\r\nfrom x")},
    {"From after a soft break",
     TEXT(SEVENTY_FIVE "From x"),
     {.flags = CTE_QP_ENCODE_FROM},
     TEXT(SEVENTY_FIVE "=\r\n=46rom x")},
    {"From and an escaped blank", TEXT("From "), {.flags = CTE_QP_ENCODE_FROM}, TEXT("=46rom=20")},
    {"dashes", TEXT("--b\r\n-\r\n---"), {.flags = CTE_QP_ENCODE_DASHES}, TEXT("=2D-b\r\n-\r\n=2D--")},
    {"dashes after a soft break",
     TEXT(SEVENTY_FIVE "--b"),
     {.flags = CTE_QP_ENCODE_DASHES},
     TEXT(SEVENTY_FIVE "=\r\n=2D-b")},
    {"whole UTF-8", TEXT(SEVENTY "\xE7\xB3\xBB"), {.flags = CTE_QP_WHOLE_UTF8}, TEXT(SEVENTY "=\r\n=E7=B3=BB")},
    {"UTF-8 that may be split", TEXT(SEVENTY "\xE7\xB3\xBB"), {0}, TEXT(SEVENTY "=E7=\r\n=B3=BB")},
    {"UTF-8 that ends in column 75",
     TEXT(TEN TEN TEN TEN TEN TEN "abcdef\xE7\xB3\xBBxy"),
     {.flags = CTE_QP_WHOLE_UTF8},
     TEXT(TEN TEN TEN TEN TEN TEN "abcdef=E7=B3=BB=\r\nxy")},
    {"UTF-8 that ends in column 76",
     TEXT(TEN TEN TEN TEN TEN TEN "abcdefg\xE7\xB3\xBB\r\n"),
     {.flags = CTE_QP_WHOLE_UTF8},
     TEXT(TEN TEN TEN TEN TEN TEN "abcdefg=E7=B3=BB\r\n")},
    {"malformed UTF-8 is octets",
     TEXT(SEVENTY "\xED\xA0\x80"),
     {.flags = CTE_QP_WHOLE_UTF8},
     TEXT(SEVENTY "=ED=\r\n=A0=80")},
    {"four octets of UTF-8",
     TEXT(SEVENTY "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"),
     {.flags = CTE_QP_WHOLE_UTF8},
     TEXT(SEVENTY "=\r\n=F0=9F=98=80=F0=9F=98=80")},
};

static void encodings(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(encode_cases); i++) {
    const struct encode_case *c = &encode_cases[i];
    struct expectation expected = {.read = c->n, .data = c->out, .size = c->size};
    check_case(c->name, &qp_encode_subject, &c->options, c->src, c->n, &expected);
  }
}

/* ---- Decoding: written out by hand ---- */

struct decode_case {
  const char *name;
  const char *src;
  size_t n;
  cte_qp_decode_options options;
  struct expectation expected;
};

#define CASE(name, src, ...)                                                                                                \
  {                                                                                                                         \
    name, TEXT(src), {0}, {                                                                                                 \
      .read = sizeof(src) - 1, __VA_ARGS__                                                                                  \
    }                                                                                                                       \
  }
#define ONE(kind, offset)                 .anomalies = {{kind, offset}}
#define TWO(kind, offset, kind2, offset2) .anomalies = {{kind, offset}, {kind2, offset2}}

static const struct decode_case decode_cases[] = {
    CASE("nothing", "", OUT("")),
    CASE("GB2312", "=CF=B5=CD=B3", OUT("\xCF\xB5\xCD\xB3")),
    CASE("RFC 2045 section 6.7", "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
         OUT("Now's the time for all folk to come to the aid of their country.")),
    CASE("upper and lower case", "=3D=3d", OUT("=="), ONE(CTE_ANOMALY_LOWER_CASE_HEX, 3)),
    CASE("lower case in the first digit", "=aB=Ab", OUT("\xAB\xAB"), ONE(CTE_ANOMALY_LOWER_CASE_HEX, 0)),
    CASE("'=' at the end of data", "ab=", OUT("ab="), ONE(CTE_ANOMALY_TRUNCATED_ESCAPE, 2)),
    CASE("'=' alone", "=", OUT("="), ONE(CTE_ANOMALY_TRUNCATED_ESCAPE, 0)),
    CASE("'=4' at the end of data (gmime: lost)", "ab=4", OUT("ab=4"), ONE(CTE_ANOMALY_TRUNCATED_ESCAPE, 2)),
    CASE("'=' and blanks at the end of data", "ab= \t", OUT("ab="),
         TWO(CTE_ANOMALY_TRUNCATED_ESCAPE, 2, CTE_ANOMALY_TRAILING_WHITE_SPACE, 3)),
    CASE("'=4' and a blank at the end of data", "=4 ", OUT("=4"),
         TWO(CTE_ANOMALY_BAD_ESCAPE, 0, CTE_ANOMALY_TRAILING_WHITE_SPACE, 2)),
    CASE("soft break with padding (gmime, rspamd: none)", "a= \t \r\nb", OUT("ab"),
         ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 2)),
    CASE("soft break with LF", "a=\nb", OUT("ab"), ONE(CTE_ANOMALY_BARE_LF, 2)),
    CASE("soft break with padding and LF", "a= \nb", OUT("ab"),
         TWO(CTE_ANOMALY_TRAILING_WHITE_SPACE, 2, CTE_ANOMALY_BARE_LF, 3)),
    CASE("'==' CRLF", "a==\r\nb", OUT("a=b"), ONE(CTE_ANOMALY_BAD_ESCAPE, 1)),
    CASE("'=' CR x", "a=\rx", OUT("a=\rx"), TWO(CTE_ANOMALY_BAD_ESCAPE, 1, CTE_ANOMALY_BARE_CR, 2)),
    CASE("'=' CR CRLF", "a=\r\r\nx", OUT("a=\r\r\nx"), TWO(CTE_ANOMALY_BAD_ESCAPE, 1, CTE_ANOMALY_BARE_CR, 2)),
    CASE("'=' CR at the end of data", "a=\r", OUT("a=\r"), TWO(CTE_ANOMALY_BAD_ESCAPE, 1, CTE_ANOMALY_BARE_CR, 2)),
    CASE("'=XZ' (libetpan, vmime: NUL)", "a=XZb=zz", OUT("a=XZb=zz"), ONE(CTE_ANOMALY_BAD_ESCAPE, 1)),
    CASE("'=4G'", "=4G", OUT("=4G"), ONE(CTE_ANOMALY_BAD_ESCAPE, 0)),
    CASE("'=4=41'", "=4=41", OUT("=4A"), ONE(CTE_ANOMALY_BAD_ESCAPE, 0)),
    CASE("'==41'", "==41", OUT("=A"), ONE(CTE_ANOMALY_BAD_ESCAPE, 0)),
    CASE("'= x'", "= x", OUT("= x"), ONE(CTE_ANOMALY_BAD_ESCAPE, 0)),
    CASE("raw octets above 127", "caf\xE9 \xE7\xB3\xBB", OUT("caf\xE9 \xE7\xB3\xBB"), ONE(CTE_ANOMALY_RAW_8BIT, 3)),
    CASE("raw controls", "a\x01\0b\x7F", OUT("a\x01\0b\x7F"), ONE(CTE_ANOMALY_RAW_CONTROL, 1)),
    CASE("DEL", "\x7F", OUT("\x7F"), ONE(CTE_ANOMALY_RAW_CONTROL, 0)),
    CASE("a tab is none", "a\tb", OUT("a\tb")),
    CASE("HTML", "<a href=\"x\" id=ab>", OUT("<a href=\"x\" id\xAB>"),
         TWO(CTE_ANOMALY_BAD_ESCAPE, 7, CTE_ANOMALY_LOWER_CASE_HEX, 14)),
    CASE("bare LF", "a\nb\r\n", OUT("a\nb\r\n"), ONE(CTE_ANOMALY_BARE_LF, 1)),
    CASE("LF CR", "a\n\rb", OUT("a\n\rb"), TWO(CTE_ANOMALY_BARE_LF, 1, CTE_ANOMALY_BARE_CR, 2)),
    CASE("CR at the end", "a\r", OUT("a\r"), ONE(CTE_ANOMALY_BARE_CR, 1)),
    CASE("CR CR LF", "a\r\r\n", OUT("a\r\r\n"), ONE(CTE_ANOMALY_BARE_CR, 1)),
    CASE("trailing white space (gmime, rspamd: kept)", "a \t\r\nb", OUT("a\r\nb"), ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 1)),
    CASE("trailing white space before LF", "a \nb", OUT("a\nb"),
         TWO(CTE_ANOMALY_TRAILING_WHITE_SPACE, 1, CTE_ANOMALY_BARE_LF, 2)),
    CASE("trailing white space at the end of data", "a b  ", OUT("a b"), ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 3)),
    CASE("blanks before a lone CR are kept", "a \rb", OUT("a \rb"), ONE(CTE_ANOMALY_BARE_CR, 2)),
    CASE("an encoded blank is kept", "a=20\r\nb =\r\n", OUT("a \r\nb ")),
    CASE("blanks alone", " \t ", OUT(""), ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 0)),
    CASE("76 columns", SEVENTY_SIX "\r\n" SEVENTY_FIVE "=\r\nx", OUT(SEVENTY_SIX "\r\n" SEVENTY_FIVE "x")),
    CASE("77 columns", SEVENTY_SIX "g\r\n", OUT(SEVENTY_SIX "g\r\n"), ONE(CTE_ANOMALY_LINE_OVER_76, 76)),
    CASE("77 columns, the last one the '=' of a soft break", SEVENTY_SIX "=\r\n", OUT(SEVENTY_SIX),
         ONE(CTE_ANOMALY_LINE_OVER_76, 76)),
    CASE("77 columns, the last one a blank", SEVENTY_SIX " \r\n", OUT(SEVENTY_SIX "\r\n"),
         TWO(CTE_ANOMALY_TRAILING_WHITE_SPACE, 76, CTE_ANOMALY_LINE_OVER_76, 76)),
    CASE("column 77 within an escape", SEVENTY_FIVE "=3D", OUT(SEVENTY_FIVE "="), ONE(CTE_ANOMALY_LINE_OVER_76, 76)),
    {"to CRLF",
     TEXT("a\nb\r\nc\r=0A"),
     {.line_end = CTE_QP_LINE_END_CRLF},
     {.read = 10, OUT("a\r\nb\r\nc\r\n"), TWO(CTE_ANOMALY_BARE_LF, 1, CTE_ANOMALY_BARE_CR, 6)}},
    {"to LF",
     TEXT("a\nb\r\nc\r"),
     {.line_end = CTE_QP_LINE_END_LF},
     {.read = 7, OUT("a\nb\nc\r"), TWO(CTE_ANOMALY_BARE_LF, 1, CTE_ANOMALY_BARE_CR, 6)}},
    {"strict, a bad escape",
     TEXT("ab=zz"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_BAD_ESCAPE, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_BAD_ESCAPE, 2)}},
    {"strict, lower case",
     TEXT("ab=3d"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_LOWER_CASE_HEX, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_LOWER_CASE_HEX, 2)}},
    {"strict, truncated",
     TEXT("ab=3"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_TRUNCATED_ESCAPE, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_TRUNCATED_ESCAPE, 2)}},
    {"strict, 8bit",
     TEXT("ab\xE9"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_RAW_8BIT, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_RAW_8BIT, 2)}},
    {"strict, control",
     TEXT("ab\x01"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_RAW_CONTROL, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_RAW_CONTROL, 2)}},
    {"strict, bare LF",
     TEXT("ab\n"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_BARE_LF, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_BARE_LF, 2)}},
    {"strict, bare CR",
     TEXT("ab\rc"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_BARE_CR, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_BARE_CR, 2)}},
    {"strict, transport padding is accepted",
     TEXT("ab \r\n"),
     CTE_QP_DECODE_STRICT,
     {.read = 5, OUT("ab\r\n"), ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 2)}},
    {"strict, 77 columns",
     TEXT(SEVENTY_SIX "g\r\n"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_LINE_OVER_76, .read = 76, OUT(SEVENTY_SIX), ONE(CTE_ANOMALY_LINE_OVER_76, 76)}},
    {"strict, own kind before the length",
     TEXT(SEVENTY_SIX "\x01"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_RAW_CONTROL, .read = 76, OUT(SEVENTY_SIX), ONE(CTE_ANOMALY_RAW_CONTROL, 76)}},
    {"strict, column 77 within an escape",
     TEXT(SEVENTY_FIVE "=3D"),
     CTE_QP_DECODE_STRICT,
     {.status = CTE_ERROR_LINE_OVER_76, .read = 76, OUT(SEVENTY_FIVE), ONE(CTE_ANOMALY_LINE_OVER_76, 76)}},
    {"trailing white space rejected",
     TEXT("ab \t\r\n"),
     {.reject = CTE_ANOMALY_TRAILING_WHITE_SPACE},
     {.status = CTE_ERROR_TRAILING_WHITE_SPACE, .read = 2, OUT("ab"), ONE(CTE_ANOMALY_TRAILING_WHITE_SPACE, 2)}},
};

static void decodings(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(decode_cases); i++) {
    const struct decode_case *c = &decode_cases[i];
    check_case(c->name, &qp_decode_subject, &c->options, c->src, c->n, &c->expected);
  }
}

/* A run of at most 1024 blanks is white space to be deleted, a longer one is data: before CRLF, at the end, after '='. */
static void blank_runs(void **state) {
  (void)state;
  static const cte_qp_decode_options mail = CTE_QP_DECODE_MAIL;
  char src[1100], kept[1100];
  for (size_t length = 1023; length <= 1026; length++) {
    bool longer = length > 1024;
    src[0] = 'a';
    memset(src + 1, ' ', length);
    memcpy(src + 1 + length, "\r\nb", 3);
    memcpy(kept, src, sizeof src);
    if (!longer) memcpy(kept + 1, "\r\nb", 3);
    uint32_t kind = longer ? CTE_ANOMALY_LONG_BLANK_RUN : CTE_ANOMALY_TRAILING_WHITE_SPACE;
    struct expectation before = {.read = length + 4, .data = kept, .size = longer ? length + 4 : 4};
    before.anomalies[0].kind = kind, before.anomalies[0].offset = 1;
    before.anomalies[1].kind = CTE_ANOMALY_LINE_OVER_76, before.anomalies[1].offset = 76;
    check_case("blanks before CRLF", &qp_decode_subject, &mail, src, length + 4, &before);
    struct expectation end = before;
    end.read = length + 1, end.size = longer ? length + 1 : 1;
    check_case("blanks at the end", &qp_decode_subject, &mail, src, length + 1, &end);
    src[0] = '=';
    struct expectation soft = {.read = length + 4, .data = longer ? src : "b", .size = longer ? length + 4 : 1};
    soft.anomalies[0].kind = kind, soft.anomalies[0].offset = 1;
    soft.anomalies[1].kind = CTE_ANOMALY_LINE_OVER_76, soft.anomalies[1].offset = 76;
    if (longer) soft.anomalies[2].kind = CTE_ANOMALY_BAD_ESCAPE, soft.anomalies[2].offset = 0;
    check_case("'=' and blanks before CRLF", &qp_decode_subject, &mail, src, length + 4, &soft);
    struct expectation cut_off = soft;
    cut_off.read = length + 1, cut_off.data = src, cut_off.size = longer ? length + 1 : 1;
    cut_off.anomalies[2].kind = longer ? CTE_ANOMALY_BAD_ESCAPE : CTE_ANOMALY_TRUNCATED_ESCAPE;
    cut_off.anomalies[2].offset = 0;
    check_case("'=' and blanks at the end", &qp_decode_subject, &mail, src, length + 1, &cut_off);
    src[0] = 'a';
    src[1 + length] = 'x';
    struct expectation middle = {.read = length + 2, .data = src, .size = length + 2};
    middle.anomalies[0].kind = CTE_ANOMALY_LINE_OVER_76, middle.anomalies[0].offset = 76;
    if (longer) middle.anomalies[1].kind = CTE_ANOMALY_LONG_BLANK_RUN, middle.anomalies[1].offset = 1;
    check_case("blanks before an octet", &qp_decode_subject, &mail, src, length + 2, &middle);
  }
}

/* ---- What no output may be ---- */

static void check_output(const uint8_t *out, size_t n, const cte_qp_encode_options *o) {
  size_t column = 0;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = out[i];
    bool line_end = c == '\n' || (c == '\r' && i + 1 < n && out[i + 1] == '\n');
    if (line_end) {
      if (i > 0 && (out[i - 1] == ' ' || out[i - 1] == '\t')) fail_msg("a raw blank before a line end");
      if (c == '\n') column = 0;
      continue;
    }
    if (++column > 76) fail_msg("a line over 76");
    if (c > 126 || (c < 32 && c != '\t')) fail_msg("a raw octet %d", c);
    if (c == '=' && i + 2 < n && out[i + 1] != '\r' && out[i + 1] != '\n')
      if (!strchr("0123456789ABCDEF", out[i + 1]) || !strchr("0123456789ABCDEF", out[i + 2])) fail_msg("a split escape");
    if (column == 1 && c == '.' && o->flags & CTE_QP_ENCODE_DOT) fail_msg("a raw dot");
    if (column == 1 && o->flags & CTE_QP_ENCODE_DASHES && n - i >= 2 && !memcmp(out + i, "--", 2)) fail_msg("raw dashes");
    if (column == 1 && o->flags & CTE_QP_ENCODE_FROM && n - i >= 5 && !memcmp(out + i, "From ", 5)) fail_msg("a raw From");
  }
  if (n && (out[n - 1] == ' ' || out[n - 1] == '\t')) fail_msg("a raw blank at the end");
  if (n && out[n - 1] == '=') fail_msg("a lone '=' at the end");
  size_t line_end = n && out[n - 1] == '\n' ? n >= 2 && out[n - 2] == '\r' ? 2 : 1 : 0;
  bool soft = line_end && n > line_end && out[n - line_end - 1] == '=';
  if (soft && !(o->flags & CTE_QP_SOFT_END)) fail_msg("a soft line break at the end");
}

/* Each line of the output, decoded on its own, is UTF-8 where the whole is: no character was split. */
static void check_whole_characters(const uint8_t *out, size_t n) {
  static uint8_t line[400];
  static const cte_qp_decode_options mail = CTE_QP_DECODE_MAIL;
  for (size_t i = 0; i < n;) {
    const uint8_t *end = memchr(out + i, '\n', n - i);
    size_t length = end ? (size_t)(end - out) + 1 - i : n - i;
    cte_result got = cte_qp_decode(out + i, length, line, sizeof line, &mail);
    assert_int_equal(got.status, CTE_OK);
    for (size_t k = 0; k < got.written;) {
      size_t character = ref_utf8(line + k, got.written - k);
      if (!character) fail_msg("a split character");
      k += character;
    }
    i += length;
  }
}

static void output_rules(void **state) {
  (void)state;
  random_begin("output_rules");
  static uint8_t src[3000], out[12000], back[12000];
  for (size_t times = scaled(4000); times > 0; times--) {
    size_t n = random_below(sizeof src);
    enum input_kind kind = encode_kinds[random_below(COUNT(encode_kinds))];
    make_input(src, n, kind);
    const cte_qp_encode_options *o = &encode_options[random_below(COUNT(encode_options))];
    cte_result got = cte_qp_encode(src, n, out, sizeof out, o);
    assert_int_equal(got.status, CTE_OK);
    check_output(out, got.written, o);
    assert_true(cte_qp_encoded_size(src, n, o) == got.written);
    if (kind == INPUT_UTF8 && o->flags & CTE_QP_WHOLE_UTF8) {
      while (n > 0 && src[n - 1] >= 0x80) n--; /* the last character may be cut off */
      got = cte_qp_encode(src, n, out, sizeof out, o);
      check_whole_characters(out, got.written);
    }
    cte_qp_decode_options strict = CTE_QP_DECODE_STRICT;
    if (o->line_end == CTE_LINE_END_LF || o->line_ends == CTE_QP_LINE_ENDS_KEEP)
      strict.reject &= ~(uint32_t)CTE_ANOMALY_BARE_LF;
    cte_result in = cte_qp_decode(out, got.written, back, sizeof back, &strict);
    assert_int_equal(in.status, CTE_OK);
    bool same = o->line_ends == CTE_QP_LINE_ENDS_BINARY || o->line_ends == CTE_QP_LINE_ENDS_KEEP ||
                (o->line_ends == CTE_QP_LINE_ENDS_CRLF && o->line_end == CTE_LINE_END_CRLF) ||
                (o->line_ends == CTE_QP_LINE_ENDS_LF && o->line_end == CTE_LINE_END_LF);
    if (same && (in.written != n || memcmp(back, src, n) != 0)) fail_msg("the round trip changes octets");
  }
}

/* ---- Sizes and bounds ---- */

/* All escapes; SIZE_MAX when it passes SIZE_MAX. 25 of them fill a line, and no line takes fewer octets. */
static size_t naive_bound(size_t n, const cte_qp_encode_options *options) {
  if (n == 0) return 0;
  size_t breaks = (n - 1) / 25 + (options->flags & CTE_QP_SOFT_END ? 1 : 0), all;
  if (__builtin_mul_overflow(breaks, options->line_end == CTE_LINE_END_LF ? (size_t)2 : 3, &breaks)) return SIZE_MAX;
  if (__builtin_mul_overflow(n, (size_t)3, &all)) return SIZE_MAX;
  return __builtin_add_overflow(all, breaks, &all) ? SIZE_MAX : all;
}

static void check_bound_far(size_t n, const cte_qp_encode_options *o) {
  size_t bound = cte_qp_encoded_bound(n, o), naive = naive_bound(n, o);
  if (o->flags & CTE_QP_WHOLE_UTF8 ? bound < naive : bound != naive)
    fail_msg("the bound of %zu is %zu, not %zu", n, bound, naive);
}

static void encoded_bound(void **state) {
  (void)state;
  random_begin("encoded_bound");
  static uint8_t src[700], dst[4000];
  memset(src, 0xE9, sizeof src);
  for (size_t i = 0; i < COUNT(encode_options); i++) {
    const cte_qp_encode_options *o = &encode_options[i];
    for (size_t n = 0; n <= sizeof src; n++) {
      check_bound_far(n, o);
      if (o->flags & CTE_QP_WHOLE_UTF8 || !fixed_case()) continue;
      cte_result got = cte_qp_encode(src, n, dst, sizeof dst, o);
      assert_int_equal(got.written, cte_qp_encoded_bound(n, o));
    }
    for (size_t k = 0; k < 2000; k++) check_bound_far((size_t)(random_u64() >> random_below(64)), o);
    for (size_t k = 0; k < 200; k++) check_bound_far(SIZE_MAX - k, o);
    /* 3.12 n is SIZE_MAX somewhere here. */
    for (size_t k = 0; k < 2000; k++) check_bound_far(SIZE_MAX / 312 * 100 - 1000 + k, o);
    for (size_t k = 0; k < 2000; k++) check_bound_far(SIZE_MAX / 308 * 100 - 1000 + k, o);
  }
  assert_int_equal(cte_qp_encoded_bound(26, NULL), 81);
}

/* Reached with whole characters too: 22 octets fill a line for which 25 single ones are needed. */
static void encoded_bound_whole_utf8(void **state) {
  (void)state;
  static const char line[] = "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xC3\xA9";
  static uint8_t src[22 * 300], dst[4 * sizeof src];
  for (size_t n = 0; n < sizeof src; n += 22) memcpy(src + n, line, 22);
  for (int lf = 0; lf < 2; lf++) {
    const cte_qp_encode_options o = {.flags = CTE_QP_WHOLE_UTF8, .line_end = lf ? CTE_LINE_END_LF : CTE_LINE_END_CRLF};
    for (size_t n = 22; n <= sizeof src; n += 22) {
      cte_result got = cte_qp_encode(src, n, dst, sizeof dst, &o);
      assert_int_equal(got.status, CTE_OK);
      assert_int_equal(got.written, 3 * n + (n / 22 - 1) * (lf ? 2 : 3));
      assert_int_equal(got.written, cte_qp_encoded_bound(n, &o));
    }
  }
}

static void encoded_size(void **state) {
  (void)state;
  random_begin("encoded_size");
  static struct outcome expected;
  for (size_t i = 0; i < COUNT(encode_options); i++)
    for (size_t times = scaled(300); times > 0; times--) {
      size_t n = random_below(random_one_in(10) ? 5000 : 600);
      uint8_t *src = random_one_in(2) ? guarded_tail(n) : guarded_head(n);
      make_input(src, n, encode_kinds[random_below(COUNT(encode_kinds))]);
      ref_qp_encode(&expected, src, n, &encode_options[i]);
      assert_true(cte_qp_encoded_size(n ? src : NULL, n, &encode_options[i]) == expected.size);
    }
  assert_int_equal(cte_qp_encoded_size("a ", 2, NULL), 4);
}

static void decoded_bound(void **state) {
  (void)state;
  random_begin("decoded_bound");
  static uint8_t src[700], dst[1400];
  for (size_t i = 0; i < COUNT(decode_options); i++) {
    const cte_qp_decode_options *o = &decode_options[i];
    bool doubles = o->line_end == CTE_QP_LINE_END_CRLF;
    memset(src, doubles ? '\n' : 'a', sizeof src);
    for (size_t n = 0; n <= sizeof src; n++) {
      assert_true(cte_qp_decoded_bound(n, o) == (doubles ? 2 * n : n));
      if (!fixed_case()) continue;
      cte_result got = cte_qp_decode(src, n, dst, sizeof dst, o);
      if (got.status == CTE_OK) assert_int_equal(got.written, cte_qp_decoded_bound(n, o));
    }
    assert_true(cte_qp_decoded_bound(SIZE_MAX / 2, o) == (doubles ? SIZE_MAX - 1 : SIZE_MAX / 2));
    assert_true(cte_qp_decoded_bound(SIZE_MAX / 2 + 1, o) == (doubles ? SIZE_MAX : SIZE_MAX / 2 + 1));
    assert_true(cte_qp_decoded_bound(SIZE_MAX, o) == SIZE_MAX);
  }
  assert_true(cte_qp_decoded_bound(7, NULL) == 7);
}

/* ---- Options ---- */

static void bad_options(void **state) {
  (void)state;
  const cte_qp_encode_options bad_encode[] = {
      {.flags = 1 << 6}, {.flags = UINT32_C(1) << 31}, {.line_ends = 5}, {.line_ends = 255}, {.line_end = 2}};
  for (size_t i = 0; i < COUNT(bad_encode); i++) {
    check_bad_options(&qp_encode_subject, &bad_encode[i]);
    assert_true(cte_qp_encoded_size("a", 1, &bad_encode[i]) == SIZE_MAX);
  }
  const cte_qp_decode_options bad_decode[] = {{.line_end = 3}, {.line_end = 255}, {.reject = 1 << 20}};
  for (size_t i = 0; i < COUNT(bad_decode); i++) check_bad_options(&qp_decode_subject, &bad_decode[i]);
  for (size_t i = 0; i < sizeof encode_options[0].reserved; i++) {
    cte_qp_encode_options o = CTE_QP_ENCODE_TEXT;
    o.reserved[i] = 1;
    check_bad_options(&qp_encode_subject, &o);
  }
  for (size_t i = 0; i < sizeof decode_options[0].reserved; i++) {
    cte_qp_decode_options o = CTE_QP_DECODE_MAIL;
    o.reserved[i] = 1;
    check_bad_options(&qp_decode_subject, &o);
  }
}

/* In place with line ends that can grow is refused; elsewhere it is not. */
static void in_place(void **state) {
  (void)state;
  uint8_t text[] = "a\nb", other[8];
  cte_qp_decode_options grows = {.line_end = CTE_QP_LINE_END_CRLF};
  cte_result got = cte_qp_decode(text, 3, text, 3, &grows);
  assert_int_equal(got.status, CTE_ERROR_ARGUMENT);
  assert_memory_equal(text, "a\nb", 3);
  assert_int_equal(cte_qp_decode(text, 3, other, sizeof other, &grows).status, CTE_OK);
  assert_int_equal(cte_qp_decode(NULL, 0, NULL, 0, &grows).status, CTE_OK);
  assert_int_equal(cte_qp_decode(text, 0, text, 3, &grows).status, CTE_OK);
}

static void null_options(void **state) {
  (void)state;
  uint8_t a[16], b[16];
  cte_result with = cte_qp_decode(TEXT("a=41 \n=x"), a, sizeof a, &decode_options[0]);
  cte_result without = cte_qp_decode(TEXT("a=41 \n=x"), b, sizeof b, NULL);
  assert_memory_equal(&with, &without, sizeof with);
  assert_memory_equal(a, b, with.written);
  assert_int_equal(cte_qp_encode(TEXT("a\n"), a, sizeof a, NULL).written, 4);
  cte_qp_encode_options zero_encode = {0};
  assert_memory_equal(&zero_encode, &encode_options[0], sizeof zero_encode);
  cte_qp_decode_options zero_decode = {0};
  assert_memory_equal(&zero_decode, &decode_options[0], sizeof zero_decode);
  cte_stream s;
  assert_int_equal(cte_stream_qp_encode(&s, NULL), CTE_OK);
  assert_int_equal(cte_stream_qp_decode(&s, NULL), CTE_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encodings),      cmocka_unit_test(decodings),     cmocka_unit_test(blank_runs),
      cmocka_unit_test(output_rules),   cmocka_unit_test(encoded_bound), cmocka_unit_test(encoded_bound_whole_utf8),
      cmocka_unit_test(encoded_size),   cmocka_unit_test(decoded_bound), cmocka_unit_test(bad_options),
      cmocka_unit_test(in_place),       cmocka_unit_test(null_options),  cmocka_unit_test(encode_lengths),
      cmocka_unit_test(encode_cuts),    cmocka_unit_test(encode_large),  cmocka_unit_test(decode_lengths),
      cmocka_unit_test(decode_cuts),    cmocka_unit_test(decode_large),  cmocka_unit_test(encode_changing),
      cmocka_unit_test(encode_records),
  };
  return run_on_every_row("quoted-printable", tests, COUNT(tests));
}
