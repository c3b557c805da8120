/*
 * quoted_printable.c: what quoted-printable means, octet by octet (RFC 2045 section 6.7). The kernels run ahead over what
 * is common; the units here are what they leave: tails, anomalies, errors, the end of data.
 */
#include <cte/quoted_printable.h>

#include <string.h>

#include "codec.h"

#define LINE       76   /* columns of a line */
#define BLANKS     1024 /* a longer run of blanks is kept */
#define KERNEL_MIN 16   /* less input is not worth a kernel's call */
#define GATHER     512  /* and a stream's record of a line is not worth one of its own */

_Static_assert(sizeof(cte_qp_encode_options) == 32 && sizeof(cte_qp_decode_options) == 32, "the options' size is ABI");
_Static_assert((int)QP_CRLF == (int)CTE_QP_LINE_ENDS_CRLF && (int)QP_LF == (int)CTE_QP_LINE_ENDS_LF &&
                   (int)QP_EITHER == (int)CTE_QP_LINE_ENDS_EITHER && (int)QP_KEEP == (int)CTE_QP_LINE_ENDS_KEEP &&
                   (int)QP_BINARY == (int)CTE_QP_LINE_ENDS_BINARY,
               "kernels.h and cte/quoted_printable.h number the line ends alike");

static bool blank(uint8_t octet) {
  return octet == ' ' || octet == '\t';
}

/* ---- Encoding: options ---- */

#define NONE 0, 0, 0, 0, 0, 0, 0, 0
#define ALL  1, 1, 1, 1, 1, 1, 1, 1

/* What is always escaped: all but 33-60, 62-126, SP and TAB. */
static const uint8_t escape_text[256] = {ALL,  1,    0,    1,    1,    1,    1,   1,   1, /* 00: TAB */
                                         ALL,  ALL,                                       /* 10 */
                                         NONE, NONE,                                      /* 20 */
                                         NONE, 0,    0,    0,    0,    0,    1,   0,   0, /* 30: = */
                                         NONE, NONE, NONE, NONE, NONE, NONE,              /* 40 - 60 */
                                         NONE, 0,    0,    0,    0,    0,    0,   0,   1, /* 70: DEL */
                                         ALL,  ALL,  ALL,  ALL,  ALL,  ALL,  ALL, ALL, ALL,
                                         ALL,  ALL,  ALL,  ALL,  ALL,  ALL,  ALL};

/* With !"#$@[\]^`{|}~ too. */
static const uint8_t escape_ebcdic[256] = {ALL,  1,   0,   1,   1,   1,   1,   1,   1,    /* 00 */
                                           ALL,  ALL,                                     /* 10 */
                                           0,    1,   1,   1,   1,   0,   0,   0,   NONE, /* 20: ! " # $ */
                                           NONE, 0,   0,   0,   0,   0,   1,   0,   0,    /* 30 */
                                           1,    0,   0,   0,   0,   0,   0,   0,   NONE, /* 40: @ */
                                           NONE, 0,   0,   0,   1,   1,   1,   1,   0,    /* 50: [ \ ] ^ */
                                           1,    0,   0,   0,   0,   0,   0,   0,   NONE, /* 60: ` */
                                           NONE, 0,   0,   0,   1,   1,   1,   1,   1,    /* 70: { | } ~ */
                                           ALL,  ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL,  ALL, ALL, ALL, ALL, ALL, ALL, ALL};

/* What is not escaped, as kernels.h has it. */
static const uint8_t plain_text[16] = {0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc,
                                       0xfc, 0xfd, 0xfc, 0xfc, 0xfc, 0xf4, 0xfc, 0x7c};
static const uint8_t plain_ebcdic[16] = {0xac, 0xf8, 0xf8, 0xf8, 0xf8, 0xfc, 0xfc, 0xfc,
                                         0xfc, 0xfd, 0xfc, 0x5c, 0x5c, 0x54, 0x5c, 0x7c};

int32_t cte_qp_encoder_init(struct qp_encoder *state, const void *options) {
  static const cte_qp_encode_options mail = CTE_QP_ENCODE_TEXT;
  const cte_qp_encode_options *o = options ? options : &mail;
  const uint32_t known = CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES | CTE_QP_ENCODE_EBCDIC |
                         CTE_QP_WHOLE_UTF8 | CTE_QP_SOFT_END;
  if (o->flags & ~known || o->line_ends > CTE_QP_LINE_ENDS_BINARY || o->line_end > CTE_LINE_END_LF ||
      !all_zero(o->reserved, sizeof o->reserved))
    return CTE_ERROR_ARGUMENT;
  *state =
      (struct qp_encoder){.params = {.escape = o->flags & CTE_QP_ENCODE_EBCDIC ? escape_ebcdic : escape_text,
                                     .plain = o->flags & CTE_QP_ENCODE_EBCDIC ? plain_ebcdic : plain_text,
                                     .line_ends = o->line_ends,
                                     .line_end = o->line_end == CTE_LINE_END_LF ? 1 : 2,
                                     .dot = o->flags & CTE_QP_ENCODE_DOT,
                                     .from = o->flags & CTE_QP_ENCODE_FROM,
                                     .dashes = o->flags & CTE_QP_ENCODE_DASHES,
                                     .whole_utf8 = o->flags & CTE_QP_WHOLE_UTF8,
                                     .simple = o->line_ends == CTE_QP_LINE_ENDS_CRLF && o->line_end != CTE_LINE_END_LF &&
                                               !(o->flags & ~(uint32_t)(CTE_QP_ENCODE_EBCDIC | CTE_QP_SOFT_END)),
                                     .soft_end = o->flags & CTE_QP_SOFT_END}};
  return CTE_OK;
}

/* ---- Encoding: units ---- */

#define UNSEEN SIZE_MAX /* src ends before the answer */

/* The octets of the line end at src[0..n), n > 0; 0 when none stands there. */
static size_t text_line_end(unsigned line_ends, const uint8_t *src, size_t n, bool last) {
  if (line_ends == QP_BINARY) return 0;
  if (src[0] == '\n') return line_ends == QP_CRLF ? 0 : 1;
  if (src[0] != '\r' || line_ends == QP_LF) return 0;
  if (n == 1) return last ? 0 : UNSEEN;
  return src[1] == '\n' ? 2 : 0;
}

/* The octets of the UTF-8 character at src[0..n), n > 0 (RFC 3629 section 4); 1 when none stands there. */
static size_t character(const uint8_t *src, size_t n, bool last) {
  const uint8_t lead = src[0];
  if (lead < 0xc2 || lead > 0xf4) return 1;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; i++) {
    if (i == n) return last ? 1 : UNSEEN;
    if (src[i] < low || src[i] > high) return 1;
    low = 0x80, high = 0xbf;
  }
  return length;
}

/* The octets seen of `word` at the start of src[0..n): all of them, 0, or UNSEEN when only src ends too early. */
static size_t begins(const char *word, const uint8_t *src, size_t n, bool last) {
  size_t i = 0;
  while (i < n && word[i] && src[i] == (uint8_t)word[i]) i++;
  if (!word[i]) return i;
  return i == n && !last ? UNSEEN : 0;
}

/* Not 0 when src[0] must be escaped because it stands at the start of an output line; UNSEEN as above. */
static size_t escaped_at_start(const struct qp_encode_params *params, const uint8_t *src, size_t n, bool last) {
  if (params->dot && src[0] == '.') return 1;
  if (params->from && src[0] == 'F') return begins("From ", src, n, last);
  if (params->dashes && src[0] == '-') return begins("--", src, n, last);
  return 0;
}

/* What one unit becomes. With nothing read and nothing written none can be decided. */
struct encoded {
  size_t read, written;
  uint32_t column;
  uint8_t octets[STEP_ROOM]; /* at most a soft line break and a character of 4 octets: 3 + 12 */
};

static void put_line_end(struct encoded *unit, size_t length) {
  if (length == 2) unit->octets[unit->written++] = '\r';
  unit->octets[unit->written++] = '\n';
  unit->column = 0;
}

static void put_soft_break(struct encoded *unit, size_t line_end) {
  unit->octets[unit->written++] = '=';
  put_line_end(unit, line_end);
}

static void put_octets(struct encoded *unit, const uint8_t *src, size_t length, bool escape) {
  static const char digits[] = "0123456789ABCDEF";
  const size_t before = unit->written;
  for (size_t i = 0; i < length; i++) {
    unit->octets[unit->written++] = escape ? '=' : src[i];
    if (!escape) continue;
    unit->octets[unit->written++] = (uint8_t)digits[src[i] >> 4];
    unit->octets[unit->written++] = (uint8_t)digits[src[i] & 15];
  }
  unit->column += (uint32_t)(unit->written - before);
}

/*
 * Places the `length` octets at src on the line, or behind a soft line break on the next one. Before a hard line end
 * (or the end of data) they may fill column 76; else that is kept for the '='. False when src ends too early.
 */
static bool place(struct encoded *unit, const struct qp_encode_params *params, const uint8_t *src, size_t n, size_t length,
                  bool hard, bool last) {
  bool escape = params->escape[src[0]] || (hard && blank(src[0]));
  const uint32_t width = (uint32_t)length * (escape ? 3 : 1);
  const bool next_line = unit->column > 0 && unit->column + width > (hard ? LINE : LINE - 1);
  if (next_line || unit->column == 0) {
    const size_t start = escaped_at_start(params, src, n, last);
    if (start == UNSEEN) return false;
    escape |= start != 0;
  }
  if (next_line) put_soft_break(unit, params->line_end);
  put_octets(unit, src, length, escape);
  unit->read = length;
  return true;
}

/* The unit at src[0..n): a line end, an octet or a character, or behind the last of the data its soft line break. */
static struct encoded encode_unit(const struct qp_encoder *state, const uint8_t *src, size_t n, bool last) {
  const struct qp_encode_params *params = &state->params;
  struct encoded unit = {.column = state->column};
  if (n == 0) {
    if (last && params->soft_end && unit.column > 0) put_soft_break(&unit, params->line_end);
    return unit;
  }
  const size_t line_end = text_line_end(params->line_ends, src, n, last);
  if (line_end == UNSEEN) return unit;
  if (line_end > 0) {
    unit.read = line_end;
    put_line_end(&unit, params->line_ends == QP_KEEP ? line_end : params->line_end);
    return unit;
  }
  const size_t length = params->whole_utf8 ? character(src, n, last) : 1;
  if (length == UNSEEN || (length == n && !last)) return unit;
  const size_t next = length == n ? 0 : text_line_end(params->line_ends, src + length, n - length, last);
  if (next == UNSEEN) return unit;
  place(&unit, params, src, n, length, length == n ? !params->soft_end : next > 0, last);
  return unit;
}

/*
 * Encodes into dst[0..cap), or with dst NULL only counts. Counted, `room` / 8 octets are what a kernel may be given without
 * passing SIZE_MAX: no octet becomes more than 6.
 */
static struct step encode(struct qp_encoder *state, const uint8_t *src, size_t n, uint8_t *dst, size_t cap, bool last) {
  size_t read = 0, written = 0;
  if (n == 0) src = (const uint8_t *)"";
  for (;;) {
    for (const struct isa *row = cte_isa(); row != NULL; row = row->tails) {
      const size_t left = n - read, room = cap - written;
      if (left < KERNEL_MIN || room < KERNEL_MIN) break;
      const struct done done =
          dst ? row->qp->encode(src + read, left, dst + written, room, &state->params, &state->column)
              : row->qp->size(src + read, left < room / 8 ? left : room / 8, &state->params, &state->column);
      read += done.read;
      written += done.written;
    }
    if (!last && (read == n || (n - read == 1 && src[read] != '\n'))) return (struct step){CTE_OK, read, written};
    const struct encoded unit = encode_unit(state, src + read, n - read, last);
    if (unit.read == 0 && unit.written == 0) return (struct step){CTE_OK, read, written};
    if (unit.written > cap - written) return (struct step){CTE_MORE_OUTPUT, read, written};
    if (dst) memcpy(dst + written, unit.octets, unit.written);
    state->column = unit.column;
    read += unit.read;
    written += unit.written;
  }
}

static struct step encode_step(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                               bool last) {
  uint8_t none;
  (void)report;
  return encode(state, src, n, dst ? dst : &none, dst ? cap : 0, last);
}

static struct done encode_quick(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, void *state,
                                const struct report *report) {
  struct qp_encoder *e = state;
  (void)report;
  return cte_isa()->qp->encode(src, n, dst, cap, &e->params, &e->column);
}

/* Unread at most: a character of 4 octets and a CR; or "From". */
const struct codec cte_qp_encoder = {encode_step, 5, encode_quick, GATHER};

/* ---- Encoding: calls ---- */

size_t cte_qp_encoded_bound(size_t n, const cte_qp_encode_options *options) {
  struct qp_encoder state;
  if (cte_qp_encoder_init(&state, options) != CTE_OK) return SIZE_MAX;
  if (n == 0) return 0;
  /*
   * A line that a soft break ends holds at least 25 octets: the next unit, 3 columns wide, did not fit behind 73 columns.
   * Where it is a character of 12 columns, 64 columns may be all: at least 22 octets.
   */
  const size_t breaks = (n - 1) / (state.params.whole_utf8 ? 22 : 25) + (state.params.soft_end ? 1 : 0);
  const size_t soft_break = 1 + (size_t)state.params.line_end;
  if (n > SIZE_MAX / 3 || breaks > (SIZE_MAX - 3 * n) / soft_break) return SIZE_MAX;
  return 3 * n + breaks * soft_break;
}

size_t cte_qp_encoded_size(const void *src, size_t n, const cte_qp_encode_options *options) {
  struct qp_encoder state;
  if (cte_qp_encoder_init(&state, options) != CTE_OK) return SIZE_MAX;
  const struct step step = encode(&state, src, n, NULL, SIZE_MAX, true);
  return step.status == CTE_OK ? step.written : SIZE_MAX;
}

cte_result cte_qp_encode(const void *src, size_t n, void *dst, size_t cap, const cte_qp_encode_options *options) {
  struct qp_encoder state;
  if (cte_qp_encoder_init(&state, options) != CTE_OK || (src == dst && n > 0)) return refused();
  struct done done = {0, 0};
  if (n > 0 && cap > 0) {
    done = cte_isa()->qp->encode(src, n, dst, cap, &state.params, &state.column);
    if (done.read == n && !state.params.soft_end) /* nothing else is set up: short calls are frequent */
      return (cte_result){.status = CTE_OK, .read = n, .written = done.written, .first_anomaly = SIZE_MAX};
  }
  return one_shot(encode_step, &state, src, n, dst, cap, done);
}

/* ---- Decoding: options ---- */

int32_t cte_qp_decoder_init(struct qp_decoder *state, const void *options) {
  static const cte_qp_decode_options mail = CTE_QP_DECODE_MAIL;
  const cte_qp_decode_options *o = options ? options : &mail;
  if ((o->reject & ~ANOMALIES_ALL) != 0 || o->line_end > CTE_QP_LINE_END_LF || !all_zero(o->reserved, sizeof o->reserved))
    return CTE_ERROR_ARGUMENT;
  *state = (struct qp_decoder){.reject = o->reject};
  if (o->line_end != CTE_QP_LINE_END_KEEP) state->params.line_end = o->line_end == CTE_QP_LINE_END_LF ? 1 : 2;
  return CTE_OK;
}

/* ---- Decoding: units ---- */

/* What one unit is. Each kind has its place; those of one unit stand in the order of their places. */
struct decoded {
  size_t read;    /* 0: src ends before it can be told */
  size_t columns; /* octets of the line among them, from the front */
  size_t written;
  bool literal; /* the output is the input's octets, and may be taken in parts; else it is out[] */
  bool ends_line;
  struct {
    uint32_t kind; /* 0: none */
    size_t at;
  } own[2];
  uint8_t out[2];
};

static int hex_digit(uint8_t octet) {
  if (octet >= '0' && octet <= '9') return octet - '0';
  if (octet >= 'A' && octet <= 'F') return octet - 'A' + 10;
  if (octet >= 'a' && octet <= 'f') return octet - 'a' + 10;
  return -1;
}

/* The octets of the line end at src[0..n), n > 0; 0 when none stands there. */
static size_t line_end_at(const uint8_t *src, size_t n, bool last) {
  return text_line_end(QP_EITHER, src, n, last);
}

/* The length of the run of blanks at src[0..n); what is over 1024 is 1025. */
static size_t blanks_at(const uint8_t *src, size_t n) {
  size_t i = 0;
  while (i < n && i <= BLANKS && blank(src[i])) i++;
  return i;
}

static void literal(struct decoded *unit, size_t length, uint32_t kind) {
  unit->read = unit->columns = unit->written = length;
  unit->literal = true;
  unit->own[0].kind = kind;
}

static void escape(struct decoded *unit, const uint8_t *src) {
  unit->read = unit->columns = 3;
  unit->out[0] = (uint8_t)(hex_digit(src[1]) * 16 + hex_digit(src[2]));
  unit->written = 1;
  if (src[1] >= 'a' || src[2] >= 'a') unit->own[0].kind = CTE_ANOMALY_LOWER_CASE_HEX;
}

/* src[0] is '='. */
static void decode_equals(struct decoded *unit, const uint8_t *src, size_t n, bool last) {
  const size_t digits = n == 1 || hex_digit(src[1]) < 0 ? 0 : n == 2 || hex_digit(src[2]) < 0 ? 1 : 2;
  const size_t blanks = blanks_at(src + 1, n - 1), after = 1 + blanks;
  if (digits == 2) {
    escape(unit, src);
  } else if (blanks > BLANKS) {
    literal(unit, 1, CTE_ANOMALY_BAD_ESCAPE);
  } else if (after == n || 1 + digits == n) {
    if (last) literal(unit, 1, CTE_ANOMALY_TRUNCATED_ESCAPE);
  } else {
    const size_t line_end = line_end_at(src + after, n - after, last);
    if (line_end == UNSEEN) return;
    if (line_end == 0) {
      literal(unit, 1, CTE_ANOMALY_BAD_ESCAPE);
      return;
    }
    unit->read = after + line_end;
    unit->columns = after;
    unit->ends_line = true;
    if (blanks > 0) unit->own[0].kind = CTE_ANOMALY_TRAILING_WHITE_SPACE, unit->own[0].at = 1;
    if (line_end == 1) unit->own[1].kind = CTE_ANOMALY_BARE_LF, unit->own[1].at = after;
  }
}

/* src[0] is a blank. Of a run that is kept any part may be taken: what is left of it is judged alike, or is long_run. */
static void decode_blanks(struct decoded *unit, bool long_run, const uint8_t *src, size_t n, bool last) {
  const size_t run = blanks_at(src, n);
  if (long_run || run > BLANKS) {
    literal(unit, run, long_run ? 0 : CTE_ANOMALY_LONG_BLANK_RUN);
    return;
  }
  const size_t line_end = run < n ? line_end_at(src + run, n - run, last) : last ? 1 : UNSEEN;
  if (line_end == UNSEEN) return;
  if (line_end == 0) {
    literal(unit, run, 0);
  } else {
    unit->read = unit->columns = run;
    unit->own[0].kind = CTE_ANOMALY_TRAILING_WHITE_SPACE;
  }
}

/* src[0] is CR or LF; `written_end` as in struct qp_decode_params. */
static void decode_line_end(struct decoded *unit, unsigned written_end, const uint8_t *src, size_t n, bool last) {
  const size_t line_end = line_end_at(src, n, last);
  if (line_end == UNSEEN) return;
  if (line_end == 0) {
    literal(unit, 1, CTE_ANOMALY_BARE_CR);
    return;
  }
  unit->read = line_end;
  unit->written = written_end ? written_end : line_end;
  memcpy(unit->out, unit->written == 2 ? "\r\n" : "\n", unit->written);
  unit->ends_line = true;
  if (line_end == 1) unit->own[0].kind = CTE_ANOMALY_BARE_LF;
}

static struct decoded decode_unit(const struct qp_decoder *state, const uint8_t *src, size_t n, bool last) {
  struct decoded unit = {0};
  if (n == 0) return unit;
  if (src[0] == '=')
    decode_equals(&unit, src, n, last);
  else if (blank(src[0]))
    decode_blanks(&unit, state->long_run, src, n, last);
  else if (src[0] == '\r' || src[0] == '\n')
    decode_line_end(&unit, state->params.line_end, src, n, last);
  else
    literal(&unit, 1, src[0] > 127 ? CTE_ANOMALY_RAW_8BIT : src[0] < ' ' || src[0] == 127 ? CTE_ANOMALY_RAW_CONTROL : 0);
  return unit;
}

/* ---- Decoding: steps ---- */

/* Where in the unit its line's 77th octet stands; not below `columns` when that is no octet of the unit. */
static size_t over_76(const struct qp_decoder *state) {
  return state->column <= LINE ? (size_t)(LINE - state->column) : SIZE_MAX;
}

static void cut(struct decoded *unit, size_t length) {
  unit->read = unit->columns = unit->written = length;
}

/* The first rejected kind of a unit and its place; 0 and SIZE_MAX. An octet's own kind comes before its line's length. */
static uint32_t rejected(const struct decoded *unit, uint32_t reject, size_t over, size_t *at) {
  uint32_t kind = 0;
  *at = SIZE_MAX;
  for (int i = 0; i < 2; i++)
    if (unit->own[i].kind & reject && unit->own[i].at < *at) kind = unit->own[i].kind, *at = unit->own[i].at;
  if (reject & CTE_ANOMALY_LINE_OVER_76 && over < unit->columns && over < *at) kind = CTE_ANOMALY_LINE_OVER_76, *at = over;
  return kind;
}

/* Records the kinds of a unit that begins at `offset`, those whose place is below `end`. */
static void record(struct report *report, const struct decoded *unit, uint64_t offset, size_t over, size_t end) {
  for (int i = 0; i < 2; i++)
    if (unit->own[i].kind && unit->own[i].at < end) report_anomaly(report, unit->own[i].kind, offset + unit->own[i].at);
  if (over < unit->columns && over < end) report_anomaly(report, CTE_ANOMALY_LINE_OVER_76, offset + over);
}

static void advance(struct qp_decoder *state, const struct decoded *unit, bool is_blank) {
  state->column = unit->ends_line ? 0 : state->column + unit->columns;
  state->long_run = is_blank && (state->long_run || unit->own[0].kind == CTE_ANOMALY_LONG_BLANK_RUN);
}

static struct step decode_step(void *codec_state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst,
                               size_t cap, bool last) {
  struct qp_decoder *state = codec_state;
  size_t read = 0, written = 0;
  if (n == 0) src = (const uint8_t *)"";
  for (;;) {
    state->params.recorded = report->anomalies;
    for (const struct isa *row = cte_isa(); row != NULL && !state->long_run; row = row->tails) {
      if (n - read < KERNEL_MIN || cap - written < KERNEL_MIN) break;
      const struct done done =
          row->qp->decode(src + read, n - read, dst + written, cap - written, &state->params, &state->column);
      read += done.read;
      written += done.written;
    }
    struct decoded unit = decode_unit(state, src + read, n - read, last);
    if (unit.read == 0) return (struct step){CTE_OK, read, written};

    const uint64_t offset = report->offset + read;
    const size_t over = over_76(state);
    size_t at;
    if (unit.literal && over > 0 && over < unit.read) cut(&unit, over);
    const uint32_t error = rejected(&unit, state->reject, over, &at);
    if (error) {
      record(report, &unit, offset, over, at);
      report_anomaly(report, error, offset + at);
      report->error_offset = offset + at;
      return (struct step){report_error(error), read + at, written};
    }
    if (unit.literal && unit.read > cap - written) cut(&unit, cap - written);
    if (unit.read == 0 || unit.written > cap - written) return (struct step){CTE_MORE_OUTPUT, read, written};
    record(report, &unit, offset, over, SIZE_MAX);
    advance(state, &unit, blank(src[read]));
    if (unit.written > 0) memmove(dst + written, unit.literal ? src + read : unit.out, unit.written);
    read += unit.read;
    written += unit.written;
  }
}

static struct done decode_quick(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, void *codec_state,
                                const struct report *report) {
  struct qp_decoder *state = codec_state;
  if (state->long_run) return (struct done){0, 0};
  state->params.recorded = report->anomalies;
  return cte_isa()->qp->decode(src, n, dst, cap, &state->params, &state->column);
}

/* Unread at most: '=', 1024 blanks and a CR. */
const struct codec cte_qp_decoder = {decode_step, LOOKAHEAD_MAX, decode_quick, GATHER};

/* ---- Decoding: calls ---- */

size_t cte_qp_decoded_bound(size_t n, const cte_qp_decode_options *options) {
  struct qp_decoder state;
  if (cte_qp_decoder_init(&state, options) != CTE_OK) return SIZE_MAX;
  if (state.params.line_end != 2) return n;
  return n > SIZE_MAX / 2 ? SIZE_MAX : 2 * n;
}

cte_result cte_qp_decode(const void *src, size_t n, void *dst, size_t cap, const cte_qp_decode_options *options) {
  struct qp_decoder state;
  if (cte_qp_decoder_init(&state, options) != CTE_OK || (dst == src && n > 0 && state.params.line_end == 2))
    return refused();
  return one_shot(cte_qp_decoder.step, &state, src, n, dst, cap, (struct done){0, 0});
}
