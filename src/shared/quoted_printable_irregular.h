/*
 * shared/quoted_printable_irregular.h: decoding whatever else a block of quoted-printable holds, as far as its anomalies were
 * reported before; slower.
 */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_IRREGULAR_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_IRREGULAR_H

#include "quoted_printable_regular.h"

#define BLANKS 1024 /* a longer run is left */
#define AHEAD  2    /* octets behind a block that are looked at: those of an escape */

/* No branch: which kind of digit it is cannot be foretold. */
static inline bool hex_digit(uint8_t octet, bool lower) {
  const unsigned letter = (lower ? octet & ~0x20u : octet) - 'A';
  return (octet - (unsigned)'0' < 10) | (letter < 6);
}

/*
 * Stores a block's octets whose bits are set in `keep`, each '=' among them as the octet that its escape stands for; the end
 * of them. Not over 64 octets change, and in place only such as lie below what was loaded.
 */
static inline uint8_t *put_decoded(uint8_t *dst, const uint8_t *src, uint64_t keep) {
  vec decoded[64 / VEC];
  for (unsigned k = 0; k < 64; k += VEC) {
    const vec high = digit_values(vec_load(src + k + 1)), low = digit_values(vec_load(src + k + 2));
    const vec value = vec_or(vec_to_high_nibble(high), low), v = vec_load(src + k);
    decoded[k / VEC] = vec_blend(v, value, vec_equal(v, vec_fill('=')));
  }
  return block_keep(dst, decoded, keep, keep_rows);
}

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

static inline struct line_ends line_ends_of(const struct decoder *d) {
  return (struct line_ends){ALL, d->recorded & KIND_BARE_LF ? ALL : 0};
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
  const vec upper = vec_table(upper_digits), digits = lower ? vec_or(upper, vec_table(lower_digits)) : upper;
  const struct block v = block_load(in);
  const uint64_t all = block_equal(v, vec_fill('=')), low_digits = block_within(block_load(in + 2), digits);
  const uint64_t high_digits = low_digits << 1 | hex_digit(in[1], lower);
  const uint64_t crlf = is_crlf(in + 64), next = line_end_begins(in + 64, line_ends_of(d));
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
  struct text t = read_text(in, literals_of(d), line_ends_of(d), at->after_cr);
  t.plain |= raw_8bit(d, block_load(in));
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
    const size_t least = at->gone >> 1 ? 2 : (size_t)(at->gone | at->after_cr);
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

#endif
