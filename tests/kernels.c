/*
 * kernels.c: every row of kernels against src/kernels.h, the scalar row and the reference.
 *
 * The codecs run on a row of the test's own, the relay. It hands one call of a codec (or all) to the row under test, in
 * buffers of the test's choosing: any alignment, guard pages, in place where the codec is. What the kernel reports is
 * checked against the contract and the scalar kernel; then the scalar kernels and the codec go on from where it stopped,
 * and the whole must be what the reference gives. Before its turn the scalar kernels take random parts, so that it is
 * entered at any column.
 *
 * With --bench it times the kernels instead.
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "codec.h"
#include "isa.h"
#include "support.h"

#define BLOCK 64

/* ---- The relay ---- */

enum { EVERY_TURN = 3, CANARY = 64, CANARY_OCTET = 0xA5 };

static struct {
  const struct isa *row;
  unsigned turn, calls;  /* which call is the row's, or EVERY_TURN; calls so far */
  bool tail;             /* the buffers end at a guard page, else they begin at one or at an alignment */
  bool lean;             /* the room is cut by chance */
  size_t src_at, dst_at; /* the alignments, where not at the tail */
} relay;

/* What the failure's message needs. */
static struct {
  const struct subject *subject;
  const void *options;
  const uint8_t *src;
  size_t n;
} about;

static const struct isa *scalar;

static void wrong(const char *what) {
  print_error("%s, row %s: %s\n", about.subject->name, relay.row->name, what);
  print_error("turn %u, tail %d, lean %d, source at %zu, destination at %zu; options:", relay.turn, relay.tail, relay.lean,
              relay.src_at, relay.dst_at);
  for (size_t i = 0; i < about.subject->options_size; i++) print_error(" %02x", ((const uint8_t *)about.options)[i]);
  print_error("\n%zu octets:", about.n);
  for (size_t i = 0; i < about.n && i < 3000; i++) print_error("%s%02x", i % 40 ? "" : "\n  ", about.src[i]);
  print_error("\n");
  fail_msg("%s, row %s: %s", about.subject->name, relay.row->name, what);
}

/* Whether this call is the row's. */
static bool my_turn(void) {
  unsigned call = relay.calls++;
  return relay.turn == EVERY_TURN || call == relay.turn;
}

/* How much of n a scalar call takes: before the row's turn a part. */
static size_t part(size_t n) {
  return relay.turn != EVERY_TURN && relay.calls <= relay.turn ? random_below(n + 1) : n;
}

/* A call's buffers, moved to where the relay wants them. */
struct stage {
  const uint8_t *from; /* the codec's own source */
  uint8_t *src, *dst;
  size_t n, cap;
  bool in_place;
};

static uint8_t *room(size_t n, size_t at) {
  uint8_t *p = relay.tail ? guarded_tail(n) - CANARY : guarded_head(n + at + 2 * (size_t)CANARY) + at;
  memset(p, CANARY_OCTET, CANARY);
  if (!relay.tail) memset(p + CANARY + n, CANARY_OCTET, CANARY);
  return p + CANARY;
}

/* The source begins at a guard page where nothing asks for an alignment. */
static uint8_t *source(const uint8_t *src, size_t n) {
  uint8_t *p = relay.tail ? guarded_tail(n) : guarded_head(n + relay.src_at) + relay.src_at;
  if (n) memcpy(p, src, n);
  return p;
}

static struct stage stage_set(const uint8_t *src, size_t n, const uint8_t *dst, size_t cap) {
  uintptr_t s = (uintptr_t)src, d = (uintptr_t)dst;
  struct stage stage = {.from = src, .n = n, .cap = cap, .in_place = d <= s && s < d + cap};
  if (relay.lean) stage.cap = random_below(cap + 1);
  if (stage.in_place) {
    size_t gap = (size_t)(s - d);
    if (stage.cap > gap + n) stage.cap = gap + n;
    stage.dst = room(gap + n, relay.dst_at);
    memcpy(stage.dst, dst, gap + n);
    stage.src = stage.dst + gap;
  } else {
    stage.dst = room(stage.cap, relay.dst_at);
    stage.src = source(src, n);
  }
  return stage;
}

static void check_canaries(const uint8_t *p, size_t n) {
  for (size_t i = 0; i < CANARY; i++)
    if ((p - CANARY)[i] != CANARY_OCTET) wrong("written before the room");
  for (size_t i = 0; i < CANARY && !relay.tail; i++)
    if (p[n + i] != CANARY_OCTET) wrong("written past the room");
}

/* The scalar kernel's output for the same call, as far as both went. */
static uint8_t expected_octets[1 << 17];
static size_t expected_room(size_t cap) {
  return cap < sizeof expected_octets ? cap : sizeof expected_octets;
}

/* Checks what a kernel reported, beside what the scalar kernel did, and gives the codec its octets. */
static struct done stage_end(const struct stage *stage, struct done done, struct done other, bool same_carry, uint8_t *dst) {
  if (done.read > stage->n) wrong("read past the source");
  if (done.written > stage->cap) wrong("wrote more than the room");
  size_t kept = stage->in_place ? done.read : 0;
  if (stage->n > kept && memcmp(stage->src + kept, stage->from + kept, stage->n - kept) != 0) wrong("changed the source");
  check_canaries(stage->dst, stage->in_place ? (size_t)(stage->src - stage->dst) + stage->n : stage->cap);
  size_t both = done.written < other.written ? done.written : other.written;
  if (both && memcmp(stage->dst, expected_octets, both) != 0) wrong("the octets are not the scalar kernel's");
  if (done.read == other.read && done.written != other.written) wrong("the scalar kernel writes another number for them");
  if (done.read == other.read && !same_carry) wrong("the carry is not the scalar kernel's");
  if (done.written) memcpy(dst, stage->dst, done.written);
  return done;
}

static struct done relay_base64_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_encode_params *params, uint64_t *column) {
  if (!my_turn()) return scalar->base64->encode(src, part(n), dst, cap, params, column);
  uint64_t other = *column;
  struct done by = scalar->base64->encode(src, n, expected_octets, expected_room(cap), params, &other);
  struct stage s = stage_set(src, n, dst, cap);
  struct done done = relay.row->base64->encode(s.src, s.n, s.dst, s.cap, params, column);
  return stage_end(&s, done, by, *column == other, dst);
}

static struct done relay_base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_decode_params *params, struct base64_carry *carry) {
  if (!my_turn()) return scalar->base64->decode(src, part(n), dst, cap, params, carry);
  struct base64_carry other = *carry;
  struct done by = scalar->base64->decode(src, n, expected_octets, expected_room(cap), params, &other);
  struct stage s = stage_set(src, n, dst, cap);
  struct done done = relay.row->base64->decode(s.src, s.n, s.dst, s.cap, params, carry);
  return stage_end(&s, done, by, carry->column == other.column, dst);
}

/* A kernel of a line, in just the room that it needs; it does all or nothing. */
typedef size_t line_kernel(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet);

static size_t relay_line(line_kernel *kernel, line_kernel *other, size_t n, size_t cap, const uint8_t *src, size_t quanta,
                         uint8_t *dst, unsigned alphabet) {
  if (quanta < LINE_QUANTA_LEAST || quanta > LINE_QUANTA_MOST) wrong("not a line");
  if (!my_turn()) return other(src, quanta, dst, alphabet);
  const bool lean = relay.lean;
  relay.lean = false;
  struct stage s = stage_set(src, n, dst, cap);
  relay.lean = lean;
  if (!s.in_place) memset(s.dst, CANARY_OCTET, cap);
  const size_t by = other(src, quanta, expected_octets, alphabet), written = kernel(s.src, quanta, s.dst, alphabet);
  if (written != by || (written != 0 && written != cap)) wrong("the scalar kernel writes another number");
  for (size_t i = 0; i < cap && written == 0 && !s.in_place; i++)
    if (s.dst[i] != CANARY_OCTET) wrong("nothing was to be written");
  stage_end(&s, (struct done){written ? n : 0, written}, (struct done){by ? n : 0, by}, true, dst);
  return written;
}

static size_t relay_encode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return relay_line(relay.row->base64->encode_line, scalar->base64->encode_line, 3 * quanta, 4 * quanta, src, quanta, dst,
                    alphabet);
}

static size_t relay_decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return relay_line(relay.row->base64->decode_line, scalar->base64->decode_line, 4 * quanta, 3 * quanta, src, quanta, dst,
                    alphabet);
}

static struct done relay_qp_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                   const struct qp_encode_params *params, uint32_t *column) {
  if (!my_turn()) return scalar->qp->encode(src, part(n), dst, cap, params, column);
  uint32_t other = *column;
  struct done by = scalar->qp->encode(src, n, expected_octets, expected_room(cap), params, &other);
  struct stage s = stage_set(src, n, dst, cap);
  struct done done = relay.row->qp->encode(s.src, s.n, s.dst, s.cap, params, column);
  return stage_end(&s, done, by, *column == other, dst);
}

static struct done relay_qp_size(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  if (!my_turn()) return scalar->qp->size(src, part(n), params, column);
  uint32_t other = *column;
  struct done by = scalar->qp->size(src, n, params, &other), done;
  const uint8_t *copy = source(src, n);
  done = relay.row->qp->size(copy, n, params, column);
  if (done.read > n) wrong("read past the source");
  if (done.read == by.read && (done.written != by.written || *column != other)) wrong("the scalar kernel counts otherwise");
  return done;
}

static struct done relay_qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                   const struct qp_decode_params *params, uint64_t *column) {
  if (!my_turn()) return scalar->qp->decode(src, part(n), dst, cap, params, column);
  uint64_t other = *column;
  struct done by = scalar->qp->decode(src, n, expected_octets, expected_room(cap), params, &other);
  struct stage s = stage_set(src, n, dst, cap);
  struct done done = relay.row->qp->decode(s.src, s.n, s.dst, s.cap, params, column);
  return stage_end(&s, done, by, *column == other, dst);
}

static size_t relay_check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  if (!my_turn()) return scalar->lines->check(src, part(n), forbid, carry);
  struct lines_carry other = *carry;
  size_t by = scalar->lines->check(src, n, forbid, &other);
  size_t read = relay.row->lines->check(source(src, n), n, forbid, carry);
  if (read > n) wrong("read past the source");
  if (read == by && carry->column != other.column) wrong("the carry is not the scalar kernel's");
  return read;
}

static bool same_counts(const struct line_counts *a, const struct line_counts *b) {
  return a->offset == b->offset && a->lines == b->lines && a->longest == b->longest && a->crlf == b->crlf &&
         a->column == b->column && memcmp(a->count, b->count, sizeof a->count) == 0 &&
         memcmp(a->first, b->first, sizeof a->first) == 0;
}

static size_t relay_count(const uint8_t *src, size_t n, struct line_counts *counts) {
  if (!my_turn()) return scalar->lines->count(src, part(n), counts);
  struct line_counts other = *counts;
  size_t by = scalar->lines->count(src, n, &other);
  size_t read = relay.row->lines->count(source(src, n), n, counts);
  if (read > n) wrong("read past the source");
  if (read == by && !same_counts(counts, &other)) wrong("the counts are not the scalar kernel's");
  return read;
}

typedef struct done dots_kernel(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                                struct dots_carry *carry);

static struct done relay_dots(dots_kernel *tested, dots_kernel *sure, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                              const struct dots_params *params, struct dots_carry *carry) {
  if (!my_turn()) return sure(src, part(n), dst, cap, params, carry);
  struct dots_carry other = *carry;
  struct done by = sure(src, n, expected_octets, expected_room(cap), params, &other);
  struct stage s = stage_set(src, n, dst, cap);
  struct done done = tested(s.src, s.n, s.dst, s.cap, params, carry);
  return stage_end(&s, done, by, carry->column == other.column && carry->start == other.start, dst);
}

static struct done relay_write(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                               struct dots_carry *carry) {
  return relay_dots(relay.row->dots->write, scalar->dots->write, src, n, dst, cap, params, carry);
}

static struct done relay_read(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                              struct dots_carry *carry) {
  return relay_dots(relay.row->dots->read, scalar->dots->read, src, n, dst, cap, params, carry);
}

static size_t relay_next(const uint8_t *src, size_t n, uint32_t *state) {
  if (!my_turn()) return scalar->dots->next(src, part(n), state);
  uint32_t other = *state;
  size_t by = scalar->dots->next(src, n, &other);
  size_t at = relay.row->dots->next(source(src, n), n, state);
  if (at > n) wrong("read past the source");
  if (at == by && *state != other) wrong("the state is not the scalar kernel's");
  return at;
}

static bool always(void) {
  return true;
}

static const struct base64_kernels relay_base64 = {relay_base64_encode, relay_base64_decode, relay_encode_line,
                                                   relay_decode_line};
static const struct qp_kernels relay_qp = {relay_qp_encode, relay_qp_size, relay_qp_decode};
static const struct lines_kernels relay_lines = {relay_check, relay_count};
static const struct dots_kernels relay_dots_kernels = {relay_write, relay_read, relay_next};
static const struct isa relay_row = {.name = "relay",
                                     .supported = always,
                                     .base64 = &relay_base64,
                                     .qp = &relay_qp,
                                     .lines = &relay_lines,
                                     .dots = &relay_dots_kernels};

/* The usable rows, the scalar one too. */
static const struct isa *rows[8];
static size_t row_count;

/* Those usable here, or CTE_TEST_ROW alone and the scalar one, beside which it is set. */
static void find_rows(void) {
  const char *const only = getenv("CTE_TEST_ROW"), *name;
  int usable;
  for (size_t i = 0; (name = cte_isa_list(i, &usable)) != NULL && row_count < COUNT(rows); i++) {
    if (!usable || (only && strcmp(name, only) != 0 && strcmp(name, "scalar") != 0)) continue;
    if (cte_isa_select(name) != CTE_OK) abort();
    rows[row_count++] = cte_isa();
  }
  scalar = rows[row_count - 1];
}

/* ---- Subjects for the kernels that no codec of support.h drives ---- */

static cte_result wrote(size_t n, size_t size) {
  return (cte_result){.read = n, .written = size, .first_anomaly = SIZE_MAX};
}

static void give(struct outcome *o, size_t n, const void *data, size_t size) {
  outcome_reset(o);
  o->data = realloc(o->data, size > o->room ? size : o->room + 1);
  if (!o->data) abort();
  if (size > o->room) o->room = size;
  memcpy(o->data, data, size);
  o->size = size;
  o->read = n;
}

/* cte_qp_encoded_size's number is the output. */
static cte_result qp_size(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  uint64_t size = cte_qp_encoded_size(src, n, options);
  (void)cap;
  memcpy(dst, &size, sizeof size);
  return wrote(n, sizeof size);
}

static void qp_size_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  ref_qp_encode(o, src, n, options);
  uint64_t size = o->size;
  give(o, n, &size, sizeof size);
}

struct statistics {
  uint64_t octets, lines, longest, crlf, count[CTE_LINES_KINDS], first[CTE_LINES_KINDS], unterminated;
};

static struct statistics statistics_of(const cte_lines *lines) {
  struct statistics s = {.octets = lines->octets, .lines = lines->lines, .longest = lines->longest, .crlf = lines->crlf};
  memcpy(s.count, lines->count, sizeof s.count);
  memcpy(s.first, lines->first, sizeof s.first);
  s.unterminated = lines->unterminated;
  return s;
}

static cte_result count_lines(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  cte_lines lines;
  (void)cap, (void)options;
  cte_lines_init(&lines);
  cte_lines_update(&lines, src, n);
  cte_lines_finish(&lines);
  struct statistics s = statistics_of(&lines);
  memcpy(dst, &s, sizeof s);
  return wrote(n, sizeof s);
}

static void count_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  cte_lines lines;
  (void)options;
  ref_lines(&lines, src, n);
  struct statistics s = statistics_of(&lines);
  give(o, n, &s, sizeof s);
}

/* Stuffs by cte_dots_next. */
static cte_result stuff(const void *src, size_t n, void *dst, size_t cap, const void *options) {
  const uint8_t *octets = src;
  uint8_t *out = dst;
  uint32_t dots = 0;
  size_t from = 0, written = 0;
  (void)options;
  while (from < n) {
    size_t length = cte_dots_next(octets + from, n - from, &dots);
    if (length > n - from || written + length + 1 > cap) return (cte_result){.status = CTE_MORE_OUTPUT};
    memcpy(out + written, octets + from, length);
    written += length;
    from += length;
    if (from < n) out[written++] = '.';
  }
  return wrote(n, written);
}

static void stuff_reference(struct outcome *o, const uint8_t *src, size_t n, const void *options) {
  (void)options;
  ref_dots(o, src, n);
  o->read = n;
}

static size_t twice(size_t n, const void *options) {
  (void)options;
  return 2 * n + sizeof(struct statistics);
}

static const struct subject qp_size_subject = {
    "qp size", sizeof(cte_qp_encode_options), qp_size, NULL, qp_size_reference, twice, NULL};
static const struct subject count_subject = {"lines count", 0, count_lines, NULL, count_reference, twice, NULL};
static const struct subject stuff_subject = {"dots next", 0, stuff, NULL, stuff_reference, twice, NULL};

/* ---- Every subject with its options and inputs ---- */

#define LEADING (CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES)
#define KEEP    CTE_SMTP_KEEP
#define NORMAL  CTE_SMTP_NORMALIZE
#define SPACE   CTE_SMTP_SPACE

static const cte_base64_encode_options base64_encodings[] = {
    CTE_BASE64_ENCODE_MAIL,
    CTE_BASE64_ENCODE_FLAT,
    {.line_end = CTE_LINE_END_LF},
    {.columns = 60, .line_end = CTE_LINE_END_LF},
    {.columns = 64},
    {.columns = 72},
    {.columns = 75},
    {.columns = 5},
    {.columns = 1},
    {.columns = 1000, .alphabet = CTE_BASE64_URL},
    {.columns = 4},
    {.columns = CTE_COLUMNS_NONE, .alphabet = CTE_BASE64_URL},
};

static const cte_base64_decode_options base64_decodings[] = {
    CTE_BASE64_DECODE_MAIL,
    CTE_BASE64_DECODE_MAIL,
    CTE_BASE64_DECODE_STRICT,
    {.alphabet = CTE_BASE64_URL},
    {.alphabet = CTE_BASE64_EITHER},
    {.line_ends = CTE_BASE64_LINE_ENDS_LF},
    {.line_ends = CTE_BASE64_LINE_ENDS_NONE},
    {.reject = CTE_BASE64_REJECT_STRICT},
    {.reject = CTE_ANOMALY_LINE_OVER_76},
    {.reject = CTE_ANOMALY_WHITE_SPACE, .after_padding = CTE_BASE64_AFTER_PADDING_STOP},
};

static const cte_qp_encode_options qp_encodings[] = {
    CTE_QP_ENCODE_TEXT,
    CTE_QP_ENCODE_TEXT,
    CTE_QP_ENCODE_BINARY,
    {.line_ends = CTE_QP_LINE_ENDS_LF},
    {.line_ends = CTE_QP_LINE_ENDS_EITHER, .line_end = CTE_LINE_END_LF},
    {.line_ends = CTE_QP_LINE_ENDS_KEEP},
    {.line_ends = CTE_QP_LINE_ENDS_LF, .line_end = CTE_LINE_END_LF},
    {.flags = LEADING},
    {.flags = LEADING | CTE_QP_WHOLE_UTF8},
    {.flags = CTE_QP_WHOLE_UTF8},
    {.flags = CTE_QP_SOFT_END, .line_ends = CTE_QP_LINE_ENDS_BINARY},
    {.flags = CTE_QP_ENCODE_EBCDIC | LEADING, .line_ends = CTE_QP_LINE_ENDS_KEEP},
};

static const cte_qp_decode_options qp_decodings[] = {
    CTE_QP_DECODE_MAIL,
    CTE_QP_DECODE_MAIL,
    CTE_QP_DECODE_STRICT,
    {.line_end = CTE_QP_LINE_END_CRLF},
    {.line_end = CTE_QP_LINE_END_LF},
    {.reject = CTE_ANOMALY_TRAILING_WHITE_SPACE},
    {.reject = CTE_ANOMALY_LINE_OVER_76},
    {.reject = CTE_ANOMALY_RAW_8BIT | CTE_ANOMALY_BARE_LF, .line_end = CTE_QP_LINE_END_LF},
};

static const uint32_t allowed[] = {CTE_LINES_ALLOW_7BIT, CTE_LINES_ALLOW_8BIT, CTE_LINES_ALLOW_SMTP,
                                   CTE_LINES_ALLOW_7BIT | CTE_LINES_LF_TEXT, CTE_LINES_ALLOW_8BIT | CTE_LINES_LF_TEXT};

static const cte_smtp_options writings[] = {
    {0},
    {.bare_lf = NORMAL},
    {.bare_lf = NORMAL, .bare_cr = NORMAL, .nul = NORMAL, .long_line = NORMAL},
    {.bare_lf = SPACE, .bare_cr = SPACE, .nul = SPACE, .long_line = KEEP},
    {.bare_lf = NORMAL, .bare_cr = SPACE, .nul = NORMAL, .long_line = KEEP},
    {.bdat = 1, .bare_lf = KEEP, .bare_cr = KEEP, .nul = KEEP, .long_line = KEEP},
};

static const cte_smtp_options readings[] = {
    {0},
    {.bare_lf = NORMAL},
    {.bare_lf = NORMAL, .bare_cr = NORMAL, .nul = NORMAL, .long_line = NORMAL},
    {.bare_lf = SPACE, .bare_cr = SPACE, .nul = SPACE, .long_line = KEEP},
    {.bare_lf = KEEP, .bare_cr = KEEP, .nul = KEEP, .long_line = KEEP},
};

static const uint8_t none[1];

struct row_test {
  const struct subject *subject;
  const void *options;
  size_t option_count;
  enum input_kind kinds[6];
};

#define TESTS(subject, options) &(subject), options, COUNT(options)

enum { ROW_TEST_BASE64_ENCODE, ROW_TEST_BASE64_DECODE }; /* the others by their place alone */

static const struct row_test row_tests[] = {
    {TESTS(base64_encode_subject, base64_encodings),
     {INPUT_RANDOM, INPUT_RANDOM, INPUT_ONE, INPUT_MAIL, INPUT_RANDOM, INPUT_RANDOM}},
    {TESTS(base64_decode_subject, base64_decodings),
     {INPUT_BASE64, INPUT_BASE64, INPUT_BASE64_BAD, INPUT_BASE64_BAD, INPUT_RICH, INPUT_ONE}},
    {TESTS(qp_encode_subject, qp_encodings),
     {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_UTF8, INPUT_LONG, INPUT_RANDOM, INPUT_RICH}},
    {TESTS(qp_size_subject, qp_encodings),
     {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_UTF8, INPUT_LONG, INPUT_RANDOM, INPUT_RICH}},
    {TESTS(qp_decode_subject, qp_decodings), {INPUT_QP, INPUT_QP, INPUT_QP_BAD, INPUT_MAIL, INPUT_RICH, INPUT_ONE}},
    {TESTS(lines_check_subject, allowed), {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_LONG, INPUT_UTF8, INPUT_RICH, INPUT_ONE}},
    {TESTS(count_subject, none), {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_LONG, INPUT_UTF8, INPUT_RICH, INPUT_RANDOM}},
    {TESTS(smtp_write_subject, writings), {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_LONG, INPUT_DOTS, INPUT_RICH, INPUT_DOTS}},
    {TESTS(smtp_read_subject, readings), {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_LONG, INPUT_DOTS, INPUT_RICH, INPUT_DOTS}},
    {TESTS(stuff_subject, none), {INPUT_MAIL, INPUT_MAIL_SPOILT, INPUT_DOTS, INPUT_ONE, INPUT_RICH, INPUT_DOTS}},
};

static uint8_t input[1 << 14], output[1 << 16];
static size_t asked_from = BLOCK; /* octets: a codec given so many asks the kernels of the row that was set */

/* Runs the codec on the relay as it is set. */
static void check_relayed(const uint8_t *src, size_t n, bool in_place, const struct outcome *expected) {
  const struct subject *subject = about.subject;
  relay.calls = 0;
  size_t cap = in_place ? n : subject->bound(n, about.options);
  if (cap > sizeof output) abort();
  if (in_place && n) memcpy(output, src, n);
  cte_result got = subject->one_shot(in_place ? output : src, n, output, cap, about.options);
  uint64_t first = outcome_first(expected);
  if (relay.calls == 0 && n >= asked_from) wrong("the row that was set is not asked");
  if (got.status != expected->status) wrong("another status than the reference's");
  if (got.read != expected->read) wrong("another place than the reference's");
  if (got.anomalies != expected->anomalies) wrong("other anomalies than the reference's");
  if (got.first_anomaly != (first == CTE_NO_OFFSET ? SIZE_MAX : (size_t)first)) wrong("another first anomaly");
  if (got.written != expected->size) wrong("another size than the reference's");
  if (got.written && memcmp(output, expected->data, got.written) != 0) wrong("other octets than the reference's");
}

/* Every row, as it is called first, a time later, and always. `src_at` and `dst_at`: from BLOCK on by chance. */
static void check_rows(const struct row_test *test, size_t option, const uint8_t *src, size_t n, size_t src_at,
                       size_t dst_at) {
  static struct outcome expected;
  about.subject = test->subject;
  about.options = (const uint8_t *)test->options + option * test->subject->options_size;
  about.src = src;
  about.n = n;
  test->subject->reference(&expected, src, n, about.options);
  bool can = test->subject->in_place && test->subject->in_place(about.options);
  cte_isa_set(&relay_row);
  for (size_t i = 0; i < row_count; i++) {
    relay.row = rows[i];
    relay.turn = random_one_in(3) ? EVERY_TURN : random_u32() % EVERY_TURN;
    relay.tail = src_at >= BLOCK && random_one_in(2);
    relay.lean = random_one_in(4);
    relay.src_at = src_at < BLOCK ? src_at : random_one_in(2) ? 0 : random_below(BLOCK);
    relay.dst_at = dst_at < BLOCK ? dst_at : random_below(BLOCK);
    check_relayed(src, n, can && random_one_in(3), &expected);
  }
  cte_isa_set(NULL);
}

static void check_by_chance(const struct row_test *test, size_t n) {
  check_rows(test, random_below(test->option_count), input, n, BLOCK, BLOCK);
}

/* ---- The tests ---- */

/* Every length of 0 to 4 blocks and one more, each of the options. */
static void lengths(void **state) {
  (void)state;
  random_begin("lengths");
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t i = 0; i < row_tests[t].option_count; i++)
      for (size_t n = 0; n <= 4 * BLOCK + 1; n++) {
        if (!fixed_case()) continue;
        make_input(input, n, row_tests[t].kinds[random_below(6)]);
        check_rows(&row_tests[t], i, input, n, BLOCK, BLOCK);
      }
}

/* Of base64 one line, which has kernels of its own: they are those of the row that was set. */
static void one_line(void **state) {
  (void)state;
  random_begin("one_line");
  static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  asked_from = 1;
  for (size_t quanta = LINE_QUANTA_LEAST; quanta <= LINE_QUANTA_MOST; quanta++) {
    make_input(input, 3 * quanta, INPUT_RANDOM);
    check_rows(&row_tests[ROW_TEST_BASE64_ENCODE], 0, input, 3 * quanta, BLOCK, BLOCK);
    for (size_t i = 0; i < 4 * quanta; i++) input[i] = (uint8_t)characters[random_below(64)];
    memcpy(input + 4 * quanta, "\r\n", 2);
    for (size_t end = 0; end <= 2; end += 2)
      check_rows(&row_tests[ROW_TEST_BASE64_DECODE], 0, input, 4 * quanta + end, BLOCK, BLOCK);
  }
  asked_from = BLOCK;
}

/* Every alignment of the source and of the destination. */
static void alignments(void **state) {
  (void)state;
  random_begin("alignments");
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t times = scaled(24); times > 0; times--)
      for (size_t at = 0; at < BLOCK; at++)
        for (int both = 0; both < 2; both++) {
          size_t n = random_below(10 * BLOCK), other = random_below(BLOCK);
          make_input(input, n, row_tests[t].kinds[random_below(6)]);
          check_rows(&row_tests[t], random_below(row_tests[t].option_count), input, n, both ? at : other, both ? other : at);
        }
}

/* What is laid over a block at every place, NUL last. */
static const char *const pieces[] = {
    "\r\n",  "\n",           "\r",       "\r\r\n", "\r\n.",  "\r\n.\r\n", "\n.\n",    ".",   "=",       "==", "===\r\n",
    "=\r\n", "=\n",          "= \t\r\n", " \r\n",  "  ",     " =\r\n ",   "=4",       "=c3", "+",       "-_", "!",
    "\x80",  "\xE4\xBD\xA0", "\x01",     "From ",  "\nFrom", "--",        "\r\n--\r", "=\r", "=4\r\n1", "",   "A=\r\nB"};

/* What the block is made of: nothing to escape, all to escape, escapes, lines, blanks, dots, text. */
static const char *const grounds[] = {"a", "\xE4\xBD\xA0\xE5", "=E4", "Zm9v\r\n", "Zm9vYmFyYmF6Zm9vYmFyYmF6\n", " ",
                                      ".", "word to "};

static void lay(size_t n, const char *ground) {
  size_t length = strlen(ground);
  for (size_t i = 0; i < n; i++) input[i] = (uint8_t)ground[i % length];
}

static void lay_over(size_t n, size_t at, const char *piece) {
  size_t length = *piece ? strlen(piece) : 1;
  memcpy(input + at, piece, length < n - at ? length : n - at);
}

static void pieces_at_every_place(void **state) {
  (void)state;
  random_begin("pieces");
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t p = 0; p < COUNT(pieces); p++)
      for (size_t at = 0; at <= 2 * BLOCK; at++) {
        if (!fixed_case()) continue;
        size_t n = at + 1 + random_below(3 * BLOCK);
        lay(n, grounds[(at + p) % COUNT(grounds)]);
        lay_over(n, at, pieces[p]);
        check_by_chance(&row_tests[t], n);
        lay(n, grounds[random_below(COUNT(grounds))]);
        lay_over(n, at, pieces[p]);
        lay_over(n, random_below(n), pieces[random_below(COUNT(pieces))]);
        check_by_chance(&row_tests[t], n);
      }
}

/* Padding, or the end of the data, at every place of folded base64; the escapes of folded quoted-printable likewise. */
static void ends_at_every_place(void **state) {
  (void)state;
  random_begin("ends");
  static const char *const ends[] = {"=",   "==",   "=\r\n", "==\r\n", "=\r\n=\r\n", "==A",
                                     "=A=", "\r\n", "=4",    "=\r",    " ",          "\r"};
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t n = 0; n <= 4 * BLOCK; n++) {
      if (!fixed_case()) continue;
      const char *end = ends[random_below(COUNT(ends))];
      make_input(input, n, random_one_in(2) ? INPUT_BASE64 : INPUT_QP);
      memcpy(input + n, end, strlen(end));
      check_by_chance(&row_tests[t], n + strlen(end));
    }
}

/* Lines of one length, each of 0 - 1100; the first may be shorter. */
static void lines_of_every_length(void **state) {
  (void)state;
  random_begin("lines");
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t length = 0; length <= 1100; length++) {
      if (!fixed_case()) continue;
      size_t n = length > 200 ? 2 * length + random_below(BLOCK) : 4 * length + random_below(5 * BLOCK);
      const char *end = random_one_in(3) ? "\n" : "\r\n";
      lay(n, grounds[random_one_in(2) ? 0 : random_below(COUNT(grounds))]);
      for (size_t at = random_one_in(3) ? random_below(length + 1) : length; at < n; at += length + strlen(end))
        lay_over(n, at, end);
      check_by_chance(&row_tests[t], n);
    }
}

/* More than the streams' records and the kernels' inner loops. */
static void large(void **state) {
  (void)state;
  random_begin("large");
  for (size_t t = 0; t < COUNT(row_tests); t++)
    for (size_t times = scaled(1000); times > 0; times--) {
      size_t n = random_below(random_one_in(10) ? sizeof input : 3000);
      make_input(input, n, row_tests[t].kinds[random_below(6)]);
      check_by_chance(&row_tests[t], n);
    }
}

/* ---- The bench ---- */

enum { BENCH_SIZE = 65536 };

static uint8_t bench_src[BENCH_SIZE], bench_dst[4 * BENCH_SIZE];
static size_t bench_size;

static size_t bench_flat_encode(const struct isa *row) {
  const struct base64_encode_params params = {UINT64_MAX, 2, ALPHABET_STANDARD};
  uint64_t column = 0;
  return row->base64->encode(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &column).read;
}

static size_t bench_folded_encode(const struct isa *row) {
  const struct base64_encode_params params = {76, 2, ALPHABET_STANDARD};
  uint64_t column = 0;
  return row->base64->encode(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &column).read;
}

static size_t bench_base64_decode(const struct isa *row) {
  const struct base64_decode_params params = {KIND_LINE_OVER_76, ALPHABET_STANDARD, SKIP_CR_LF};
  struct base64_carry carry = {0, 0};
  return row->base64->decode(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &carry).read;
}

static size_t bench_encode_line(const struct isa *row) {
  size_t at = 0;
  for (; bench_size - at >= 57; at += 57) row->base64->encode_line(bench_src + at, 19, bench_dst, ALPHABET_STANDARD);
  return at;
}

static size_t bench_decode_line(const struct isa *row) {
  size_t at = 0;
  while (at < bench_size && row->base64->decode_line(bench_src + at, 19, bench_dst, ALPHABET_STANDARD) == 57) at += 78;
  return at;
}

static size_t bench_qp_encode(const struct isa *row) {
  struct qp_encoder state;
  if (cte_qp_encoder_init(&state, NULL) != CTE_OK) abort();
  return row->qp->encode(bench_src, bench_size, bench_dst, sizeof bench_dst, &state.params, &state.column).read;
}

static size_t bench_qp_size(const struct isa *row) {
  struct qp_encoder state;
  if (cte_qp_encoder_init(&state, NULL) != CTE_OK) abort();
  return row->qp->size(bench_src, bench_size, &state.params, &state.column).read;
}

static size_t bench_qp_decode(const struct isa *row) {
  const struct qp_decode_params params = {0, 0};
  uint64_t column = 0;
  return row->qp->decode(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &column).read;
}

static size_t bench_check(const struct isa *row) {
  struct lines_carry carry = {0};
  return row->lines->check(bench_src, bench_size, KIND_NUL | KIND_BARE_CR | KIND_BARE_LF, &carry);
}

static size_t bench_count(const struct isa *row) {
  struct line_counts counts = {.before = 0x0A0A};
  return row->lines->count(bench_src, bench_size, &counts);
}

static size_t bench_write(const struct isa *row) {
  const struct dots_params params = {0, POLICY_REJECT, POLICY_REJECT, POLICY_REJECT, POLICY_REJECT, false};
  struct dots_carry carry = {0, LINE_START};
  return row->dots->write(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &carry).read;
}

static size_t bench_read(const struct isa *row) {
  const struct dots_params params = {0, POLICY_REJECT, POLICY_REJECT, POLICY_REJECT, POLICY_REJECT, false};
  struct dots_carry carry = {0, LINE_START};
  return row->dots->read(bench_src, bench_size, bench_dst, sizeof bench_dst, &params, &carry).read;
}

static size_t bench_next(const struct isa *row) {
  uint32_t dots = DOTS_START;
  size_t at = 0;
  while (at < bench_size) {
    size_t passed = row->dots->next(bench_src + at, bench_size - at, &dots);
    at += passed ? passed : 1;
    if (!passed) dots = DOTS_MIDDLE;
  }
  return at;
}

/* Fixed data: lines of `line`, repeated. */
static void bench_lay(const char *line) {
  size_t length = strlen(line);
  bench_size = BENCH_SIZE / length * length;
  for (size_t i = 0; i < bench_size; i++) bench_src[i] = (uint8_t)line[i % length];
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The best of several tries, each of about a millisecond, in GB/s of input. */
static double rate(size_t (*run)(const struct isa *), const struct isa *row, size_t *read) {
  double best = 0;
  for (int tries = 0; tries < 40; tries++) {
    double begin = now(), end;
    size_t octets = 0;
    do {
      *read = run(row);
      octets += *read;
      end = now();
    } while (end - begin < 1e-3);
    double one = (double)octets / (end - begin) * 1e-9;
    if (one > best) best = one;
  }
  return best;
}

#define MAIL_TEXT   "Dear all, the minutes of the last meeting are attached; comments are welcome.\r\n"
#define BASE64_LINE "RGVhciBhbGwsIHRoZSBtaW51dGVzIG9mIHRoZSBsYXN0IG1lZXRpbmcgYXJlIGF0dGFjaGVkOyBj"

static const struct {
  const char *name, *line;
  size_t (*run)(const struct isa *);
} benches[] = {
    {"base64 encode, flat", MAIL_TEXT, bench_flat_encode},
    {"base64 encode, 76", MAIL_TEXT, bench_folded_encode},
    {"base64 decode, flat", BASE64_LINE, bench_base64_decode},
    {"base64 decode, 76", BASE64_LINE "\r\n", bench_base64_decode},
    {"base64 encode, a line", MAIL_TEXT, bench_encode_line},
    {"base64 decode, a line", BASE64_LINE "\r\n", bench_decode_line},
    {"qp encode, clean", "The minutes of the last meeting are attached; comments welcome.\r\n", bench_qp_encode},
    {"qp encode, sparse", "Les proc\xC3\xA8s-verbaux de la derni\xC3\xA8re r\xC3\xA9union sont joints.\r\n",
     bench_qp_encode},
    {"qp encode, dense", "\xE7\xB3\xBB\xE7\xBB\x9F\xE4\xBD\xA0\xE5\xA5\xBD\xE7\xB3\xBB\xE7\xBB\x9F\r\n", bench_qp_encode},
    {"qp size, sparse", "Les proc\xC3\xA8s-verbaux de la derni\xC3\xA8re r\xC3\xA9union sont joints.\r\n", bench_qp_size},
    {"qp decode, sparse", "Les proc=C3=A8s-verbaux de la derni=C3=A8re r=C3=A9union sont =\r\n", bench_qp_decode},
    {"qp decode, dense", "=E4=BD=A0=E5=A5=BD=E7=B3=BB=E7=BB=9F=E4=BD=A0=E5=A5=BD=E7=B3=BB=E7=BB=9F=\r\n", bench_qp_decode},
    {"lines check", MAIL_TEXT, bench_check},
    {"lines count", MAIL_TEXT, bench_count},
    {"dots write", MAIL_TEXT, bench_write},
    {"dots read", MAIL_TEXT, bench_read},
    {"dots next", MAIL_TEXT, bench_next},
};

static int bench(void) {
  printf("%-22s", "GB/s of input");
  for (size_t i = 0; i < row_count; i++) printf("%10s", rows[i]->name);
  putchar('\n');
  for (size_t b = 0; b < COUNT(benches); b++) {
    printf("%-22s", benches[b].name);
    bench_lay(benches[b].line);
    for (size_t i = 0; i < row_count; i++) {
      size_t read;
      double best = rate(benches[b].run, rows[i], &read);
      printf("%9.2f%c", best, read + 1024 < bench_size ? '*' : ' ');
      fflush(stdout);
    }
    putchar('\n');
  }
  puts("*: the kernel stopped early");
  return 0;
}

int main(int argc, char **argv) {
  find_rows();
  if (argc == 2 && strcmp(argv[1], "--bench") == 0) return bench();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths),
      cmocka_unit_test(one_line),
      cmocka_unit_test(alignments),
      cmocka_unit_test(pieces_at_every_place),
      cmocka_unit_test(ends_at_every_place),
      cmocka_unit_test(lines_of_every_length),
      cmocka_unit_test(large),
  };
  return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
