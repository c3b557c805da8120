/*
 * cte/lines.h: what a text's lines and octets are, and which content-transfer-encoding carries it
 * (RFC 2045 sections 2.7 - 2.9 and 6; RFC 5321 section 4.5.3.1.6).
 *
 * Conventions (octets, buffers, threads, options): cte/status.h.
 */
#ifndef CTE_LINES_H
#define CTE_LINES_H

#include <cte/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTE_LINE_LIMIT 998 /* octets of a line, its CRLF apart (RFC 2045 section 2.7, RFC 5321 section 4.5.3.1.6) */

/* ---- Statistics, in one pass ---- */

/*
 * What is counted, and where the first of each kind stands. A line ends at an LF; the CR just before that LF belongs to
 * the line end. A blank is SP or TAB.
 */
enum cte_lines_kind {
  CTE_LINES_8BIT = 0,           /* octets above 127 */
  CTE_LINES_NUL = 1,            /* octets 0 */
  CTE_LINES_BARE_CR = 2,        /* CRs that no LF follows; they count as an octet of their line */
  CTE_LINES_BARE_LF = 3,        /* LFs that no CR precedes */
  CTE_LINES_OVER_998 = 4,       /* lines of more than 998 octets: the first octet past the limit */
  CTE_LINES_DOT = 5,            /* lines that begin with '.': that octet */
  CTE_LINES_FROM = 6,           /* lines that begin with "From ": the F */
  CTE_LINES_TRAILING_BLANK = 7, /* lines (the last, unterminated one too) that end in a blank: that last blank */
  CTE_LINES_QP_ESCAPE = 8,      /* octets that text in quoted-printable escapes when CRLF and LF are line ends:
                                   above 127, controls but TAB and line ends, '=', and each line's trailing blank */
  CTE_LINES_NOT_UTF8 = 9, /* 1 when the text is not UTF-8 (RFC 3629): the first octet of the first malformed sequence */
  CTE_LINES_KINDS = 10
};

/*
 * The statistics. Fields marked private are the state between two calls; read the others after cte_lines_finish.
 * The structure may be copied as it is.
 */
typedef struct cte_lines {
  uint64_t octets;
  uint64_t lines;        /* an unterminated last line is one of them */
  uint64_t longest;      /* octets of the longest line, its line end apart */
  uint64_t crlf;         /* lines that end in CRLF */
  uint64_t count[16];    /* by enum cte_lines_kind */
  uint64_t first[16];    /* by enum cte_lines_kind: the first offset, or CTE_NO_OFFSET */
  uint32_t unterminated; /* 1 when the last line has no line end */
  uint32_t private_state[7];
  uint64_t private_line; /* octets of the current line */
  uint64_t reserved[6];
} cte_lines;

/* Sets up empty statistics. */
CTE_API void cte_lines_init(cte_lines *lines);

/* Takes src[0..n) in. Any cuts give the same statistics. */
CTE_API void cte_lines_update(cte_lines *lines, const void *src, size_t n);

/* Ends the text: settles a last CR, blank, line and UTF-8 character. Nothing may be added after it. */
CTE_API void cte_lines_finish(cte_lines *lines);

/* ---- Validation ---- */

/* What cte_lines_check allows; one of the first three, with CTE_LINES_LF_TEXT or without it. */
enum cte_lines_allowed {
  CTE_LINES_ALLOW_7BIT = 0,  /* octets 1-127, CR and LF only as CRLF, lines of at most 998 octets (RFC 2045 section 2.7) */
  CTE_LINES_ALLOW_8BIT = 1,  /* the same with octets above 127 (section 2.8) */
  CTE_LINES_ALLOW_SMTP = 2,  /* the same with octets above 127 and NUL: SMTP's lines alone (RFC 5321) */
  CTE_LINES_LF_TEXT = 1 << 8 /* lines end in LF alone: text as files have it. A CR is a bare CR */
};

/*
 * Finds the first violation in src[0..n). CTE_OK with read == n, or an error with read at the violation:
 * CTE_ERROR_RAW_8BIT, _NUL, _BARE_CR, _BARE_LF at that octet, CTE_ERROR_LINE_OVER_998 at the line's first octet past 998
 * (its own kind first, where both fall on one octet). The last line need not be terminated; a CR that ends the data is bare.
 * CTE_ERROR_ARGUMENT for an unknown `allowed`. `written` is 0. As a stream: cte_stream_lines_check.
 */
CTE_API cte_result cte_lines_check(const void *src, size_t n, uint32_t allowed);

/* ---- The choice of an encoding ---- */

enum cte_encoding {
  CTE_ENCODING_7BIT = 0,
  CTE_ENCODING_8BIT = 1,
  CTE_ENCODING_BINARY = 2,
  CTE_ENCODING_QP = 3,
  CTE_ENCODING_BASE64 = 4
};

/* How the text's line ends are to be taken. */
enum cte_lines_line_ends {
  CTE_LINES_CRLF = 0, /* only CRLF is a line end */
  CTE_LINES_LF = 1,   /* only LF is: text that becomes CRLF when it is mailed; any CR is bare */
  CTE_LINES_AUTO = 2  /* as CTE_LINES_LF when there are LFs but no CRLF, else as CTE_LINES_CRLF */
};

/*
 * The least of 7bit, 8bit and binary that the text satisfies: a CTE_ENCODING_, or CTE_ERROR_ARGUMENT for an unknown
 * `line_ends`. `lines` must be finished.
 */
CTE_API int32_t cte_lines_encoding(const cte_lines *lines, uint32_t line_ends);

/* The transport of a hop: what it carries without an encoding. */
enum cte_transport {
  CTE_TRANSPORT_7BIT = 0,
  CTE_TRANSPORT_8BITMIME = 1,  /* RFC 6152 */
  CTE_TRANSPORT_BINARYMIME = 2 /* RFC 3030 */
};

/* The kind of content to be carried. */
enum cte_content {
  CTE_CONTENT_TEXT = 0,      /* line ends matter: text/... but UTF-16 and UTF-32 */
  CTE_CONTENT_DATA = 1,      /* every octet matters: images, archives, UTF-16 and UTF-32 text */
  CTE_CONTENT_COMPOSITE = 2, /* multipart/..., message/...: never encoded (RFC 2045 section 6.4) */
  CTE_CONTENT_OPAQUE = 3     /* signed or encrypted: never encoded (RFC 1847 section 2.1), but LFs that end lines are CRLF */
};

/*
 *   status            CTE_OK; CTE_ERROR_UNSUPPORTED when the transport does not carry it and it must not be encoded;
 *                     CTE_ERROR_ARGUMENT
 *   encoding          a CTE_ENCODING_; with CTE_ERROR_UNSUPPORTED the one that the content satisfies as it is; with
 *                     CTE_ERROR_ARGUMENT 0, and so are the sizes
 *   identity          octets when sent as it is; exact. Of text taken as LF text: with its LFs as CRLF
 *   base64            octets in base64 with lines of 76 and CRLF, the last one too; exact, from the same octets as identity
 *   quoted_printable  an upper bound of the octets in quoted-printable (as text for CTE_CONTENT_TEXT, else as binary), with
 *                     none of cte_qp_encode_options' flags: what those encode besides comes to it
 */
typedef struct cte_choice {
  int32_t status;
  int32_t encoding;
  uint64_t identity;
  uint64_t base64;
  uint64_t quoted_printable;
} cte_choice;

/*
 * The cheapest encoding that `transport` carries: the identity where it fits; else for text the smaller of
 * quoted-printable (its bound) and base64, quoted-printable on a tie; for data base64. `lines` must be finished; sizes
 * saturate at UINT64_MAX. CTE_CONTENT_DATA is taken as with CTE_LINES_CRLF, whatever `line_ends` says: none of its LFs may
 * become CRLF. A last line without an end fits, as in a part of a multipart; where it is the end of a message, DATA gives
 * it a CRLF: data to which that matters is encoded when `lines->unterminated`. For the exact size in quoted-printable:
 * cte_qp_encoded_size.
 */
CTE_API cte_choice cte_lines_choose(const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t line_ends);

#ifdef __cplusplus
}
#endif

#endif
