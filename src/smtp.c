/*
 * smtp.c: SMTP DATA and BDAT, the writer and the reader.
 *
 * The two are one machine, struct smtp_text, that passes a message octet by octet; the kernels run ahead of it over what is
 * ordinary. A writer decides on dots by what comes out, a reader by what comes in:
 *   writer  '.' as the first octet of an output line is doubled, so that a NUL dropped before it hides nothing
 *   reader  '.' directly after a line end is deleted; CR LF after that make it the end of data if the line end was CRLF
 *
 * CRs are counted in `crs` until the octet after them is known. A lone CR that is written (as SP, or as it is) goes through
 * `due`, one at a time, because each may need a fold or have no room. One of the two is 0, and the CRs of the other stand
 * directly before the next octet to be read: that gives their offsets.
 *
 * Once a reader has a verdict nothing is written. All that matters then is where the data end, and which other kinds
 * there are; so its REJECTs become KEEP, the weakest policy.
 */
#include <cte/smtp.h>
#include <string.h>

#include "codec.h"

enum { NUL = 0, LF = 10, CR = 13, COLUMNS_MAX = 998, CHARACTER_MAX = 4 };

_Static_assert(sizeof(cte_smtp_options) == 32, "the options' size is the ABI");
_Static_assert((int)POLICY_REJECT == (int)CTE_SMTP_REJECT && (int)POLICY_NORMALIZE == (int)CTE_SMTP_NORMALIZE &&
                   (int)POLICY_SPACE == (int)CTE_SMTP_SPACE && (int)POLICY_KEEP == (int)CTE_SMTP_KEEP,
               "kernels.h and cte/smtp.h number the policies alike");

/* What ends the data, as it is after a CRLF (AFTER_CRLF_SIZE) and elsewhere (CTE_DOTS_END_SIZE). */
enum { AFTER_CRLF_SIZE = 3 };

static const char *end_of_data(size_t size) {
  static const char end[] = "\r\n.\r\n";
  return &end[CTE_DOTS_END_SIZE - size];
}

/* ---- Options ---- */

static uint8_t policy_of(uint8_t option, uint8_t by_default) {
  return option == CTE_SMTP_DEFAULT ? by_default : option;
}

static bool valid(const cte_smtp_options *options, bool reader) {
  if (!all_zero(options->reserved, sizeof options->reserved)) return false;
  if (options->bdat > (reader ? 0 : 1)) return false;
  uint8_t most = reader || options->bdat ? CTE_SMTP_KEEP : CTE_SMTP_SPACE;
  if (options->bare_lf > most || options->bare_cr > most || options->nul > most) return false;
  if (options->long_line > CTE_SMTP_KEEP || options->long_line == CTE_SMTP_SPACE) return false;
  return !(options->bdat && options->long_line == CTE_SMTP_NORMALIZE);
}

static int32_t text_init(struct smtp_text *text, const cte_smtp_options *given, bool reader) {
  static const cte_smtp_options defaults = {0};
  const cte_smtp_options *options = given != NULL ? given : &defaults;
  if (!valid(options, reader)) return CTE_ERROR_ARGUMENT;
  *text = (struct smtp_text){
      .params = {.bare_lf = policy_of(options->bare_lf, POLICY_REJECT),
                 .bare_cr = policy_of(options->bare_cr, POLICY_REJECT),
                 .nul = policy_of(options->nul, POLICY_REJECT),
                 .long_line = policy_of(options->long_line, reader ? POLICY_KEEP : POLICY_REJECT),
                 .bdat = options->bdat != 0},
      .carry = {.start = LINE_START},
      .reader = reader,
  };
  return CTE_OK;
}

int32_t cte_smtp_writer_init(struct smtp_writer *state, const void *options) {
  return text_init(&state->text, options, false);
}

int32_t cte_smtp_reader_init(struct smtp_reader *state, const void *options) {
  return text_init(&state->text, options, true);
}

/* ---- What one step works on ---- */

struct work {
  struct smtp_text *text;
  struct report *report;
  const uint8_t *src;
  size_t n, read;
  uint8_t *dst;
  size_t cap, written;
  bool last;
};

/* What the passing of a unit gives when there is more to pass; anything else is what the step ends with. */
enum { GO_ON = 3 };

/* The offset of the next octet to be read. */
static uint64_t here(const struct work *work) {
  return work->report->offset + work->read;
}

static bool rejected(const struct work *work) {
  return work->report->verdict != CTE_OK;
}

static uint8_t *policy_for(struct dots_params *params, uint32_t kind) {
  switch (kind) {
  case CTE_ANOMALY_BARE_LF:
    return &params->bare_lf;
  case CTE_ANOMALY_BARE_CR:
    return &params->bare_cr;
  case CTE_ANOMALY_NUL:
    return &params->nul;
  default:
    return &params->long_line;
  }
}

static void stop_rejecting(struct dots_params *params) {
  static const uint32_t kinds[] = {CTE_ANOMALY_BARE_LF, CTE_ANOMALY_BARE_CR, CTE_ANOMALY_NUL, CTE_ANOMALY_LINE_OVER_998};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    uint8_t *policy = policy_for(params, kinds[i]);
    if (*policy == POLICY_REJECT) *policy = POLICY_KEEP;
  }
}

/* An anomaly was met: GO_ON, or the writer's error. */
static int32_t found(struct work *work, uint32_t kind, uint64_t offset) {
  struct report *report = work->report;
  bool reject = *policy_for(&work->text->params, kind) == POLICY_REJECT;
  if (reject && !work->text->reader) report_forget(report, offset);
  report_anomaly(report, kind, offset);
  if (!reject) return GO_ON;
  report->error_offset = offset;
  if (!work->text->reader) return report_error(kind);
  report->verdict = report_error(kind);
  report->anomalies |= CTE_VERDICT_REJECTED;
  stop_rejecting(&work->text->params);
  return GO_ON;
}

static bool has_room(const struct work *work, size_t size) {
  return rejected(work) || work->cap - work->written >= size;
}

static void emit(struct work *work, const void *octets, size_t size) {
  if (rejected(work)) return;
  memcpy(work->dst + work->written, octets, size);
  work->written += size;
}

/* ---- Units ---- */

/* Passes 1 to 4 octets that the fold keeps together (1 unless lines are folded); `offset` is that of the first. */
static int32_t put(struct work *work, const uint8_t *octets, size_t size, uint64_t offset) {
  struct smtp_text *text = work->text;
  struct dots_carry *carry = &text->carry;
  bool over = carry->column + size > COLUMNS_MAX;
  if (over) {
    uint64_t fitting = carry->column < COLUMNS_MAX ? COLUMNS_MAX - carry->column : 0;
    int32_t status = found(work, CTE_ANOMALY_LINE_OVER_998, offset + fitting);
    if (status != GO_ON) return status;
  }
  bool fold = over && text->params.long_line == POLICY_NORMALIZE;
  bool stuff = !text->reader && !text->params.bdat && carry->start != LINE_MIDDLE && octets[0] == '.';
  if (!has_room(work, size + (fold ? 3 : 0) + (stuff ? 1 : 0))) return CTE_MORE_OUTPUT;
  if (fold) {
    emit(work, "\r\n ", 3);
    carry->column = 1;
  }
  if (stuff) emit(work, ".", 1);
  emit(work, octets, size);
  carry->column += size;
  carry->start = LINE_MIDDLE;
  return GO_ON;
}

/* Passes one octet of the source that comes out as `octet`. */
static int32_t put_octet(struct work *work, uint8_t octet) {
  int32_t status = put(work, &octet, 1, here(work));
  if (status == GO_ON) work->read++;
  return status;
}

/* Ends the line: the LF is next, its CR in `crs` if it has one. */
static int32_t end_line(struct work *work, uint32_t start) {
  struct smtp_text *text = work->text;
  if (!has_room(work, 2)) return CTE_MORE_OUTPUT;
  emit(work, "\r\n", 2);
  work->read++;
  text->crs = 0;
  text->carry = (struct dots_carry){.column = 0, .start = start};
  return GO_ON;
}

static int32_t put_due(struct work *work) {
  struct smtp_text *text = work->text;
  uint8_t octet = text->params.bare_cr == POLICY_KEEP ? CR : ' ';
  int32_t status = put(work, &octet, 1, here(work) - text->due);
  if (status == GO_ON) text->due--;
  return status;
}

/* The octet after the CRs. A run that is not normalized passes CR by CR: there `crs` is 1. */
static int32_t after_crs(struct work *work, uint8_t c) {
  struct smtp_text *text = work->text;
  if (c == LF) {
    if (!text->dot) return end_line(work, LINE_START); /* of all the CRs of a run that is normalized */
    work->read++;
    return CTE_END;
  }
  text->dot = false;
  int32_t status = found(work, CTE_ANOMALY_BARE_CR, here(work) - text->crs);
  if (status != GO_ON) return status;
  if (c == CR && text->params.bare_cr == POLICY_NORMALIZE) {
    text->crs++;
    work->read++;
  } else {
    text->due = text->crs;
    text->crs = 0;
  }
  return GO_ON;
}

static int32_t bare_lf(struct work *work) {
  struct smtp_text *text = work->text;
  int32_t status = found(work, CTE_ANOMALY_BARE_LF, here(work));
  if (status != GO_ON) return status;
  if (text->params.bare_lf == POLICY_NORMALIZE) return end_line(work, text->reader ? LINE_START_AFTER_LF : LINE_START);
  return put_octet(work, text->params.bare_lf == POLICY_SPACE ? ' ' : LF);
}

static int32_t nul(struct work *work) {
  struct smtp_text *text = work->text;
  int32_t status = found(work, CTE_ANOMALY_NUL, here(work));
  if (status != GO_ON) return status;
  if (text->params.nul != POLICY_NORMALIZE) return put_octet(work, text->params.nul == POLICY_SPACE ? ' ' : NUL);
  work->read++;
  if (text->reader) text->carry.start = LINE_MIDDLE;
  return GO_ON;
}

/* The continuation octets that a UTF-8 lead octet announces; 0 for any other octet. */
static size_t announced(uint8_t c) {
  if (c >= 0xc2 && c <= 0xdf) return 1;
  if (c >= 0xe0 && c <= 0xef) return 2;
  return c >= 0xf0 && c <= 0xf4 ? 3 : 0;
}

static bool is_continuation(uint8_t c) {
  return (c & 0xc0) == 0x80;
}

/* The size of the character that begins src[0..n), n > 0; 0 when more of it may follow. */
static size_t character_size(const uint8_t *src, size_t n, bool last) {
  size_t most = 1 + announced(src[0]), size = 1;
  while (size < most && size < n && is_continuation(src[size])) size++;
  return size < most && size == n && !last ? 0 : size;
}

/* Any other octet; where it may have to be folded, the whole character. */
static int32_t put_character(struct work *work) {
  const struct smtp_text *text = work->text;
  const uint8_t *src = work->src + work->read;
  size_t size = 1;
  if (text->params.long_line == POLICY_NORMALIZE && text->carry.column + CHARACTER_MAX > COLUMNS_MAX)
    size = character_size(src, work->n - work->read, work->last);
  if (size == 0) return CTE_OK;
  int32_t status = put(work, src, size, here(work));
  if (status == GO_ON) work->read += size;
  return status;
}

/* The end of input. What is open to a reader stays open: its data were cut off. */
static int32_t finish(struct work *work) {
  struct smtp_text *text = work->text;
  if (text->reader) {
    work->report->error_offset = here(work);
    return CTE_ERROR_TRUNCATED;
  }
  if (text->crs > 0) {
    int32_t status = found(work, CTE_ANOMALY_BARE_CR, here(work) - text->crs);
    text->due = text->crs;
    text->crs = 0;
    return status;
  }
  if (text->ended || text->params.bdat) return CTE_OK;
  size_t size = text->carry.start == LINE_MIDDLE ? CTE_DOTS_END_SIZE : AFTER_CRLF_SIZE;
  if (!has_room(work, size)) return CTE_MORE_OUTPUT;
  emit(work, end_of_data(size), size);
  text->ended = true;
  return CTE_OK;
}

/* Passes one unit: GO_ON, or what the step ends with. */
static int32_t pass(struct work *work) {
  struct smtp_text *text = work->text;
  if (text->due > 0) return put_due(work);
  if (work->read == work->n) return work->last ? finish(work) : CTE_OK;
  uint8_t c = work->src[work->read];
  if (text->crs > 0) return after_crs(work, c);
  if (c == CR) {
    text->crs = 1;
    work->read++;
    return GO_ON;
  }
  text->dot = false;
  if (c == '.' && text->reader && text->carry.start != LINE_MIDDLE) {
    text->dot = text->carry.start == LINE_START;
    text->carry.start = LINE_MIDDLE;
    work->read++;
    return GO_ON;
  }
  if (c == LF) return bare_lf(work);
  if (c == NUL) return nul(work);
  return put_character(work);
}

/* ---- Kernels ---- */

/* How many of the last octets of src[0..n) begin a character that may go on after them. */
static size_t open_character(const uint8_t *src, size_t n) {
  size_t size = 1;
  while (size < CHARACTER_MAX && size < n && is_continuation(src[n - size])) size++;
  return size <= n && announced(src[n - size]) >= size ? size : 0;
}

/*
 * Lets the kernel run ahead, between units. It knows nothing of characters; where lines are folded it may stop within one
 * that does not fit in its line. Such octets came out as they are, and last: they are taken back.
 */
static void run_kernel(struct work *work) {
  struct smtp_text *text = work->text;
  if (text->due > 0 || text->crs > 0 || text->dot || work->read == work->n) return;
  if (!rejected(work) && work->written == work->cap) return;

  const struct dots_kernels *kernels = cte_isa()->dots;
  uint8_t waste[2048];
  uint8_t *dst = rejected(work) ? waste : work->dst + work->written;
  size_t cap = rejected(work) ? sizeof waste : work->cap - work->written;
  text->params.recorded = work->report->anomalies;
  const uint8_t *src = work->src + work->read;
  struct done done =
      (text->reader ? kernels->read : kernels->write)(src, work->n - work->read, dst, cap, &text->params, &text->carry);
  if (text->params.long_line == POLICY_NORMALIZE && text->carry.column + CHARACTER_MAX > COLUMNS_MAX) {
    size_t back = open_character(src, done.read);
    done.read -= back;
    done.written -= back;
    text->carry.column -= back;
  }
  work->read += done.read;
  if (!rejected(work)) work->written += done.written;
}

static struct step step(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                        bool last) {
  struct work work = {.text = state, .report = report, .src = src, .n = n, .dst = dst, .cap = cap, .last = last};
  int32_t status;
  do {
    run_kernel(&work);
    uint32_t met = report->anomalies;
    status = pass(&work);
    if (status == CTE_MORE_OUTPUT) report->anomalies = met; /* the octet was not taken */
  } while (status == GO_ON);
  /* CRs before an error were counted as read. */
  if (status < 0) work.read = report->error_offset > report->offset ? (size_t)(report->error_offset - report->offset) : 0;
  return (struct step){status, work.read, work.written};
}

/* Unread at most: all but the last octet of a character. */
const struct codec cte_smtp_writer = {step, CHARACTER_MAX - 1, NULL, 0};
const struct codec cte_smtp_reader = {step, CHARACTER_MAX - 1, NULL, 0};

/* ---- One-shot ---- */

static size_t add(size_t a, size_t b) {
  return a <= SIZE_MAX - b ? a + b : SIZE_MAX;
}

/*
 * A bare LF becomes two octets, a '.' that begins a line too: nothing does both. Without LFs as line ends a '.' needs a CRLF
 * before it, so that a third of the octets, rounded up, are stuffed at most. A fold adds 3 to at least 994 octets
 * with one '.' at most: less than either gives. A message that comes out without its CRLF ends in 5 octets.
 */
size_t cte_smtp_write_bound(size_t n, const cte_smtp_options *options) {
  struct smtp_text text;
  if (text_init(&text, options, false) != CTE_OK) return SIZE_MAX;
  bool bdat = text.params.bdat;
  if (n == 0) return bdat ? 0 : 3;
  size_t more = bdat ? 0 : (n - 1) / 3 + 1;
  if (text.params.bare_lf == POLICY_NORMALIZE) more = n;
  return add(add(n, more), bdat ? 0 : 5);
}

/*
 * A fold adds 3; the first needs 999 octets, each further one 994 (SP and a character of 4 begin the line, 990 octets on the
 * next of 4 does not fit). 3 in 993 is a 331st part. Bare LFs double what they are, and make lines too short to fold.
 */
size_t cte_smtp_read_bound(size_t n, const cte_smtp_options *options) {
  struct smtp_text text;
  if (text_init(&text, options, true) != CTE_OK) return SIZE_MAX;
  if (text.params.bare_lf == POLICY_NORMALIZE) return add(n, n);
  return text.params.long_line == POLICY_NORMALIZE ? add(n, n / 331) : n;
}

cte_result cte_smtp_write(const void *src, size_t n, void *dst, size_t cap, const cte_smtp_options *options) {
  struct smtp_writer writer;
  if (cte_smtp_writer_init(&writer, options) != CTE_OK || (src == dst && n > 0)) return refused();
  return one_shot(cte_smtp_writer.step, &writer, src, n, dst, cap, (struct done){0, 0});
}

cte_result cte_smtp_read(const void *src, size_t n, void *dst, size_t cap, const cte_smtp_options *options) {
  struct smtp_reader reader;
  if (cte_smtp_reader_init(&reader, options) != CTE_OK || (src == dst && n > 0)) return refused();
  return one_shot(cte_smtp_reader.step, &reader, src, n, dst, cap, (struct done){0, 0});
}

/* ---- Stuffing without a copy ---- */

static uint32_t dots_after(uint32_t state, uint8_t c) {
  if (c == CR) return DOTS_AFTER_CR;
  if (c != LF) return DOTS_MIDDLE;
  return state == DOTS_AFTER_CR ? DOTS_START : DOTS_AFTER_LF;
}

size_t cte_dots_next(const void *src, size_t n, uint32_t *state) {
  const uint8_t *octets = src;
  size_t at = 0;
  while (at < n) {
    at += cte_isa()->dots->next(octets + at, n - at, state);
    if (at == n) break;
    bool hit = octets[at] == '.' && *state != DOTS_MIDDLE;
    *state = dots_after(*state, octets[at]); /* the '.' of a hit is passed by the next call */
    if (hit) return at;
    at++;
  }
  return n;
}

size_t cte_dots_end(void *dst, uint32_t state) {
  size_t size = state == DOTS_START ? AFTER_CRLF_SIZE : CTE_DOTS_END_SIZE;
  memcpy(dst, end_of_data(size), size);
  return size;
}
