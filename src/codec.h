/*
 * codec.h: what a codec is to the streams and to the one-shot calls: one `step` over a small state.
 *
 * step(state, report, src, n, dst, cap, last) goes as far as it can:
 *   CTE_OK           all that can be decided was done: at most `lookahead` octets are unread, none when `last` (src+n is
 *                    the end of data); what is unread is offered again, at the front of a longer src
 *   CTE_MORE_OUTPUT  the next unit needs more room than is left. With STEP_ROOM or more of it, step always gets ahead
 *   CTE_END          the end of data was met; src[read..n) lies behind it
 *   an error         every octet before the offending one was written; report->error_offset says which it is
 * With `last` it is called until CTE_OK, each time with what is unread.
 */
#ifndef CTE_CODEC_H
#define CTE_CODEC_H

#include <cte/status.h>
#include <string.h>

#include "hints.h"
#include "isa.h"

#define STEP_ROOM     64   /* no unit of any codec writes more at once */
#define LOOKAHEAD_MAX 1026 /* quoted-printable decoding: '=' and 1025 blanks */
#define ANOMALY_KINDS 20
#define ANOMALIES_ALL ((UINT32_C(1) << ANOMALY_KINDS) - 1)

/* What is told of the input. `offset` is that of src[0] from the start of the data; step's caller moves it. */
struct report {
  uint64_t offset;
  uint64_t error_offset; /* of the error, or else of the verdict; CTE_NO_OFFSET */
  uint32_t anomalies;
  int32_t verdict;
  uint64_t first[ANOMALY_KINDS]; /* valid where the anomaly's bit is set */
};

struct step {
  int32_t status;
  size_t read, written;
};

typedef struct step codec_step(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                               bool last);

/*
 * What the kernel of the row in use takes now, n and cap being more than 0: for a stream's short chunks. The arguments stand
 * where a kernel has them.
 */
typedef struct done codec_quick(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, void *state,
                                const struct report *report);

struct codec {
  codec_step *step;
  size_t lookahead;   /* <= LOOKAHEAD_MAX */
  codec_quick *quick; /* or NULL */
  uint16_t gather;    /* a stream's short chunks wait until they are more octets than this; <= LOOKAHEAD_MAX, 0: none does */
};

/* `first` need not be set. */
static inline void report_reset(struct report *report) {
  report->offset = 0;
  report->error_offset = CTE_NO_OFFSET;
  report->anomalies = 0;
  report->verdict = CTE_OK;
}

/* The number of an anomaly's bit. */
static inline unsigned report_kind(uint32_t anomaly) {
  unsigned kind = 0;
  while (anomaly >>= 1) kind++;
  return kind;
}

/* Records one CTE_ANOMALY_ bit at an absolute offset; the first of each kind stays. */
static inline void report_anomaly(struct report *report, uint32_t anomaly, uint64_t offset) {
  if (report->anomalies & anomaly) return;
  report->anomalies |= anomaly;
  report->first[report_kind(anomaly)] = offset;
}

/* Forgets what was met at `offset` or behind it: an error there is the end of the report. */
static inline void report_forget(struct report *report, uint64_t offset) {
  for (unsigned kind = 0; kind < ANOMALY_KINDS; kind++)
    if ((report->anomalies >> kind & 1) != 0 && report->first[kind] >= offset) report->anomalies &= ~(UINT32_C(1) << kind);
}

/* The error of an anomaly that is rejected (cte/status.h). */
static inline int32_t report_error(uint32_t anomaly) {
  return -32 - (int32_t)report_kind(anomaly);
}

/* The smallest first offset of all anomalies met; SIZE_MAX when there is none. */
size_t cte_report_first(const struct report *report);

/*
 * Runs a codec over a whole input: what every one-shot call is. Of it `done` was done before, and nothing met.
 */
static inline cte_result one_shot(codec_step *codec, void *state, const void *src, size_t n, void *dst, size_t cap,
                                  struct done done) {
  /* A pointer may be NULL where there are no octets; arithmetic on NULL is undefined. */
  uint8_t none[1] = {0};
  const uint8_t *from = src != NULL ? src : none;
  uint8_t *to = dst != NULL ? dst : none;
  struct report report;
  size_t read = done.read, written = done.written;
  struct step step;
  report_reset(&report);
  report.offset = read;
  do {
    step = codec(state, &report, from + read, n - read, to + written, cap - written, true);
    read += step.read;
    written += step.written;
    report.offset += step.read;
    /* The only pause that is not final: a step may stop at a unit although its octets fit. */
  } while (step.status == CTE_MORE_OUTPUT && (step.read != 0 || step.written != 0));
  return (cte_result){
      .status = step.status,
      .anomalies = report.anomalies,
      .read = step.status < 0 ? (size_t)report.error_offset : read,
      .written = written,
      .first_anomaly = report.anomalies != 0 ? cte_report_first(&report) : SIZE_MAX,
  };
}

/* The result of a call whose arguments are not allowed. */
static inline cte_result refused(void) {
  return (cte_result){.status = CTE_ERROR_ARGUMENT, .first_anomaly = SIZE_MAX};
}

/* True when all n octets, 8 or more, are zero: reserved fields. By words: compilers make many vectors of a loop of octets. */
static inline bool all_zero(const uint8_t *octets, size_t n) {
  uint64_t any, word;
  memcpy(&any, octets + n - 8, 8);
  for (size_t i = 0; i + 8 < n; i += 8) {
    memcpy(&word, octets + i, 8);
    any |= word;
  }
  return any == 0;
}

_Static_assert((int)KIND_WHITE_SPACE == (int)CTE_ANOMALY_WHITE_SPACE && (int)KIND_CHARACTER == (int)CTE_ANOMALY_CHARACTER &&
                   (int)KIND_ALPHABET == (int)CTE_ANOMALY_ALPHABET &&
                   (int)KIND_LINE_OVER_76 == (int)CTE_ANOMALY_LINE_OVER_76 &&
                   (int)KIND_LOWER_CASE_HEX == (int)CTE_ANOMALY_LOWER_CASE_HEX &&
                   (int)KIND_BAD_ESCAPE == (int)CTE_ANOMALY_BAD_ESCAPE && (int)KIND_RAW_8BIT == (int)CTE_ANOMALY_RAW_8BIT &&
                   (int)KIND_RAW_CONTROL == (int)CTE_ANOMALY_RAW_CONTROL && (int)KIND_BARE_LF == (int)CTE_ANOMALY_BARE_LF &&
                   (int)KIND_BARE_CR == (int)CTE_ANOMALY_BARE_CR &&
                   (int)KIND_TRAILING_WHITE_SPACE == (int)CTE_ANOMALY_TRAILING_WHITE_SPACE &&
                   (int)KIND_NUL == (int)CTE_ANOMALY_NUL && (int)KIND_LINE_OVER_998 == (int)CTE_ANOMALY_LINE_OVER_998,
               "kernels.h and cte/status.h number the anomalies alike");

/* ---- The codecs: a state, its set-up from options, and the step ---- */

struct base64_encoder {
  struct base64_encode_params params;
  uint64_t column;
  bool padded, last_line_end;
  uint8_t rest_size, rest[2]; /* octets read that are no whole quantum yet */
};

struct base64_decoder {
  struct base64_decode_params params;
  uint32_t reject;
  bool stop;              /* CTE_END after padding */
  uint8_t phase, padding; /* characters of the open quantum; src/base64.c's state of its padding */
  uint32_t bits;          /* those characters' values */
  uint64_t last;          /* offset of the last character: where trailing bits are reported */
  struct base64_carry carry;
};

struct qp_encoder {
  struct qp_encode_params params;
  uint32_t column;
};

struct qp_decoder {
  struct qp_decode_params params;
  uint32_t reject;
  bool long_run; /* within a run of more than 1024 blanks */
  uint64_t column;
};

struct lines_checker {
  uint32_t forbid;
  struct lines_carry carry;
};

/* The writer and the reader are one machine (src/smtp.c). */
struct smtp_text {
  struct dots_params params; /* `recorded` apart, the report has it; a reader's verdict turns REJECT into KEEP */
  struct dots_carry carry;
  uint64_t crs; /* CRs read whose meaning is open: all but the last are lone, and recorded */
  uint64_t due; /* lone CRs read and still to be written; 0 while there are `crs` */
  bool reader;  /* else a writer */
  bool dot;     /* reader: the line so far is '.', or with crs == 1 '.' CR: an LF may make it the end of data */
  bool ended;   /* writer: the end of data was written */
};

struct smtp_writer {
  struct smtp_text text;
};

struct smtp_reader {
  struct smtp_text text;
};

int32_t cte_base64_encoder_init(struct base64_encoder *state, const void *options);
int32_t cte_base64_decoder_init(struct base64_decoder *state, const void *options);
int32_t cte_qp_encoder_init(struct qp_encoder *state, const void *options);
int32_t cte_qp_decoder_init(struct qp_decoder *state, const void *options);
int32_t cte_lines_checker_init(struct lines_checker *state, uint32_t allowed);
int32_t cte_smtp_writer_init(struct smtp_writer *state, const void *options);
int32_t cte_smtp_reader_init(struct smtp_reader *state, const void *options);

extern const struct codec cte_base64_encoder, cte_base64_decoder, cte_qp_encoder, cte_qp_decoder, cte_lines_checker,
    cte_smtp_writer, cte_smtp_reader;

#endif
