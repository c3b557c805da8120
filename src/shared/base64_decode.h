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
                       .strip = STRIP_LEAST,
                       .width = carry->width,
                       .line_ends = params->line_ends,
                       .blanks = (params->recorded & KIND_WHITE_SPACE) != 0};
  while (d.end - d.src >= 4 && !d.stopped) {
    const uint8_t *begin = d.src;
    decode_regular(&d);
    while (d.src < d.end && !d.stopped && d.end - d.src <= STEPS && decode_step(&d)) continue;
    if (d.src - begin >= REGULAR) {
      d.strip = STRIP_LEAST;
      continue;
    }
    if (d.stopped || d.end - d.src < 4 || d.room < 3) break;
    if (!decode_irregular(&d, params)) break;
    d.strip = least(2 * d.strip, STRIP);
  }
  carry->column = d.column;
  carry->width = d.width;
  return (struct done){n - (size_t)(d.end - d.src), cap - d.room};
}

/* So much, flat, is little. */
enum { FEW = 256 };

/* Text that is not one line: at first what is as mail has it. */
APART struct done decode_lines_or_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                       const struct base64_decode_params *params, struct base64_carry *carry) {
  struct done done = {0, 0};
  if (LIKELY(params->line_ends == SKIP_CR_LF) && LIKELY(carry->column <= MIME) &&
      LIKELY(carry->width == 0 || carry->width == MIME)) {
    done = decode_mime(params->alphabet, src, n, dst, cap, &carry->column);
  } else if (params->line_ends == SKIP_NONE && n >= VEC && n <= FEW && cap >= n / 4 * 3) {
    done.read = decode_few(params->alphabet, src, n, dst, cap);
    done.written = done.read / 4 * 3;
    carry->column += done.read;
  }
  if (LIKELY(n - done.read < 4)) return done;
  /* At the end mostly padding: a cause to stop, which is found dear otherwise. */
  if (n - done.read < 8 && (src[done.read + 2] == '=' || src[done.read + 3] == '=')) return done;
  const struct done rest =
      decode_text(src + done.read, n - done.read, dst + done.written, cap - done.written, params, carry);
  return (struct done){done.read + rest.read, done.written + rest.written};
}

/* Long text: lines of 76, as far as there is nothing else; then any. */
APART struct done decode_long(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                              const struct base64_decode_params *params, struct base64_carry *carry) {
  if (params->line_ends != SKIP_CR_LF || carry->column > MIME || carry->column % 4 != 0 ||
      (carry->width != 0 && carry->width != MIME) || cap < n || (uintptr_t)src - (uintptr_t)dst < CHUNK_BEFORE)
    return decode_lines_or_text(src, n, dst, cap, params, carry);
  const struct done done = decode_chunk(src, n, dst, params->alphabet, &carry->column);
  const size_t left = n - done.read;
  if (left < 4 || (left == 4 && src[n - 1] == '=')) return done;
  const struct done rest =
      decode_lines_or_text(src + done.read, left, dst + done.written, cap - done.written, params, carry);
  return (struct done){done.read + rest.read, done.written + rest.written};
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
  if (n >= CHUNK) return decode_long(src, n, dst, cap, params, carry);
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
