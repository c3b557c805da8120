/*
 * rows.c: see rows.h. Each hostile row wraps the best row's kernels:
 *   never     makes no progress
 *   random    works on a prefix of random length, into room of a random size
 *   scribble  fills the slack that a kernel may spoil: dst[written..cap), in place only below what was read
 */
#include "rows.h"

#include <cte/isa.h>

#include "isa.h"
#include "support.h"

static const struct isa *best;

/* ---- What the contract gives no freedom ---- */

static size_t best_encode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return best->base64->encode_line(src, quanta, dst, alphabet);
}

static size_t best_decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return best->base64->decode_line(src, quanta, dst, alphabet);
}

/* ---- never ---- */

static size_t never_decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  (void)src, (void)quanta, (void)dst, (void)alphabet;
  return 0;
}

static struct done never_base64_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_encode_params *params, uint64_t *column) {
  (void)src, (void)n, (void)dst, (void)cap, (void)params, (void)column;
  return (struct done){0, 0};
}

static struct done never_base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_decode_params *params, struct base64_carry *carry) {
  (void)src, (void)n, (void)dst, (void)cap, (void)params, (void)carry;
  return (struct done){0, 0};
}

static struct done never_qp_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                   const struct qp_encode_params *params, uint32_t *column) {
  (void)src, (void)n, (void)dst, (void)cap, (void)params, (void)column;
  return (struct done){0, 0};
}

static struct done never_qp_size(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  (void)src, (void)n, (void)params, (void)column;
  return (struct done){0, 0};
}

static struct done never_qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                   const struct qp_decode_params *params, uint64_t *column) {
  (void)src, (void)n, (void)dst, (void)cap, (void)params, (void)column;
  return (struct done){0, 0};
}

static size_t never_check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  (void)src, (void)n, (void)forbid, (void)carry;
  return 0;
}

static size_t never_count(const uint8_t *src, size_t n, struct line_counts *counts) {
  (void)src, (void)n, (void)counts;
  return 0;
}

static struct done never_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                              struct dots_carry *carry) {
  (void)src, (void)n, (void)dst, (void)cap, (void)params, (void)carry;
  return (struct done){0, 0};
}

static size_t never_next(const uint8_t *src, size_t n, uint32_t *state) {
  (void)src, (void)n, (void)state;
  return 0;
}

static const struct base64_kernels never_base64 = {never_base64_encode, never_base64_decode, best_encode_line,
                                                   never_decode_line};
static const struct qp_kernels never_qp = {never_qp_encode, never_qp_size, never_qp_decode};
static const struct lines_kernels never_lines = {never_check, never_count};
static const struct dots_kernels never_dots_kernels = {never_dots, never_dots, never_next};

/* ---- random ---- */

/* Mostly a part of n, at times all of it. */
static size_t part(size_t n) {
  return random_one_in(4) ? n : random_below((random_one_in(2) && n > 200 ? 200 : n) + 1);
}

static struct done random_base64_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                        const struct base64_encode_params *params, uint64_t *column) {
  return best->base64->encode(src, part(n), dst, part(cap), params, column);
}

static struct done random_base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                        const struct base64_decode_params *params, struct base64_carry *carry) {
  return best->base64->decode(src, part(n), dst, part(cap), params, carry);
}

static size_t random_decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return random_one_in(2) ? 0 : best_decode_line(src, quanta, dst, alphabet);
}

static struct done random_qp_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                    const struct qp_encode_params *params, uint32_t *column) {
  return best->qp->encode(src, part(n), dst, part(cap), params, column);
}

static struct done random_qp_size(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  return best->qp->size(src, part(n), params, column);
}

static struct done random_qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                    const struct qp_decode_params *params, uint64_t *column) {
  return best->qp->decode(src, part(n), dst, part(cap), params, column);
}

static size_t random_check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  return best->lines->check(src, part(n), forbid, carry);
}

static size_t random_count(const uint8_t *src, size_t n, struct line_counts *counts) {
  return best->lines->count(src, part(n), counts);
}

static struct done random_write(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                                struct dots_carry *carry) {
  return best->dots->write(src, part(n), dst, part(cap), params, carry);
}

static struct done random_read(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                               struct dots_carry *carry) {
  return best->dots->read(src, part(n), dst, part(cap), params, carry);
}

static size_t random_next(const uint8_t *src, size_t n, uint32_t *state) {
  return best->dots->next(src, part(n), state);
}

static const struct base64_kernels random_base64 = {random_base64_encode, random_base64_decode, best_encode_line,
                                                    random_decode_line};
static const struct qp_kernels random_qp = {random_qp_encode, random_qp_size, random_qp_decode};
static const struct lines_kernels random_lines = {random_check, random_count};
static const struct dots_kernels random_dots = {random_write, random_read, random_next};

/* ---- scribble ---- */

/* Of a long slack both ends, so that a megabyte of many stops does not take for ever. */
static void spoil(uint8_t *dst, size_t from, size_t to) {
  if (from >= to) return;
  size_t length = to - from, most = 4096;
  uint8_t junk = (uint8_t)("\r\n.=\xE2 Aa"[random_below(8)]);
  memset(dst + from, junk, length < most ? length : most);
  if (length > most) memset(dst + to - most, junk, most);
}

static struct done scribbled(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, struct done done) {
  uintptr_t s = (uintptr_t)src, d = (uintptr_t)dst;
  size_t end = cap;
  if (d < s + n && s < d + cap) end = d < s + done.read && s + done.read - d < cap ? (size_t)(s + done.read - d) : 0;
  spoil(dst, done.written, end);
  return done;
}

static struct done scribble_base64_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                          const struct base64_encode_params *params, uint64_t *column) {
  return scribbled(src, n, dst, cap, best->base64->encode(src, n, dst, cap, params, column));
}

static struct done scribble_base64_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                          const struct base64_decode_params *params, struct base64_carry *carry) {
  return scribbled(src, n, dst, cap, best->base64->decode(src, n, dst, cap, params, carry));
}

static struct done scribble_qp_encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                      const struct qp_encode_params *params, uint32_t *column) {
  return scribbled(src, n, dst, cap, best->qp->encode(src, n, dst, cap, params, column));
}

static struct done scribble_qp_size(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  return best->qp->size(src, n, params, column);
}

static struct done scribble_qp_decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                      const struct qp_decode_params *params, uint64_t *column) {
  return scribbled(src, n, dst, cap, best->qp->decode(src, n, dst, cap, params, column));
}

static size_t scribble_check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  return best->lines->check(src, n, forbid, carry);
}

static size_t scribble_count(const uint8_t *src, size_t n, struct line_counts *counts) {
  return best->lines->count(src, n, counts);
}

static struct done scribble_write(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                                  struct dots_carry *carry) {
  return scribbled(src, n, dst, cap, best->dots->write(src, n, dst, cap, params, carry));
}

static struct done scribble_read(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                                 struct dots_carry *carry) {
  return scribbled(src, n, dst, cap, best->dots->read(src, n, dst, cap, params, carry));
}

static size_t scribble_next(const uint8_t *src, size_t n, uint32_t *state) {
  return best->dots->next(src, n, state);
}

static const struct base64_kernels scribble_base64 = {scribble_base64_encode, scribble_base64_decode, best_encode_line,
                                                      best_decode_line};
static const struct qp_kernels scribble_qp = {scribble_qp_encode, scribble_qp_size, scribble_qp_decode};
static const struct lines_kernels scribble_lines = {scribble_check, scribble_count};
static const struct dots_kernels scribble_dots = {scribble_write, scribble_read, scribble_next};

/* ---- The list ---- */

static bool always(void) {
  return true;
}

static const struct isa hostile[] = {
    {"never", always, &never_base64, &never_qp, &never_lines, &never_dots_kernels, NULL},
    {"random", always, &random_base64, &random_qp, &random_lines, &random_dots, NULL},
    {"scribble", always, &scribble_base64, &scribble_qp, &scribble_lines, &scribble_dots, NULL},
};

/* The name of the index-th usable row, or NULL. */
static const char *usable_name(size_t index) {
  int usable;
  for (size_t i = 0; cte_isa_list(i, &usable); i++)
    if (usable && index-- == 0) return cte_isa_list(i, NULL);
  return NULL;
}

static size_t usable_count(void) {
  size_t count = 0;
  while (usable_name(count)) count++;
  return count;
}

size_t rows_count(void) {
  return usable_count() + COUNT(hostile);
}

const char *rows_name(size_t index) {
  size_t usable = usable_count();
  return index < usable ? usable_name(index) : hostile[index - usable].name;
}

void rows_select(size_t index) {
  size_t usable = usable_count();
  if (index < usable) {
    if (cte_isa_select(usable_name(index)) != CTE_OK) abort();
    return;
  }
  cte_isa_set(NULL);
  best = cte_isa();
  cte_isa_set(&hostile[index - usable]);
}
