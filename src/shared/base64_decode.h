/* shared/base64_decode.h: base64 decoding: regular text, its end, or else irregular text, whatever comes next. */
#ifndef CTE_SRC_SHARED_BASE64_DECODE_H
#define CTE_SRC_SHARED_BASE64_DECODE_H

#include "base64_irregular.h"
#include "base64_regular.h"

/* So near the end of src steps are cheaper than a strip; less than REGULAR octets in a row is irregular text. */
enum { STEPS = 160, REGULAR = 512 };

/* Any text. */
__attribute__((noinline)) static struct done decode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                         const struct base64_decode_params *params,
                                                         struct base64_carry *carry) {
  const bool unlimited = params->line_ends == SKIP_NONE || params->recorded & KIND_LINE_OVER_76;
  struct decoding d = {.by = decoder_of(params->alphabet),
                       .begin = src,
                       .src = src,
                       .end = src + n,
                       .dst = dst,
                       .room = cap,
                       .column = carry->column,
                       .limit = unlimited ? UINT64_MAX : MIME,
                       .width = carry->width,
                       .line_ends = params->line_ends};
  while (d.end - d.src >= 4 && !d.stopped) {
    const uint8_t *begin = d.src;
    decode_regular(&d);
    while (d.src < d.end && !d.stopped && d.end - d.src <= STEPS && decode_step(&d)) continue;
    if (d.src - begin >= REGULAR) continue;
    if (d.stopped || d.end - d.src < 4 || d.room < 3) break;
    if (!decode_irregular(&d, params)) break;
  }
  carry->column = d.column;
  carry->width = d.width;
  return (struct done){n - (size_t)(d.end - d.src), cap - d.room};
}

/* So much is a few lines. */
enum { FEW = 256 };

/* Text that is not one line. */
APART struct done decode_lines_or_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_decode_params *params, struct base64_carry *carry) {
  /* Of more only the open line: cycles begin where a line begins. */
  const bool open = carry->column > 0 && carry->column <= MIME && params->line_ends != SKIP_NONE;
  const size_t size = n <= FEW ? n : open ? MIME + 2 - (size_t)carry->column : 0;
  struct done few = {0, 0};
  if (size > 0) {
    few = decode_few(decoder_of(params->alphabet), src, size, n, dst, cap, params->line_ends, &carry->column);
    if (few.read == n) return few;
  }
  const struct done rest = decode_text(src + few.read, n - few.read, dst + few.written, cap - few.written, params, carry);
  return (struct done){few.read + rest.read, few.written + rest.written};
}

/* A line of 76 and its CRLF: a record, as streams often have them. */
APART struct done decode_record(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                const struct base64_decode_params *params, struct base64_carry *carry) {
  if (carry->column != 0 || params->line_ends != SKIP_CR_LF || cap < MIME / 4 * 3 || src[MIME] != '\r' ||
      src[MIME + 1] != '\n' || !decode_line(decoder_of(params->alphabet), src, MIME, dst))
    return decode_lines_or_text(src, n, dst, cap, params, carry);
  return (struct done){MIME + 2, MIME / 4 * 3};
}

/* Calls of a line or less are frequent. */
static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_decode_params *params,
                          struct base64_carry *carry) {
  if (n == MIME + 2) return decode_record(src, n, dst, cap, params, carry);
  if (n - VEC > LINE_MOST - VEC || n % 4 != 0 || cap < n / 4 * 3 ||
      (carry->column + n > MIME && params->line_ends != SKIP_NONE) ||
      !decode_line(decoder_of(params->alphabet), src, n, dst))
    return decode_lines_or_text(src, n, dst, cap, params, carry);
  carry->column += n;
  return (struct done){n, n / 4 * 3};
}

static size_t decode_whole_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  return decode_line(decoder_of(alphabet), src, 4 * quanta, dst) ? 3 * quanta : 0;
}

#endif
