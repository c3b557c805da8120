/*
 * reference.h: an oracle for every codec. It shares nothing with src/ but the public headers, goes an octet at a time,
 * takes what memory it wants, and is meant to be read beside the headers.
 */
#ifndef CTE_TESTS_REFERENCE_H
#define CTE_TESTS_REFERENCE_H

#include <stdbool.h>

#include <cte/cte.h>

#define REF_KINDS 20

struct ref_event {
  uint32_t kind; /* a CTE_ANOMALY_ bit, or 0 for an error that is no anomaly */
  int32_t error; /* its status when it is rejected */
  uint64_t offset;
  bool rejected;
};

/*
 * What coding a whole input gives. All zero before the first use; each ref_ function starts anew, keeping the memory;
 * outcome_free gives that back.
 */
struct outcome {
  uint8_t *data;
  size_t size;
  int32_t status;
  uint32_t anomalies; /* with CTE_VERDICT_REJECTED */
  uint64_t first[REF_KINDS];
  uint64_t read;         /* as cte_result's */
  uint64_t error_offset; /* as cte_stream_error_offset's */
  int32_t verdict;
  /* The oracle's own. */
  uint64_t *last; /* for each octet of data the offset of the last input octet that it is made of */
  size_t room;
  struct ref_event *events;
  size_t event_count, event_room;
};

void outcome_free(struct outcome *o);
void outcome_reset(struct outcome *o);

/* The smallest of the first offsets; CTE_NO_OFFSET when there is none. */
uint64_t outcome_first(const struct outcome *o);

/* The number of an anomaly's bit. */
unsigned ref_kind_number(uint32_t kind);

/* The options are valid and not NULL. */
void ref_base64_encode(struct outcome *o, const uint8_t *src, size_t n, const cte_base64_encode_options *options);
void ref_base64_decode(struct outcome *o, const uint8_t *src, size_t n, const cte_base64_decode_options *options);
void ref_qp_encode(struct outcome *o, const uint8_t *src, size_t n, const cte_qp_encode_options *options);
void ref_qp_decode(struct outcome *o, const uint8_t *src, size_t n, const cte_qp_decode_options *options);
void ref_smtp_write(struct outcome *o, const uint8_t *src, size_t n, const cte_smtp_options *options);
void ref_smtp_read(struct outcome *o, const uint8_t *src, size_t n, const cte_smtp_options *options);
void ref_lines_check(struct outcome *o, const uint8_t *src, size_t n, uint32_t allowed);

/* Dots doubled at the start and after every CR and every LF. */
void ref_dots(struct outcome *o, const uint8_t *src, size_t n);

/* The public fields of the statistics. */
void ref_lines(cte_lines *lines, const uint8_t *src, size_t n);

int32_t ref_lines_encoding(const cte_lines *lines, uint32_t line_ends);

/* `quoted_printable` is the bound to choose by: its value is not specified, only that it is one. */
cte_choice ref_lines_choose(const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t line_ends,
                            uint64_t quoted_printable);

/* The length of the valid UTF-8 character (RFC 3629) at the start of src[0..n), or 0. */
size_t ref_utf8(const uint8_t *src, size_t n);

#endif
