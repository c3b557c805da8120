/* scalar/base64.c: base64 kernels without vectors: table lookups, two characters or two quanta at a time. */
#include <string.h>

#include "../kernels.h"

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* ---- Encoding ---- */

/* All pairs of characters, by their 12 bits: half the lookups of one by one. p and q are the characters 62 and 63. */
#define PAIRS_OF(c, p, q)                                                                                                   \
  c, 'A', c, 'B', c, 'C', c, 'D', c, 'E', c, 'F', c, 'G', c, 'H', c, 'I', c, 'J', c, 'K', c, 'L', c, 'M', c, 'N', c, 'O',   \
      c, 'P', c, 'Q', c, 'R', c, 'S', c, 'T', c, 'U', c, 'V', c, 'W', c, 'X', c, 'Y', c, 'Z', c, 'a', c, 'b', c, 'c', c,    \
      'd', c, 'e', c, 'f', c, 'g', c, 'h', c, 'i', c, 'j', c, 'k', c, 'l', c, 'm', c, 'n', c, 'o', c, 'p', c, 'q', c, 'r',  \
      c, 's', c, 't', c, 'u', c, 'v', c, 'w', c, 'x', c, 'y', c, 'z', c, '0', c, '1', c, '2', c, '3', c, '4', c, '5', c,    \
      '6', c, '7', c, '8', c, '9', c, p, c, q
#define PAIRS(p, q)                                                                                                         \
  PAIRS_OF('A', p, q), PAIRS_OF('B', p, q), PAIRS_OF('C', p, q), PAIRS_OF('D', p, q), PAIRS_OF('E', p, q),                  \
      PAIRS_OF('F', p, q), PAIRS_OF('G', p, q), PAIRS_OF('H', p, q), PAIRS_OF('I', p, q), PAIRS_OF('J', p, q),              \
      PAIRS_OF('K', p, q), PAIRS_OF('L', p, q), PAIRS_OF('M', p, q), PAIRS_OF('N', p, q), PAIRS_OF('O', p, q),              \
      PAIRS_OF('P', p, q), PAIRS_OF('Q', p, q), PAIRS_OF('R', p, q), PAIRS_OF('S', p, q), PAIRS_OF('T', p, q),              \
      PAIRS_OF('U', p, q), PAIRS_OF('V', p, q), PAIRS_OF('W', p, q), PAIRS_OF('X', p, q), PAIRS_OF('Y', p, q),              \
      PAIRS_OF('Z', p, q), PAIRS_OF('a', p, q), PAIRS_OF('b', p, q), PAIRS_OF('c', p, q), PAIRS_OF('d', p, q),              \
      PAIRS_OF('e', p, q), PAIRS_OF('f', p, q), PAIRS_OF('g', p, q), PAIRS_OF('h', p, q), PAIRS_OF('i', p, q),              \
      PAIRS_OF('j', p, q), PAIRS_OF('k', p, q), PAIRS_OF('l', p, q), PAIRS_OF('m', p, q), PAIRS_OF('n', p, q),              \
      PAIRS_OF('o', p, q), PAIRS_OF('p', p, q), PAIRS_OF('q', p, q), PAIRS_OF('r', p, q), PAIRS_OF('s', p, q),              \
      PAIRS_OF('t', p, q), PAIRS_OF('u', p, q), PAIRS_OF('v', p, q), PAIRS_OF('w', p, q), PAIRS_OF('x', p, q),              \
      PAIRS_OF('y', p, q), PAIRS_OF('z', p, q), PAIRS_OF('0', p, q), PAIRS_OF('1', p, q), PAIRS_OF('2', p, q),              \
      PAIRS_OF('3', p, q), PAIRS_OF('4', p, q), PAIRS_OF('5', p, q), PAIRS_OF('6', p, q), PAIRS_OF('7', p, q),              \
      PAIRS_OF('8', p, q), PAIRS_OF('9', p, q), PAIRS_OF(p, p, q), PAIRS_OF(q, p, q)

static const uint8_t standard_pairs[2 * 4096] = {PAIRS('+', '/')};
static const uint8_t url_pairs[2 * 4096] = {PAIRS('-', '_')};

/* Eight octets as a big-endian number. Not put together from octets: that is not always compiled to one load. */
static uint64_t load_big(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
#if __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

static void put_quantum(const uint8_t *src, uint8_t *dst, const uint8_t *pairs) {
  unsigned bits = (unsigned)src[0] << 16 | (unsigned)src[1] << 8 | src[2];
  memcpy(dst, pairs + 2 * (bits >> 12), 2);
  memcpy(dst + 2, pairs + 2 * (bits & 4095), 2);
}

/* Encodes `quanta` quanta without line ends. */
static void encode_flat(const uint8_t *src, uint8_t *dst, size_t quanta, const uint8_t *pairs) {
  /* Two quanta are six octets; with a third one behind them eight can be loaded. */
  for (; quanta >= 3; quanta -= 2, src += 6, dst += 8) {
    uint64_t bits = load_big(src);
    memcpy(dst, pairs + 2 * (bits >> 52), 2);
    memcpy(dst + 2, pairs + 2 * (bits >> 40 & 4095), 2);
    memcpy(dst + 4, pairs + 2 * (bits >> 28 & 4095), 2);
    memcpy(dst + 6, pairs + 2 * (bits >> 16 & 4095), 2);
  }
  for (; quanta > 0; quanta--, src += 3, dst += 4) put_quantum(src, dst, pairs);
}

/* Always stores two octets: a character follows the line end, and there is room for it. */
static size_t put_line_end(uint8_t *dst, size_t size) {
  static const uint8_t crlf[2] = {'\r', '\n'}, lf_and_one[2] = {'\n', '\n'};
  memcpy(dst, size == 2 ? crlf : lf_and_one, 2);
  return size;
}

/* One quantum with line ends before or between its characters, and with one column 12 octets; `*open` is what its line has
 * room for. Returns its octets, 0 when they do not fit. */
static size_t encode_broken(const uint8_t *src, uint8_t *dst, size_t cap, const uint8_t *pairs,
                            const struct base64_encode_params *params, uint64_t *open) {
  uint8_t quantum[4], unit[12];
  size_t size = 0;
  uint64_t rest = *open;
  put_quantum(src, quantum, pairs);
  for (int k = 0; k < 4; k++, rest--) {
    if (rest == 0) {
      size += put_line_end(unit + size, params->line_end);
      rest = params->columns;
    }
    unit[size++] = quantum[k];
  }
  if (cap < size) return 0;
  memcpy(dst, unit, size);
  *open = rest;
  return size;
}

static struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_encode_params *params,
                          uint64_t *column) {
  const uint8_t *pairs = params->alphabet == ALPHABET_URL ? url_pairs : standard_pairs, *begin = src;
  const uint64_t columns = params->columns;
  const size_t line_end = params->line_end;
  size_t left = n / 3, written = 0;
  uint64_t open = columns - *column;
  for (;;) {
    size_t quanta = least(left, (cap - written) / 4);
    if (quanta > open / 4) quanta = (size_t)(open / 4);
    encode_flat(src, dst + written, quanta, pairs);
    src += 3 * quanta;
    written += 4 * quanta;
    left -= quanta;
    open -= 4 * quanta;
    if (left == 0 || open >= 4) break;

    if (open == 0 && columns >= 4) {
      if (cap - written < line_end + 4) break;
      written += put_line_end(dst + written, line_end);
      open = columns;
    } else {
      size_t size = encode_broken(src, dst + written, cap - written, pairs, params, &open);
      if (size == 0) break;
      src += 3;
      written += size;
      left--;
    }
  }
  *column = columns - open;
  return (struct done){(size_t)(src - begin), written};
}

static size_t encode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  encode_flat(src, dst, quanta, alphabet == ALPHABET_URL ? url_pairs : standard_pairs);
  return 4 * quanta;
}

/* ---- Decoding ---- */

/*
 * One table for each of the four characters of a quantum: what a character adds to the quantum's three octets, the first of
 * them in the low bits, and above them one bit that says that it is one. Any other octet has its kind and no more.
 */
#define ALL_FOUR     UINT32_C(0x0f000000)
#define AT(k, v)     (UINT32_C(1) << (24 + (k)) | OCTETS((UINT32_C(1) * (v)) << (18 - 6 * (k))))
#define OCTETS(bits) ((bits) >> 16 | ((bits)&0xff00) | ((bits)&0xff) << 16)
#define LETTERS(k)                                                                                                          \
  ['A'] = AT(k, 0), ['B'] = AT(k, 1), ['C'] = AT(k, 2), ['D'] = AT(k, 3), ['E'] = AT(k, 4), ['F'] = AT(k, 5),               \
  ['G'] = AT(k, 6), ['H'] = AT(k, 7), ['I'] = AT(k, 8), ['J'] = AT(k, 9), ['K'] = AT(k, 10), ['L'] = AT(k, 11),             \
  ['M'] = AT(k, 12), ['N'] = AT(k, 13), ['O'] = AT(k, 14), ['P'] = AT(k, 15), ['Q'] = AT(k, 16), ['R'] = AT(k, 17),         \
  ['S'] = AT(k, 18), ['T'] = AT(k, 19), ['U'] = AT(k, 20), ['V'] = AT(k, 21), ['W'] = AT(k, 22), ['X'] = AT(k, 23),         \
  ['Y'] = AT(k, 24), ['Z'] = AT(k, 25), ['a'] = AT(k, 26), ['b'] = AT(k, 27), ['c'] = AT(k, 28), ['d'] = AT(k, 29),         \
  ['e'] = AT(k, 30), ['f'] = AT(k, 31), ['g'] = AT(k, 32), ['h'] = AT(k, 33), ['i'] = AT(k, 34), ['j'] = AT(k, 35),         \
  ['k'] = AT(k, 36), ['l'] = AT(k, 37), ['m'] = AT(k, 38), ['n'] = AT(k, 39), ['o'] = AT(k, 40), ['p'] = AT(k, 41),         \
  ['q'] = AT(k, 42), ['r'] = AT(k, 43), ['s'] = AT(k, 44), ['t'] = AT(k, 45), ['u'] = AT(k, 46), ['v'] = AT(k, 47),         \
  ['w'] = AT(k, 48), ['x'] = AT(k, 49), ['y'] = AT(k, 50), ['z'] = AT(k, 51), ['0'] = AT(k, 52), ['1'] = AT(k, 53),         \
  ['2'] = AT(k, 54), ['3'] = AT(k, 55), ['4'] = AT(k, 56), ['5'] = AT(k, 57), ['6'] = AT(k, 58), ['7'] = AT(k, 59),         \
  ['8'] = AT(k, 60), ['9'] = AT(k, 61)
#define OTHERS [' '] = BLANK, ['\t'] = BLANK, ['\r'] = CR, ['\n'] = LF, ['='] = PADDING

/* The kinds of what is no character; OUTSIDE, the most, is 0. */
enum { OUTSIDE = 0, BLANK = 1, OTHER_ALPHABET = 2, CR = 3, LF = 4, PADDING = 5 };

#define STANDARD(k)                                                                                                         \
  { LETTERS(k), ['+'] = AT(k, 62), ['/'] = AT(k, 63), ['-'] = OTHER_ALPHABET, ['_'] = OTHER_ALPHABET, OTHERS }
#define URL(k)                                                                                                              \
  { LETTERS(k), ['-'] = AT(k, 62), ['_'] = AT(k, 63), ['+'] = OTHER_ALPHABET, ['/'] = OTHER_ALPHABET, OTHERS }
#define EITHER(k)                                                                                                           \
  { LETTERS(k), ['+'] = AT(k, 62), ['/'] = AT(k, 63), ['-'] = AT(k, 62), ['_'] = AT(k, 63), OTHERS }

/* For each of a quantum's characters a table. */
typedef uint32_t decode_table[256];

static const decode_table standard[4] = {STANDARD(0), STANDARD(1), STANDARD(2), STANDARD(3)};
static const decode_table url[4] = {URL(0), URL(1), URL(2), URL(3)};
static const decode_table either[4] = {EITHER(0), EITHER(1), EITHER(2), EITHER(3)};

static const decode_table *const tables[] = {
    [ALPHABET_STANDARD] = standard, [ALPHABET_URL] = url, [ALPHABET_EITHER] = either};

static uint32_t look_up(const decode_table *table, const uint8_t *src) {
  return table[0][src[0]] | table[1][src[1]] | table[2][src[2]] | table[3][src[3]];
}

static void put_octets(uint8_t *dst, uint32_t quantum) {
  dst[0] = (uint8_t)quantum;
  dst[1] = (uint8_t)(quantum >> 8);
  dst[2] = (uint8_t)(quantum >> 16);
}

/* The same and one octet of slack, which makes it one store. */
static void put_octets_and_one(uint8_t *dst, uint32_t quantum) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  quantum = __builtin_bswap32(quantum);
#endif
  memcpy(dst, &quantum, 4);
}

/* Decodes up to `quanta` quanta that have nothing between their characters; returns how many there were. */
static size_t decode_flat(const uint8_t *src, uint8_t *dst, size_t quanta, const decode_table *table) {
  size_t k = 0;
  /* With a third quantum behind two there is room for the slack; in place it is below src + 8. */
  for (; quanta - k >= 3; k += 2, src += 8, dst += 6) {
    uint32_t a = look_up(table, src), b = look_up(table, src + 4);
    if ((a & b) < ALL_FOUR) break;
    put_octets_and_one(dst, a);
    put_octets_and_one(dst + 3, b);
  }
  for (; quanta > k; k++, src += 4, dst += 3) {
    uint32_t a = look_up(table, src);
    if (a < ALL_FOUR) break;
    put_octets(dst, a);
  }
  return k;
}

/* What the text between characters may be. */
struct skipping {
  const uint32_t *kinds;   /* the first of the four tables */
  unsigned skip, line_end; /* sets of kinds, a bit each: what is skipped; what of that ends a line */
  uint64_t limit;          /* no octet may stand at this column */
};

static struct skipping skipping_new(const struct base64_decode_params *params) {
  unsigned skip = 0, line_end = 0;
  if (params->line_ends != SKIP_NONE) line_end |= 1u << LF;
  if (params->line_ends == SKIP_CR_LF) line_end |= 1u << CR;
  if (params->recorded & KIND_WHITE_SPACE) skip |= 1u << BLANK;
  if (params->recorded & KIND_ALPHABET) skip |= 1u << OTHER_ALPHABET;
  if (params->recorded & KIND_CHARACTER) skip |= 1u << OUTSIDE;
  if (params->recorded & KIND_CHARACTER && params->line_ends == SKIP_LF) skip |= 1u << CR;
  bool unlimited = params->line_ends == SKIP_NONE || params->recorded & KIND_LINE_OVER_76;
  return (struct skipping){tables[params->alphabet][0], skip | line_end, line_end, unlimited ? UINT64_MAX : 76};
}

/* Skips up to src[n); returns how much. */
static size_t skip(const struct skipping *s, const uint8_t *src, size_t n, uint64_t *column) {
  size_t i = 0;
  for (; i < n; i++) {
    uint32_t kind = s->kinds[src[i]];
    if (kind > PADDING || !(s->skip >> kind & 1)) break;
    if (s->line_end >> kind & 1) {
      *column = 0;
    } else {
      if (*column >= s->limit) break;
      ++*column;
    }
  }
  return i;
}

/* One quantum with something between its characters: returns the octets read, 0 when it is not whole. */
static size_t decode_broken(const struct skipping *s, const decode_table *table, const uint8_t *src, size_t n, uint8_t *dst,
                            uint64_t *column) {
  uint64_t at = *column;
  uint32_t bits = 0;
  size_t i = 0;
  for (int k = 0; k < 4; k++) {
    i += skip(s, src + i, n - i, &at);
    if (i == n || s->kinds[src[i]] <= PADDING || at >= s->limit) return 0;
    bits |= table[k][src[i++]];
    at++;
  }
  put_octets(dst, bits);
  *column = at;
  return i;
}

static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_decode_params *params,
                          struct base64_carry *carry) {
  const decode_table *table = tables[params->alphabet];
  struct skipping skipping = skipping_new(params);
  size_t read = 0, written = 0;
  uint64_t column = carry->column;
  for (;;) {
    size_t quanta = least((n - read) / 4, (cap - written) / 3);
    uint64_t open = column < skipping.limit ? (skipping.limit - column) / 4 : 0;
    if (quanta > open) quanta = (size_t)open;
    quanta = decode_flat(src + read, dst + written, quanta, table);
    read += 4 * quanta;
    written += 3 * quanta;
    column += 4 * quanta;

    size_t skipped = skip(&skipping, src + read, n - read, &column);
    read += skipped;
    if (skipped > 0) continue;
    if (cap - written < 3) break;
    size_t broken = decode_broken(&skipping, table, src + read, n - read, dst + written, &column);
    if (broken == 0) break;
    read += broken;
    written += 3;
  }
  carry->column = column;
  return (struct done){read, written};
}

static size_t decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  uint8_t octets[3 * LINE_QUANTA_MOST];
  if (decode_flat(src, octets, quanta, tables[alphabet]) < quanta) return 0;
  memcpy(dst, octets, 3 * quanta);
  return 3 * quanta;
}

const struct base64_kernels cte_scalar_base64 = {encode, decode, encode_line, decode_line};
