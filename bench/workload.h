/* workload.h: what one benchmark runs: one program's way through one codec. */
#ifndef CTE_BENCH_WORKLOAD_H
#define CTE_BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Works through src[0..n) whole, into dst when there is output; the octets written, or a digest where there is no output. */
typedef size_t workload_run(const uint8_t *src, size_t n, uint8_t *dst, size_t cap);

/* What it is run on. An input's name begins with what memcpy is to copy beside it. */
enum workload_inputs {
  ON_SIZES,    /* random octets: 57, 114, 570, 1024, 64 KiB, 1 MiB, 16 MiB */
  ON_TEXTS,    /* the five corpora, with CRLF */
  ON_PROSE,    /* those that are text: all but the random one */
  ON_7BIT,     /* the one that 7bit allows: a */
  ON_8BIT,     /* those that 8bit allows: b, c and d, their few lines over 998 cut */
  ON_LF_PROSE, /* the prose with LF */
  ON_64K,      /* 64 KiB of random octets */
  ON_64K_TEXT, /* the first 64 KiB of each prose */
  ON_LINES,    /* base64 in other lines, 64 KiB: widths with CRLF and LF, a short one, padded, mixed; 1 MiB: random widths */
  INPUTS
};

/* What is checked before anything is measured: an answer is that of the codec's first workload on the same input. */
enum workload_answer {
  OWN_FORM,  /* nothing: it writes a form of its own */
  SAME_SIZE, /* what it returns */
  SAME_OCTETS
};

struct workload {
  const char *codec;   /* "base64_encode_flat"; NULL ends a table */
  const char *program; /* "cte", "cte in one chunk": run on each kernel row; else a peer's name or a loop's */
  workload_run *run;
  workload_run *prepare; /* makes the input from the decoded octets; NULL: they are the input */
  uint8_t inputs;        /* enum workload_inputs */
  uint8_t answer;        /* enum workload_answer */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The inputs of decoders, made with libcte, for us and for the peers alike. */
workload_run base64_flat_text, base64_folded_text, qp_text, smtp_text;

/*
 * A byte loop stands for a program that does the whole of the same work an octet at a time, without a library; a memchr loop
 * for one that finds line ends with memchr and does the rest a line at a time.
 */
extern const struct workload base64_workloads[], qp_workloads[], lines_workloads[], dots_workloads[], stream_workloads[];

#ifdef __cplusplus
}
#endif

#endif
