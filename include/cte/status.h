/*
 * cte/status.h: what every call answers: a status, a result, the anomalies.
 *
 * Conventions of the whole library
 *   - Sizes, offsets and bounds count octets. Columns count the octets of one line, its line end apart.
 *   - Buffers are `const void *` and `void *` with a length. A buffer of no octets may be NULL.
 *   - No function allocates, locks, reads the environment or touches the locale. Every function is reentrant: threads may
 *     call it at the same time with different destinations and streams.
 *   - While a call runs, nobody else (no thread, no process, no kernel) writes what it reads or touches what it writes. Of a
 *     mapping that another process may write, give a copy: all that is said here and below is of octets that stand still.
 *   - Source and destination do not overlap; one-shot decoders that say so also work in place (dst == src). No octets
 *     (n == 0) overlap nothing.
 *   - Nothing outside src[0..n) is read, nothing outside dst[0..cap) written; dst[written..cap) is unspecified.
 *   - An options structure that is all zero, or a NULL pointer to one, means what mail wants. Reserved fields must be zero,
 *     and a value that is not listed is CTE_ERROR_ARGUMENT.
 */
#ifndef CTE_STATUS_H
#define CTE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include <cte/version.h>

#if defined(__GNUC__)
#define CTE_API __attribute__((visibility("default")))
#else
#define CTE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Status of a call. Zero and above: the call did what it could. Below zero: an error. Of the data's, -4 and below, it stays
 * (a stream gives the same error again), and every octet before the offending one has been delivered.
 *
 * An error that has an anomaly of the same name is that anomaly when the options reject it: its value is -32 - (number of
 * the anomaly's bit).
 */
typedef enum cte_status {
  CTE_OK = 0,          /* all input was consumed */
  CTE_MORE_OUTPUT = 1, /* no room for what comes next: call again with room (streams), or a larger buffer (one-shot) */
  CTE_END = 2,         /* an end of data was met; what follows it is unread */

  CTE_ERROR_ARGUMENT = -1,    /* an option, a reserved field or a pair of buffers that is not allowed */
  CTE_ERROR_STATE = -2,       /* update after finish, or a stream that is all zero, or was refused its options */
  CTE_ERROR_UNSUPPORTED = -3, /* a kernel row unknown or not usable on this CPU; content that a transport cannot carry */
  CTE_ERROR_TRUNCATED = -4,   /* the input ended before the end of SMTP DATA */
  CTE_ERROR_LINE_END = -5,    /* base64: a line end where the options allow none */

  CTE_ERROR_WHITE_SPACE = -32,
  CTE_ERROR_CHARACTER = -33,
  CTE_ERROR_ALPHABET = -34,
  CTE_ERROR_MISSING_PADDING = -35,
  CTE_ERROR_EXCESS_PADDING = -36,
  CTE_ERROR_DATA_AFTER_PADDING = -37,
  CTE_ERROR_DANGLING_CHARACTER = -38,
  CTE_ERROR_TRAILING_BITS = -39,
  CTE_ERROR_LINE_OVER_76 = -40,
  CTE_ERROR_BAD_ESCAPE = -41,
  CTE_ERROR_LOWER_CASE_HEX = -42,
  CTE_ERROR_RAW_8BIT = -43,
  CTE_ERROR_RAW_CONTROL = -44,
  CTE_ERROR_BARE_LF = -45,
  CTE_ERROR_BARE_CR = -46,
  CTE_ERROR_TRAILING_WHITE_SPACE = -47,
  CTE_ERROR_LONG_BLANK_RUN = -48,
  CTE_ERROR_TRUNCATED_ESCAPE = -49,
  CTE_ERROR_NUL = -50,
  CTE_ERROR_LINE_OVER_998 = -51
} cte_status;

/*
 * Anomalies: what a decoder or an SMTP stream met and tolerated, one bit a kind. Each kind's first offset is kept; there
 * are no counts. The offset is that of the octet named here.
 */
enum cte_anomaly {
  /* base64 (RFC 2045 section 6.8) */
  CTE_ANOMALY_WHITE_SPACE = 1 << 0,        /* SP or TAB (line ends are none) */
  CTE_ANOMALY_CHARACTER = 1 << 1,          /* outside every base64 alphabet */
  CTE_ANOMALY_ALPHABET = 1 << 2,           /* of the other alphabet: '-' '_' in standard text, '+' '/' in URL text */
  CTE_ANOMALY_MISSING_PADDING = 1 << 3,    /* where '=' should stand: the next character, or the end of input */
  CTE_ANOMALY_EXCESS_PADDING = 1 << 4,     /* '=' where none belongs */
  CTE_ANOMALY_DATA_AFTER_PADDING = 1 << 5, /* the first character of a quantum that follows padding */
  CTE_ANOMALY_DANGLING_CHARACTER = 1 << 6, /* a quantum of one character: the end of input */
  CTE_ANOMALY_TRAILING_BITS = 1 << 7,      /* a last character whose unused bits are not zero */
  /* base64 and quoted-printable */
  CTE_ANOMALY_LINE_OVER_76 = 1 << 8, /* the 77th octet of a line */
  /* quoted-printable (RFC 2045 section 6.7) */
  CTE_ANOMALY_BAD_ESCAPE = 1 << 9,            /* a '=' that begins neither an escape nor a soft line break */
  CTE_ANOMALY_LOWER_CASE_HEX = 1 << 10,       /* the '=' of an escape that has a digit a-f */
  CTE_ANOMALY_RAW_8BIT = 1 << 11,             /* an octet above 127 */
  CTE_ANOMALY_RAW_CONTROL = 1 << 12,          /* 0-31 but TAB, CR and LF; 127 */
  CTE_ANOMALY_BARE_LF = 1 << 13,              /* an LF without CR; SMTP too */
  CTE_ANOMALY_BARE_CR = 1 << 14,              /* a CR without LF; SMTP too */
  CTE_ANOMALY_TRAILING_WHITE_SPACE = 1 << 15, /* the first of the blanks deleted before a line end or the end of data */
  CTE_ANOMALY_LONG_BLANK_RUN = 1 << 16,       /* the first of more than 1024 blanks: kept, wherever they stand */
  CTE_ANOMALY_TRUNCATED_ESCAPE = 1 << 17,     /* the '=' of an escape cut off by the end of data */
  /* SMTP DATA (RFC 5321 sections 2.3.8 and 4.5.3.1.6) */
  CTE_ANOMALY_NUL = 1 << 18,           /* an octet 0 */
  CTE_ANOMALY_LINE_OVER_998 = 1 << 19, /* the first octet past 998 of a line */
  /* Not a kind: set beside the kind that made an SMTP reader reject the message. */
  CTE_VERDICT_REJECTED = 1 << 30
};

/* No offset: the answer for an anomaly that was not met. */
#define CTE_NO_OFFSET UINT64_MAX

/*
 * The result of a one-shot call.
 *   status         a cte_status
 *   anomalies      the set of CTE_ANOMALY_ bits met; with an error those at smaller offsets and that error's own
 *   read           octets of the source consumed; on an error the offset of the first offending octet (n when that is the
 *                  end of input)
 *   written        octets of the destination that hold output
 *   first_anomaly  the smallest offset of any anomaly met; SIZE_MAX when there was none
 * CTE_MORE_OUTPUT gives the true `read` and `written`, but the call cannot be resumed: use a stream. An octet before `read`
 * may be an error that is given with more room, as when it stands behind octets that wait for it.
 */
typedef struct cte_result {
  int32_t status;
  uint32_t anomalies;
  size_t read;
  size_t written;
  size_t first_anomaly;
} cte_result;

/* Line lengths, in columns. */
#define CTE_COLUMNS_MIME 76         /* RFC 2045 sections 6.7 and 6.8 */
#define CTE_COLUMNS_NONE UINT64_MAX /* no folding */

/* The line end that an encoder writes. */
enum cte_line_end { CTE_LINE_END_CRLF = 0, CTE_LINE_END_LF = 1 };

/* A sentence fragment in English for any status, without a full stop: "a bare LF". Never NULL; a constant. */
CTE_API const char *cte_status_text(int32_t status);

/* The same for one CTE_ANOMALY_ bit. */
CTE_API const char *cte_anomaly_text(uint32_t anomaly);

/* CTE_VERSION of the library linked, which may be newer than the header compiled against. */
CTE_API const char *cte_version(void);

#ifdef __cplusplus
}
#endif

#endif
