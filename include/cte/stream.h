/*
 * cte/stream.h: every codec as a stream. One type, of fixed size, without allocation; input and output cut anywhere.
 *
 *   cte_stream s;
 *   cte_stream_base64_encode(&s, NULL);
 *   while (there is input) {
 *     cte_input in = {data, size, 0};
 *     do {
 *       cte_output out = {room, sizeof room, 0};
 *       status = cte_stream_update(&s, &in, &out);
 *       send(room, out.pos);
 *     } while (status == CTE_MORE_OUTPUT);
 *     if (status != CTE_OK) break;
 *   }
 *   the inner loop again, with cte_stream_finish(&s, &out)
 *
 * Conventions (octets, buffers, threads, options): cte/status.h. A stream is used by one thread at a time. It may be
 * copied or moved at any time (within one process); there is nothing to free.
 */
#ifndef CTE_STREAM_H
#define CTE_STREAM_H

#include <cte/base64.h>
#include <cte/quoted_printable.h>
#include <cte/smtp.h>
#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTE_STREAM_SIZE 2048 /* octets; fixed for the life of the ABI */

/* Opaque. Larger than any codec needs today. All zero is a stream that was not set up. */
typedef union cte_stream {
  uint64_t private_words[CTE_STREAM_SIZE / 8];
} cte_stream;

/*
 * The caller's buffers; `in` is never NULL. data[pos..size) is the call's to read or to write, and it moves `pos` over what it
 * took or gave. Behind the new pos of an output the octets are unspecified.
 */
typedef struct cte_input {
  const void *data;
  size_t size;
  size_t pos;
} cte_input;

typedef struct cte_output {
  void *data;
  size_t size;
  size_t pos;
} cte_output;

/*
 * Set up. Each copies its options (NULL: what mail wants) and gives CTE_OK or CTE_ERROR_ARGUMENT; a stream may be set up
 * anew at any time. lines_check takes cte_lines_check's `allowed` and writes no output; its `out` may be NULL.
 */
CTE_API cte_status cte_stream_base64_encode(cte_stream *s, const cte_base64_encode_options *options);
CTE_API cte_status cte_stream_base64_decode(cte_stream *s, const cte_base64_decode_options *options);
CTE_API cte_status cte_stream_qp_encode(cte_stream *s, const cte_qp_encode_options *options);
CTE_API cte_status cte_stream_qp_decode(cte_stream *s, const cte_qp_decode_options *options);
CTE_API cte_status cte_stream_lines_check(cte_stream *s, uint32_t allowed);
CTE_API cte_status cte_stream_smtp_write(cte_stream *s, const cte_smtp_options *options);
CTE_API cte_status cte_stream_smtp_read(cte_stream *s, const cte_smtp_options *options);

/*
 * Takes input until it is used up or the output is full. The octets that come out over all calls do not depend on how the
 * input and the room were cut; room for one octet is enough.
 *   CTE_OK           all input was consumed. What cannot be decided yet waits in the stream (of
 *                    quoted-printable to be decoded up to 1026 octets, a run of blanks; of SMTP a run of CRs of any length,
 *                    as a number, where bare CRs are normalized; elsewhere a few), and when `out` is full up to 64 octets of
 *                    output; they come with later calls. Besides, both codecs of quoted-printable gather chunks of their
 *                    input until more than 512 octets wait, or in decoding, behind more than 256 blanks that wait, 256 more,
 *                    and with them their errors and anomalies; an update with an empty input (in->pos == in->size) gives what
 *                    became of them at once, as far as there is room (all, when it leaves some of `out`). What waited for
 *                    room alone is not gathered behind. With what is undecided an encoder may keep decided
 *                    octets just before it, up to 15 of output: how many may differ by row and cut. The base64 decoder keeps
 *                    those of a quantum until it is whole. In which of the calls what was gathered or
 *                    kept comes, and so a call's answer and positions, may differ by row; what they all give does not.
 *   CTE_MORE_OUTPUT  `out` is full: call again with room and the rest of the input, also when none is left: then an end of
 *                    data or an error comes behind the octets that wait
 *   CTE_END          the end of data was met (SMTP reader; base64 with CTE_BASE64_AFTER_PADDING_STOP); in->pos is just
 *                    past it. Of an SMTP message it does not say that it is accepted: ask cte_stream_verdict
 *   an error         given once every octet before the offending one was delivered, and again by each later call;
 *                    in->pos is at the offending octet, or where it was before the call when that octet came with an
 *                    earlier one
 *   CTE_ERROR_STATE  after finish, unless that gave an error, which stays; or of a stream that is all zero, or whose set-up was
 *                    refused
 */
CTE_API cte_status cte_stream_update(cte_stream *s, cte_input *in, cte_output *out);

/*
 * Ends the input: delivers what is left. Update took all of it before, its last answer was CTE_OK. CTE_OK once all has come
 * out (and again if called again), CTE_MORE_OUTPUT until then, or an error as above. After CTE_END it is CTE_OK. An SMTP
 * reader without its end of data: CTE_ERROR_TRUNCATED.
 */
CTE_API cte_status cte_stream_finish(cte_stream *s, cte_output *out);

/*
 * The set of CTE_ANOMALY_ bits met so far, and CTE_VERDICT_REJECTED. An error takes back what was met at its octet, but
 * its own kind, and behind it, where it shows late: base64's trailing bits, an SMTP writer's long line in a run of CRs.
 */
CTE_API uint32_t cte_stream_anomalies(const cte_stream *s);

/* The first offset of one CTE_ANOMALY_ bit, counted from the stream's first octet; CTE_NO_OFFSET when it was not met. */
CTE_API uint64_t cte_stream_first_anomaly(const cte_stream *s, uint32_t anomaly);

/* Why an SMTP reader rejects the message: the CTE_ERROR_ of the first cause, CTE_OK when it does not. */
CTE_API cte_status cte_stream_verdict(const cte_stream *s);

/*
 * The offset of the offending octet of the error, or else of the verdict, counted from the stream's first octet;
 * CTE_NO_OFFSET when there is neither.
 */
CTE_API uint64_t cte_stream_error_offset(const cte_stream *s);

#ifdef __cplusplus
}
#endif

#endif
