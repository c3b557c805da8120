/*
 * streams.c: fuzzes cte/stream.h: one to four codecs with any options in a row, each fed with what the one before it gives,
 * through little room; the last may be the check of lines. Each must give what the reference makes of the whole of its input.
 */
#include "fuzz.h"
#include "rows.h"

#define MOST 4

/* Octets handed over at once, at most: in lines of one column 4 KiB become a megabyte, and copies would take all of the time. */
#define PART_MOST 16384

union options {
  cte_base64_encode_options base64_encode;
  cte_base64_decode_options base64_decode;
  cte_qp_encode_options qp_encode;
  cte_qp_decode_options qp_decode;
  cte_smtp_options smtp;
  uint32_t allowed;
};

/* A codec in the row: what waits for it is in[taken..in_size). Once `done`, it takes no more. */
struct stage {
  const struct subject *subject;
  union options options;
  cte_stream stream;
  struct outcome expected;
  uint8_t *in;
  size_t in_size, taken, written;
  uint64_t read;
  int32_t status;
  bool finishing, done;
};

/* The last has no output: it can only end a row. */
static const struct subject *const subjects[] = {&base64_encode_subject, &base64_decode_subject, &qp_encode_subject,
                                                 &qp_decode_subject,     &smtp_write_subject,    &smtp_read_subject,
                                                 &lines_check_subject};

/* Any options that are not refused. */
static void pick_options(struct stage *s, size_t which, uint32_t any) {
  memset(&s->options, 0, sizeof s->options);
  uint32_t sets[] = {0, 0, any >> 12, UINT32_C(0xFFFFF)};
  const uint8_t columns[] = {(uint8_t)(any >> 16), (uint8_t)(any >> 24)};
  const uint8_t policies[] = {(uint8_t)any, (uint8_t)(any >> 5), (uint8_t)(any >> 10), (uint8_t)(any >> 15),
                              (uint8_t)(any >> 23)};
  switch (which) {
  case 0:
    s->options.base64_encode = (cte_base64_encode_options){.columns = fuzz_columns(columns),
                                                           .line_end = any >> 1 & 1,
                                                           .last_line = any >> 2 & 1,
                                                           .alphabet = any >> 3 & 1,
                                                           .padding = any >> 4 & 1};
    break;
  case 1:
    s->options.base64_decode = (cte_base64_decode_options){.reject = sets[any & 3],
                                                           .alphabet = (uint8_t)((any >> 2 & 3) % 3),
                                                           .line_ends = (uint8_t)((any >> 4 & 3) % 3),
                                                           .after_padding = any >> 6 & 1};
    break;
  case 2:
    s->options.qp_encode =
        (cte_qp_encode_options){.flags = any & 63, .line_ends = (uint8_t)((any >> 6 & 7) % 5), .line_end = any >> 9 & 1};
    break;
  case 3:
    s->options.qp_decode = (cte_qp_decode_options){.reject = sets[any & 3], .line_end = (uint8_t)((any >> 2 & 3) % 3)};
    break;
  case 6:
    s->options.allowed = any % 3 | (any >> 2 & 1 ? (uint32_t)CTE_LINES_LF_TEXT : 0);
    break;
  default:
    s->options.smtp = fuzz_smtp_options(policies, which == 5);
  }
}

/* Set up, with the oracle's answer for `src`, the whole of its input. */
static void prepare(struct stage *s, bool last, const uint8_t *head, const uint8_t *src, size_t n) {
  size_t which = head[0] % (COUNT(subjects) - !last);
  uint32_t any;
  memcpy(&any, head, sizeof any);
  s->subject = subjects[which];
  pick_options(s, which, any >> 4 ^ any << 11);
  s->subject->reference(&s->expected, src, n, &s->options);
  REQUIRE(s->subject->set_up(&s->stream, &s->options) == CTE_OK);
  s->in = fuzz_memory(n);
  s->in_size = s->taken = s->written = 0;
  s->read = 0;
  s->finishing = s->done = false;
  s->status = CTE_OK;
}

/* What a codec gave is compared and handed to the next, if that still takes anything. */
static void hand_on(struct stage *s, struct stage *next, const uint8_t *data, size_t n) {
  REQUIRE(n <= s->expected.size - s->written);
  if (n == 0) return;
  REQUIRE(memcmp(data, s->expected.data + s->written, n) == 0);
  s->written += n;
  if (!next) return;
  memcpy(next->in + next->in_size, data, n);
  next->in_size += n;
}

/* One call, with a part of what waits and a little room. `last`: nothing more will come. */
static void call(struct stage *s, struct stage *next, bool last) {
  size_t waiting = s->in_size - s->taken, most = waiting < PART_MOST ? waiting : PART_MOST;
  size_t part = random_one_in(3) ? most : random_below(most + 1);
  size_t room = random_one_in(3) ? 1 + random_below(400) : random_below(70);
  uint8_t *memory = fuzz_memory(room), *src = fuzz_memory(part);
  if (part) memcpy(src, s->in + s->taken, part);
  cte_input in = {src, part, 0};
  cte_output out = {memory, room, 0}, *to = &out;
  if (s->subject == &lines_check_subject && random_one_in(2)) to = NULL;
  /* After CTE_MORE_OUTPUT an end of data may wait, which only update tells of. */
  bool finish = last && waiting == 0 && s->status == CTE_OK && random_one_in(2);
  finish = finish || s->finishing;
  if (random_one_in(8)) rows_select(random_below(rows_count()));
  s->status = finish ? cte_stream_finish(&s->stream, to) : cte_stream_update(&s->stream, &in, to);
  REQUIRE(in.pos <= in.size && out.pos <= out.size);
  REQUIRE(s->status != CTE_MORE_OUTPUT || out.pos == out.size);
  REQUIRE(s->status != CTE_OK || finish || in.pos == in.size);
  hand_on(s, next, memory, out.pos);
  s->taken += in.pos;
  s->finishing = finish;
  s->done = s->status < CTE_OK || s->status == CTE_END || (finish && s->status == CTE_OK);
  free(src);
  free(memory);
}

static void settle(struct stage *s) {
  REQUIRE(s->status == s->expected.status);
  REQUIRE(s->written == s->expected.size);
  REQUIRE(cte_stream_anomalies(&s->stream) == s->expected.anomalies);
  REQUIRE(cte_stream_verdict(&s->stream) == s->expected.verdict);
  REQUIRE(cte_stream_error_offset(&s->stream) == s->expected.error_offset);
  for (unsigned k = 0; k < REF_KINDS; k++)
    REQUIRE(cte_stream_first_anomaly(&s->stream, UINT32_C(1) << k) == s->expected.first[k]);
  if (s->status >= CTE_OK) REQUIRE(s->taken == s->expected.read);
  free(s->in);
}

/* The codecs take turns by chance until the last is done; then the others, whose output nobody wants, to their ends. */
static void run_all(struct stage *stages, size_t count) {
  for (;;) {
    size_t open = count;
    for (size_t i = count; i-- > 0;)
      if (!stages[i].done) open = i;
    if (open == count) return;
    size_t i = open + random_below(count - open);
    if (stages[i].done) i = open;
    call(&stages[i], i + 1 < count ? &stages[i + 1] : NULL, i == 0 || stages[i - 1].done);
  }
}

void fuzz_one(const struct fuzz *f) {
  static struct stage stages[MOST];
  size_t count = 1 + f->head[0] % MOST, n = f->size;
  const uint8_t *src = f->data;
  for (size_t i = 0; i < count; i++) {
    prepare(&stages[i], i + 1 == count, f->head + 5 + 2 * i, src, n);
    src = stages[i].expected.data;
    n = stages[i].expected.size;
  }
  rows_select(f->head[15] % rows_count());
  if (f->size) memcpy(stages[0].in, f->data, f->size);
  stages[0].in_size = f->size;
  run_all(stages, count);
  for (size_t i = 0; i < count; i++) settle(&stages[i]);
}
