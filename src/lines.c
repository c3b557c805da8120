/* lines.c: what lines and octets a text has, whether an encoding or SMTP allows them, and which encoding is the cheapest. */
#include <cte/lines.h>
#include <string.h>

#include "codec.h"

_Static_assert(sizeof(cte_lines) == 376 && sizeof(cte_choice) == 32, "the results' size is ABI");

/* A kernel stops at most this far before what it cannot pass. */
enum { CAUSE_WITHIN = 1024 };

static bool blank(uint32_t octet) {
  return octet == ' ' || octet == '\t';
}

/* ---- Statistics ---- */

/* The last two octets, where there were none yet: line ends. */
#define NOTHING_BEFORE 0x0a0a

/* The statistics at work. A CR is open until the next octet says whether it belongs to a line end. */
struct tally {
  struct line_counts counts; /* its offset is that of the next octet; its column does not count an open CR */
  uint32_t from;             /* when equal to the column, so much of "From " is the line so far */
};

static const char from_line[] = "From ";
enum { FROM_SIZE = 5 };

static void note(struct line_counts *counts, enum cte_lines_kind kind, uint64_t offset) {
  counts->count[kind]++;
  if (offset < counts->first[kind]) counts->first[kind] = offset;
}

/* The line is longer by the octet at `offset`. */
static void lengthen(struct line_counts *counts, uint64_t offset) {
  if (counts->column == CTE_LINE_LIMIT) note(counts, CTE_LINES_OVER_998, offset);
  counts->column++;
}

static void note_trailing(struct line_counts *counts, uint32_t octet, uint64_t offset) {
  if (!blank(octet)) return;
  note(counts, CTE_LINES_TRAILING_BLANK, offset);
  note(counts, CTE_LINES_QP_ESCAPE, offset);
}

static void end_line(struct tally *t) {
  struct line_counts *counts = &t->counts;
  counts->lines++;
  if (counts->column > counts->longest) counts->longest = counts->column;
  counts->column = 0;
  t->from = 0;
}

/* The last octet was a CR, and no LF follows. */
static void settle_cr(struct line_counts *counts) {
  note(counts, CTE_LINES_BARE_CR, counts->offset - 1);
  note(counts, CTE_LINES_QP_ESCAPE, counts->offset - 1);
  lengthen(counts, counts->offset - 1);
}

/*
 * The UTF-8 check (RFC 3629). Within a character its state is: continuation octets still to come, octets so far, the least
 * and the most that the next may be; an octet each, from the lowest.
 */
static uint32_t utf8_state(uint32_t due, uint32_t so_far, uint32_t least, uint32_t most) {
  return due | so_far << 8 | least << 16 | most << 24;
}

static void malformed(struct line_counts *counts, uint64_t offset) {
  note(counts, CTE_LINES_NOT_UTF8, offset);
  counts->utf8 = 0;
}

static uint64_t character_start(const struct line_counts *counts) {
  return counts->offset - (counts->utf8 >> 8 & 255);
}

static void begin_character(struct line_counts *counts, uint8_t lead) {
  uint32_t due = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  uint32_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80; /* no overlong forms */
  uint32_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;  /* no surrogates, nothing above U+10FFFF */
  if (lead < 0xc2 || lead > 0xf4)
    malformed(counts, counts->offset);
  else
    counts->utf8 = utf8_state(due, 1, least, most);
}

/* Only the first malformed character matters: nothing is checked after it. */
static void check_utf8(struct line_counts *counts, uint8_t octet) {
  uint32_t state = counts->utf8;
  if (counts->count[CTE_LINES_NOT_UTF8] != 0) return;
  if (state == 0) {
    if (octet > 127) begin_character(counts, octet);
    return;
  }
  uint32_t due = state & 255, so_far = state >> 8 & 255;
  if (octet < (state >> 16 & 255) || octet > state >> 24)
    malformed(counts, character_start(counts));
  else
    counts->utf8 = due == 1 ? 0 : utf8_state(due - 1, so_far + 1, 0x80, 0xbf);
}

/* An octet that is neither CR nor LF. */
static void take_plain(struct tally *t, uint8_t octet) {
  struct line_counts *counts = &t->counts;
  uint64_t offset = counts->offset;
  if (counts->column == 0 && octet == '.') note(counts, CTE_LINES_DOT, offset);
  if (counts->column == t->from && t->from < FROM_SIZE && octet == (uint8_t)from_line[t->from] && ++t->from == FROM_SIZE)
    note(counts, CTE_LINES_FROM, offset - (FROM_SIZE - 1));
  lengthen(counts, offset);
  if (octet == 0) note(counts, CTE_LINES_NUL, offset);
  if (octet > 127) note(counts, CTE_LINES_8BIT, offset);
  if (octet > 126 || (octet < 32 && octet != '\t') || octet == '=') note(counts, CTE_LINES_QP_ESCAPE, offset);
}

static void take(struct tally *t, uint8_t octet) {
  struct line_counts *counts = &t->counts;
  uint32_t last = counts->before & 255;
  check_utf8(counts, octet);
  if (last == '\r' && octet != '\n') settle_cr(counts);
  if (octet == '\n') {
    if (last == '\r') {
      counts->crlf++;
      note_trailing(counts, counts->before >> 8, counts->offset - 2);
    } else {
      note(counts, CTE_LINES_BARE_LF, counts->offset);
      note_trailing(counts, last, counts->offset - 1);
    }
    end_line(t);
  } else if (octet != '\r') {
    take_plain(t, octet);
  }
  counts->before = last << 8 | octet;
  counts->offset++;
}

/* The kernel counts from here: no CR, no UTF-8 character and no "From " is open. */
static bool settled(const struct tally *t) {
  bool within_from = t->from != 0 && t->from < FROM_SIZE && t->counts.column == t->from;
  return (t->counts.before & 255) != '\r' && t->counts.utf8 == 0 && !within_from;
}

/* Lets the kernel count, and makes the tally that of src[result). */
static size_t count_bulk(struct tally *t, const uint8_t *src, size_t n) {
  struct line_counts *counts = &t->counts;
  size_t read = cte_isa()->lines->count(src, n, counts);
  if (read == 0) return 0;
  counts->offset += read;
  /* A CR that the kernel read is bare and was counted: it is open no more. */
  uint32_t last = src[read - 1] == '\r' ? 0 : src[read - 1];
  counts->before = (read > 1 ? src[read - 2] : counts->before & 255u) << 8 | last;
  size_t column = counts->column < FROM_SIZE ? (size_t)counts->column : FROM_SIZE;
  /* A line that began before src was settled: it is not going to be a "From " line. */
  bool begins_here = column > 0 && column < FROM_SIZE && column <= read;
  t->from = begins_here && memcmp(src + read - column, from_line, column) == 0 ? (uint32_t)column : 0;
  return read;
}

static struct tally load(const cte_lines *lines) {
  struct tally t = {.counts = {.offset = lines->octets,
                               .lines = lines->lines,
                               .longest = lines->longest,
                               .crlf = lines->crlf,
                               .column = lines->private_line,
                               .before = lines->private_state[0],
                               .utf8 = lines->private_state[1]},
                    .from = lines->private_state[2]};
  memcpy(t.counts.count, lines->count, sizeof t.counts.count);
  memcpy(t.counts.first, lines->first, sizeof t.counts.first);
  return t;
}

static void store(cte_lines *lines, const struct tally *t) {
  lines->octets = t->counts.offset;
  lines->lines = t->counts.lines;
  lines->longest = t->counts.longest;
  lines->crlf = t->counts.crlf;
  lines->private_line = t->counts.column;
  lines->private_state[0] = t->counts.before;
  lines->private_state[1] = t->counts.utf8;
  lines->private_state[2] = t->from;
  memcpy(lines->count, t->counts.count, sizeof lines->count);
  memcpy(lines->first, t->counts.first, sizeof lines->first);
}

void cte_lines_init(cte_lines *lines) {
  memset(lines, 0, sizeof *lines);
  for (size_t k = 0; k < sizeof lines->first / sizeof lines->first[0]; k++) lines->first[k] = CTE_NO_OFFSET;
  lines->private_state[0] = NOTHING_BEFORE;
}

void cte_lines_update(cte_lines *lines, const void *src, size_t n) {
  if (n == 0) return;
  const uint8_t *text = src;
  struct tally t = load(lines);
  for (size_t i = 0; i < n;) {
    size_t within = 0;
    if (settled(&t)) {
      i += count_bulk(&t, text + i, n - i);
      within = CAUSE_WITHIN;
    }
    uint64_t not_utf8 = t.counts.count[CTE_LINES_NOT_UTF8];
    for (size_t passed = 0; i < n && !(passed > within && settled(&t)); passed++) {
      take(&t, text[i++]);
      /* Besides the end of src this is the only cause, and it was passed. */
      if (t.counts.count[CTE_LINES_NOT_UTF8] != not_utf8) within = 0;
    }
  }
  store(lines, &t);
}

void cte_lines_finish(cte_lines *lines) {
  struct tally t = load(lines);
  struct line_counts *counts = &t.counts;
  uint32_t last = counts->before & 255;
  if (counts->utf8 != 0) malformed(counts, character_start(counts));
  if (last == '\r') settle_cr(counts);
  note_trailing(counts, last, counts->offset - 1);
  if (counts->column > 0) {
    lines->unterminated = 1;
    end_line(&t);
  }
  counts->before = NOTHING_BEFORE;
  store(lines, &t);
}

/* ---- Validation ---- */

int32_t cte_lines_checker_init(struct lines_checker *state, uint32_t allowed) {
  static const uint32_t forbidden[] = {[CTE_LINES_ALLOW_7BIT] = KIND_BARE_CR | KIND_BARE_LF | KIND_NUL | KIND_RAW_8BIT,
                                       [CTE_LINES_ALLOW_8BIT] = KIND_BARE_CR | KIND_BARE_LF | KIND_NUL,
                                       [CTE_LINES_ALLOW_SMTP] = KIND_BARE_CR | KIND_BARE_LF};
  uint32_t octets = allowed & ~(uint32_t)CTE_LINES_LF_TEXT;
  if (octets > CTE_LINES_ALLOW_SMTP) return CTE_ERROR_ARGUMENT;
  *state = (struct lines_checker){.forbid = forbidden[octets]};
  if (allowed & CTE_LINES_LF_TEXT) state->forbid &= ~(uint32_t)KIND_BARE_LF;
  return CTE_OK;
}

/* The kind that the octet violates by itself, or 0; a CR that CRLF text may have was passed with its LF. */
static uint32_t violation(uint8_t octet, uint32_t forbid) {
  uint32_t kind = octet > 127 ? KIND_RAW_8BIT : 0;
  if (octet == 0) kind = KIND_NUL;
  if (octet == '\r') kind = KIND_BARE_CR;
  if (octet == '\n') kind = KIND_BARE_LF;
  return kind & forbid;
}

/* How much of a line end stands at the start of src[0..n). */
static size_t line_end(const uint8_t *src, size_t n, uint32_t forbid) {
  if (forbid & KIND_BARE_LF) return n >= 2 && src[0] == '\r' && src[1] == '\n' ? 2 : 0;
  return src[0] == '\n';
}

/* Checks one octet or line end: the octets passed, or 0 with `*kind` what it violates, or 0 with none: a CR must wait. */
static size_t check_one(struct lines_checker *c, const uint8_t *src, size_t n, bool last, uint32_t *kind) {
  size_t size = line_end(src, n, c->forbid);
  if (size > 0) {
    c->carry.column = 0;
    return size;
  }
  if (src[0] == '\r' && n == 1 && !last && c->forbid & KIND_BARE_LF) return 0;
  *kind = violation(src[0], c->forbid);
  if (*kind == 0 && c->carry.column == CTE_LINE_LIMIT) *kind = KIND_LINE_OVER_998;
  if (*kind != 0) return 0;
  c->carry.column++;
  return 1;
}

static struct step check(void *state, struct report *report, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                         bool last) {
  struct lines_checker *c = state;
  (void)dst;
  (void)cap;
  size_t i = 0;
  while (i < n) {
    i += cte_isa()->lines->check(src + i, n - i, c->forbid, &c->carry);
    for (size_t begin = i; i < n && i - begin <= CAUSE_WITHIN;) {
      uint32_t kind = 0;
      size_t passed = check_one(c, src + i, n - i, last, &kind);
      if (kind != 0) {
        report->error_offset = report->offset + i;
        report_anomaly(report, kind, report->error_offset);
        return (struct step){report_error(kind), i, 0};
      }
      if (passed == 0) return (struct step){CTE_OK, i, 0};
      i += passed;
    }
  }
  return (struct step){CTE_OK, i, 0};
}

const struct codec cte_lines_checker = {check, 1, NULL, 0};

cte_result cte_lines_check(const void *src, size_t n, uint32_t allowed) {
  struct lines_checker state;
  if (cte_lines_checker_init(&state, allowed) != CTE_OK) return refused();
  return one_shot(cte_lines_checker.step, &state, src, n, NULL, 0, (struct done){0, 0});
}

/* ---- The choice of an encoding ---- */

/* Sums and products that stay at UINT64_MAX. */
static uint64_t add(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b) {
  return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static bool taken_as_lf(const cte_lines *lines, uint32_t line_ends) {
  if (line_ends == CTE_LINES_AUTO) return lines->count[CTE_LINES_BARE_LF] > 0 && lines->crlf == 0;
  return line_ends == CTE_LINES_LF;
}

/* The CRs and LFs that are no line ends. Of LF text each CRLF is a bare CR and a line end. */
static uint64_t stray(const cte_lines *lines, bool lf) {
  return lines->count[CTE_LINES_BARE_CR] + (lf ? lines->crlf : lines->count[CTE_LINES_BARE_LF]);
}

static int32_t satisfied(const cte_lines *lines, bool lf) {
  if (stray(lines, lf) > 0 || lines->count[CTE_LINES_NUL] > 0 || lines->count[CTE_LINES_OVER_998] > 0)
    return CTE_ENCODING_BINARY;
  return lines->count[CTE_LINES_8BIT] > 0 ? CTE_ENCODING_8BIT : CTE_ENCODING_7BIT;
}

int32_t cte_lines_encoding(const cte_lines *lines, uint32_t line_ends) {
  if (line_ends > CTE_LINES_AUTO) return CTE_ERROR_ARGUMENT;
  return satisfied(lines, taken_as_lf(lines, line_ends));
}

/* Lines of 57 octets make lines of 76 characters and a CRLF. */
static uint64_t base64_size(uint64_t octets) {
  uint64_t rest = octets % 57;
  return add(times(octets / 57, 78), rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

/*
 * A bound of quoted-printable for `plain` octets of which `escaped` grow by two, besides `line_ends` hard line ends.
 *
 * They make plain + 2 escaped columns. A soft line break adds three octets, and ends an output line of at least 73 columns
 * besides its '=': where an escape of three did not fit in 75. What follows it in that input line is not empty. So there is
 * at most one for each 73 columns.
 * An input line of up to 76 octets that has e of them escaped makes at most 76 + 2e columns, hence at most (75 + 2e) / 73
 * soft line breaks, rounded down, and none when e is 0: never more than e. So if no input line is longer, there are at most
 * `escaped` soft line breaks.
 */
static uint64_t qp_bound(uint64_t plain, uint64_t escaped, uint64_t line_ends, bool short_lines) {
  uint64_t columns = add(plain, times(escaped, 2));
  uint64_t soft = columns / 73;
  if (short_lines && escaped < soft) soft = escaped;
  return add(add(columns, times(soft, 3)), times(line_ends, 2));
}

/* Text. What CTE_LINES_QP_ESCAPE counts is escaped, blanks before a stray LF needlessly; and so are stray CRs and LFs. */
static uint64_t qp_text_bound(const cte_lines *lines, bool lf) {
  uint64_t ends = lines->crlf + (lf ? lines->count[CTE_LINES_BARE_LF] : 0);
  uint64_t escaped = add(lines->count[CTE_LINES_QP_ESCAPE], lf ? lines->crlf : lines->count[CTE_LINES_BARE_LF]);
  uint64_t plain = lines->octets - (lf ? ends : 2 * ends);
  /* `longest` is right where the text's lines are those that were counted. */
  bool lines_agree = lf ? lines->crlf == 0 : lines->count[CTE_LINES_BARE_LF] == 0;
  return qp_bound(plain, escaped, ends, lines_agree && lines->longest <= CTE_COLUMNS_MIME);
}

/* Data: one line, in which each CR and LF is escaped; those of CRLFs, and LFs, are not in CTE_LINES_QP_ESCAPE. */
static uint64_t qp_data_bound(const cte_lines *lines, bool grows) {
  uint64_t ends = lines->crlf + lines->count[CTE_LINES_BARE_LF];
  uint64_t escaped = add(lines->count[CTE_LINES_QP_ESCAPE], ends + lines->crlf + (grows ? ends : 0));
  return qp_bound(add(lines->octets, grows ? ends : 0), escaped, 0, false);
}

cte_choice cte_lines_choose(const cte_lines *lines, uint32_t content, uint32_t transport, uint32_t line_ends) {
  if (content > CTE_CONTENT_OPAQUE || transport > CTE_TRANSPORT_BINARYMIME || line_ends > CTE_LINES_AUTO)
    return (cte_choice){.status = CTE_ERROR_ARGUMENT};
  /* Of data every octet matters: no LF may become CRLF. */
  bool lf = content != CTE_CONTENT_DATA && taken_as_lf(lines, line_ends);
  uint64_t lfs = lines->crlf + lines->count[CTE_LINES_BARE_LF];
  cte_choice choice = {.status = CTE_OK, .encoding = satisfied(lines, lf), .identity = add(lines->octets, lf ? lfs : 0)};
  choice.base64 = base64_size(choice.identity);
  choice.quoted_printable = content == CTE_CONTENT_TEXT ? qp_text_bound(lines, lf) : qp_data_bound(lines, lf);

  /* 7bit, 8bit and binary are numbered as the transports that carry them. */
  if ((uint32_t)choice.encoding <= transport) return choice;
  if (content == CTE_CONTENT_COMPOSITE || content == CTE_CONTENT_OPAQUE)
    choice.status = CTE_ERROR_UNSUPPORTED;
  else if (content == CTE_CONTENT_TEXT && choice.quoted_printable <= choice.base64)
    choice.encoding = CTE_ENCODING_QP;
  else
    choice.encoding = CTE_ENCODING_BASE64;
  return choice;
}

_Static_assert((int)CTE_ENCODING_7BIT == (int)CTE_TRANSPORT_7BIT && (int)CTE_ENCODING_8BIT == (int)CTE_TRANSPORT_8BITMIME &&
                   (int)CTE_ENCODING_BINARY == (int)CTE_TRANSPORT_BINARYMIME,
               "an encoding is carried by the transports that are not below it");
