/*
 * fuzz.h: what the fuzz targets share. An input is a head of 16 octets, which chooses the entry, its options and the seed of
 * all chance (cuts, room), and a payload. A check that fails ends the program.
 */
#ifndef CTE_FUZZ_FUZZ_H
#define CTE_FUZZ_FUZZ_H

#include "support.h"

#define FUZZ_HEAD 16

/* The head's octets: 0 the entry, 1-4 the seed, the rest the options, as each target reads them. */
struct fuzz {
  uint8_t head[FUZZ_HEAD]; /* zeros where the input is shorter */
  const uint8_t *data;     /* never NULL */
  size_t size;
};

/* What each target is: one input. */
void fuzz_one(const struct fuzz *f);

/*
 * Makes a text of 20 to 40 KiB of one input in 64, by chance that all of the input seeds: libFuzzer keeps payloads shorter than
 * what kernels take as one. head[12] says how: the payload again and again, a piece of it so, or the payload amid a text of the
 * tests' making, whose kind head[13] gives.
 */
void fuzz_stretch(struct fuzz *f);

/* A codec on every row of kernels: one-shot against guard pages, streamed with cuts by chance, against the reference. */
void fuzz_codec(const struct subject *subject, const void *options, const struct fuzz *f);

/* A set of anomalies to reject, from four octets: none, the strict one, all, or any. */
uint32_t fuzz_reject(const uint8_t *head, uint32_t strict);

/* Columns of base64, from two octets: none, edges, more than any text has, up to 256, or up to 4096. */
uint64_t fuzz_columns(const uint8_t *head);

/* A writer's or a reader's options, from five octets: any that are not refused. */
cte_smtp_options fuzz_smtp_options(const uint8_t *head, bool reader);

/* The text with those line ends that the encoder takes for such written as it writes them: up to 2 n octets. Their number. */
size_t fuzz_line_ends(uint8_t *dst, const uint8_t *src, size_t n, const cte_qp_encode_options *options);

/* Whether no line that comes out may pass 998 octets (RFC 5321 section 4.5.3.1.6): a writer's default, not a reader's. */
bool fuzz_lines_limited(const cte_smtp_options *options, bool reader);

/* The octets of the longest line between CRLFs; `stuffed`: less the dot that begins it. */
size_t fuzz_longest_line(const uint8_t *src, size_t n, bool stuffed);

/* n octets that nothing else shares, to be freed; NULL for none. AddressSanitizer watches both ends. */
uint8_t *fuzz_memory(size_t n);

/* What must hold beside what the reference says. */
#define REQUIRE(condition)                                                                                                  \
  do {                                                                                                                      \
    if (!(condition)) fail_msg("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                      \
  } while (0)

#endif
