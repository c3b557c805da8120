/*
 * support.h: what every test program needs: cmocka, buffers against guard pages, random and structured inputs with a
 * printed seed, and the checks of a codec, one-shot and streamed, against the reference.
 *
 * CTE_TEST_SEED (a number) gives the seed, else the time does; CTE_TEST_SCALE (1, or 0.1) the amount of random tests, and
 * below 0.1 of the fixed ones too: see fixed_case.
 */
#ifndef CTE_TESTS_SUPPORT_H
#define CTE_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference.h"

/* The number of elements of an array. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Memory against guard pages ---- */

/*
 * n octets that end (tail) or begin (head) exactly at a page that cannot be touched. Each holds until sixteen more were
 * asked for.
 */
uint8_t *guarded_tail(size_t n);
uint8_t *guarded_head(size_t n);

/* A copy of src[0..n) there. */
uint8_t *guarded_copy(const void *src, size_t n, bool tail);

/* ---- Chance ---- */

/* Prints the test's seed and starts the generator from it. */
void random_begin(const char *test);
/* Starts it from a given seed, printing nothing. */
void random_from(uint64_t value);
uint32_t random_u32(void);
uint64_t random_u64(void);
/* 0..n-1; n >= 1. */
size_t random_below(size_t n);
bool random_one_in(size_t n);

/* `count` times CTE_TEST_SCALE, at least 1. */
size_t scaled(size_t count);

/*
 * Whether to run one of a fixed set of cases, such as every cut of a long line, and how much of a fixed count. At scales of
 * 0.1 and more that is all of it: only random tests get fewer, under the sanitizers too. Emulated CPUs, on which a case
 * takes thirty times as long, are tested at a scale below 0.1 (tests/cpus/run); there it is that share of it.
 */
bool fixed_case(void);
size_t scaled_fixed(size_t count);

/* ---- Inputs ---- */

enum input_kind {
  INPUT_RANDOM,      /* any octets */
  INPUT_RICH,        /* CR, LF, '.', '=', blanks, hexadecimal digits, NUL, UTF-8, "From ", "--": all that has a meaning */
  INPUT_MAIL,        /* lines as mail has them, CRLF, of every length */
  INPUT_MAIL_SPOILT, /* the same with a few octets of INPUT_RICH */
  INPUT_LONG,        /* lines around 76 and around 998 octets, with UTF-8 */
  INPUT_UTF8,        /* dense UTF-8 in short lines */
  INPUT_BASE64,      /* base64 in lines of 60, 64, 72, 75, 76, LF or CRLF */
  INPUT_BASE64_BAD,  /* the same with garbage and padding where it does not belong */
  INPUT_QP,          /* quoted-printable as encoders write it */
  INPUT_QP_BAD,      /* the same, spoilt */
  INPUT_DOTS,        /* short lines, many dots and line ends of every kind */
  INPUT_ONE,         /* one octet again and again */
  INPUT_KINDS
};

void make_input(uint8_t *dst, size_t n, enum input_kind kind);

/* ---- Subjects: a codec through every door ---- */

struct subject {
  const char *name;
  size_t options_size;
  cte_result (*one_shot)(const void *src, size_t n, void *dst, size_t cap, const void *options);
  cte_status (*set_up)(cte_stream *s, const void *options);
  void (*reference)(struct outcome *o, const uint8_t *src, size_t n, const void *options);
  size_t (*bound)(size_t n, const void *options);
  bool (*in_place)(const void *options); /* NULL: never */
};

extern const struct subject base64_encode_subject, base64_decode_subject, qp_encode_subject, qp_decode_subject,
    smtp_write_subject, smtp_read_subject, lines_check_subject;

/* How a stream is fed. */
struct feeding {
  const size_t *cuts; /* ascending offsets where the input is cut */
  size_t cut_count;
  size_t room;     /* octets of room in each call; 0: random, zero among them */
  bool tail;       /* which side of the buffers the guard page is on */
  bool copied;     /* the stream is moved to another place between two calls */
  bool rows_mixed; /* another row of kernels is chosen between two calls */
};

/* Runs a stream over the input and checks on the way what holds for every call. */
void run_stream(struct outcome *got, const struct subject *subject, const void *options, const uint8_t *src, size_t n,
                const struct feeding *feeding);

/* Fails with a dump when the two differ. */
void check_same(const char *what, const struct subject *subject, const uint8_t *src, size_t n, const struct outcome *got,
                const struct outcome *expected);

/* One-shot: guard pages on either side, the exact room, one octet less, the bound, more, less by chance, and in place. */
void check_one_shot(const struct subject *subject, const void *options, const uint8_t *src, size_t n);

/* Streamed: every cut in two, each with the room of one octet, chance and plenty. */
void check_every_cut(const struct subject *subject, const void *options, const uint8_t *src, size_t n);

/* Streamed: `times` with random cuts and rooms. */
void check_random_cuts(const struct subject *subject, const void *options, const uint8_t *src, size_t n, size_t times);

/* A case written out by hand. `anomalies` pairs (bit, offset), ended by a 0 bit; `error_offset` as the stream gives it. */
struct expectation {
  int32_t status;
  uint64_t read;
  const char *data;
  size_t size;
  struct {
    uint32_t kind;
    uint64_t offset;
  } anomalies[6];
  int32_t verdict;
  uint64_t verdict_offset;
};

/*
 * Checks the reference, the one-shot call and the stream at every cut against what is expected. Where `src` is written as
 * a literal, CASE counts its octets, NULs among them.
 */
void check_case(const char *name, const struct subject *subject, const void *options, const char *src, size_t n,
                const struct expectation *expected);
#define TEXT(literal) literal, sizeof(literal) - 1

/* What the random tests of each codec are made of. `options` is an array of `count` sets of the subject's options. */
void test_lengths(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
                  size_t kind_count);
void test_cuts(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
               size_t kind_count);
void test_large(const struct subject *subject, const void *options, size_t count, const enum input_kind *kinds,
                size_t kind_count);

/* Every option that is not allowed: one-shot, stream, bound. */
void check_bad_options(const struct subject *subject, const void *options);

/* Chooses a row of kernels, which the checks name in their reports. */
void row_begin(size_t row);

/* Runs the group on every row of kernels, the hostile ones too, or on CTE_TEST_ROW alone: the body of each program's main. */
int run_on_every_row(const char *group, const struct CMUnitTest *tests, size_t count);

#endif
