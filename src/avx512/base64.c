/*
 * avx512/base64.c: base64 by vectors of 64 characters. What is loaded and stored is what is there: masks take the place of
 * tails and slack, and a line's last vector is as long as the line has it.
 */
#include "../hints.h"
#include "../kernels.h"
#include "vec.h"

extern const struct base64_kernels cte_avx2_base64, cte_avx512_base64; /* as src/isa.h has them */

/* Octets that are VEC characters; a MIME line. */
enum { OCTETS = VEC / 4 * 3, MIME = 76 };

/* ---- Encoding ---- */

static const uint8_t alphabets[2][VEC] = {
    [ALPHABET_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [ALPHABET_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* Sextets of 48 octets, each with two more bits above it, which a look-up among 64 does not see. */
static inline vec sextets_of(vec octets) {
  /* In each 64-bit part six octets, the first one highest; then from each part 8 bits from bit 42, 36, .. 0 on. */
#define SIX(part) (int64_t)(UINT64_C(0x000102030405) + UINT64_C(0x060606060606) * (part))
  const vec parts = _mm512_setr_epi64(SIX(0), SIX(1), SIX(2), SIX(3), SIX(4), SIX(5), SIX(6), SIX(7));
  return _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x00060c12181e242a), _mm512_permutexvar_epi8(parts, octets));
}

/* The characters of octets, 48 of which are in the mask or less. */
static inline vec characters_of(const uint8_t *src, uint64_t octets, vec alphabet) {
  return _mm512_permutexvar_epi8(sextets_of(vec_load_some(src, octets)), alphabet);
}

/* Encodes so many characters, whole quanta, without a line end; the last vector takes some of what is before it once more. */
static inline void encode_run(const uint8_t *src, uint8_t *dst, size_t characters, vec alphabet) {
  const size_t octets = characters / 4 * 3;
  if (characters < VEC) {
    if (characters > 0) vec_store_some(dst, mask_of(characters), characters_of(src, mask_of(octets), alphabet));
    return;
  }
  const uint8_t *const last = src + (octets - OCTETS);
  uint8_t *const last_dst = dst + (characters - VEC);
  for (; src < last; src += OCTETS, dst += VEC) vec_store(dst, characters_of(src, mask_of(OCTETS), alphabet));
  vec_store(last_dst, characters_of(last, mask_of(OCTETS), alphabet));
}

/* The same, four vectors at a time where it is long: the octets behind those of a vector are loaded too, which needs no mask. */
static inline void encode_unfolded(const uint8_t *src, uint8_t *dst, size_t characters, vec alphabet) {
  for (; characters > 5 * VEC; characters -= 4 * VEC, src += 4 * OCTETS, dst += 4 * VEC)
    for (size_t k = 0; k < 4; k++)
      vec_store(dst + k * VEC, _mm512_permutexvar_epi8(sextets_of(vec_load(src + k * OCTETS)), alphabet));
  encode_run(src, dst, characters, alphabet);
}

/* ---- Encoding: four lines of 76, with their line ends, are five vectors ---- */

enum { GROUP = 4, GROUP_VECTORS = 5 };

/*
 * What the group's octet o is, lines with their line end being `size`: the character, where it is one; the first octet that
 * its 64-bit part needs, of eight in a row, the first one highest; and the bit of these where its sextet begins.
 */
#define CHARACTER(size, o) ((o) / (size)*MIME + (o) % (size))
#define FIRST(size, o)     (CHARACTER(size, (o) / 8 * 8) * 6 / 8)
#define FROM(size, o)      FIRST(size, o) - FIRST(size, (o) / VEC * VEC) + 7 - (o) % 8
#define SHIFT(size, o)     (58 + 8 * FIRST(size, o) - 6 * CHARACTER(size, o)) % 64

#define EIGHT(f, size, o)                                                                                                   \
  f(size, o), f(size, (o) + 1), f(size, (o) + 2), f(size, (o) + 3), f(size, (o) + 4), f(size, (o) + 5), f(size, (o) + 6),   \
      f(size, (o) + 7)
#define VECTOR(f, size, v)                                                                                                  \
  {                                                                                                                         \
    EIGHT(f, size, 64 * (v)), EIGHT(f, size, 64 * (v) + 8), EIGHT(f, size, 64 * (v) + 16), EIGHT(f, size, 64 * (v) + 24),   \
        EIGHT(f, size, 64 * (v) + 32), EIGHT(f, size, 64 * (v) + 40), EIGHT(f, size, 64 * (v) + 48),                        \
        EIGHT(f, size, 64 * (v) + 56)                                                                                       \
  }
#define VECTORS(f, size)                                                                                                    \
  { VECTOR(f, size, 0), VECTOR(f, size, 1), VECTOR(f, size, 2), VECTOR(f, size, 3), VECTOR(f, size, 4) }

/* By octets of a line end less 1. */
static const uint8_t group_from[2][GROUP_VECTORS][VEC] = {VECTORS(FROM, MIME + 1), VECTORS(FROM, MIME + 2)};
static const uint8_t group_shifts[2][GROUP_VECTORS][VEC] = {VECTORS(SHIFT, MIME + 1), VECTORS(SHIFT, MIME + 2)};

/* Stores the group's v-th vector, a constant as is line_end. */
ALWAYS_INLINE void put_group(uint8_t *dst, const uint8_t *src, size_t line_end, size_t v, vec alphabet) {
  const size_t size = MIME + line_end, at = v * VEC % size, octets = least(GROUP * size - v * VEC, VEC);
  const uint64_t ends = MIME - at < VEC ? mask_of(line_end) << (MIME - at) : 0;
  const size_t from = FIRST(size, v * VEC), left = GROUP * (MIME / 4 * 3) - from;
  const vec line_ends = _mm512_set1_epi16(line_end == 2 ? '\n' << 8 | '\r' : '\n' << 8 | '\n');
  const vec parts = _mm512_permutexvar_epi8(vec_load(group_from[line_end - 1][v]), vec_load_some(src + from, mask_of(left)));
  const vec sextets = _mm512_multishift_epi64_epi8(vec_load(group_shifts[line_end - 1][v]), parts);
  vec_store_some(dst + v * VEC, mask_of(octets), _mm512_mask_permutexvar_epi8(line_ends, ~ends, sextets, alphabet));
}

/* Encodes so many groups. */
ALWAYS_INLINE void encode_groups(const uint8_t *src, uint8_t *dst, size_t groups, size_t line_end, vec alphabet) {
  for (; groups > 0; groups--, src += GROUP * (MIME / 4 * 3), dst += GROUP * (MIME + line_end)) {
    put_group(dst, src, line_end, 0, alphabet);
    put_group(dst, src, line_end, 1, alphabet);
    put_group(dst, src, line_end, 2, alphabet);
    put_group(dst, src, line_end, 3, alphabet);
    put_group(dst, src, line_end, 4, alphabet);
  }
}

/* ---- Encoding: lines of any width ---- */

/* Encodes whole lines with their line ends, as long as a quantum more follows: whole vectors, then one with the line end. */
static inline struct done encode_lines(const struct base64_encode_params *params, vec alphabet, const uint8_t *src, size_t n,
                                       uint8_t *dst, size_t cap) {
  const size_t columns = (size_t)params->columns, rest = columns % VEC, octets = columns / 4 * 3;
  const size_t size = columns + params->line_end;
  const uint64_t rest_octets = mask_of(rest / 4 * 3), characters = mask_of(rest), stored = mask_of(rest + params->line_end);
  const vec line_end = _mm512_castsi128_si512(_mm_cvtsi32_si128(params->line_end == 2 ? '\n' << 8 | '\r' : '\n'));
  const vec behind = _mm512_maskz_expand_epi8(~characters, line_end);
  struct done done = {0, 0};
  for (; n - done.read >= octets + 3 && cap - done.written >= size + 4; done.read += octets, done.written += size) {
    const uint8_t *from = src + done.read;
    uint8_t *to = dst + done.written;
    for (size_t k = 0; k < columns / VEC; k++, from += OCTETS, to += VEC)
      vec_store(to, characters_of(from, mask_of(OCTETS), alphabet));
    const vec sextets = sextets_of(vec_load_some(from, rest_octets));
    vec_store_some(to, stored, _mm512_mask_permutexvar_epi8(behind, characters, sextets, alphabet));
  }
  return done;
}

/* Many lines: groups of those of 76, else as encode_lines has it. */
__attribute__((noinline)) static struct done encode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                         const struct base64_encode_params *params) {
  const vec alphabet = vec_load(alphabets[params->alphabet]);
  if (params->columns != MIME) return encode_lines(params, alphabet, src, n, dst, cap);
  const size_t octets = GROUP * (MIME / 4 * 3), size = GROUP * (MIME + (size_t)params->line_end);
  const size_t groups = n < 3 || cap < 4 ? 0 : least((n - 3) / octets, (cap - 4) / size);
  if (params->line_end == 2)
    encode_groups(src, dst, groups, 2, alphabet);
  else
    encode_groups(src, dst, groups, 1, alphabet);
  return (struct done){groups * octets, groups * size};
}

/* From where a line end comes next: n octets are a quantum or more, for which there is room. Sets the column. */
static inline struct done encode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                        const struct base64_encode_params *params, uint64_t *column) {
  const size_t columns = (size_t)params->columns, line_end = params->line_end;
  struct done done = {0, 0};
  do {
    if (line_end == 2) dst[done.written] = '\r';
    dst[done.written + line_end - 1] = '\n';
    done.written += line_end;
    if ((n - done.read) / GROUP > columns / 4 * 3) {
      const struct done more = encode_text(src + done.read, n - done.read, dst + done.written, cap - done.written, params);
      done.read += more.read;
      done.written += more.written;
    }
    const size_t quanta = least(least((n - done.read) / 3, (cap - done.written) / 4), columns / 4);
    encode_run(src + done.read, dst + done.written, 4 * quanta, vec_load(alphabets[params->alphabet]));
    done.read += 3 * quanta;
    done.written += 4 * quanta;
    *column = 4 * quanta;
  } while (*column == columns && n - done.read >= 3 && cap - done.written >= line_end + 4);
  return done;
}

/* Lines of broken quanta are the codec's. */
__attribute__((noinline)) static struct done encode_any(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                        const struct base64_encode_params *params, uint64_t *column) {
  const uint64_t open = (params->columns - *column) / 4;
  const size_t all = least(n / 3, cap / 4), quanta = all < open ? all : (size_t)open;
  const struct done done = {3 * quanta, 4 * quanta};
  const bool broken = params->columns % 4 != 0 || *column % 4 != 0;
  encode_unfolded(src, dst, 4 * quanta, vec_load(alphabets[params->alphabet]));
  *column += 4 * quanta;
  if (quanta == all || broken || cap - done.written < params->line_end + 4u) return done;
  const struct done more =
      encode_folded(src + done.read, n - done.read, dst + done.written, cap - done.written, params, column);
  return (struct done){done.read + more.read, done.written + more.written};
}

/* So few octets in lines AVX2's kernel encodes 1.1 to 1.3 times as fast as this one does, made by gcc. */
static inline bool few_lines(size_t n, uint64_t columns) {
  return columns % 4 == 0 && n <= 8 * (MIME / 4 * 3);
}

/* Apart, so that handing over is a jump. */
static struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_encode_params *params,
                          uint64_t *column) {
  if (few_lines(n, params->columns)) return cte_avx2_base64.encode(src, n, dst, cap, params, column);
  return encode_any(src, n, dst, cap, params, column);
}

static size_t encode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  encode_run(src, dst, 4 * quanta, vec_load(alphabets[alphabet]));
  return 4 * quanta;
}

/* ---- Decoding: characters to octets ---- */

/* Octets below 128 that are no character: what any alphabet knows, and what none does. */
enum { SKIPPED = 0x40, LINE_END = 0x41, STOP = 0xc0, OUTSIDE = 0xc1 };

/* The values of characters, by octet; of others STOP or OUTSIDE. */
#define X4 OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE
#define VALUES(plus, minus, slash, low_line)                                                                                \
  {                                                                                                                         \
    X4, X4, OUTSIDE, STOP, STOP, OUTSIDE, OUTSIDE, STOP, OUTSIDE, OUTSIDE, X4, X4, X4, X4, STOP, OUTSIDE, OUTSIDE, OUTSIDE, \
        X4, OUTSIDE, OUTSIDE, OUTSIDE, plus, OUTSIDE, minus, OUTSIDE, slash, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,        \
        OUTSIDE, OUTSIDE, OUTSIDE, STOP, OUTSIDE, OUTSIDE, OUTSIDE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,   \
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE, low_line, OUTSIDE, 26, 27, 28, 29, 30,  \
        31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, OUTSIDE, OUTSIDE, OUTSIDE,      \
        OUTSIDE, OUTSIDE                                                                                                    \
  }

static const uint8_t value_tables[3][128] = {
    [ALPHABET_STANDARD] = VALUES(62, STOP, 63, STOP),
    [ALPHABET_URL] = VALUES(STOP, 62, STOP, 63),
    [ALPHABET_EITHER] = VALUES(62, 62, 63, 63),
};

struct table {
  vec low, high; /* of octets up to 63, and up to 127 */
};

static inline struct table table_of(const uint8_t values[128]) {
  return (struct table){vec_load(values), vec_load(values + 64)};
}

/* Those of the octets' low seven bits. */
static inline vec values_of(struct table table, vec v) {
  return _mm512_permutex2var_epi8(table.low, v, table.high);
}

/* The same of the mask's octets, and 0. */
static inline vec some_values_of(struct table table, uint64_t mask, vec v) {
  return _mm512_maskz_permutex2var_epi8(mask, table.low, v, table.high);
}

/* The sum of what is wrong: a top bit where an octet or its value has it. */
static inline vec add_wrong(vec wrong, vec v, vec values) {
  return _mm512_ternarylogic_epi32(wrong, v, values, 0xfe);
}

/* 64 values as 48 octets. */
static inline vec pack(vec values) {
#define THREE(quantum) (quantum) * 4 + 2, (quantum)*4 + 1, (quantum)*4
#define TWELVE(part)   THREE((part)*4), THREE((part)*4 + 1), THREE((part)*4 + 2), THREE((part)*4 + 3)
  static const uint8_t octets[VEC] = {TWELVE(0), TWELVE(1), TWELVE(2), TWELVE(3)};
  const vec pairs = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
  const vec quanta = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
  return _mm512_permutexvar_epi8(vec_load(octets), quanta);
}

/* Stores the octets of so many values, VEC or less and whole quanta. */
static inline void put(uint8_t *dst, vec values, size_t characters) {
  vec_store_some(dst, mask_of(characters / 4 * 3), pack(values));
}

/* So near the end of src steps are cheaper than what takes vectors of lines that have no whole quanta, or a strip. */
enum { STEPS = 5 * VEC };

struct decoding {
  struct table table;
  const uint8_t *src, *end;
  uint8_t *dst;
  size_t room;
  uint64_t column, limit; /* no octet may stand at column `limit` */
  uint32_t width;         /* of the last line seen */
  uint8_t line_ends;      /* SKIP_ */
  bool stopped;           /* a cause to stop was met */
  bool narrow;            /* lines of AVX2's were met */
};

static inline void decode_advance(struct decoding *d, size_t octets, size_t written) {
  d->src += octets;
  d->dst += written;
  d->room -= written;
}

/* ---- Decoding: text without line ends ---- */

/* Decodes vectors as far as characters are all there is. */
static inline void decode_vectors(struct decoding *d) {
  for (; d->end - d->src >= VEC && d->room >= OCTETS; d->column += VEC) {
    const vec v = vec_load(d->src), values = values_of(d->table, v);
    if (vec_high(_mm512_or_si512(v, values)) != 0) break;
    put(d->dst, values, VEC);
    decode_advance(d, VEC, OCTETS);
  }
}

/* Four vectors at a time are tested before they are stored: in place they could not be read again. */
static inline void decode_flat(struct decoding *d) {
  const struct table table = d->table;
  const uint8_t *src = d->src;
  uint8_t *dst = d->dst;
  const size_t steps = least((size_t)(d->end - src) / (4 * VEC), d->room / (4 * OCTETS));
  size_t done = 0;
  for (; done < steps; done++, src += 4 * VEC, dst += 4 * OCTETS) {
    const vec a = vec_load(src), b = vec_load(src + VEC), c = vec_load(src + 2 * VEC), e = vec_load(src + 3 * VEC);
    const vec va = values_of(table, a), vb = values_of(table, b), vc = values_of(table, c), ve = values_of(table, e);
    const vec wrong = add_wrong(add_wrong(_mm512_or_si512(a, va), b, vb), _mm512_or_si512(c, vc), _mm512_or_si512(e, ve));
    if (vec_high(wrong) != 0) break;
    put(dst, va, VEC);
    put(dst + OCTETS, vb, VEC);
    put(dst + 2 * OCTETS, vc, VEC);
    put(dst + 3 * OCTETS, ve, VEC);
  }
  decode_advance(d, done * 4 * VEC, done * 4 * OCTETS);
  d->column += done * 4 * VEC;
  decode_vectors(d);
}

/* ---- Decoding: lines of one width ---- */

/* The octets of the line end at src, 0 where there is none. */
static inline size_t line_end_at(const struct decoding *d, const uint8_t *src) {
  if (d->line_ends == SKIP_NONE || src == d->end) return 0;
  if (*src == '\n') return 1;
  return d->line_ends == SKIP_CR_LF && d->end - src >= 2 && src[0] == '\r' && src[1] == '\n' ? 2 : 0;
}

struct shape {
  size_t width, line_end;
  uint16_t octets, mask; /* a line end's two octets; of LF's the first does not count */
};

/* Not 0 where no line end follows `width` octets. */
static inline uint32_t no_line_end(const struct shape *s, const uint8_t *src, size_t width) {
  uint16_t octets;
  memcpy(&octets, src + width - 2 + s->line_end, 2);
  return (uint32_t)((octets ^ s->octets) & s->mask);
}

/* Decodes so many lines of a vector or less and whole quanta, fewer where one is not as it should be. Returns how many. */
static inline size_t decode_short(struct table table, const struct shape *s, const uint8_t *src, uint8_t *dst,
                                  size_t lines) {
  const uint64_t mask = mask_of(s->width);
  size_t done = 0;
  for (; done < lines; done++, src += s->width + s->line_end, dst += s->width / 4 * 3) {
    const vec v = vec_load_some(src, mask), values = some_values_of(table, mask, v);
    if (vec_high(_mm512_or_si512(v, values)) != 0 || no_line_end(s, src, s->width)) break;
    put(dst, values, s->width);
  }
  return done;
}

/* Four lines of more than a vector are whole quanta in five vectors. */
enum { WIDEST = 80 };

/* The octets of src from `begin` on; from `place` of them on those that come a line end later. */
ALWAYS_INLINE vec load_across(const uint8_t *src, size_t begin, uint64_t second, size_t line_end) {
  return _mm512_mask_loadu_epi8(vec_load(src + begin), second, (const void *)(src + begin + line_end));
}

/* Decodes so many times four lines of VEC + 1 to WIDEST, fewer where one is not as it should be. Returns how many. */
ALWAYS_INLINE size_t decode_groups(struct table table, const struct shape *s, const uint8_t *src, uint8_t *dst,
                                   size_t groups) {
  const size_t width = s->width, end = s->line_end, size = width + end, last = 4 * width - 4 * VEC;
  const uint64_t in_b = ~mask_of(width - VEC), in_c = ~mask_of(2 * (width - VEC)), in_d = ~mask_of(3 * (width - VEC));
  const uint64_t in_e = mask_of(last);
  size_t done = 0;
  for (; done < groups; done++, src += 4 * size, dst += 3 * width) {
    const vec a = vec_load(src), b = load_across(src, VEC, in_b, end), c = load_across(src, 2 * VEC + end, in_c, end);
    const vec d = load_across(src, 3 * VEC + 2 * end, in_d, end), e = vec_load_some(src + 4 * VEC + 3 * end, in_e);
    const vec va = values_of(table, a), vb = values_of(table, b), vc = values_of(table, c), vd = values_of(table, d);
    const vec ve = some_values_of(table, in_e, e);
    const vec wrong = add_wrong(add_wrong(_mm512_or_si512(a, va), b, vb), c, vc);
    const uint32_t ends = no_line_end(s, src, width) | no_line_end(s, src + size, width) |
                          no_line_end(s, src + 2 * size, width) | no_line_end(s, src + 3 * size, width);
    if (vec_high(add_wrong(add_wrong(wrong, d, vd), e, ve)) != 0 || ends != 0) break;
    put(dst, va, VEC);
    put(dst + OCTETS, vb, VEC);
    put(dst + 2 * OCTETS, vc, VEC);
    put(dst + 3 * OCTETS, vd, VEC);
    put(dst + 4 * OCTETS, ve, last);
  }
  return done;
}

/* The same of single lines, whole quanta. */
static inline size_t decode_singles(struct table table, const struct shape *s, const uint8_t *src, uint8_t *dst,
                                    size_t lines) {
  const size_t more = s->width - VEC;
  const uint64_t in_b = mask_of(more);
  size_t done = 0;
  for (; done < lines; done++, src += s->width + s->line_end, dst += s->width / 4 * 3) {
    const vec a = vec_load(src), b = vec_load_some(src + VEC, in_b);
    const vec va = values_of(table, a), vb = some_values_of(table, in_b, b);
    if (vec_high(add_wrong(_mm512_or_si512(a, va), b, vb)) != 0 || no_line_end(s, src, s->width)) break;
    put(dst, va, VEC);
    put(dst + OCTETS, vb, more);
  }
  return done;
}

/* The same of any lines of STRADDLED or more: a vector is of characters of up to three lines. */
enum { STRADDLED = 32 };

struct place {
  const uint8_t *src;
  size_t open; /* characters that the open line has before its line end */
};

/* The octets from a place on. */
static inline uint64_t mask_from(size_t place) {
  return place < VEC ? UINT64_MAX << place : 0;
}

/* The next VEC characters; reads up to VEC + 2 * line_end octets. */
ALWAYS_INLINE vec load_straddled(const struct shape *s, struct place *at, uint32_t *ends) {
  const uint8_t *const src = at->src;
  const size_t first = at->open, second = first + s->width;
  if (first < VEC) *ends |= no_line_end(s, src, first);
  if (second < VEC) *ends |= no_line_end(s, src + s->line_end, second);
  vec v = vec_load(src);
  v = _mm512_mask_loadu_epi8(v, mask_from(first), (const void *)(src + s->line_end));
  v = _mm512_mask_loadu_epi8(v, mask_from(second), (const void *)(src + 2 * s->line_end));
  const size_t passed = (size_t)(first < VEC) + (second < VEC);
  at->src = src + VEC + passed * s->line_end;
  at->open = first + passed * s->width - VEC;
  return v;
}

static inline void decode_straddled(struct decoding *d, const struct shape *s) {
  enum { SEEN = 2 * (VEC + 2 * 2) };
  struct place at = {d->src, s->width - (size_t)d->column};
  uint8_t *dst = d->dst;
  size_t vectors = d->room / OCTETS;
  for (; vectors >= 2 && d->end - at.src >= SEEN; vectors -= 2, dst += 2 * OCTETS) {
    struct place next = at;
    uint32_t ends = 0;
    const vec a = load_straddled(s, &next, &ends), b = load_straddled(s, &next, &ends);
    const vec va = values_of(d->table, a), vb = values_of(d->table, b);
    if (vec_high(add_wrong(_mm512_or_si512(a, va), b, vb)) != 0 || ends != 0) break;
    put(dst, va, VEC);
    put(dst + OCTETS, vb, VEC);
    at = next;
  }
  decode_advance(d, (size_t)(at.src - d->src), (size_t)(dst - d->dst));
  d->column = s->width - at.open;
}

/* The width of the line that begins at d->src, and its line end; width 0: it is too short, or more than two vectors. */
static inline struct shape shape_of(const struct decoding *d) {
  const size_t left = (size_t)(d->end - d->src);
  struct shape s = {.width = d->width != 0 && d->width <= d->limit ? d->width : MIME};
  if (s.width >= left || line_end_at(d, d->src + s.width) == 0 || d->src[s.width - 1] == '\r') {
    s.width = 0;
    for (size_t at = 0; at < 2 * VEC && at < left && s.width == 0; at += VEC) {
      const vec v = vec_load_some(d->src + at, mask_of(left - at));
      const uint64_t ends = vec_equal(v, vec_fill('\n')) | (d->line_ends == SKIP_CR_LF ? vec_equal(v, vec_fill('\r')) : 0);
      if (ends != 0) s.width = at + mask_first(ends);
    }
  }
  if (s.width > d->limit || s.width > 2 * VEC || (s.width % 4 != 0 && s.width < STRADDLED)) s.width = 0;
  if (s.width == 0) return s;
  s.line_end = line_end_at(d, d->src + s.width);
  if (s.line_end == 0) s.width = 0;
  memcpy(&s.octets, s.line_end == 2 ? "\r\n" : "\n\n", 2);
  memcpy(&s.mask, s.line_end == 2 ? "\xff\xff" : "\0\xff", 2);
  return s;
}

/*
 * Whether these are lines of one width, at most a vector and no whole quanta, as far as the next four show: AVX2's kernel
 * decodes them 1.1 to 1.4 times as fast as decode_straddled() does.
 */
static inline bool are_narrow(const struct decoding *d, const struct shape *s) {
  const size_t size = s->width + s->line_end, lines = least((size_t)(d->end - d->src) / size, 4);
  if (s->width % 4 == 0 || s->width > VEC || lines < 2) return false;
  for (size_t line = 1; line < lines; line++)
    if (no_line_end(s, d->src + line * size, s->width)) return false;
  return true;
}

/* Decodes lines as wide as the last one seen, or as the first one, from the beginning of a line. */
static inline void decode_lines(struct decoding *d) {
  const struct shape s = shape_of(d);
  if (s.width == 0) return;
  d->width = (uint32_t)s.width;
  d->narrow = are_narrow(d, &s);
  if (d->narrow) return;
  const size_t size = s.width + s.line_end, left = (size_t)(d->end - d->src);
  const size_t most = least(left / size, d->room / 3 * 4 / s.width);
  if (s.width > WIDEST || (s.width % 4 != 0 && s.width <= VEC)) {
    if (left > STEPS) decode_straddled(d, &s);
    return;
  }
  size_t lines = 0;
  if (s.width > VEC) lines = 4 * decode_groups(d->table, &s, d->src, d->dst, most / 4);
  decode_advance(d, lines * size, lines * s.width / 4 * 3);
  if (s.width % 4 == 0) {
    lines = s.width <= VEC ? decode_short(d->table, &s, d->src, d->dst, most - lines)
                           : decode_singles(d->table, &s, d->src, d->dst, least(most - lines, 3));
    decode_advance(d, lines * size, lines * s.width / 4 * 3);
  }
}

/* ---- Decoding: a part of a line ---- */

/* Which octets are line ends. */
static inline uint64_t line_ends_of(vec v, uint8_t line_ends) {
  if (line_ends == SKIP_NONE) return 0;
  return vec_equal(v, vec_fill('\n')) | (line_ends == SKIP_CR_LF ? vec_equal(v, vec_fill('\r')) : 0);
}

/* Decodes the whole quanta of the next VEC octets, of one line or of whatever lines. False: there is none, and no line end. */
static inline bool decode_step(struct decoding *d, bool one_line) {
  const size_t left = (size_t)(d->end - d->src);
  /* The end is mostly padding: a cause to stop, which is found dear otherwise. */
  if (left - 4 < 4 && (d->src[2] == '=' || d->src[3] == '=')) d->stopped = true;
  if (d->stopped) return false;
  const uint64_t there = mask_of(left), open = d->limit - d->column;
  const vec v = vec_load_some(d->src, there), values = values_of(d->table, v);
  const uint64_t ends = line_ends_of(v, d->line_ends);
  uint64_t stops = ~there | (vec_high(_mm512_or_si512(v, values)) & ~ends);
  /* The sum has no bit below the first that is behind a line end. */
  if (one_line) stops |= ends + (ends & (0 - ends));
  /* Only the first of the lines may be so long. */
  if (open < VEC && open < mask_length(stops | ends)) stops |= UINT64_C(1) << open;
  const size_t length = mask_length(stops);
  const uint64_t keep = mask_of(length) & ~ends;
  const size_t characters = mask_count(keep), quanta = least(characters / 4, d->room / 3);
  put(d->dst, _mm512_maskz_compress_epi8(keep, values), 4 * quanta);
  if (length < left && length < VEC && d->src[length] == '=') d->stopped = true;
  /* Up to a character that is not of these quanta. */
  const size_t read = 4 * quanta == characters ? length : mask_first(_pdep_u64(UINT64_C(1) << 4 * quanta, keep));
  const uint64_t ends_read = ends & mask_of(read);
  d->column = ends_read != 0 ? read - (VEC - mask_above(ends_read)) : d->column + read;
  decode_advance(d, read, 3 * quanta);
  return read > 0;
}

/* ---- Decoding: any text. The values of a strip are stored one behind the other, and then packed ---- */

enum { STRIP = 4096 };

/* The flat table with SKIPPED and LINE_END in it, and what octets of 128 and more are. */
struct kinds {
  struct table table;
  vec high;
};

static inline vec skip_outside(vec values) {
  return _mm512_mask_mov_epi8(values, vec_equal(values, vec_fill(OUTSIDE)), vec_fill(SKIPPED));
}

static inline struct kinds kinds_of(const struct base64_decode_params *params) {
  uint8_t values[128];
  memcpy(values, value_tables[params->alphabet], sizeof values);
  const bool outside = (params->recorded & KIND_CHARACTER) != 0;
  if (params->recorded & KIND_WHITE_SPACE) values[' '] = values['\t'] = SKIPPED;
  if (params->recorded & KIND_ALPHABET && params->alphabet == ALPHABET_STANDARD) values['-'] = values['_'] = SKIPPED;
  if (params->recorded & KIND_ALPHABET && params->alphabet == ALPHABET_URL) values['+'] = values['/'] = SKIPPED;
  if (params->line_ends == SKIP_LF && outside) values['\r'] = SKIPPED;
  if (params->line_ends == SKIP_CR_LF) values['\r'] = LINE_END;
  if (params->line_ends != SKIP_NONE) values['\n'] = LINE_END;
  struct kinds kinds = {table_of(values), vec_fill(outside ? SKIPPED : STOP)};
  if (outside) kinds.table = (struct table){skip_outside(kinds.table.low), skip_outside(kinds.table.high)};
  return kinds;
}

/* Each octet's value or kind. */
static inline vec kinds_in(const struct kinds *kinds, vec v) {
  return _mm512_mask_mov_epi8(values_of(kinds->table, v), vec_high(v), kinds->high);
}

/* The octets that are characters. */
static inline uint64_t characters_in(vec kinds) {
  return _mm512_testn_epi8_mask(kinds, vec_fill(STOP));
}

static inline uint64_t line_ends_in(vec kinds) {
  return vec_equal(kinds, vec_fill(LINE_END));
}

struct strip {
  size_t octets, characters;
  uint64_t start; /* of the line, as an index of src: below 0, modulo 2^64, where that was before src */
  bool stopped;
};

/* Stores the values of the characters of the `length` octets at src + s->octets, up to a STOP or where a line's limit is. */
ALWAYS_INLINE void gather_block(struct strip *s, const struct kinds *kinds, uint64_t limit, const uint8_t *src,
                                size_t length, uint8_t values[STRIP + VEC]) {
  const size_t i = s->octets;
  const uint64_t there = mask_of(length);
  const vec k = kinds_in(kinds, vec_load_some(src + i, there));
  uint64_t keep = characters_in(k), stops = vec_high(k) & there;
  const uint64_t ends = line_ends_in(k);
  /* Lines that begin in this block and end in it are short. */
  const size_t first = least(mask_length(ends), length);
  /* The blocks before were within the limit: it is at one of the first `first` octets here. */
  if (i + first - s->start > limit) stops |= UINT64_C(1) << (s->start + limit - i) % VEC;
  if (stops != 0) {
    length = mask_length(stops);
    keep &= mask_of(length);
    s->stopped = true;
  }
  vec_store(values + s->characters, _mm512_maskz_compress_epi8(keep, k));
  s->characters += mask_count(keep);
  s->octets += length;
  s->start = ends != 0 ? i + VEC - mask_above(ends) : s->start;
}

/* The values of all characters of src[0..n), or up to what stops. */
static inline struct strip gather(const struct kinds *kinds, uint64_t column, uint64_t limit, const uint8_t *src, size_t n,
                                  uint8_t values[STRIP + VEC]) {
  struct strip s = {0, 0, 0 - column, false};
  while (n - s.octets >= VEC && !s.stopped) gather_block(&s, kinds, limit, src, VEC, values);
  if (n != s.octets && !s.stopped) gather_block(&s, kinds, limit, src, n - s.octets, values);
  return s;
}

/* The place in src[0..n) of the last character but `more`. */
static inline size_t back_to(const struct kinds *kinds, const uint8_t *src, size_t n, size_t more) {
  for (;;) {
    const size_t length = least(n, VEC);
    n -= length;
    uint64_t keep = characters_in(kinds_in(kinds, vec_load_some(src + n, mask_of(length)))) & mask_of(length);
    const size_t count = mask_count(keep);
    if (count > more) {
      for (size_t k = count - 1 - more; k > 0; k--) keep &= keep - 1;
      return n + mask_first(keep);
    }
    more -= count;
  }
}

/* The column at src[n), from the column at src. */
static inline uint64_t column_at(const struct kinds *kinds, const uint8_t *src, size_t n, uint64_t column) {
  for (size_t i = n; i > 0;) {
    const size_t length = least(i, VEC);
    i -= length;
    const uint64_t ends = line_ends_in(kinds_in(kinds, vec_load_some(src + i, mask_of(length))));
    if (ends != 0) return n - (i + VEC - mask_above(ends));
  }
  return column + n;
}

/* Packs the values of so many characters, whole quanta. */
static inline void pack_all(uint8_t *dst, const uint8_t *values, size_t characters) {
  for (; characters >= VEC; characters -= VEC, values += VEC, dst += OCTETS) put(dst, vec_load(values), VEC);
  if (characters > 0) put(dst, vec_load_some(values, mask_of(characters)), characters);
}

/* Decodes a strip; false when it does not get ahead, or stops at what it may not skip. */
__attribute__((noinline)) static bool decode_strip(struct decoding *d, const struct base64_decode_params *params) {
  uint8_t values[STRIP + VEC];
  const struct kinds kinds = kinds_of(params);
  /* No more than can be put, were nothing skipped: less than a vector is gone back over. */
  const size_t n = least(least(STRIP, d->room / 3 * 4 + 4), (size_t)(d->end - d->src));
  const struct strip strip = gather(&kinds, d->column, d->limit, d->src, n, values);
  const size_t quanta = least(strip.characters / 4, d->room / 3), rest = strip.characters - 4 * quanta;
  /* Before anything is stored: in place it would be written over. */
  const size_t read = rest == 0 ? strip.octets : back_to(&kinds, d->src, strip.octets, rest - 1);
  d->column = column_at(&kinds, d->src, read, d->column);
  pack_all(d->dst, values, 4 * quanta);
  decode_advance(d, read, 3 * quanta);
  return read > 0 && !strip.stopped;
}

/* ---- Decoding ---- */

/* The open line is ended by so many steps, if it is one of 76; less than REGULAR octets in a row is irregular text. */
enum { LINE_STEPS = 2, REGULAR = 512, STRIPS = 4 };

ALWAYS_INLINE struct decoding decoding_of(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                          const struct base64_decode_params *params, const struct base64_carry *carry) {
  const bool unlimited = params->line_ends == SKIP_NONE || params->recorded & KIND_LINE_OVER_76;
  return (struct decoding){.table = table_of(value_tables[params->alphabet]),
                           .src = src,
                           .end = src + n,
                           .dst = dst,
                           .room = cap,
                           .column = carry->column,
                           .limit = unlimited ? UINT64_MAX : MIME,
                           .width = carry->width,
                           .line_ends = params->line_ends};
}

/* Any text but narrow lines, at which it ends. */
__attribute__((noinline)) static struct done decode_wide(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                         const struct base64_decode_params *params,
                                                         struct base64_carry *carry, bool *narrow) {
  struct decoding d = decoding_of(src, n, dst, cap, params, carry);
  const bool unlimited = d.limit == UINT64_MAX;
  bool ahead = d.column <= d.limit;
  while (ahead && d.end - d.src >= 4 && d.room >= 3 && !d.stopped) {
    const uint8_t *begin = d.src;
    for (int k = 0; k < LINE_STEPS && ahead && d.column > 0 && params->line_ends != SKIP_NONE; k++)
      ahead = decode_step(&d, true);
    if (d.column == 0 && params->line_ends != SKIP_NONE) decode_lines(&d);
    if (d.narrow) break;
    if (unlimited) decode_flat(&d);
    while (d.end - d.src <= STEPS && d.end != d.src && decode_step(&d, false)) continue;
    if (d.stopped || d.src - begin >= REGULAR) continue;
    ahead = true;
    for (int k = 0; k < STRIPS && ahead; k++) ahead = d.end - d.src >= 4 && d.room >= 3 && decode_strip(&d, params);
  }
  carry->column = d.column;
  carry->width = d.width;
  *narrow = d.narrow;
  return (struct done){n - (size_t)(d.end - d.src), cap - d.room};
}

/* Any text. What decode_wide takes of the stack is free again before AVX2 takes as much as it may. */
__attribute__((noinline)) static struct done decode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                         const struct base64_decode_params *params,
                                                         struct base64_carry *carry) {
  bool narrow;
  const struct done done = decode_wide(src, n, dst, cap, params, carry, &narrow);
  if (!narrow) return done;
  const struct done more =
      cte_avx2_base64.decode(src + done.read, n - done.read, dst + done.written, cap - done.written, params, carry);
  return (struct done){done.read + more.read, done.written + more.written};
}

/* So much is little text; less than four lines of 76 are, if they have no whole quanta. */
enum { FEW = 256, FEW_BROKEN = 4 * (MIME + 2) };

static inline bool is_line_end(const uint8_t *src, size_t line_end) {
  return line_end == 2 ? src[0] == '\r' && src[1] == '\n' : src[0] == '\n';
}

/* Decodes lines of 76 as far as there is nothing else. A vector is of up to two lines, and no place waits for a mask. */
ALWAYS_INLINE void decode_mime(struct decoding *d, size_t line_end) {
  while (d->src != d->end) {
    const size_t left = (size_t)(d->end - d->src), open = MIME - (size_t)d->column;
    const size_t passed = open < VEC && open < left ? line_end : 0;
    if (passed != 0 && (left < open + passed || !is_line_end(d->src + open, line_end))) break;
    const size_t characters = least(left - passed, VEC) / 4 * 4; /* and `open` is whole quanta */
    const uint64_t mask = mask_of(characters), later = passed != 0 ? mask & ~mask_of(open) : 0;
    const vec first = vec_load_some(d->src, mask & ~later);
    const vec v = _mm512_mask_loadu_epi8(first, later, (const void *)(d->src + passed));
    const vec values = some_values_of(d->table, mask, v);
    if (characters == 0 || d->room < characters / 4 * 3 || vec_high(_mm512_or_si512(v, values)) != 0) break;
    put(d->dst, values, characters);
    decode_advance(d, characters + passed, characters / 4 * 3);
    d->column = passed != 0 ? characters - open : d->column + characters;
  }
}

/* Whether the first line is a vector or more, and whole quanta: decode_text() has its own ways with those. */
static inline bool is_long_line(const struct decoding *d) {
  const uint64_t ends = line_ends_of(vec_load_some(d->src + VEC, mask_of((size_t)(d->end - d->src) - VEC)), d->line_ends);
  return ends != 0 && (d->column + mask_first(ends)) % 4 == 0;
}

/* Little text, from a column in a line of 76. */
__attribute__((noinline)) static struct done decode_few(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                        const struct base64_decode_params *params,
                                                        struct base64_carry *carry) {
  struct decoding d = decoding_of(src, n, dst, cap, params, carry);
  if (n > FEW && is_long_line(&d)) return decode_text(src, n, dst, cap, params, carry);
  while (d.end - d.src >= 4 && decode_step(&d, false)) continue;
  carry->column = d.column;
  const struct done few = {n - (size_t)(d.end - d.src), cap - d.room};
  if (d.end - d.src < 4 || d.stopped) return few;
  const struct done rest = decode_text(d.src, (size_t)(d.end - d.src), d.dst, d.room, params, carry);
  return (struct done){few.read + rest.read, few.written + rest.written};
}

/* So much, flat or in lines of 76, is little text too. */
enum { LITTLE = 7 * (MIME + 2) };

/* Little text in lines of 76 but for what comes last: a line end, and a quantum with padding before it. */
__attribute__((noinline)) static struct done decode_little(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                           const struct base64_decode_params *params,
                                                           struct base64_carry *carry) {
  struct decoding d = decoding_of(src, n, dst, cap, params, carry);
  const size_t line_end = src[MIME - carry->column] == '\r' ? 2 : 1;
  const size_t last = is_line_end(d.end - line_end, line_end) ? line_end : 0;
  const size_t padded = n - last > 4 && d.end[-1 - (ptrdiff_t)last] == '=' ? 4 : 0;
  d.end -= last + padded;
  decode_mime(&d, line_end);
  const bool all = d.src == d.end;
  if (all && padded == 0 && last != 0) {
    d.src += last;
    d.column = 0;
  }
  carry->column = d.column;
  const struct done done = {(size_t)(d.src - src), cap - d.room};
  if (all || n - done.read < 4) return done;
  const struct done rest = decode_few(d.src, n - done.read, d.dst, d.room, params, carry);
  return (struct done){done.read + rest.read, done.written + rest.written};
}

/* The same of flat text, of which `padded` octets at the end are not looked at. */
ALWAYS_INLINE struct done decode_flat_but(size_t padded, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                          const struct base64_decode_params *params, struct base64_carry *carry) {
  const struct table table = table_of(value_tables[params->alphabet]);
  struct done done = {0, 0};
  while (done.read < n - padded) {
    const size_t characters = least(n - padded - done.read, VEC);
    const uint64_t mask = mask_of(characters);
    const vec v = vec_load_some(src + done.read, mask), values = some_values_of(table, mask, v);
    if (characters % 4 != 0 || cap - done.written < characters / 4 * 3) break;
    if (vec_high(_mm512_or_si512(v, values)) != 0) break;
    put(dst + done.written, values, characters);
    done.read += characters;
    done.written += characters / 4 * 3;
  }
  carry->column += done.read;
  if (done.read == n - padded) return done;
  const struct done rest = decode_few(src + done.read, n - done.read, dst + done.written, cap - done.written, params, carry);
  return (struct done){done.read + rest.read, done.written + rest.written};
}

__attribute__((noinline)) static struct done decode_little_flat(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                                const struct base64_decode_params *params,
                                                                struct base64_carry *carry) {
  return decode_flat_but(0, src, n, dst, cap, params, carry);
}

__attribute__((noinline)) static struct done decode_little_padded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                                  const struct base64_decode_params *params,
                                                                  struct base64_carry *carry) {
  return decode_flat_but(4, src, n, dst, cap, params, carry);
}

/* Whether a line of 76 ends here. */
static inline bool is_mime(const uint8_t *src, size_t n, uint8_t line_ends, uint64_t column) {
  if (column > MIME || column % 4 != 0 || n <= MIME - column || n <= 4) return false;
  const uint8_t end = src[MIME - column];
  return end == '\n' || (line_ends == SKIP_CR_LF && end == '\r');
}

/* A line of 76 and CRLF, or a few as far as the last one shows: AVX2's kernel decodes them 1.04 to 1.26 times as fast. */
static inline bool are_whole(const uint8_t *src, size_t n) {
  return n - (MIME + 2) <= LITTLE - (MIME + 2) && src[n - 2] == '\r' && (n < MIME + 4 || src[n - (MIME + 4)] == '\r');
}

static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_decode_params *params,
                          struct base64_carry *carry) {
  if (params->line_ends == SKIP_CR_LF && are_whole(src, n)) return cte_avx2_base64.decode(src, n, dst, cap, params, carry);
  if (n > LITTLE) return decode_text(src, n, dst, cap, params, carry);
  if (params->line_ends == SKIP_NONE)
    return n > 4 && src[n - 1] == '=' ? decode_little_padded(src, n, dst, cap, params, carry)
                                      : decode_little_flat(src, n, dst, cap, params, carry);
  if (is_mime(src, n, params->line_ends, carry->column)) return decode_little(src, n, dst, cap, params, carry);
  if (n <= FEW_BROKEN && carry->column <= MIME) return decode_few(src, n, dst, cap, params, carry);
  return decode_text(src, n, dst, cap, params, carry);
}

static size_t decode_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  const struct table table = table_of(value_tables[alphabet]);
  const size_t first = least(4 * quanta, VEC), second = 4 * quanta - first;
  const uint64_t in_a = mask_of(first), in_b = mask_of(second);
  const vec a = vec_load_some(src, in_a), va = some_values_of(table, in_a, a);
  if (second == 0) {
    if (vec_high(_mm512_or_si512(a, va)) != 0) return 0;
    put(dst, va, first);
    return 3 * quanta;
  }
  const vec b = vec_load_some(src + VEC, in_b), vb = some_values_of(table, in_b, b);
  if (vec_high(add_wrong(_mm512_or_si512(a, va), b, vb)) != 0) return 0;
  put(dst, va, VEC);
  put(dst + OCTETS, vb, second);
  return 3 * quanta;
}

const struct base64_kernels cte_avx512_base64 = {encode, decode, encode_line, decode_line};
