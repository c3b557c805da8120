/* shared/quoted_printable_encode.h: quoted-printable encoding over blocks of 64 octets, written once for every vec.h. */
#ifndef CTE_SRC_SHARED_QUOTED_PRINTABLE_ENCODE_H
#define CTE_SRC_SHARED_QUOTED_PRINTABLE_ENCODE_H

#include "quoted_printable.h"

/* ---- Encoding: masks ---- */

#define LOOK     5         /* octets behind a block that are looked at: "From " may begin there, after a soft line break */
#define BLOCKS   2         /* that are expanded at once */
#define UNIT     12        /* columns of a character of UTF-8 at most: room for what follows a soft line break */
#define FEW      7         /* escapes of a block that is written as it is */
#define OFTEN    16        /* escapes that are many ... */
#define OFTEN_IN (10 * 64) /* ... in so many octets: from there on a block is written slower than it is expanded */
#define ROOM     (64 + 2 * FEW + 32 + 8) /* a block with FEW escapes, expand()'s slack, a soft line break and an escape */
#define LINE_IN  96                      /* octets of the scratch in which a line is looked for; a vector is loaded at 64 */
#define BEHIND   400                     /* octets of the scratch that two lines a block may fall behind */
#define SCRATCH  2560                    /* small beside the first cache; what is left is moved down each dozen blocks */

_Static_assert(SCRATCH >= LINE_IN + BLOCKS * 64 * 3, "what is expanded at once has room");

_Static_assert(64 + VEC <= LINE_IN, "a line and its line end are seen at once");

/* Row m has for each bit i, from the lowest, i; or where it is set a mark (0x80), i and 8 + i. */
#define PLAIN(i)  i
#define MARKED(i) 0x80, i, 8 + i
#define MARK_0(...)                                                                                                         \
  { __VA_ARGS__ }
#define MARK_1(...) MARK_0(PLAIN(0), __VA_ARGS__), MARK_0(MARKED(0), __VA_ARGS__)
#define MARK_2(...) MARK_1(PLAIN(1), __VA_ARGS__), MARK_1(MARKED(1), __VA_ARGS__)
#define MARK_3(...) MARK_2(PLAIN(2), __VA_ARGS__), MARK_2(MARKED(2), __VA_ARGS__)
#define MARK_4(...) MARK_3(PLAIN(3), __VA_ARGS__), MARK_3(MARKED(3), __VA_ARGS__)
#define MARK_5(...) MARK_4(PLAIN(4), __VA_ARGS__), MARK_4(MARKED(4), __VA_ARGS__)
#define MARK_6(...) MARK_5(PLAIN(5), __VA_ARGS__), MARK_5(MARKED(5), __VA_ARGS__)
#define MARK_7(...) MARK_6(PLAIN(6), __VA_ARGS__), MARK_6(MARKED(6), __VA_ARGS__)

static _Alignas(32) const uint8_t mark_rows[256][32] = {MARK_7(PLAIN(7)), MARK_7(MARKED(7))};

struct encoder {
  const struct qp_encode_params *params;
  struct line_ends ends;
  vec plain;
  uint64_t lone_changes, crlf_changes; /* line ends that come out otherwise than they came in: all ones or 0 */
  bool starts;
};

static inline struct encoder encoder_of(const struct qp_encode_params *params) {
  const unsigned ends = params->line_ends;
  const bool kept = ends == QP_KEEP || ends == QP_BINARY;
  return (struct encoder){
      .params = params,
      .ends = {ends == QP_LF || ends == QP_BINARY ? 0 : ALL, ends == QP_CRLF || ends == QP_BINARY ? 0 : ALL},
      .plain = vec_table(params->plain),
      .lone_changes = kept || params->line_end == 1 ? 0 : ALL,
      .crlf_changes = kept || params->line_end == 2 ? 0 : ALL,
      .starts = params->dot || params->from || params->dashes};
}

/* Five octets are seen. */
static inline bool escaped_at_start(const uint8_t *src, const struct qp_encode_params *params) {
  return (params->dot && src[0] == '.') || (params->dashes && src[0] == '-' && src[1] == '-') ||
         (params->from && memcmp(src, "From ", 5) == 0);
}

/* Those of `starts`, octets at the start of a line, that must be escaped. 64 + LOOK octets are seen. */
static inline uint64_t escaped_starts(const uint8_t *src, uint64_t starts, const struct qp_encode_params *params) {
  const struct block v = block_load(src);
  uint64_t escaped = 0;
  if (params->dot) escaped |= block_equal(v, vec_fill('.'));
  if (params->dashes) escaped |= block_pairs(v, vec_fill('-'), block_load(src + 1), vec_fill('-'));
  escaped &= starts;
  uint64_t from = params->from ? block_equal(v, vec_fill('F')) & starts : 0;
  for (; from; from &= from - 1)
    if (memcmp(src + mask_first(from), "From ", 5) == 0) escaped |= from & (0 - from);
  return escaped;
}

/* Line ends that come out otherwise than they came in. */
static inline uint64_t changes_of(const struct encoder *e, const struct text *t, uint64_t after_cr) {
  return (t->cr & e->crlf_changes) | (t->lf & ~(t->cr << 1 | after_cr) & e->lone_changes);
}

/* What is escaped in a block. at_start: 1 when src[0] begins a line. */
static inline uint64_t escapes_of(const struct encoder *e, const uint8_t *src, const struct text *t, uint64_t next,
                                  uint64_t at_start) {
  const uint64_t trailing = t->low & t->plain & (t->first >> 1 | next << 63);
  uint64_t escapes = trailing | ~(t->plain | t->cr | t->lf);
  if (e->starts) escapes |= escaped_starts(src, t->lf << 1 | at_start, e->params);
  return escapes;
}

/* ---- Encoding: blocks with few escapes ---- */

/* Stores a block, expanded; the end of it. Up to 32 octets behind it change. */
static inline uint8_t *expand(uint8_t *dst, const uint8_t *src, uint64_t escapes) {
  static const uint8_t digits[16] = "0123456789ABCDEF";
  const vec table = vec_table(digits);
  for (unsigned k = 0; k < 64; k += VEC) {
    const vec v = vec_load(src + k);
    const uint32_t mask = (uint32_t)(escapes >> k);
    const vec high = vec_look_up(table, vec_high_nibble(v)), low = vec_look_up(table, vec_and(v, vec_fill(15)));
    dst = vec_mark(dst, vec_blend(v, high, vec_from_mask(mask)), low, '=', mask, mark_rows);
  }
  return dst;
}

/* src[read] comes next, at dst[written], in this column. */
struct place {
  size_t read, written;
  uint32_t column;
};

static const uint8_t soft_breaks[3][4] = {{0}, {'=', '\n'}, {'=', '\r', '\n'}};

static inline size_t put_soft_break(uint8_t *dst, size_t line_end, const bool store) {
  if (store) memcpy(dst, soft_breaks[line_end], 4);
  return 1 + line_end;
}

static inline size_t put_escape(uint8_t *dst, uint8_t octet, const bool store) {
  if (store)
    dst[0] = '=', dst[1] = (uint8_t) "0123456789ABCDEF"[octet >> 4], dst[2] = (uint8_t) "0123456789ABCDEF"[octet & 15];
  return 3;
}

/*
 * How many of a block's octets fit into `columns`, of which more would not. Before the next escape, octets are columns.
 */
static inline size_t fitting(uint64_t escapes, size_t columns) {
  for (; escapes; escapes &= escapes - 1) {
    const size_t next = mask_first(escapes);
    if (next >= columns) break;
    if (next + 3 > columns) return next;
    columns -= 2;
  }
  return columns;
}

#if __GNUC__ >= 12
/*
 * Its analyzer follows encode_lf to here by a way on which insert_crs wrote nothing of `text`, but takes n, which is what it
 * wrote, for more than 0. All of text up to the end that insert_crs returned was written.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-use-of-uninitialized-value"
#endif
/* How many of src[0..n), less than a block and LOOK, are decided: whether they stand in or before a line end. */
static inline size_t decided(bool starts, const uint8_t *src, size_t n) {
  if (starts) return n < LOOK ? 0 : n - LOOK < 64 ? n - LOOK : 64;
  if (n > 0 && src[n - 1] == '\r') n--;
  if (n > 0 && blank(src[n - 1])) n--;
  return n < 64 ? n : 64;
}
#if __GNUC__ >= 12
#pragma GCC diagnostic pop
#endif

/* How blocks are written; where all of it is constant, nothing is asked. */
struct style {
  bool crlf;   /* line ends are CRLF and stay so; else LF */
  bool loose;  /* lone LFs end lines too */
  bool starts; /* something is escaped at the start of a line */
  bool whole;  /* no character is split */
  bool often;  /* where escapes are frequent, expansion is quicker: expand_simply() */
};

/* A block: what is escaped, the line ends' first octets; next: 1 when one begins behind it. */
struct octets {
  struct block v;
  uint64_t escapes, first, next;
  bool
      strange; /* what is not written as it is is among them, and among `escapes`: octets of characters, lone LFs that end lines */
};

/* `ahead` begins one octet behind the block v, which stands at src; LOOK octets behind it are seen. */
ALWAYS_INLINE struct octets octets_of(const struct qp_encode_params *params, struct style style, vec set, const uint8_t *src,
                                      struct block v, struct block ahead, uint64_t after_cr, uint64_t at_start) {
  const struct block plain = block_vec_within(v, set);
  const vec cr = vec_fill('\r'), lf = vec_fill('\n');
  const uint64_t first = style.crlf ? block_pairs(v, cr, ahead, lf) : block_equal(v, lf);
  const uint64_t next = style.crlf ? is_crlf(src + 64) : src[64] == '\n';
  const uint64_t trailing = block_blanks_before(v, plain, ahead, style.crlf ? cr : lf);
  const uint64_t lfs = style.crlf ? first << 1 | after_cr : first;
  uint64_t escapes = ~(block_mask(plain) | first | lfs) | (trailing & (first >> 1 | next << 63));
  if (style.starts) escapes |= escaped_starts(src, lfs << 1 | at_start, params);
  bool strange = style.whole && block_mask(v) != 0;
  if (style.loose) {
    const uint64_t lone = (block_equal(v, lf) & ~lfs) | (src[64] == '\n' && src[63] != '\r');
    strange |= lone != 0;
    escapes |= lone;
  }
  return (struct octets){v, escapes, first, next, strange};
}

/* Blocks on their way from src[read..n) to dst[written..cap). */
struct run {
  const struct qp_encode_params *params;
  const uint8_t *src;
  uint8_t *dst;
  size_t n, cap;
  size_t read, written;
  int column; /* -1 between CR and LF */
  bool store;
  unsigned escaped; /* in src[counted_from..read) */
  size_t counted_from;
};

/* Takes `taken` octets of a block that was stored, and begins a line. */
static inline void take_line(struct run *r, size_t taken, uint64_t escapes) {
  r->read += taken;
  r->written += taken + 2 * mask_count(escapes & below(taken));
  r->column = 0;
}

ALWAYS_INLINE void break_line(struct run *r, struct style style) {
  r->written += put_soft_break(r->store ? r->dst + r->written : r->dst, r->params->line_end, r->store);
  if (style.starts && escaped_at_start(r->src + r->read, r->params)) {
    r->written += put_escape(r->store ? r->dst + r->written : r->dst, r->src[r->read], r->store);
    r->read++;
    r->column = 3;
  }
}

/* Whether there is an escape and more in a block on the way, and there are blocks enough ahead to expand them all. */
static inline bool often_escaped(struct run *r, unsigned escaped) {
  r->escaped += escaped;
  if (r->escaped < OFTEN) return false;
  const bool often = r->read - r->counted_from <= OFTEN_IN && r->n - r->read >= 2 * OFTEN_IN;
  r->counted_from = r->read, r->escaped = 0;
  return often;
}

/*
 * Writes a block with few escapes, or a part of it to where a line must be cut; false when it has other escapes. Lines within
 * a block fit: 62 octets, of which no more than FEW are escaped. No more than ROOM is stored.
 */
ALWAYS_INLINE bool write_block(struct run *r, struct style style, const uint8_t *in, struct octets t, size_t count) {
  const int escaped = (int)mask_count(t.escapes), crlf = style.crlf;
  if (escaped > FEW || t.strange || (style.often && often_escaped(r, (unsigned)escaped))) return false;
  if (r->store) {
    if (t.escapes)
      expand(r->dst + r->written, in, t.escapes);
    else
      block_store(r->dst + r->written, t.v);
  }
  const int last = (int)mask_last(t.first | 1), before = 2 * (int)mask_count(t.escapes & (t.first ^ (t.first - 1)));
  const int end = r->column + (t.first ? (int)mask_first(t.first) : (int)count) + before;
  const int behind = t.first ? (int)count - 1 - crlf - last + 2 * (int)mask_count(t.escapes >> last) : end;
  if (end <= LINE && behind + 1 - (int)t.next <= LINE) {
    r->read += count;
    r->written += count + 2 * (size_t)escaped;
    r->column = behind;
  } else if (end <= LINE && t.first) { /* the last line is the one */
    take_line(r, (size_t)last + 1 + (size_t)crlf, t.escapes);
  } else if (end == LINE && r->n - r->read - count < 2) { /* what follows decides, and at most a CR of it is seen */
    r->n = r->read + count - 1;
  } else {
    take_line(r, r->column < LINE ? fitting(t.escapes, (size_t)LINE - 1 - (size_t)r->column) : 0, t.escapes);
    break_line(r, style);
  }
  return true;
}

/*
 * The last block, `count` octets of which are looked at, with zeros behind the text. It is put together in vectors: a load from
 * `tail` would wait for every store before it.
 */
ALWAYS_INLINE struct octets tail_octets(const struct run *r, struct style style, vec set, uint8_t *tail, uint64_t after_cr,
                                        size_t count) {
  uint8_t few[16] = {0};
  const uint8_t *src = r->src;
  size_t i = r->read, n = r->n;
  if (n < 16) {
    memcpy(few, src, n);
    src = few, n = 16;
  }
  const struct block v = block_load_part(src, n, i);
  block_store(tail, v);
  struct octets t = octets_of(r->params, style, set, tail, v, block_shift(v), after_cr, r->column == 0);
  t.next = t.first >> count & 1;
  t.first &= below(count), t.escapes &= below(count);
  return t;
}

/* The blocks without escapes, the last of them apart, up to one that is not; false when there is none. */
ALWAYS_INLINE bool write_plain(struct run *r, struct style style, vec set, uint64_t after_cr, struct octets *t) {
  const size_t stop = r->n - 64 - LOOK, room = r->cap - ROOM;
  size_t i = r->read, o = r->written;
  int column = r->column;
  bool found;
  do {
    const uint8_t *in = r->src + i;
    *t = octets_of(r->params, style, set, in, block_load(in), block_load(in + 1), after_cr, column == 0);
    const int end = column + (int)mask_length(t->first), fresh = 63 - (int)style.crlf - (int)mask_last(t->first | 1);
    const int behind = (int)choose(t->first != 0, (uint64_t)fresh, (uint64_t)end);
    found = t->escapes != 0 || ((LINE - end) | (LINE - 1 + (int)t->next - behind)) < 0;
    if (found) break;
    if (r->store) block_store(r->dst + o, t->v);
    i += 64, o += 64;
    column = behind;
    after_cr = style.crlf ? t->first >> 63 : 0;
  } while (i <= stop && o <= room);
  r->read = i, r->written = o, r->column = column;
  return found;
}

/* Blocks with few escapes. True when all that is decided was written. */
ALWAYS_INLINE bool write_blocks(const struct qp_encode_params *params, struct style style, struct place *at,
                                const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const bool store) {
  struct run r = {params, src, dst, n, cap, at->read, at->written, (int)at->column, store, 0, at->read};
  const vec set = vec_table(params->plain);
  uint8_t tail[64 + LOOK + VEC] = {0};
  uint64_t after_cr = 0;
  bool done = false;
  while (cap - r.written >= ROOM) {
    struct octets t;
    size_t count = 64;
    const uint8_t *in;
    if (r.n - r.read < 64 + LOOK) {
      const size_t left = r.n - r.read;
      count = decided(style.starts, src + r.read, left < 64 ? left : 64);
      done = count == 0;
      if (done) break;
      if (count > 62) count = 62; /* whether a line end follows is seen in the block */
      in = tail;
      t = tail_octets(&r, style, set, tail, after_cr, count);
    } else {
      const bool found = write_plain(&r, style, set, after_cr, &t);
      after_cr = r.column < 0;
      if (!found) continue;
      in = src + r.read;
    }
    if (!write_block(&r, style, in, t, count)) break;
    after_cr = r.column < 0;
  }
  if (r.column < 0) {
    if (store) dst[r.written] = '\n';
    r.read++, r.written++, r.column = 0;
  }
  *at = (struct place){r.read, r.written, (uint32_t)r.column};
  return done;
}

/* ---- Encoding: expansion ---- */

/*
 * Octets that were read and are to be folded: each stands for itself or as an escape, CR and LF in line ends only. octets[0]
 * begins a line of the output, of which the first `settled` octets were written before.
 */
struct scratch {
  uint8_t *octets;
  size_t end, settled;
};

struct expansion {
  uint64_t after_cr, at_start;
};

/* Expands up to BLOCKS blocks of src[*read..n), the last of them perhaps a part of one; how many escapes, where line ends change many. */
static inline unsigned expand_blocks(const struct encoder *e, struct expansion *x, const uint8_t *src, size_t n,
                                     size_t *read, struct scratch *scratch) {
  uint8_t tail[64 + LOOK + SLACK];
  uint8_t *end = scratch->octets + scratch->end;
  unsigned busy = 0;
  for (int k = 0; k < BLOCKS; k++) {
    const uint8_t *in = src + *read;
    const size_t left = n - *read;
    size_t count = 64;
    if (left < 64 + LOOK) {
      count = decided(e->starts, in, left);
      if (count == 0) break;
      memset(tail, 'x', sizeof tail);
      memcpy(tail, in, left);
      in = tail;
    }
    const struct text t = read_text(in, e->plain, e->ends, x->after_cr);
    const uint64_t escapes = escapes_of(e, in, &t, line_end_begins(in + 64, e->ends), x->at_start) & below(count);
    busy += changes_of(e, &t, x->after_cr) ? 64 : mask_count(escapes);
    end = expand(end, in, escapes) - (64 - count);
    *read += count;
    x->after_cr = t.cr >> (count - 1) & 1;
    x->at_start = t.lf >> (count - 1) & 1;
  }
  scratch->end = (size_t)(end - scratch->octets);
  return busy;
}

/* ---- Encoding: folding ---- */

/* `at` lies on no escape: the place itself, or where the escape begins that it would split. */
static inline size_t unit_start(const uint8_t *line, size_t at) {
  return at - (line[at - 1] == '=' ? 1 : 0) - (line[at - 2] == '=' ? 2 : 0);
}

static inline unsigned digit_value(uint8_t digit) {
  return digit - (digit <= '9' ? '0' : 'A' - 10u);
}

/* Inlined: gcc 12 takes a call that leaves vectors alone for one that cleans their upper halves, and sets no vzeroupper. */

/* The octets of the UTF-8 character that begins with an octet over 127 at `at`; 1: none; what is not seen may be one. */
__attribute__((always_inline)) static inline size_t character(const uint8_t *line, size_t at, size_t seen) {
  uint8_t octets[4] = {0, 0x80, 0x80, 0x80};
  size_t length = 4;
  for (size_t i = 0; i < length; i++, at += 3) {
    if (at + 3 > seen) return length;
    if (line[at] != '=') return 1;
    octets[i] = (uint8_t)(digit_value(line[at + 1]) << 4 | digit_value(line[at + 2]));
    if (i == 0) {
      if (octets[0] < 0xc2 || octets[0] > 0xf4) return 1;
      length = octets[0] < 0xe0 ? 2 : octets[0] < 0xf0 ? 3 : 4;
    } else {
      const uint8_t low = i > 1 ? 0x80 : octets[0] == 0xe0 ? 0xa0 : octets[0] == 0xf0 ? 0x90 : 0x80;
      const uint8_t high = i > 1 ? 0xbf : octets[0] == 0xed ? 0x9f : octets[0] == 0xf4 ? 0x8f : 0xbf;
      if (octets[i] < low || octets[i] > high) return 1;
    }
  }
  return length;
}

/* The last place up to `at`, the start of a unit, where no UTF-8 character is split. */
__attribute__((always_inline)) static inline size_t character_start(const uint8_t *line, size_t at, size_t seen) {
  for (size_t i = 1; i <= 3 && 3 * i <= at; i++) {
    const size_t start = at - 3 * i;
    if (line[start] != '=' || line[start + 1] < '8') return at;
    if (line[start + 1] >= 'C') return character(line, start, seen) > i ? start : at;
  }
  return at;
}

/* Where a line is cut that goes on behind `at`. */
static inline size_t cut_before(const struct encoder *e, const uint8_t *line, size_t at, size_t seen) {
  if (at < 2) return at == 1 && line[0] == '=' ? 0 : at;
  at = unit_start(line, at);
  return e->params->whole_utf8 ? character_start(line, at, seen) : at;
}

/* As escaped_at_start, of what is in the scratch: the blank of "From " may be escaped. */
static inline bool start_is_escaped(const uint8_t *line, const struct qp_encode_params *params) {
  return (params->dot && line[0] == '.') || (params->dashes && line[0] == '-' && line[1] == '-') ||
         (params->from && memcmp(line, "From", 4) == 0 && (line[4] == ' ' || memcmp(line + 4, "=20", 3) == 0));
}

/* Escapes an octet in place: the two before it were folded. */
static inline void escape_start(uint8_t *line) {
  put_escape(line - 2, line[0], true);
}

struct ends {
  uint64_t low;
  uint32_t high;
};

/* Where in the line, up to column LINE, an octet is. */
static inline struct ends ends_of(const uint8_t *line, vec octet) {
  return (struct ends){block_equal(block_load(line), octet),
                       vec_mask(vec_equal(vec_load(line + 64), octet)) & ((1u << (LINE + 1 - 64)) - 1)};
}

/* Whether line ends are of both kinds, or come out otherwise than they came in. */
static inline bool line_ends_differ(const struct encoder *e) {
  const unsigned ends = e->params->line_ends;
  return ends == QP_EITHER || ends == QP_KEEP || (e->lone_changes & e->ends.lone_lf) || (e->crlf_changes & e->ends.crlf);
}

/* Moves what begins at `from` to the front; the end of it. */
static inline uint8_t *move_down(uint8_t *to, const uint8_t *from, const uint8_t *end) {
  const size_t n = (size_t)(end - from);
  for (size_t k = 0; k < n; k += VEC) vec_store(to + k, vec_load(from + k));
  return to + n;
}

/*
 * Folds what is seen far enough: lines of up to 76 columns, or where there is no line end that near, the longest that fits.
 * Line ends that do not change need not all be looked at: the lines before the last are short enough. No branch depends
 * on the data.
 */
static inline void fold(const struct encoder *e, struct scratch *scratch, uint8_t *dst, size_t cap, size_t *written,
                        const bool store) {
  const struct qp_encode_params *params = e->params;
  const bool one_by_one = line_ends_differ(e);
  const vec end = vec_fill(e->ends.crlf ? '\r' : '\n');
  const size_t width = e->ends.crlf ? 2 : 1;
  uint8_t *line = scratch->octets;
  const uint8_t *stop = line + scratch->end;
  size_t o = *written, settled = scratch->settled;
  while (stop - line >= LINE_IN && cap - o >= LINE_IN + 4) {
    struct ends ends = ends_of(line, end);
    if (store) {
      block_store(dst + o, block_load(line + settled));
      vec_store(dst + o + 64, vec_load(line + settled + 64));
    }
    o -= settled;
    if (one_by_one) {
      const struct ends lf = ends_of(line, vec_fill('\n'));
      ends = (struct ends){ends.low | lf.low, ends.high | lf.high};
    }
    if ((ends.low | ends.high) == 0) {
      size_t cut = unit_start(line, LINE - 1);
      if (params->whole_utf8) cut = character_start(line, cut, LINE_IN);
      if (cut < settled) cut = settled;
      o += cut;
      o += put_soft_break(store ? dst + o : dst, params->line_end, store);
      line += cut;
      if (e->starts && start_is_escaped(line, params)) {
        escape_start(line);
        line -= 2;
      }
    } else if (one_by_one) {
      const size_t length = ends.low ? mask_first(ends.low) : 64 + mask_first(ends.high);
      const size_t in = line[length] == '\r' ? 2 : 1, out = params->line_ends == QP_KEEP ? in : params->line_end;
      if (store) memcpy(dst + (o + length), soft_breaks[out] + 1, 2);
      o += length + out;
      line += length + in;
    } else {
      const size_t length = ends.high ? 64 + mask_last(ends.high) : mask_last(ends.low);
      o += length + width;
      line += length + width;
    }
    settled = 0;
  }
  scratch->end = (size_t)(stop - line);
  scratch->settled = settled;
  *written = o;
  if (scratch->end >= LINE_IN)
    scratch->octets = line;
  else
    for (unsigned k = 0; k < LINE_IN; k += VEC) vec_store(scratch->octets + k, vec_load(line + k));
}

/* ---- Encoding: many escapes, no options ---- */

/* Where lines are folded: from `line` on to dst[written..). */
struct folding {
  const uint8_t *line;
  size_t written;
};

/*
 * One line, as fold() does it. No branch: what ends it cannot be foretold. A soft line break is stored always; where there
 * is none, behind the line.
 */
ALWAYS_INLINE void fold_line(struct folding *f, vec end, size_t width, size_t line_end, uint8_t *dst, const bool store) {
  const uint8_t *line = f->line;
  const struct ends ends = ends_of(line, end);
  const size_t cut = unit_start(line, LINE - 1);
  const bool hard = (ends.low | ends.high) != 0;
  size_t length = choose_size(ends.low != 0, mask_last(ends.low | 1), cut);
  length = choose_size(ends.high != 0, 64 + mask_last(ends.high | 1), length);
  if (store) {
    block_store(dst + f->written, block_load(line));
    vec_store(dst + f->written + 64, vec_load(line + 64));
    memcpy(dst + f->written + choose(hard, LINE_IN, cut), soft_breaks[line_end], 4);
  }
  f->line += length + choose(hard, width, 0);
  f->written += length + choose_size(hard, width, 1 + line_end);
}

/*
 * Blocks are expanded one by one while escapes are many, and two lines folded after each: how many lines a block makes
 * cannot be foretold either. Folding stays a block behind: a vector that was just stored in parts cannot be loaded at once.
 */
ALWAYS_INLINE void expand_freely(const struct encoder *e, const struct line_ends ends, const size_t soft,
                                 struct expansion *x, const uint8_t *src, size_t n, struct scratch *scratch,
                                 struct place *at, uint8_t *dst, size_t cap, const bool store) {
  const vec plain = e->plain, line_end = vec_fill(ends.crlf ? '\r' : '\n');
  const size_t width = ends.crlf ? 2 : 1;
  struct folding f = {scratch->octets, at->written};
  uint8_t *end = scratch->octets + scratch->end;
  size_t i = at->read;
  uint64_t after_cr = x->after_cr, at_start = x->at_start;
  unsigned blocks = 0, escaped = 0;
  while (n - i >= 64 + LOOK && cap - f.written >= 4 * LINE_IN) {
    if ((++blocks & 7) == 0) {
      if (escaped < OFTEN / 2) break;
      escaped = 0;
    }
    const uint8_t *before = end;
    const struct text t = read_text(src + i, plain, ends, after_cr);
    const uint64_t trailing = t.low & t.plain & (t.first >> 1 | line_end_begins(src + i + 64, ends) << 63);
    const uint64_t escapes = trailing | ~(t.plain | t.cr | t.lf);
    end = expand(end, src + i, escapes);
    i += 64;
    after_cr = t.cr >> 63;
    at_start = t.lf >> 63;
    escaped += mask_count(escapes);
    if (before - f.line >= LINE_IN + LINE + 2) {
      fold_line(&f, line_end, width, soft, dst, store);
      fold_line(&f, line_end, width, soft, dst, store);
    }
    while (before - f.line >= BEHIND && cap - f.written >= 4 * LINE_IN) fold_line(&f, line_end, width, soft, dst, store);
    if (end - scratch->octets > SCRATCH - BEHIND) {
      end = move_down(scratch->octets, f.line, end);
      f.line = scratch->octets;
    }
  }
  scratch->end = (size_t)(move_down(scratch->octets, f.line, end) - scratch->octets);
  *x = (struct expansion){after_cr, at_start};
  at->read = i;
  at->written = f.written;
}

/* As mail mostly is. */
__attribute__((noinline)) static void expand_simply(const struct encoder *e, struct expansion *x, const uint8_t *src,
                                                    size_t n, struct scratch *scratch, struct place *at, uint8_t *dst,
                                                    size_t cap) {
  expand_freely(e, (struct line_ends){ALL, 0}, 2, x, src, n, scratch, at, dst, cap, true);
}

/*
 * Writes what is left in the scratch exactly: whole lines, then of the open one what certainly stands on it; as far as there
 * is room. The octets whose place is not known, or for which there is no room, are given back.
 */
static inline void finish(const struct encoder *e, struct scratch *scratch, struct place *at, uint8_t *dst, size_t cap,
                          const bool store) {
  const struct qp_encode_params *params = e->params;
  const size_t sure = e->starts || params->whole_utf8 ? LINE + 12 : LINE + 1; /* seen: a line without its line end goes on */
  uint8_t *line = scratch->octets, *stop = line + scratch->end;
  size_t o = at->written, settled = scratch->settled, length;
  memset(stop, 'x', SLACK);
  for (;;) {
    const struct ends cr = ends_of(line, vec_fill('\r')), lf = ends_of(line, vec_fill('\n'));
    const uint64_t low = cr.low | lf.low;
    const uint32_t high = cr.high | lf.high;
    const bool hard = (low | high) != 0;
    const size_t seen = (size_t)(stop - line);
    const bool soft = !hard && seen >= sure;
    size_t in = 0, out = soft ? 1u + params->line_end : 0;
    if (hard) {
      length = low ? mask_first(low) : 64 + mask_first(high);
      in = line[length] == '\r' ? 2 : 1;
      out = params->line_ends == QP_KEEP || params->line_ends == QP_BINARY ? in : params->line_end;
    } else {
      length = cut_before(e, line, seen < LINE - 1 ? seen : LINE - 1, seen);
      if (length < settled) length = settled;
    }
    if (!(hard || soft) || length - settled + out + (soft ? UNIT : 0) > cap - o) break;
    if (store) {
      memcpy(dst + o, line + settled, length - settled);
      memcpy(dst + o + length - settled, soft_breaks[out - soft] + (hard ? 1 : 0), out);
    }
    o += length - settled + out;
    line += length + in;
    settled = 0;
    if (e->starts && soft && start_is_escaped(line, params)) {
      escape_start(line);
      line -= 2;
    }
  }
  if (length - settled > cap - o) {
    length = cut_before(e, line, settled + (cap - o), (size_t)(stop - line));
    if (length < settled) length = settled;
  }
  if (store) memcpy(dst + o, line + settled, length - settled);
  o += length - settled;
  for (line += length; line < stop; line += *line == '=' ? 3 : 1) at->read--;
  at->written = o;
  at->column = (uint32_t)length;
}

/* ---- Encoding ---- */

__attribute__((noinline)) static void expand_and_fold(const struct encoder *e, struct place *at, const uint8_t *src,
                                                      size_t n, uint8_t *dst, size_t cap, const bool store) {
  uint8_t octets[2 * SLACK + SCRATCH + SLACK];
  struct scratch scratch = {octets + SLACK, at->column, at->column};
  struct expansion x = {0, at->column == 0};
  const bool freely =
      store && e->params->line_ends == QP_CRLF && e->params->line_end == 2 && !e->starts && !e->params->whole_utf8;
  bool settled = true;
  size_t before;
  unsigned busy;
  memset(octets, 'x', 2 * SLACK);
  do {
    before = at->read;
    settled = scratch.settled == 0;
    if (freely && settled) expand_simply(e, &x, src, n, &scratch, at, dst, cap);
    busy = expand_blocks(e, &x, src, n, &at->read, &scratch);
    fold(e, &scratch, dst, cap, &at->written, store);
  } while ((busy > (e->params->whole_utf8 ? 0 : BLOCKS * FEW) || (freely && !settled)) && at->read != before &&
           scratch.end < LINE_IN);
  if (x.after_cr) {
    scratch.octets[scratch.end++] = '\n';
    at->read++;
  }
  finish(e, &scratch, at, dst, cap, store);
}

/* The encoder is set up when it is needed: short text with few escapes does without. */
__attribute__((noinline)) static void encode_dense(struct encoder *e, const struct qp_encode_params *params,
                                                   struct place *at, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                   const bool store) {
  if (e->params == NULL) *e = encoder_of(params);
  expand_and_fold(e, at, src, n, dst, cap, store);
}

/* By blocks where there are few escapes, else by expansion, in turns. */
ALWAYS_INLINE struct done encode_kept(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                      const struct qp_encode_params *params, uint32_t *column, bool by_blocks,
                                      struct style style, const bool store) {
  struct place at = {0, 0, *column};
  struct encoder e;
  size_t before;
  e.params = NULL;
  do {
    if (by_blocks && write_blocks(params, style, &at, src, n, dst, cap, store)) break;
    before = at.read;
    encode_dense(&e, params, &at, src, n, dst, cap, store);
  } while (at.read != before);
  *column = at.column;
  return (struct done){at.read, at.written};
}

/* ---- Encoding: short text ---- */

#define SHORT_MIN  66                            /* a block, and the line end that may follow it */
#define SHORT_MAX  128                           /* two blocks */
#define SHORT_ROOM (SHORT_MAX + 4 * FEW + 32)    /* where lines fit */
#define FOLD_ROOM  (3 * SHORT_MAX + 2 * LINE_IN) /* else: with soft line breaks, and what is stored behind a line */

/* Columns behind a block's first line, without its line end, and behind the block. */
struct columns {
  int end, behind;
};

/* CRLF ends lines. No branch. */
static inline struct columns columns_of(int column, uint64_t first, uint64_t escapes, size_t count) {
  const int last = (int)mask_last(first | 1), before = 2 * (int)mask_count(escapes & (first ^ (first - 1)));
  const uint64_t length = choose(first != 0, mask_first(first), count);
  const int end = column + (int)length + before, fresh = (int)count - 2 - last + 2 * (int)mask_count(escapes >> last);
  return (struct columns){end, (int)choose(first != 0, (uint64_t)fresh, (uint64_t)end)};
}

/*
 * Folds what was expanded at `text`, in this column, of src[0..read): as far as it is known where it stands. Before the
 * text, as far as the column says, nothing looks like CR or an escape.
 */
static inline struct done fold_short(uint8_t *text, uint8_t *end, size_t read, uint32_t *column, uint8_t *dst) {
  const vec cr = vec_fill('\r');
  const uint8_t *line = text - *column;
  size_t settled = *column, o = 0;
  for (unsigned k = 0; k < LINE_IN; k += VEC) vec_store(end + k, vec_fill('x'));
  for (;;) {
    const struct ends ends = ends_of(line, cr);
    const bool hard = (ends.low | ends.high) != 0;
    size_t left = (size_t)(end - line);
    const size_t low = mask_last(ends.low | 1), last = choose_size(ends.high != 0, 64 + mask_last(ends.high | 1), low);
    block_store(dst + o, block_load(line + settled));
    vec_store(dst + o + 64, vec_load(line + settled + 64));
    if (left == LINE && !hard) { /* what follows decides on the last octet */
      left -= end[-3] == '=' ? 3 : 1;
      read--;
    }
    if (left < LINE) {
      *column = (uint32_t)(left - choose(hard, last + 2, 0));
      return (struct done){read, o + left - settled};
    }
    size_t cut = unit_start(line, LINE - 1);
    cut = choose_size(cut < settled, settled, cut);
    const size_t length = choose_size(hard, last, cut) - settled;
    memcpy(dst + o + choose(hard, LINE_IN, cut - settled), "=\r\n", 4);
    line += settled + length + choose(hard, 2, 0);
    o += length + choose_size(hard, 2, 3);
    settled = 0;
  }
}

/*
 * CRLF text of one to two blocks, a record: both are read at once and expanded, and what is in both becomes the same in
 * both. Where lines fit and escapes are few that is all; else they are folded. False: nothing is done.
 */
ALWAYS_INLINE bool encode_short(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                const struct qp_encode_params *params, uint32_t *column, struct done *done) {
  static const uint8_t nothing[SHORT_MIN] = {0};
  uint8_t scratch[LINE_IN + 3 * SHORT_MAX + 2 * LINE_IN];
  const struct style style = {.crlf = true};
  const vec set = vec_table(params->plain);
  const size_t shared = SHORT_MAX - n;
  const struct block v = block_load(src), w = block_load(src + (n - 64));
  const struct octets a = octets_of(params, style, set, src, v, block_load(src + 1), 0, 0);
  struct octets b = octets_of(params, style, set, nothing, w, block_shift(w), a.first >> (n - 65) & 1, 0);
  size_t end = n - (src[n - 1] == '\r');
  end -= blank(src[end - 1]);
  b.escapes &= ALL >> (n - end);
  const struct columns x = columns_of((int)*column, a.first, a.escapes, 64);
  const struct columns y = columns_of(x.behind, b.first >> shared, b.escapes >> shared, end - 64);
  const int few = FEW - (int)mask_count(a.escapes), few_more = FEW - (int)mask_count(b.escapes >> shared);
  const bool fits =
      ((LINE - x.end) | (LINE - 1 + (int)a.next - x.behind) | (LINE - y.end) | (LINE - 1 - y.behind) | few | few_more) >= 0;
  uint8_t *to = dst;
  if (!fits) {
    if (cap < FOLD_ROOM) return false;
    to = scratch + LINE_IN;
    for (unsigned k = 0; k < LINE_IN; k += VEC) vec_store(scratch + k, vec_fill('x'));
  }
  const size_t more = 2 * (size_t)mask_count(a.escapes), written = end + more + 2 * (size_t)mask_count(b.escapes >> shared);
  if ((a.escapes | b.escapes) == 0) {
    block_store(to, v);
    block_store(to + (n - 64), w);
  } else {
    expand(to, src, a.escapes);
    expand(to + (n - 64) + (more - 2 * (size_t)mask_count(a.escapes >> (n - 65) >> 1)), src + (n - 64), b.escapes);
  }
  if (fits)
    *column = (uint32_t)y.behind, *done = (struct done){end, written};
  else
    *done = fold_short(to, to + written, end, column, dst);
  return true;
}

/* As mail mostly is: CRLF text, no options. */
__attribute__((noinline)) static struct done encode_simple(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                           const struct qp_encode_params *params, uint32_t *column) {
  struct done done;
  if (n - SHORT_MIN <= SHORT_MAX - SHORT_MIN && cap >= SHORT_ROOM && encode_short(src, n, dst, cap, params, column, &done))
    return done;
  return encode_kept(src, n, dst, cap, params, column, true, (struct style){.crlf = true, .often = true}, true);
}

__attribute__((noinline)) static struct done encode_styled(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                           const struct qp_encode_params *params, uint32_t *column,
                                                           bool store) {
  const unsigned ends = params->line_ends;
  const struct style style = {
      .crlf = ends != QP_LF,
      .loose = ends == QP_EITHER || ends == QP_KEEP,
      .starts = params->dot || params->from || params->dashes,
      .whole = params->whole_utf8,
  };
  const bool by_blocks = ends == QP_KEEP || (ends != QP_BINARY && params->line_end == (style.crlf ? 2 : 1));
  return encode_kept(src, n, dst, cap, params, column, by_blocks, style, store);
}

/* Octets of CRLF text that are made of LF text at once: 8 KiB of stack have room for no more, of 32-bit x86 for less. */
enum { PART = sizeof(void *) < 8 ? 1280 : 2560 };

/* LF in, CRLF out: part by part CRLF text is made of it, in which no line end changes. What of a part is left is read again. */
static struct done encode_lf(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_encode_params *params,
                             uint32_t *column, const bool store) {
  struct qp_encode_params crlf = *params;
  struct done done = {0, 0};
  uint8_t text[PART + SLACK];
  crlf.line_ends = QP_CRLF;
  for (;;) {
    const size_t left = n - done.read;
    size_t part = part_for(left, cap - done.written);
    const uint8_t *end = insert_crs(text, PART, src + done.read, &part, true);
    const struct done some = encode_styled(text, (size_t)(end - text), store ? dst + done.written : dst, cap - done.written,
                                           &crlf, column, store);
    done.read += place_in_source(src + done.read, part, true, text + some.read, end);
    done.written += some.written;
    if (some.read == 0 || part == left) return done;
  }
}

static struct done encode_stored(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                 const struct qp_encode_params *params, uint32_t *column) {
  if (params->simple) return encode_simple(src, n, dst, cap, params, column);
  const bool lf_to_crlf = params->line_ends == QP_LF && params->line_end == 2;
  return (lf_to_crlf ? encode_lf : encode_styled)(src, n, dst, cap, params, column, true);
}

static struct done encode_counted(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  const bool lf_to_crlf = params->line_ends == QP_LF && params->line_end == 2;
  return (lf_to_crlf ? encode_lf : encode_styled)(src, n, NULL, SIZE_MAX, params, column, false);
}

#endif
