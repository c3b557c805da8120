/*
 * base64.h: the base64 kernels, written once over vec.h and over what each ISA's base64.c has before it includes this:
 * spread, spread_inside, put_packed, put_packed_only, rotate.
 */
#ifndef CTE_SRC_SHARED_BASE64_H
#define CTE_SRC_SHARED_BASE64_H

#include <string.h>

/* Octets that are VEC characters. */
enum { OCTETS = VEC / 4 * 3 };

static inline size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* ---- Encoding ---- */

struct encoding {
  const uint8_t *src;
  uint8_t *dst;
  size_t left, room;      /* octets of src; of dst */
  uint64_t columns, open; /* open: characters that the open line has room for */
  size_t line_end;
  uint16_t line_end_octets; /* as they lie in memory; of LF the second is slack */
  bool begun;               /* INSIDE_BEFORE octets before src belong to this call */
  vec offsets;              /* by class, what a sextet's character is more than it */
};

/* Classes of sextets: capitals, small letters, ten digits, 62, 63. */
static const uint8_t class_offsets[2][16] = {
    {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0},
    {65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 239, 32, 0, 0},
};

/* The 32-bit parts are [1 0 2 1]: as 16-bit numbers octets 0 1 and 1 2, of which each holds two sextets. */
static inline vec sextets_of(vec parts) {
  const vec even = vec_multiply_high16(parts, vec_fill16(1 << 6, 1 << 10)); /* down by 10, and by 6 */
  const vec odd = vec_multiply_low16(parts, vec_fill16(1 << 4, 1 << 8));
  return vec_and(vec_blend(even, odd, vec_fill16(0xff00, 0xff00)), vec_fill(63));
}

static inline vec characters_of(vec parts, vec offsets) {
  const vec sextets = sextets_of(parts);
  /* 0 up to 51, then 1 - 12; the mask is -1 for all but capitals. */
  const vec class = vec_sub(vec_sub_unsigned(sextets, vec_fill(51)), vec_greater(sextets, vec_fill(25)));
  return vec_add(sextets, vec_look_up(offsets, class));
}

static inline vec encode_vector(const struct encoding *e) {
  const bool inside = e->begun && e->left >= OCTETS + INSIDE_BEHIND;
  return characters_of(inside ? spread_inside(e->src) : spread(e->src), e->offsets);
}

static inline void encode_advance(struct encoding *e, size_t octets, size_t written) {
  e->src += octets;
  e->left -= octets;
  e->dst += written;
  e->room -= written;
  e->begun = true;
}

/* Encodes so many vectors without a line end. */
static inline void encode_whole(struct encoding *e, size_t vectors) {
  e->open -= vectors * VEC;
  for (; vectors > 0; vectors--) {
    vec_store(e->dst, encode_vector(e));
    encode_advance(e, OCTETS, VEC);
  }
}

/* Octets that put_broken may write: a line end and two vectors, of which each may be all slack. */
enum { BROKEN_ROOM = 2 * VEC + 2 };

/* Stores a vector of characters with a line end before the character `at`, a multiple of 4 below VEC. */
static inline void put_broken(const struct encoding *e, uint8_t *dst, vec characters, size_t at) {
  vec_store(dst, characters);
  memcpy(dst + at, &e->line_end_octets, 2);
  vec_store(dst + at + e->line_end, rotate(characters, at / 4));
}

/* Encodes the vector in which the open line ends. False: there is no room for it. */
static inline bool encode_broken(struct encoding *e) {
  const size_t size = VEC + e->line_end;
  if (e->room < size) return false;
  const vec characters = encode_vector(e);
  if (e->room >= BROKEN_ROOM) {
    put_broken(e, e->dst, characters, (size_t)e->open);
  } else {
    uint8_t broken[BROKEN_ROOM];
    put_broken(e, broken, characters, (size_t)e->open);
    vec_store(e->dst, vec_load(broken));
    vec_store(e->dst + e->line_end, vec_load(broken + e->line_end));
  }
  e->open += e->columns - VEC;
  encode_advance(e, OCTETS, size);
  return true;
}

/* What is left, less than a vector: encoded together with what was encoded before it. */
static inline void encode_rest(struct encoding *e) {
  const size_t octets = e->left / 3 * 3, characters = octets / 3 * 4;
  const bool ends = characters > e->open;
  const size_t size = characters + (ends ? e->line_end : 0);
  if (size == 0 || e->room < size) return;
  const vec last = characters_of(spread(e->src + octets - OCTETS), e->offsets);
  encode_advance(e, octets, size);
  const uint64_t there = e->columns - e->open;
  if (!ends && there >= VEC - characters) {
    vec_store(e->dst - VEC, last);
  } else {
    /* The line end lies within the vector, or lies there already. */
    uint8_t broken[BROKEN_ROOM];
    put_broken(e, broken, last, VEC - characters + (size_t)(ends ? e->open : 0 - there));
    vec_store(e->dst - VEC - e->line_end, vec_load(broken));
    vec_store(e->dst - VEC, vec_load(broken + e->line_end));
  }
  e->open += ends ? e->columns - characters : 0 - (uint64_t)characters;
}

/* ---- 76 columns: 19 vectors are VEC / 4 lines ---- */

enum { MIME = 76, CYCLE = 19, CYCLE_LINES = VEC / 4 };

/* Room for the cycle, the line end before it too. */
enum { CYCLE_ROOM = CYCLE * VEC + CYCLE_LINES * 2 };

/* The i-th vector of a cycle: i is a constant, and with it the place of the line end. Returns where the next one goes. */
ALWAYS_INLINE uint8_t *cycle_vector(const struct encoding *e, uint8_t *dst, size_t i) {
  const size_t open = MIME - i * VEC % MIME;
  const uint8_t *src = e->src + i * OCTETS;
  const vec characters = characters_of(i == 0 ? spread(src) : spread_inside(src), e->offsets);
  if (open >= VEC) {
    vec_store(dst, characters);
    return dst + VEC;
  }
  put_broken(e, dst, characters, open);
  return dst + VEC + e->line_end;
}

ALWAYS_INLINE uint8_t *cycle_vectors(const struct encoding *e, uint8_t *dst, size_t i) {
  dst = cycle_vector(e, dst, i);
  dst = cycle_vector(e, dst, i + 1);
  dst = cycle_vector(e, dst, i + 2);
  return cycle_vector(e, dst, i + 3);
}

/* Whole cycles, entered and left where a line is full or begins. */
static inline void encode_cycles(struct encoding *e) {
  while (e->left >= CYCLE * OCTETS + INSIDE_BEHIND && e->room >= CYCLE_ROOM && e->open % MIME == 0) {
    uint8_t *dst = e->dst;
    if (e->open == 0) {
      memcpy(dst, &e->line_end_octets, 2);
      dst += e->line_end;
    }
    dst = cycle_vectors(e, dst, 0);
    dst = cycle_vectors(e, dst, 4);
    dst = cycle_vectors(e, dst, 8);
    dst = cycle_vectors(e, dst, 12);
    dst = cycle_vector(e, dst, 16);
    dst = cycle_vector(e, dst, 17);
    dst = cycle_vector(e, dst, 18);
    e->open = 0;
    encode_advance(e, CYCLE * OCTETS, (size_t)(dst - e->dst));
  }
}

/* Whole and broken vectors in turn, as the lines have them, while both ends of src and dst are far. */
static inline void encode_lines(struct encoding *e) {
  struct encoding at = *e;
  while (at.left >= OCTETS + INSIDE_BEHIND && at.room >= BROKEN_ROOM) {
    const vec characters = characters_of(spread_inside(at.src), at.offsets);
    size_t size = VEC;
    if (at.open >= VEC) {
      vec_store(at.dst, characters);
    } else {
      put_broken(&at, at.dst, characters, (size_t)at.open);
      at.open += at.columns;
      size += at.line_end;
    }
    at.open -= VEC;
    encode_advance(&at, OCTETS, size);
  }
  *e = at;
}

/* Encodes whole quanta of OCTETS or more without a line end; the last vector once more takes some of what is before it. */
static inline void encode_run(const uint8_t *src, uint8_t *dst, size_t octets, vec offsets) {
  const uint8_t *last = src + octets - OCTETS;
  uint8_t *last_dst = dst + octets / 3 * 4 - VEC;
  vec_store(dst, characters_of(spread(src), offsets));
  src += OCTETS;
  dst += VEC;
  for (; last - src >= INSIDE_BEHIND; src += OCTETS, dst += VEC) vec_store(dst, characters_of(spread_inside(src), offsets));
  if (src < last) vec_store(dst, characters_of(spread(src), offsets));
  vec_store(last_dst, characters_of(spread(last), offsets));
}

/* Lines of less than a vector, or of broken quanta, are the codec's. */
static struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_encode_params *params,
                          uint64_t *column) {
  const bool folded = params->columns != UINT64_MAX;
  if (folded && (params->columns % 4 != 0 || params->columns < VEC || *column % 4 != 0)) return (struct done){0, 0};
  const vec offsets = vec_table(class_offsets[params->alphabet == ALPHABET_URL]);
  const size_t quanta = least(n / 3, cap / 4);
  if (quanta >= VEC / 4 && n / 3 <= (params->columns - *column) / 4) {
    encode_run(src, dst, 3 * quanta, offsets);
    *column += 4 * quanta;
    return (struct done){3 * quanta, 4 * quanta};
  }
  struct encoding e = {.src = src,
                       .dst = dst,
                       .left = n,
                       .room = cap,
                       .columns = params->columns,
                       .open = params->columns - *column,
                       .line_end = params->line_end,
                       .begun = false,
                       .offsets = offsets};
  memcpy(&e.line_end_octets, params->line_end == 2 ? "\r\n" : "\n", 2);
  for (;;) {
    if (params->columns == MIME) encode_cycles(&e);
    if (folded && e.begun) encode_lines(&e);
    size_t vectors = least(e.left / OCTETS, e.room / VEC);
    if (vectors > e.open / VEC) vectors = (size_t)(e.open / VEC);
    encode_whole(&e, vectors);
    if (e.left < OCTETS || e.open >= VEC || !encode_broken(&e)) break;
  }
  if (e.begun && e.left < OCTETS) encode_rest(&e);
  *column = params->columns - e.open;
  return (struct done){n - e.left, cap - e.room};
}

/* ---- Decoding: characters to octets ---- */

/*
 * An octet's class is low[its low four bits] & high[its high four bits]; offsets[class] is what is added to it. The sum is a
 * character's value; of any other octet it has bit 6 or 7 set. Found by a search; tests look at every octet. (An octet of
 * 0x80 or more has class 0.)
 */
static const uint8_t decode_tables[3][3][16] = {
    [ALPHABET_STANDARD] = {{9, 13, 13, 13, 13, 13, 13, 13, 13, 13, 1, 15, 3, 15, 3, 7},
                           {10, 10, 14, 11, 13, 3, 12, 2, 6, 6, 6, 6, 6, 6, 6, 6},
                           {185, 191, 128, 128, 185, 191, 16, 128, 128, 4, 128, 128, 185, 191, 19, 128}},
    [ALPHABET_URL] = {{11, 10, 10, 10, 10, 10, 10, 10, 10, 10, 2, 7, 7, 5, 7, 13},
                      {13, 13, 6, 11, 1, 12, 7, 6, 14, 14, 14, 14, 14, 14, 14, 14},
                      {191, 191, 185, 128, 17, 185, 128, 185, 191, 128, 4, 4, 224, 128, 128, 128}},
    [ALPHABET_EITHER] = {{5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 11, 14, 10, 11, 15},
                         {0, 0, 13, 9, 0, 15, 3, 12, 7, 7, 7, 7, 7, 7, 7, 7},
                         {191, 4, 185, 185, 185, 191, 191, 191, 17, 19, 128, 128, 128, 16, 128, 224}},
};

struct tables {
  vec low, high, offsets;
};

struct decoding {
  struct tables tables;
  const uint8_t *begin, *src, *end;
  uint8_t *dst;
  size_t room;
  uint64_t column, limit; /* no octet may stand at column `limit` */
  uint32_t width;         /* of the last line seen */
  uint8_t line_ends;      /* SKIP_ */
  bool stopped;           /* a cause to stop was met */
};

static inline vec values_of(struct tables tables, vec v) {
  const vec class = vec_and(vec_look_up(tables.low, v), vec_look_up(tables.high, vec_high_nibble(v)));
  return vec_add_signed(vec_look_up(tables.offsets, class), v);
}

static inline bool all_values(vec values) {
  return !vec_any(values, vec_fill(0xc0));
}

/* A bit for each octet that is no character. */
static inline uint32_t others_in(vec values) {
  return vec_mask(vec_or(values, vec_add(values, values)));
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

/* n zeros, then octets of 0xff, at slide + 32 - n. */
static const uint8_t slide[64] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* Where to load: `open` characters, a line end, then lines of `width`, which is VEC or more. */
struct place {
  const uint8_t *src;
  size_t open, width, line_end;
  uint16_t octets, mask; /* a line end's two octets; of LF's the second does not count */
};

/* The next VEC characters. At most one line end is between them, in flat text none; *wrong is not 0 if it is another. */
ALWAYS_INLINE vec load_characters(struct place *at, bool flat, uint32_t *wrong) {
  const uint8_t *src = at->src;
  if (flat || at->open >= VEC) {
    at->src += VEC;
    at->open -= VEC;
    return vec_load(src);
  }
  uint16_t octets;
  memcpy(&octets, src + at->open, 2);
  *wrong |= (uint32_t)((octets ^ at->octets) & at->mask);
  const vec second = vec_load(slide + 32 - at->open);
  at->src += VEC + at->line_end;
  at->open += at->width - VEC;
  return vec_blend(vec_load(src), vec_load(src + at->line_end), second);
}

/* Four vectors, if all is as it should be. Tested before they are stored: in place they could not be read again. */
ALWAYS_INLINE bool decode_four(struct tables tables, struct place *place, bool flat, uint8_t *dst) {
  struct place at = *place;
  uint32_t wrong = 0;
  const vec a = values_of(tables, load_characters(&at, flat, &wrong));
  const vec b = values_of(tables, load_characters(&at, flat, &wrong));
  const vec c = values_of(tables, load_characters(&at, flat, &wrong));
  const vec d = values_of(tables, load_characters(&at, flat, &wrong));
  if (!all_values(vec_or(vec_or(a, b), vec_or(c, d))) || wrong) return false;
  put_packed(dst, a);
  put_packed(dst + OCTETS, b);
  put_packed(dst + 2 * OCTETS, c);
  put_packed(dst + 3 * OCTETS, d);
  *place = at;
  return true;
}

/* Decodes up to `vectors` vectors of characters, fewer if anything else is met. Returns how many. */
ALWAYS_INLINE size_t decode_vectors(struct tables tables, struct place *place, bool flat, uint8_t *dst, size_t vectors) {
  struct place at = *place;
  size_t done = 0;
  for (; vectors - done >= 4 && decode_four(tables, &at, flat, dst); dst += 4 * OCTETS) done += 4;
  for (; done < vectors; done++, dst += OCTETS) {
    struct place next = at;
    uint32_t wrong = 0;
    const vec values = values_of(tables, load_characters(&next, flat, &wrong));
    if (!all_values(values) || wrong) break;
    put_packed(dst, values);
    at = next;
  }
  *place = at;
  return done;
}

/* The i-th vector of a cycle of 76 columns; as load_characters, but i is a constant, and so is the place of the line end. */
ALWAYS_INLINE vec load_cycle(struct place *at, size_t i, uint32_t *wrong) {
  at->open = MIME - i * VEC % MIME;
  return load_characters(at, false, wrong);
}

/* Vectors i to i + 3 of a cycle; of the last ones there are three. False: not all is as it should be. */
ALWAYS_INLINE bool decode_cycle_part(struct tables tables, struct place *place, size_t i, uint8_t **dst) {
  struct place at = *place;
  uint32_t wrong = 0;
  const bool four = i + 3 < CYCLE;
  const vec a = values_of(tables, load_cycle(&at, i, &wrong));
  const vec b = values_of(tables, load_cycle(&at, i + 1, &wrong));
  const vec c = values_of(tables, load_cycle(&at, i + 2, &wrong));
  const vec d = four ? values_of(tables, load_cycle(&at, i + 3, &wrong)) : c;
  if (!all_values(vec_or(vec_or(a, b), vec_or(c, d))) || wrong) return false;
  put_packed(*dst, a);
  put_packed(*dst + OCTETS, b);
  put_packed(*dst + 2 * OCTETS, c);
  if (four) put_packed(*dst + 3 * OCTETS, d);
  *dst += (four ? 4 : 3) * OCTETS;
  *place = at;
  return true;
}

ALWAYS_INLINE bool decode_cycle(struct tables tables, struct place *at, uint8_t **dst) {
  return decode_cycle_part(tables, at, 0, dst) && decode_cycle_part(tables, at, 4, dst) &&
         decode_cycle_part(tables, at, 8, dst) && decode_cycle_part(tables, at, 12, dst) &&
         decode_cycle_part(tables, at, 16, dst);
}

/* Decodes cycles, from the beginning of a line; the last one's line end is not yet read. Returns how many vectors. */
static inline size_t decode_cycles(struct tables tables, struct place *place, uint8_t *dst, size_t vectors) {
  struct place at = *place;
  uint8_t *to = dst;
  for (;;) {
    if (!decode_cycle(tables, &at, &to)) break;
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
static inline size_t decode_lines(struct tables tables, struct place *at, uint8_t *dst, size_t vectors) {
  size_t done = 0;
  if (at->width == MIME && vectors >= CYCLE) {
    /* Each residue comes within a cycle. */
    while (vectors - done >= 2 * CYCLE && at->open != MIME && at->open != 0) {
      if (decode_vectors(tables, at, false, dst + done * OCTETS, 1) == 0) return done;
      done++;
    }
    if (at->open == MIME) done += decode_cycles(tables, at, dst + done * OCTETS, vectors - done);
  }
  return done + decode_vectors(tables, at, false, dst + done * OCTETS, vectors - done);
}

/* Decodes the whole vectors of so many characters, or fewer. */
static inline void decode_place(struct decoding *d, struct place *at, size_t characters) {
  if (d->room < PACKED) return;
  const size_t vectors = least(characters / VEC, (d->room - PACKED) / OCTETS + 1);
  const size_t done = at->open >= characters ? decode_vectors(d->tables, at, true, d->dst, vectors)
                                             : decode_lines(d->tables, at, d->dst, vectors);
  d->dst += done * OCTETS;
  d->room -= done * OCTETS;
}

/* The octets of the line end at src, 0 where there is none. */
static inline size_t line_end_at(const struct decoding *d, const uint8_t *src) {
  if (d->line_ends == SKIP_NONE || src == d->end) return 0;
  if (*src == '\n') return 1;
  return d->line_ends == SKIP_CR_LF && d->end - src >= 2 && src[0] == '\r' && src[1] == '\n' ? 2 : 0;
}

/* How many characters lie ahead if all lines are as `at` has them; 0 if the open line is not. Sets the line end. */
static inline size_t characters_ahead(const struct decoding *d, struct place *at) {
  const size_t left = (size_t)(d->end - at->src);
  if (at->open >= left) return left;
  at->line_end = line_end_at(d, at->src + at->open);
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

/* The width of the open line if it ends within WIDTH_MAX octets, else SIZE_MAX. */
static inline size_t find_width(const struct decoding *d) {
  const vec line_ends = vec_table(line_end_sets[d->line_ends]);
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

/* ---- The end of the text, step by step ---- */

/* How many characters are at src, where less than VEC octets are left of VEC or more. */
static inline size_t characters_left(const struct decoding *d, size_t left) {
  const uint64_t others = others_in(values_of(d->tables, vec_load(d->end - VEC)));
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
  const vec values = values_of(d->tables, vec_load(d->src - before));
  /* Where garbage was skipped the octets before are not those that were decoded last. */
  if (!all_values(values)) return false;
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
    const vec values = values_of(d->tables, left >= VEC ? vec_load(src) : load_last(d, left));
    characters = least(characters_in(values), open);
    decoded = put_quanta(d, values, characters, src + characters / 4 * 4);
  }
  if (characters < left && src[characters] == '=') d->stopped = true;
  d->src += decoded;
  d->column += decoded;
  for (size_t size; (size = line_end_at(d, d->src)) > 0; d->column = 0) d->src += size;
  return d->src != src;
}

/* ---- Irregular text: the characters of a strip are copied together, and then decoded ---- */

/*
 * A strip is whole blocks, and COPY octets behind it can be read: a line of 76 is copied without a loop. Near the end
 * what is left is moved to where it has them.
 */
enum { STRIP = 4096, COPY = (MIME + VEC - 1) / VEC * VEC, NEAR_END = 64 + COPY };

/* Room for that many places and those of one more block. */
enum { PLACES = 512 };

/* Octets of src for a strip: no more than can be put, were nothing skipped. */
static inline size_t strip_size(const struct decoding *d) {
  const size_t left = (size_t)(d->end - d->src), most = least(STRIP, d->room / 3 * 4 + 64);
  return left < NEAR_END ? least(left, most) : least(left - COPY, most) / 64 * 64;
}

/* Decodes what was copied; returns how many characters of it: no fewer octets of src are read then. */
static inline size_t decode_copied(struct decoding *d, uint8_t *copied, size_t characters) {
  struct place at = {.src = copied, .open = SIZE_MAX, .width = SIZE_MAX};
  decode_place(d, &at, characters);
  vec_store(copied + characters, vec_fill('='));
  size_t decoded = (size_t)(at.src - copied), put;
  do {
    const vec values = values_of(d->tables, vec_load(copied + decoded));
    const size_t more = characters_in(values);
    put = put_quanta(d, values, more, d->src + decoded + more / 4 * 4);
    decoded += put;
  } while (put > 0);
  return decoded;
}

/* ---- Ragged lines: of any width up to COPY, with nothing but characters ---- */

/* Finds the LFs in src[0..n), whole blocks; stops when there are too many. Returns how many. */
static inline size_t find_line_feeds(uint16_t places[PLACES + 64], const uint8_t *src, size_t n) {
  const vec line_feed = vec_fill('\n');
  size_t count = 0;
  for (size_t i = 0; i < n && count < PLACES; i += 64) {
    uint64_t found = block_equal(block_load(src + i), line_feed);
    uint16_t *to = places + count;
    count += mask_count(found);
    /* Two are always stored: which of them count depends on no branch. */
    for (int k = 0; k < 2; k++, found &= found - 1) *to++ = (uint16_t)(i + mask_first(found));
    for (; found; found &= found - 1) *to++ = (uint16_t)(i + mask_first(found));
  }
  return count;
}

/* Decodes the whole lines of a strip; false where that does not go to the end. */
__attribute__((noinline)) static bool decode_ragged(struct decoding *d) {
  uint16_t ends[PLACES + 64];
  uint8_t copied[STRIP + COPY];
  const uint8_t *src = d->src;
  if (d->line_ends == SKIP_NONE || d->end - src < NEAR_END || *src == '\n') return false;
  const size_t lines = find_line_feeds(ends, src, strip_size(d));
  const unsigned cr = d->line_ends == SKIP_CR_LF ? '\r' : 256;
  size_t begin = 0, longest = 0, characters = 0, size = 0;
  for (size_t i = 0; i < lines; i++) {
    const uint8_t *from = src + begin;
    uint8_t *to = copied + characters;
    /* src[0] is no LF, so that an octet is before each. */
    size = ends[i] - begin - (src[ends[i] - 1] == cr);
    for (size_t k = 0; k < COPY; k += VEC) vec_store(to + k, vec_load(from + k));
    if (size > longest) longest = size;
    characters += size;
    begin = ends[i] + 1u;
  }
  if (lines == 0 || longest > COPY || longest > d->limit) return false;
  const size_t first = ends[0] - (size_t)(src[ends[0] - 1] == cr);
  if (d->column > d->limit - first) return false;

  const size_t decoded = decode_copied(d, copied, characters);
  d->width = (uint32_t)size;
  if (decoded == characters) {
    d->src += begin;
    d->column = 0;
    return true;
  }
  /* Back to the line where it stopped, mostly the last one. */
  size_t line = lines, rest = characters;
  do {
    line--;
    begin = line > 0 ? ends[line - 1] + 1u : 0;
    rest -= ends[line] - begin - (src[ends[line] - 1] == cr);
  } while (rest > decoded);
  const size_t into = decoded - rest;
  d->src += begin + into;
  d->column = into + (line > 0 ? 0 : d->column);
  /* Without progress it was not done: the caller would come back for ever. */
  return d->src != src && characters - decoded < 4;
}

/* ---- Any text ---- */

/* Where octets that are kept begin and end, in turn. A block has up to 64 such places. */
struct edges {
  size_t count;
  uint16_t at[PLACES + 64];
};

/* What is skipped: the octets of a set, for block_members or for block_within, or those that are not in it. */
struct skipped {
  enum { MEMBERS, WITHIN, NOT_WITHIN } of;
  vec set;
};

static inline uint64_t skipped_in(struct block block, struct skipped skipped) {
  if (skipped.of == MEMBERS) return block_members(block, skipped.set);
  return block_within(block, skipped.set) ^ (skipped.of == NOT_WITHIN ? UINT64_MAX : 0);
}

/* Finds the edges in src[0..n), where whole blocks can be read. Returns n, or less when there are too many. */
static inline size_t find_edges(struct edges *edges, const uint8_t *src, size_t n, struct skipped skipped) {
  uint64_t before = 1;
  size_t count = 0, i = 0;
  for (; i < n && count < PLACES; i += 64) {
    const uint64_t skip = skipped_in(block_load(src + i), skipped);
    uint64_t places = skip ^ (skip << 1 | before);
    volatile uint16_t *to = edges->at + count; /* else compilers gather the four in a vector first, which is slower */
    before = skip >> 63;
    count += mask_count(places);
    /* Four, two lines, are always stored. */
    for (int k = 0; k < 4; k++, places &= places - 1) *to++ = (uint16_t)(i + mask_first(places));
    for (; places; places &= places - 1) *to++ = (uint16_t)(i + mask_first(places));
  }
  n = least(i, n);
  while (count > 0 && edges->at[count - 1] >= n) count--;
  if (count % 2) edges->at[count++] = (uint16_t)n;
  edges->count = count;
  return n;
}

/* Cuts the lines off where one passes the limit. */
static inline size_t limit_lines(struct decoding *d, struct edges *lines, size_t n) {
  uint64_t column = lines->count > 0 && lines->at[0] == 0 ? d->column : 0;
  for (size_t i = 0; i < lines->count; i += 2, column = 0) {
    const size_t begin = lines->at[i];
    if (lines->at[i + 1] - begin + column <= d->limit) continue;
    n = begin + (column < d->limit ? (size_t)(d->limit - column) : 0);
    lines->at[i + 1] = (uint16_t)n;
    lines->count = i + 2;
    d->stopped = true;
  }
  return n;
}

/* The column at a place in the strip. */
static inline uint64_t column_at(const struct decoding *d, const struct edges *lines, size_t place) {
  size_t i = lines->count;
  while (i > 0 && lines->at[i - 2] > place) i -= 2;
  if (i == 0) return place == 0 ? d->column : 0;
  const size_t begin = lines->at[i - 2];
  if (place > lines->at[i - 1]) return 0;
  return place - begin + (begin == 0 ? d->column : 0);
}

/* Copies what is kept; up to COPY octets of slack are read and written. */
static inline size_t copy_kept(uint8_t *dst, const uint8_t *src, const struct edges *kept) {
  size_t copied = 0;
  for (size_t i = 0; i < kept->count; i += 2) {
    const uint8_t *from = src + kept->at[i];
    const size_t size = (size_t)kept->at[i + 1] - kept->at[i];
    uint8_t *to = dst + copied;
    size_t k = 0;
    for (; k < COPY; k += VEC) vec_store(to + k, vec_load(from + k));
    for (; k < size; k += VEC) vec_store(to + k, vec_load(from + k));
    copied += size;
  }
  return copied;
}

/* The place of a character: from the end, as few are left. */
static inline size_t place_of(const struct edges *kept, size_t characters, size_t decoded) {
  size_t i = kept->count;
  do {
    i -= 2;
    characters -= (size_t)kept->at[i + 1] - kept->at[i];
  } while (characters > decoded);
  return kept->at[i] + (decoded - characters);
}

/* Decodes a strip; false when it does not get ahead. With `garbage` more than line ends is skipped. */
__attribute__((noinline)) static bool decode_strip(struct decoding *d, const struct skipped *garbage) {
  struct edges lines, garbled;
  uint8_t copied[STRIP + COPY], near_end[NEAR_END + 64 + COPY];
  const uint8_t *src = d->src;
  size_t n = strip_size(d);
  if (d->end - src < NEAR_END) {
    memset(near_end, 0, sizeof near_end);
    memcpy(near_end, src, n);
    src = near_end;
  }
  n = find_edges(&lines, src, n, (struct skipped){MEMBERS, vec_table(line_end_sets[d->line_ends])});
  if (d->limit != UINT64_MAX) n = limit_lines(d, &lines, n);
  const struct edges *kept = &lines;
  if (garbage != NULL) {
    const size_t found = find_edges(&garbled, src, n, *garbage);
    if (found < n) d->stopped = false;
    n = found;
    kept = &garbled;
  }
  const size_t characters = copy_kept(copied, src, kept);
  const size_t decoded = decode_copied(d, copied, characters);
  if (characters - decoded >= 4) d->stopped = true;
  const size_t place = decoded == characters ? n : place_of(kept, characters, decoded);
  if (lines.count >= 4) d->width = (uint32_t)(lines.at[lines.count - 3] - lines.at[lines.count - 4]);
  d->column = column_at(d, &lines, place);
  d->src += place;
  return place > 0;
}

/* The octets that are skipped: line ends, and those of recorded kinds. */
static inline struct skipped garbage_of(const struct base64_decode_params *params) {
  if (!(params->recorded & (KIND_CHARACTER | KIND_ALPHABET))) {
    uint8_t members[16];
    memcpy(members, line_end_sets[params->line_ends], 16);
    members[0] = ' ', members[9] = '\t';
    return (struct skipped){MEMBERS, vec_table(members)};
  }
  /* Bit h of [l] is the octet 16 h + l: space and tab are 20 and 09, "+/-_" 2b 2f 2d 5f, CR and LF 0d and 0a. */
  uint8_t skip[16] = {0};
  if (params->recorded & KIND_WHITE_SPACE) skip[0] |= 4, skip[9] |= 1;
  if (params->recorded & KIND_ALPHABET && params->alphabet == ALPHABET_STANDARD) skip[13] |= 4, skip[15] |= 32;
  if (params->recorded & KIND_ALPHABET && params->alphabet == ALPHABET_URL) skip[11] |= 4, skip[15] |= 4;
  if (params->line_ends != SKIP_NONE) skip[10] |= 1;
  if (params->line_ends == SKIP_CR_LF) skip[13] |= 1;
  if (!(params->recorded & KIND_CHARACTER)) return (struct skipped){WITHIN, vec_table(skip)};
  /* All that KIND_CHARACTER is not: letters, digits, blanks, "+/-_", "=" (3d); CR and LF where they are an error. */
  uint8_t keep[16] = {0xac, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf9, 0xf0, 0x54, 0x50, 0x5c, 0x50, 0x74};
  if (params->line_ends == SKIP_NONE) keep[10] |= 1, keep[13] |= 1;
  for (int i = 0; i < 16; i++) keep[i] &= (uint8_t)~skip[i];
  return (struct skipped){NOT_WITHIN, vec_table(keep)};
}

/* A strip of whatever kind; false when it does not get ahead. A copy of *d is worked on: *d can stay in registers. */
static inline bool decode_irregular(struct decoding *d, const struct base64_decode_params *params) {
  struct decoding copy = *d;
  bool ahead;
  if (params->recorded & (KIND_WHITE_SPACE | KIND_CHARACTER | KIND_ALPHABET)) {
    const struct skipped garbage = garbage_of(params);
    ahead = decode_strip(&copy, &garbage);
  } else {
    ahead = decode_ragged(&copy) || decode_strip(&copy, NULL);
  }
  *d = copy;
  return ahead;
}

/* So near the end of src steps are cheaper than a strip; less than REGULAR octets in a row is irregular text. */
enum { STEPS = 160, REGULAR = 512 };

static struct done decode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_decode_params *params,
                          struct base64_carry *carry) {
  const uint8_t(*tables)[16] = decode_tables[params->alphabet];
  const bool unlimited = params->line_ends == SKIP_NONE || params->recorded & KIND_LINE_OVER_76;
  struct decoding d = {.tables = {vec_table(tables[0]), vec_table(tables[1]), vec_table(tables[2])},
                       .begin = src,
                       .src = src,
                       .end = src + n,
                       .dst = dst,
                       .room = cap,
                       .column = carry->column,
                       .limit = unlimited ? UINT64_MAX : MIME,
                       .width = carry->width,
                       .line_ends = params->line_ends};
  while (d.src < d.end && !d.stopped) {
    const uint8_t *begin = d.src;
    decode_regular(&d);
    while (d.src < d.end && !d.stopped && d.end - d.src <= STEPS && decode_step(&d)) continue;
    if (d.src - begin >= REGULAR) continue;
    if (d.stopped || d.end - d.src < 4 || d.room < 3) break;
    if (!decode_irregular(&d, params)) break;
  }
  carry->column = d.column;
  carry->width = d.width;
  return (struct done){n - (size_t)(d.end - d.src), cap - d.room};
}

#endif
