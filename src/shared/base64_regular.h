/*
 * shared/base64_regular.h: base64 decoding of lines of one width, and of the last octets; over vec.h and over what each ISA's
 * base64.c has before it includes this: put_packed, put_packed_only.
 */
#ifndef CTE_SRC_SHARED_BASE64_REGULAR_H
#define CTE_SRC_SHARED_BASE64_REGULAR_H

#include "base64.h"

/* ---- Decoding: characters to octets ---- */

/*
 * An octet's class is low[its low four bits] & high[its high four bits]; offsets[class] is what is added to it. The sum is a
 * character's value; of any other octet it has bit 6 or 7 set. Found by a search; tests look at every octet. (An octet of
 * 0x80 or more has class 0.)
 */
struct decode_constants {
  _Alignas(64) uint8_t low[16], high[16], offsets[16];
  uint32_t nibbles, above; /* the same for all: so compilers load them, as they do the others (base64_encode.h) */
};

#define DECODE_CONSTANTS 0x0f0f0f0f, 0xc0c0c0c0
static const struct decode_constants decode_constants[3] = {
    [ALPHABET_STANDARD] = {{9, 13, 13, 13, 13, 13, 13, 13, 13, 13, 1, 15, 3, 15, 3, 7},
                           {10, 10, 14, 11, 13, 3, 12, 2, 6, 6, 6, 6, 6, 6, 6, 6},
                           {185, 191, 128, 128, 185, 191, 16, 128, 128, 4, 128, 128, 185, 191, 19, 128},
                           DECODE_CONSTANTS},
    [ALPHABET_URL] = {{11, 10, 10, 10, 10, 10, 10, 10, 10, 10, 2, 7, 7, 5, 7, 13},
                      {13, 13, 6, 11, 1, 12, 7, 6, 14, 14, 14, 14, 14, 14, 14, 14},
                      {191, 191, 185, 128, 17, 185, 128, 185, 191, 128, 4, 4, 224, 128, 128, 128},
                      DECODE_CONSTANTS},
    [ALPHABET_EITHER] = {{5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 11, 14, 10, 11, 15},
                         {0, 0, 13, 9, 0, 15, 3, 12, 7, 7, 7, 7, 7, 7, 7, 7},
                         {191, 4, 185, 185, 185, 191, 191, 191, 17, 19, 128, 128, 128, 16, 128, 224},
                         DECODE_CONSTANTS},
};

/* They, loaded. */
struct decoder {
  vec low, high, offsets, nibbles, above;
};

struct decoding {
  struct decoder by;
  const uint8_t *begin, *src, *end;
  uint8_t *dst;
  size_t room;
  uint64_t column, limit; /* no octet may stand at column `limit` */
  size_t strip;           /* octets of the next strip of irregular text: base64_irregular.h */
  uint32_t width;         /* of the last line seen */
  uint8_t line_ends;      /* SKIP_ */
  bool blanks;            /* blanks are skipped, too */
  bool stopped;           /* a cause to stop was met */
};

static inline struct decoder decoder_of(unsigned alphabet) {
  const struct decode_constants *c = &decode_constants[alphabet];
  return (struct decoder){vec_table(c->low), vec_table(c->high), vec_table(c->offsets), vec_fill32(c->nibbles),
                          vec_fill32(c->above)};
}

static inline vec values_of(struct decoder by, vec v) {
  const vec high = vec_and(vec_shift_right4(v), by.nibbles);
  const vec class = vec_and(vec_look_up(by.low, v), vec_look_up(by.high, high));
  return vec_add_signed(vec_look_up(by.offsets, class), v);
}

static inline bool all_values(struct decoder by, vec values) {
  return !vec_any(values, by.above);
}

/* A bit for each octet that is no character. */
static inline uint32_t others_in(vec values) {
  return vec_mask_high(vec_or(values, vec_add(values, values)));
}

/* How many characters come before the first octet that is none. */
static inline size_t characters_in(vec values) {
  return mask_first(others_in(values) | UINT64_C(1) << VEC);
}

/* Copies size octets, whole quanta of three, at most OCTETS; size 3 or more. */
static inline void put_some(uint8_t *dst, const uint8_t *from, size_t size) {
  if (size >= 16) {
    memcpy(dst, from, 16);
    memcpy(dst + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    memcpy(dst, from, 8);
    memcpy(dst + size - 8, from + size - 8, 8);
  } else {
    memcpy(dst, from, 3);
    memcpy(dst + size - 3, from + size - 3, 3);
  }
}

/*
 * Decodes the quanta among the first `characters` of a vector, as many as there is room for; returns their characters. All
 * before `read` has been read: where dst is in place, what lies behind stays.
 */
static inline size_t put_quanta(struct decoding *d, vec values, size_t characters, const uint8_t *read) {
  const size_t quanta = least(characters / 4, d->room / 3), size = 3 * quanta;
  if (quanta == 0) return 0;
  if (d->room >= PACKED && (uintptr_t)read - (uintptr_t)d->dst >= PACKED) {
    put_packed(d->dst, values);
  } else {
    uint8_t octets[PACKED];
    put_packed(octets, values);
    put_some(d->dst, octets, size);
  }
  d->dst += size;
  d->room -= size;
  return 4 * quanta;
}

/* ---- Regular text: line ends every `width` characters, or none ---- */

/* n zeros, up to SLIDE, then octets of 0xff, at slide + SLIDE - n. */
enum { SLIDE = 96 };
static const uint8_t slide[2 * SLIDE] = {
    [SLIDE] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* Flat text; in lines; in lines that end in blanks. */
enum layout { FLAT, LINES, PADDED };

/* Where to load: `open` characters, a line end, then lines of `width`, which is VEC or more. */
struct place {
  const uint8_t *src;
  size_t open, width, line_end; /* line_end: with what it is padded by */
  uint16_t octets, mask;        /* a line end's two octets; of LF's the second does not count */
  uint32_t padded, padded_mask; /* PADDED: the last four octets to its end; those of the line do not count */
};

/* The next VEC characters. At most one line end is between them, in flat text none; *wrong is not 0 if it is another. */
ALWAYS_INLINE vec load_characters(struct place *at, enum layout layout, uint32_t *wrong) {
  const uint8_t *src = at->src;
  if (layout == FLAT || at->open >= VEC) {
    at->src += VEC;
    at->open -= VEC;
    return vec_load(src);
  }
  if (layout == PADDED) {
    uint32_t padded;
    memcpy(&padded, src + at->open + at->line_end - 4, 4);
    *wrong |= (padded ^ at->padded) & at->padded_mask;
  } else {
    uint16_t octets;
    memcpy(&octets, src + at->open, 2);
    *wrong |= (uint32_t)((octets ^ at->octets) & at->mask);
  }
  const vec second = vec_load(slide + SLIDE - at->open);
  at->src += VEC + at->line_end;
  at->open += at->width - VEC;
  return vec_blend(vec_load(src), vec_load(src + at->line_end), second);
}

/* Four vectors, if all is as it should be. Tested before they are stored: in place they could not be read again. */
ALWAYS_INLINE bool decode_four(struct decoder by, struct place *place, enum layout layout, uint8_t *dst) {
  struct place at = *place;
  uint32_t wrong = 0;
  const vec a = values_of(by, load_characters(&at, layout, &wrong));
  const vec b = values_of(by, load_characters(&at, layout, &wrong));
  const vec c = values_of(by, load_characters(&at, layout, &wrong));
  const vec d = values_of(by, load_characters(&at, layout, &wrong));
  if (!all_values(by, vec_or(vec_or(a, b), vec_or(c, d))) || wrong) return false;
  put_packed(dst, a);
  put_packed(dst + OCTETS, b);
  put_packed(dst + 2 * OCTETS, c);
  put_packed(dst + 3 * OCTETS, d);
  *place = at;
  return true;
}

/* Decodes up to `vectors` vectors of characters, fewer if anything else is met. Returns how many. */
ALWAYS_INLINE size_t decode_vectors(struct decoder by, struct place *place, enum layout layout, uint8_t *dst,
                                    size_t vectors) {
  struct place at = *place;
  size_t done = 0;
  for (; vectors - done >= 4 && decode_four(by, &at, layout, dst); dst += 4 * OCTETS) done += 4;
  for (; done < vectors; done++, dst += OCTETS) {
    struct place next = at;
    uint32_t wrong = 0;
    const vec values = values_of(by, load_characters(&next, layout, &wrong));
    if (!all_values(by, values) || wrong) break;
    put_packed(dst, values);
    at = next;
  }
  *place = at;
  return done;
}

/* The i-th vector of a cycle of 76 columns; as load_characters, but i is a constant, and so is the place of the line end. */
ALWAYS_INLINE vec load_cycle(struct place *at, size_t i, uint32_t *wrong) {
  at->open = MIME - i * VEC % MIME;
  return load_characters(at, LINES, wrong);
}

/* Vectors i to i + 3 of a cycle; of the last ones there are three. False: not all is as it should be. */
ALWAYS_INLINE bool decode_cycle_part(struct decoder by, struct place *place, size_t i, uint8_t **dst) {
  struct place at = *place;
  uint32_t wrong = 0;
  const bool four = i + 3 < CYCLE;
  const vec a = values_of(by, load_cycle(&at, i, &wrong));
  const vec b = values_of(by, load_cycle(&at, i + 1, &wrong));
  const vec c = values_of(by, load_cycle(&at, i + 2, &wrong));
  const vec d = four ? values_of(by, load_cycle(&at, i + 3, &wrong)) : c;
  if (!all_values(by, vec_or(vec_or(a, b), vec_or(c, d))) || wrong) return false;
  put_packed(*dst, a);
  put_packed(*dst + OCTETS, b);
  put_packed(*dst + 2 * OCTETS, c);
  if (four) put_packed(*dst + 3 * OCTETS, d);
  *dst += (four ? 4 : 3) * OCTETS;
  *place = at;
  return true;
}

ALWAYS_INLINE bool decode_cycle(struct decoder by, struct place *at, uint8_t **dst) {
  return decode_cycle_part(by, at, 0, dst) && decode_cycle_part(by, at, 4, dst) && decode_cycle_part(by, at, 8, dst) &&
         decode_cycle_part(by, at, 12, dst) && decode_cycle_part(by, at, 16, dst);
}

/*
 * Decodes cycles, from the beginning of a line; the last one's line end is not yet read. Returns how many vectors.
 */
ALWAYS_INLINE size_t decode_cycles(struct decoder by, struct place *place, uint8_t *dst, size_t vectors) {
  struct place at = *place;
  uint8_t *to = dst;
  for (;;) {
    if (!decode_cycle(by, &at, &to)) break;
    vectors -= CYCLE;
    uint16_t octets;
    if (vectors < CYCLE) break;
    memcpy(&octets, at.src, 2);
    if ((octets ^ at.octets) & at.mask) break;
    at.src += at.line_end;
    at.open = MIME;
  }
  *place = at;
  return (size_t)(to - dst) / OCTETS;
}

/* Decodes up to `vectors` vectors of lines, fewer if anything else is met. Returns how many. */
static inline size_t decode_lines(struct decoder by, struct place *at, uint8_t *dst, size_t vectors) {
  size_t done = 0;
  if (at->width == MIME && vectors >= CYCLE) {
    if (at->open == 0) {
      /* characters_ahead saw the line end. */
      at->src += at->line_end;
      at->open = MIME;
    }
    /* Each residue that VEC and the width allow comes within a cycle. */
    while (vectors - done >= 2 * CYCLE && at->open % 4 == 0 && at->open != MIME && at->open != 0) {
      if (decode_vectors(by, at, LINES, dst + done * OCTETS, 1) == 0) return done;
      done++;
    }
    if (at->open == MIME) done += decode_cycles(by, at, dst + done * OCTETS, vectors - done);
  }
  return done + decode_vectors(by, at, LINES, dst + done * OCTETS, vectors - done);
}

/* Such lines are rare: apart, so that the others' code stays what it is. */
__attribute__((noinline)) static size_t decode_padded(const struct decoding *d, struct place *at, size_t vectors) {
  return decode_vectors(d->by, at, PADDED, d->dst, vectors);
}

/* Decodes the whole vectors of so many characters, or fewer. */
static inline void decode_place(struct decoding *d, struct place *at, size_t characters) {
  if (d->room < PACKED) return;
  const size_t vectors = least(characters / VEC, (d->room - PACKED) / OCTETS + 1);
  size_t done;
  if (at->open >= characters) {
    done = decode_vectors(d->by, at, FLAT, d->dst, vectors);
  } else if (at->line_end > 2) {
    const struct decoding copy = *d; /* what is pointed to stays in memory */
    struct place next = *at;
    done = decode_padded(&copy, &next, vectors);
    *at = next;
  } else {
    done = decode_lines(d->by, at, d->dst, vectors);
  }
  d->dst += done * OCTETS;
  d->room -= done * OCTETS;
}

/* The octets of the line end at src, 0 where there is none. */
static inline size_t line_end_at(const struct decoding *d, const uint8_t *src) {
  if (d->line_ends == SKIP_NONE || src == d->end) return 0;
  if (*src == '\n') return 1;
  return d->line_ends == SKIP_CR_LF && d->end - src >= 2 && src[0] == '\r' && src[1] == '\n' ? 2 : 0;
}

static inline bool is_blank(uint8_t c) {
  return c == ' ' || c == '\t';
}

/*
 * A line end that is padded by one blank or two: its octets and the blanks', 0 where there is none. Its last four octets can be
 * read, and what they are is set.
 */
static inline size_t padded_line_end_at(const struct decoding *d, struct place *at) {
  static const uint8_t masks[2 * 4] = {[4] = 0xff, 0xff, 0xff, 0xff};
  const uint8_t *src = at->src + at->open;
  if (!d->blanks || at->src - d->begin < 4 || d->end - src < 4 || !is_blank(*src)) return 0;
  const size_t blanks = is_blank(src[1]) ? 2 : 1, line_end = line_end_at(d, src + blanks), size = blanks + line_end;
  if (line_end == 0 || size < 3 || at->width + blanks > d->limit) return 0;
  memcpy(&at->padded, src + size - 4, 4);
  memcpy(&at->padded_mask, masks + size, 4);
  return size;
}

/* How many characters lie ahead if all lines are as `at` has them; 0 if the open line is not. Sets the line end. */
static inline size_t characters_ahead(const struct decoding *d, struct place *at) {
  const size_t left = (size_t)(d->end - at->src);
  if (at->open >= left) return left;
  if (d->blanks && at->open > 0 && is_blank(at->src[at->open - 1])) return 0; /* a width that was with blanks */
  at->line_end = line_end_at(d, at->src + at->open);
  if (at->line_end == 0) at->line_end = padded_line_end_at(d, at);
  if (at->line_end == 0) return 0;
  memcpy(&at->octets, at->line_end == 2 ? "\r\n" : "\n", 2);
  memcpy(&at->mask, at->line_end == 2 ? "\xff\xff" : "\xff", 2);
  const size_t behind = left - at->open - at->line_end, stride = at->width + at->line_end;
  const size_t lines = behind < stride ? 0 : behind / stride; /* a division is slow */
  return at->open + lines * at->width + least(behind - lines * stride, at->width);
}

/* Sets of octets for block_members: line ends by SKIP_. */
static const uint8_t line_end_sets[3][16] = {
    [SKIP_CR_LF] = {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, '\n', 128, 128, '\r', 128, 128},
    [SKIP_LF] = {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, '\n', 128, 128, 128, 128, 128},
    [SKIP_NONE] = {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128},
};

/* Lines longer than this are taken for unfolded text. */
enum { WIDTH_MAX = 1024 };

/* The width of the open line, without blanks at its end, if it ends within WIDTH_MAX octets, else SIZE_MAX. */
static inline size_t find_width(const struct decoding *d) {
  uint8_t set[16];
  memcpy(set, line_end_sets[d->line_ends], 16);
  if (d->blanks) set[0] = ' ', set[9] = '\t';
  const vec line_ends = vec_table(set);
  const size_t most = least((size_t)(d->end - d->src), d->limit == UINT64_MAX ? WIDTH_MAX : 128);
  for (size_t i = 0; i + 64 <= most; i += 64) {
    const uint64_t found = block_members(block_load(d->src + i), line_ends);
    if (found) return (size_t)d->column + i + mask_first(found);
  }
  return SIZE_MAX;
}

/* Decodes on as long as all lines are as wide as the last one, or the first one if the last one's width does not fit. */
static inline void decode_regular(struct decoding *d) {
  size_t width = d->line_ends == SKIP_NONE ? SIZE_MAX : d->width >= VEC && d->width <= d->limit ? d->width : MIME;
  struct place at = {.src = d->src, .width = width};
  size_t characters = 0;
  if (d->column <= width) {
    at.open = width - (size_t)d->column;
    characters = characters_ahead(d, &at);
  }
  if (characters == 0) {
    width = find_width(d);
    if (width < VEC || d->column > width) return;
    at = (struct place){.src = d->src, .open = width - (size_t)d->column, .width = width};
    characters = characters_ahead(d, &at);
  }
  if (d->limit != UINT64_MAX && width > d->limit)
    characters = d->column < d->limit ? least(characters, (size_t)(d->limit - d->column)) : 0;
  decode_place(d, &at, characters);
  d->src = at.src;
  d->column = width - at.open;
  if (width <= WIDTH_MAX) d->width = (uint32_t)width;
}

/* ---- A few lines ---- */

/*
 * Decodes VEC - LINE_MOST characters, whole quanta, if nothing else stands there; without a branch but for that: where they
 * are fewer, vectors take some of those before them once more. All are loaded before any is stored: dst may be in place.
 */
ALWAYS_INLINE bool decode_line(struct decoder by, const uint8_t *src, size_t characters, uint8_t *dst) {
  const size_t last = characters - VEC;
  vec values[LINE_VECTORS], all = vec_zero();
  for (size_t k = 0; k < LINE_VECTORS; k++) {
    values[k] = values_of(by, vec_load(src + (k + 1 < LINE_VECTORS ? least(k * VEC, last) : last)));
    all = vec_or(all, values[k]);
  }
  if (!all_values(by, all)) return false;
  for (size_t k = 0; k < LINE_VECTORS; k++)
    put_packed_only(dst + (k + 1 < LINE_VECTORS ? least(k * VEC, last) : last) / 4 * 3, values[k]);
  return true;
}

/* Where octets can be loaded: from the first of the call's text to its end. */
struct text {
  const uint8_t *begin, *end;
};

/* Decodes the quanta among up to VEC characters, whole quanta, before anything else; returns their characters. */
static inline size_t decode_less(struct decoder by, struct text text, const uint8_t *src, size_t characters, uint8_t *dst,
                                 size_t room) {
  vec values;
  if ((size_t)(text.end - src) >= VEC)
    values = values_of(by, vec_load(src));
  else if ((size_t)(src - text.begin) + characters >= VEC)
    values = rotate(values_of(by, vec_load(src + characters - VEC)), (VEC - characters) / 4);
  else
    return 0;
  const size_t quanta = least(characters_in(values), characters) / 4, size = 3 * quanta;
  if (quanta == 0) return 0;
  /* In place the slack may be what is not read yet. */
  if (room >= PACKED && (uintptr_t)src + 4 * quanta - (uintptr_t)dst >= PACKED) {
    put_packed(dst, values);
  } else {
    uint8_t octets[PACKED];
    put_packed(octets, values);
    put_some(dst, octets, size);
  }
  return 4 * quanta;
}

/* Decodes the quanta among `characters` before anything else; returns their characters. There is room for all. */
__attribute__((noinline)) static size_t decode_some(unsigned alphabet, struct text text, const uint8_t *src,
                                                    size_t characters, uint8_t *dst, size_t room) {
  const struct decoder by = decoder_of(alphabet);
  size_t i = 0;
  while (characters - i >= VEC) {
    if (characters - i <= LINE_MOST && decode_line(by, src + i, (characters - i) / 4 * 4, dst + i / 4 * 3))
      return characters / 4 * 4;
    const vec values = values_of(by, vec_load(src + i));
    if (!all_values(by, values)) break;
    put_packed_only(dst + i / 4 * 3, values);
    i += VEC;
  }
  if (characters - i < 4) return i;
  return i + decode_less(by, text, src + i, least(characters - i, VEC) / 4 * 4, dst + i / 4 * 3, room - i / 4 * 3);
}

/*
 * The same of VEC characters or more, mostly nothing but whole quanta: vectors, of which what is written too much is written
 * again, then as a line.
 */
ALWAYS_INLINE size_t decode_few(unsigned alphabet, const uint8_t *src, size_t n, uint8_t *dst, size_t room) {
  const struct decoder by = decoder_of(alphabet);
  size_t i = 0;
  for (; n - i > LINE_MOST; i += VEC) {
    const vec values = values_of(by, vec_load(src + i));
    if (UNLIKELY(!all_values(by, values))) break;
    put_packed(dst + i / 4 * 3, values);
  }
  if (LIKELY(n - i <= LINE_MOST && n % 4 == 0) && LIKELY(decode_line(by, src + i, n - i, dst + i / 4 * 3))) return n;
  return i + decode_some(alphabet, (struct text){src, src + n}, src + i, n - i, dst + i / 4 * 3, room - i / 4 * 3);
}

static inline bool is_crlf(const uint8_t *src) {
  return src[0] == '\r' && src[1] == '\n';
}

/*
 * Decodes cycles of lines of 76 and CRLF, from the beginning of one on; sets where it stops, and what is open of that line.
 * Returns how many vectors. (A decoder as an argument would be copied in memory.)
 */
__attribute__((noinline)) static size_t decode_mime_cycles(unsigned alphabet, const uint8_t **src, size_t *open,
                                                           uint8_t *dst, size_t cycles) {
  struct place at = {.src = *src, .open = MIME, .width = MIME, .line_end = 2, .mask = 0xffff};
  memcpy(&at.octets, "\r\n", 2);
  const size_t vectors = decode_cycles(decoder_of(alphabet), &at, dst, CYCLE * cycles);
  *src = at.src;
  *open = at.open;
  return vectors;
}

/*
 * What is open of a line, and its CRLF, without a branch but for what else may be there. LINE_MOST octets can be read, and
 * PACKED more than they are can be written.
 */
ALWAYS_INLINE bool decode_open_line(struct decoder by, const uint8_t *src, size_t open, uint8_t *dst) {
  const uint8_t *behind = slide + SLIDE - open;
  vec values[LINE_VECTORS], all = vec_zero();
  for (size_t k = 0; k < LINE_VECTORS; k++) {
    values[k] = values_of(by, vec_load(src + k * VEC));
    all = vec_or(all, vec_and_not(values[k], vec_load(behind + k * VEC)));
  }
  if (!all_values(by, all) || !is_crlf(src + open)) return false;
  for (size_t k = 0; k < LINE_VECTORS; k++) put_packed(dst + k * OCTETS, values[k]);
  return true;
}

/*
 * Up to 76 characters, whole quanta, in the same way: fewer than VEC are rotated from the end of a vector. VEC octets before
 * them can be read.
 */
ALWAYS_INLINE bool decode_last_line(struct decoder by, const uint8_t *src, size_t characters, uint8_t *dst) {
  const size_t fewer = characters < VEC ? VEC - characters : 0, last = characters + fewer - VEC;
  vec values[LINE_VECTORS], all = vec_zero();
  for (size_t k = 0; k < LINE_VECTORS; k++) {
    values[k] = rotate(values_of(by, vec_load(src + least(k * VEC, last) - fewer)), fewer / 4);
    all = vec_or(all, values[k]);
  }
  if (!all_values(by, vec_and_not(all, vec_load(slide + SLIDE - VEC + fewer)))) return false;
  for (size_t k = 0; k < LINE_VECTORS; k++) put_packed(dst + least(k * VEC, last) / 4 * 3, values[k]);
  return true;
}

/* Four lines of 76: a cycle, or half of one, the end of whose last line is two vectors that overlap. */
ALWAYS_INLINE bool decode_four_lines(struct decoder by, const uint8_t *src, uint8_t *dst) {
  enum { END = 4 * (MIME + 2) - 2, SIZE = MIME / 4 * 3 };
  struct place at = {.src = src, .width = MIME, .line_end = 2, .mask = 0xffff};
  memcpy(&at.octets, "\r\n", 2);
  if (!is_crlf(src + END)) return false;
  if (CYCLE_LINES == 4) return decode_cycle(by, &at, &dst);
  uint8_t *const last = dst + 4 * SIZE - OCTETS;
  if (!decode_cycle_part(by, &at, 0, &dst) || !decode_cycle_part(by, &at, 4, &dst)) return false;
  const vec a = values_of(by, vec_load(at.src)), b = values_of(by, vec_load(src + END - VEC));
  if (!all_values(by, vec_or(a, b))) return false;
  put_packed(dst, a);
  put_packed(last, b);
  return true;
}

/*
 * A long chunk from any column to any other, with the same branches for all; it stops where something else is met. The last
 * whole lines are decoded together with some of those before them. In place dst is so far before src that what is written
 * and not final is not what is read yet or again.
 */
enum { CHUNK = 1024, CHUNK_BEFORE = 2 * LINE_MOST };

__attribute__((noinline)) static struct done decode_chunk(const uint8_t *src, size_t n, uint8_t *dst, unsigned alphabet,
                                                          uint64_t *column) {
  enum { STRIDE = MIME + 2, SIZE = MIME / 4 * 3 };
  const struct decoder by = decoder_of(alphabet);
  const uint8_t *at = src, *const end = src + n;
  uint8_t *to = dst;
  size_t open = MIME - (size_t)*column;
  if (UNLIKELY(!decode_open_line(by, at, open, to))) return (struct done){0, 0};
  at += open + 2;
  to += open / 4 * 3;
  to += decode_mime_cycles(alphabet, &at, &open, to, (size_t)(end - at) / (CYCLE_LINES * STRIDE)) * OCTETS;
  if (LIKELY(open == 0 && is_crlf(at))) {
    at += 2;
    open = MIME;
    size_t lines = (size_t)(end - at) / STRIDE;
    if (lines > 4 && decode_four_lines(by, at, to)) {
      at += 4 * STRIDE;
      to += 4 * SIZE;
      lines -= 4;
    }
    if (LIKELY(lines <= 4)) { /* from here on those before them, too, are to be decoded again */
      at -= (4 - lines) * STRIDE;
      to -= (4 - lines) * SIZE;
    }
    if (LIKELY(lines <= 4 && decode_four_lines(by, at, to))) {
      at += 4 * STRIDE;
      to += 4 * SIZE;
      size_t characters = least((size_t)(end - at), MIME) / 4 * 4;
      /* At the end of data a quantum is often padded. */
      characters -= characters > 0 && end[-1] == '=' ? 4 : 0;
      if (LIKELY(decode_last_line(by, at, characters, to))) {
        at += characters;
        to += characters / 4 * 3;
        open -= characters;
        if (UNLIKELY((end - at == 2) & is_crlf(end - 2))) {
          at += 2;
          open = MIME;
        }
      }
    }
  }
  *column = MIME - open;
  return (struct done){(size_t)(at - src), (size_t)(to - dst)};
}

/* Decodes lines of 76 and CRLF, and of the first and the last line what there is, as far as there is nothing else. */
ALWAYS_INLINE struct done decode_mime(unsigned alphabet, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                      uint64_t *column) {
  enum { CYCLE_OCTETS = CYCLE_LINES * (MIME + 2), CYCLE_ROOM_LEAST = CYCLE * OCTETS + PACKED, SIZE = MIME / 4 * 3 };
  const uint8_t *at = src, *const end = src + n;
  uint8_t *to = dst, *const to_end = dst + cap;
  size_t open = MIME - (size_t)*column;
  for (;;) {
    if (UNLIKELY(open == MIME && end - at >= CYCLE_OCTETS && to_end - to >= CYCLE_ROOM_LEAST)) {
      /* Copies: what is pointed to stays in memory. */
      const uint8_t *next = at;
      size_t next_open;
      const size_t cycles = least((size_t)(end - at) / CYCLE_OCTETS, (size_t)(to_end - to - PACKED) / (CYCLE * OCTETS));
      to += decode_mime_cycles(alphabet, &next, &next_open, to, cycles) * OCTETS;
      at = next;
      open = next_open;
    }
    const struct decoder by = decoder_of(alphabet); /* not before: it would be kept in memory */
    while (open == MIME && end - at >= MIME + 2 && to_end - to >= SIZE && LIKELY(is_crlf(at + MIME)) &&
           LIKELY(decode_line(by, at, MIME, to))) {
      at += MIME + 2;
      to += SIZE;
    }
    const size_t characters = least(open, (size_t)(end - at)), room = (size_t)(to_end - to);
    if (LIKELY(at == end)) break;
    if (room < characters / 4 * 3) break;
    const size_t decoded = decode_some(alphabet, (struct text){src, end}, at, characters, to, room);
    at += decoded;
    to += decoded / 4 * 3;
    open -= decoded;
    if (open > 0 || end - at < 2 || !is_crlf(at)) break;
    at += 2;
    open = MIME;
  }
  *column = MIME - open;
  return (struct done){(size_t)(at - src), (size_t)(to - dst)};
}

/* ---- The end of the text, step by step ---- */

/* How many characters are at src, where less than VEC octets are left of VEC or more. */
static inline size_t characters_left(const struct decoding *d, size_t left) {
  const uint64_t others = others_in(values_of(d->by, vec_load(d->end - VEC)));
  return mask_first((others | UINT64_C(1) << VEC) >> (VEC - left));
}

/*
 * Decodes the last `characters` of a line, less than VEC, once more with those before them. False: they are not there, not
 * all characters, or perhaps written over.
 */
static inline bool put_again(struct decoding *d, size_t characters) {
  const size_t size = characters / 4 * 3, before = VEC - characters;
  if (d->column < before || (size_t)(d->src - d->begin) < before || d->room < size) return false;
  if ((uintptr_t)d->src - (uintptr_t)d->dst < VEC + PACKED) return false;
  const vec values = values_of(d->by, vec_load(d->src - before));
  /* Where garbage was skipped the octets before are not those that were decoded last. */
  if (!all_values(d->by, values)) return false;
  put_packed_only(d->dst + size - OCTETS, values);
  d->dst += size;
  d->room -= size;
  return true;
}

/* The last `left` octets, less than VEC, and then '='. */
static inline vec load_last(const struct decoding *d, size_t left) {
  uint8_t last[VEC];
  vec_store(last, vec_fill('='));
  memcpy(last, d->src, left);
  return vec_load(last);
}

/* Decodes the whole quanta of up to a vector of characters, and skips line ends behind them. False: neither is there. */
static inline bool decode_step(struct decoding *d) {
  const uint8_t *src = d->src;
  const size_t left = (size_t)(d->end - src), open = d->limit - d->column < VEC ? (size_t)(d->limit - d->column) : VEC;
  size_t decoded = 0, characters;
  if (left < VEC && d->end - d->begin >= VEC) {
    characters = least(characters_left(d, left), open);
    if (characters >= 4 && put_again(d, characters / 4 * 4)) decoded = characters / 4 * 4;
  }
  if (decoded == 0) {
    const vec values = values_of(d->by, left >= VEC ? vec_load(src) : load_last(d, left));
    characters = least(characters_in(values), open);
    decoded = put_quanta(d, values, characters, src + characters / 4 * 4);
  }
  if (characters < left && src[characters] == '=') d->stopped = true;
  d->src += decoded;
  d->column += decoded;
  for (size_t size; (size = line_end_at(d, d->src)) > 0; d->column = 0) d->src += size;
  return d->src != src;
}

#endif
