/*
 * smuggling.c: where DATA end. Every string of up to seven symbols over CR, LF, '.', NUL and 'a', after a line, goes
 * through the reader, the writer, the BDAT writer and cte_dots_next, at every policy and cut; and through the same within
 * some hundred octets of text, where vector kernels work. Two automata judge, which share nothing with src/: RFC 5321's
 * end of data, and receivers as lax as any that is known.
 */
#include <stdio.h>

#include <cte/isa.h>

#include "rows.h"
#include "support.h"

static const uint8_t symbols[] = {'\r', '\n', '.', '\0', 'a'};

enum { SYMBOLS = COUNT(symbols), LONGEST = 7, ROOM = 2304 };

/* ---- RFC 5321, sections 2.3.8, 4.1.1.4 and 4.5.2: lines end in CRLF alone, and a line of one '.' ends the data ---- */

enum place { LINE_START, DOT, DOT_CR, TEXT_LINE, TEXT_CR, ENDED };

static enum place rfc_next(enum place place, uint8_t octet) {
  if (octet == '\n' && place == DOT_CR) return ENDED;
  if (octet == '\n' && place == TEXT_CR) return LINE_START;
  if (octet == '\r') return place == DOT ? DOT_CR : TEXT_CR;
  if (octet == '.' && place == LINE_START) return DOT;
  return TEXT_LINE;
}

/* What the RFC says of data[0..n). */
struct truth {
  bool ends;
  size_t end;                 /* just past the end of data, else n */
  bool bare_lf, bare_cr, nul; /* met before it */
};

static struct truth rfc(const uint8_t *data, size_t n) {
  struct truth truth = {0};
  enum place place = LINE_START;
  bool cr = false;
  for (size_t i = 0; i < n && place != ENDED; i++) {
    place = rfc_next(place, data[i]);
    truth.bare_cr |= cr && data[i] != '\n';
    truth.bare_lf |= !cr && data[i] == '\n';
    truth.nul |= data[i] == 0;
    cr = data[i] == '\r';
    truth.end = i + 1;
  }
  truth.ends = place == ENDED;
  return truth;
}

/* ---- Receivers ---- */

struct receiver {
  bool lf_ends, cr_ends; /* a line, beside CRLF */
  bool crs_end;          /* CRs before a line's CRLF are no part of it */
  enum { NUL_STAYS, NUL_DELETED, NUL_CUTS } nul;
};

/* The line that a receiver is at. */
struct line {
  size_t octets, dot; /* how many count; where the last '.' is */
  size_t crs;         /* CRs of which it is not known what they are */
  bool cut;           /* at a NUL: what follows up to the line end does not count */
  bool lf_follows;    /* the LF of a CRLF whose CR ended the line */
  bool only_dot;
};

static void line_content(struct line *line, uint8_t octet, size_t at) {
  if (line->cut) return;
  line->octets += line->crs + 1;
  line->only_dot = line->octets == 1 && octet == '.';
  line->dot = at;
}

/* Whether this octet ends the line. */
static bool line_ends(const struct receiver *receiver, struct line *line, uint8_t octet) {
  if (octet == '\r') return receiver->cr_ends;
  if (octet != '\n' || line->lf_follows) return false;
  return line->crs > 0 || receiver->lf_ends;
}

/* The offset of the first '.' that is an end of data for a receiver, or n. */
static size_t first_end(const struct receiver *receiver, const uint8_t *data, size_t n) {
  struct line line = {0};
  for (size_t i = 0; i < n; i++) {
    uint8_t octet = data[i];
    if (octet == 0 && receiver->nul == NUL_DELETED) continue;
    if (octet == 0 && receiver->nul == NUL_CUTS) {
      line.cut = true;
      line.crs = 0;
    } else if (line_ends(receiver, &line, octet)) {
      bool stripped = line.crs <= 1 || receiver->crs_end || line.cut;
      if (line.only_dot && stripped) return line.dot;
      line = (struct line){.lf_follows = octet == '\r'};
      continue;
    } else if (octet == '\r') {
      line.crs++;
      continue;
    } else if (!(octet == '\n' && line.lf_follows)) {
      line_content(&line, octet, i);
      line.crs = 0;
    }
    line.lf_follows = false;
  }
  return n;
}

static uint64_t strings, one_shots, cut_runs, many_cut_runs, outputs, judgements;

/*
 * Each of the receivers, all but those that delete NULs unless `deleted`, sees one end of data in what was written: the
 * last three octets, or (not `whole`) none.
 */
static void judge(const uint8_t *data, size_t n, bool whole, bool deleted) {
  enum { RECEIVERS = 24 };
  size_t expected = whole ? n - 3 : n;
  outputs++;
  if (whole) assert_memory_equal(data + expected, ".\r\n", 3);
  for (unsigned k = 0; k < RECEIVERS; k++) {
    struct receiver receiver = {.lf_ends = k & 1, .cr_ends = k >> 1 & 1, .crs_end = k >> 2 & 1};
    receiver.nul = k / 8 == 0 ? NUL_STAYS : k / 8 == 1 ? NUL_DELETED : NUL_CUTS;
    if (receiver.nul == NUL_DELETED && !deleted) continue;
    judgements++;
    if (first_end(&receiver, data, n) != expected) {
      for (size_t i = 0; i < n; i++) print_error("%02x ", data[i]);
      print_error("\n");
      fail_msg("an end of data at %zu for receiver %u", first_end(&receiver, data, n), k);
    }
  }
}

/* ---- Strings ---- */

struct string {
  uint8_t data[ROOM];
  size_t n;
  size_t first_cut, last_cut; /* where it is cut in two */
};

static void append(struct string *string, const void *octets, size_t n) {
  memcpy(string->data + string->n, octets, n);
  string->n += n;
}

static void append_symbols(struct string *string, size_t number, size_t length) {
  for (; length > 0; length--, number /= SYMBOLS) string->data[string->n++] = symbols[number % SYMBOLS];
}

/* The string of `length` symbols with this number, after `before` and ahead of `after`. */
static void make_string(struct string *string, size_t number, size_t length, const char *before, const char *after) {
  string->n = 0;
  append(string, before, strlen(before));
  append_symbols(string, number, length);
  append(string, after, strlen(after));
  string->first_cut = 0;
  string->last_cut = string->n;
}

/* Lines of up to 79 octets, some of which begin with a '.'; the last may be cut off, not within a CRLF nor after that '.'. */
static void append_text(struct string *string, size_t n) {
  uint8_t *text = string->data + string->n;
  for (size_t i = 0; i < n; i++) text[i] = (uint8_t)('a' + i % 26);
  for (size_t at = random_below(78); at + 2 < n; at += 4 + random_below(78)) {
    text[at] = '\r', text[at + 1] = '\n';
    if (at + 3 < n && random_one_in(4)) text[at + 2] = '.';
  }
  string->n += n;
}

/* What a kernel may pass itself depends on which anomalies were met before: those of an opening. */
static void append_opening(struct string *string) {
  static const struct {
    const char *data;
    size_t n;
  } openings[] = {{TEXT("a\n")}, {TEXT("a\rb")}, {TEXT("a\0b")}, {TEXT("a\n\r\0a")}};
  size_t k = random_below(COUNT(openings));
  append(string, openings[k].data, openings[k].n);
}

/* What is ahead of a string in text besides lines: nothing, anomalies, or a line of 990 to 998 octets that is still open. */
enum ahead { AHEAD_LINES, AHEAD_ANOMALIES, AHEAD_LONG_LINE, AHEADS };
enum { LONG_LINE = 990 };

/*
 * The same within text, at an offset of up to 127, or around 448, where a kernel's next chunk may begin; in most at the
 * start of a line.
 */
static void make_text(struct string *string, size_t number, size_t length, enum ahead ahead, const char *after) {
  size_t offset = random_below(128) + (random_one_in(2) ? 448 - 64 : 0);
  bool starts_line = ahead == AHEAD_LONG_LINE || (offset >= 2 && !random_one_in(3));
  string->n = 0;
  if (ahead == AHEAD_ANOMALIES) append_opening(string);
  append_text(string, starts_line && offset >= 2 ? offset - 2 : offset);
  if (starts_line) append(string, "\r\n", 2);
  if (ahead == AHEAD_LONG_LINE) {
    size_t column = LONG_LINE + random_below(9);
    memset(string->data + string->n, 'b', column);
    string->n += column;
  }
  string->first_cut = string->n;
  append_symbols(string, number, length);
  string->last_cut = string->n;
  append_text(string, offset < 128 ? 300 + random_below(400) : random_below(490));
  append(string, after, strlen(after));
}

/* ---- Codecs ---- */

typedef cte_status set_up(cte_stream *s, const cte_smtp_options *options);

struct outcome_of {
  int status;
  uint32_t anomalies;
  size_t read, written;
  uint8_t data[2 * ROOM];
};

/* A stream over a string in pieces; `cuts` ascend. */
static void streamed(struct outcome_of *got, set_up *begin, const cte_smtp_options *options, const struct string *string,
                     const size_t *cuts, size_t count) {
  cte_stream s;
  cte_output out = {got->data, sizeof got->data, 0};
  size_t from = 0;
  got->status = begin(&s, options);
  got->read = 0;
  for (size_t i = 0; i <= count && got->status == CTE_OK; i++) {
    size_t to = i < count ? cuts[i] : string->n;
    cte_input in = {string->data + from, to - from, 0};
    got->status = cte_stream_update(&s, &in, &out);
    got->read = from + in.pos;
    from = to;
  }
  if (got->status == CTE_OK) got->status = cte_stream_finish(&s, &out);
  got->anomalies = cte_stream_anomalies(&s);
  got->written = out.pos;
}

static void same(const struct outcome_of *got, const struct outcome_of *expected, bool read) {
  assert_int_equal(got->status, expected->status);
  assert_int_equal(got->anomalies, expected->anomalies);
  assert_int_equal(got->written, expected->written);
  assert_memory_equal(got->data, expected->data, got->written);
  if (read) assert_int_equal(got->read, expected->read);
}

/* Of the streams one in 32 runs at scale 1; at scale 32 all do. */
static bool sampled(void) {
  return random_below(32000) < scaled(1000);
}

/*
 * The same cut in two at each place (in text about the symbols), and by chance cut anywhere, or octet by octet: the same
 * outcome. In an error the offset of an octet of an earlier piece is not in `read`.
 */
static void check_cut(set_up *begin, const cte_smtp_options *options, const struct string *string,
                      const struct outcome_of *expected) {
  static struct outcome_of got;
  for (size_t cut = string->first_cut; cut <= string->last_cut; cut++) {
    if (!sampled()) continue;
    streamed(&got, begin, options, string, &cut, 1);
    same(&got, expected, expected->status >= 0);
    cut_runs++;
  }
  if (!sampled()) return;
  size_t cuts[ROOM], count = 0, apart = 1 + random_below(3);
  for (size_t cut = 0; cut <= string->n; cut++)
    if (random_one_in(apart)) cuts[count++] = cut;
  streamed(&got, begin, options, string, cuts, count);
  same(&got, expected, expected->status >= 0);
  many_cut_runs++;
}

typedef cte_result one_shot(const void *src, size_t n, void *dst, size_t cap, const cte_smtp_options *options);

static void run_one_shot(struct outcome_of *got, one_shot *codec, const cte_smtp_options *options,
                         const struct string *string) {
  cte_result result = codec(string->data, string->n, got->data, sizeof got->data, options);
  got->status = result.status;
  got->anomalies = result.anomalies;
  got->read = result.read;
  got->written = result.written;
  one_shots++;
}

/* ---- Policies ---- */

static bool refuses(uint8_t policy) {
  return policy == CTE_SMTP_DEFAULT || policy == CTE_SMTP_REJECT;
}

/* Whether one of what was met is refused. */
static bool refuses_some(const cte_smtp_options *options, const struct truth *met) {
  return (met->bare_lf && refuses(options->bare_lf)) || (met->bare_cr && refuses(options->bare_cr)) ||
         (met->nul && refuses(options->nul));
}

/* Each octet's policy is DEFAULT or one of those up to KEEP; without `bdat` a writer has all but KEEP. */
enum { EVERY_POLICY = 5 * 5 * 5, WRITER_POLICIES = 4 * 4 * 4 };

/*
 * The policies with this number, each of `each`; those of long lines by chance, as lines that are not long have no use of
 * them. False: not this time. Where DEFAULT is among them one in 32 runs at scale 1.
 */
static bool nth_options(cte_smtp_options *options, unsigned number, unsigned each) {
  static const uint8_t long_lines[] = {CTE_SMTP_DEFAULT, CTE_SMTP_REJECT, CTE_SMTP_KEEP, CTE_SMTP_NORMALIZE};
  *options = (cte_smtp_options){.bare_lf = (uint8_t)(number % each),
                                .bare_cr = (uint8_t)(number / each % each),
                                .nul = (uint8_t)(number / each / each),
                                .long_line = long_lines[random_below(COUNT(long_lines))]};
  return (options->bare_lf && options->bare_cr && options->nul) || sampled();
}

/* ---- The reader ---- */

/* A message that is to be passed on is what the strictest writer takes, unless something in it was to be kept. */
static void check_message(const cte_smtp_options *options, const struct outcome_of *message) {
  static const cte_smtp_options strictest = {.long_line = CTE_SMTP_KEEP};
  static uint8_t data[2 * ROOM + 8];
  if (options->bare_lf == CTE_SMTP_KEEP || options->bare_cr == CTE_SMTP_KEEP || options->nul == CTE_SMTP_KEEP) return;
  cte_result result = cte_smtp_write(message->data, message->written, data, sizeof data, &strictest);
  assert_int_equal(result.status, CTE_OK);
}

/* Where a line is over 998 octets is another test's. */
static void check_reader(const struct string *string, const cte_smtp_options *options, const struct truth *truth) {
  static struct outcome_of got;
  run_one_shot(&got, cte_smtp_read, options, string);
  assert_int_equal(got.status, truth->ends ? CTE_END : CTE_ERROR_TRUNCATED);
  assert_int_equal(got.read, truth->end);
  uint32_t over = got.anomalies & CTE_ANOMALY_LINE_OVER_998;
  bool rejected = refuses_some(options, truth) || (over && options->long_line == CTE_SMTP_REJECT);
  uint32_t met = (truth->bare_lf ? CTE_ANOMALY_BARE_LF : 0) | (truth->bare_cr ? CTE_ANOMALY_BARE_CR : 0) |
                 (truth->nul ? CTE_ANOMALY_NUL : 0) | (rejected ? CTE_VERDICT_REJECTED : 0);
  assert_int_equal(got.anomalies, met | over);
  if (truth->ends && !rejected) check_message(options, &got);
  check_cut(cte_stream_smtp_read, options, string, &got);
}

static void read_at_every_policy(const struct string *string) {
  struct truth truth = rfc(string->data, string->n);
  cte_smtp_options options;
  for (unsigned k = 0; k < EVERY_POLICY; k++)
    if (nth_options(&options, k, 5)) check_reader(string, &options, &truth);
}

/* Followed by an end of data and what may be a command, and followed by nothing. */
static const char *const after_data[] = {"\r\n.\r\nQ", ""};

static void read_string(size_t number, size_t length, const char *before) {
  static struct string string;
  for (size_t k = 0; k < COUNT(after_data); k++) {
    make_string(&string, number, length, before, after_data[k]);
    read_at_every_policy(&string);
  }
}

static void read_in_text(size_t number, size_t length) {
  static struct string string;
  make_text(&string, number, length, (enum ahead)random_below(AHEADS), after_data[random_one_in(4)]);
  read_at_every_policy(&string);
}

/* ---- The writer ---- */

static bool is_crs_and_lf(const uint8_t *data, size_t n) {
  size_t i = 0;
  while (i < n && data[i] == '\r') i++;
  return i < n && data[i] == '\n';
}

static void add(struct outcome_of *out, const char *octets, size_t n) {
  memcpy(out->data + out->written, octets, n);
  out->written += n;
}

/* What each octet of data[0..n) comes to before anything is stuffed, ended or folded; or the error. */
static void expect_octets(struct outcome_of *expected, const uint8_t *data, size_t n, const cte_smtp_options *options) {
  expected->status = CTE_OK;
  expected->anomalies = 0;
  expected->written = 0;
  for (size_t i = expected->read = 0; i < n; i++, expected->read++) {
    uint8_t c = data[i];
    bool crlf = c == '\r' ? i + 1 < n && data[i + 1] == '\n' : c == '\n' && i > 0 && data[i - 1] == '\r';
    bool lf = c == '\n' && !crlf, cr = c == '\r' && !crlf;
    uint8_t policy = lf ? options->bare_lf : cr ? options->bare_cr : c == 0 ? options->nul : CTE_SMTP_KEEP;
    expected->anomalies |= lf ? CTE_ANOMALY_BARE_LF : cr ? CTE_ANOMALY_BARE_CR : c == 0 ? CTE_ANOMALY_NUL : 0;
    if (refuses(policy)) {
      expected->status = lf ? CTE_ERROR_BARE_LF : cr ? CTE_ERROR_BARE_CR : CTE_ERROR_NUL;
      return;
    }
    if (policy == CTE_SMTP_KEEP)
      add(expected, (const char *)&data[i], 1);
    else if (policy == CTE_SMTP_SPACE || (cr && !is_crs_and_lf(data + i, n - i)))
      add(expected, " ", 1);
    else if (lf)
      add(expected, "\r\n", 2);
  }
}

/* The strictest reader takes what was written, and reads all that was expected where nothing was folded. */
static void check_comes_back(const struct outcome_of *expected, const struct outcome_of *data) {
  static uint8_t back[2 * ROOM];
  uint32_t over = data->anomalies & CTE_ANOMALY_LINE_OVER_998;
  cte_result result = cte_smtp_read(data->data, data->written, back, sizeof back, NULL);
  assert_int_equal(result.status, CTE_END);
  assert_int_equal(result.read, data->written);
  assert_int_equal(result.anomalies & ~over, 0);
  if (over) return;
  assert_memory_equal(back, expected->data, expected->written);
  assert_in_range(result.written, expected->written, expected->written + 2);
}

/* What the policies before this one gave for a string: it is judged once. */
struct judged {
  size_t count;
  struct outcome_of outcomes[WRITER_POLICIES];
};

static bool is_judged(const struct judged *judged, const struct outcome_of *got) {
  for (size_t i = judged->count; i-- > 0;) {
    const struct outcome_of *one = &judged->outcomes[i];
    if (got->status == one->status && got->written == one->written && got->anomalies == one->anomalies &&
        memcmp(got->data, one->data, got->written) == 0)
      return true;
  }
  return false;
}

static void check_writer(const struct string *string, const cte_smtp_options *options, struct judged *judged) {
  static struct outcome_of expected;
  struct outcome_of *got = &judged->outcomes[judged->count];
  expect_octets(&expected, string->data, string->n, options);
  run_one_shot(got, cte_smtp_write, options, string);
  if (got->status != CTE_ERROR_LINE_OVER_998 || string->first_cut < LONG_LINE) {
    assert_int_equal(got->status, expected.status);
    assert_int_equal(got->read, expected.read);
  }
  if (got->status == CTE_OK) check_comes_back(&expected, got);
  check_cut(cte_stream_smtp_write, options, string, got);
  if (is_judged(judged, got)) return;
  judge(got->data, got->written, got->status == CTE_OK, true);
  judged->count++;
}

static void write_at_every_policy(const struct string *string, enum ahead ahead) {
  static struct judged judged;
  struct truth met_ahead = rfc(string->data, string->first_cut);
  cte_smtp_options options;
  judged.count = 0;
  for (unsigned k = 0; k < WRITER_POLICIES; k++) {
    if (!nth_options(&options, k, 4) || refuses_some(&options, &met_ahead)) continue;
    if (ahead == AHEAD_LONG_LINE && !random_one_in(4)) options.long_line = CTE_SMTP_NORMALIZE;
    check_writer(string, &options, &judged);
  }
}

static void write_string(size_t number, size_t length, const char *before) {
  static struct string string;
  make_string(&string, number, length, before, "");
  write_at_every_policy(&string, AHEAD_LINES);
}

static void write_in_text(size_t number, size_t length) {
  static struct string string;
  for (int ahead = 0; ahead < AHEADS; ahead++) {
    make_text(&string, number, length, (enum ahead)ahead, "");
    write_at_every_policy(&string, (enum ahead)ahead);
  }
}

/* ---- BDAT: it has no end of data, so nothing is stuffed and nothing added; the policies are the octets' own ---- */

/* Outside text one in 32 at scale 1. */
static void bdat_at_every_policy(const struct string *string, bool in_text) {
  static struct outcome_of got, expected;
  struct truth met_ahead = rfc(string->data, string->first_cut);
  cte_smtp_options options;
  for (unsigned k = 0; k < EVERY_POLICY; k++) {
    if ((!in_text && !sampled()) || !nth_options(&options, k, 5) || refuses_some(&options, &met_ahead)) continue;
    options.bdat = 1;
    if (options.long_line == CTE_SMTP_NORMALIZE) options.long_line = CTE_SMTP_DEFAULT; /* not with BDAT */
    expect_octets(&expected, string->data, string->n, &options);
    run_one_shot(&got, cte_smtp_write, &options, string);
    same(&got, &expected, true);
    check_cut(cte_stream_smtp_write, &options, string, &got);
  }
}

static void bdat_string(size_t number, size_t length, const char *before) {
  static struct string string;
  make_string(&string, number, length, before, "");
  bdat_at_every_policy(&string, false);
}

static void bdat_in_text(size_t number, size_t length) {
  static struct string string;
  for (int ahead = AHEAD_LINES; ahead <= AHEAD_ANOMALIES; ahead++) {
    make_text(&string, number, length, (enum ahead)ahead, "");
    bdat_at_every_policy(&string, true);
  }
}

/*
 * ---- cte_dots_next: it rejects nothing, and still there is one end, whatever line ends a receiver has ----
 *
 * To it a NUL is text: for a receiver that deletes NULs there would be an end in CRLF NUL '.' CRLF, which only
 * cte_smtp_write can keep from it.
 */

static void stuff(const uint8_t *src, size_t n, uint32_t *state, uint8_t *dst, size_t *written) {
  for (size_t at = 0;;) {
    size_t piece = cte_dots_next(src + at, n - at, state);
    memcpy(dst + *written, src + at, piece);
    *written += piece;
    at += piece;
    if (at == n) return;
    dst[(*written)++] = '.';
  }
}

static void stuff_in_two(const struct string *string, size_t cut, struct outcome_of *got) {
  uint32_t state = 0;
  got->written = 0;
  stuff(string->data, cut, &state, got->data, &got->written);
  stuff(string->data + cut, string->n - cut, &state, got->data, &got->written);
  got->written += cte_dots_end(got->data + got->written, state);
}

static bool has_dot_behind_nul(const struct string *string) {
  for (size_t i = 1; i < string->n; i++)
    if (string->data[i - 1] == 0 && string->data[i] == '.') return true;
  return false;
}

static void check_dots(const struct string *string) {
  static struct outcome_of whole, got;
  stuff_in_two(string, string->n, &whole);
  judge(whole.data, whole.written, true, !has_dot_behind_nul(string));
  for (size_t cut = string->first_cut; cut <= string->last_cut; cut++) {
    stuff_in_two(string, cut, &got);
    assert_int_equal(got.written, whole.written);
    assert_memory_equal(got.data, whole.data, whole.written);
    cut_runs++;
  }
}

static void dots_string(size_t number, size_t length, const char *before) {
  static struct string string;
  make_string(&string, number, length, before, "");
  check_dots(&string);
}

static void dots_in_text(size_t number, size_t length) {
  static struct string string;
  make_text(&string, number, length, AHEAD_LINES, "");
  check_dots(&string);
}

/* ---- Every string ---- */

/* Of the rows, the one that is chosen by itself takes all strings; the others, below scale 32, those of up to five symbols. */
static size_t longest(void) {
  bool all = scaled(1000) >= 32000 || strcmp(cte_isa_name(), rows_name(0)) == 0;
  return all ? LONGEST : LONGEST - 2;
}

static void begin_counts(const char *test) {
  random_begin(test);
  strings = one_shots = cut_runs = many_cut_runs = outputs = judgements = 0;
}

static void print_counts(const char *test) {
  print_message("%s: %llu strings, %llu one-shot calls, %llu streams cut once, %llu cut anywhere; %llu outputs judged "
                "%llu times\n",
                test, (unsigned long long)strings, (unsigned long long)one_shots, (unsigned long long)cut_runs,
                (unsigned long long)many_cut_runs, (unsigned long long)outputs, (unsigned long long)judgements);
}

/* Below scale 1 there are fewer of the longest. */
static void every_string(const char *test, void (*check)(size_t number, size_t length, const char *before)) {
  static const char *const before[] = {"a\r\n", "a", ""};
  begin_counts(test);
  for (size_t k = 0; k < COUNT(before); k++) {
    /* Without a line before them the strings are two symbols shorter, as that line's CRLF. */
    size_t count = 1;
    for (size_t length = 0; length <= (k == 0 ? longest() : longest() - 2); length++, count *= SYMBOLS)
      for (size_t number = 0; number < count; number++) {
        bool run = length < LONGEST ? fixed_case() : random_below(1000) < scaled(1000);
        if (!run) continue;
        check(number, length, before[k]);
        strings++;
      }
  }
  print_counts(test);
}

/* Whether a string has no NUL, and CR and LF only as CRLF: what kernels pass without a stop. */
static bool is_ordinary(size_t number, size_t length) {
  bool cr = false;
  for (; length > 0; length--, number /= SYMBOLS) {
    uint8_t octet = symbols[number % SYMBOLS];
    if (octet == 0 || cr != (octet == '\n')) return false;
    cr = octet == '\r';
  }
  return !cr;
}

/* At scale 1 the ordinary strings, one in 16 of the others that all rows take and one in 32 of the longer; at 32 all. */
static bool runs_in_text(size_t number, size_t length) {
  if (is_ordinary(number, length)) return fixed_case();
  if (length <= LONGEST - 2) return random_below(16000) < scaled(1000);
  return sampled();
}

static void every_string_in_text(const char *test, void (*check)(size_t number, size_t length)) {
  begin_counts(test);
  for (size_t length = 0, count = 1; length <= longest(); length++, count *= SYMBOLS)
    for (size_t number = 0; number < count; number++) {
      if (!runs_in_text(number, length)) continue;
      check(number, length);
      strings++;
    }
  print_counts(test);
}

static void reader(void **state) {
  (void)state;
  every_string("reader", read_string);
}

static void writer(void **state) {
  (void)state;
  every_string("writer", write_string);
}

static void reader_in_text(void **state) {
  (void)state;
  every_string_in_text("reader in text", read_in_text);
}

static void writer_in_text(void **state) {
  (void)state;
  every_string_in_text("writer in text", write_in_text);
}

static void bdat(void **state) {
  (void)state;
  every_string("bdat", bdat_string);
}

static void bdat_within_text(void **state) {
  (void)state;
  every_string_in_text("bdat in text", bdat_in_text);
}

static void dots(void **state) {
  (void)state;
  every_string("dots", dots_string);
}

static void dots_within_text(void **state) {
  (void)state;
  every_string_in_text("dots in text", dots_in_text);
}

/* ---- The judges themselves ---- */

/* The twelve that are known and do not end the data, and two more; and for which receivers they do. */
static const struct {
  const char *data;
  size_t n;
  bool lf, cr, crs, deleted, cuts; /* what alone makes it an end */
  bool lf_and_cr;                  /* what only both make one */
} known[] = {
    {TEXT("a\n.\n"), .lf = true},
    {TEXT("a\r.\r"), .cr = true},
    {TEXT("a\n.\r\n"), .lf = true},
    {TEXT("a\r\n.\n"), .lf = true},
    {TEXT("a\r.\r\n"), .cr = true},
    {TEXT("a\r\n.\rb"), .cr = true},
    {TEXT("a\r\n\0.\r\n"), .deleted = true},
    {TEXT("a\r\n.\0\r\n"), .deleted = true, .cuts = true},
    {TEXT("a\r\n.\0b\r\n"), .cuts = true},
    {TEXT("a\r\n.\r\r\n"), .cr = true, .crs = true},
    {TEXT("a\r\r\n.\r\r\n"), .cr = true, .crs = true},
    {TEXT("a\r.\n"), .lf_and_cr = true},
    {TEXT("a\n.\r"), .lf_and_cr = true},
    {TEXT("a\r\n.\r"), .cr = true},
};

static void judges(void **state) {
  (void)state;
  static const struct receiver lf = {.lf_ends = true}, cr = {.cr_ends = true}, crs = {.crs_end = true},
                               lf_and_cr = {.lf_ends = true, .cr_ends = true}, deleted = {.nul = NUL_DELETED},
                               cuts = {.nul = NUL_CUTS}, strict = {0};
  for (size_t i = 0; i < COUNT(known); i++) {
    const uint8_t *data = (const uint8_t *)known[i].data;
    size_t n = known[i].n;
    assert_false(rfc(data, n).ends);
    assert_int_equal(first_end(&strict, data, n), n);
    assert_int_equal(first_end(&lf, data, n) < n, known[i].lf);
    assert_int_equal(first_end(&cr, data, n) < n, known[i].cr);
    assert_int_equal(first_end(&lf_and_cr, data, n) < n, known[i].lf || known[i].cr || known[i].lf_and_cr);
    assert_int_equal(first_end(&crs, data, n) < n, known[i].crs);
    assert_int_equal(first_end(&deleted, data, n) < n, known[i].deleted);
    assert_int_equal(first_end(&cuts, data, n) < n, known[i].cuts);
  }
  assert_int_equal(rfc((const uint8_t *)".\r\na", 4).end, 3);
  assert_int_equal(rfc((const uint8_t *)"\r\r\n.\r\na", 7).end, 6);
}

/* The strict receiver and the RFC's automaton were written apart and agree. */
static void judges_agree(void **state) {
  (void)state;
  static const struct receiver strict = {0};
  static struct string string;
  for (size_t length = 0, count = 1; length <= LONGEST; length++, count *= SYMBOLS)
    for (size_t number = 0; number < count; number++) {
      if (!fixed_case()) continue;
      make_string(&string, number, length, "a\r\n", "\r\n.\r\n");
      assert_int_equal(first_end(&strict, string.data, string.n) + 3, rfc(string.data, string.n).end);
    }
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(judges),         cmocka_unit_test(judges_agree),
                                            cmocka_unit_test(reader),         cmocka_unit_test(writer),
                                            cmocka_unit_test(reader_in_text), cmocka_unit_test(writer_in_text),
                                            cmocka_unit_test(bdat),           cmocka_unit_test(bdat_within_text),
                                            cmocka_unit_test(dots),           cmocka_unit_test(dots_within_text)};
  return run_on_every_row("smuggling", tests, COUNT(tests));
}
