/*
 * cte/quoted_printable.h: quoted-printable (RFC 2045 section 6.7), for text and for binary data.
 *
 * Conventions (octets, buffers, threads, options): cte/status.h. The same codec as a stream: cte/stream.h.
 */
#ifndef CTE_QUOTED_PRINTABLE_H
#define CTE_QUOTED_PRINTABLE_H

#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Encoding ---- */

/* What the encoder takes for a line end; a CR or LF that is none is data (=0D, =0A). */
enum cte_qp_line_ends {
  CTE_QP_LINE_ENDS_CRLF = 0,   /* CRLF, as mail has it */
  CTE_QP_LINE_ENDS_LF = 1,     /* LF alone; a CR before it is data */
  CTE_QP_LINE_ENDS_EITHER = 2, /* CRLF and LF */
  CTE_QP_LINE_ENDS_KEEP = 3,   /* CRLF and LF, and each comes out as it went in */
  CTE_QP_LINE_ENDS_BINARY = 4  /* none: CR and LF are data */
};

enum cte_qp_encode_flags {
  CTE_QP_ENCODE_DOT = 1 << 0,    /* a '.' that begins an output line is =2E */
  CTE_QP_ENCODE_FROM = 1 << 1,   /* an output line that would begin with "From " begins with =46 */
  CTE_QP_ENCODE_DASHES = 1 << 2, /* an output line that would begin with "--" begins with =2D */
  CTE_QP_ENCODE_EBCDIC = 1 << 3, /* !"#$@[\]^`{|}~ are escaped (RFC 2045 section 6.7, RFC 2049 section 3) */
  CTE_QP_WHOLE_UTF8 = 1 << 4,    /* no soft line break within a valid UTF-8 character (RFC 3629) */
  CTE_QP_SOFT_END = 1 << 5       /* a soft line break behind data, if any, that does not end with a line end */
};

/*
 * All zero: text with CRLF line ends.
 *
 * What comes out, to the octet:
 *   - 33-60, 62-126, SP and TAB stand for themselves; everything else is =XX, upper case. A blank (SP or TAB) that is the
 *     last octet before a line end is =20 or =09, and so is one that is the last of the data, unless CTE_QP_SOFT_END
 *     puts a soft line break after it.
 *   - No line is over 76 columns. Each is the longest that fits: 75 and the '=' of a soft line break where the line goes
 *     on, 76 where a line end or the end of data follows (with CTE_QP_SOFT_END only a line end). An escape is never split.
 *   - The flags for '.', "From " and "--" look at the data that stands at the start of an output line, after a soft line
 *     break too; it makes no difference whether the blank of "From " comes out as =20.
 *   - No line end is added to the last line, and none is taken away.
 */
typedef struct cte_qp_encode_options {
  uint32_t flags;    /* set of enum cte_qp_encode_flags */
  uint8_t line_ends; /* enum cte_qp_line_ends */
  uint8_t line_end;  /* enum cte_line_end: what is written for a line end (but with KEEP) and in a soft line break */
  uint8_t reserved[26];
} cte_qp_encode_options;

/* Text with CRLF line ends (the same as all zero), and binary data. */
/* clang-format off */
#define CTE_QP_ENCODE_TEXT {0, CTE_QP_LINE_ENDS_CRLF, CTE_LINE_END_CRLF, {0}}
#define CTE_QP_ENCODE_BINARY {0, CTE_QP_LINE_ENDS_BINARY, CTE_LINE_END_CRLF, {0}}
/* clang-format on */

/*
 * The most octets that n octets can encode to. Some input reaches it; with CTE_QP_WHOLE_UTF8 not for each n. SIZE_MAX when it
 * would pass SIZE_MAX or the options are not valid.
 */
CTE_API size_t cte_qp_encoded_bound(size_t n, const cte_qp_encode_options *options);

/* The exact number of octets that cte_qp_encode writes for src[0..n): one pass, no memory. Saturates as the bound does. */
CTE_API size_t cte_qp_encoded_size(const void *src, size_t n, const cte_qp_encode_options *options);

/*
 * Encodes src[0..n) into dst[0..cap): CTE_OK with read == n, CTE_MORE_OUTPUT when cap is too small, CTE_ERROR_ARGUMENT.
 * Not in place (CTE_ERROR_ARGUMENT).
 */
CTE_API cte_result cte_qp_encode(const void *src, size_t n, void *dst, size_t cap, const cte_qp_encode_options *options);

/* ---- Decoding ---- */

/* The line end that the decoder writes for each line end it reads. */
enum cte_qp_decode_line_end { CTE_QP_LINE_END_KEEP = 0, CTE_QP_LINE_END_CRLF = 1, CTE_QP_LINE_END_LF = 2 };

/*
 * All zero: mail's decoder. It keeps everything that it cannot read and reports it.
 *
 * How each case is read (a blank is SP or TAB; a line end is CRLF or LF):
 *   - '=' and two hexadecimal digits: that octet. Lower case is an anomaly.
 *   - '=', any blanks, a line end: a soft line break, deleted.
 *   - '=' and at most one hexadecimal digit, or blanks, at the end of data: a truncated escape; the '=' and the digit are
 *     kept (RFC 2045 section 6.7, note 3).
 *   - Any other '=': a bad escape; the '=' is kept and reading goes on with the next octet.
 *   - Blanks before a line end, between '=' and its line end, and before the end of data are deleted; an anomaly at the
 *     first of them. A run of more than 1024 blanks is kept wherever it stands (a '=' before it is a bad escape).
 *   - CRLF is a line end; so is LF alone, an anomaly. A CR that no LF follows is kept, an anomaly, and no line end.
 *   - Octets above 127 and controls (but TAB, CR, LF) are kept; each an anomaly.
 *   - A line's columns are the octets between line ends, '=' and blanks among them; the CR of a CRLF is not counted.
 *   - Where two kinds fall on one octet, the octet's own kind comes before the length of its line. With several rejected,
 *     the error is the one with the smallest offset. An escape or soft line break that the error falls into is not
 *     delivered.
 */
typedef struct cte_qp_decode_options {
  uint32_t reject;  /* the set of CTE_ANOMALY_ bits (no others) that are errors; only quoted-printable's have a meaning */
  uint8_t line_end; /* enum cte_qp_decode_line_end */
  uint8_t reserved[27];
} cte_qp_decode_options;

/* All that RFC 2045 forbids. Trailing white space is not in it: receivers must accept transport padding. */
#define CTE_QP_REJECT_STRICT                                                                                                \
  (CTE_ANOMALY_LINE_OVER_76 | CTE_ANOMALY_BAD_ESCAPE | CTE_ANOMALY_LOWER_CASE_HEX | CTE_ANOMALY_RAW_8BIT |                  \
   CTE_ANOMALY_RAW_CONTROL | CTE_ANOMALY_BARE_LF | CTE_ANOMALY_BARE_CR | CTE_ANOMALY_LONG_BLANK_RUN |                       \
   CTE_ANOMALY_TRUNCATED_ESCAPE)

/* clang-format off */
#define CTE_QP_DECODE_MAIL {0, CTE_QP_LINE_END_KEEP, {0}}
#define CTE_QP_DECODE_STRICT {CTE_QP_REJECT_STRICT, CTE_QP_LINE_END_KEEP, {0}}
/* clang-format on */

/*
 * The most octets that n octets can decode to: n, or 2 n with CTE_QP_LINE_END_CRLF (each LF may become CRLF). Some input
 * reaches it, unless CTE_ANOMALY_BARE_LF is rejected. SIZE_MAX when it would pass SIZE_MAX or the options are not valid.
 */
CTE_API size_t cte_qp_decoded_bound(size_t n, const cte_qp_decode_options *options);

/*
 * Decodes src[0..n) into dst[0..cap). dst == src is allowed but with CTE_QP_LINE_END_CRLF, which can grow
 * (CTE_ERROR_ARGUMENT). CTE_OK with read == n, CTE_MORE_OUTPUT when cap is too small, an error with read at the offending
 * octet: of a bad, lower-case or truncated escape its '=', of a long line the 77th octet, be it within an escape.
 */
CTE_API cte_result cte_qp_decode(const void *src, size_t n, void *dst, size_t cap, const cte_qp_decode_options *options);

#ifdef __cplusplus
}
#endif

#endif
