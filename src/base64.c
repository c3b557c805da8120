/* base64.c: base64 for mail (RFC 2045 section 6.8) and at large (RFC 4648): options, sizes, and all that kernels leave. */
#include <cte/base64.h>
#include <string.h>

#include "codec.h"

_Static_assert(sizeof(cte_base64_encode_options) == 32 && sizeof(cte_base64_decode_options) == 32,
               "the options' size is ABI");

/* ---- Encoding ---- */

/* The inverse of three modulo 2^64: times a multiple of three it is a third of it, times any other number more than 2^62. */
#define A_THIRD UINT64_C(0xaaaaaaaaaaaaaaab)

static const cte_base64_encode_options mail_encoder = CTE_BASE64_ENCODE_MAIL;

/* One test of all: line_end, last_line, alphabet and padding are 0 or 1, and what is reserved is 0. */
static inline bool encoder_allows(const cte_base64_encode_options *o) {
  uint64_t first, more[2], ones;
  memcpy(&first, (const uint8_t *)o + 8, 8);
  memcpy(more, (const uint8_t *)o + 16, 16);
  memcpy(&ones, "\1\1\1\1\0\0\0", 8);
  return ((first & ~ones) | more[0] | more[1]) == 0;
}

/* One by one: a whole struct would be cleared first, and stored in vectors that cannot be forwarded to smaller loads. */
static inline void encoder_set(struct base64_encoder *state, const cte_base64_encode_options *o) {
  state->params.columns = o->columns != 0 ? o->columns : CTE_COLUMNS_MIME;
  state->params.line_end = (uint8_t)(2 - o->line_end);
  state->params.alphabet = o->alphabet;
  state->column = 0;
  state->rest_size = 0;
  state->padded = o->padding == CTE_BASE64_PADDED;
  state->last_line_end = o->last_line == CTE_BASE64_LAST_LINE_END && o->columns != CTE_COLUMNS_NONE;
}

int32_t cte_base64_encoder_init(struct base64_encoder *state, const void *options) {
  const cte_base64_encode_options *o = options != NULL ? options : &mail_encoder;
  if (!encoder_allows(o)) return CTE_ERROR_ARGUMENT;
  encoder_set(state, o);
  return CTE_OK;
}

size_t cte_base64_encoded_size(size_t n, const cte_base64_encode_options *options) {
  struct base64_encoder e;
  if (cte_base64_encoder_init(&e, options) != CTE_OK) return SIZE_MAX;
  if (n == 0) return 0;
  size_t quanta = n / 3, rest = n % 3, tail = rest == 0 ? 0 : e.padded ? 4 : rest + 1;
  if (quanta > SIZE_MAX / 4 || tail > SIZE_MAX - 4 * quanta) return SIZE_MAX;
  size_t characters = 4 * quanta + tail;
  /* At most one a character. */
  size_t line_ends = (size_t)((characters - 1) / e.params.columns) + e.last_line_end;
  if (line_ends > (SIZE_MAX - characters) / e.params.line_end) return SIZE_MAX;
  return characters + line_ends * e.params.line_end;
}

/* The characters of 1 - 3 octets. */
static inline size_t quantum_of(const struct base64_encoder *e, const uint8_t *src, size_t octets, uint8_t quantum[4]) {
  static const char alphabets[2][64 + 1] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};
  const char *alphabet = alphabets[e->params.alphabet == ALPHABET_URL];
  uint32_t bits = 0;
  for (size_t i = 0; i < 3; i++) bits = bits << 8 | (i < octets ? src[i] : 0u);
  for (size_t k = 0; k < 4; k++) quantum[k] = (uint8_t)(k <= octets ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
  return e->padded ? 4 : octets + 1;
}

static inline size_t line_end_of(const struct base64_encoder *e, uint8_t *dst) {
  size_t i = 0;
  if (e->params.line_end == 2) dst[i++] = '\r';
  dst[i++] = '\n';
  return i;
}

/* Encodes 1 - 3 octets with the line ends due before each character: at most 12 octets. Returns 0 when they do not fit. */
static size_t encode_quantum(struct base64_encoder *e, const uint8_t *src, size_t octets, uint8_t *dst, size_t cap) {
  uint8_t quantum[4], unit[12];
  size_t characters = quantum_of(e, src, octets, quantum), size = 0;
  uint64_t column = e->column;
  for (size_t k = 0; k < characters; k++) {
    if (column == e->params.columns) {
      size += line_end_of(e, unit + size);
      column = 0;
    }
    unit[size++] = quantum[k];
    column++;
  }
  if (size > cap) return 0;
  /* cppcheck-suppress uninitvar ; a quantum has two characters at least */
  memcpy(dst, unit, size);
  e->column = column;
  return size;
}

/* Keeps what is no whole quantum, and is read then; returns its octets. */
static inline size_t keep_rest(struct base64_encoder *e, const uint8_t *src, size_t n) {
  if (n >= 3) return 0;
  if (n > 0) e->rest[0] = src[0];
  if (n > 1) e->rest[1] = src[1];
  e->rest_size = (uint8_t)n;
  return n;
}

/* Encodes what was kept and the octets that make it whole, or with `last` what there is. False: they do not fit. */
static bool encode_rest(struct base64_encoder *e, struct step *step, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                        bool last) {
  uint8_t octets[3] = {e->rest[0], e->rest[1], 0};
  size_t size = e->rest_size, more = 0;
  while (size < 3 && more < n) octets[size++] = src[more++];
  if (size < 3 && !last) {
    step->read = more + keep_rest(e, octets, size) - size;
    return true;
  }
  step->written = encode_quantum(e, octets, size, dst, cap);
  if (step->written == 0) return false;
  step->read = more;
  e->rest_size = 0;
  return true;
}

static struct step encode(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                          bool last) {
  struct base64_encoder *e = state;
  struct step step = {CTE_MORE_OUTPUT, 0, 0};
  (void)report;
  if (e->rest_size > 0 && !encode_rest(e, &step, src, n, dst, cap, last)) return step;
  for (const struct isa *row = cte_isa(); row != NULL && n - step.read >= 3 && cap > step.written; row = row->tails) {
    const struct done done =
        row->base64->encode(src + step.read, n - step.read, dst + step.written, cap - step.written, &e->params, &e->column);
    step.read += done.read;
    step.written += done.written;
  }
  while (n - step.read >= 3 || (last && step.read < n)) {
    size_t octets = n - step.read < 3 ? n - step.read : 3;
    size_t size = encode_quantum(e, src + step.read, octets, dst + step.written, cap - step.written);
    if (size == 0) return step;
    step.read += octets;
    step.written += size;
  }
  if (step.read < n) step.read += keep_rest(e, src + step.read, n - step.read);
  /* The line is open unless it is empty; once it has ended it is, so that this happens once. */
  if (last && e->last_line_end && e->column > 0) {
    if (cap - step.written < e->params.line_end) return step;
    step.written += line_end_of(e, dst + step.written);
    e->column = 0;
  }
  step.status = CTE_OK;
  return step;
}

/* The quantum that the last chunk's end cut, where its characters stand on one line; or octets that are less than one. */
APART struct done encode_cut(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, struct base64_encoder *e) {
  const size_t kept = e->rest_size, more = 3 - kept;
  uint8_t octets[3] = {e->rest[0], e->rest[1], 0};
  size_t size = 0;
  if (kept == 0) return (struct done){keep_rest(e, src, n), 0};
  if (n < more || cap < 6 || e->params.columns < 4) return (struct done){0, 0};
  if (e->column == e->params.columns) {
    size = line_end_of(e, dst);
    e->column = 0;
  } else if (e->params.columns - e->column < 4) {
    return (struct done){0, 0};
  }
  if (kept == 1) octets[1] = src[0];
  octets[2] = src[more - 1];
  quantum_of(e, octets, 3, dst + size);
  e->column += 4;
  e->rest_size = 0;
  size += 4;
  if (n - more < 3 || cap == size) return (struct done){more, size};
  const struct done done = cte_isa()->base64->encode(src + more, n - more, dst + size, cap - size, &e->params, &e->column);
  return (struct done){more + done.read, size + done.written};
}

/* What is less than a quantum at the end of a chunk is left for the next call, so that this one can be a jump. */
static struct done encode_quick(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, void *state,
                                const struct report *report) {
  struct base64_encoder *e = state;
  const struct isa *row = cte_isa_chosen();
  (void)report;
  if (LIKELY(e->rest_size == 0) && LIKELY(n >= 3) && LIKELY(row != NULL))
    return row->base64->encode(src, n, dst, cap, &e->params, &e->column);
  return encode_cut(src, n, dst, cap, e);
}

const struct codec cte_base64_encoder = {encode, 0, encode_quick, 0};

/* A call's arguments, in memory: where a kernel does all, no registers need be saved for what would follow it. */
struct encode_call {
  struct base64_encoder e;
  const void *src;
  void *dst;
  size_t n, cap;
};

/* Apart, so that the call below needs no more registers and stack than its common cases. */
APART cte_result encode_more(struct encode_call *call, size_t read, size_t written) {
  if (call->src == call->dst && call->n > 0) return refused();
  return one_shot(encode, &call->e, call->src, call->n, call->dst, call->cap, (struct done){read, written});
}

/*
 * Such calls are frequent: a line's 57 octets or fewer, without padding, which need nothing set up; and whatever a kernel
 * takes whole.
 */
cte_result cte_base64_encode(const void *src, size_t n, void *dst, size_t cap, const cte_base64_encode_options *options) {
  const cte_base64_encode_options *o = options != NULL ? options : &mail_encoder;
  const struct isa *row = cte_isa_chosen();
  const uint64_t quanta = n * A_THIRD;
  if (UNLIKELY(!encoder_allows(o))) return refused();
  if (LIKELY(quanta - LINE_QUANTA_LEAST <= LINE_QUANTA_MOST - LINE_QUANTA_LEAST && cap >= 4 * quanta + 2 &&
             o->columns - 1 >= CTE_COLUMNS_MIME - 1 && src != dst && row != NULL)) {
    size_t end = 0;
    if (o->last_line == CTE_BASE64_LAST_LINE_END && o->columns != CTE_COLUMNS_NONE) {
      end = 2u - o->line_end;
      memcpy((uint8_t *)dst + 4 * quanta, o->line_end == CTE_LINE_END_LF ? "\n" : "\r\n", 2);
    }
    const size_t written = row->base64->encode_line(src, (size_t)quanta, dst, o->alphabet);
    return (cte_result){.status = CTE_OK, .read = written / 4 * 3, .written = written + end, .first_anomaly = SIZE_MAX};
  }
  struct encode_call call;
  encoder_set(&call.e, o);
  call.src = src, call.n = n, call.dst = dst, call.cap = cap;
  if (n < 3 || cap < n || src == dst || row == NULL) return encode_more(&call, 0, 0);
  const struct done done = row->base64->encode(src, n, dst, cap, &call.e.params, &call.e.column);
  if (done.read != call.n || call.cap - done.written < 2) return encode_more(&call, done.read, done.written);
  const size_t end = call.e.last_line_end ? line_end_of(&call.e, (uint8_t *)call.dst + done.written) : 0;
  return (cte_result){.status = CTE_OK, .read = call.n, .written = done.written + end, .first_anomaly = SIZE_MAX};
}

/* ---- Decoding ---- */

/* The state of the padding: none; one '=' after two characters, so that a second is due; complete. */
enum { PADDING_NONE = 0, PADDING_OPEN = 1, PADDING_COMPLETE = 2 };

/* A kernel stops at most this far before what it cannot pass; less than two quanta, mostly padding, it does not get. */
enum { CAUSE_WITHIN = 1024, KERNEL_LEAST = 8 };

static const cte_base64_decode_options mail_decoder = CTE_BASE64_DECODE_MAIL;

static inline bool decoder_allows(const cte_base64_decode_options *o) {
  return (o->reject & ~ANOMALIES_ALL) == 0 && o->alphabet <= CTE_BASE64_EITHER &&
         o->line_ends <= CTE_BASE64_LINE_ENDS_NONE && o->after_padding <= CTE_BASE64_AFTER_PADDING_STOP &&
         all_zero(o->reserved, sizeof o->reserved);
}

int32_t cte_base64_decoder_init(struct base64_decoder *state, const void *options) {
  const cte_base64_decode_options *o = options != NULL ? options : &mail_decoder;
  if (!decoder_allows(o)) return CTE_ERROR_ARGUMENT;
  *state = (struct base64_decoder){
      .params = {.alphabet = o->alphabet, .line_ends = o->line_ends},
      .reject = o->reject,
      .stop = o->after_padding == CTE_BASE64_AFTER_PADDING_STOP,
  };
  return CTE_OK;
}

size_t cte_base64_decoded_bound(size_t n, const cte_base64_decode_options *options) {
  struct base64_decoder d;
  if (cte_base64_decoder_init(&d, options) != CTE_OK) return SIZE_MAX;
  return n / 4 * 3 + n % 4 * 6 / 8;
}

/* One step's decoding. */
struct decoding {
  struct base64_decoder *s;
  struct report *report;
  uint8_t *dst;
  size_t cap, written;
  bool irregular; /* something was met that a kernel may have stopped for */
};

/* Writes the first `count` octets of the open quantum; false when there is no room. */
static bool put(struct decoding *d, unsigned count) {
  if (d->cap - d->written < count) return false;
  for (unsigned k = 1; k <= count; k++) d->dst[d->written++] = (uint8_t)(d->s->bits >> (6u * d->s->phase - 8 * k));
  return true;
}

/*
 * An error: delivers what is known from the characters before it. `kind` is 0 or its anomaly.
 */
static int32_t fail(struct decoding *d, int32_t error, uint32_t kind, uint64_t offset) {
  unsigned characters = d->s->phase;
  if (characters > 0 && offset <= d->s->last) characters--; /* trailing bits: found after their character */
  if (!put(d, characters >= 2 ? characters - 1 : 0)) return CTE_MORE_OUTPUT;
  report_forget(d->report, offset);
  if (kind != 0) report_anomaly(d->report, kind, offset);
  d->report->error_offset = offset;
  return error;
}

static int32_t anomaly(struct decoding *d, uint32_t kind, uint64_t offset) {
  d->irregular = true;
  if (d->s->reject & kind) return fail(d, report_error(kind), kind, offset);
  report_anomaly(d->report, kind, offset);
  return CTE_OK;
}

/* The value of a character in either alphabet, or -1. A table: no branch could be foretold. */
static int value_of(uint8_t c) {
  static const uint8_t values_and_one[256] = {
      ['A'] = 1, 2,  3,  4,  5,  6,  7,  8,  9,          10,         11,         12,         13, 14, 15, 16, 17,         18,
      19,        20, 21, 22, 23, 24, 25, 26, ['a'] = 27, 28,         29,         30,         31, 32, 33, 34, 35,         36,
      37,        38, 39, 40, 41, 42, 43, 44, 45,         46,         47,         48,         49, 50, 51, 52, ['0'] = 53, 54,
      55,        56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['-'] = 63, ['/'] = 64, ['_'] = 64,
  };
  return values_and_one[c] - 1;
}

/* What an octet is, line ends apart: 0 for a character of the alphabet, '=' itself, else its anomaly's bit. */
static inline uint32_t kind_of(uint8_t c, uint8_t alphabet) {
  if (value_of(c) < 0) return c == ' ' || c == '\t' ? CTE_ANOMALY_WHITE_SPACE : CTE_ANOMALY_CHARACTER;
  if (alphabet == ALPHABET_STANDARD && (c == '-' || c == '_')) return CTE_ANOMALY_ALPHABET;
  if (alphabet == ALPHABET_URL && (c == '+' || c == '/')) return CTE_ANOMALY_ALPHABET;
  return 0;
}

/* A quantum of two or three characters ends: are its unused bits zero? */
static int32_t judge_bits(struct decoding *d) {
  uint32_t unused = d->s->phase == 2 ? 15 : 3;
  return d->s->bits & unused ? anomaly(d, CTE_ANOMALY_TRAILING_BITS, d->s->last) : CTE_OK;
}

static int32_t judge_padding(struct decoding *d, uint64_t offset) {
  d->irregular = true;
  if (d->s->padding == PADDING_OPEN) return CTE_OK;
  if (d->s->phase < 2) return anomaly(d, CTE_ANOMALY_EXCESS_PADDING, offset);
  return judge_bits(d);
}

static int32_t judge_character(struct decoding *d, uint64_t offset) {
  int32_t status = CTE_OK;
  if (d->s->padding == PADDING_OPEN) status = anomaly(d, CTE_ANOMALY_MISSING_PADDING, offset);
  if (status == CTE_OK && d->s->padding != PADDING_NONE) status = anomaly(d, CTE_ANOMALY_DATA_AFTER_PADDING, offset);
  return status;
}

static int32_t add_padding(struct decoding *d) {
  struct base64_decoder *s = d->s;
  if (s->padding == PADDING_OPEN) {
    s->padding = PADDING_COMPLETE;
  } else if (s->phase >= 2) {
    if (!put(d, s->phase - 1u)) return CTE_MORE_OUTPUT;
    s->padding = s->phase == 2 ? PADDING_OPEN : PADDING_COMPLETE;
    s->phase = 0;
  } else {
    return CTE_OK;
  }
  return s->stop && s->padding == PADDING_COMPLETE ? CTE_END : CTE_OK;
}

static int32_t add_character(struct decoding *d, uint8_t c, uint64_t offset) {
  struct base64_decoder *s = d->s;
  if (s->phase == 3 && d->cap - d->written < 3) return CTE_MORE_OUTPUT;
  s->bits = s->bits << 6 | (uint32_t)value_of(c);
  s->phase++;
  s->last = offset;
  s->padding = PADDING_NONE;
  if (s->phase == 4) {
    put(d, 3);
    s->phase = 0;
  }
  return CTE_OK;
}

/* A kernel decodes from here: a quantum begins, and no padding stands before it. */
static bool regular(const struct base64_decoder *s) {
  return s->phase == 0 && s->padding == PADDING_NONE;
}

/* The octets of a quantum with canonical padding, which ends nearly every text, and how many; 0 when it is another. */
static inline size_t padded_octets(const uint8_t src[4], uint8_t alphabet, uint8_t octets[2]) {
  if (src[3] != '=' || kind_of(src[0], alphabet) != 0 || kind_of(src[1], alphabet) != 0) return 0;
  const size_t count = src[2] == '=' ? 1 : 2;
  if (count == 2 && kind_of(src[2], alphabet) != 0) return 0;
  const uint32_t third = count == 2 ? (uint32_t)value_of(src[2]) : 0;
  const uint32_t bits = (uint32_t)value_of(src[0]) << 12 | (uint32_t)value_of(src[1]) << 6 | third;
  octets[0] = (uint8_t)(bits >> 10);
  octets[1] = (uint8_t)(bits >> 2);
  return bits & (count == 1 ? 0x3ff : 0x3) ? 0 : count;
}

/* What take() would make of such a quantum, at once. Returns 4, or 0 when it is another, or there is no room. */
static size_t padded_quantum(struct decoding *d, const uint8_t *src, size_t n) {
  struct base64_decoder *s = d->s;
  uint8_t octets[2];
  if (n < 4 || d->cap - d->written < 2 || !regular(s) || s->stop) return 0;
  if (s->carry.column > 72 && s->params.line_ends != SKIP_NONE) return 0;
  const size_t count = padded_octets(src, s->params.alphabet, octets);
  if (count == 0) return 0;
  memcpy(d->dst + d->written, octets, count);
  d->written += count;
  s->padding = PADDING_COMPLETE;
  s->carry.column += 4;
  return 4;
}

/* Takes one octet: judges it, then its place in the line, then acts on it. CTE_OK and CTE_END: it was taken. */
static int32_t take(struct decoding *d, uint8_t c, uint64_t offset) {
  struct base64_decoder *s = d->s;
  if (c == '\n' || (c == '\r' && s->params.line_ends != SKIP_LF)) {
    if (s->params.line_ends == SKIP_NONE) return fail(d, CTE_ERROR_LINE_END, 0, offset);
    s->carry.column = 0;
    return CTE_OK;
  }
  const uint32_t kind = c == '=' ? 0 : kind_of(c, s->params.alphabet), met = d->report->anomalies;
  int32_t status;
  if (c == '=')
    status = judge_padding(d, offset);
  else
    status = kind == 0 ? judge_character(d, offset) : anomaly(d, kind, offset);
  if (status == CTE_OK && s->carry.column == 76 && s->params.line_ends != SKIP_NONE)
    status = anomaly(d, CTE_ANOMALY_LINE_OVER_76, offset);
  if (status == CTE_OK && c == '=')
    status = add_padding(d);
  else if (status == CTE_OK && kind == 0)
    status = add_character(d, c, offset);
  if (status == CTE_OK || status == CTE_END) s->carry.column++;
  if (status == CTE_MORE_OUTPUT) d->report->anomalies = met; /* it was not taken */
  return status;
}

/* The end of input. Calling it again changes nothing. */
static int32_t end(struct decoding *d, uint64_t offset) {
  struct base64_decoder *s = d->s;
  const uint32_t met = d->report->anomalies;
  int32_t status = CTE_OK;
  if (s->phase == 1) status = anomaly(d, CTE_ANOMALY_DANGLING_CHARACTER, offset);
  if (s->phase >= 2) status = judge_bits(d);
  if (status == CTE_OK && (s->phase >= 2 || s->padding == PADDING_OPEN))
    status = anomaly(d, CTE_ANOMALY_MISSING_PADDING, offset);
  if (status == CTE_OK && s->phase >= 2 && !put(d, s->phase - 1u)) status = CTE_MORE_OUTPUT;
  if (status == CTE_MORE_OUTPUT) d->report->anomalies = met;
  if (status != CTE_OK) return status;
  s->phase = 0;
  s->padding = PADDING_NONE;
  return CTE_OK;
}

/* Goes past what stopped the kernel, if it ran, to where one can be entered again; *read moves on. */
static int32_t pass(struct decoding *d, const uint8_t *src, size_t n, size_t *read, bool stopped) {
  size_t begin = *read, within = stopped ? CAUSE_WITHIN : 0;
  d->irregular = false;
  *read += padded_quantum(d, src + *read, n - *read);
  while (*read < n && !(regular(d->s) && (d->irregular || *read - begin > within))) {
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): src is NULL for n = 0 alone. */
    int32_t status = take(d, src[*read], d->report->offset + *read);
    if (status == CTE_OK || status == CTE_END) ++*read;
    if (status != CTE_OK) return status;
  }
  return CTE_OK;
}

/*
 * Where the row's kernel goes less than SHORT_RUN octets, what stops it is mostly met again soon, and to enter it costs more
 * than it gains: then the scalar one, which is entered for less, has the next turns, each time twice as many.
 */
enum { SHORT_RUN = 256, TURNS_LEAST = 4, TURNS_MOST = 256 };

struct turns {
  unsigned scalar, last; /* those to come; those that were given last, 0 after a longer run */
};

static inline struct done run_kernels(struct base64_decoder *s, struct turns *turns, const uint8_t *src, size_t n,
                                      uint8_t *dst, size_t cap) {
  struct done all = {0, 0};
  if (turns->scalar > 0) {
    turns->scalar--;
    all = cte_scalar_base64.decode(src, n < SHORT_RUN ? n : SHORT_RUN, dst, cap, &s->params, &s->carry);
    if (n <= SHORT_RUN || all.read <= SHORT_RUN - KERNEL_LEAST) return all;
    turns->scalar = 0; /* nothing stopped it: the text is better here */
  }
  for (const struct isa *row = cte_isa(); row != NULL && n - all.read >= KERNEL_LEAST && all.written < cap;
       row = row->tails) {
    const struct done done =
        row->base64->decode(src + all.read, n - all.read, dst + all.written, cap - all.written, &s->params, &s->carry);
    all.read += done.read;
    all.written += done.written;
  }
  turns->last = all.read >= SHORT_RUN ? 0 : turns->last < TURNS_MOST / 2 ? 2 * turns->last + TURNS_LEAST : TURNS_MOST;
  turns->scalar = turns->last;
  return all;
}

static struct step decode(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                          bool last) {
  struct base64_decoder *s = state;
  struct decoding d = {s, report, dst, cap, 0, false};
  struct turns turns = {0, 0};
  size_t read = 0;
  int32_t status = CTE_OK;
  while (read < n && status == CTE_OK) {
    const bool enter = regular(s) && d.written < cap && n - read >= KERNEL_LEAST;
    /* None of these kinds is rejected: that error would have stayed. */
    s->params.recorded = report->anomalies;
    if (enter) {
      const struct done done = run_kernels(s, &turns, src + read, n - read, dst + d.written, cap - d.written);
      read += done.read;
      d.written += done.written;
    }
    status = pass(&d, src, n, &read, enter);
  }
  if (status == CTE_OK && last) status = end(&d, report->offset + n);
  return (struct step){status, read, d.written};
}

/*
 * Takes characters and line ends, as take() would, to the end of a quantum: what a chunk's end cut. It stops before anything
 * else, and at once where a quantum would not fit.
 */
static inline struct done take_plain(struct base64_decoder *s, uint64_t offset, const uint8_t *src, size_t n, uint8_t *dst,
                                     size_t cap) {
  const bool lines = s->params.line_ends != SKIP_NONE;
  uint64_t column = s->carry.column;
  uint32_t bits = s->bits;
  unsigned phase = s->phase;
  struct done done = {0, 0};
  if (cap < 3) return done;
  while (done.read < n && done.written == 0) {
    const uint8_t c = src[done.read];
    if (s->params.line_ends == SKIP_CR_LF && (c == '\r' || c == '\n')) {
      column = 0;
    } else if (kind_of(c, s->params.alphabet) != 0 || (column >= 76 && lines)) {
      break;
    } else {
      bits = bits << 6 | (uint32_t)value_of(c);
      s->last = offset + done.read;
      column++;
      if (++phase == 4) done.written = 3;
    }
    done.read++;
  }
  for (unsigned k = 0; k < done.written; k++) dst[k] = (uint8_t)(bits >> (16 - 8 * k));
  s->carry.column = column;
  s->bits = bits;
  s->phase = (uint8_t)(phase % 4);
  return done;
}

/*
 * The quantum that the last chunk's end cut, what follows, and what this one's end cuts; or octets that are less than a
 * quantum.
 */
APART struct done decode_cut(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, struct base64_decoder *s,
                             const struct report *report) {
  const struct isa *row = cte_isa();
  struct done done = {0, 0};
  if (s->padding != PADDING_NONE) return done;
  if (s->phase != 0 || n < 4) {
    done = take_plain(s, report->offset, src, n, dst, cap);
    if (s->phase != 0 || n - done.read < 4 || done.written == cap) return done;
  }
  const struct done more =
      row->base64->decode(src + done.read, n - done.read, dst + done.written, cap - done.written, &s->params, &s->carry);
  const size_t read = done.read + more.read, written = done.written + more.written;
  if (n - read == 0 || n - read > 3) return (struct done){read, written};
  const struct done rest = take_plain(s, report->offset + read, src + read, n - read, dst + written, cap - written);
  return (struct done){read + rest.read, written + rest.written};
}

/* So much is a long chunk: it begins and ends within a quantum as often as not. */
enum { LONG_CHUNK = 512 };

/* What is less than a quantum at the end of a short chunk is left for the next call, so that this one can be a jump. */
static struct done decode_quick(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, void *state,
                                const struct report *report) {
  struct base64_decoder *s = state;
  const struct isa *row = cte_isa_chosen();
  s->params.recorded = report->anomalies;
  if (LIKELY((s->phase | s->padding) == 0) && LIKELY(n >= 4 && n < LONG_CHUNK) && LIKELY(row != NULL))
    return row->base64->decode(src, n, dst, cap, &s->params, &s->carry);
  return decode_cut(src, n, dst, cap, s, report);
}

const struct codec cte_base64_decoder = {decode, 0, decode_quick, 0};

/* As encode_call; of the decoder's state what a kernel needs. */
struct decode_call {
  struct base64_decode_params params;
  struct base64_carry carry;
  const void *src;
  void *dst;
  size_t n, cap;
  const cte_base64_decode_options *options;
};

/* Whether nothing but a quantum with canonical padding, and perhaps a CRLF, is left; it is decoded then. */
static bool decode_padding(const struct decode_call *call, size_t read, size_t *written) {
  const cte_base64_decode_options *o = call->options;
  const uint8_t *src = (const uint8_t *)call->src + read;
  const size_t left = call->n - read;
  uint8_t octets[2];
  if (left != 4 && (left != 6 || o->line_ends != CTE_BASE64_LINE_ENDS_SKIP || src[4] != '\r' || src[5] != '\n'))
    return false;
  if (o->after_padding != CTE_BASE64_AFTER_PADDING_CONTINUE || call->cap - *written < 2) return false;
  if (call->carry.column > 72 && o->line_ends != CTE_BASE64_LINE_ENDS_NONE) return false;
  const size_t count = padded_octets(src, o->alphabet, octets);
  if (count > 0) memcpy((uint8_t *)call->dst + *written, octets, count);
  *written += count;
  return count > 0;
}

/* The carry is set where something was read. */
APART cte_result decode_more(const struct decode_call *call, size_t read, size_t written) {
  if (read > 0 && decode_padding(call, read, &written))
    return (cte_result){.status = CTE_OK, .read = call->n, .written = written, .first_anomaly = SIZE_MAX};
  struct base64_decoder state;
  if (cte_base64_decoder_init(&state, call->options) != CTE_OK) return refused();
  if (read > 0) state.carry = call->carry;
  return one_shot(decode, &state, call->src, call->n, call->dst, call->cap, (struct done){read, written});
}

/* A longer or shorter text than a line. */
APART cte_result decode_any(const void *src, size_t n, void *dst, size_t cap, const cte_base64_decode_options *options) {
  const cte_base64_decode_options *o = options != NULL ? options : &mail_decoder;
  const struct isa *row = cte_isa_chosen();
  if (options != NULL && UNLIKELY(!decoder_allows(o))) return refused();
  struct decode_call call;
  call.src = src, call.n = n, call.dst = dst, call.cap = cap, call.options = o;
  call.carry.column = 0, call.carry.width = 0;
  if (UNLIKELY(n < KERNEL_LEAST || cap == 0 || row == NULL)) return decode_more(&call, 0, 0);
  call.params.recorded = 0, call.params.alphabet = o->alphabet, call.params.line_ends = o->line_ends;
  const struct done done = row->base64->decode(src, n, dst, cap, &call.params, &call.carry);
  if (UNLIKELY(done.read != call.n)) return decode_more(&call, done.read, done.written);
  return (cte_result){.status = CTE_OK, .read = call.n, .written = done.written, .first_anomaly = SIZE_MAX};
}

/* The quanta of a text of up to a line's octets if it may be characters alone, or they and CRLF; else 0. */
static inline size_t line_quanta(const uint8_t *src, size_t n, uint8_t line_ends) {
  if (n % 4 == 0) return n / 4;
  if (n % 4 != 2 || line_ends != CTE_BASE64_LINE_ENDS_SKIP) return 0;
  return src[n - 2] == '\r' && src[n - 1] == '\n' ? n / 4 : 0;
}

/* As cte_base64_encode. Of what is not one line of characters decode_line has changed nothing. */
cte_result cte_base64_decode(const void *src, size_t n, void *dst, size_t cap, const cte_base64_decode_options *options) {
  if (n - 4 * LINE_QUANTA_LEAST > 4 * LINE_QUANTA_MOST + 2 - 4 * LINE_QUANTA_LEAST)
    return decode_any(src, n, dst, cap, options);
  const cte_base64_decode_options *o = options != NULL ? options : &mail_decoder;
  const struct isa *row = cte_isa_chosen();
  if (options != NULL && UNLIKELY(!decoder_allows(o))) return refused();
  struct decode_call call;
  call.src = src, call.n = n, call.dst = dst, call.cap = cap, call.options = o;
  const size_t quanta = line_quanta(src, n, o->line_ends);
  if (LIKELY(quanta != 0 && cap >= 3 * quanta && row != NULL)) {
    const size_t written = row->base64->decode_line(src, quanta, dst, o->alphabet);
    if (LIKELY(written != 0))
      return (cte_result){.status = CTE_OK, .read = call.n, .written = written, .first_anomaly = SIZE_MAX};
  }
  return decode_more(&call, 0, 0);
}
