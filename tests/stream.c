/* stream.c: tests of cte/stream.h: what holds for every codec, call by call, and streams that feed one another. */
#include "rows.h"
#include "support.h"

static const cte_base64_decode_options base64_strict = CTE_BASE64_DECODE_STRICT;
static const cte_base64_decode_options base64_stop = {.after_padding = CTE_BASE64_AFTER_PADDING_STOP};
static const cte_qp_encode_options qp_mail = CTE_QP_ENCODE_TEXT;
static const cte_qp_decode_options qp_strict = CTE_QP_DECODE_STRICT;
static const cte_smtp_options smtp_normalize = {.bare_lf = CTE_SMTP_NORMALIZE,
                                                .bare_cr = CTE_SMTP_NORMALIZE,
                                                .nul = CTE_SMTP_NORMALIZE,
                                                .long_line = CTE_SMTP_NORMALIZE};
static const cte_smtp_options smtp_default = {0};
static const cte_base64_encode_options base64_mail = CTE_BASE64_ENCODE_MAIL;
static const uint32_t seven_bit = CTE_LINES_ALLOW_7BIT, smtp_lines = CTE_LINES_ALLOW_SMTP;

/* Every codec with an input that it takes to the end, and one that it refuses (NULL: it refuses none). */
static const struct {
  const struct subject *subject;
  const void *options;
  const char *good;
  const char *bad;
} codecs[] = {
    {&base64_encode_subject, &base64_mail, "any octets at all, more than fill one line of seventy-six columns", NULL},
    {&base64_decode_subject, &base64_strict, "Zm9vYmFyZm9vYmFyZg==", "Zm9vYm*yQUJD"},
    {&base64_decode_subject, &base64_stop, "Zm9vYmFyZm9vYmFy", NULL},
    {&qp_encode_subject, &qp_mail, "text =\r\nwith \t\r\nlines \xE9 and a long one, one that has to be cut in two somewhere",
     NULL},
    {&qp_decode_subject, &qp_strict, "text =3D=\r\nwith =20\r\nlines =E9", "text =\r\n=zz and more"},
    {&lines_check_subject, &seven_bit, "text\r\nwith lines\r\n", "text\r\nwith \xE9\r\n"},
    {&lines_check_subject, &smtp_lines, "text\r\nwith \xE9\r\n", "text\r\nwith\n"},
    {&smtp_write_subject, &smtp_default, "text\r\n.with\r\n..dots", "text\r\n.with\n..dots"},
    {&smtp_write_subject, &smtp_normalize, "text\n.with\r\r\n..dots\r", NULL},
};

static const enum input_kind kinds[] = {INPUT_RANDOM, INPUT_RICH, INPUT_MAIL,   INPUT_MAIL_SPOILT, INPUT_LONG, INPUT_UTF8,
                                        INPUT_BASE64, INPUT_QP,   INPUT_QP_BAD, INPUT_BASE64_BAD,  INPUT_DOTS, INPUT_ONE};

static cte_input input_of(const char *text) {
  return (cte_input){text, strlen(text), 0};
}

/* ---- The life of a stream ---- */

static void not_set_up(void **state) {
  (void)state;
  cte_stream s = {{0}};
  uint8_t room[8];
  cte_input in = input_of("abc");
  cte_output out = {room, sizeof room, 0};
  assert_int_equal(cte_stream_update(&s, &in, &out), CTE_ERROR_STATE);
  assert_int_equal(cte_stream_finish(&s, &out), CTE_ERROR_STATE);
  assert_int_equal(in.pos, 0);
  assert_int_equal(out.pos, 0);
  assert_int_equal(cte_stream_anomalies(&s), 0);
  assert_int_equal(cte_stream_verdict(&s), CTE_OK);
  assert_true(cte_stream_error_offset(&s) == CTE_NO_OFFSET);
  assert_true(cte_stream_first_anomaly(&s, CTE_ANOMALY_BARE_LF) == CTE_NO_OFFSET);
}

/* finish without room takes the input's end all the same: no more input, whatever the room was. */
static void no_input_after_finish(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    for (size_t size = 0; size < 3; size++) {
      cte_stream s;
      uint8_t room[400];
      cte_input in = input_of(codecs[i].good), more = input_of("1bcd");
      cte_output out = {room, sizeof room, 0}, small = {room, size, 0};
      assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
      assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
      cte_stream_finish(&s, &small);
      out.pos = 0;
      assert_int_equal(cte_stream_update(&s, &more, &out), CTE_ERROR_STATE);
      assert_int_equal(more.pos, 0);
    }
  }
}

/* An error behind octets that wait for room is given by finish alone. */
static void error_behind_what_waits(void **state) {
  (void)state;
  const cte_base64_decode_options strict = {.reject = CTE_ANOMALY_MISSING_PADDING};
  cte_stream s;
  uint8_t room[8];
  cte_input in = input_of("Z08"), more = input_of("x");
  cte_output one = {room, 1, 0}, full = {room, 1, 1}, rest = {room, sizeof room, 1};
  assert_int_equal(cte_stream_base64_decode(&s, &strict), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &in, NULL), CTE_OK);
  assert_int_equal(cte_stream_finish(&s, &one), CTE_MORE_OUTPUT);
  assert_int_equal(one.pos, 1);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(cte_stream_update(&s, &more, i ? &rest : &full), CTE_ERROR_STATE);
    assert_int_equal(more.pos, 0);
  }
  assert_int_equal(rest.pos, 1);
  assert_int_equal(cte_stream_finish(&s, &rest), CTE_ERROR_MISSING_PADDING);
  assert_int_equal(rest.pos, 2);
  assert_memory_equal(room, "gO", 2);
  assert_int_equal(cte_stream_update(&s, &more, &rest), CTE_ERROR_MISSING_PADDING);
}

/* Nothing has happened yet; then empty data; then finish again, update, and a new set-up. */
static void life(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    cte_stream s;
    uint8_t room[400];
    cte_output out = {room, sizeof room, 0};
    cte_input none = {NULL, 0, 0}, in = input_of(codecs[i].good);
    memset(&s, 0xAA, sizeof s);
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    assert_int_equal(cte_stream_anomalies(&s), 0);
    assert_int_equal(cte_stream_verdict(&s), CTE_OK);
    assert_true(cte_stream_error_offset(&s) == CTE_NO_OFFSET);
    for (unsigned k = 0; k < 32; k++) assert_true(cte_stream_first_anomaly(&s, UINT32_C(1) << k) == CTE_NO_OFFSET);
    assert_int_equal(cte_stream_update(&s, &none, &out), CTE_OK);
    assert_int_equal(out.pos, 0);
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
    assert_int_equal(in.pos, in.size);
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    size_t all = out.pos;
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(cte_stream_update(&s, &none, &out), CTE_ERROR_STATE);
    in.pos = 0;
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    out.pos = 0;
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(out.pos, all);
  }
}

/* No room at all: nothing is lost, and CTE_OK still means that all input was consumed. */
static void no_room(void **state) {
  (void)state;
  static struct outcome expected;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    cte_stream s;
    uint8_t room[400];
    cte_input in = input_of(codecs[i].good);
    cte_output nothing = {NULL, 0, 0}, out = {room, sizeof room, 0};
    codecs[i].subject->reference(&expected, in.data, in.size, codecs[i].options);
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    for (size_t k = 0; k < 5; k++) {
      int32_t status = cte_stream_update(&s, &in, &nothing);
      assert_true(status == (in.pos == in.size ? CTE_OK : CTE_MORE_OUTPUT));
    }
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
    for (size_t k = 0; k < 3 && out.pos < expected.size; k++) {
      int32_t status = cte_stream_finish(&s, &nothing);
      assert_true(status == CTE_MORE_OUTPUT || status == CTE_OK);
    }
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(out.pos, expected.size);
    if (expected.size) assert_memory_equal(room, expected.data, expected.size);
  }
}

/* Short chunks wait: their errors come late, and the position is not in their chunk. */
static bool gathers(size_t codec) {
  return codecs[codec].subject == &qp_encode_subject || codecs[codec].subject == &qp_decode_subject;
}

/* An update, and one without input: it takes the short chunks that wait. */
static int32_t update_all(cte_stream *s, cte_input *in, cte_output *out) {
  cte_input none = {NULL, 0, 0};
  const int32_t status = cte_stream_update(s, in, out);
  return status == CTE_OK ? cte_stream_update(s, &none, out) : status;
}

/* After CTE_OK no more than 64 octets wait. */
static void waiting_octets(void **state) {
  (void)state;
  random_begin("waiting_octets");
  static uint8_t src[400], room[2000];
  for (size_t times = scaled(3000); times > 0; times--) {
    size_t i = random_below(COUNT(codecs)), n = random_below(sizeof src);
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    cte_stream s;
    cte_input in = {src, n, 0}, none = {NULL, 0, 0};
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    int32_t status = CTE_OK;
    bool full;
    do {
      cte_output out = {room, random_below(100), 0};
      status = update_all(&s, &in, &out);
      full = out.pos == out.size;
    } while (status == CTE_MORE_OUTPUT || (status == CTE_OK && full));
    if (status != CTE_OK) continue;
    cte_output rest = {room, sizeof room, 0};
    assert_int_equal(cte_stream_update(&s, &none, &rest), CTE_OK);
    assert_true(rest.pos <= 64);
  }
}

/* An error stays, whatever is called, with its place; a new set-up ends it. */
static void errors_stay(void **state) {
  (void)state;
  static struct outcome expected;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    if (!codecs[i].bad) continue;
    cte_stream s;
    uint8_t room[400];
    cte_input in = input_of(codecs[i].bad), more = input_of("more");
    cte_output out = {room, sizeof room, 0};
    codecs[i].subject->reference(&expected, in.data, in.size, codecs[i].options);
    assert_true(expected.status < 0);
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    assert_int_equal(update_all(&s, &in, &out), expected.status);
    assert_int_equal(in.pos, gathers(i) ? in.size : expected.error_offset);
    assert_int_equal(out.pos, expected.size);
    for (size_t k = 0; k < 3; k++) {
      assert_int_equal(cte_stream_update(&s, &more, &out), expected.status);
      assert_int_equal(cte_stream_finish(&s, &out), expected.status);
      assert_int_equal(more.pos, 0);
      assert_int_equal(out.pos, expected.size);
      assert_true(cte_stream_error_offset(&s) == expected.error_offset);
      assert_int_equal(cte_stream_anomalies(&s), expected.anomalies);
    }
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    assert_true(cte_stream_error_offset(&s) == CTE_NO_OFFSET);
    in = input_of(codecs[i].good);
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
  }
}

/* The error comes only after every octet before it has, however small the room. */
static void errors_wait_for_room(void **state) {
  (void)state;
  static struct outcome expected;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    if (!codecs[i].bad) continue;
    cte_stream s;
    uint8_t octet;
    size_t written = 0;
    cte_input in = input_of(codecs[i].bad);
    codecs[i].subject->reference(&expected, in.data, in.size, codecs[i].options);
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    int32_t status;
    do {
      cte_output out = {&octet, 1, 0};
      status = update_all(&s, &in, &out);
      if (out.pos) assert_int_equal(octet, expected.data[written]);
      written += out.pos;
    } while (status >= CTE_OK && written <= expected.size);
    assert_int_equal(status, expected.status);
    assert_int_equal(written, expected.size);
  }
}

/* The offending octet in a chunk that is gone: the position stays where it was. */
static void errors_in_an_earlier_chunk(void **state) {
  (void)state;
  cte_stream s;
  uint8_t room[100];
  cte_output out = {room, sizeof room, 0};
  cte_qp_decode_options options = {.reject = CTE_ANOMALY_TRAILING_WHITE_SPACE};
  cte_input first = input_of("ab  "), second = input_of("xx \t\r\n");
  second.pos = 2;
  assert_int_equal(cte_stream_qp_decode(&s, &options), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &first, &out), CTE_OK);
  assert_int_equal(update_all(&s, &second, &out), CTE_ERROR_TRAILING_WHITE_SPACE);
  assert_int_equal(second.pos, second.size);
  assert_true(cte_stream_error_offset(&s) == 2);
  assert_int_equal(out.pos, 2);
  cte_stream_smtp_write(&s, NULL);
  first = input_of("ab\r"), second = input_of("c");
  out.pos = 0;
  assert_int_equal(cte_stream_update(&s, &first, &out), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &second, &out), CTE_ERROR_BARE_CR);
  assert_int_equal(second.pos, 0);
  assert_true(cte_stream_error_offset(&s) == 2);
}

/* A buffer that begins before pos and ends after the room: only what lies between is touched. */
static void positions(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(codecs); i++) {
    static struct outcome expected;
    size_t n = strlen(codecs[i].good);
    uint8_t room[500], src[300] = "\r\n=.";
    memcpy(src + 4, codecs[i].good, n);
    memset(room, 0xA5, sizeof room);
    codecs[i].subject->reference(&expected, src + 4, n, codecs[i].options);
    cte_stream s;
    cte_input in = {src, n + 4, 4};
    cte_output out = {room, sizeof room, 7};
    assert_int_equal(codecs[i].subject->set_up(&s, codecs[i].options), CTE_OK);
    assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
    assert_int_equal(in.pos, n + 4);
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(out.pos, expected.size + 7);
    if (expected.size) assert_memory_equal(room + 7, expected.data, expected.size);
    for (size_t k = 0; k < 7; k++) assert_int_equal(room[k], 0xA5);
  }
}

/* ---- The end of data ---- */

static void ends(void **state) {
  (void)state;
  static const char data[] = "a\r\n.\r\nQUIT\r\n", coded[] = "QQ==rest";
  for (size_t cut = 0; cut <= 6; cut++) {
    cte_stream s;
    uint8_t room[100];
    cte_output out = {room, sizeof room, 0};
    cte_input first = {data, cut, 0}, second = {data + cut, sizeof data - 1 - cut, 0}, later = input_of("MAIL");
    assert_int_equal(cte_stream_smtp_read(&s, NULL), CTE_OK);
    int32_t status = cte_stream_update(&s, &first, &out);
    assert_int_equal(status, cut == 6 ? CTE_END : CTE_OK);
    if (cut < 6) {
      assert_int_equal(cte_stream_update(&s, &second, &out), CTE_END);
      assert_int_equal(second.pos, 6 - cut);
    }
    assert_int_equal(cte_stream_update(&s, &later, &out), CTE_END);
    assert_int_equal(later.pos, 0);
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
    assert_int_equal(out.pos, 3);
    assert_true(cte_stream_error_offset(&s) == CTE_NO_OFFSET);
  }
  cte_stream s;
  uint8_t room[100];
  cte_output out = {room, sizeof room, 0};
  cte_input in = {coded, sizeof coded - 1, 0};
  assert_int_equal(cte_stream_base64_decode(&s, &base64_stop), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &in, &out), CTE_END);
  assert_int_equal(in.pos, 4);
  assert_int_equal(out.pos, 1);
  assert_int_equal(cte_stream_finish(&s, &out), CTE_OK);
}

static void truncated(void **state) {
  (void)state;
  cte_stream s;
  uint8_t room[100];
  cte_output out = {room, sizeof room, 0};
  cte_input in = input_of("a\nb\r\n.\r");
  assert_int_equal(cte_stream_smtp_read(&s, NULL), CTE_OK);
  assert_int_equal(cte_stream_update(&s, &in, &out), CTE_OK);
  assert_int_equal(cte_stream_verdict(&s), CTE_ERROR_BARE_LF);
  assert_true(cte_stream_error_offset(&s) == 1);
  assert_int_equal(cte_stream_finish(&s, &out), CTE_ERROR_TRUNCATED);
  assert_int_equal(cte_stream_finish(&s, &out), CTE_ERROR_TRUNCATED);
  assert_true(cte_stream_error_offset(&s) == 7);
  assert_int_equal(cte_stream_verdict(&s), CTE_ERROR_BARE_LF);
  assert_int_equal(out.pos, 1);
}

/* ---- Copies, rows, offsets ---- */

/* A stream copied half-way: both go on, with different rests, each as if it had been alone. */
static void copies(void **state) {
  (void)state;
  random_begin("copies");
  static struct outcome expected;
  static uint8_t src[2][600], room[2][4000];
  for (size_t times = scaled(2000); times > 0; times--) {
    size_t i = random_below(COUNT(codecs)), n = random_below(300), half = n ? random_below(n) : 0;
    enum input_kind kind = kinds[random_below(COUNT(kinds))];
    make_input(src[0], n, kind);
    make_input(src[1], n, kind);
    memcpy(src[1], src[0], half);
    cte_stream s[2];
    cte_input in = {src[0], half, 0};
    cte_output out[2] = {{room[0], sizeof room[0], 0}, {room[1], sizeof room[1], 0}};
    assert_int_equal(codecs[i].subject->set_up(&s[0], codecs[i].options), CTE_OK);
    if (cte_stream_update(&s[0], &in, &out[0]) != CTE_OK) continue;
    s[1] = s[0];
    memcpy(room[1], room[0], out[0].pos);
    out[1].pos = out[0].pos;
    for (size_t k = 0; k < 2; k++) {
      cte_input rest = {src[k], n, half};
      int32_t status = cte_stream_update(&s[k], &rest, &out[k]);
      if (status == CTE_OK) status = cte_stream_finish(&s[k], &out[k]);
      codecs[i].subject->reference(&expected, src[k], n, codecs[i].options);
      assert_int_equal(status, expected.status);
      assert_int_equal(out[k].pos, expected.size);
      if (expected.size) assert_memory_equal(room[k], expected.data, expected.size);
      assert_int_equal(cte_stream_anomalies(&s[k]), expected.anomalies);
    }
  }
}

/* Every codec, every kind of input, random cuts; half of the time another row for each call. */
static void any_cuts(void **state) {
  (void)state;
  random_begin("any_cuts");
  static uint8_t src[13 * 1024];
  for (size_t times = scaled(1500); times > 0; times--) {
    size_t i = random_below(COUNT(codecs)), n = random_below(random_one_in(10) ? sizeof src : 1400);
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    check_random_cuts(codecs[i].subject, codecs[i].options, src, n, 2);
  }
}

static void every_cut(void **state) {
  (void)state;
  random_begin("every_cut");
  uint8_t src[100];
  for (size_t i = 0; i < COUNT(codecs); i++) {
    check_every_cut(codecs[i].subject, codecs[i].options, (const uint8_t *)codecs[i].good, strlen(codecs[i].good));
    if (codecs[i].bad)
      check_every_cut(codecs[i].subject, codecs[i].options, (const uint8_t *)codecs[i].bad, strlen(codecs[i].bad));
    for (size_t times = scaled(20); times > 0; times--) {
      size_t n = random_below(sizeof src + 1);
      make_input(src, n, kinds[random_below(COUNT(kinds))]);
      check_every_cut(codecs[i].subject, codecs[i].options, src, n);
    }
  }
}

/* ---- Streams that feed one another ---- */

struct stage {
  cte_stream stream;
  uint8_t data[50];
  size_t size, pos;
  bool last, done;
};

/* Moves a stage: from its input to `out`. Returns true when it has finished. */
static bool move(struct stage *stage, cte_output *out) {
  if (stage->done) return true;
  if (stage->pos < stage->size) {
    cte_input in = {stage->data, stage->size, stage->pos};
    int32_t status = cte_stream_update(&stage->stream, &in, out);
    if (status != CTE_OK && status != CTE_MORE_OUTPUT && status != CTE_END) fail_msg("stage: %s", cte_status_text(status));
    stage->pos = in.pos;
    return false;
  }
  if (!stage->last) return false;
  int32_t status = cte_stream_finish(&stage->stream, out);
  if (status < CTE_OK) fail_msg("stage at the end: %s", cte_status_text(status));
  stage->done = status == CTE_OK;
  return stage->done;
}

/* Base64 decoded, encoded as quoted-printable, sent as DATA, read back, decoded: the octets of the beginning. */
static void chain(void **state) {
  (void)state;
  random_begin("chain");
  static uint8_t src[3000], coded[9000], end[4000];
  static const cte_qp_encode_options binary = CTE_QP_ENCODE_BINARY;
  for (size_t times = scaled(60); times > 0; times--) {
    size_t n = random_below(sizeof src), fed = 0;
    make_input(src, n, kinds[random_below(COUNT(kinds))]);
    cte_result base64 = cte_base64_encode(src, n, coded, sizeof coded, NULL);
    struct stage stages[5] = {{.size = 0}};
    cte_stream_base64_decode(&stages[0].stream, NULL);
    cte_stream_qp_encode(&stages[1].stream, &binary);
    cte_stream_smtp_write(&stages[2].stream, NULL);
    cte_stream_smtp_read(&stages[3].stream, NULL);
    cte_stream_qp_decode(&stages[4].stream, NULL);
    cte_output out = {end, sizeof end, 0};
    while (!stages[4].done) {
      if (stages[0].pos == stages[0].size && fed < base64.written) {
        size_t some = 1 + random_below(sizeof stages[0].data);
        if (some > base64.written - fed) some = base64.written - fed;
        memcpy(stages[0].data, coded + fed, some);
        stages[0].size = some, stages[0].pos = 0;
        fed += some;
      }
      stages[0].last = fed == base64.written;
      for (size_t k = 0; k < 5; k++) {
        if (k == 4) {
          move(&stages[4], &out);
          continue;
        }
        struct stage *next = &stages[k + 1];
        if (next->pos < next->size) continue;
        cte_output room = {next->data, 1 + random_below(sizeof next->data), 0};
        if (move(&stages[k], &room)) next->last = true;
        next->size = room.pos, next->pos = 0;
      }
    }
    /* The writer has added a line end to what had none. */
    assert_true(out.pos == n || out.pos == n + 2);
    if (n) assert_memory_equal(end, src, n);
    assert_int_equal(cte_stream_anomalies(&stages[2].stream) | cte_stream_anomalies(&stages[3].stream), 0);
  }
}

/* Base64 in chunks of one size: quanta and line ends are cut at every place. */
static void equal_chunks(void **state) {
  (void)state;
  random_begin("equal_chunks");
  static uint8_t src[1500], text[2200], out[2200];
  make_input(src, sizeof src, INPUT_RANDOM);
  for (size_t chunk = 1; chunk <= 400; chunk++) {
    const cte_base64_encode_options e = {.columns = chunk % 3 == 0 ? 0 : chunk % 3 == 1 ? 60 : CTE_COLUMNS_NONE};
    const size_t n = sizeof src - random_below(3), size = cte_base64_encode(src, n, text, sizeof text, &e).written;
    for (int decoding = 0; decoding < 2; decoding++) {
      const uint8_t *from = decoding ? text : src, *to = decoding ? src : text;
      const size_t from_size = decoding ? size : n, to_size = decoding ? n : size;
      cte_output o = {out, sizeof out, 0};
      cte_stream s;
      assert_int_equal(decoding ? cte_stream_base64_decode(&s, NULL) : cte_stream_base64_encode(&s, &e), CTE_OK);
      for (size_t i = 0; i < from_size; i += chunk) {
        cte_input in = {from + i, from_size - i < chunk ? from_size - i : chunk, 0};
        assert_int_equal(cte_stream_update(&s, &in, &o), CTE_OK);
        assert_int_equal(in.pos, in.size);
      }
      assert_int_equal(cte_stream_finish(&s, &o), CTE_OK);
      assert_int_equal(o.pos, to_size);
      assert_memory_equal(out, to, to_size);
    }
  }
}

/* Chunks of quoted-printable wait for one another, up to 512 octets; an update without input ends that. */
static void short_chunks(void **state) {
  (void)state;
  static uint8_t src[3000], text[9000], out[9000];
  const cte_qp_decode_options strict = CTE_QP_DECODE_STRICT;
  memset(src, 'a', sizeof src);
  for (size_t i = 60; i < sizeof src; i += 62) memcpy(src + i - 2, "\r\n", 2);
  const size_t size = cte_qp_encode(src, sizeof src, text, sizeof text, NULL).written;
  for (size_t chunk = 1; chunk <= 600; chunk += chunk < 100 ? 7 : 43) {
    for (size_t bad = 0; bad < size; bad += 401) {
      cte_stream s;
      cte_output o = {out, sizeof out, 0};
      int32_t status = CTE_OK;
      text[bad] ^= 0x80;
      assert_int_equal(cte_stream_qp_decode(&s, &strict), CTE_OK);
      for (size_t i = 0; i < size && status == CTE_OK; i += chunk) {
        cte_input in = {text + i, size - i < chunk ? size - i : chunk, 0}, none = {NULL, 0, 0};
        status = cte_stream_update(&s, &in, &o);
        if (status == CTE_OK) assert_int_equal(in.pos, in.size);
        if (status == CTE_OK) assert_true(i + in.size - o.pos <= 512 + 3);
        if (chunk > 512 && status != CTE_OK) assert_int_equal(i + in.pos, bad);
        if (status == CTE_OK && i / chunk % 5 == 4) {
          status = cte_stream_update(&s, &none, &o);
          if (status == CTE_OK) assert_true(i + in.size - o.pos <= 3);
        }
      }
      if (status == CTE_OK) status = cte_stream_finish(&s, &o);
      assert_int_equal(status, CTE_ERROR_RAW_8BIT);
      assert_true(cte_stream_error_offset(&s) == bad);
      assert_int_equal(o.pos, bad);
      text[bad] ^= 0x80;
    }
  }
}

/* Octets that waited for room are not gathered for: with room again no more than 512 wait. */
static void chunks_without_room(void **state) {
  (void)state;
  random_begin("chunks_without_room");
  static uint8_t src[3000], out[9000];
  memset(src, 'a', sizeof src);
  for (size_t times = scaled(2000); times > 0; times--) {
    const bool decoding = random_one_in(2);
    const cte_qp_encode_options e = {.line_ends = CTE_QP_LINE_ENDS_BINARY};
    cte_stream s;
    size_t fed = 0, got = 0;
    assert_int_equal(decoding ? cte_stream_qp_decode(&s, NULL) : cte_stream_qp_encode(&s, &e), CTE_OK);
    while (fed < sizeof src - 600) {
      cte_input in = {src + fed, random_one_in(3) ? 0 : 1 + random_below(600), 0};
      cte_output o = {out, random_one_in(2) ? sizeof out : random_below(4), 0};
      const int32_t status = cte_stream_update(&s, &in, &o);
      fed += in.pos;
      got += o.pos;
      if (status != CTE_MORE_OUTPUT) assert_int_equal(status, CTE_OK);
      /* The encoder adds three octets to 75. */
      if (status == CTE_OK && o.size == sizeof out) assert_true(fed - (decoding ? got : got / 78 * 75) <= 512 + 78);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(not_set_up),
      cmocka_unit_test(life),
      cmocka_unit_test(no_input_after_finish),
      cmocka_unit_test(error_behind_what_waits),
      cmocka_unit_test(no_room),
      cmocka_unit_test(waiting_octets),
      cmocka_unit_test(errors_stay),
      cmocka_unit_test(errors_wait_for_room),
      cmocka_unit_test(errors_in_an_earlier_chunk),
      cmocka_unit_test(positions),
      cmocka_unit_test(ends),
      cmocka_unit_test(truncated),
      cmocka_unit_test(copies),
      cmocka_unit_test(any_cuts),
      cmocka_unit_test(every_cut),
      cmocka_unit_test(chain),
      cmocka_unit_test(equal_chunks),
      cmocka_unit_test(short_chunks),
      cmocka_unit_test(chunks_without_room),
  };
  return run_on_every_row("stream", tests, COUNT(tests));
}
