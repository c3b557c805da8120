/*
 * shared/base64_encode.h: base64 encoding, written once over vec.h and over what each ISA's base64.c has before it includes
 * this: spread, spread_inside, rotate.
 */
#ifndef CTE_SRC_SHARED_BASE64_ENCODE_H
#define CTE_SRC_SHARED_BASE64_ENCODE_H

#include "base64.h"

/* LF and CRLF, each stored with two octets. */
static const uint8_t line_ends[2][2] = {{'\n'}, {'\r', '\n'}};

/*
 * What encoding needs of constants. By alphabet, though only the offsets depend on it: so the compiler does not see their
 * values, and loads them, one instruction each; those it sees it makes of several.
 */
struct encode_constants {
  uint8_t offsets[16]; /* by class, what a sextet's character is more than it */
  uint32_t down, up, sextets, letters, capitals;
};

/* Classes of sextets: capitals, small letters, ten digits, 62, 63. */
#define ENCODE_CONSTANTS 0x04000040, 0x01000010, 0x3f3f3f3f, 0x33333333, 0x19191919
static const struct encode_constants encode_constants[2] = {
    {{65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 0, 0}, ENCODE_CONSTANTS},
    {{65, 71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 239, 32, 0, 0}, ENCODE_CONSTANTS},
};

/* They, loaded. */
struct encoder {
  vec offsets, down, up, sextets, letters, capitals;
};

static inline struct encoder encoder_of(unsigned alphabet) {
  const struct encode_constants *c = &encode_constants[alphabet];
  return (struct encoder){vec_table(c->offsets),  vec_fill32(c->down),    vec_fill32(c->up),
                          vec_fill32(c->sextets), vec_fill32(c->letters), vec_fill32(c->capitals)};
}

/* The 32-bit parts are [1 0 2 1]: as 16-bit numbers octets 0 1 and 1 2, of which each holds two sextets. */
static inline vec sextets_of(vec parts, struct encoder by) {
  const vec even = vec_multiply_high16(parts, by.down); /* down by 10, and by 6 */
  const vec odd = vec_multiply_low16(parts, by.up);
  return vec_and(vec_blend(even, odd, vec_fill16(0xff00, 0xff00)), by.sextets);
}

static inline vec characters_of(vec parts, struct encoder by) {
  const vec sextets = sextets_of(parts, by);
  /* 0 up to 51, then 1 - 12; the mask is -1 for all but capitals. */
  const vec class = vec_sub(vec_sub_unsigned(sextets, by.letters), vec_greater(sextets, by.capitals));
  return vec_add(sextets, vec_look_up(by.offsets, class));
}

struct encoding {
  const uint8_t *src;
  uint8_t *dst;
  size_t left, room;      /* octets of src; of dst */
  uint64_t columns, open; /* open: characters that the open line has room for */
  size_t line_end;
  uint16_t line_end_octets; /* as they lie in memory; of LF the second is slack */
  bool begun;               /* INSIDE_BEFORE octets before src belong to this call */
  struct encoder by;
};

static inline void encode_advance(struct encoding *e, size_t octets, size_t written) {
  e->src += octets;
  e->left -= octets;
  e->dst += written;
  e->room -= written;
  e->begun = true;
}

/* Octets that put_broken may write: a line end and two vectors, of which each may be all slack. */
enum { BROKEN_ROOM = 2 * VEC + 2 };

/* Stores a vector of characters with a line end before the character `at`, a multiple of 4 below VEC. */
static inline void put_broken(const struct encoding *e, uint8_t *dst, vec characters, size_t at) {
  vec_store(dst, characters);
  memcpy(dst + at, &e->line_end_octets, 2);
  vec_store(dst + at + e->line_end, rotate(characters, at / 4));
}

/* Encodes a vector where there is room for it, but perhaps not for slack. False: there is not. */
static inline bool encode_exactly(struct encoding *e) {
  const bool ends = e->open < VEC;
  const size_t size = VEC + (ends ? e->line_end : 0);
  if (e->room < size) return false;
  const vec characters = characters_of(spread(e->src), e->by);
  if (ends) {
    uint8_t broken[BROKEN_ROOM];
    put_broken(e, broken, characters, (size_t)e->open);
    vec_store(e->dst, vec_load(broken));
    vec_store(e->dst + e->line_end, vec_load(broken + e->line_end));
    e->open += e->columns;
  } else {
    vec_store(e->dst, characters);
  }
  e->open -= VEC;
  encode_advance(e, OCTETS, size);
  return true;
}

/*
 * What is left, less than a vector: encoded together with what was encoded before it. Where there is no room for slack the
 * vector is stored whole, before the end of what is written.
 */
static inline void encode_rest(struct encoding *e) {
  const size_t octets = e->left / 3 * 3, characters = octets / 3 * 4, before = VEC - characters;
  const bool ends = characters > e->open;
  const size_t size = characters + (ends ? e->line_end : 0);
  if (size == 0 || e->room < size) return;
  const vec last = characters_of(spread(e->src + octets - OCTETS), e->by);
  const uint64_t there = e->columns - e->open;
  if (e->room >= BROKEN_ROOM) {
    vec_store(e->dst, rotate(last, before / 4));
    if (ends) {
      memcpy(e->dst + e->open, &e->line_end_octets, 2);
      vec_store(e->dst + e->open + e->line_end, rotate(last, (before + (size_t)e->open) / 4));
    }
  } else if (!ends && there >= before) {
    vec_store(e->dst + size - VEC, last);
  } else {
    /* The line end lies within the vector, or lies there already. */
    uint8_t broken[BROKEN_ROOM];
    put_broken(e, broken, last, before + (size_t)(ends ? e->open : 0 - there));
    vec_store(e->dst + size - VEC - e->line_end, vec_load(broken));
    vec_store(e->dst + size - VEC, vec_load(broken + e->line_end));
  }
  e->open += ends ? e->columns - characters : 0 - (uint64_t)characters;
  encode_advance(e, octets, size);
}

/* ---- 76 columns: 19 vectors are VEC / 4 lines ---- */

/* Room for the cycle, the line end before it too. */
enum { CYCLE_ROOM = CYCLE * VEC + CYCLE_LINES * 2, CYCLES_LEAST = CYCLE * OCTETS + INSIDE_BEHIND };

/* The i-th vector of a cycle: i is a constant, and with it the place of the line end. Returns where the next one goes. */
ALWAYS_INLINE uint8_t *cycle_vector(const struct encoding *e, uint8_t *dst, size_t i) {
  const size_t open = MIME - i * VEC % MIME;
  const uint8_t *src = e->src + i * OCTETS;
  const vec characters = characters_of(i == 0 ? spread(src) : spread_inside(src), e->by);
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

/* Whole lines, where a cycle is too much: the last vector of each takes some of what is before it once more. */
static inline void encode_mime_lines(struct encoding *e) {
  enum { LINE_OCTETS = MIME / 4 * 3 };
  while (e->left >= LINE_OCTETS && e->room >= MIME + 2 && e->open % MIME == 0) {
    uint8_t *dst = e->dst;
    if (e->open == 0) {
      memcpy(dst, &e->line_end_octets, 2);
      dst += e->line_end;
    }
    for (size_t k = 0; k < MIME / VEC; k++) vec_store(dst + k * VEC, characters_of(spread(e->src + k * OCTETS), e->by));
    vec_store(dst + (MIME - VEC), characters_of(spread(e->src + (LINE_OCTETS - OCTETS)), e->by));
    e->open = 0;
    encode_advance(e, LINE_OCTETS, (size_t)(dst - e->dst) + MIME);
  }
}

/* Whole and broken vectors in turn, as the lines have them. */
static inline void encode_lines(struct encoding *e) {
  struct encoding at = *e;
  while (at.left >= OCTETS && at.room >= BROKEN_ROOM) {
    const vec characters = characters_of(spread(at.src), at.by);
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
static inline void encode_run(const uint8_t *src, uint8_t *dst, size_t octets, struct encoder by) {
  const uint8_t *last = src + octets - OCTETS;
  uint8_t *last_dst = dst + octets / 3 * 4 - VEC;
  vec_store(dst, characters_of(spread(src), by));
  src += OCTETS;
  dst += VEC;
  for (; last - src >= INSIDE_BEHIND; src += OCTETS, dst += VEC) vec_store(dst, characters_of(spread_inside(src), by));
  if (src < last) vec_store(dst, characters_of(spread(src), by));
  vec_store(last_dst, characters_of(spread(last), by));
}

/* Encodes what the open line has room for: a cycle begins with a line. */
static inline void end_line(struct encoding *e) {
  const size_t characters = (size_t)e->open, octets = characters / 4 * 3;
  if (characters % MIME == 0 || e->left < MIME + OCTETS || e->room < MIME + VEC) return;
  if (characters >= VEC)
    encode_run(e->src, e->dst, octets, e->by);
  else
    vec_store(e->dst, characters_of(spread(e->src), e->by));
  e->open = 0;
  encode_advance(e, octets, characters);
}

/* Text with line ends in it. Lines of less than a vector, or of broken quanta, are the codec's. */
__attribute__((noinline)) static struct done encode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                           const struct base64_encode_params *params, uint64_t *column) {
  if (params->columns % 4 != 0 || params->columns < VEC || *column % 4 != 0) return (struct done){0, 0};
  struct encoding e = {.src = src,
                       .dst = dst,
                       .left = n,
                       .room = cap,
                       .columns = params->columns,
                       .open = params->columns - *column,
                       .line_end = params->line_end,
                       .begun = false,
                       .by = encoder_of(params->alphabet)};
  memcpy(&e.line_end_octets, params->line_end == 2 ? "\r\n" : "\n", 2);
  if (e.columns == MIME) {
    if (n >= CYCLES_LEAST) end_line(&e);
    if (n >= CYCLES_LEAST) encode_cycles(&e);
    encode_mime_lines(&e);
  }
  do encode_lines(&e);
  while (e.left >= OCTETS && encode_exactly(&e));
  if (e.begun && e.left < OCTETS) encode_rest(&e);
  *column = params->columns - e.open;
  return (struct done){n - e.left, cap - e.room};
}

/* ---- Short calls, which are frequent: nothing is set up but what they need ---- */

/*
 * Encodes VEC - LINE_MOST characters, whole quanta, without a branch: where they are fewer, vectors take some of what is
 * before them once more.
 */
ALWAYS_INLINE void encode_line(const uint8_t *src, uint8_t *dst, size_t characters, struct encoder by) {
  const size_t last = characters - VEC;
  for (size_t k = 0; k < LINE_VECTORS; k++) {
    const size_t at = k + 1 < LINE_VECTORS ? least(k * VEC, last) : last;
    vec_store(dst + at, characters_of(spread(src + at / 4 * 3), by));
  }
}

/* Any text. */
APART struct done encode_text(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                              const struct base64_encode_params *params, uint64_t *column) {
  const size_t all = n / 3, quanta = least(all, cap / 4);
  if (quanta < VEC / 4 || all > (params->columns - *column) / 4) return encode_folded(src, n, dst, cap, params, column);
  encode_run(src, dst, 3 * quanta, encoder_of(params->alphabet));
  *column += 4 * quanta;
  return (struct done){3 * quanta, 4 * quanta};
}

/* So many octets are a few lines; of 32 columns or more, with one before them, those have up to eight line ends. */
enum { FEW_OCTETS = 3 * 57, FEW_LINE_ENDS = 2 * 8 };

/* A few lines of up to LINE_MOST columns, where there is room for slack: each is encoded for itself. */
APART struct done encode_few(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                             const struct base64_encode_params *params, uint64_t *column) {
  const size_t quanta = (uint32_t)n / 3, columns = (size_t)params->columns;
  size_t left = 4 * quanta, open = columns - (size_t)*column;
  if (params->columns % 4 != 0 || params->columns - 32 > LINE_MOST - 32 || open % 4 != 0 || left < VEC ||
      cap < left + FEW_LINE_ENDS + VEC)
    return encode_text(src, n, dst, cap, params, column);
  const struct encoder by = encoder_of(params->alphabet);
  const uint8_t *const last = src + (3 * quanta - OCTETS);
  uint8_t *to = dst;
  for (;;) {
    const size_t size = least(open, left);
    const uint8_t *const next = src + size / 4 * 3;
    uint8_t *const end = to + size;
    if (size > 2 * VEC) {
      encode_line(src, to, size, by);
    } else if (size >= VEC) {
      vec_store(to, characters_of(spread(src), by));
      vec_store(end - VEC, characters_of(spread(next - OCTETS), by));
    } else if (src <= last) {
      vec_store(to, characters_of(spread(src), by));
    } else {
      vec_store(to, rotate(characters_of(spread(last), by), (VEC - left) / 4));
    }
    to = end;
    src = next;
    left -= size;
    open -= size;
    if (left == 0) break;
    memcpy(to, line_ends[params->line_end - 1], 2);
    to += params->line_end;
    open = columns;
  }
  *column = columns - open;
  return (struct done){3 * quanta, (size_t)(to - dst)};
}

/* A line ends here, before the i-th character of a vector, a multiple of 4. */
ALWAYS_INLINE void put_next_line(uint8_t *dst, size_t line_end, vec characters, size_t i) {
  memcpy(dst, line_ends[line_end - 1], 2);
  vec_store(dst + line_end, rotate(characters, i / 4));
}

/* Records as streams often have them: a folded line's length, more or less. They are four vectors of 32 characters. */
enum { RECORD_LEAST = 75, RECORD_MOST = 83, RECORD_ROOM = RECORD_MOST / 3 * 4 + 4 + VEC };

/*
 * Such a record, in lines of 76. A line that begins in one of the vectors is that vector once more, rotated. The second one
 * begins in the last vector: at 76 or more, which is behind 27 quanta less a vector.
 */
static inline struct done encode_record(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                        const struct base64_encode_params *params, uint64_t *column) {
  const size_t quanta = (uint32_t)n / 3, size = 4 * quanta, open = MIME - (size_t)*column, line_end = params->line_end;
  if (open % 4 != 0 || cap < RECORD_ROOM) return encode_few(src, n, dst, cap, params, column);
  const struct encoder by = encoder_of(params->alphabet);
  const vec a = characters_of(spread(src), by), b = characters_of(spread(src + OCTETS), by);
  const vec c = characters_of(spread(src + 2 * OCTETS), by), d = characters_of(spread(src + 3 * quanta - OCTETS), by);
  uint8_t *const behind = dst + line_end; /* the line end */
  size_t left = size - open, written = size + line_end;
  vec_store(dst, a);
  if (open < VEC) {
    put_next_line(dst + open, line_end, a, open);
    vec_store(behind + VEC, b);
    vec_store(behind + 2 * VEC, c);
    vec_store(behind + size - VEC, d);
    if (left > MIME) {
      put_next_line(behind + open + MIME, line_end, d, open + MIME + VEC - size);
      left -= MIME;
      written += line_end;
    }
  } else if (open < 2 * VEC) {
    vec_store(dst + VEC, b);
    put_next_line(dst + open, line_end, b, open - VEC);
    vec_store(behind + 2 * VEC, c);
    vec_store(behind + size - VEC, d);
  } else {
    vec_store(dst + VEC, b);
    vec_store(dst + 2 * VEC, c);
    put_next_line(dst + open, line_end, c, open - 2 * VEC);
    vec_store(behind + 3 * VEC, rotate(d, (4 * VEC - size) / 4));
  }
  *column = left;
  return (struct done){3 * quanta, written};
}

static struct done encode(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct base64_encode_params *params,
                          uint64_t *column) {
  if (VEC == 32 && n - RECORD_LEAST <= RECORD_MOST - RECORD_LEAST && LIKELY(params->columns == MIME))
    return encode_record(src, n, dst, cap, params, column);
  /* Of the octets the line's characters are made of, there may be one or two more. */
  if (n - OCTETS > LINE_MOST / 4 * 3 + 2 - OCTETS)
    return n <= FEW_OCTETS && params->columns <= LINE_MOST ? encode_few(src, n, dst, cap, params, column)
                                                           : encode_text(src, n, dst, cap, params, column);
  const size_t quanta = (uint32_t)n / 3, characters = 4 * quanta;
  if (characters > cap) return encode_text(src, n, dst, cap, params, column);
  if (characters > params->columns - *column) return encode_few(src, n, dst, cap, params, column);
  encode_line(src, dst, characters, encoder_of(params->alphabet));
  *column += characters;
  return (struct done){3 * quanta, characters};
}

static size_t encode_whole_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  encode_line(src, dst, 4 * quanta, encoder_of(alphabet));
  return 4 * quanta;
}

#endif
