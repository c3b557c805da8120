/*
 * complexity.c: how slow an input can make a codec, and how its time grows with its size: docs/complexity.md's table.
 * Structured inputs, and patterns by chance, go through each call that takes octets: whole, an octet of input at a time,
 * flushed and not, and with room for 1, 2 and 64 octets; the slowest stand beside random data. Times are those of the
 * processor, the least of several.
 *
 * CTE_TEST_SEED, CTE_TEST_SCALE: as everywhere; CTE_TEST_ROW: that row of kernels.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cte/cte.h>

#include "entries.h"
#include "slow_inputs.h"

enum { SMALL = 16 << 10, MIDDLE = 256 << 10, LARGE = 4 << 20, ROOM = 4 * LARGE + 4096 };

static uint8_t input[LARGE], output[ROOM];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t random_state;

static size_t random_below(size_t n) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (size_t)(random_state >> 33) % n;
}

static double scale(void) {
  const char *text = getenv("CTE_TEST_SCALE");
  return text != NULL ? strtod(text, NULL) : 1;
}

/* Nanoseconds an octet, the least of several; 0 when the codec stops early. */
static double measure(const struct entry *entry, const struct mode *mode, size_t n, int times) {
  double best = 1e9;
  for (int i = 0, rounds = 1; i < times; i++) {
    double start = now();
    for (int k = 0; k < rounds; k++)
      if (!run_entry(entry, mode, input, n, output, ROOM)) return 0;
    double took = (now() - start) / rounds;
    if (took < best) best = took;
    if (took < 2e-5) rounds = 16; /* reading the clock takes time, too */
  }
  return best * 1e9 / (double)n;
}

/* Random octets, or what encodes them. */
static void make_ordinary(enum ordinary ordinary) {
  cte_qp_encode_options binary = CTE_QP_ENCODE_BINARY;
  if (ordinary == QP_LF) binary.line_end = CTE_LINE_END_LF;
  for (size_t i = 0; i < SMALL; i++) input[i] = (uint8_t)random_below(256);
  if (ordinary == RANDOM) return;
  if (ordinary == BASE64)
    cte_base64_encode(input, SMALL, output, ROOM, NULL);
  else
    cte_qp_encode(input, SMALL, output, ROOM, &binary);
  memcpy(input, output, SMALL);
}

/* ---- The search ---- */

struct found {
  double random, slowest, growth; /* ns an octet; the most growth */
  struct pattern pattern;         /* the slowest; none: random data are */
  size_t tried;
};

static void try_pattern(struct found *found, const struct entry *entry, const struct mode *mode,
                        const struct pattern *pattern) {
  fill_with(input, SMALL, pattern);
  double small = measure(entry, mode, SMALL, 2);
  if (small == 0) return;
  found->tried++;
  if (small <= found->slowest) return;
  small = measure(entry, mode, SMALL, 5);
  if (small <= found->slowest) return;
  found->slowest = small;
  found->pattern = *pattern;
}

/*
 * Quadratic behaviour would make an octet of the large input 256 times as slow. With little room or flushed, which takes
 * long, only a run of one octet goes so far; another input's octets would be 16 times as slow.
 */
static void try_growth(struct found *found, const struct entry *entry, const struct mode *mode,
                       const struct pattern *pattern) {
  size_t n = (mode->room < ROOM || mode->flush) && pattern->n > 1 ? MIDDLE : LARGE;
  fill_with(input, n, pattern);
  double small = measure(entry, mode, SMALL, 3);
  if (small == 0) return;
  double large = measure(entry, mode, n, 1);
  if (large / small > 1.5) { /* a disturbance? */
    small = measure(entry, mode, SMALL, 9);
    large = measure(entry, mode, n, 3);
  }
  if (large / small > found->growth) found->growth = large / small;
}

/* `share`: of the structured inputs of more than one octet whose growth is tried. */
static void search(struct found *found, const struct entry *entry, const struct mode *mode, size_t chances, double share) {
  static struct pattern pattern;
  *found = (struct found){0};
  make_ordinary(entry->ordinary);
  found->random = found->slowest = measure(entry, mode, SMALL, 9);
  for (size_t i = 0; i < slow_inputs_count(); i++) {
    make_slow_input(&pattern, i);
    try_pattern(found, entry, mode, &pattern);
    if (pattern.n == 1 || (double)random_below(1000) < 1000 * share) try_growth(found, entry, mode, &pattern);
  }
  for (size_t i = 0; i < chances; i++) {
    make_chance_input(&pattern, random_below);
    try_pattern(found, entry, mode, &pattern);
  }
  if (found->pattern.n > 0) try_growth(found, entry, mode, &found->pattern);
}

static void print_row(const struct entry *entry, const struct mode *mode, const struct found *found) {
  printf("| %s | %s | ", entry->name, mode->name);
  if (found->random > 0)
    printf("%.2f | %.2f | %.1f %% | ", found->random, found->slowest, 100 * found->random / found->slowest);
  else
    printf("– | %.2f | – | ", found->slowest);
  if (found->pattern.n > 0)
    print_pattern(&found->pattern);
  else
    printf("random data");
  printf(" | %.2f | %zu |\n", found->growth, found->tried);
  fflush(stdout);
}

/* complexity [NAME]: the codecs whose names begin so. */
int main(int argc, char **argv) {
  const char *only = argc > 1 ? argv[1] : "", *row = getenv("CTE_TEST_ROW");
  if (row != NULL && cte_isa_select(row) != CTE_OK) {
    fprintf(stderr, "complexity: no row %s here\n", row);
    return 1;
  }
  const char *seed = getenv("CTE_TEST_SEED");
  uint64_t number = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
  random_state = number;
  memset(output, 1, ROOM); /* its pages are there before the first measurement */
  printf("complexity: CTE_TEST_SEED=%llu, %s\n\n", (unsigned long long)number, cte_isa_name());
  printf("| codec | fed | random, ns an octet | slowest | of random's rate | pattern | growth | inputs |\n"
         "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < entries_count; i++) {
    if (strncmp(entries[i].name, only, strlen(only)) != 0) continue;
    for (size_t mode = 0; mode < modes_of(&entries[i]); mode++) {
      static struct found found;
      search(&found, &entries[i], &modes[mode], (size_t)(100 * scale()), scale());
      print_row(&entries[i], &modes[mode], &found);
    }
  }
  return 0;
}
