/*
 * digest.c: one number for all that the library gives. Every codec, one-shot and as a stream, runs on every row over
 * pseudo-random text and data of this file's own: all lengths to past four blocks and some of thousands of octets, all
 * options, malformed input of each kind. Octets, status, counts, offsets and anomalies, as 64-bit numbers of one octet
 * order, become a digest, which is the same on every row, CPU, compiler and platform: EXPECTED.
 *
 * It uses no test framework, so that it can be linked statically for whatever emulates a machine. It prints the row that the
 * library chooses, and each row's digest. A change of behaviour changes EXPECTED; a change of a kernel does not.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cte/cte.h>

#define EXPECTED UINT64_C(0x8af945e8b4183722)

/* ---- Chance: splitmix64 ---- */

static uint64_t chance;

static uint64_t draw(void) {
  uint64_t z = chance += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static uint32_t below(uint32_t n) {
  return (uint32_t)((draw() >> 32) * n >> 32);
}

static bool one_in(uint32_t n) {
  return below(n) == 0;
}

/* ---- The digest ---- */

static uint64_t digest;

static void mix(uint64_t value) {
  digest = (digest ^ value) * UINT64_C(0x2127599bf4325c37);
  digest ^= digest >> 29;
}

static void mix_octets(const uint8_t *p, size_t n) {
  mix(n);
  for (size_t i = 0; i < n; i += 8) {
    uint64_t word = 0;
    for (size_t k = 0; k < 8 && i + k < n; k++) word |= (uint64_t)p[i + k] << (8 * k);
    mix(word);
  }
}

/* Where size_t is narrower "no offset" is too. */
static uint64_t offset_of(size_t offset) {
  return offset == SIZE_MAX ? UINT64_MAX : offset;
}

static void mix_status(int32_t status) {
  mix((uint64_t)(int64_t)status);
}

/* ---- Input ---- */

enum { SIZE_MOST = 8192, ROOM = 4 * SIZE_MOST };

static uint8_t input[SIZE_MOST], output[ROOM];

struct text {
  size_t n, size;
};

static void put(struct text *t, uint32_t octet) {
  if (t->n < t->size) input[t->n++] = (uint8_t)octet;
}

static void put_text(struct text *t, const char *s) {
  for (; *s != '\0'; s++) put(t, (uint8_t)*s);
}

/* One of a set's octets. */
#define ANY(set) ((uint8_t)(set)[below(sizeof(set) - 1)])

static void put_line_end(struct text *t) {
  put_text(t, one_in(40) ? "\n" : one_in(60) ? "\r" : "\r\n");
}

static void put_utf8(struct text *t) {
  static const char *const pieces[] = {"\xc3\xa9",         "\xe2\x82\xac", "\xf0\x9f\x93\xa7", "\xc3\xbc", "\xe3\x81\x82",
                                       "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xd0\x96",         "a",        " "};
  static const char *const wrong[] = {"\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xc3",     "\x80",         "\xff"};
  put_text(t, one_in(80) ? wrong[below(7)] : pieces[below(10)]);
}

static void put_word(struct text *t) {
  for (uint32_t k = below(9) + 1; k > 0; k--) put(t, 'a' + below(26));
  put(t, one_in(12) ? '\t' : ' ');
}

static void put_line(struct text *t, uint32_t width, bool utf8) {
  static const char *const beginnings[] = {".", "..", "From ", "--", "Fr", ".\r\n", "=", " "};
  const size_t end = t->n + width;
  if (one_in(8)) put_text(t, beginnings[below(8)]);
  while (t->n < end && t->n < t->size) {
    if (utf8)
      put_utf8(t);
    else
      put_word(t);
  }
  if (one_in(2) && t->n > 0 && input[t->n - 1] == ' ') t->n--;
  put_line_end(t);
}

static void put_base64_line(struct text *t, uint32_t width, bool spoilt) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (; width > 0; width--) put(t, spoilt && one_in(90) ? ANY(" \t=-_!\r\xe9\x01") : ANY(alphabet));
  if (one_in(20)) put_text(t, one_in(2) ? "=" : "==");
  put_text(t, spoilt && one_in(5) ? "\n" : "\r\n");
}

static void put_qp_line(struct text *t, uint32_t width, bool spoilt) {
  static const char *const wrong[] = {"=", "=3", "=g1", "=\t", "\x01", "\xc3\xa9", "=3d", "=\r", "\r", "\n", "  "};
  for (; width > 3; width--) {
    if (spoilt && one_in(70)) put_text(t, wrong[below(11)]);
    if (one_in(8)) {
      put(t, '='), put(t, ANY("0123456789ABCDEF")), put(t, ANY("0123456789ABCDEF"));
      width -= 2;
      if (width < 4) break;
    }
    put(t, one_in(6) ? ' ' : 33 + below(28));
  }
  put_text(t, one_in(3) ? "=\r\n" : one_in(9) ? " \t\r\n" : "\r\n");
}

enum { RANDOM, RICH, MAIL, UTF8, LONG, SPOILT, BASE64, BASE64_SPOILT, QP, QP_SPOILT, ONE, KINDS };

/* Fills input with n octets of a kind. */
static void make(size_t n, int kind) {
  struct text t = {0, n};
  const uint32_t width = one_in(2) ? 76 : 1 + below(100);
  const bool utf8 = one_in(3);
  const uint8_t one = ANY("\r\n. =A\t\0\xe9");
  const bool spoilt = kind == BASE64_SPOILT || kind == QP_SPOILT;
  while (t.n < n) {
    if (kind == RANDOM) put(&t, below(256));
    if (kind == RICH) put(&t, ANY("\r\n\r\n\r\n.. ==\t\0aF7\xc3\xa9"));
    if (kind == MAIL || kind == SPOILT) put_line(&t, below(90), false);
    if (kind == UTF8) put_line(&t, below(90), true);
    if (kind == LONG) put_line(&t, 900 + below(200), utf8);
    if (kind == BASE64 || kind == BASE64_SPOILT) put_base64_line(&t, one_in(9) ? 40 + below(60) : width, spoilt);
    if (kind == QP || kind == QP_SPOILT) put_qp_line(&t, below(76), spoilt);
    if (kind == ONE) put(&t, one);
  }
  for (size_t k = kind == SPOILT && n > 0 ? n / 100 + 1 : 0; k > 0; k--) {
    const uint32_t at = below((uint32_t)n);
    input[at] = ANY("\r\n.\0\x80\xff= \t");
  }
}

/* ---- Options: one draw a statement, since the order of initializers is the compiler's ---- */

static cte_base64_encode_options base64_encode_options(void) {
  static const uint64_t columns[] = {0, CTE_COLUMNS_NONE, 60, 64, 72, 4};
  cte_base64_encode_options o = {.columns = 1 + below(140)};
  if (!one_in(3)) o.columns = columns[below(6)];
  o.line_end = (uint8_t)below(2);
  o.last_line = (uint8_t)below(2);
  o.alphabet = (uint8_t)below(2);
  o.padding = (uint8_t)below(2);
  return o;
}

/* A set of anomalies: mostly none, or one. */
static uint32_t some_of(uint32_t anomalies) {
  if (one_in(2)) return 0;
  return one_in(2) ? anomalies & (UINT32_C(1) << below(20)) : anomalies & (uint32_t)draw();
}

static cte_base64_decode_options base64_decode_options(void) {
  cte_base64_decode_options o = {.reject = some_of(CTE_BASE64_REJECT_STRICT | CTE_ANOMALY_LINE_OVER_76)};
  o.alphabet = (uint8_t)below(3);
  o.line_ends = (uint8_t)(one_in(2) ? 0 : below(3));
  o.after_padding = (uint8_t)below(2);
  return o;
}

static cte_qp_encode_options qp_encode_options(void) {
  cte_qp_encode_options o = {.flags = one_in(3) ? 0 : below(64)};
  o.line_ends = (uint8_t)below(5);
  o.line_end = (uint8_t)below(2);
  return o;
}

static cte_qp_decode_options qp_decode_options(void) {
  cte_qp_decode_options o = {.reject = some_of(CTE_QP_REJECT_STRICT | CTE_ANOMALY_TRAILING_WHITE_SPACE)};
  o.line_end = (uint8_t)below(3);
  return o;
}

static cte_smtp_options smtp_options(bool writing) {
  static const uint8_t long_line[] = {CTE_SMTP_DEFAULT, CTE_SMTP_REJECT, CTE_SMTP_KEEP, CTE_SMTP_NORMALIZE};
  cte_smtp_options o = {.bare_lf = (uint8_t)below(5)};
  o.bare_cr = (uint8_t)below(5);
  o.nul = (uint8_t)below(5);
  o.bdat = writing && one_in(4);
  o.long_line = long_line[below(o.bdat ? 3 : 4)];
  return o;
}

static uint32_t allowed(void) {
  const uint32_t of = below(3);
  return one_in(3) ? of | CTE_LINES_LF_TEXT : of;
}

/* ---- One-shot ---- */

static void mix_result(cte_result r) {
  mix_status(r.status);
  mix(r.anomalies);
  mix(r.read);
  mix(offset_of(r.first_anomaly));
  mix_octets(output, r.written);
}

/* Mostly what a codec may need, else less. */
static size_t room(size_t bound) {
  if (bound == SIZE_MAX) return 0;
  mix(bound);
  return one_in(8) ? below((uint32_t)bound + 1) : bound;
}

static void mix_lines(size_t n) {
  cte_lines lines;
  cte_lines_init(&lines);
  const size_t cut = below((uint32_t)n + 1);
  cte_lines_update(&lines, input, cut);
  cte_lines_update(&lines, input + cut, n - cut);
  cte_lines_finish(&lines);
  mix(lines.octets), mix(lines.lines), mix(lines.longest), mix(lines.crlf), mix(lines.unterminated);
  for (int kind = 0; kind < CTE_LINES_KINDS; kind++) mix(lines.count[kind]), mix(lines.first[kind]);
  for (uint32_t of = 0; of < 3; of++) mix_status(cte_lines_encoding(&lines, of));
  const uint32_t content = below(4), transport = below(3), ends = below(3);
  const cte_choice choice = cte_lines_choose(&lines, content, transport, ends);
  mix_status(choice.status), mix_status(choice.encoding);
  mix(choice.identity), mix(choice.base64), mix(choice.quoted_printable);
}

static void mix_dots(size_t n) {
  uint32_t state = 0;
  /* Each '.' is the first octet of what remains. */
  for (size_t at = 0, next;; at = next) {
    next = at + cte_dots_next(input + at, n - at, &state);
    mix(next), mix(state);
    if (next == n) break;
    if (next == at) next++, state = 1;
  }
  mix_octets(output, cte_dots_end(output, state));
}

enum { BASE64_ENCODE, BASE64_DECODE, QP_ENCODE, QP_DECODE, LINES_CHECK, SMTP_WRITE, SMTP_READ, LINES, DOTS, CODECS };

static void one_shot(int codec, size_t n) {
  const cte_base64_encode_options base64_encode = base64_encode_options();
  const cte_base64_decode_options base64_decode = base64_decode_options();
  const cte_qp_encode_options qp_encode = qp_encode_options();
  const cte_qp_decode_options qp_decode = qp_decode_options();
  const cte_smtp_options smtp = smtp_options(codec == SMTP_WRITE);
  switch (codec) {
  case BASE64_ENCODE:
    mix_result(cte_base64_encode(input, n, output, room(cte_base64_encoded_size(n, &base64_encode)), &base64_encode));
    break;
  case BASE64_DECODE:
    mix_result(cte_base64_decode(input, n, output, room(cte_base64_decoded_bound(n, &base64_decode)), &base64_decode));
    break;
  case QP_ENCODE:
    mix(cte_qp_encoded_size(input, n, &qp_encode));
    mix_result(cte_qp_encode(input, n, output, room(cte_qp_encoded_bound(n, &qp_encode)), &qp_encode));
    break;
  case QP_DECODE:
    mix_result(cte_qp_decode(input, n, output, room(cte_qp_decoded_bound(n, &qp_decode)), &qp_decode));
    break;
  case LINES_CHECK:
    mix_result(cte_lines_check(input, n, allowed()));
    break;
  case SMTP_WRITE:
    mix_result(cte_smtp_write(input, n, output, room(cte_smtp_write_bound(n, &smtp)), &smtp));
    break;
  case SMTP_READ:
    mix_result(cte_smtp_read(input, n, output, room(cte_smtp_read_bound(n, &smtp)), &smtp));
    break;
  case LINES:
    mix_lines(n);
    break;
  default:
    mix_dots(n);
  }
}

/* ---- Streams ---- */

static cte_status set_up(cte_stream *s, int codec) {
  const cte_base64_encode_options base64_encode = base64_encode_options();
  const cte_base64_decode_options base64_decode = base64_decode_options();
  const cte_qp_encode_options qp_encode = qp_encode_options();
  const cte_qp_decode_options qp_decode = qp_decode_options();
  const cte_smtp_options smtp = smtp_options(codec == SMTP_WRITE);
  switch (codec) {
  case BASE64_ENCODE:
    return cte_stream_base64_encode(s, &base64_encode);
  case BASE64_DECODE:
    return cte_stream_base64_decode(s, &base64_decode);
  case QP_ENCODE:
    return cte_stream_qp_encode(s, &qp_encode);
  case QP_DECODE:
    return cte_stream_qp_decode(s, &qp_decode);
  case LINES_CHECK:
    return cte_stream_lines_check(s, allowed());
  case SMTP_WRITE:
    return cte_stream_smtp_write(s, &smtp);
  default:
    return cte_stream_smtp_read(s, &smtp);
  }
}

/* In cuts by chance, which must not matter; where an error ends it what was written before is final. */
static void stream(int codec, size_t n) {
  cte_stream s;
  cte_status status = set_up(&s, codec);
  cte_input in = {input, 0, 0};
  cte_output out = {output, 0, 0};
  const uint32_t longest = 1 + below(one_in(2) ? 20 : 2000);
  mix_status(status);
  if (status != CTE_OK) return;
  for (bool finishing = false; out.size < ROOM - 4096;) {
    if (status == CTE_MORE_OUTPUT || out.size == 0) out.size = out.pos + 64 + below(longest);
    if (status == CTE_OK && in.pos == in.size && in.size == n) finishing = true;
    if (status == CTE_OK && in.pos == in.size) in.size += n - in.size < longest ? n - in.size : 1 + below(longest);
    if (in.size > n) in.size = n;
    const bool last = finishing;
    status = last ? cte_stream_finish(&s, &out) : cte_stream_update(&s, &in, &out);
    if (status < 0 || status == CTE_END || (last && status == CTE_OK)) break;
  }
  mix_status(status);
  mix_octets(output, out.pos);
  mix(cte_stream_anomalies(&s));
  for (uint32_t kind = 0; kind < 20; kind++) mix(cte_stream_first_anomaly(&s, UINT32_C(1) << kind));
  mix_status(cte_stream_verdict(&s));
  mix(cte_stream_error_offset(&s));
}

/* ---- All of it ---- */

/* All lengths to 280, and then some of thousands. */
enum { ALL = 281, MORE = 32, ROUNDS = 2 };

static uint64_t digest_of_row(void) {
  digest = 0;
  for (uint32_t step = 0; step < ROUNDS * (ALL + MORE); step++) {
    for (int codec = 0; codec < CODECS; codec++) {
      /* Of its own, since how often a stream draws depends on the row. */
      chance = UINT64_C(0xd1342543de82ef95) * (step * CODECS + (uint32_t)codec + 1);
      const uint32_t of = step % (ALL + MORE);
      const size_t n = of < ALL ? of : ALL + below(one_in(4) ? SIZE_MOST - ALL : 2000);
      /* What the codec is for, and anything. */
      static const int usual[CODECS] = {RANDOM, BASE64, MAIL, QP, MAIL, MAIL, MAIL, UTF8, MAIL};
      make(n, one_in(2) ? usual[codec] + (int)below(2) : (int)below(KINDS));
      one_shot(codec, n);
      if (codec < LINES) stream(codec, n);
    }
  }
  return digest;
}

/* With an argument only the row is chosen; where CTE_TEST_ROW names a row, it alone is run. */
int main(int argc, char **argv) {
  const char *only = getenv("CTE_TEST_ROW");
  int usable;
  bool same = true, run = false;
  (void)argv;
  printf("chosen: %s\n", cte_isa_name());
  if (argc > 1) return 0;
  for (size_t i = 0; cte_isa_list(i, &usable) != NULL; i++) {
    if (!usable || (only && strcmp(only, cte_isa_list(i, NULL)) != 0)) continue;
    if (cte_isa_select(cte_isa_list(i, NULL)) != CTE_OK) return 1;
    const uint64_t found = digest_of_row();
    printf("%s: %016" PRIx64 "\n", cte_isa_name(), found);
    same &= found == EXPECTED;
    run = true;
  }
  if (!same) printf("expected: %016" PRIx64 "\n", EXPECTED);
  return same && run ? 0 : 1;
}
