/*
 * streams.c: fuzzes cte/stream.h: one to four codecs with any options in a chain, each fed with what the one before it gives,
 * through little room; the last may be the check of lines. Each must give what the reference makes of the whole of its input,
 * on each row of kernels and while rows change, and again when it is given all of it at once. Half of the chains go there and
 * back: one or two encoders, then their decoders.
 */
#include "fuzz.h"
#include "grammar.h"
#include "rows.h"

#define MOST 4

/* Octets handed over at once, at most: in lines of one column 4 KiB become a megabyte, and copies would take all of the time. */
#define PART_MOST 16384

/* Octets in and out of a chain beyond which one row by chance stands for all, for the same reason. */
#define CHAIN_MOST 65536

union options {
  cte_base64_encode_options base64_encode;
  cte_base64_decode_options base64_decode;
  cte_qp_encode_options qp_encode;
  cte_qp_decode_options qp_decode;
  cte_smtp_options smtp;
  uint32_t allowed;
};

/* An encoder's decoder comes next. The last has no output: it can only end a chain. */
enum codec { BASE64_ENCODE, BASE64_DECODE, QP_ENCODE, QP_DECODE, SMTP_WRITE, SMTP_READ, LINES_CHECK, CODECS };

static const struct subject *const subjects[CODECS] = {&base64_encode_subject, &base64_decode_subject, &qp_encode_subject,
                                                       &qp_decode_subject,     &smtp_write_subject,    &smtp_read_subject,
                                                       &lines_check_subject};

/*
 * A codec in the chain, whose input as a whole is src[0..size). Of that in[0..in_size) has come, and in[taken..in_size) waits.
 * Once `done`, it takes no more.
 */
struct stage {
  enum codec codec;
  const struct subject *subject;
  union options options;
  const uint8_t *src;
  size_t size;
  struct outcome expected;
  cte_stream stream;
  uint8_t *in;
  size_t in_size, taken, written;
  int32_t status;
  bool finishing, done;
};

struct chain {
  struct stage stages[MOST];
  size_t count;
  bool rows_mixed; /* another row of kernels is chosen between two calls */
};

/* Any options that are not refused. */
static void pick_options(struct stage *s, enum codec which, uint32_t any) {
  memset(&s->options, 0, sizeof s->options);
  uint32_t strict = which == BASE64_DECODE ? CTE_BASE64_REJECT_STRICT : CTE_QP_REJECT_STRICT;
  uint32_t sets[] = {0, strict, any >> 12, UINT32_C(0xFFFFF)};
  const uint8_t columns[] = {(uint8_t)(any >> 16), (uint8_t)(any >> 24)};
  const uint8_t policies[] = {(uint8_t)any, (uint8_t)(any >> 5), (uint8_t)(any >> 10), (uint8_t)(any >> 15),
                              (uint8_t)(any >> 23)};
  switch (which) {
  case BASE64_ENCODE:
    s->options.base64_encode = (cte_base64_encode_options){.columns = fuzz_columns(columns),
                                                           .line_end = any >> 1 & 1,
                                                           .last_line = any >> 2 & 1,
                                                           .alphabet = any >> 3 & 1,
                                                           .padding = any >> 4 & 1};
    break;
  case BASE64_DECODE:
    s->options.base64_decode = (cte_base64_decode_options){.reject = sets[any & 3],
                                                           .alphabet = (uint8_t)((any >> 2 & 3) % 3),
                                                           .line_ends = (uint8_t)((any >> 4 & 3) % 3),
                                                           .after_padding = any >> 6 & 1};
    break;
  case QP_ENCODE:
    s->options.qp_encode =
        (cte_qp_encode_options){.flags = any & 63, .line_ends = (uint8_t)((any >> 6 & 7) % 5), .line_end = any >> 9 & 1};
    break;
  case QP_DECODE:
    s->options.qp_decode = (cte_qp_decode_options){.reject = sets[any & 3], .line_end = (uint8_t)((any >> 2 & 3) % 3)};
    break;
  case LINES_CHECK:
    s->options.allowed = any % 3 | (any >> 2 & 1 ? (uint32_t)CTE_LINES_LF_TEXT : 0);
    break;
  default:
    s->options.smtp = fuzz_smtp_options(policies, which == SMTP_READ);
  }
}

/* ---- Chains ---- */

/* Appends a codec, whose options stand in its stage, with the oracle's answer. */
static void append(struct chain *chain, enum codec which, const struct fuzz *f) {
  struct stage *s = &chain->stages[chain->count];
  s->codec = which;
  s->subject = subjects[which];
  s->src = chain->count ? s[-1].expected.data : f->data;
  s->size = chain->count ? s[-1].expected.size : f->size;
  s->subject->reference(&s->expected, s->src, s->size, &s->options);
  chain->count++;
}

static uint32_t any_of(const struct fuzz *f, size_t stage) {
  uint32_t any;
  memcpy(&any, f->head + 5 + 2 * stage, sizeof any);
  return any >> 4 ^ any << 11;
}

static void compose(struct chain *chain, const struct fuzz *f) {
  size_t count = 1 + f->head[0] % MOST;
  for (size_t i = 0; i < count; i++) {
    enum codec which = f->head[5 + 2 * i] % (i + 1 == count ? CODECS : LINES_CHECK);
    pick_options(&chain->stages[i], which, any_of(f, i));
    append(chain, which, f);
  }
}

/* A message that SMTP carries as it is (RFC 5321 section 2.3.8). */
static bool is_message(const uint8_t *src, size_t n) {
  return grammar_lines(src, n, GRAMMAR_8BIT) && (n == 0 || (n >= 2 && memcmp(src + n - 2, "\r\n", 2) == 0));
}

/* An encoder that loses nothing of src[0..n), not the kind of a line end, and what its decoder has to know. */
static enum codec pick_pair(struct stage *there, struct stage *back, const struct fuzz *f, size_t i, const uint8_t *src,
                            size_t n) {
  static const enum codec encoders[] = {BASE64_ENCODE, QP_ENCODE, SMTP_WRITE};
  enum codec which = encoders[f->head[5 + 2 * i] % COUNT(encoders)];
  if (which == SMTP_WRITE && !is_message(src, n)) which = BASE64_ENCODE;
  pick_options(there, which, any_of(f, i));
  pick_options(back, which + 1, any_of(f, i + 2));
  if (which == BASE64_ENCODE) {
    back->options.base64_decode = (cte_base64_decode_options){.alphabet = there->options.base64_encode.alphabet};
  } else if (which == QP_ENCODE) {
    cte_qp_encode_options *options = &there->options.qp_encode;
    if (options->line_ends == CTE_QP_LINE_ENDS_EITHER) options->line_ends = CTE_QP_LINE_ENDS_CRLF;
    if (options->line_ends == CTE_QP_LINE_ENDS_CRLF) options->line_end = CTE_LINE_END_CRLF;
    if (options->line_ends == CTE_QP_LINE_ENDS_LF) options->line_end = CTE_LINE_END_LF;
    back->options.qp_decode = (cte_qp_decode_options){0};
  } else if (there->options.smtp.bdat) {
    there->options.smtp = (cte_smtp_options){0}; /* BDAT has no reader */
  }
  return which;
}

static void go_there_and_back(struct chain *chain, const struct fuzz *f) {
  size_t depth = 1 + (f->head[0] & 1);
  struct stage *stages = chain->stages;
  for (size_t i = 0; i < depth; i++) {
    const uint8_t *src = i ? stages[i - 1].expected.data : f->data;
    size_t n = i ? stages[i - 1].expected.size : f->size;
    append(chain, pick_pair(&stages[i], &stages[2 * depth - 1 - i], f, i, src, n), f);
  }
  for (size_t i = depth; i-- > 0;) append(chain, stages[i].codec + 1, f);
  const struct outcome *last = &stages[chain->count - 1].expected;
  REQUIRE(last->size == f->size && (f->size == 0 || memcmp(last->data, f->data, f->size) == 0));
}

/* ---- What must hold of a codec that has done its work ---- */

/* What a codec gave is compared and handed to the next, if there is one. */
static void hand_on(struct stage *s, struct stage *next, const uint8_t *data, size_t n) {
  REQUIRE(n <= s->expected.size - s->written);
  if (n == 0) return;
  REQUIRE(memcmp(data, s->expected.data + s->written, n) == 0);
  s->written += n;
  if (!next) return;
  memcpy(next->in + next->in_size, data, n);
  next->in_size += n;
}

static void settle(const struct stage *s) {
  REQUIRE(s->status == s->expected.status);
  REQUIRE(s->written == s->expected.size);
  REQUIRE(cte_stream_anomalies(&s->stream) == s->expected.anomalies);
  REQUIRE(cte_stream_verdict(&s->stream) == s->expected.verdict);
  REQUIRE(cte_stream_error_offset(&s->stream) == s->expected.error_offset);
  for (unsigned k = 0; k < REF_KINDS; k++)
    REQUIRE(cte_stream_first_anomaly(&s->stream, UINT32_C(1) << k) == s->expected.first[k]);
  if (s->status >= CTE_OK) REQUIRE(s->taken == s->expected.read);
}

/* What was accepted, by one at least as strict as the RFC, the RFC's grammar allows; what SMTP's writer wrote ends once. */
static void keeps_the_grammar(const struct stage *s) {
  static const unsigned lines[] = {0, GRAMMAR_8BIT, GRAMMAR_8BIT | GRAMMAR_NUL};
  const union options *o = &s->options;
  const cte_base64_decode_options *base64 = &o->base64_decode;
  const cte_smtp_options *smtp = &o->smtp;
  bool accepted = s->expected.status >= CTE_OK && s->expected.verdict == CTE_OK;
  bool strict = smtp->bare_lf <= CTE_SMTP_REJECT && smtp->bare_cr <= CTE_SMTP_REJECT && smtp->nul <= CTE_SMTP_REJECT;
  size_t end = grammar_end_of_data(s->src, s->size), read = (size_t)s->expected.read; /* perhaps not behind padding */
  const uint8_t *written = s->expected.data;
  size_t n = s->expected.size;
  switch (s->codec) {
  case BASE64_DECODE:
    strict = (base64->reject & CTE_BASE64_REJECT_STRICT) == CTE_BASE64_REJECT_STRICT &&
             base64->line_ends == CTE_BASE64_LINE_ENDS_NONE && base64->alphabet != CTE_BASE64_EITHER;
    if (accepted && strict) REQUIRE(grammar_base64(s->src, read, base64->alphabet == CTE_BASE64_URL));
    break;
  case QP_ENCODE:
    if (o->qp_encode.line_end == CTE_LINE_END_CRLF && o->qp_encode.line_ends != CTE_QP_LINE_ENDS_KEEP)
      REQUIRE(grammar_quoted_printable(written, n));
    break;
  case QP_DECODE:
    strict = (o->qp_decode.reject & CTE_QP_REJECT_STRICT) == CTE_QP_REJECT_STRICT;
    if (accepted && strict) REQUIRE(grammar_quoted_printable(s->src, s->size));
    break;
  case SMTP_WRITE:
    if (accepted && strict && smtp->long_line <= CTE_SMTP_REJECT) REQUIRE(grammar_lines(s->src, s->size, GRAMMAR_8BIT));
    if (accepted && !smtp->bdat) REQUIRE(grammar_one_end(written, n));
    REQUIRE(!fuzz_lines_limited(smtp, false) || fuzz_longest_line(written, n, !smtp->bdat) <= 998);
    break;
  case SMTP_READ:
    REQUIRE(s->expected.status == (end ? CTE_END : CTE_ERROR_TRUNCATED));
    REQUIRE(read == (end ? end : s->size));
    REQUIRE(!fuzz_lines_limited(smtp, true) || fuzz_longest_line(written, n, false) <= 998);
    if (accepted && strict) REQUIRE(grammar_lines(s->src, end, GRAMMAR_8BIT | GRAMMAR_LONG));
    break;
  case LINES_CHECK:
    if (accepted)
      REQUIRE(grammar_lines(s->src, s->size, lines[o->allowed & 3] | (o->allowed & CTE_LINES_LF_TEXT ? GRAMMAR_LF : 0u)));
    break;
  default:
    break;
  }
}

/* ---- A codec that is given all of its input at once ---- */

/* Into `room` octets beside a page that cannot be touched; what they do not hold, into room for one octet a call. */
static void run_at_once(struct stage *s, size_t room, bool tail) {
  cte_input in = {guarded_copy(s->src, s->size, tail), s->size, 0};
  cte_output out = {tail ? guarded_tail(room) : guarded_head(room), room, 0};
  REQUIRE(s->subject->set_up(&s->stream, &s->options) == CTE_OK);
  s->written = 0;
  bool finish = false;
  for (;;) {
    s->status = finish ? cte_stream_finish(&s->stream, &out) : cte_stream_update(&s->stream, &in, &out);
    REQUIRE(in.pos <= in.size && out.pos <= out.size);
    if (s->status == CTE_OK && !finish) {
      finish = true;
      continue;
    }
    hand_on(s, NULL, out.data, out.pos);
    if (s->status != CTE_MORE_OUTPUT) break;
    REQUIRE(out.pos == out.size);
    out = (cte_output){guarded_tail(1), 1, 0};
  }
  s->taken = in.pos;
  settle(s);
}

static void check_at_once(struct stage *s) {
  size_t exact = s->expected.size, bound = s->subject->bound(s->size, &s->options);
  REQUIRE(bound >= exact);
  run_at_once(s, exact, random_one_in(2));
  if (exact) run_at_once(s, exact - 1, random_one_in(2));
  run_at_once(s, bound, random_one_in(2));
}

/* ---- All through little room ---- */

/* One call, with a part of what waits and a little room. `last`: nothing more will come. */
static void call(const struct chain *chain, struct stage *s, struct stage *next, bool last) {
  size_t waiting = s->in_size - s->taken, most = waiting < PART_MOST ? waiting : PART_MOST;
  size_t part = random_one_in(3) ? most : random_below(most + 1);
  size_t room = random_one_in(3) ? 1 + random_below(400) : random_below(70);
  bool tail = random_one_in(2);
  cte_input in = {part ? guarded_copy(s->in + s->taken, part, tail) : NULL, part, 0};
  cte_output out = {tail ? guarded_tail(room) : guarded_head(room), room, 0}, *to = &out;
  if (s->codec == LINES_CHECK && random_one_in(2)) to = NULL;
  /* After CTE_MORE_OUTPUT an end of data may wait, which only update tells of. */
  bool finish = last && waiting == 0 && s->status == CTE_OK && random_one_in(2);
  finish = finish || s->finishing;
  if (chain->rows_mixed && random_one_in(8)) rows_select(random_below(rows_count()));
  s->status = finish ? cte_stream_finish(&s->stream, to) : cte_stream_update(&s->stream, &in, to);
  REQUIRE(in.pos <= in.size && out.pos <= out.size);
  REQUIRE(s->status != CTE_MORE_OUTPUT || out.pos == out.size);
  REQUIRE(s->status != CTE_OK || finish || in.pos == in.size);
  hand_on(s, next, out.data, out.pos);
  s->taken += in.pos;
  s->finishing = finish;
  s->done = s->status < CTE_OK || s->status == CTE_END || (finish && s->status == CTE_OK);
}

static void begin(struct stage *s) {
  REQUIRE(s->subject->set_up(&s->stream, &s->options) == CTE_OK);
  s->in = fuzz_memory(s->size);
  s->in_size = s->taken = s->written = 0;
  s->finishing = s->done = false;
  s->status = CTE_OK;
}

/* The codecs take turns by chance until the last is done; then the others, whose output nobody wants, to their ends. */
static void run_all(struct chain *chain) {
  struct stage *stages = chain->stages;
  size_t count = chain->count;
  for (size_t i = 0; i < count; i++) begin(&stages[i]);
  if (stages[0].size) memcpy(stages[0].in, stages[0].src, stages[0].size);
  stages[0].in_size = stages[0].size;
  for (;;) {
    size_t open = count;
    for (size_t i = count; i-- > 0;)
      if (!stages[i].done) open = i;
    if (open == count) break;
    size_t i = open + random_below(count - open);
    if (stages[i].done) i = open;
    call(chain, &stages[i], i + 1 < count ? &stages[i + 1] : NULL, i == 0 || stages[i - 1].done);
  }
  for (size_t i = 0; i < count; i++) {
    settle(&stages[i]);
    free(stages[i].in);
  }
}

void fuzz_one(const struct fuzz *f) {
  static struct chain chain;
  chain.count = 0;
  if (f->head[0] & 4)
    go_there_and_back(&chain, f);
  else
    compose(&chain, f);
  size_t octets = 0, some = random_below(rows_count());
  for (size_t i = 0; i < chain.count; i++) {
    keeps_the_grammar(&chain.stages[i]);
    octets += chain.stages[i].size + chain.stages[i].expected.size;
  }
  chain.rows_mixed = false;
  for (size_t row = 0; row < rows_count(); row++) {
    if (octets > CHAIN_MOST && row != some) continue;
    row_begin(row);
    for (size_t i = 0; i < chain.count; i++) check_at_once(&chain.stages[i]);
    run_all(&chain);
  }
  rows_select(f->head[15] % rows_count());
  chain.rows_mixed = true;
  run_all(&chain);
  row_begin(0);
}
