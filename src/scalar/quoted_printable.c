/*
 * scalar/quoted_printable.c: quoted-printable without vectors. Plain octets go eight at a time through a 64-bit word, the
 * rest by tables; line ends, soft line breaks and blanks before a line end are handled inside.
 */
#include <string.h>

#include "../kernels.h"

#define LINE 76
#define ONES 0x0101010101010101u

/* Eight octets, the first the lowest, on every machine: carries in a word then run towards later octets only. */
static inline uint64_t load(const uint8_t *src) {
  return (uint64_t)src[0] | (uint64_t)src[1] << 8 | (uint64_t)src[2] << 16 | (uint64_t)src[3] << 24 |
         (uint64_t)src[4] << 32 | (uint64_t)src[5] << 40 | (uint64_t)src[6] << 48 | (uint64_t)src[7] << 56;
}

static inline void copy8(uint8_t *dst, const uint8_t *src) {
  uint64_t word;
  memcpy(&word, src, 8);
  memcpy(dst, &word, 8);
}

static inline void copy16(uint8_t *dst, const uint8_t *src) {
  uint8_t octets[16];
  memcpy(octets, src, 16);
  memcpy(dst, octets, 16);
}

/*
 * Bit 7 of each octet that is below SP, '=' or DEL. Exact up to the first of them, which is all that is asked; an octet
 * over 127 may be among them.
 */
static inline uint64_t special(uint64_t word) {
  return (word - ONES * ' ') | ((word ^ ONES * '=') - ONES) | (word + ONES);
}

static inline unsigned first_octet(uint64_t bits) {
  return (unsigned)__builtin_ctzll(bits) / 8;
}

static inline bool blank(uint8_t octet) {
  return octet == ' ' || octet == '\t';
}

/* ---- Blocks ---- */

#define BLOCK 64

/*
 * A bit for each of 64 octets: below SP, '=', DEL or over 127. Exact up to the first that is over 127: no sum carries
 * before that. The product moves bit 8 k + 7 to bit 56 + k.
 */
static inline uint64_t specials(const uint8_t *src) {
  uint64_t bits = 0;
  for (unsigned i = 0; i < BLOCK; i += 8) {
    const uint64_t word = load(src + i);
    const uint64_t plain = (word + ONES * (128 - ' ')) & ((word ^ ONES * '=') + ONES * 127);
    const uint64_t found = (~plain | (word + ONES) | word) & ONES * 128;
    bits |= (found * 0x0002040810204081u >> 56) << i;
  }
  return bits;
}

/* ---- Encoding ---- */

#define LOOK       8   /* octets that place_unit() looks at: a character of 4 octets and CRLF, "From " */
#define ENCODE_CAP 128 /* the most that one turn of encode()'s loop stores: 7 octets, then at most a line */

/* The octets of the line end at src, of which two are seen; 0 when none stands there. */
static inline size_t text_line_end(unsigned line_ends, const uint8_t *src) {
  if (src[0] > '\r' || line_ends == QP_BINARY) return 0;
  if (src[0] == '\n') return line_ends == QP_CRLF ? 0 : 1;
  return src[0] == '\r' && src[1] == '\n' && line_ends != QP_LF ? 2 : 0;
}

static inline bool continuation(uint8_t octet) {
  return (octet & 0xc0) == 0x80;
}

/* The octets of the UTF-8 character at src, of which four are seen (RFC 3629 section 4); 1 when none stands there. */
static size_t character(const uint8_t *src) {
  const uint32_t two = (uint32_t)src[0] << 8 | src[1];
  if (src[0] < 0xc2 || src[0] > 0xf4 || !continuation(src[1])) return 1;
  if (src[0] < 0xe0) return 2;
  if (!continuation(src[2])) return 1;
  if (src[0] < 0xf0) return two >= 0xe0a0 && (two < 0xeda0 || two >= 0xee80) ? 3 : 1;
  return continuation(src[3]) && two >= 0xf090 && two < 0xf490 ? 4 : 1;
}

static inline bool escaped_at_start(const struct qp_encode_params *params, const uint8_t *src) {
  return (params->dot && src[0] == '.') || (params->from && memcmp(src, "From ", 5) == 0) ||
         (params->dashes && src[0] == '-' && src[1] == '-');
}

/* True when special() finds all that the table escapes but octets over 127. */
static bool escapes_as_special(const uint8_t *escape) {
  unsigned any = 0;
  for (unsigned octet = ' '; octet < '='; octet++) any |= escape[octet];
  for (unsigned octet = '=' + 1; octet < 127; octet++) any |= escape[octet];
  return any == 0;
}

static inline size_t put_line_end(uint8_t *dst, unsigned length) {
  if (length == 2) *dst++ = '\r';
  *dst = '\n';
  return length;
}

#define TRIPLE(high, low)                                                                                                   \
  { '=', high, low, 0 }
#define TRIPLES(high)                                                                                                       \
  TRIPLE(high, '0'), TRIPLE(high, '1'), TRIPLE(high, '2'), TRIPLE(high, '3'), TRIPLE(high, '4'), TRIPLE(high, '5'),         \
      TRIPLE(high, '6'), TRIPLE(high, '7'), TRIPLE(high, '8'), TRIPLE(high, '9'), TRIPLE(high, 'A'), TRIPLE(high, 'B'),     \
      TRIPLE(high, 'C'), TRIPLE(high, 'D'), TRIPLE(high, 'E'), TRIPLE(high, 'F')

static const uint8_t triples[256][4] = {TRIPLES('0'), TRIPLES('1'), TRIPLES('2'), TRIPLES('3'), TRIPLES('4'), TRIPLES('5'),
                                        TRIPLES('6'), TRIPLES('7'), TRIPLES('8'), TRIPLES('9'), TRIPLES('A'), TRIPLES('B'),
                                        TRIPLES('C'), TRIPLES('D'), TRIPLES('E'), TRIPLES('F')};

/* Stores 4 octets, of which the first 1 or 3 are the octet's; how many. No branch on which. */
static inline uint32_t put_octet(uint8_t *dst, uint8_t octet, bool escape, const bool store) {
  const uint32_t mask = 0u - (uint32_t)escape;
  if (store) {
    memcpy(dst, triples[octet], 4);
    dst[0] = (uint8_t)(octet ^ ((octet ^ '=') & mask));
  }
  return 1 + (2 & mask);
}

/* An encoder's place: src[read] comes next, at dst[written], in this column. */
struct place {
  size_t read, written;
  uint32_t column;
};

/* Places one octet or character anywhere on the line, with the soft line break that it needs. LOOK octets are seen. */
static void place_unit(struct place *at, const uint8_t *src, uint8_t *dst, const struct qp_encode_params *params,
                       const bool store) {
  src += at->read;
  const size_t length = params->whole_utf8 ? character(src) : 1;
  const bool hard = text_line_end(params->line_ends, src + length) != 0;
  bool escape = params->escape[src[0]] || (hard && blank(src[0]));
  if (at->column > 0 && at->column + length * (escape ? 3 : 1) > (hard ? LINE : LINE - 1)) {
    if (store) {
      dst[at->written] = '=';
      put_line_end(dst + at->written + 1, params->line_end);
    }
    at->written += 1u + params->line_end;
    at->column = 0;
  }
  if (at->column == 0) escape = escape || escaped_at_start(params, src);
  for (size_t i = 0; i < length; i++) {
    const uint32_t width = put_octet(store ? dst + at->written : dst, src[i], escape, store);
    at->written += width;
    at->column += width;
  }
  at->read += length;
}

/*
 * Takes src[read] and up to 7 octets more, to a CR or LF or as far as any octet fits on the line. With whole_utf8 it begins
 * no character that may not fit, 12 columns wide, and ends each that it began: columns 63, 66, 69 and 72 each leave room
 * for one octet more.
 */
static inline void expand(struct place *at, const uint8_t *src, size_t n, uint8_t *dst,
                          const struct qp_encode_params *params, const bool store) {
  const uint32_t begin = params->whole_utf8 ? 63 : 72;
  size_t i = at->read, o = at->written;
  const size_t end = i + LOOK - (params->whole_utf8 ? 3 : 0); /* no more than n, with the octets of a last character */
  uint32_t column = at->column;
  do {
    const uint32_t width = put_octet(store ? dst + o : dst, src[i], params->escape[src[i]], store);
    o += width;
    column += width;
    i++;
  } while (i < end && column <= begin && src[i] != '\r' && src[i] != '\n');
  if (params->whole_utf8)
    for (; i < n && column <= 72 && continuation(src[i]); i++) {
      if (store) memcpy(dst + o, triples[src[i]], 4);
      o += 3;
      column += 3;
    }
  *at = (struct place){i, o, column};
}

/* True when the last octet is a blank that was taken for a literal before it was known what follows. */
static inline bool blank_is_open(const struct place *at, const uint8_t *src, size_t settled, const uint8_t *escape) {
  return at->read > settled && blank(src[at->read - 1]) && !escape[src[at->read - 1]];
}

static inline struct place without_last(struct place at) {
  return (struct place){at.read - 1, at.written - 1, at.column - 1};
}

static inline struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                 const struct qp_encode_params *params, uint32_t *column, const bool store) {
  struct place at = {0, 0, *column};
  if (n < LOOK) return (struct done){0, 0};
  const size_t end = n - LOOK; /* a unit that begins here or before sees what it needs */
  const bool by_words = n >= 64 && escapes_as_special(params->escape);
  const bool starts = params->dot || params->from || params->dashes;
  const uint32_t begin = params->whole_utf8 ? 63 : 72;
  size_t settled = 0; /* a blank before it was placed knowing what follows */
  while (at.read <= end && cap - at.written >= ENCODE_CAP) {
    if (at.column == 0 && starts && escaped_at_start(params, src + at.read)) {
      place_unit(&at, src, dst, params, store);
      settled = at.read;
      continue;
    }
    if (by_words && at.column <= LINE - 1 - 8) {
      const uint64_t word = load(src + at.read);
      const uint64_t stop = (special(word) | word) & ONES << 7;
      const unsigned length = stop ? first_octet(stop) : 8;
      if (store) copy8(dst + at.written, src + at.read);
      at = (struct place){at.read + length, at.written + length, at.column + length};
      if (!stop) continue;
      if (at.read > end) break;
    }
    const size_t line_end = text_line_end(params->line_ends, src + at.read);
    if (line_end > 0) {
      if (blank_is_open(&at, src, settled, params->escape)) {
        at = without_last(at);
        place_unit(&at, src, dst, params, store);
      }
      const unsigned length = params->line_ends == QP_KEEP ? (unsigned)line_end : params->line_end;
      if (store) put_line_end(dst + at.written, length);
      at = (struct place){at.read + line_end, at.written + length, 0};
    } else if (at.column <= begin) {
      expand(&at, src, n, dst, params, store);
    } else {
      place_unit(&at, src, dst, params, store);
      settled = at.read;
    }
  }
  /* The last blank may stand before a line end: it is left. */
  if (blank_is_open(&at, src, settled, params->escape)) at = without_last(at);
  *column = at.column;
  return (struct done){at.read, at.written};
}

static struct done encode_stored(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                 const struct qp_encode_params *params, uint32_t *column) {
  return encode(src, n, dst, cap, params, column, true);
}

static struct done encode_counted(const uint8_t *src, size_t n, const struct qp_encode_params *params, uint32_t *column) {
  return encode(src, n, NULL, SIZE_MAX, params, column, false);
}

/* ---- Decoding ---- */

#define BLANKS     1024 /* a longer run is left */
#define LOWER_CASE 0x10
#define NO_DIGIT   0x80
#define XX         NO_DIGIT
#define XX8        XX, XX, XX, XX, XX, XX, XX, XX

static const uint8_t hex[256] = {XX8, XX8, XX8, XX8, XX8,  XX8,  0,    1,    2,    3,    4,   5,   6,   7,   8,
                                 9,   XX,  XX,  XX,  XX,   XX,   XX,   XX,   10,   11,   12,  13,  14,  15,  XX,
                                 XX8, XX8, XX8, XX,  0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, XX,  XX8, XX8, XX8, XX8,
                                 XX8, XX8, XX8, XX8, XX8,  XX8,  XX8,  XX8,  XX8,  XX8,  XX8, XX8, XX8, XX8, XX8};

#define UNSEEN SIZE_MAX /* src ends before the answer */

/* The octets of the line end at src[0..n), n > 0; 0 when none stands there. */
static inline size_t line_end_at(const uint8_t *src, size_t n) {
  if (src[0] == '\n') return 1;
  if (src[0] != '\r') return 0;
  return n == 1 ? UNSEEN : src[1] == '\n' ? 2 : 0;
}

static size_t blanks_at(const uint8_t *src, size_t n) {
  size_t i = 0;
  while (i < n && i <= BLANKS && blank(src[i])) i++;
  return i;
}

/* The first `length` of 8 octets. In place, a little behind src, the others of dst may be unread yet. */
static inline void copy_up_to_8(uint8_t *dst, const uint8_t *src, size_t length) {
  const uintptr_t behind = (uintptr_t)src - (uintptr_t)dst;
  if (behind == 0 || behind >= 8)
    copy8(dst, src);
  else
    for (size_t i = 0; i < length; i++) dst[i] = src[i];
}

/*
 * The units that begin with '=' and with a blank. `reach` is how many octets may still stand on the line. Nothing read:
 * a cause to stop.
 */
static struct done decode_equals(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t reach, uint32_t recorded) {
  const struct done none = {0, 0};
  if (n < 3 || cap == 0 || reach == 0) return none;
  const unsigned high = hex[src[1]], low = hex[src[2]];
  if (!((high | low) & NO_DIGIT)) {
    if (reach < 3 || (((high | low) & LOWER_CASE) && !(recorded & KIND_LOWER_CASE_HEX))) return none;
    dst[0] = (uint8_t)((high & 15) << 4 | (low & 15));
    return (struct done){3, 1};
  }
  const size_t blanks = blanks_at(src + 1, n - 1), after = 1 + blanks;
  if (blanks > BLANKS || after == n) return none;
  const size_t line_end = line_end_at(src + after, n - after);
  if (line_end == UNSEEN) return none;
  if (line_end == 0) {
    if (!(recorded & KIND_BAD_ESCAPE)) return none;
    dst[0] = '=';
    return (struct done){1, 1};
  }
  if (after > reach || (blanks > 0 && !(recorded & KIND_TRAILING_WHITE_SPACE)) ||
      (line_end == 1 && !(recorded & KIND_BARE_LF)))
    return none;
  return (struct done){after + line_end, 0};
}

static struct done decode_blanks(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t reach, uint32_t recorded) {
  const struct done none = {0, 0};
  const size_t run = blanks_at(src, n);
  if (run == n || run > BLANKS || run > reach) return none;
  const size_t line_end = line_end_at(src + run, n - run);
  if (line_end == UNSEEN) return none;
  if (line_end > 0) return recorded & KIND_TRAILING_WHITE_SPACE ? (struct done){run, 0} : none;
  if (run > cap) return none;
  for (size_t i = 0; i < run; i++) dst[i] = src[i];
  return (struct done){run, run};
}

/* Any other octet. */
static inline struct done decode_octet(uint8_t octet, uint8_t *dst, size_t cap, uint64_t reach, uint32_t recorded) {
  const uint32_t kind = octet > 127                   ? KIND_RAW_8BIT
                        : octet == '\r'               ? KIND_BARE_CR
                        : octet < ' ' || octet == 127 ? KIND_RAW_CONTROL
                                                      : 0;
  if (cap == 0 || reach == 0 || (kind & ~recorded)) return (struct done){0, 0};
  dst[0] = octet;
  return (struct done){1, 1};
}

/* The first `length` octets of a block, 65 at most. No loop to guess wrong: 16 or 64 are stored. In place as above. */
static inline void copy_block(uint8_t *dst, const uint8_t *src, size_t length) {
  const uintptr_t behind = (uintptr_t)src - (uintptr_t)dst;
  if (behind != 0 && behind <= BLOCK) {
    for (; length >= 8; length -= 8, dst += 8, src += 8) copy8(dst, src);
    for (size_t i = 0; i < length; i++) dst[i] = src[i];
    return;
  }
  copy16(dst, src);
  if (length <= 16) return;
  for (size_t i = 16; i < BLOCK; i += 16) copy16(dst + i, src + i);
  if (length > BLOCK) dst[BLOCK] = src[BLOCK];
}

/*
 * Copies octets that stand for themselves, while 9 are seen, to the first that does not or to src[reach]. A blank is taken
 * only with what follows it, so that all that was written is final.
 */
static inline size_t copy_plain(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t reach, uint64_t high) {
  size_t i = 0;
  while (n - i > 8 && cap - i >= 8) {
    const uint64_t word = load(src + i);
    const uint64_t stop = ((special(word) & ~word) | (word & high)) & ONES << 7;
    if (!stop && reach - i >= 8 && !((word >> 56 == ' ') & (src[i + 8] <= ' '))) {
      copy8(dst + i, src + i);
      i += 8;
      continue;
    }
    size_t length = stop ? first_octet(stop) : 8;
    if (length > reach - i) length = (size_t)(reach - i);
    if (src[i + length] <= ' ')
      while (length > 0 && src[i + length - 1] == ' ') length--;
    copy_up_to_8(dst + i, src + i, length);
    return i + length;
  }
  return i;
}

/*
 * What decode_block() may look at: 66 octets for its units, or 64 for a copy that begins within the first 48. And what it
 * may store: 2 for each octet, where line ends grow, and a copy.
 */
#define BLOCK_SEEN  (BLOCK * 2)
#define BLOCK_STORE (BLOCK * 3)

/* A decoder's place: src[read] comes next, at dst[written]; the open line begins at src[line], modulo 2^64. */
struct reading {
  size_t read, written;
  uint64_t line;
};

/* Copies what stands for itself, up to src[end]. */
static inline void take(struct reading *at, const uint8_t *src, uint8_t *dst, size_t end) {
  copy_block(dst + at->written, src + at->read, end - at->read);
  at->written += end - at->read;
  at->read = end;
}

/* The octets of the line end at src; 0 where none stands, or one that the codec must see. */
static inline size_t known_line_end(const uint8_t *src, uint32_t recorded) {
  if (src[0] == '\r') return src[1] == '\n' ? 2 : 0;
  return src[0] == '\n' && recorded & KIND_BARE_LF ? 1 : 0;
}

/* Takes the '=' at src[next] and its unit. False: what the codec must see, or no escape and no soft line break. */
static inline bool take_equals(struct reading *at, const uint8_t *src, uint8_t *dst, size_t next, uint64_t width,
                               uint32_t recorded) {
  const unsigned high = hex[src[next + 1]], low = hex[src[next + 2]];
  if ((high | low) < (recorded & KIND_LOWER_CASE_HEX ? NO_DIGIT : LOWER_CASE)) {
    if (next + 3 - at->line > width) return false;
    take(at, src, dst, next);
    dst[at->written++] = (uint8_t)((high & 15) << 4 | (low & 15));
    at->read += 3;
    return true;
  }
  const size_t line_end = known_line_end(src + next + 1, recorded);
  if (line_end == 0 || next + 1 - at->line > width) return false;
  take(at, src, dst, next);
  at->line = at->read = next + 1 + line_end;
  return true;
}

/* Takes the line end at src[next], together with what stands before it when it is written as it is. */
static inline bool take_line_end(struct reading *at, const uint8_t *src, uint8_t *dst, size_t next, unsigned written_end,
                                 uint32_t recorded) {
  const size_t line_end = known_line_end(src + next, recorded);
  if (line_end == 0 || (next > at->read && src[next - 1] == ' ')) return false;
  at->line = next + line_end;
  if (written_end == 0 || written_end == line_end) return true;
  take(at, src, dst, next);
  at->written += put_line_end(dst + at->written, written_end);
  at->read += line_end;
  return true;
}

/* Decodes the block at src[at.read], or to the first unit there that is not common. All that is taken is final. */
static inline struct reading decode_block(const uint8_t *src, uint8_t *dst, struct reading at, uint64_t width,
                                          const struct qp_decode_params *params) {
  const size_t begin = at.read, end = begin + BLOCK;
  uint64_t stops = specials(src + begin);
  size_t next = end;
  while (stops) {
    next = begin + (size_t)__builtin_ctzll(stops);
    if (next - at.line > width) break;
    size_t behind;
    if (src[next] == '=') {
      if (!take_equals(&at, src, dst, next, width, params->recorded)) break;
      behind = at.read;
    } else {
      if (!take_line_end(&at, src, dst, next, params->line_end, params->recorded)) break;
      behind = (size_t)at.line;
    }
    next = behind > end ? behind : end;
    stops = behind < end ? stops >> (behind - begin) << (behind - begin) : 0;
  }
  if (next - at.line > width && next > at.read) next = (size_t)(at.line + width);
  if (src[next] <= ' ')
    while (next > at.read && src[next - 1] == ' ') next--;
  take(&at, src, dst, next);
  return at;
}

static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct qp_decode_params *params,
                          uint64_t *column) {
  const uint32_t recorded = params->recorded;
  const uint64_t width = recorded & KIND_LINE_OVER_76 ? UINT64_MAX : LINE;
  const uint64_t high = recorded & KIND_RAW_8BIT ? 0 : UINT64_MAX;
  struct reading at = {0, 0, 0 - *column};
  if (*column > width) return (struct done){0, 0};
  for (;;) {
    const bool blocks = n - at.read >= BLOCK_SEEN && cap - at.written >= BLOCK_STORE;
    if (blocks) {
      const size_t begin = at.read;
      at = decode_block(src, dst, at, width, params);
      if (at.read - begin >= BLOCK) continue;
    }
    if (!blocks || src[at.read] > 127) {
      const size_t plain =
          copy_plain(src + at.read, n - at.read, dst + at.written, cap - at.written, width - (at.read - at.line), high);
      at.read += plain;
      at.written += plain;
      if (at.read == n) break;
    }
    const uint8_t *from = src + at.read;
    const size_t seen = n - at.read, room = cap - at.written;
    const uint64_t reach = width - (at.read - at.line);
    const uint8_t octet = *from;
    const size_t line_end = line_end_at(from, seen);
    struct done unit;
    if (line_end == UNSEEN) break;
    if (line_end > 0) {
      const size_t length = params->line_end ? params->line_end : line_end;
      if (room < length || (line_end == 1 && !(recorded & KIND_BARE_LF))) break;
      unit = (struct done){line_end, put_line_end(dst + at.written, (unsigned)length)};
    } else if (octet == '=') {
      unit = decode_equals(from, seen, dst + at.written, room, reach, recorded);
    } else if (blank(octet)) {
      unit = decode_blanks(from, seen, dst + at.written, room, reach, recorded);
    } else {
      unit = decode_octet(octet, dst + at.written, room, reach, recorded);
    }
    if (unit.read == 0) break;
    at.read += unit.read;
    at.written += unit.written;
    if (line_end > 0 || (octet == '=' && unit.written == 0)) at.line = at.read;
  }
  *column = at.read - at.line;
  return (struct done){at.read, at.written};
}

extern const struct qp_kernels cte_scalar_qp; /* as src/isa.h has it */
const struct qp_kernels cte_scalar_qp = {encode_stored, encode_counted, decode};
