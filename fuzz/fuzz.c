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

/* ---- Long texts ---- */

#define LONG 20480 /* the least */

static uint64_t digest(const struct fuzz *f) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (size_t i = 0; i < sizeof f->head; i++) hash = (hash ^ f->head[i]) * UINT64_C(0x100000001B3);
  for (size_t i = 0; i < f->size; i++) hash = (hash ^ f->data[i]) * UINT64_C(0x100000001B3);
  return hash ^ hash >> 32;
}

/* The payload with its piece [from, to) so many times that it fills n octets. */
static void repeat(uint8_t *text, size_t n, const struct fuzz *f, size_t from, size_t to) {
  size_t rest = f->size - to, end = n - rest;
  memcpy(text, f->data, from);
  for (size_t i = from; i < end; i++) text[i] = f->data[from + (i - from) % (to - from)];
  memcpy(text + end, f->data + to, rest);
}

void fuzz_stretch(struct fuzz *f) {
  static uint8_t text[2 * LONG];
  random_from(digest(f));
  if (!random_one_in(64) || f->size == 0 || f->size > LONG) return;
  size_t n = LONG + random_below(LONG + 1), from = random_below(f->size);
  switch (f->head[12] % 4) {
  case 0:
    repeat(text, n, f, 0, f->size);
    break;
  case 1:
    repeat(text, n, f, from, from + 1 + random_below(f->size - from));
    break;
  default:
    make_input(text, n, f->head[13] % INPUT_KINDS);
    memcpy(text + random_below(n - f->size + 1), f->data, f->size);
  }
  f->data = text;
  f->size = n;
}

/* ---- Checks ---- */

/* A long text is streamed on one row alone. */
void fuzz_codec(const struct subject *subject, const void *options, const struct fuzz *f) {
  size_t streamed = random_below(rows_count());
  for (size_t row = 0; row < rows_count(); row++) {
    row_begin(row);
    check_one_shot(subject, options, f->data, f->size);
    if (f->size < LONG || row == streamed) check_random_cuts(subject, options, f->data, f->size, 2);
  }
  row_begin(0);
}

uint32_t fuzz_reject(const uint8_t *head, uint32_t strict) {
  uint32_t all = (UINT32_C(1) << REF_KINDS) - 1, any;
  memcpy(&any, head, sizeof any);
  uint32_t sets[] = {0, strict, all, (any >> 8) & all};
  return sets[head[0] % COUNT(sets)];
}

uint64_t fuzz_columns(const uint8_t *head) {
  static const uint64_t some[] = {0,
                                  CTE_COLUMNS_NONE,
                                  1,
                                  2,
                                  3,
                                  4,
                                  5,
                                  7,
                                  8,
                                  57,
                                  60,
                                  64,
                                  72,
                                  75,
                                  76,
                                  77,
                                  200,
                                  1000,
                                  UINT64_C(1) << 40,
                                  CTE_COLUMNS_NONE - 1};
  if (head[0] < 128) return some[head[0] % COUNT(some)];
  return 1 + (uint64_t)head[1] + (head[0] < 192 ? 0 : (head[0] & 15u) * UINT64_C(256));
}

cte_smtp_options fuzz_smtp_options(const uint8_t *head, bool reader) {
  cte_smtp_options options = {head[0] % 5, head[1] % 5, head[2] % 5, head[3] % 5, 0, {0}};
  if (options.long_line == CTE_SMTP_SPACE) options.long_line = CTE_SMTP_DEFAULT;
  if (reader) return options;
  options.bdat = head[4] & 1;
  if (options.bdat && options.long_line == CTE_SMTP_NORMALIZE) options.long_line = CTE_SMTP_KEEP;
  if (options.bdat) return options;
  if (options.bare_lf == CTE_SMTP_KEEP) options.bare_lf = CTE_SMTP_NORMALIZE;
  if (options.bare_cr == CTE_SMTP_KEEP) options.bare_cr = CTE_SMTP_NORMALIZE;
  if (options.nul == CTE_SMTP_KEEP) options.nul = CTE_SMTP_NORMALIZE;
  return options;
}

size_t fuzz_line_ends(uint8_t *dst, const uint8_t *src, size_t n, const cte_qp_encode_options *options) {
  bool crlf = options->line_ends == CTE_QP_LINE_ENDS_CRLF || options->line_ends == CTE_QP_LINE_ENDS_EITHER;
  bool lf = options->line_ends == CTE_QP_LINE_ENDS_LF || options->line_ends == CTE_QP_LINE_ENDS_EITHER;
  size_t o = 0;
  for (size_t i = 0; i < n; i++) {
    bool pair = crlf && src[i] == '\r' && i + 1 < n && src[i + 1] == '\n';
    if (pair || (lf && src[i] == '\n')) {
      if (options->line_end == CTE_LINE_END_CRLF) dst[o++] = '\r';
      dst[o++] = '\n';
      i += pair;
    } else {
      dst[o++] = src[i];
    }
  }
  return o;
}

bool fuzz_lines_limited(const cte_smtp_options *options, bool reader) {
  return options->long_line == CTE_SMTP_DEFAULT ? !reader : options->long_line != CTE_SMTP_KEEP;
}

size_t fuzz_longest_line(const uint8_t *src, size_t n, bool stuffed) {
  size_t longest = 0;
  for (size_t begin = 0, end; begin < n; begin = end + 2) {
    for (end = begin; end < n && (n - end < 2 || memcmp(src + end, "\r\n", 2) != 0);) end++;
    size_t length = end - begin - (stuffed && src[begin] == '.');
    if (length > longest) longest = length;
  }
  return longest;
}

uint8_t *fuzz_memory(size_t n) {
  if (n == 0) return NULL;
  uint8_t *p = malloc(n);
  if (!p) abort();
  return p;
}
