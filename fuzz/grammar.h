/* grammar.h: what the RFCs allow, written from them alone: neither src/ nor tests/reference.c knows of it. */
#ifndef CTE_FUZZ_GRAMMAR_H
#define CTE_FUZZ_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 4648 sections 3.2 - 3.5, 4 and 5: whole quanta, no other character, '=' at the very end alone, unused bits zero. */
bool grammar_base64(const uint8_t *src, size_t n, bool url);

/* RFC 2045 section 6.7: with transport padding, line ends CRLF and lines of at most 76 columns. */
bool grammar_quoted_printable(const uint8_t *src, size_t n);

/*
 * Lines: CR and LF in CRLF alone, octets 1-127, at most 998 of them (RFC 2045 section 2.7), the last perhaps without a line
 * end. `allowed` adds to it: 8bit (section 2.8), NUL, lines of any length; of LF text: LF for CRLF, and no CR.
 */
enum { GRAMMAR_8BIT = 1, GRAMMAR_NUL = 2, GRAMMAR_LONG = 4, GRAMMAR_LF = 8 };
bool grammar_lines(const uint8_t *src, size_t n, unsigned allowed);

/* RFC 5321 section 4.1.1.4: behind CRLF "." CRLF, the first CRLF being the command's where the data is empty. 0: no end. */
size_t grammar_end_of_data(const uint8_t *src, size_t n);

/*
 * No receiver can find two ends in these octets, or miss the one: CR and LF stand in CRLF alone, there is no NUL, and one
 * line is a lone dot, the last.
 */
bool grammar_one_end(const uint8_t *data, size_t n);

#endif
