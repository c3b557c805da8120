/* shared/quoted_printable_decode.h: quoted-printable decoding over blocks of 64 octets, written once for every vec.h. */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_DECODE_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_DECODE_H

#include "quoted_printable_irregular.h"

static struct done decode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                               uint64_t *column) {
  const struct decoder d = {params->recorded, params->line_end == 1 ? ALL : 0};
  struct decoding at = {0, 0, 0 - *column, 0, 0};
  for (;;) {
    if (d.recorded & KIND_BARE_LF && decode_lf_lines(&d, &at, src, n, dst, cap)) break;
    if (decode_crlf_lines(&d, &at, src, n, dst, cap)) break;
    if (!decode_rest(&d, &at, src, n, dst, cap)) break;
  }
  *column = at.read - at.line;
  return (struct done){at.read, at.written};
}

/* Octets of CRLF text that are made of LF text at once: 8 KiB of stack have room for no more, of 32-bit x86 for less. */
enum { DECODED_PART = sizeof(void *) < 8 ? 3584 : 4352 };

/* LF becomes CRLF: part by part, before it is decoded. */
static struct done decode_lf(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                             uint64_t *column) {
  uint8_t text[DECODED_PART + SLACK];
  struct done done = {0, 0};
  for (;;) {
    const size_t left = n - done.read;
    size_t part = part_for(left, cap - done.written);
    const uint8_t *end = insert_crs(text, DECODED_PART, src + done.read, &part, false);
    const struct done some = decode_text(text, (size_t)(end - text), dst + done.written, cap - done.written, params, column);
    const bool last = some.read == 0 || part == left;
    done.read += place_in_source(src + done.read, part, false, text + some.read, end);
    done.written += some.written;
    if (last) return done;
  }
}

static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                          uint64_t *column) {
  const bool lf_to_crlf = params->line_end == 2 && params->recorded & KIND_BARE_LF;
  return (lf_to_crlf ? decode_lf : decode_text)(src, n, dst, cap, params, column);
}

#endif
