/* fuzz.c: see fuzz.h. */
#include "fuzz.h"

#include "rows.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failing check says why and exits; libFuzzer takes over before what was printed would be flushed. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  setvbuf(stdout, NULL, _IONBF, 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t nothing[1];
  struct fuzz f = {{0}, nothing, 0};
  size_t head = size < FUZZ_HEAD ? size : FUZZ_HEAD;
  if (head) memcpy(f.head, data, head);
  f.size = size - head;
  if (f.size) f.data = data + head;
  uint32_t seed;
  memcpy(&seed, f.head + 1, sizeof seed);
  random_from(seed);
  fuzz_one(&f);
  return 0;
}

void fuzz_codec(const struct subject *subject, const void *options, const struct fuzz *f) {
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    check_one_shot(subject, options, f->data, f->size);
    check_random_cuts(subject, options, f->data, f->size, 2);
  }
  row_begin(0);
}

uint32_t fuzz_reject(const uint8_t *head, uint32_t strict) {
  uint32_t all = (UINT32_C(1) << REF_KINDS) - 1, any;
  memcpy(&any, head, sizeof any);
  uint32_t sets[] = {0, strict, all, (any >> 8) & all};
  return sets[head[0] % COUNT(sets)];
}

uint8_t *fuzz_memory(size_t n) {
  if (n == 0) return NULL;
  uint8_t *p = malloc(n);
  if (!p) abort();
  return p;
}
