/*
 * kernels.h: the contract between the codecs (src/<codec>.c) and the kernels (src/<isa>/<codec>.c).
 *
 * A kernel does what is common, fast, and leaves the rest to its codec:
 *   - It reads only src[0..n) and writes only dst[0..cap). In place (decoders: dst at or before src in one buffer) it
 *     writes only below what it has read; so a kernel that tests a block after storing it must test first, or store
 *     elsewhere.
 *   - It may stop anywhere, at once too. What it reports as read and written is final; dst past that is slack.
 *   - Wherever it stops, the carry (column, ...) is that of src[read]: the codec, or another row's kernel, goes on there.
 *   - It never reports an anomaly or an error: it stops before the octet, and the codec passes it. Kinds in `recorded`
 *     were met before: those the kernel may pass over. A kind that is rejected is never in `recorded`.
 *   - It does not know whether src+n is the end of data: what needs to know, it leaves.
 *
 * And what keeps it fast (a duty of speed, not of right):
 *   - Without a cause to stop it leaves less than a vector and a line end; with one it stops at most 1 KiB before it.
 *   - No cause: any starting column; CRLF or LF; any regular or mixed line widths; a converted line end; an option; a
 *     recorded kind. The codec passes the cause itself before it enters the kernel again.
 *
 * A kernel file includes its vec.h, src/shared/ and this header, and nothing else of the project.
 */
#ifndef CTE_KERNELS_H
#define CTE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets that a kernel consumed and produced. */
struct done {
  size_t read, written;
};

/* The anomaly bits that kernels need, the same as cte/status.h's (src/codec.h asserts it). */
enum kernel_kind {
  KIND_WHITE_SPACE = 1 << 0,
  KIND_CHARACTER = 1 << 1,
  KIND_ALPHABET = 1 << 2,
  KIND_LINE_OVER_76 = 1 << 8,
  KIND_BAD_ESCAPE = 1 << 9,
  KIND_LOWER_CASE_HEX = 1 << 10,
  KIND_RAW_8BIT = 1 << 11,
  KIND_RAW_CONTROL = 1 << 12,
  KIND_BARE_LF = 1 << 13,
  KIND_BARE_CR = 1 << 14,
  KIND_TRAILING_WHITE_SPACE = 1 << 15,
  KIND_NUL = 1 << 18,
  KIND_LINE_OVER_998 = 1 << 19
};

/* ---- base64 (RFC 2045 section 6.8, RFC 4648) ---- */

enum { ALPHABET_STANDARD = 0, ALPHABET_URL = 1, ALPHABET_EITHER = 2 };

struct base64_encode_params {
  uint64_t columns; /* >= 1; UINT64_MAX: unfolded */
  uint8_t line_end; /* octets of a line end: 2 is CRLF, 1 is LF */
  uint8_t alphabet; /* ALPHABET_STANDARD or ALPHABET_URL */
};

enum { SKIP_CR_LF = 0, SKIP_LF = 1, SKIP_NONE = 2 };

struct base64_decode_params {
  uint32_t recorded; /* anomalies met already: characters of these kinds may be skipped */
  uint8_t alphabet;
  uint8_t line_ends; /* SKIP_: which of CR and LF are skipped without a word, and end a line */
};

struct base64_carry {
  uint64_t column; /* octets since the last line end */
  uint32_t width;  /* a hint, the kernel's own: the width of the last line seen */
};

struct base64_kernels {
  /*
   * Encodes whole quanta (3 octets). `*column` is the number of characters on the open line, 0..columns. A line end is
   * written before the first character that would pass `columns`, never after the last: *column == columns is a full
   * line that has none yet.
   */
  struct done (*encode)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_encode_params *params,
                        uint64_t *column);
  /*
   * Decodes whole quanta (4 characters); it is entered and it stops between quanta (line ends may stand within one). It
   * stops before padding, before a character that is neither in the alphabet nor to be skipped, and before the 77th
   * octet of a line while KIND_LINE_OVER_76 is not recorded (unless line_ends is SKIP_NONE).
   */
  struct done (*decode)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_decode_params *params,
                        struct base64_carry *carry);
  /*
   * For frequent short calls: a line whole, without a line end, LINE_QUANTA_LEAST - LINE_QUANTA_MOST quanta. There is room
   * for it, and nothing else is written. It is all or nothing: encode_line has no cause to stop; decode_line returns 0,
   * with dst as it was, where another octet is among the characters (it may at any time). Both return what they wrote.
   */
  size_t (*encode_line)(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet);
  size_t (*decode_line)(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet);
};

enum { LINE_QUANTA_LEAST = 8, LINE_QUANTA_MOST = 19 }; /* a vector of 32 characters - a line of 76 */

/* ---- quoted-printable (RFC 2045 section 6.7) ---- */

enum { QP_CRLF = 0, QP_LF = 1, QP_EITHER = 2, QP_KEEP = 3, QP_BINARY = 4 };

struct qp_encode_params {
  const uint8_t *escape;  /* 256: not 0 where the octet is always written as =XX; CR and LF are among them */
  const uint8_t *plain;   /* 16: bit h of plain[l] is set where the octet 16 h + l, below 128, is not */
  uint8_t line_ends;      /* QP_: what is a line end in the input */
  uint8_t line_end;       /* octets of a line end written: 2 is CRLF, 1 is LF */
  bool dot, from, dashes; /* escape these at the start of an output line */
  bool whole_utf8;        /* no soft break within a valid UTF-8 character */
  bool simple;            /* CRLF in and out, and none of dot, from, dashes, whole_utf8 */
  bool soft_end;          /* a soft break follows the end of data: what is last there may not use column 76 */
};

struct qp_decode_params {
  uint32_t recorded;
  uint8_t line_end; /* 0: as it came; 2: CRLF; 1: LF */
};

struct qp_kernels {
  /*
   * Encodes whole units: an octet (with whole_utf8 a character) or a line end, with the soft break before it. `*column` is
   * that of the open output line, 0..76. The kernel takes an octet only when it sees what follows far enough to place it:
   * whether a line end comes next.
   */
  struct done (*encode)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_encode_params *params,
                        uint32_t *column);
  /* The same, counted and not stored: read and written as encode with an endless cap would give them. */
  struct done (*size)(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column);
  /*
   * Decodes whole units: an octet, an escape, a line end or soft break with the blanks before it. A run of blanks is
   * taken only when the octet after it was seen and the run is at most 1024 long; the same for '=' and its blanks. `*column`
   * is that of the input line, its octets so far.
   */
  struct done (*decode)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                        uint64_t *column);
};

/* ---- lines (RFC 2045 sections 2.7 - 2.9) ---- */

struct lines_carry {
  uint64_t column; /* octets since the last line end */
};

/* cte_lines' numbers, by enum cte_lines_kind. */
struct line_counts {
  uint64_t offset; /* of src[0] in the text; the kernel does not move it */
  uint64_t lines, longest, crlf;
  uint64_t count[16], first[16];
  uint64_t column; /* octets of the current line */
  uint32_t before; /* the last two octets, (second last << 8) | last; 0x0a0a at the start of the text */
  uint32_t utf8;   /* state of lines.c's UTF-8 check; 0 between characters */
};

struct lines_kernels {
  /*
   * Stops before the first octet that violates: one of a kind in `forbid` (KIND_RAW_8BIT, KIND_NUL, KIND_BARE_CR,
   * KIND_BARE_LF), or the 999th of a line. Entered at no octet whose CR was left before. With KIND_BARE_LF not in `forbid`
   * an LF alone is a line end and every CR a bare one.
   */
  size_t (*check)(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry);
  /*
   * Counts src[0..read). It is entered where no CR, UTF-8 character or possible "From " is open. Where it stops a CR
   * just before src[read] is a bare one, counted as such; a character or a "From " that src+n cuts off it leaves.
   */
  size_t (*count)(const uint8_t *src, size_t n, struct line_counts *counts);
};

/* ---- SMTP DATA (RFC 5321 section 4.5.2) ---- */

enum { POLICY_REJECT = 1, POLICY_NORMALIZE = 2, POLICY_SPACE = 3, POLICY_KEEP = 4 };

struct dots_params {
  uint32_t recorded;
  uint8_t bare_lf, bare_cr, nul, long_line; /* POLICY_ */
  bool bdat;                                /* nothing is stuffed */
};

enum { LINE_MIDDLE = 0, LINE_START = 1, LINE_START_AFTER_LF = 2 };

struct dots_carry {
  uint64_t column; /* octets of the message's line so far */
  uint32_t start;  /* LINE_: the next octet begins a line, after CRLF (or at the start) or after a bare LF made CRLF */
};

struct dots_kernels {
  /*
   * Message to DATA. A kernel takes CRLF as a line end, doubles the '.' of LINE_START (either), and may apply the policies
   * to recorded kinds: a NUL that is dropped leaves `start` as it is; a bare LF that is kept begins no line and ends none. It
   * leaves a CR whose successor it does not see, and stops before the 999th octet of a line unless that is recorded and
   * kept. Where lines are folded it may stop within a character: the codec takes its octets back.
   */
  struct done (*write)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                       struct dots_carry *carry);
  /*
   * DATA to message: as write, but deletes the '.'; it stops before one that could begin the end of data. A NUL that is
   * dropped makes `start` LINE_MIDDLE: the octet after it begins no line.
   */
  struct done (*read)(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                      struct dots_carry *carry);
  /*
   * The first '.' in src[0..n) after a CR or LF (or at src[0] when *state is not DOTS_MIDDLE), or n, or an earlier place
   * from where to go on. *state is brought up to src[0..result).
   */
  size_t (*next)(const uint8_t *src, size_t n, uint32_t *state);
};

/* What came before: DOTS_START is a CRLF or nothing. */
enum { DOTS_START = 0, DOTS_MIDDLE = 1, DOTS_AFTER_CR = 2, DOTS_AFTER_LF = 3 };

#endif
