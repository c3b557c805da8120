/* reference.c: the oracle; see reference.h. */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

/* ---- Outcomes ---- */

void outcome_free(struct outcome *o) {
  free(o->data);
  free(o->last);
  free(o->events);
  memset(o, 0, sizeof *o);
}

void outcome_reset(struct outcome *o) {
  o->size = 0;
  o->status = CTE_OK;
  o->anomalies = 0;
  for (size_t i = 0; i < REF_KINDS; i++) o->first[i] = CTE_NO_OFFSET;
  o->read = 0;
  o->error_offset = CTE_NO_OFFSET;
  o->verdict = CTE_OK;
  o->event_count = 0;
}

unsigned ref_kind_number(uint32_t kind) {
  for (unsigned i = 0; i < 32; i++)
    if (kind == UINT32_C(1) << i) return i;
  abort();
}

uint64_t outcome_first(const struct outcome *o) {
  uint64_t least = CTE_NO_OFFSET;
  for (size_t i = 0; i < REF_KINDS; i++)
    if (o->first[i] < least) least = o->first[i];
  return least;
}

/* Adds an octet of output that is known once the input octet at `last` is. */
static void put(struct outcome *o, uint8_t octet, uint64_t last) {
  if (o->size == o->room) {
    o->room = o->room ? 2 * o->room : 4096;
    o->data = realloc(o->data, o->room);
    o->last = realloc(o->last, o->room * sizeof *o->last);
    if (!o->data || !o->last) abort();
  }
  o->data[o->size] = octet;
  o->last[o->size] = last;
  o->size++;
}

static void put_text(struct outcome *o, const char *text, uint64_t last) {
  for (; *text; text++) put(o, (uint8_t)*text, last);
}

static void put_escape(struct outcome *o, uint8_t octet, uint64_t last) {
  put(o, '=', last);
  put(o, (uint8_t) "0123456789ABCDEF"[octet >> 4], last);
  put(o, (uint8_t) "0123456789ABCDEF"[octet & 15], last);
}

static void event_full(struct outcome *o, uint32_t kind, int32_t error, uint64_t offset, bool rejected) {
  if (o->event_count == o->event_room) {
    o->event_room = o->event_room ? 2 * o->event_room : 256;
    o->events = realloc(o->events, o->event_room * sizeof *o->events);
    if (!o->events) abort();
  }
  o->events[o->event_count++] = (struct ref_event){kind, error, offset, rejected};
}

static void event(struct outcome *o, uint32_t kind, uint64_t offset, bool rejected) {
  event_full(o, kind, -32 - (int32_t)ref_kind_number(kind), offset, rejected);
}

static void record(struct outcome *o, uint32_t kind, uint64_t offset) {
  uint64_t *first = &o->first[ref_kind_number(kind)];
  o->anomalies |= kind;
  if (offset < *first) *first = offset;
}

/* Drops the output that is not known before the input octet at `offset`. */
static void cut(struct outcome *o, uint64_t offset) {
  size_t kept = 0;
  while (kept < o->size && o->last[kept] < offset) kept++;
  o->size = kept;
}

/* The rejected event that comes first in the order in which they were added. */
static const struct ref_event *first_added(const struct outcome *o) {
  for (size_t i = 0; i < o->event_count; i++)
    if (o->events[i].rejected) return &o->events[i];
  return NULL;
}

/* The rejected event with the smallest offset; of several there, the one added first. */
static const struct ref_event *first_placed(const struct outcome *o) {
  const struct ref_event *found = NULL;
  for (size_t i = 0; i < o->event_count; i++)
    if (o->events[i].rejected && (!found || o->events[i].offset < found->offset)) found = &o->events[i];
  return found;
}

static void record_all(struct outcome *o, uint64_t before) {
  for (size_t i = 0; i < o->event_count; i++)
    if (o->events[i].kind && o->events[i].offset < before) record(o, o->events[i].kind, o->events[i].offset);
}

/* Ends a coding of n octets: the error if there is one, and the anomalies before it. */
static void settle(struct outcome *o, const struct ref_event *error, size_t n) {
  if (!error) {
    record_all(o, CTE_NO_OFFSET);
    o->read = n;
    return;
  }
  cut(o, error->offset);
  record_all(o, error->offset);
  if (error->kind) record(o, error->kind, error->offset);
  o->status = error->error;
  o->read = o->error_offset = error->offset;
}

/* ---- base64 ---- */

static const char standard_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int position(const char *alphabet, uint8_t octet) {
  for (int i = 0; i < 64; i++)
    if ((uint8_t)alphabet[i] == octet) return i;
  return -1;
}

void ref_base64_encode(struct outcome *o, const uint8_t *src, size_t n, const cte_base64_encode_options *options) {
  outcome_reset(o);
  const char *alphabet = options->alphabet == CTE_BASE64_URL ? url_alphabet : standard_alphabet;
  const char *line_end = options->line_end == CTE_LINE_END_LF ? "\n" : "\r\n";
  uint64_t columns = options->columns ? options->columns : 76, column = 0;
  for (size_t i = 0; i < n; i += 3) {
    unsigned left = n - i < 3 ? (unsigned)(n - i) : 3;
    uint32_t bits = 0;
    for (unsigned k = 0; k < 3; k++) bits = bits << 8 | (k < left ? src[i + k] : 0u);
    for (unsigned k = 0; k < 4; k++) {
      bool pad = k > left;
      if (pad && options->padding == CTE_BASE64_UNPADDED) continue;
      if (column == columns) {
        put_text(o, line_end, n);
        column = 0;
      }
      put(o, pad ? '=' : (uint8_t)alphabet[bits >> (18 - 6 * k) & 63], n);
      column++;
    }
  }
  if (n > 0 && columns != CTE_COLUMNS_NONE && options->last_line == CTE_BASE64_LAST_LINE_END) put_text(o, line_end, n);
  o->read = n;
}

/* The value of a character, or -1. */
static int base64_value(uint8_t octet, uint8_t alphabet) {
  int standard = position(standard_alphabet, octet), url = position(url_alphabet, octet);
  if (alphabet == CTE_BASE64_STANDARD) return standard;
  if (alphabet == CTE_BASE64_URL) return url;
  return standard >= 0 ? standard : url;
}

static uint32_t base64_garbage_kind(uint8_t octet) {
  if (octet == ' ' || octet == '\t') return CTE_ANOMALY_WHITE_SPACE;
  if (base64_value(octet, CTE_BASE64_EITHER) >= 0) return CTE_ANOMALY_ALPHABET;
  return CTE_ANOMALY_CHARACTER;
}

struct base64_reading {
  struct outcome *o;
  const cte_base64_decode_options *options;
  unsigned phase; /* characters of the open quantum */
  uint32_t bits;
  uint64_t last_character;
  bool wants_second;  /* two characters and one '=' were read */
  bool after_padding; /* the last quantum was ended by padding */
};

static void base64_event(struct base64_reading *r, uint32_t kind, uint64_t offset) {
  event(r->o, kind, offset, r->options->reject & kind);
}

/* The quantum ends early: are the unused bits zero? */
static void base64_check_bits(struct base64_reading *r) {
  uint32_t unused = r->phase == 2 ? r->bits & 15 : r->bits & 3;
  if (unused) base64_event(r, CTE_ANOMALY_TRAILING_BITS, r->last_character);
}

/* Returns true when the padding is complete. */
static bool base64_pad(struct base64_reading *r, uint64_t offset) {
  if (r->wants_second) {
    r->wants_second = false;
    r->after_padding = true;
    return true;
  }
  if (r->phase < 2) {
    base64_event(r, CTE_ANOMALY_EXCESS_PADDING, offset);
    return false;
  }
  base64_check_bits(r);
  bool complete = r->phase == 3;
  r->wants_second = !complete;
  r->after_padding = complete;
  r->phase = 0;
  return complete;
}

static void base64_character(struct base64_reading *r, uint32_t value, uint64_t offset) {
  if (r->wants_second) {
    base64_event(r, CTE_ANOMALY_MISSING_PADDING, offset);
    r->wants_second = false;
    r->after_padding = true;
  }
  if (r->after_padding) base64_event(r, CTE_ANOMALY_DATA_AFTER_PADDING, offset);
  r->after_padding = false;
  r->bits = r->phase ? r->bits << 6 | value : value;
  r->phase++;
  r->last_character = offset;
  if (r->phase == 2) put(r->o, (uint8_t)(r->bits >> 4), offset);
  if (r->phase == 3) put(r->o, (uint8_t)(r->bits >> 2), offset);
  if (r->phase == 4) put(r->o, (uint8_t)r->bits, offset);
  r->phase &= 3;
}

static bool base64_is_line_end(uint8_t octet, uint8_t line_ends) {
  if (octet == '\n') return true;
  return octet == '\r' && line_ends != CTE_BASE64_LINE_ENDS_LF;
}

void ref_base64_decode(struct outcome *o, const uint8_t *src, size_t n, const cte_base64_decode_options *options) {
  outcome_reset(o);
  struct base64_reading r = {.o = o, .options = options};
  uint64_t column = 0;
  size_t i = 0;
  bool end = false;
  for (; i < n && !end; i++) {
    if (base64_is_line_end(src[i], options->line_ends)) {
      if (options->line_ends == CTE_BASE64_LINE_ENDS_NONE) event_full(o, 0, CTE_ERROR_LINE_END, i, true);
      column = 0;
      continue;
    }
    int value = base64_value(src[i], options->alphabet);
    if (src[i] == '=')
      end = base64_pad(&r, i) && options->after_padding == CTE_BASE64_AFTER_PADDING_STOP;
    else if (value >= 0)
      base64_character(&r, (uint32_t)value, i);
    else
      base64_event(&r, base64_garbage_kind(src[i]), i);
    if (++column == 77 && options->line_ends != CTE_BASE64_LINE_ENDS_NONE) base64_event(&r, CTE_ANOMALY_LINE_OVER_76, i);
  }
  if (!end) {
    if (r.phase == 1) base64_event(&r, CTE_ANOMALY_DANGLING_CHARACTER, n);
    if (r.phase >= 2) base64_check_bits(&r);
    if (r.phase >= 2 || r.wants_second) base64_event(&r, CTE_ANOMALY_MISSING_PADDING, n);
  }
  const struct ref_event *error = first_added(o);
  if (error) o->event_count = (size_t)(error - o->events) + 1; /* what follows the error was not met */
  settle(o, error, i);
  if (end && o->status == CTE_OK) o->status = CTE_END;
}

/* ---- UTF-8 ---- */

static bool is_continuation(uint8_t octet) {
  return octet >= 0x80 && octet <= 0xBF;
}

/* How many octets a lead octet announces; 0 for any other. */
static size_t utf8_announced(uint8_t octet) {
  if (octet >= 0xC2 && octet <= 0xDF) return 2;
  if (octet >= 0xE0 && octet <= 0xEF) return 3;
  if (octet >= 0xF0 && octet <= 0xF4) return 4;
  return 0;
}

size_t ref_utf8(const uint8_t *src, size_t n) {
  if (n == 0) return 0;
  if (src[0] < 0x80) return 1;
  size_t length = utf8_announced(src[0]);
  if (length == 0 || length > n) return 0;
  uint32_t c = src[0] & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (!is_continuation(src[i])) return 0;
    c = c << 6 | (src[i] & 0x3Fu);
  }
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
  return length;
}

/* ---- quoted-printable: encoding ---- */

static bool is_blank(uint8_t octet) {
  return octet == ' ' || octet == '\t';
}

/* The length of the line end at src[i], 0 when none is there. */
static size_t qp_line_end(const uint8_t *src, size_t n, size_t i, uint8_t kind) {
  bool crlf = i + 1 < n && src[i] == '\r' && src[i + 1] == '\n', lf = src[i] == '\n';
  switch (kind) {
  case CTE_QP_LINE_ENDS_CRLF:
    return crlf ? 2 : 0;
  case CTE_QP_LINE_ENDS_LF:
    return lf ? 1 : 0;
  case CTE_QP_LINE_ENDS_EITHER:
  case CTE_QP_LINE_ENDS_KEEP:
    return crlf ? 2 : lf ? 1 : 0;
  default:
    return 0;
  }
}

static bool begins(const uint8_t *src, size_t n, size_t i, const char *text) {
  size_t length = strlen(text);
  return n - i >= length && memcmp(src + i, text, length) == 0;
}

/* Whether the octet at src[i], put at `column`, is escaped. */
static bool qp_escaped(const uint8_t *src, size_t n, size_t i, unsigned column, const cte_qp_encode_options *options) {
  uint8_t c = src[i];
  bool soft_end = options->flags & CTE_QP_SOFT_END;
  if (is_blank(c)) return i + 1 == n ? !soft_end : qp_line_end(src, n, i + 1, options->line_ends) > 0;
  if (c < 33 || c > 126 || c == '=') return true;
  if (options->flags & CTE_QP_ENCODE_EBCDIC && strchr("!\"#$@[\\]^`{|}~", c)) return true;
  if (column > 0) return false;
  if (options->flags & CTE_QP_ENCODE_DOT && c == '.') return true;
  if (options->flags & CTE_QP_ENCODE_FROM && begins(src, n, i, "From ")) return true;
  return options->flags & CTE_QP_ENCODE_DASHES && begins(src, n, i, "--");
}

void ref_qp_encode(struct outcome *o, const uint8_t *src, size_t n, const cte_qp_encode_options *options) {
  outcome_reset(o);
  const char *line_end = options->line_end == CTE_LINE_END_LF ? "\n" : "\r\n";
  bool soft_end = options->flags & CTE_QP_SOFT_END;
  unsigned column = 0;
  for (size_t i = 0; i < n;) {
    size_t end = qp_line_end(src, n, i, options->line_ends);
    if (end) {
      bool keep = options->line_ends == CTE_QP_LINE_ENDS_KEEP;
      put_text(o, keep ? (end == 2 ? "\r\n" : "\n") : line_end, n);
      column = 0;
      i += end;
      continue;
    }
    size_t unit = options->flags & CTE_QP_WHOLE_UTF8 ? ref_utf8(src + i, n - i) : 1;
    if (unit == 0) unit = 1;
    size_t next = i + unit;
    bool last = next == n ? !soft_end : qp_line_end(src, n, next, options->line_ends) > 0;
    size_t width = qp_escaped(src, n, i, column, options) ? 3 * unit : unit;
    if (column + width > (last ? 76u : 75u)) {
      put(o, '=', n);
      put_text(o, line_end, n);
      column = 0;
    }
    for (; i < next; i++) {
      bool escaped = qp_escaped(src, n, i, column, options);
      if (escaped)
        put_escape(o, src[i], n);
      else
        put(o, src[i], n);
      column += escaped ? 3 : 1;
    }
  }
  if (soft_end && column > 0) {
    put(o, '=', n);
    put_text(o, line_end, n);
  }
  o->read = n;
}

/* ---- quoted-printable: decoding ---- */

static int hex_value(uint8_t octet) {
  if (octet >= '0' && octet <= '9') return octet - '0';
  if (octet >= 'A' && octet <= 'F') return octet - 'A' + 10;
  if (octet >= 'a' && octet <= 'f') return octet - 'a' + 10;
  return -1;
}

static bool lower_hex(uint8_t octet) {
  return octet >= 'a' && octet <= 'f';
}

struct qp_reading {
  struct outcome *o;
  const uint8_t *src;
  size_t n;
  const cte_qp_decode_options *options;
};

static void qp_event(const struct qp_reading *r, uint32_t kind, size_t offset) {
  event(r->o, kind, offset, r->options->reject & kind);
}

static size_t blanks_at(const struct qp_reading *r, size_t i) {
  size_t k = 0;
  while (i + k < r->n && is_blank(r->src[i + k])) k++;
  return k;
}

/* The length of the line end at i; 0: none, or the end of data. */
static size_t line_end_at(const struct qp_reading *r, size_t i) {
  return i < r->n ? qp_line_end(r->src, r->n, i, CTE_QP_LINE_ENDS_EITHER) : 0;
}

/* A run of blanks at i, no '=' before it that takes it. Returns where to go on. */
static size_t qp_read_blanks(const struct qp_reading *r, size_t i) {
  size_t k = blanks_at(r, i), j = i + k;
  bool ends = j == r->n || line_end_at(r, j);
  if (k > 1024) qp_event(r, CTE_ANOMALY_LONG_BLANK_RUN, i);
  if (k <= 1024 && ends)
    qp_event(r, CTE_ANOMALY_TRAILING_WHITE_SPACE, i);
  else
    for (size_t b = i; b < j; b++) put(r->o, r->src[b], b);
  return j;
}

/* The '=' at i. Returns where to go on. */
static size_t qp_read_equals(const struct qp_reading *r, size_t i) {
  const uint8_t *src = r->src;
  size_t n = r->n;
  if (n - i >= 3 && hex_value(src[i + 1]) >= 0 && hex_value(src[i + 2]) >= 0) {
    if (lower_hex(src[i + 1]) || lower_hex(src[i + 2])) qp_event(r, CTE_ANOMALY_LOWER_CASE_HEX, i);
    put(r->o, (uint8_t)(hex_value(src[i + 1]) * 16 + hex_value(src[i + 2])), i + 2);
    return i + 3;
  }
  size_t k = blanks_at(r, i + 1), j = i + 1 + k;
  if (k <= 1024 && line_end_at(r, j)) {
    if (k) qp_event(r, CTE_ANOMALY_TRAILING_WHITE_SPACE, i + 1);
    if (src[j] == '\n') qp_event(r, CTE_ANOMALY_BARE_LF, j);
    return j + line_end_at(r, j);
  }
  put(r->o, '=', i);
  bool cut_off = (k <= 1024 && j == n) || (n - i == 2 && hex_value(src[i + 1]) >= 0);
  qp_event(r, cut_off ? CTE_ANOMALY_TRUNCATED_ESCAPE : CTE_ANOMALY_BAD_ESCAPE, i);
  return i + 1;
}

static size_t qp_read_line_end(const struct qp_reading *r, size_t i) {
  size_t length = line_end_at(r, i), last = i + length - 1;
  if (length == 1) qp_event(r, CTE_ANOMALY_BARE_LF, i);
  bool crlf = r->options->line_end == CTE_QP_LINE_END_CRLF || (r->options->line_end == CTE_QP_LINE_END_KEEP && length == 2);
  put_text(r->o, crlf ? "\r\n" : "\n", last);
  return i + length;
}

static size_t qp_read_octet(const struct qp_reading *r, size_t i) {
  uint8_t c = r->src[i];
  if (c == '\r') qp_event(r, CTE_ANOMALY_BARE_CR, i);
  if (c > 127) qp_event(r, CTE_ANOMALY_RAW_8BIT, i);
  if ((c < 32 && c != '\r') || c == 127) qp_event(r, CTE_ANOMALY_RAW_CONTROL, i);
  put(r->o, c, i);
  return i + 1;
}

/* The 77th octet of each line. */
static void qp_check_columns(const struct qp_reading *r) {
  uint64_t column = 0;
  for (size_t i = 0; i < r->n; i++) {
    if (r->src[i] == '\n')
      column = 0;
    else if (!line_end_at(r, i) && ++column == 77)
      qp_event(r, CTE_ANOMALY_LINE_OVER_76, i);
  }
}

void ref_qp_decode(struct outcome *o, const uint8_t *src, size_t n, const cte_qp_decode_options *options) {
  outcome_reset(o);
  struct qp_reading r = {o, src, n, options};
  for (size_t i = 0; i < n;) {
    if (src[i] == '=')
      i = qp_read_equals(&r, i);
    else if (is_blank(src[i]))
      i = qp_read_blanks(&r, i);
    else if (line_end_at(&r, i))
      i = qp_read_line_end(&r, i);
    else
      i = qp_read_octet(&r, i);
  }
  qp_check_columns(&r);
  settle(o, first_placed(o), n);
}

/* ---- SMTP ---- */

/* The message between the two sides: octets and line ends, each with its place in the input. */
struct item {
  bool line_end;
  uint8_t octet;
  uint64_t offset; /* of its first input octet */
  uint64_t last;   /* and of its last */
};

struct message {
  struct outcome *o;
  cte_smtp_options policy; /* none of them CTE_SMTP_DEFAULT */
  struct item *items;
  size_t count;
};

static uint8_t policy_or(uint8_t policy, uint8_t fallback) {
  return policy == CTE_SMTP_DEFAULT ? fallback : policy;
}

/* Every input octet gives at most one item. */
static struct message message_new(struct outcome *o, size_t n, const cte_smtp_options *options, bool reader) {
  struct message m = {.o = o, .policy = *options};
  m.policy.bare_lf = policy_or(options->bare_lf, CTE_SMTP_REJECT);
  m.policy.bare_cr = policy_or(options->bare_cr, CTE_SMTP_REJECT);
  m.policy.nul = policy_or(options->nul, CTE_SMTP_REJECT);
  m.policy.long_line = policy_or(options->long_line, reader ? CTE_SMTP_KEEP : CTE_SMTP_REJECT);
  m.items = malloc((n + 1) * sizeof *m.items);
  if (!m.items) abort();
  return m;
}

static void add_octet(struct message *m, uint8_t octet, uint64_t offset) {
  m->items[m->count++] = (struct item){false, octet, offset, offset};
}

static void add_line_end(struct message *m, uint64_t offset, uint64_t last) {
  m->items[m->count++] = (struct item){true, 0, offset, last};
}

static void smtp_event(struct message *m, uint32_t kind, uint64_t offset, uint8_t policy) {
  event(m->o, kind, offset, policy == CTE_SMTP_REJECT);
}

/*
 * The CRs from i on, `open` when what follows the last of them is not known (a reader's input that ends there). Returns
 * where to go on; `*crlf` when they ended a line.
 */
static size_t take_crs(struct message *m, const uint8_t *src, size_t n, size_t i, bool open, bool *crlf) {
  size_t j = i;
  while (j < n && src[j] == '\r') j++;
  bool lf = j < n && src[j] == '\n';
  *crlf = lf;
  size_t lone = lf || (open && j == n) ? j - 1 : j; /* the CRs of [i, lone) are lone */
  if (lone > i) smtp_event(m, CTE_ANOMALY_BARE_CR, i, m->policy.bare_cr);
  bool dropped = m->policy.bare_cr == CTE_SMTP_NORMALIZE && (lf || (open && j == n));
  for (size_t k = i; k < lone && !dropped; k++) {
    bool space = m->policy.bare_cr == CTE_SMTP_NORMALIZE || m->policy.bare_cr == CTE_SMTP_SPACE;
    add_octet(m, space ? ' ' : '\r', k);
  }
  if (lf) add_line_end(m, lone, j);
  return lf ? j + 1 : j;
}

static void take_bare_lf(struct message *m, size_t i) {
  smtp_event(m, CTE_ANOMALY_BARE_LF, i, m->policy.bare_lf);
  if (m->policy.bare_lf == CTE_SMTP_NORMALIZE)
    add_line_end(m, i, i);
  else
    add_octet(m, m->policy.bare_lf == CTE_SMTP_SPACE ? ' ' : '\n', i);
}

static void take_nul(struct message *m, size_t i) {
  smtp_event(m, CTE_ANOMALY_NUL, i, m->policy.nul);
  if (m->policy.nul != CTE_SMTP_NORMALIZE) add_octet(m, m->policy.nul == CTE_SMTP_SPACE ? ' ' : 0, i);
}

/* The number of items, from k on, that a fold may not part: they stood together in the input, too. */
static size_t unit_length(const struct message *m, size_t k) {
  size_t announced = utf8_announced(m->items[k].octet), length = 1;
  while (length < announced && k + length < m->count && !m->items[k + length].line_end &&
         is_continuation(m->items[k + length].octet) && m->items[k + length].offset == m->items[k].offset + length)
    length++;
  return length;
}

/* Writes the items as lines, folded and stuffed where that is wanted. Returns true when a line is open at the end. */
static bool lay_out(struct message *m, bool stuff) {
  size_t column = 0;
  for (size_t k = 0; k < m->count;) {
    const struct item *item = &m->items[k];
    if (item->line_end) {
      put_text(m->o, "\r\n", item->last);
      column = 0;
      k++;
      continue;
    }
    size_t length = m->policy.long_line == CTE_SMTP_NORMALIZE ? unit_length(m, k) : 1;
    if (column + length > CTE_LINE_LIMIT && column <= CTE_LINE_LIMIT)
      smtp_event(m, CTE_ANOMALY_LINE_OVER_998, m->items[k + (CTE_LINE_LIMIT - column)].offset, m->policy.long_line);
    if (column + length > CTE_LINE_LIMIT && m->policy.long_line == CTE_SMTP_NORMALIZE) {
      put_text(m->o, "\r\n ", item->offset);
      column = 1;
    }
    if (stuff && column == 0 && item->octet == '.') put(m->o, '.', item->offset);
    for (size_t i = 0; i < length; i++) put(m->o, m->items[k + i].octet, m->items[k + i].offset);
    column += length;
    k += length;
  }
  return column > 0;
}

void ref_smtp_write(struct outcome *o, const uint8_t *src, size_t n, const cte_smtp_options *options) {
  outcome_reset(o);
  struct message m = message_new(o, n, options, false);
  bool crlf;
  for (size_t i = 0; i < n;) {
    if (src[i] == '\r') {
      i = take_crs(&m, src, n, i, false, &crlf);
      continue;
    }
    if (src[i] == '\n')
      take_bare_lf(&m, i);
    else if (src[i] == 0)
      take_nul(&m, i);
    else
      add_octet(&m, src[i], i);
    i++;
  }
  bool open = lay_out(&m, !options->bdat);
  if (!options->bdat) put_text(o, open ? "\r\n.\r\n" : ".\r\n", n);
  free(m.items);
  settle(o, first_placed(o), n);
}

/* How a reader's line begins. */
enum line_start { IN_LINE, AFTER_CRLF, AFTER_LF };

/* What a '.' that begins a line is. */
enum dot { DOT_STUFFED, DOT_END, DOT_OPEN };

static enum dot judge_dot(const uint8_t *src, size_t n, size_t i, enum line_start start) {
  if (start == AFTER_LF) return DOT_STUFFED;
  if (begins(src, n, i, ".\r\n")) return DOT_END;
  bool open = n - i == 1 || (n - i == 2 && src[i + 1] == '\r');
  return open ? DOT_OPEN : DOT_STUFFED;
}

/* Takes the message in; returns the offset past the end of data, or 0 when there is none. */
static size_t take_data(struct message *m, const uint8_t *src, size_t n) {
  enum line_start start = AFTER_CRLF;
  for (size_t i = 0; i < n;) {
    enum line_start before = start;
    bool crlf;
    start = IN_LINE;
    if (src[i] == '\r') {
      i = take_crs(m, src, n, i, true, &crlf);
      if (crlf) start = AFTER_CRLF;
      continue;
    }
    if (src[i] == '.' && before != IN_LINE) {
      enum dot dot = judge_dot(src, n, i, before);
      if (dot == DOT_END) return i + 3;
      if (dot == DOT_OPEN) return 0;
    } else if (src[i] == '\n') {
      take_bare_lf(m, i);
      if (m->policy.bare_lf == CTE_SMTP_NORMALIZE) start = AFTER_LF;
    } else if (src[i] == 0) {
      take_nul(m, i);
    } else {
      add_octet(m, src[i], i);
    }
    i++;
  }
  return 0;
}

void ref_smtp_read(struct outcome *o, const uint8_t *src, size_t n, const cte_smtp_options *options) {
  outcome_reset(o);
  struct message m = message_new(o, n, options, true);
  size_t end = take_data(&m, src, n);
  lay_out(&m, false);
  free(m.items);
  record_all(o, CTE_NO_OFFSET);
  const struct ref_event *cause = first_placed(o);
  if (cause) {
    cut(o, cause->offset);
    o->verdict = cause->error;
    o->error_offset = cause->offset;
    o->anomalies |= CTE_VERDICT_REJECTED;
  }
  o->status = end ? CTE_END : CTE_ERROR_TRUNCATED;
  o->read = end ? end : n;
  if (!end) o->error_offset = n;
}

void ref_dots(struct outcome *o, const uint8_t *src, size_t n) {
  outcome_reset(o);
  for (size_t i = 0; i < n; i++) {
    if (src[i] == '.' && (i == 0 || src[i - 1] == '\r' || src[i - 1] == '\n')) put(o, '.', i);
    put(o, src[i], i);
  }
  o->read = n;
}

/* ---- Lines ---- */

static void count_line(cte_lines *lines, enum cte_lines_kind kind, uint64_t offset) {
  if (lines->count[kind]++ == 0) lines->first[kind] = offset;
}

/* The line src[begin..end), its line end apart. */
static void count_one_line(cte_lines *lines, const uint8_t *src, size_t begin, size_t end) {
  size_t length = end - begin;
  lines->lines++;
  if (length > lines->longest) lines->longest = length;
  if (length > CTE_LINE_LIMIT) count_line(lines, CTE_LINES_OVER_998, begin + CTE_LINE_LIMIT);
  if (length == 0) return;
  if (src[begin] == '.') count_line(lines, CTE_LINES_DOT, begin);
  if (begins(src, end, begin, "From ")) count_line(lines, CTE_LINES_FROM, begin);
  if (is_blank(src[end - 1])) count_line(lines, CTE_LINES_TRAILING_BLANK, end - 1);
  for (size_t i = begin; i < end; i++) {
    uint8_t c = src[i];
    if (c > 127) count_line(lines, CTE_LINES_8BIT, i);
    if (c == 0) count_line(lines, CTE_LINES_NUL, i);
    if (c == '\r') count_line(lines, CTE_LINES_BARE_CR, i);
    bool control = c == 127 || (c < 32 && c != '\t');
    bool trailing = is_blank(c) && i == end - 1;
    if (c > 127 || control || c == '=' || trailing) count_line(lines, CTE_LINES_QP_ESCAPE, i);
  }
}

void ref_lines(cte_lines *lines, const uint8_t *src, size_t n) {
  memset(lines, 0, sizeof *lines);
  for (size_t k = 0; k < 16; k++) lines->first[k] = CTE_NO_OFFSET;
  lines->octets = n;
  size_t begin = 0;
  for (size_t i = 0; i < n; i++) {
    if (src[i] != '\n') continue;
    bool crlf = i > begin && src[i - 1] == '\r';
    count_one_line(lines, src, begin, crlf ? i - 1 : i);
    if (crlf)
      lines->crlf++;
    else
      count_line(lines, CTE_LINES_BARE_LF, i);
    begin = i + 1;
  }
  if (begin < n) {
    count_one_line(lines, src, begin, n);
    lines->unterminated = 1;
  }
  for (size_t i = 0; i < n;) {
    size_t length = ref_utf8(src + i, n - i);
    if (length == 0) {
      count_line(lines, CTE_LINES_NOT_UTF8, i);
      break;
    }
    i += length;
  }
}

/* The violation that the octet at src[i] is in itself, or CTE_OK. */
static int32_t octet_violation(const uint8_t *src, size_t n, size_t i, uint32_t allowed) {
  uint32_t octets = allowed & ~(uint32_t)CTE_LINES_LF_TEXT;
  bool lf_text = allowed & CTE_LINES_LF_TEXT;
  uint8_t c = src[i];
  if (c > 127 && octets == CTE_LINES_ALLOW_7BIT) return CTE_ERROR_RAW_8BIT;
  if (c == 0 && octets != CTE_LINES_ALLOW_SMTP) return CTE_ERROR_NUL;
  if (c == '\r' && (lf_text || i + 1 == n || src[i + 1] != '\n')) return CTE_ERROR_BARE_CR;
  if (c == '\n' && !lf_text && (i == 0 || src[i - 1] != '\r')) return CTE_ERROR_BARE_LF;
  return CTE_OK;
}

void ref_lines_check(struct outcome *o, const uint8_t *src, size_t n, uint32_t allowed) {
  outcome_reset(o);
  size_t column = 0;
  o->read = n;
  for (size_t i = 0; i < n; i++) {
    int32_t violation = octet_violation(src, n, i, allowed);
    bool end = src[i] == '\n' || (src[i] == '\r' && violation == CTE_OK);
    column = src[i] == '\n' ? 0 : end ? column : column + 1;
    if (violation == CTE_OK && column > CTE_LINE_LIMIT) violation = CTE_ERROR_LINE_OVER_998;
    if (violation != CTE_OK) {
      o->status = violation;
      o->read = o->error_offset = i;
      record(o, UINT32_C(1) << (-32 - violation), i);
      return;
    }
  }
}

/* Whether the text's line ends are LF. */
static bool taken_as_lf(const cte_lines *lines, uint32_t line_ends) {
  if (line_ends == CTE_LINES_AUTO) return lines->count[CTE_LINES_BARE_LF] > 0 && lines->crlf == 0;
  return line_ends == CTE_LINES_LF;
}

int32_t ref_lines_encoding(const cte_lines *lines, uint32_t line_ends) {
  if (line_ends > CTE_LINES_AUTO) return CTE_ERROR_ARGUMENT;
  uint64_t wrong_lf = taken_as_lf(lines, line_ends) ? 0 : lines->count[CTE_LINES_BARE_LF];
  uint64_t wrong_cr = lines->count[CTE_LINES_BARE_CR] + (taken_as_lf(lines, line_ends) ? lines->crlf : 0);
  if (wrong_lf || wrong_cr || lines->count[CTE_LINES_NUL] || lines->count[CTE_LINES_OVER_998]) return CTE_ENCODING_BINARY;
  return lines->count[CTE_LINES_8BIT] ? CTE_ENCODING_8BIT : CTE_ENCODING_7BIT;
}

static uint64_t add(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b) {
  return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* Lines of 57 octets and 78; the last one's quanta and its CRLF. */
static uint64_t base64_size(uint64_t octets) {
  uint64_t rest = octets % 57;
  return add(times(octets / 57, 78), rest ? (rest + 2) / 3 * 4 + 2 : 0);
}

cte_choice ref_lines_choose(const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t line_ends,
                            uint64_t quoted_printable) {
  cte_choice choice = {.status = CTE_ERROR_ARGUMENT};
  if (content > CTE_CONTENT_OPAQUE || transport > CTE_TRANSPORT_BINARYMIME || line_ends > CTE_LINES_AUTO) return choice;
  uint64_t lfs = lines->count[CTE_LINES_BARE_LF] + lines->crlf;
  bool grows = content != CTE_CONTENT_DATA && taken_as_lf(lines, line_ends);
  int32_t as_it_is = ref_lines_encoding(lines, content == CTE_CONTENT_DATA ? (uint32_t)CTE_LINES_CRLF : line_ends);
  choice.status = CTE_OK;
  choice.encoding = as_it_is;
  choice.identity = add(lines->octets, grows ? lfs : 0);
  choice.base64 = base64_size(choice.identity);
  choice.quoted_printable = quoted_printable;
  if ((uint32_t)as_it_is <= transport) return choice;
  if (content == CTE_CONTENT_COMPOSITE || content == CTE_CONTENT_OPAQUE)
    choice.status = CTE_ERROR_UNSUPPORTED;
  else if (content == CTE_CONTENT_TEXT && quoted_printable <= choice.base64)
    choice.encoding = CTE_ENCODING_QP;
  else
    choice.encoding = CTE_ENCODING_BASE64;
  return choice;
}
