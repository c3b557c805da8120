/*
 * model.c: what bench/model traces: one codec, run once between two calls that a tracer finds by their names.
 *
 *   model CODEC ROW FILE N   a codec of bench/ on FILE's first N decoded octets; prints the decoded octets
 *   model                    prints the core's clock, GHz
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "workload.h"

#include <cte/isa.h>

__attribute__((noinline)) void model_begin(void) {
  __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void model_end(void) {
  __asm__ volatile("" ::: "memory");
}

static const struct workload *find(const char *codec) {
  static const struct workload *const tables[] = {base64_workloads, qp_workloads, lines_workloads, dots_workloads};
  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
    for (const struct workload *w = tables[t]; w->codec != NULL; w++)
      if (strcmp(w->codec, codec) == 0 && strcmp(w->program, "cte") == 0) return w;
  return NULL;
}

/* Additions, each of which waits for the one before: one a cycle. The best of many short runs is at the full clock. */
static double clock_ghz(void) {
  enum { RUNS = 200, ROUNDS = 100000, ADDITIONS = 8 };
  double best = 0;
  for (int run = 0; run < RUNS; run++) {
    struct timespec start, end;
    size_t x = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < ROUNDS; i++)
      for (int j = 0; j < ADDITIONS; j++) {
        x += 3;
        __asm__ volatile("" : "+r"(x));
      }
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    const double ghz = ROUNDS * ADDITIONS / ns;
    if (ghz > best) best = ghz;
  }
  return best;
}

static int fail(const char *what) {
  fprintf(stderr, "model: %s\n", what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc == 1) return printf("%.3f\n", clock_ghz()) < 0;
  if (argc != 5) return fail("CODEC ROW FILE N");
  const struct workload *const w = find(argv[1]);
  if (w == NULL) return fail("no such codec");
  if (cte_isa_select(argv[2]) != CTE_OK) return fail("this CPU lacks the row");
  size_t n = strtoul(argv[4], NULL, 10);
  const size_t cap = 4 * n + 4096;
  uint8_t *const src = calloc(3, cap), *const in = src + cap, *const dst = in + cap;
  FILE *const file = fopen(argv[3], "rb");
  if (src == NULL || file == NULL || fread(src, 1, n, file) != n) return fail("cannot read the file");
  const uint8_t *text = src;
  size_t size = n;
  if (w->prepare != NULL) text = in, size = w->prepare(src, n, in, cap);
  size_t answer = w->run(text, size, dst, cap);
  raise(SIGCONT);
  model_begin();
  answer -= w->run(text, size, dst, cap);
  model_end();
  return answer != 0;
}
