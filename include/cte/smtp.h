/*
 * cte/smtp.h: SMTP DATA (RFC 5321 sections 2.3.8, 4.1.1.4, 4.5.2, 4.5.3.1.6) and BDAT (RFC 3030): dots stuffed and
 * unstuffed, lines of at most 998 octets, and one end of data, CRLF "." CRLF and nothing else.
 *
 * Conventions (octets, buffers, threads, options): cte/status.h. An MTA uses the streams, cte_stream_smtp_write and
 * cte_stream_smtp_read (cte/stream.h); the calls here do the same for a message that is in memory whole.
 */
#ifndef CTE_SMTP_H
#define CTE_SMTP_H

#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What to do with what SMTP does not allow.
 *
 *                  REJECT           NORMALIZE                            SPACE   KEEP
 *   bare LF        error / verdict  CRLF (1)                             SP      as it is (2)
 *   lone CR        error / verdict  SP; a run of CRs before LF is one    SP      as it is (2)
 *                                   CRLF
 *   NUL            error / verdict  dropped                              SP      as it is (2)
 *   line over 998  error / verdict  folded by CRLF SP before a           -       as it is
 *                                   character's first octet
 *
 *   (1) In a reader never part of an end of data; a "." after it is unstuffed, as Postfix does.
 *   (2) A writer takes KEEP only with `bdat`: else dots could not be stuffed so that every receiver agrees.
 *
 * CTE_SMTP_DEFAULT is REJECT, but KEEP for a reader's long lines. All that is met, tolerated or not, is recorded as an
 * anomaly, but of the octet of a writer's error that kind alone. Every CR is lone but one that an LF follows; in "\r\r\n"
 * the first is. A NUL parts CR and LF, though it be dropped: both are bare. Where two kinds fall on one octet, its own comes
 * before the length of its line.
 *
 * A line's octets are those that come out (after NULs were dropped), before stuffing or after unstuffing, without CRLF;
 * what a reader rejects counts as if it were kept. A line ends at a CRLF of the input, and at one that NORMALIZE makes; a CR
 * and an LF that are kept, and come together as the NUL between them is dropped, are octets of the line.
 * The anomaly has the offset, in the input, of the first octet past 998. A character is a UTF-8 lead octet (C2 - DF, E0 - EF,
 * F0 - F4) with the continuation octets (80 - BF) that follow it in the input, at most the one, two or three that it
 * announces, or any other single octet: a NUL within it, dropped or not, ends it.
 *
 * An error (writer) is returned at once, with the offset of the offending octet. A verdict (reader) is kept: the reader
 * goes on to the true end of data and then gives CTE_END with CTE_VERDICT_REJECTED among the anomalies; from the offending
 * octet on nothing is written.
 */
enum cte_smtp_policy {
  CTE_SMTP_DEFAULT = 0,
  CTE_SMTP_REJECT = 1,
  CTE_SMTP_NORMALIZE = 2,
  CTE_SMTP_SPACE = 3,
  CTE_SMTP_KEEP = 4
};

/* All zero: DATA, nothing tolerated but a reader's long lines. Each policy is an enum cte_smtp_policy. */
typedef struct cte_smtp_options {
  uint8_t bare_lf;
  uint8_t bare_cr;
  uint8_t nul;
  uint8_t long_line; /* not SPACE */
  uint8_t bdat;      /* 1, writer only: a BDAT payload: nothing is stuffed, ended or folded (long_line not NORMALIZE) */
  uint8_t reserved[27];
} cte_smtp_options;

/*
 * Writer: from a message (CRLF line ends) to DATA. A "." that begins an output line is doubled; at the end a CRLF is added
 * unless what came out is empty or ends in one, then ".CRLF". An empty message is ".CRLF".
 *
 * The most octets that writing n octets can give; some input reaches it (long_line NORMALIZE included). SIZE_MAX when it
 * would pass SIZE_MAX or the options are not valid.
 */
CTE_API size_t cte_smtp_write_bound(size_t n, const cte_smtp_options *options);

/* Writes the message src[0..n): CTE_OK with read == n, CTE_MORE_OUTPUT, or an error with read at the offending octet. */
CTE_API cte_result cte_smtp_write(const void *src, size_t n, void *dst, size_t cap, const cte_smtp_options *options);

/*
 * Reader: from DATA to the message. "." CRLF as the first octets of DATA, and after a CRLF, ends it: CTE_END, and what
 * follows stays unread. The CRLF before it belongs to the message. Any other "." that begins a line is deleted: as the first
 * octet of DATA, directly behind a CRLF, and behind a bare LF that becomes one; but none behind a NUL, though that be dropped.
 *
 * An upper bound of the octets that reading n octets can give: n; more by a 331st part when lines are folded, though short
 * data have none to be folded; 2 n when a bare LF becomes CRLF, folded or not. SIZE_MAX when it would pass SIZE_MAX or the
 * options are not valid.
 */
CTE_API size_t cte_smtp_read_bound(size_t n, const cte_smtp_options *options);

/*
 * Reads the message at the start of src[0..n): CTE_END with read just past the end of data, and CTE_VERDICT_REJECTED in
 * anomalies when the message is to be rejected (first_anomaly is then no later than the cause). CTE_ERROR_TRUNCATED with
 * read == n when there is no end of data; CRs and dots whose meaning was still open are neither written nor anomalies (of
 * CRs to be normalized, written only when their run has ended, all but the last are lone: the first of them is one), and a
 * UTF-8 character that was cut off is taken for whole. CTE_MORE_OUTPUT.
 */
CTE_API cte_result cte_smtp_read(const void *src, size_t n, void *dst, size_t cap, const cte_smtp_options *options);

/* ---- Stuffing without a copy, for writers that build an iovec list ---- */

/*
 * The offset in src[0..n) before which a "." is to be inserted next, or n. `*state` is 0 at the start of the message and
 * carries from call to call, whatever the cuts. After a hit at i < n send src[0..i) and a ".", then call again for
 * src[i..n): the state knows that its first octet is done with.
 *
 * Since it can reject nothing, it stuffs after every CR and every LF that a receiver could take for a line end, not only
 * after CRLF: text with bare CR or LF does not come to every receiver as it is. cte_smtp_write rejects it, or changes it
 * to what all of them read alike. NUL is an octet like any other: CR LF NUL "." is not stuffed, and is an end of data to a
 * receiver that deletes NULs; cte_smtp_write rejects NULs, or drops them before it looks for dots.
 */
CTE_API size_t cte_dots_next(const void *src, size_t n, uint32_t *state);

#define CTE_DOTS_END_SIZE 5

/*
 * What ends the data: writes "\r\n.\r\n", or ".\r\n" after a CRLF or for an empty message, to dst[0..CTE_DOTS_END_SIZE)
 * and returns the number of octets.
 */
CTE_API size_t cte_dots_end(void *dst, uint32_t state);

#ifdef __cplusplus
}
#endif

#endif
