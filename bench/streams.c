/* streams.c: codecs as streams, input cut in chunks, beside the same work in one call. */
#include "workload.h"

#include <cte/stream.h>

/* There is room for everything. */
static size_t through(cte_stream *s, const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t chunk) {
  cte_output out = {dst, cap, 0};
  for (size_t i = 0; i < n; i += chunk) {
    cte_input in = {src + i, n - i < chunk ? n - i : chunk, 0};
    cte_stream_update(s, &in, &out);
  }
  cte_stream_finish(s, &out);
  return out.pos;
}

#define STREAM(codec, cut, chunk)                                                                                           \
  static size_t codec##_##cut(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {                                     \
    cte_stream s;                                                                                                           \
    cte_stream_##codec(&s, NULL);                                                                                           \
    return through(&s, src, n, dst, cap, chunk);                                                                            \
  }

/* The codec in one call, in one chunk, in chunks of 4 KiB, and in records of a folded line's length. */
#define CODEC(codec)                                                                                                        \
  static size_t codec(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {                                             \
    return cte_##codec(src, n, dst, cap, NULL).written;                                                                     \
  }                                                                                                                         \
  STREAM(codec, whole, n)                                                                                                   \
  STREAM(codec, chunks, 4096)                                                                                               \
  STREAM(codec, records, 78)

/* clang-format off */
#define ROWS(name, codec, prepare, inputs)                                            \
  {name, "cte", codec, prepare, inputs, SAME_OCTETS},                                 \
  {name, "cte in one chunk", codec##_whole, prepare, inputs, SAME_OCTETS},            \
  {name, "cte in chunks of 4 KiB", codec##_chunks, prepare, inputs, SAME_OCTETS},     \
  {name, "cte in records of 78", codec##_records, prepare, inputs, SAME_OCTETS}
/* clang-format on */

CODEC(base64_encode)
CODEC(base64_decode)
CODEC(qp_encode)
CODEC(qp_decode)

const struct workload stream_workloads[] = {
    ROWS("stream_base64_encode", base64_encode, NULL, ON_64K),
    ROWS("stream_base64_decode", base64_decode, base64_folded_text, ON_64K),
    ROWS("stream_qp_encode", qp_encode, NULL, ON_64K_TEXT),
    ROWS("stream_qp_decode", qp_decode, qp_text, ON_64K_TEXT),
    {NULL, NULL, NULL, NULL, 0, 0},
};
