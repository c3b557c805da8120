/* support.c: see support.h. */
#define _DEFAULT_SOURCE
#include "support.h"

#include <cte/isa.h>

#include <stdio.h>
#include <time.h>

#include "pages.h"
#include "rows.h"

/* ---- Memory against guard pages ---- */

#define SLOTS 16

/* A mapping: a guard page, `size` octets, a guard page. */
struct slot {
  uint8_t *begin;
  size_t size;
};

static struct slot slots[SLOTS];

static void slot_grow(struct slot *slot, size_t n) {
  size_t page = page_size(), size = (n / page + 1) * page;
  if (size < 64 * page) size = 64 * page;
  if (slot->begin) pages_unmap(slot->begin - page, slot->size + 2 * page);
  slot->begin = pages_map(size + 2 * page) + page;
  slot->size = size;
}

static struct slot *slot_next(size_t n) {
  static size_t turn;
  struct slot *slot = &slots[turn++ % SLOTS];
  if (!slot->begin || slot->size < n) slot_grow(slot, n);
  return slot;
}

uint8_t *guarded_tail(size_t n) {
  struct slot *slot = slot_next(n);
  return slot->begin + (slot->size - n);
}

uint8_t *guarded_head(size_t n) {
  return slot_next(n)->begin;
}

static uint8_t *guarded(size_t n, bool tail) {
  return tail ? guarded_tail(n) : guarded_head(n);
}

uint8_t *guarded_copy(const void *src, size_t n, bool tail) {
  uint8_t *p = guarded(n, tail);
  if (n) memcpy(p, src, n);
  return p;
}

/* ---- Chance ---- */

static uint64_t random_state = 1;

static uint64_t seed(void) {
  static uint64_t value;
  if (value) return value;
  const char *text = getenv("CTE_TEST_SEED");
  value = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
  if (value == 0) value = 1;
  return value;
}

void random_begin(const char *test) {
  print_message("%s: CTE_TEST_SEED=%llu\n", test, (unsigned long long)seed());
  random_from(seed());
}

void random_from(uint64_t value) {
  random_state = value * UINT64_C(0x9E3779B97F4A7C15) | 1;
  for (int i = 0; i < 8; i++) random_u64();
}

/* xorshift64* */
uint64_t random_u64(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

uint32_t random_u32(void) {
  return (uint32_t)(random_u64() >> 32);
}

size_t random_below(size_t n) {
  return (size_t)(random_u64() >> 11) % n;
}

bool random_one_in(size_t n) {
  return random_below(n) == 0;
}

static double scale(void) {
  static double value;
  if (value > 0) return value;
  const char *text = getenv("CTE_TEST_SCALE");
  value = text ? strtod(text, NULL) : 1;
  if (!(value > 0)) value = 1;
  return value;
}

size_t scaled(size_t count) {
  double value = (double)count * scale();
  return value < 1 ? 1 : (size_t)value;
}

/* Whether to run one of many random cases: always at scale 1. */
static bool chosen(void) {
  return (double)random_below(1000) < 1000 * scale();
}

static double fixed_share(void) {
  return scale() < 0.1 ? scale() : 1;
}

bool fixed_case(void) {
  return (double)random_below(1000) < 1000 * fixed_share();
}

size_t scaled_fixed(size_t count) {
  double value = (double)count * fixed_share();
  return value < 1 ? 1 : (size_t)value;
}

/* ---- Inputs ---- */

/* An input as it grows; what does not fit is cut off. */
struct writing {
  uint8_t *dst;
  size_t n, at;
};

static void write_octet(struct writing *w, uint8_t octet) {
  if (w->at < w->n) w->dst[w->at++] = octet;
}

static void write_text(struct writing *w, const char *text) {
  for (; *text; text++) write_octet(w, (uint8_t)*text);
}

static bool full(const struct writing *w) {
  return w->at == w->n;
}

/* Characters that mail has, and those at the edges of what UTF-8 allows. */
static void write_utf8(struct writing *w) {
  static const char *const characters[] = {
      "\xC3\xA9",     "\xE7\xB3\xBB", "\xE7\xBB\x9F", "\xF0\x9F\x98\x80", "\xD0\xB6",         "\xC2\xA0",        "\xDF\xBF",
      "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",     "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
  write_text(w, characters[random_below(COUNT(characters))]);
}

static void write_rich(struct writing *w) {
  static const char *const pieces[] = {"\r\n",   "\n",    "\r",   ".",      "..",    ".\r\n",    "\r\n.",    "\r\n.\r\n",
                                       "=",      "=\r\n", "=\n",  "= \r\n", "=4",    "=41",      "=C3",      "=c3",
                                       "=zz",    " ",     "\t",   "  ",     " \r\n", "\t\n",     "From ",    "--",
                                       "-",      "\x7F",  "\x01", "\x80",   "\xE2",  "\xE2\x82", "\xF0\x9F", "\xED\xA0\x80",
                                       "\r\r\n", "\r\r",  "A",    "abc",    "0",     "f",        "!\"#$@",   "\xFF"};
  if (random_one_in(12))
    write_octet(w, 0);
  else if (random_one_in(8))
    write_utf8(w);
  else
    write_text(w, pieces[random_below(COUNT(pieces))]);
}

static void write_words(struct writing *w, size_t length) {
  size_t end = w->at + length < w->n ? w->at + length : w->n;
  while (w->at < end) {
    if (random_one_in(6))
      write_octet(w, ' ');
    else if (random_one_in(40))
      write_octet(w, (uint8_t) "=.,-\t@F"[random_below(7)]);
    else
      write_octet(w, (uint8_t)('a' + random_below(26)));
  }
}

static void write_mail_line(struct writing *w) {
  if (random_one_in(10)) write_text(w, random_one_in(2) ? "." : "From ");
  if (random_one_in(12)) write_text(w, random_one_in(2) ? "--" : "..");
  write_words(w, random_one_in(8) ? random_below(260) : random_below(80));
  if (random_one_in(6)) write_utf8(w);
  write_text(w, "\r\n");
}

static void write_long_line(struct writing *w) {
  size_t around = random_one_in(3) ? 76 : 998, length = around - 6 + random_below(12);
  size_t end = w->at + length < w->n ? w->at + length : w->n;
  bool dense = random_one_in(3);
  while (w->at < end) {
    if (dense || random_one_in(30))
      write_utf8(w);
    else
      write_words(w, 1 + random_below(20));
  }
  static const char *const ends[] = {"\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\r\n."};
  write_text(w, ends[random_below(COUNT(ends))]);
}

static void write_base64_line(struct writing *w, size_t width, const char *line_end) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < width; i++) write_octet(w, (uint8_t)alphabet[random_below(64)]);
  write_text(w, line_end);
}

static void write_base64(struct writing *w) {
  static const size_t widths[] = {60, 64, 72, 75, 76};
  size_t width = widths[random_below(COUNT(widths))];
  bool mixed = random_one_in(5);
  const char *line_end = random_one_in(3) ? "\n" : "\r\n";
  while (!full(w)) write_base64_line(w, mixed ? 1 + random_below(80) : width, line_end);
  if (w->n > 4 && random_one_in(2))
    for (size_t pads = 1 + random_below(2), i = 0; i < pads; i++) w->dst[w->n - 1 - i] = '=';
}

static void write_dots(struct writing *w) {
  static const char *const pieces[] = {".",  ".",   "\r\n", "\r\n", "\r\n.",  "\n", "\n.",
                                       "\r", "\r.", "a",    "ab",   "\r\n..", "."};
  write_text(w, pieces[random_below(COUNT(pieces))]);
}

static void write_qp_line(struct writing *w) {
  size_t column = 0, length = random_one_in(5) ? random_below(76) : 73;
  bool dense = random_one_in(2);
  while (column < length && !full(w)) {
    if (random_one_in(dense ? 2 : 20)) {
      write_octet(w, '=');
      write_octet(w, (uint8_t) "0123456789ABCDEF"[random_below(16)]);
      write_octet(w, (uint8_t) "0123456789ABCDEF"[random_below(16)]);
      column += 3;
    } else {
      write_octet(w, (uint8_t) "abcdefghij klmn\top qrstuvwxyz.,"[random_below(31)]);
      column++;
    }
  }
  write_text(w, random_one_in(3) ? "\r\n" : "=\r\n");
}

/* Puts rich pieces, or for base64 characters that do not belong, over a few places. */
static void spoil_input(uint8_t *dst, size_t n, const char *instead, size_t instead_count) {
  if (n == 0) return;
  for (size_t times = 1 + random_below(1 + n / 60), i = 0; i < times; i++) {
    struct writing w = {dst, n, random_below(n)};
    if (instead)
      write_octet(&w, (uint8_t)instead[random_below(instead_count)]);
    else
      write_rich(&w);
  }
}

/* A run of blanks of about the length that is the most a decoder has to remember. */
static void write_blank_run(uint8_t *dst, size_t n) {
  size_t length = 1022 + random_below(6);
  if (n < length) return;
  memset(dst + random_below(n - length + 1), random_one_in(2) ? ' ' : '\t', length);
}

static void write_piece(struct writing *w, enum input_kind kind) {
  switch (kind) {
  case INPUT_RICH:
    write_rich(w);
    break;
  case INPUT_MAIL:
  case INPUT_MAIL_SPOILT:
    write_mail_line(w);
    break;
  case INPUT_LONG:
    write_long_line(w);
    break;
  case INPUT_UTF8:
    write_utf8(w);
    if (random_one_in(20)) write_text(w, "\r\n");
    break;
  case INPUT_BASE64:
  case INPUT_BASE64_BAD:
    write_base64(w);
    break;
  case INPUT_QP:
  case INPUT_QP_BAD:
    write_qp_line(w);
    break;
  case INPUT_DOTS:
    write_dots(w);
    break;
  default:
    write_octet(w, (uint8_t)random_u32());
  }
}

void make_input(uint8_t *dst, size_t n, enum input_kind kind) {
  struct writing w = {dst, n, 0};
  if (kind == INPUT_ONE) {
    if (n) memset(dst, "\r\n. =\tA\xE2\x00\xFF"[random_below(10)], n);
    return;
  }
  while (!full(&w)) write_piece(&w, kind);
  if (kind == INPUT_MAIL_SPOILT || kind == INPUT_QP_BAD) spoil_input(dst, n, NULL, 0);
  if (kind == INPUT_QP_BAD && random_one_in(3)) write_blank_run(dst, n);
  if (kind == INPUT_BASE64_BAD) spoil_input(dst, n, TEXT("== \t-_+/\r\n.!\x00\xFF=A*"));
}

/* ---- Subjects ---- */

static cte_result base64_encode_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_base64_encode(src, n, dst, cap, options);
}

static cte_status base64_encode_set_up(cte_stream *s, const void *options) {
  return cte_stream_base64_encode(s, options);
}

static void base64_encode_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_base64_encode(o, src, n, options);
}

static size_t base64_encode_bound(size_t n, const void *options) {
  return cte_base64_encoded_size(n, options);
}

const struct subject base64_encode_subject = {"base64 encode",
                                              sizeof(cte_base64_encode_options),
                                              base64_encode_one_shot,
                                              base64_encode_set_up,
                                              base64_encode_reference,
                                              base64_encode_bound,
                                              NULL};

static cte_result base64_decode_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_base64_decode(src, n, dst, cap, options);
}

static cte_status base64_decode_set_up(cte_stream *s, const void *options) {
  return cte_stream_base64_decode(s, options);
}

static void base64_decode_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_base64_decode(o, src, n, options);
}

static size_t base64_decode_bound(size_t n, const void *options) {
  return cte_base64_decoded_bound(n, options);
}

static bool base64_decode_in_place(const void *options) {
  (void)options;
  return true;
}

const struct subject base64_decode_subject = {"base64 decode",         sizeof(cte_base64_decode_options),
                                              base64_decode_one_shot,  base64_decode_set_up,
                                              base64_decode_reference, base64_decode_bound,
                                              base64_decode_in_place};

static cte_result qp_encode_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_qp_encode(src, n, dst, cap, options);
}

static cte_status qp_encode_set_up(cte_stream *s, const void *options) {
  return cte_stream_qp_encode(s, options);
}

static void qp_encode_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_qp_encode(o, src, n, options);
}

static size_t qp_encode_bound(size_t n, const void *options) {
  return cte_qp_encoded_bound(n, options);
}

const struct subject qp_encode_subject = {
    "qp encode", sizeof(cte_qp_encode_options), qp_encode_one_shot, qp_encode_set_up, qp_encode_reference, qp_encode_bound,
    NULL};

static cte_result qp_decode_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_qp_decode(src, n, dst, cap, options);
}

static cte_status qp_decode_set_up(cte_stream *s, const void *options) {
  return cte_stream_qp_decode(s, options);
}

static void qp_decode_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_qp_decode(o, src, n, options);
}

static size_t qp_decode_bound(size_t n, const void *options) {
  return cte_qp_decoded_bound(n, options);
}

static bool qp_decode_in_place(const void *options) {
  return ((const cte_qp_decode_options *)options)->line_end != CTE_QP_LINE_END_CRLF;
}

const struct subject qp_decode_subject = {"qp decode",       sizeof(cte_qp_decode_options), qp_decode_one_shot,
                                          qp_decode_set_up,  qp_decode_reference,           qp_decode_bound,
                                          qp_decode_in_place};

static cte_result smtp_write_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_smtp_write(src, n, dst, cap, options);
}

static cte_status smtp_write_set_up(cte_stream *s, const void *options) {
  return cte_stream_smtp_write(s, options);
}

static void smtp_write_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_smtp_write(o, src, n, options);
}

static size_t smtp_write_bound(size_t n, const void *options) {
  return cte_smtp_write_bound(n, options);
}

const struct subject smtp_write_subject = {
    "smtp write", sizeof(cte_smtp_options), smtp_write_one_shot, smtp_write_set_up, smtp_write_reference, smtp_write_bound,
    NULL};

static cte_result smtp_read_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  return cte_smtp_read(src, n, dst, cap, options);
}

static cte_status smtp_read_set_up(cte_stream *s, const void *options) {
  return cte_stream_smtp_read(s, options);
}

static void smtp_read_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_smtp_read(o, src, n, options);
}

static size_t smtp_read_bound(size_t n, const void *options) {
  return cte_smtp_read_bound(n, options);
}

const struct subject smtp_read_subject = {
    "smtp read", sizeof(cte_smtp_options), smtp_read_one_shot, smtp_read_set_up, smtp_read_reference, smtp_read_bound, NULL};

/* Its options are one uint32_t, `allowed`. */
static cte_result lines_check_one_shot(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  (void)dst, (void)cap;
  return cte_lines_check(src, n, *(const uint32_t *)options);
}

static cte_status lines_check_set_up(cte_stream *s, const void *options) {
  return cte_stream_lines_check(s, *(const uint32_t *)options);
}

static void lines_check_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_lines_check(o, src, n, *(const uint32_t *)options);
}

static size_t lines_check_bound(size_t n, const void *options) {
  (void)n, (void)options;
  return 0;
}

const struct subject lines_check_subject = {
    "lines check", sizeof(uint32_t), lines_check_one_shot, lines_check_set_up, lines_check_reference, lines_check_bound,
    NULL};

/* ---- Reports ---- */

/* What a failing check was about; set by the checks below. */
static struct {
  const struct subject *subject;
  const void *options;
  const char *how;
} about;

static void dump(const char *name, const uint8_t *data, size_t n) {
  print_error("%s, %zu octets: \"", name, n);
  for (size_t i = 0; i < n && i < 3000; i++) {
    if (data[i] > 32 && data[i] < 127 && data[i] != '"' && data[i] != '\\')
      print_error("%c", data[i]);
    else
      print_error("\\x%02X\"\"", data[i]);
  }
  print_error("\"%s\n", n > 3000 ? " ..." : "");
}

static void dump_outcome(const char *name, const struct outcome *o) {
  print_error("%s: status %d (%s), anomalies %#x, read %llu, error offset %lld, verdict %d\n", name, o->status,
              cte_status_text(o->status), o->anomalies, (unsigned long long)o->read, (long long)o->error_offset, o->verdict);
  for (unsigned i = 0; i < REF_KINDS; i++)
    if (o->first[i] != CTE_NO_OFFSET)
      print_error("  %s at %llu\n", cte_anomaly_text(UINT32_C(1) << i), (unsigned long long)o->first[i]);
}

/* Where two strings of octets part, with what stands there. */
static void dump_difference(const struct outcome *got, const struct outcome *expected) {
  size_t i = 0;
  while (i < got->size && i < expected->size && got->data[i] == expected->data[i]) i++;
  if (i == got->size && i == expected->size) return;
  size_t from = i > 100 ? i - 100 : 0;
  print_error("output differs at %zu of %zu and %zu\n", i, got->size, expected->size);
  dump("got      from there - 100", got->data + from, got->size - from < 200 ? got->size - from : 200);
  dump("expected from there - 100", expected->data + from, expected->size - from < 200 ? expected->size - from : 200);
}

static void report(const char *what, const uint8_t *src, size_t n) {
  print_error("%s: %s: %s\n", about.subject->name, about.how, what);
  dump("options", about.options, about.options ? about.subject->options_size : 0);
  dump("input", src, n);
}

static bool same_octets(const struct outcome *a, const struct outcome *b) {
  return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

void check_same(const char *what, const struct subject *subject, const uint8_t *src, size_t n, const struct outcome *got,
                const struct outcome *expected) {
  bool same = got->status == expected->status && got->anomalies == expected->anomalies && got->read == expected->read &&
              got->error_offset == expected->error_offset && got->verdict == expected->verdict &&
              memcmp(got->first, expected->first, sizeof got->first) == 0 && same_octets(got, expected);
  if (same) return;
  about.subject = subject;
  report(what, src, n);
  dump_outcome("got     ", got);
  dump_outcome("expected", expected);
  dump_difference(got, expected);
  fail_msg("%s: the outcome differs", subject->name);
}

/* ---- Streams ---- */

/* `out` has as many octets more to take as outcome o has. */
static void append(struct outcome *o, const uint8_t *data, size_t n) {
  if (o->room < o->size + n) {
    o->room = 2 * (o->size + n) + 256;
    o->data = realloc(o->data, o->room);
    if (!o->data) abort();
  }
  if (n) memcpy(o->data + o->size, data, n);
  o->size += n;
}

static size_t current_row;

static size_t pick_room(const struct feeding *feeding) {
  if (feeding->room) return feeding->room;
  static const size_t rooms[] = {0, 1, 2, 3, 5, 63, 64, 65, 100, 300, 5000};
  return random_one_in(3) ? 1 + random_below(200) : rooms[random_below(COUNT(rooms))];
}

/* One run: the stream, what came out, and the place in the input. */
struct run {
  cte_stream places[2];
  size_t place;
  const struct subject *subject;
  const struct feeding *feeding;
  const uint8_t *src;
  size_t n;
  struct outcome *got;
};

static void run_fail(const struct run *run, const char *what) {
  about.subject = run->subject;
  report(what, run->src, run->n);
  for (size_t i = 0; i < run->feeding->cut_count; i++) print_error("cut %zu\n", run->feeding->cuts[i]);
  print_error("room %zu\n", run->feeding->room);
  fail_msg("%s: %s", run->subject->name, what);
}

static void disturb(struct run *run) {
  if (run->feeding->copied) {
    memcpy(&run->places[1 - run->place], &run->places[run->place], sizeof(cte_stream));
    memset(&run->places[run->place], 0xAA, sizeof(cte_stream));
    run->place = 1 - run->place;
  }
  if (run->feeding->rows_mixed) rows_select(random_below(rows_count()));
}

/* One call of update (in not NULL) or finish, with room against a guard page. */
static int32_t call(struct run *run, cte_input *in) {
  size_t room = pick_room(run->feeding), was = in ? in->pos : 0;
  cte_output out = {guarded(room, run->feeding->tail), room, 0};
  disturb(run);
  cte_stream *s = &run->places[run->place];
  int32_t status = in ? cte_stream_update(s, in, &out) : cte_stream_finish(s, &out);
  if (out.pos > out.size || (in && in->pos > in->size)) run_fail(run, "a position past the end");
  append(run->got, out.data, out.pos);
  if (status == CTE_MORE_OUTPUT && out.pos < out.size) run_fail(run, "CTE_MORE_OUTPUT, but there was room");
  if (in && status == CTE_OK && in->pos < in->size) run_fail(run, "CTE_OK, but input is left");
  if (in && status >= CTE_OK && in->pos < was) run_fail(run, "the input went back");
  return status;
}

/* Where in.pos has to be after an error: `from` is the chunk's offset, `was` where the position was. */
static void check_error_position(const struct run *run, const cte_input *in, size_t from, size_t was) {
  uint64_t offset = cte_stream_error_offset(&run->places[run->place]);
  bool here = offset >= from + was && offset <= from + in->size;
  bool right = here ? in->pos == offset - from : in->pos == was || (offset >= from && in->pos == offset - from);
  if (!right) run_fail(run, "in.pos is not at the offending octet");
}

/* Feeds src[from..to). */
static int32_t feed(struct run *run, size_t from, size_t to, size_t *end) {
  cte_input in = {guarded_copy(run->src + from, to - from, run->feeding->tail), to - from, 0};
  if (to == from && random_one_in(2)) in.data = NULL;
  int32_t status;
  bool used_up = false;
  do {
    /* The slots go round: a copy for each call. */
    if (to > from) in.data = guarded_copy(run->src + from, to - from, run->feeding->tail);
    size_t was = in.pos;
    status = call(run, &in);
    if (status < CTE_OK) check_error_position(run, &in, from, was);
    /* Only an end or an error that waits for room may come after all input was consumed. */
    if (status == CTE_OK && used_up) run_fail(run, "CTE_MORE_OUTPUT, but all input was consumed");
    used_up = status == CTE_MORE_OUTPUT && in.pos == in.size;
  } while (status == CTE_MORE_OUTPUT);
  *end = from + in.pos;
  return status;
}

/* After the end: what later calls say. */
static void check_after(struct run *run, int32_t status, bool finished) {
  cte_stream *s = &run->places[run->place];
  uint8_t octet[] = "A", room[8];
  cte_input in = {octet, 1, 0};
  cte_output out = {room, sizeof room, 0};
  int32_t expected = status < CTE_OK ? status : finished ? CTE_ERROR_STATE : CTE_END;
  if (cte_stream_update(s, &in, &out) != expected) run_fail(run, "a later update gives something else");
  if (in.pos != 0 || out.pos != 0) run_fail(run, "a later update does something");
  if (status == CTE_OK) return; /* update has made it an error of state */
  if (cte_stream_finish(s, &out) != (status < CTE_OK ? status : CTE_OK))
    run_fail(run, "a later finish gives something else");
  if (out.pos != 0) run_fail(run, "a later finish does something");
}

static void take_report(struct run *run, int32_t status, size_t read) {
  const cte_stream *s = &run->places[run->place];
  struct outcome *got = run->got;
  got->status = status;
  got->anomalies = cte_stream_anomalies(s);
  for (unsigned i = 0; i < REF_KINDS; i++) got->first[i] = cte_stream_first_anomaly(s, UINT32_C(1) << i);
  got->error_offset = cte_stream_error_offset(s);
  got->verdict = cte_stream_verdict(s);
  got->read = status < CTE_OK ? got->error_offset : read;
}

void run_stream(struct outcome *got, const struct subject *subject, const void *options, const uint8_t *src, size_t n,
                const struct feeding *feeding) {
  struct run run = {.subject = subject, .feeding = feeding, .src = src, .n = n, .got = got};
  about.options = options;
  about.how = "stream";
  outcome_reset(got);
  if (subject->set_up(&run.places[0], options) != CTE_OK) run_fail(&run, "the set-up fails");
  int32_t status = CTE_OK;
  size_t end = 0;
  bool finished = false;
  for (size_t from = 0, i = 0; i <= feeding->cut_count && status == CTE_OK; i++) {
    size_t to = i < feeding->cut_count ? feeding->cuts[i] : n;
    status = feed(&run, from, to, &end);
    from = to;
  }
  if (status == CTE_OK) {
    finished = true;
    do status = call(&run, NULL);
    while (status == CTE_MORE_OUTPUT);
    if (status == CTE_OK && call(&run, NULL) != CTE_OK) run_fail(&run, "a second finish is not CTE_OK");
  }
  take_report(&run, status, end);
  check_after(&run, status, finished);
  if (feeding->rows_mixed) rows_select(current_row);
}

/* Runs and compares. */
static void check_stream(const struct subject *subject, const void *options, const uint8_t *src, size_t n,
                         const struct feeding *feeding, const struct outcome *expected) {
  static struct outcome got;
  run_stream(&got, subject, options, src, n, feeding);
  char what[100];
  snprintf(what, sizeof what, "row %s, %zu cuts, the first at %zu, room %zu", rows_name(current_row), feeding->cut_count,
           feeding->cut_count ? feeding->cuts[0] : 0, feeding->room);
  check_same(what, subject, src, n, &got, expected);
}

static void check_cuts_in_two(const struct subject *subject, const void *options, const uint8_t *src, size_t n,
                              const struct outcome *expected) {
  for (size_t cut = 0; cut <= n; cut++)
    for (size_t k = 0; k < 3; k++) {
      static const size_t rooms[] = {1, 0, 4096};
      struct feeding feeding = {.cuts = &cut, .cut_count = 1, .room = rooms[k], .tail = (cut + k) & 1, .copied = k == 1};
      check_stream(subject, options, src, n, &feeding, expected);
    }
}

void check_every_cut(const struct subject *subject, const void *options, const uint8_t *src, size_t n) {
  static struct outcome expected;
  subject->reference(&expected, src, n, options);
  check_cuts_in_two(subject, options, src, n, &expected);
}

/* Ascending random cuts in *cuts, for pieces of `most` octets at most. */
static size_t random_cuts(size_t **cuts, size_t n, size_t most) {
  *cuts = malloc((n + 2) * sizeof **cuts);
  if (!*cuts) abort();
  size_t count = 0;
  for (size_t at = random_below(most + 1); at <= n && count < n + 2; at += random_one_in(20) ? 0 : 1 + random_below(most))
    (*cuts)[count++] = at;
  return count;
}

void check_random_cuts(const struct subject *subject, const void *options, const uint8_t *src, size_t n, size_t times) {
  static struct outcome expected;
  subject->reference(&expected, src, n, options);
  static const size_t mosts[] = {3, 100, 1500, 70000};
  for (size_t i = 0; i < times; i++) {
    size_t *cuts, most = mosts[n > 20000 ? 2 + random_below(2) : random_below(3)];
    struct feeding feeding = {.room = n > 20000 ? 1 + random_below(100000) : random_below(3), .tail = random_one_in(2)};
    if (n <= 20000 && feeding.room == 2) feeding.room = 20000;
    feeding.cut_count = random_cuts(&cuts, n, most);
    feeding.cuts = cuts;
    feeding.rows_mixed = random_one_in(4);
    feeding.copied = random_one_in(4);
    check_stream(subject, options, src, n, &feeding, &expected);
    free(cuts);
  }
}

/* ---- One-shot ---- */

static void fail_result(const char *what, const uint8_t *src, size_t n, size_t cap, cte_result got,
                        const struct outcome *expected, const uint8_t *dst) {
  report(what, src, n);
  print_error("row %s, cap %zu, got status %d (%s), anomalies %#x, read %zu, written %zu, first anomaly %lld\n",
              rows_name(current_row), cap, got.status, cte_status_text(got.status), got.anomalies, got.read, got.written,
              (long long)got.first_anomaly);
  dump_outcome("expected", expected);
  struct outcome shown = {.data = (uint8_t *)(uintptr_t)dst, .size = got.written <= cap ? got.written : 0};
  dump_difference(&shown, expected);
  fail_msg("%s: %s: %s", about.subject->name, about.how, what);
}

/* The result of a call that had room. */
static void check_result(const uint8_t *src, size_t n, size_t cap, cte_result got, const struct outcome *expected,
                         const uint8_t *dst) {
  uint64_t first = outcome_first(expected);
  bool same = got.status == expected->status && got.anomalies == expected->anomalies && got.read == expected->read &&
              got.written == expected->size && got.first_anomaly == (first == CTE_NO_OFFSET ? SIZE_MAX : (size_t)first);
  if (same && got.written) same = memcmp(dst, expected->data, got.written) == 0;
  if (!same) fail_result("the result differs", src, n, cap, got, expected, dst);
}

/* The result of a call that had not. */
static void check_short_result(const uint8_t *src, size_t n, size_t cap, cte_result got, const struct outcome *expected,
                               const uint8_t *dst) {
  bool right = got.status == CTE_MORE_OUTPUT && got.written <= cap && got.read <= n && got.written + 64 > cap;
  /* What was met must have been read. */
  if (got.first_anomaly != SIZE_MAX && got.first_anomaly >= got.read) right = false;
  /* An error may lie before what was met already (trailing bits): its anomalies are fewer. */
  if (expected->status >= CTE_OK && got.anomalies & ~expected->anomalies) right = false;
  if (right && got.written) right = memcmp(dst, expected->data, got.written) == 0;
  if (!right) fail_result("too little room", src, n, cap, got, expected, dst);
}

static void check_with_cap(const struct subject *subject, const void *options, const uint8_t *src, size_t n, size_t cap,
                           bool tail, const struct outcome *expected) {
  size_t after = tail ? 0 : 64;
  uint8_t *s = guarded_copy(src, n, tail), *d = guarded(cap + after, tail);
  memset(d + cap, 0xA5, after);
  cte_result got = subject->one_shot(n ? s : NULL, n, cap ? d : NULL, cap, options);
  if (cap >= expected->size)
    check_result(src, n, cap, got, expected, d);
  else
    check_short_result(src, n, cap, got, expected, d);
  for (size_t i = 0; i < after; i++)
    if (d[cap + i] != 0xA5) fail_result("written past the room", src, n, cap, got, expected, d);
  if (n && memcmp(s, src, n) != 0) fail_result("the source was changed", src, n, cap, got, expected, d);
}

static void check_in_place(const struct subject *subject, const void *options, const uint8_t *src, size_t n, size_t cap,
                           bool tail, const struct outcome *expected) {
  uint8_t *both = guarded_copy(src, n, tail);
  cte_result got = subject->one_shot(both, n, both, cap, options);
  check_result(src, n, cap, got, expected, both);
  if (n > got.read && memcmp(both + got.read, src + got.read, n - got.read) != 0)
    fail_result("src[read..n) was changed", src, n, cap, got, expected, both);
}

static void check_one_shot_expected(const struct subject *subject, const void *options, const uint8_t *src, size_t n,
                                    const struct outcome *expected) {
  about.subject = subject;
  about.options = options;
  about.how = "one-shot";
  size_t bound = subject->bound(n, options);
  if (bound < expected->size) {
    report("the bound is too small", src, n);
    fail_msg("%s: bound %zu, written %zu", subject->name, bound, expected->size);
  }
  for (int tail = 0; tail < 2; tail++) {
    check_with_cap(subject, options, src, n, expected->size, tail, expected);
    if (expected->size) check_with_cap(subject, options, src, n, expected->size - 1, tail, expected);
  }
  check_with_cap(subject, options, src, n, bound, random_one_in(2), expected);
  /* Far more room lets kernels write ahead. */
  check_with_cap(subject, options, src, n, bound + n + 64, random_one_in(2), expected);
  if (expected->size) check_with_cap(subject, options, src, n, random_below(expected->size), random_one_in(2), expected);
  if (subject->in_place && subject->in_place(options)) {
    about.how = "one-shot in place";
    check_in_place(subject, options, src, n, n, random_one_in(2), expected);
    check_in_place(subject, options, src, n, expected->size, random_one_in(2), expected);
  }
}

void check_one_shot(const struct subject *subject, const void *options, const uint8_t *src, size_t n) {
  static struct outcome expected;
  subject->reference(&expected, src, n, options);
  check_one_shot_expected(subject, options, src, n, &expected);
}

/* ---- Cases written out by hand ---- */

static void take_expectation(struct outcome *o, const struct expectation *expected) {
  outcome_reset(o);
  append(o, (const uint8_t *)expected->data, expected->size);
  o->status = expected->status;
  o->read = expected->read;
  if (expected->status < CTE_OK) o->error_offset = expected->read;
  for (size_t i = 0; i < COUNT(expected->anomalies) && expected->anomalies[i].kind; i++) {
    o->anomalies |= expected->anomalies[i].kind;
    o->first[ref_kind_number(expected->anomalies[i].kind)] = expected->anomalies[i].offset;
  }
  if (expected->verdict == CTE_OK) return;
  o->verdict = expected->verdict;
  o->anomalies |= CTE_VERDICT_REJECTED;
  if (expected->status >= CTE_OK) o->error_offset = expected->verdict_offset;
}

void check_case(const char *name, const struct subject *subject, const void *options, const char *src, size_t n,
                const struct expectation *expected) {
  static struct outcome wanted, reference;
  const uint8_t *octets = (const uint8_t *)src;
  char what[200];
  snprintf(what, sizeof what, "the reference, case: %s", name);
  take_expectation(&wanted, expected);
  about.options = options;
  about.how = name;
  subject->reference(&reference, octets, n, options);
  check_same(what, subject, octets, n, &reference, &wanted);
  check_one_shot_expected(subject, options, octets, n, &wanted);
  /* Of long inputs every cut is tried on one row: a cut is the codecs' affair. */
  bool every = n <= 300 || (n <= 1100 && strcmp(cte_isa_name(), "scalar") == 0 && fixed_case());
  if (every) check_cuts_in_two(subject, options, octets, n, &wanted);
  check_random_cuts(subject, options, octets, n, 3);
}

/* ---- The random tests ---- */

static const void *nth_options(const struct subject *subject, const void *options, size_t index) {
  return (const uint8_t *)options + index * subject->options_size;
}

static uint8_t input[1 << 20];

static void make_one_of(size_t n, const enum input_kind *kinds, size_t kind_count) {
  make_input(input, n, kinds[random_below(kind_count)]);
}

void test_lengths(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
                  size_t kind_count) {
  random_begin(subject->name);
  for (size_t i = 0; i < count; i++) {
    for (size_t n = 0; n <= 700; n++) {
      if (!chosen()) continue;
      make_one_of(n, kinds, kind_count);
      check_one_shot(subject, nth_options(subject, options, i), input, n);
    }
    for (size_t times = scaled(20); times > 0; times--) {
      size_t n = 700 + random_below(random_one_in(4) ? 12600 : 701);
      make_one_of(n, kinds, kind_count);
      check_one_shot(subject, nth_options(subject, options, i), input, n);
    }
  }
}

void test_cuts(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
               size_t kind_count) {
  random_begin(subject->name);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < kind_count; k++) {
      if (!chosen()) continue;
      size_t n = random_below(random_one_in(3) ? 101 : 30);
      make_input(input, n, kinds[k]);
      check_every_cut(subject, nth_options(subject, options, i), input, n);
    }
}

void test_large(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
                size_t kind_count) {
  random_begin(subject->name);
  for (size_t i = 0; i < count; i++)
    for (size_t times = scaled(4); times > 0; times--) {
      size_t n = random_below(random_one_in(3) ? 13 * 1024 : 3000);
      make_one_of(n, kinds, kind_count);
      check_random_cuts(subject, nth_options(subject, options, i), input, n, 2);
    }
  for (size_t times = scaled(4); times > 0; times--) {
    size_t n = scaled_fixed(sizeof input);
    make_one_of(n, kinds, kind_count);
    const void *some = nth_options(subject, options, random_below(count));
    check_random_cuts(subject, some, input, n, 1);
    check_one_shot(subject, some, input, n);
  }
}

void check_bad_options(const struct subject *subject, const void *options) {
  uint8_t src[4] = "abc", dst[64];
  cte_stream s;
  cte_result got = subject->one_shot(src, 3, dst, sizeof dst, options);
  assert_int_equal(got.status, CTE_ERROR_ARGUMENT);
  assert_int_equal(got.written, 0);
  assert_int_equal(got.read, 0);
  assert_int_equal(got.anomalies, 0);
  assert_true(got.first_anomaly == SIZE_MAX);
  assert_int_equal(subject->set_up(&s, options), CTE_ERROR_ARGUMENT);
  if (subject != &lines_check_subject) assert_true(subject->bound(3, options) == SIZE_MAX);
}

/* ---- The rows ---- */

void row_begin(size_t row) {
  current_row = row;
  rows_select(row);
}

int run_on_every_row(const char *group, const struct CMUnitTest *tests, size_t count) {
  int failed = 0, groups = 0;
  const char *only = getenv("CTE_TEST_ROW");
  for (size_t row = 0; row < rows_count(); row++) {
    char name[100];
    if (only && strcmp(only, rows_name(row)) != 0) continue;
    snprintf(name, sizeof name, "%s on %s", group, rows_name(row));
    row_begin(row);
    failed += _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    groups++;
  }
  return failed != 0 || groups == 0;
}
