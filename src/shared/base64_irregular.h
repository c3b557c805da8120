/* shared/base64_irregular.h: base64 decoding of lines of any width, with garbage between the characters. */
#ifndef CTE_SRC_SHARED_BASE64_IRREGULAR_H
#define CTE_SRC_SHARED_BASE64_IRREGULAR_H

#include "base64_regular.h"

/* ---- Irregular text: the characters of a strip are copied together, and then decoded ---- */

/*
 * A strip is whole blocks, and COPY octets behind it can be read: a line of 76 is copied without a loop. Near the end
 * what is left is moved to where it has them. After regular text it is short, since an anomaly mostly comes alone; each strip
 * that follows is twice as long. x86 of 32 bits has few registers, and more of its stack goes to what they do not hold.
 */
enum {
  STRIP = sizeof(void *) < 8 ? 2304 : 3584,
  STRIP_LEAST = 256,
  COPY = (MIME + VEC - 1) / VEC * VEC,
  NEAR_END = 64 + COPY
};

/*
 * Room for that many places, line ends' and all that are skipped, and for those of one more block. With the strip they are
 * what of 8 KiB of stack others leave.
 */
enum { LINE_PLACES = 192, PLACES = 448, BLOCK_PLACES = 64 };

_Static_assert(STRIP / 2 >= NEAR_END + COPY + VEC && STRIP / 2 + COPY >= NEAR_END + 64 + COPY, "half a strip holds its end");

/* Octets of src for a strip: no more than can be put, were nothing skipped. */
static inline size_t strip_size(const struct decoding *d) {
  const size_t left = (size_t)(d->end - d->src), most = least(d->strip, d->room / 3 * 4 + 64);
  return left < NEAR_END ? least(left, most) : least(left - COPY, most) / 64 * 64;
}

/* Decodes what was copied; returns how many characters of it: no fewer octets of src are read then. */
static inline size_t decode_copied(struct decoding *d, uint8_t *copied, size_t characters) {
  struct place at = {.src = copied, .open = SIZE_MAX, .width = SIZE_MAX};
  decode_place(d, &at, characters);
  vec_store(copied + characters, vec_fill('='));
  size_t decoded = (size_t)(at.src - copied), put;
  do {
    const vec values = values_of(d->by, vec_load(copied + decoded));
    const size_t more = characters_in(values);
    put = put_quanta(d, values, more, d->src + decoded + more / 4 * 4);
    decoded += put;
  } while (put > 0);
  return decoded;
}

/* ---- Ragged lines: of any width up to COPY, with nothing but characters ---- */

/* Finds the LFs in src[0..n), whole blocks; stops when there are too many. Returns how many. */
static inline size_t find_line_feeds(uint16_t places[PLACES + BLOCK_PLACES], const uint8_t *src, size_t n) {
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
  uint16_t ends[PLACES + BLOCK_PLACES];
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

/* Where octets that are kept begin and end, in turn: at[0..most + BLOCK_PLACES). */
struct edges {
  size_t count, most;
  uint16_t *at;
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
  for (; i < n && count < edges->most; i += 64) {
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
  uint16_t line_edges[LINE_PLACES + BLOCK_PLACES], garbled_edges[PLACES + BLOCK_PLACES];
  struct edges lines = {0, LINE_PLACES, line_edges}, garbled = {0, PLACES, garbled_edges};
  uint8_t copied[STRIP + COPY];
  const uint8_t *src = d->src;
  size_t n = strip_size(d);
  if (d->end - src < NEAR_END) {
    uint8_t *const near_end = copied + STRIP / 2; /* far behind what is copied then */
    memset(near_end, 0, NEAR_END + 64 + COPY);
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

#endif
