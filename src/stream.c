/*
 * stream.c: every codec's step, fed by chunks of any size.
 *
 * Two small buffers make a step's life easy. `tail` keeps the input octets that the step could not decide yet; they stand at
 * the front of a window that the next chunk's first octets complete. `hold` takes the output of a unit that does not fit
 * in the caller's room, and is emptied before anything else happens; so room for one octet is enough.
 */
#include <cte/stream.h>
#include <string.h>

#include "codec.h"

/* How far a chunk completes a tail: long enough for the step to get past it, short to copy; or all of a record of a line. */
#define WINDOW_STEP 32
#define RECORD      256

enum codec_id { NONE, BASE64_ENCODE, BASE64_DECODE, QP_ENCODE, QP_DECODE, LINES_CHECK, SMTP_WRITE, SMTP_READ };

static const struct codec *const codecs[] = {NULL,
                                             &cte_base64_encoder,
                                             &cte_base64_decoder,
                                             &cte_qp_encoder,
                                             &cte_qp_decoder,
                                             &cte_lines_checker,
                                             &cte_smtp_writer,
                                             &cte_smtp_reader};

/*
 * What a cte_stream holds. The caller declares it as words; that we use it as this is why the library is compiled without
 * type-based alias analysis.
 */
struct stream {
  uint32_t id;    /* enum codec_id */
  bool ending;    /* finish was called: no input is taken any more */
  bool finished;  /* and all has come out */
  int32_t status; /* CTE_OK, or what stays: an error or CTE_END */
  struct report report;
  uint16_t tail_size, hold_size, hold_pos;
  uint16_t gather;    /* so much of tail may be gathered; 0: nothing is */
  codec_quick *quick; /* the codec's while nothing waits and nothing has ended; else, and where chunks are gathered, NULL */
  union {
    struct base64_encoder base64_encoder;
    struct base64_decoder base64_decoder;
    struct qp_encoder qp_encoder;
    struct qp_decoder qp_decoder;
    struct lines_checker lines_checker;
    struct smtp_writer smtp_writer;
    struct smtp_reader smtp_reader;
  } state;
  uint8_t hold[STEP_ROOM];
  uint8_t tail[LOOKAHEAD_MAX + 2 * RECORD]; /* what waits, gathered octets behind it, and a record that comes to them */
};

_Static_assert(sizeof(struct stream) <= CTE_STREAM_SIZE, "a stream fits in its public size");
_Static_assert(sizeof(cte_stream) == CTE_STREAM_SIZE, "the public size is the ABI");

/* ---- Set up ---- */

static struct stream *reset(cte_stream *s, enum codec_id id) {
  struct stream *stream = (struct stream *)s;
  memset(s, 0, sizeof *s);
  stream->id = id;
  stream->gather = codecs[id]->gather;
  stream->quick = stream->gather ? NULL : codecs[id]->quick;
  report_reset(&stream->report);
  return stream;
}

/* A stream whose options were refused is none. */
static cte_status ready(struct stream *stream, int32_t status) {
  if (status != CTE_OK) {
    stream->id = NONE;
    stream->quick = NULL;
    stream->gather = 0;
  }
  return (cte_status)status;
}

cte_status cte_stream_base64_encode(cte_stream *s, const cte_base64_encode_options *options) {
  struct stream *stream = reset(s, BASE64_ENCODE);
  return ready(stream, cte_base64_encoder_init(&stream->state.base64_encoder, options));
}

cte_status cte_stream_base64_decode(cte_stream *s, const cte_base64_decode_options *options) {
  struct stream *stream = reset(s, BASE64_DECODE);
  return ready(stream, cte_base64_decoder_init(&stream->state.base64_decoder, options));
}

cte_status cte_stream_qp_encode(cte_stream *s, const cte_qp_encode_options *options) {
  struct stream *stream = reset(s, QP_ENCODE);
  return ready(stream, cte_qp_encoder_init(&stream->state.qp_encoder, options));
}

cte_status cte_stream_qp_decode(cte_stream *s, const cte_qp_decode_options *options) {
  struct stream *stream = reset(s, QP_DECODE);
  return ready(stream, cte_qp_decoder_init(&stream->state.qp_decoder, options));
}

cte_status cte_stream_lines_check(cte_stream *s, uint32_t allowed) {
  struct stream *stream = reset(s, LINES_CHECK);
  return ready(stream, cte_lines_checker_init(&stream->state.lines_checker, allowed));
}

cte_status cte_stream_smtp_write(cte_stream *s, const cte_smtp_options *options) {
  struct stream *stream = reset(s, SMTP_WRITE);
  return ready(stream, cte_smtp_writer_init(&stream->state.smtp_writer, options));
}

cte_status cte_stream_smtp_read(cte_stream *s, const cte_smtp_options *options) {
  struct stream *stream = reset(s, SMTP_READ);
  return ready(stream, cte_smtp_reader_init(&stream->state.smtp_reader, options));
}

/* ---- Running ---- */

struct span {
  const uint8_t *data;
  size_t size;
};

/* One step into the caller's room, or when its next unit does not fit there, into `hold`. Keeps the stream's offset. */
static struct step advance(struct stream *s, struct span from, cte_output *out, bool last) {
  const struct codec *codec = codecs[s->id];
  size_t room = out->size - out->pos;
  uint8_t nowhere[1];
  uint8_t *to = room != 0 ? (uint8_t *)out->data + out->pos : nowhere;
  struct step step = codec->step(&s->state, &s->report, from.data, from.size, to, room, last);
  s->report.offset += step.read;
  out->pos += step.written;
  if (step.status != CTE_MORE_OUTPUT || out->pos == out->size) return step;

  size_t read = step.read;
  step = codec->step(&s->state, &s->report, from.data + read, from.size - read, s->hold, sizeof s->hold, last);
  s->report.offset += step.read;
  s->hold_size = (uint16_t)step.written;
  s->hold_pos = 0;
  step.read += read;
  /* `hold` being full says nothing of the caller's room. */
  return step;
}

/* Moves what waits in `hold` to the caller; true when nothing is left. */
static bool drain(struct stream *s, cte_output *out) {
  size_t left = (size_t)s->hold_size - s->hold_pos;
  if (left == 0) return true;
  size_t room = out->size - out->pos;
  size_t n = left < room ? left : room;
  if (n == 0) return false;
  memcpy((uint8_t *)out->data + out->pos, s->hold + s->hold_pos, n);
  out->pos += n;
  s->hold_pos = (uint16_t)(s->hold_pos + n);
  if (n < left) return false;
  s->hold_pos = s->hold_size = 0;
  return true;
}

/* Where the offending octet lies in this chunk, if it does; `start` is where the call began, at stream offset `base`. */
static size_t error_position(const struct stream *s, const cte_input *in, size_t start, uint64_t base) {
  uint64_t offset = s->report.error_offset;
  if (offset <= base) return start;
  uint64_t ahead = offset - base;
  return ahead < in->size - start ? start + (size_t)ahead : in->size;
}

/* Whether a step that is done left no more than its codec may leave: the tail has room for that. */
static bool within_lookahead(const struct stream *s, struct step step, size_t left) {
  return step.status != CTE_OK || left <= codecs[s->id]->lookahead;
}

/* A codec that broke its word: better an error than octets lost. */
static const struct step broken = {CTE_ERROR_STATE, 0, 0};

/* One step over the tail, completed by the chunk's first octets. */
static struct step advance_tail(struct stream *s, cte_input *in, cte_output *out) {
  size_t old = s->tail_size, left = in->size - in->pos;
  size_t take = left <= RECORD ? left : WINDOW_STEP + old < RECORD ? WINDOW_STEP + old : RECORD;
  if (take != 0) memcpy(s->tail + old, (const uint8_t *)in->data + in->pos, take);

  struct step step = advance(s, (struct span){s->tail, old + take}, out, false);
  if (!within_lookahead(s, step, old + take - step.read)) return broken;
  if (step.read >= old && (step.status != CTE_OK || take < left)) {
    in->pos += step.read - old;
    s->tail_size = 0;
    return step;
  }
  /* What is undecided is the new tail, with all of a chunk that was short. Out of room: its octets stay with the caller. */
  const bool whole = step.status == CTE_OK;
  const size_t kept = old - step.read + (whole ? take : 0);
  if (whole) in->pos += take;
  memmove(s->tail, s->tail + step.read, kept);
  s->tail_size = (uint16_t)kept;
  return step;
}

/* One step over the chunk itself; what it leaves undecided becomes the tail. */
static struct step advance_chunk(struct stream *s, cte_input *in, cte_output *out) {
  const uint8_t *data = (const uint8_t *)in->data + in->pos;
  size_t n = in->size - in->pos;
  struct step step = advance(s, (struct span){data, n}, out, false);
  if (!within_lookahead(s, step, n - step.read)) return broken;
  in->pos += step.read;
  if (step.status == CTE_OK) {
    size_t kept = n - step.read;
    if (kept != 0) memcpy(s->tail, data + step.read, kept);
    s->tail_size = (uint16_t)kept;
    in->pos = in->size;
  }
  return step;
}

static bool valid(const struct stream *s, const cte_output *out) {
  return out->pos <= out->size && (out->data != NULL || out->pos == out->size) && s->id != NONE;
}

/*
 * True when a chunk waits for others: a kernel's call costs as much as 100 octets or more of quoted-printable do. There is
 * room: else the caller learns that he has to make some.
 */
static inline bool is_gathered(const struct stream *s, const cte_input *in, const cte_output *out) {
  return in->pos < in->size && s->gather > s->tail_size && in->size - in->pos <= (size_t)s->gather - s->tail_size &&
         (s->status | s->ending | (s->hold_size - s->hold_pos)) == 0 && out != NULL && out->pos < out->size &&
         in->data != NULL && out->data != NULL;
}

static inline void gather(struct stream *s, cte_input *in) {
  const size_t n = in->size - in->pos;
  memcpy(s->tail + s->tail_size, (const uint8_t *)in->data + in->pos, n);
  s->tail_size = (uint16_t)(s->tail_size + n);
  in->pos = in->size;
}

/* There is input and room: what a kernel takes of short chunks needs no more. */
static inline bool is_quick(codec_quick *quick, const cte_input *in, const cte_output *out) {
  return quick != NULL && out != NULL && in->pos < in->size && out->pos < out->size && in->data != NULL && out->data != NULL;
}

/* Returns how many octets it read. */
static inline size_t advance_quickly(codec_quick *quick, struct stream *s, cte_input *in, cte_output *out) {
  const struct done done = quick((const uint8_t *)in->data + in->pos, in->size - in->pos, (uint8_t *)out->data + out->pos,
                                 out->size - out->pos, &s->state, &s->report);
  in->pos += done.read;
  out->pos += done.written;
  s->report.offset += done.read;
  return done.read;
}

/* The steps of an update: from in->pos, which was `start` when it began, and stood at `base` in the stream. */
static cte_status steps(struct stream *s, cte_input *in, cte_output *out, size_t start, uint64_t base) {
  for (;;) {
    bool empty = drain(s, out);
    if (empty && s->status != CTE_OK) return (cte_status)s->status;
    if (s->status == CTE_OK && in->pos == in->size && (!empty || s->tail_size == 0)) return CTE_OK;
    if (!empty) return CTE_MORE_OUTPUT;

    struct step step = s->tail_size != 0 ? advance_tail(s, in, out) : advance_chunk(s, in, out);
    if (step.status == CTE_OK && in->pos == in->size) {
      drain(s, out);
      return CTE_OK;
    }
    if (step.status == CTE_MORE_OUTPUT && out->pos == out->size && s->hold_pos == s->hold_size)
      return in->pos == in->size ? CTE_OK : CTE_MORE_OUTPUT;
    if (step.status == CTE_END) s->status = CTE_END;
    if (step.status < 0) {
      s->status = step.status;
      in->pos = error_position(s, in, start, base);
    }
  }
}

/*
 * The codec's; behind what waits, which is looked at again with what follows it, so many octets that it is not for each of
 * them.
 */
static uint16_t gather_of(const struct stream *s, cte_status status, const cte_output *out) {
  const size_t most = sizeof s->tail - RECORD, usual = codecs[s->id]->gather, behind = s->tail_size + RECORD;
  if (status != CTE_OK || out->pos == out->size) return 1; /* what is there may have waited for room alone */
  return (uint16_t)(behind < usual ? usual : behind < most ? behind : most);
}

/* The codec's, unless something waits or has ended. */
static codec_quick *quick_of(const struct stream *s) {
  return s->ending || (s->status | s->tail_size | s->hold_size) != 0 ? NULL : codecs[s->id]->quick;
}

APART cte_status update(struct stream *s, cte_input *in, cte_output *out, size_t start, uint64_t base) {
  codec_quick *const quick = quick_of(s);
  if (is_quick(quick, in, out)) {
    advance_quickly(quick, s, in, out);
    if (in->pos == in->size) return CTE_OK;
  }
  const cte_status status = steps(s, in, out, start, base);
  s->quick = s->gather ? NULL : quick_of(s);
  if (s->gather) s->gather = gather_of(s, status, out);
  return status;
}

/* Apart, so that the call below needs no more registers and stack than its common case. */
APART cte_status update_any(struct stream *s, cte_input *in, cte_output *out) {
  if (is_gathered(s, in, out)) {
    gather(s, in);
    return CTE_OK;
  }
  cte_output none = {NULL, 0, 0};
  if (out == NULL) out = &none;
  if (s->id == NONE || (s->ending && (s->status >= CTE_OK || s->hold_pos < s->hold_size))) return CTE_ERROR_STATE;
  if (!valid(s, out) || in->pos > in->size || (in->data == NULL && in->pos < in->size)) return CTE_ERROR_ARGUMENT;
  return update(s, in, out, in->pos, s->report.offset + s->tail_size);
}

cte_status cte_stream_update(cte_stream *stream, cte_input *in, cte_output *out) {
  struct stream *s = (struct stream *)stream;
  if (UNLIKELY(!is_quick(s->quick, in, out))) return update_any(s, in, out);
  const size_t read = advance_quickly(s->quick, s, in, out);
  if (LIKELY(in->pos == in->size)) return CTE_OK;
  return update(s, in, out, in->pos - read, s->report.offset - read);
}

cte_status cte_stream_finish(cte_stream *stream, cte_output *out) {
  struct stream *s = (struct stream *)stream;
  cte_output none = {NULL, 0, 0};
  if (out == NULL) out = &none;
  if (s->id == NONE) return CTE_ERROR_STATE;
  if (!valid(s, out)) return CTE_ERROR_ARGUMENT;
  s->ending = true;
  s->quick = NULL; /* no update is one any more */

  while (drain(s, out)) {
    if (s->status < 0) return (cte_status)s->status;
    if (s->status == CTE_END) s->finished = true;
    if (s->finished) return CTE_OK;

    struct step step = advance(s, (struct span){s->tail, s->tail_size}, out, true);
    s->tail_size = (uint16_t)(s->tail_size - step.read);
    memmove(s->tail, s->tail + step.read, s->tail_size);
    if (step.status == CTE_OK) s->finished = true;
    if (step.status == CTE_END || step.status < 0) s->status = step.status;
    if (step.status == CTE_MORE_OUTPUT && out->pos == out->size && s->hold_pos == s->hold_size) return CTE_MORE_OUTPUT;
  }
  return CTE_MORE_OUTPUT;
}

/* ---- Asking ---- */

uint32_t cte_stream_anomalies(const cte_stream *s) {
  return ((const struct stream *)s)->report.anomalies;
}

uint64_t cte_stream_first_anomaly(const cte_stream *s, uint32_t anomaly) {
  const struct report *report = &((const struct stream *)s)->report;
  unsigned kind = report_kind(anomaly);
  if ((report->anomalies & anomaly) == 0 || kind >= ANOMALY_KINDS) return CTE_NO_OFFSET;
  return report->first[kind];
}

cte_status cte_stream_verdict(const cte_stream *s) {
  return (cte_status)((const struct stream *)s)->report.verdict;
}

uint64_t cte_stream_error_offset(const cte_stream *s) {
  const struct stream *stream = (const struct stream *)s;
  return stream->id == NONE ? CTE_NO_OFFSET : stream->report.error_offset;
}
