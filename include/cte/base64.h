/*
 * cte/base64.h: base64, folded as MIME wants (RFC 2045 section 6.8) or flat (RFC 4648 sections 4 and 5).
 *
 * Conventions (octets, buffers, threads, options): cte/status.h. The same codec as a stream: cte/stream.h.
 */
#ifndef CTE_BASE64_H
#define CTE_BASE64_H

#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cte_base64_alphabet {
  CTE_BASE64_STANDARD = 0, /* '+' and '/' (RFC 4648 section 4) */
  CTE_BASE64_URL = 1,      /* '-' and '_' (RFC 4648 section 5) */
  CTE_BASE64_EITHER = 2    /* decoders only: both, mixed as they come, without an anomaly */
};

/* ---- Encoding ---- */

enum cte_base64_padding { CTE_BASE64_PADDED = 0, CTE_BASE64_UNPADDED = 1 };
enum cte_base64_last_line { CTE_BASE64_LAST_LINE_END = 0, CTE_BASE64_LAST_LINE_BARE = 1 };

/* All zero: lines of 76 columns, each ended by CRLF, the last one too; standard alphabet; padded. */
typedef struct cte_base64_encode_options {
  uint64_t columns;  /* octets a line: 0 means 76, CTE_COLUMNS_NONE one line without any line end, else any value >= 1 */
  uint8_t line_end;  /* enum cte_line_end */
  uint8_t last_line; /* enum cte_base64_last_line: whether the last line has its line end; empty data never has one */
  uint8_t alphabet;  /* CTE_BASE64_STANDARD or CTE_BASE64_URL */
  uint8_t padding;   /* enum cte_base64_padding */
  uint8_t reserved[20];
} cte_base64_encode_options;

/* MIME's form, the same as all zero; and RFC 4648's: one line, padded. Both are initialisers. */
/* clang-format off */
#define CTE_BASE64_ENCODE_MAIL {0, CTE_LINE_END_CRLF, CTE_BASE64_LAST_LINE_END, CTE_BASE64_STANDARD, CTE_BASE64_PADDED, {0}}
#define CTE_BASE64_ENCODE_FLAT \
  {CTE_COLUMNS_NONE, CTE_LINE_END_CRLF, CTE_BASE64_LAST_LINE_BARE, CTE_BASE64_STANDARD, CTE_BASE64_PADDED, {0}}
/* clang-format on */

/*
 * The exact number of octets that encoding n octets writes. SIZE_MAX when that would pass SIZE_MAX, or when the options
 * are not valid.
 */
CTE_API size_t cte_base64_encoded_size(size_t n, const cte_base64_encode_options *options);

/*
 * Encodes src[0..n) into dst[0..cap). CTE_OK with read == n and written == cte_base64_encoded_size(n, options);
 * CTE_MORE_OUTPUT when cap is smaller than that; CTE_ERROR_ARGUMENT. Not in place (CTE_ERROR_ARGUMENT).
 */
CTE_API cte_result cte_base64_encode(const void *src, size_t n, void *dst, size_t cap,
                                     const cte_base64_encode_options *options);

/* ---- Decoding ---- */

enum cte_base64_line_ends {
  CTE_BASE64_LINE_ENDS_SKIP = 0, /* CR and LF, in any order, are skipped and are no anomaly */
  CTE_BASE64_LINE_ENDS_LF = 1,   /* LF is skipped; CR is a character outside the alphabet */
  CTE_BASE64_LINE_ENDS_NONE = 2  /* the first CR or LF is CTE_ERROR_LINE_END; there are no lines to be over 76 */
};

enum cte_base64_after_padding {
  CTE_BASE64_AFTER_PADDING_CONTINUE = 0, /* the next character begins a new quantum; an anomaly */
  CTE_BASE64_AFTER_PADDING_STOP = 1      /* CTE_END as soon as padding is complete; what follows is unread */
};

/*
 * All zero: mail's decoder. It skips what is outside the alphabet and reports it (RFC 2045 section 6.8), goes on after
 * padding, and accepts missing padding. The other alphabet's characters are outside too; CTE_BASE64_EITHER takes both.
 *
 * How each case is read:
 *   - '=' after two or three characters of a quantum ends it; two characters want a second '='. A '=' anywhere else is
 *     excess padding and skipped.
 *   - A character where the second '=' should stand: missing padding, then data after padding, both at that character.
 *   - The end of input after two or three characters without '=', or with one '=' too few: missing padding; after one
 *     character: a dangling character, which is dropped. Both have the offset of the end of input.
 *   - Trailing bits have the offset of the character that holds them.
 *   - A line is what stands between the line ends that line_ends says, which are not counted: with
 *     CTE_BASE64_LINE_ENDS_LF a CR is an octet of its line.
 *   - Where two kinds fall on one octet, the octet's own kind comes before the length of its line (but trailing bits, which
 *     show later), and missing padding before data after padding. Trailing bits come before what else is met at the '=' or the
 *     end of input where they show.
 *   - With several rejected, the error is the one that reading octet by octet comes to first. Of trailing bits and missing
 *     padding that is at the next '=' or character of the alphabet, or at the end of input: their offset may be smaller
 *     than that of a character that was rejected before.
 *   - On an error every octet is delivered whose eight bits are known from the characters before the offending one.
 */
typedef struct cte_base64_decode_options {
  uint32_t reject;       /* the set of CTE_ANOMALY_ bits (no others) that are errors; only base64's have a meaning */
  uint8_t alphabet;      /* enum cte_base64_alphabet */
  uint8_t line_ends;     /* enum cte_base64_line_ends */
  uint8_t after_padding; /* enum cte_base64_after_padding */
  uint8_t reserved[25];
} cte_base64_decode_options;

/* Everything that RFC 4648 calls wrong, but line ends: those are errors with CTE_BASE64_LINE_ENDS_NONE. */
#define CTE_BASE64_REJECT_STRICT                                                                                            \
  (CTE_ANOMALY_WHITE_SPACE | CTE_ANOMALY_CHARACTER | CTE_ANOMALY_ALPHABET | CTE_ANOMALY_MISSING_PADDING |                   \
   CTE_ANOMALY_EXCESS_PADDING | CTE_ANOMALY_DATA_AFTER_PADDING | CTE_ANOMALY_DANGLING_CHARACTER |                           \
   CTE_ANOMALY_TRAILING_BITS)

/* Mail's decoder, the same as all zero; and RFC 4648's: no white space or line end, canonical bits, exact padding. */
/* clang-format off */
#define CTE_BASE64_DECODE_MAIL {0, CTE_BASE64_STANDARD, CTE_BASE64_LINE_ENDS_SKIP, CTE_BASE64_AFTER_PADDING_CONTINUE, {0}}
#define CTE_BASE64_DECODE_STRICT \
  {CTE_BASE64_REJECT_STRICT, CTE_BASE64_STANDARD, CTE_BASE64_LINE_ENDS_NONE, CTE_BASE64_AFTER_PADDING_CONTINUE, {0}}
/* clang-format on */

/*
 * The most octets that n octets of base64 can decode to: 6 n / 8, rounded down. Some input reaches it, whatever the options,
 * but of more than 77 octets where CTE_ANOMALY_LINE_OVER_76 is rejected and there are line ends. SIZE_MAX when the options
 * are not valid.
 */
CTE_API size_t cte_base64_decoded_bound(size_t n, const cte_base64_decode_options *options);

/*
 * Decodes src[0..n) into dst[0..cap); dst == src is allowed. CTE_OK with read == n; CTE_END (only with
 * CTE_BASE64_AFTER_PADDING_STOP) with read just past the padding; CTE_MORE_OUTPUT when cap is too small; an error with
 * read at the offending octet. A cap of cte_base64_decoded_bound is always enough.
 */
CTE_API cte_result cte_base64_decode(const void *src, size_t n, void *dst, size_t cap,
                                     const cte_base64_decode_options *options);

#ifdef __cplusplus
}
#endif

#endif
