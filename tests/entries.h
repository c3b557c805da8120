/*
 * entries.h: every call of the library that takes octets, at the options that change its work, and every way to feed it: for
 * what looks for inputs that slow it, tests/growth.c and bench/complexity.c.
 */
#ifndef CTE_TESTS_ENTRIES_H
#define CTE_TESTS_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cte/stream.h>

/* What a call works on. Of a run's first piece `first` is set. */
struct piece {
  const uint8_t *src;
  size_t n;
  bool first;
  uint8_t *dst;
  size_t cap;
};

/* Ordinary input: random octets, and what encodes them. */
enum ordinary { RANDOM, BASE64, QP, QP_LF };

struct entry {
  const char *name;
  cte_status (*set_up)(cte_stream *s);       /* or: */
  size_t (*call)(const struct piece *piece); /* the octets that it read */
  enum ordinary ordinary;
};

extern const struct entry entries[];
extern const size_t entries_count;

struct mode {
  const char *name;
  bool by_octet; /* an octet of input at a time */
  bool flush;    /* and behind each an update without input, which gives all that can be decided */
  size_t room;   /* of output, for each update of a stream; SIZE_MAX: all */
};

extern const struct mode modes[];

/* How many of the modes are this entry's: of a call the first two. */
size_t modes_of(const struct entry *entry);

/* Runs over src[0..n), with `cap` octets at dst. False when the codec stops before its end. */
bool run_entry(const struct entry *entry, const struct mode *mode, const uint8_t *src, size_t n, uint8_t *dst, size_t cap);

#endif
