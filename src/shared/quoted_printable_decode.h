/* shared/quoted_printable_decode.h: quoted-printable decoding over blocks of 64 octets, written once for every vec.h. */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_DECODE_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_DECODE_H

#include "quoted_printable.h"

/* ---- Decoding ---- */

#define BLANKS 1024 /* a longer run is left */
#define AHEAD  2    /* octets behind a block that are looked at: those of an escape */

/* Row m lists the bits that are set in it, from the lowest: octet k of the row is the k-th. */
#define KEEP_1(row) row, (row) << 8
#define KEEP_2(row) KEEP_1(row), KEEP_1((row) << 8 | 1)
#define KEEP_3(row) KEEP_2(row), KEEP_2((row) << 8 | 2)
#define KEEP_4(row) KEEP_3(row), KEEP_3((row) << 8 | 3)
#define KEEP_5(row) KEEP_4(row), KEEP_4((row) << 8 | 4)
#define KEEP_6(row) KEEP_5(row), KEEP_5((row) << 8 | 5)
#define KEEP_7(row) KEEP_6(row), KEEP_6((row) << 8 | 6)
#define KEEP_8(row) KEEP_7(row), KEEP_7((row) << 8 | 7)

static const uint64_t keep_rows[256] = {KEEP_8(UINT64_C(0))};

/* Sets for vec_within(): what stands for itself; the controls too, CR and LF not; CR; the digits of an escape. */
static const uint8_t literal_octets[16] = {0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc,
                                           0xfc, 0xfd, 0xfc, 0xfc, 0xfc, 0xf4, 0xfc, 0x7c};
static const uint8_t control_octets[16] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 3, 2, 3, 0x83};
static const uint8_t cr_octet[16] = {[13] = 1};
static const uint8_t upper_digits[16] = {0x08, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x08, 0x08, 0x08};
static const uint8_t lower_digits[16] = {0, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40};

struct decoder {
  uint32_t recorded;
  struct line_ends ends;
  vec literals, digits;
  uint64_t high;    /* all ones: octets over 127 are literals */
  uint64_t drop_cr; /* all ones: CRLF becomes LF */
};

static inline struct decoder decoder_of(const struct qp_decode_params *params) {
  const uint32_t recorded = params->recorded;
  vec literals = vec_table(literal_octets), digits = vec_table(upper_digits);
  if (recorded & KIND_RAW_CONTROL) literals = vec_or(literals, vec_table(control_octets));
  if (recorded & KIND_BARE_CR) literals = vec_or(literals, vec_table(cr_octet));
  if (recorded & KIND_LOWER_CASE_HEX) digits = vec_or(digits, vec_table(lower_digits));
  return (struct decoder){.recorded = recorded,
                          .ends = {ALL, recorded & KIND_BARE_LF ? ALL : 0},
                          .literals = literals,
                          .digits = digits,
                          .high = recorded & KIND_RAW_8BIT ? ALL : 0,
                          .drop_cr = params->line_end == 1 ? ALL : 0};
}

/* No branch: which kind of digit it is cannot be foretold. */
static inline bool hex_digit(uint8_t octet, bool lower) {
  const unsigned letter = (lower ? octet & ~0x20u : octet) - 'A';
  return (octet - (unsigned)'0' < 10) | (letter < 6);
}

/* Values of hexadecimal digits, in both cases; of other octets anything below 80. */
static inline vec digit_values(vec v) {
  const vec low = vec_and(v, vec_fill(0x4f)); /* 0..9, or 0x41 and up, 55 too much */
  return vec_min(low, vec_sub(low, vec_fill(55)));
}

/*
 * Stores a block's octets whose bits are set in `keep`, each '=' among them as the octet that its escape stands for; the end
 * of them. Not over 64 octets change, and in place only such as lie below what was loaded.
 */
static inline uint8_t *put_decoded(uint8_t *dst, const uint8_t *src, uint64_t keep) {
  for (unsigned k = 0; k < 64; k += VEC) {
    const vec high = digit_values(vec_load(src + k + 1)), low = digit_values(vec_load(src + k + 2));
    const vec value = vec_or(vec_to_high_nibble(high), low);
    const vec v = vec_load(src + k), decoded = vec_blend(v, value, vec_equal(v, vec_fill('=')));
    dst = vec_keep(dst, decoded, (uint32_t)(keep >> k), keep_rows);
  }
  return dst;
}

/* src[read] comes next, at dst[written]. */
struct decoding {
  size_t read, written;
  uint64_t line;     /* where in src the open line begins, modulo 2^64 */
  uint64_t gone;     /* bits: octets at src[read] that belong to an escape or a soft line break before */
  uint64_t after_cr; /* 1: src[read] is the LF of a line end whose CR was read */
};

/* Where '=' stands: all, those of escapes, of soft line breaks, and those of them with CRLF. */
struct equals {
  uint64_t all, escapes, soft, soft_crlf;
};

/* True when the run of blanks at src[0..n), `before` octets of it before src, ends at something else than a line end. */
static bool goes_on(const uint8_t *src, size_t n, size_t before) {
  size_t i = 0;
  while (i < n && before + i <= BLANKS && blank(src[i])) i++;
  if (i == n || before + i > BLANKS || src[i] == '\n') return false;
  return src[i] != '\r' || (i + 1 < n && src[i + 1] != '\n');
}

/* True when the spaces at src are followed soon by something else than a blank or line end. VEC octets are seen. */
static inline bool word_follows(const uint8_t *src) {
  const uint32_t others = ~vec_mask(vec_equal(vec_load(src), vec_fill(' '))) | 1u << (VEC - 1);
  return src[__builtin_ctz(others)] > ' ';
}

/* Blanks before a line end, any: those that vanish, and in *stop those that are not to be decided here. */
static inline uint64_t trailing_blanks(const struct decoder *d, const uint8_t *in, const uint8_t *src, size_t n,
                                       uint64_t ends, uint64_t *stop) {
  const struct block v = block_load(in);
  const uint64_t blanks = block_equal(v, vec_fill(' ')) | block_equal(v, vec_fill('\t'));
  uint64_t runs = blanks & ends >> 1, more;
  while ((more = blanks & runs >> 1 & ~runs) != 0) runs |= more;
  if (blanks >> 63) {
    const size_t start = ~blanks ? mask_last(~blanks) + 1 : 0;
    if (n < 64 || !goes_on(src + 64, n - 64, 64 - start)) *stop |= UINT64_C(1) << start;
  }
  if (d->recorded & KIND_TRAILING_WHITE_SPACE) return runs;
  *stop |= runs;
  return 0;
}

/* The '=' of escapes and of soft line breaks. 64 + AHEAD octets are seen. */
static inline struct equals find_equals(const struct decoder *d, const struct text *t, const uint8_t *in) {
  const bool lower = d->recorded & KIND_LOWER_CASE_HEX;
  const struct block v = block_load(in);
  const uint64_t all = block_equal(v, vec_fill('=')), low_digits = block_within(block_load(in + 2), d->digits);
  const uint64_t high_digits = low_digits << 1 | hex_digit(in[1], lower);
  const uint64_t crlf = is_crlf(in + 64), next = line_end_begins(in + 64, d->ends);
  return (struct equals){.all = all,
                         .escapes = all & high_digits & low_digits,
                         .soft = all & (t->first >> 1 | next << 63),
                         .soft_crlf = all & (t->cr >> 1 | crlf << 63)};
}

/* What of a block is written: of an escape the first octet, of a soft line break none. */
static inline uint64_t kept(const struct decoder *d, const struct decoding *at, const struct text *t,
                            const struct equals *q) {
  return ~(q->escapes << 1 | q->escapes << 2 | q->soft | q->soft << 1 | q->soft_crlf << 2 | at->gone | (t->cr & d->drop_cr));
}

/* What a block that was taken whole leaves to the next one. */
static inline void pass_block(struct decoding *at, const struct text *t, const struct equals *q) {
  at->line = choose(t->first != 0, at->read + last_line(t), at->line);
  at->read += 64;
  at->gone = q->escapes >> 63 | q->escapes >> 62 | q->soft >> 63 | q->soft_crlf >> 62;
  at->after_cr = t->cr >> 63;
}

/* Where an octet over 76 on its line stands in the block; the '=' of an escape that goes on behind it counts too. */
static inline uint64_t over_76(const struct decoding *at, const struct text *t, uint64_t escapes) {
  const uint64_t column = at->read - at->line, hangs = (escapes >> 63) * 2 + (escapes >> 62 & 1);
  const int64_t length = t->first ? mask_first(t->first) : (int64_t)(64 + hangs);
  if ((int64_t)column + length <= LINE) return 0;
  const uint64_t over = LINE - column;
  return over < 64 ? UINT64_C(1) << over : escapes & UINT64_C(3) << 62;
}

/* What is not done by blocks: '=' that is none of an escape, blanks behind '=', a run of blanks that a block cuts. */
static struct done decode_unit(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t column, uint32_t recorded) {
  const struct done none = {0, 0};
  const uint64_t reach = recorded & KIND_LINE_OVER_76 ? ALL : column < LINE ? LINE - column : 0;
  const size_t equals = n > 0 && src[0] == '=';
  size_t end = equals;
  while (end < n && end - equals <= BLANKS && blank(src[end])) end++;
  if (end == 0 || n - end < 2 || end - equals > BLANKS || end > reach) return none;
  const size_t line_end = src[end] == '\n' ? 1 : src[end] == '\r' && src[end + 1] == '\n' ? 2 : 0;
  if (line_end == 0) {
    const bool escape = equals && hex_digit(src[1], true) && hex_digit(src[2], true);
    if (!equals || escape || !(recorded & KIND_BAD_ESCAPE) || cap == 0) return none;
    dst[0] = '=';
    return (struct done){1, 1};
  }
  if ((end > equals && !(recorded & KIND_TRAILING_WHITE_SPACE)) || (equals && line_end == 1 && !(recorded & KIND_BARE_LF)))
    return none;
  return (struct done){equals ? end + line_end : end, 0};
}

/* How many of src[0..n) are decided, in spite of what follows. */
static inline size_t decodable(const uint8_t *src, size_t n) {
  size_t end = n;
  if (end > 0 && src[end - 1] == '\r') end--;
  while (end > 0 && blank(src[end - 1])) end--;
  if (end > 0 && src[end - 1] == '=') return end - 1;
  return end == n && end > 1 && src[end - 2] == '=' ? end - 2 : end;
}

/*
 * The '=' of bad escapes, that stand for themselves: those behind which neither digits stand nor what may belong to a soft
 * line break.
 */
static inline uint64_t literal_equals(const uint8_t *in, uint64_t equals) {
  uint64_t literals = 0;
  for (; equals; equals &= equals - 1) {
    const uint8_t *next = in + mask_first(equals) + 1;
    const bool other = !blank(next[0]) && next[0] != '\r' && next[0] != '\n';
    if (other && !(hex_digit(next[0], true) && hex_digit(next[1], true))) literals |= equals & (0 - equals);
  }
  return literals;
}

/*
 * Takes what can be of a block's first `count` octets; false when it is not all of 64. in: src[0..n), or a copy of its end.
 * The room is count + 1.
 */
static bool decode_slowly(const struct decoder *d, struct decoding *at, const uint8_t *in, const uint8_t *src, size_t n,
                          uint8_t *dst, size_t count) {
  struct text t = read_text(in, d->literals, d->ends, at->after_cr);
  if (d->high) t.plain |= block_mask(block_load(in));
  const struct equals q = find_equals(d, &t, in);
  const uint64_t after = t.cr << 1 | at->after_cr, lone = block_equal(block_load(in), vec_fill('\n')) & ~after;
  const uint64_t others = q.all & ~(q.escapes | q.soft);
  uint64_t literals = d->recorded & KIND_BAD_ESCAPE && others ? literal_equals(in, others) : 0;
  uint64_t stop = ~(t.plain | t.cr | t.lf | q.escapes | q.soft | literals) | ~below(count), lf = t.lf;
  uint64_t keep = kept(d, at, &t, &q) & ~trailing_blanks(d, in, src, n, t.first | lone, &stop);
  uint8_t octets[64 + SLACK];
  if (!(d->recorded & KIND_LINE_OVER_76)) stop |= over_76(at, &t, q.escapes);
  size_t taken = 64;
  if (stop) {
    const uint64_t joined = q.escapes << 1 | q.escapes << 2 | q.soft << 1 | q.soft_crlf << 2 | after;
    const size_t least = at->gone >> 1 ? 2 : at->gone | at->after_cr;
    taken = mask_first(stop);
    while (taken > 0 && joined >> taken & 1) taken--;
    if (taken < least) taken = least;
    keep &= below(taken);
    lf &= below(taken);
  }
  const size_t length = (size_t)(put_decoded(octets, in, keep) - octets);
  for (literals &= keep; literals; literals &= literals - 1)
    octets[mask_count(keep & ((literals ^ (literals - 1)) >> 1))] = '=';
  memcpy(dst + at->written, octets, length);
  at->written += length;
  if (!stop) {
    pass_block(at, &t, &q);
    return true;
  }
  if (lf) at->line = at->read + mask_last(lf) + 1;
  at->read += taken;
  at->gone = at->after_cr = 0;
  return false;
}

/*
 * Decodes blocks in which escapes and soft line breaks are all there is to do, and no line is over `width`. VEC octets
 * behind a block are seen: word_follows() looks at them.
 */
static inline void decode_blocks(const struct decoder *d, struct decoding *place, const uint8_t *src, size_t n, uint8_t *dst,
                                 size_t cap) {
  const int64_t width = d->recorded & KIND_LINE_OVER_76 ? INT64_MAX : LINE;
  struct decoding at = *place;
  bool equals = true; /* whether the block has a '='; found out a block ahead, so that a wrong guess costs less */
  while (n - at.read >= 64 + VEC && cap - at.written >= 64 + 1) {
    const uint8_t *in = src + at.read;
    const bool busy = equals;
    equals = block_has(block_load(in + (n - at.read >= 128 ? 64 : 0)), vec_fill('='));
    struct text t = read_text(in, d->literals, d->ends, at.after_cr);
    if (d->high) t.plain |= block_mask(block_load(in));
    uint64_t work = t.low & t.plain & (t.first >> 1 | (uint64_t)!word_follows(in + 64) << 63);
    const uint64_t special = ~(t.plain | t.cr | t.lf);
    const int64_t column = (int64_t)(at.read - at.line);
    if (!busy && (special | work | at.gone | (t.cr & d->drop_cr)) == 0 && column + mask_length(t.first) <= width) {
      const struct equals none = {0, 0, 0, 0};
      block_store(dst + at.written, block_load(in));
      at.written += 64;
      pass_block(&at, &t, &none);
      continue;
    }
    if (work) break;
    const struct equals q = find_equals(d, &t, in);
    const unsigned hangs = (unsigned)(q.escapes >> 63) * 2 + (unsigned)(q.escapes >> 62 & 1);
    if ((q.escapes | q.soft) != special || column + mask_length(t.first) + (t.first ? 0 : hangs) > width) break;
    at.written = (size_t)(put_decoded(dst + at.written, in, kept(d, &at, &t, &q)) - dst);
    pass_block(&at, &t, &q);
  }
  *place = at;
}

/* Any block, the last octets, and what is not done by blocks; false when nothing more can be done. */
static bool decode_rest(const struct decoder *d, struct decoding *at, const uint8_t *src, size_t n, uint8_t *dst,
                        size_t cap) {
  uint8_t tail[64 + SLACK];
  const uint8_t *in = src + at->read;
  const size_t before = at->read, left = n - before, fits = cap - at->written;
  size_t count = 64;
  if (left < 64 + AHEAD) {
    memset(tail, 'x', sizeof tail);
    if (left > 0) memcpy(tail, in, left);
    count = decodable(in, left);
    in = tail;
  }
  if (count > fits) count = fits;
  if (count == 64 && fits == 64) count = 63; /* a whole block may end within a line end */
  if (decode_slowly(d, at, in, src + before, left, dst, count)) return true;
  const struct done unit =
      decode_unit(src + at->read, n - at->read, dst + at->written, cap - at->written, at->read - at->line, d->recorded);
  at->read += unit.read;
  at->written += unit.written;
  if (unit.read > 0 && src[at->read - 1] == '\n') at->line = at->read;
  return at->read > before;
}

static struct done decode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                               uint64_t *column) {
  const struct decoder d = decoder_of(params);
  struct decoding at = {0, 0, 0 - *column, 0, 0};
  do decode_blocks(&d, &at, src, n, dst, cap);
  while (decode_rest(&d, &at, src, n, dst, cap));
  *column = at.read - at.line;
  return (struct done){at.read, at.written};
}

/* LF becomes CRLF: part by part, before it is decoded. */
static struct done decode_lf(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                             uint64_t *column) {
  uint8_t text[2 * PART + SLACK];
  struct done done = {0, 0};
  for (;;) {
    const size_t left = n - done.read;
    const size_t part = left < PART ? left : PART;
    const uint8_t *end = insert_crs(text, src + done.read, part, false);
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
