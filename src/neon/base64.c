/*
 * neon/base64.c: base64. Whole lines go by blocks of 64 characters, which are loaded and stored taken apart into the first,
 * second, third and fourth of each quantum; all else by the shared drivers' vectors of 16 characters.
 */
#include <string.h>

#include "../kernels.h"
#include "vec.h"

/* Three octets in each 32-bit part, as [1 0 2 1]. Reads src[0..12). */
static inline vec spread(const uint8_t *src) {
  static const uint8_t from[16] = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 12, 7, 14, 13, 15, 14};
  return vqtbl1q_u8(vcombine_u8(vld1_u8(src), vld1_u8(src + 4)), vld1q_u8(from));
}

/* How far spread_inside reads before and behind the octets it spreads. */
enum { INSIDE_BEFORE = 0, INSIDE_BEHIND = 4 };

/* The same with one load. */
static inline vec spread_inside(const uint8_t *src) {
  static const uint8_t from[16] = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
  return vqtbl1q_u8(vec_load(src), vld1q_u8(from));
}

/* 16 sextets as twelve octets: pairs of them in 16 bits, the first of them highest, then quanta in 32. */
static inline vec pack(vec sextets) {
  static const uint8_t from[16] = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255};
  /* What each shift leaves above its sum the next one, and the shuffle, drop. */
  const uint16x8_t v = vreinterpretq_u16_u8(sextets);
  const uint32x4_t pairs = vreinterpretq_u32_u16(vsliq_n_u16(vshrq_n_u16(v, 8), v, 6));
  const uint32x4_t quanta = vsliq_n_u32(vshrq_n_u32(pairs, 16), pairs, 12);
  return vqtbl1q_u8(vreinterpretq_u8_u32(quanta), vld1q_u8(from));
}

/* What put_packed may write: 12 octets and slack. */
enum { PACKED = 16 };

/* Stores 16 sextets as 12 octets. */
static inline void put_packed(uint8_t *dst, vec sextets) {
  vec_store(dst, pack(sextets));
}

/* The same without slack. */
static inline void put_packed_only(uint8_t *dst, vec sextets) {
  const vec packed = pack(sextets);
  const uint32_t last = vgetq_lane_u32(vreinterpretq_u32_u8(packed), 2);
  vst1_u8(dst, vget_low_u8(packed));
  memcpy(dst + 8, &last, 4);
}

/* Part i is what part (i + parts) % 4 was, parts of 32 bits. */
static inline vec rotate(vec v, size_t parts) {
  static const uint8_t from[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return vqtbl1q_u8(v, vld1q_u8(from + 4 * parts));
}

#include "../shared/base64_decode.h"
#include "../shared/base64_encode.h"

/* ---- Encoding: lines of VEC characters or more ---- */

static const uint8_t alphabets[2][64] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

enum { BLOCK = 4 * VEC, BLOCK_OCTETS = 3 * VEC };

static inline uint8x16x4_t characters_of_block(uint8x16x3_t v, uint8x16x4_t alphabet) {
  const vec second = vsliq_n_u8(vshrq_n_u8(v.val[1], 4), v.val[0], 4),
            third = vsliq_n_u8(vshrq_n_u8(v.val[2], 6), v.val[1], 2);
  uint8x16x4_t characters;
  characters.val[0] = vqtbl4q_u8(alphabet, vshrq_n_u8(v.val[0], 2));
  characters.val[1] = vqtbl4q_u8(alphabet, vandq_u8(second, vec_fill(63)));
  characters.val[2] = vqtbl4q_u8(alphabet, vandq_u8(third, vec_fill(63)));
  characters.val[3] = vqtbl4q_u8(alphabet, vandq_u8(v.val[2], vec_fill(63)));
  return characters;
}

static inline void encode_block(const uint8_t *src, uint8_t *dst, uint8x16x4_t alphabet) {
  vst4q_u8(dst, characters_of_block(vld3q_u8(src), alphabet));
}

/* The 16 characters of what spread() gives: two sextets in each 16 bits, of which one goes down, one up. */
static inline vec characters_of_vector(vec spread, uint8x16x4_t alphabet) {
  const int16x8_t down = vreinterpretq_s16_u8(vec_fill16((uint16_t)-10, (uint16_t)-6));
  const int16x8_t up = vreinterpretq_s16_u8(vec_fill16(4, 8));
  const uint16x8_t parts = vreinterpretq_u16_u8(spread);
  const vec even = vreinterpretq_u8_u16(vshlq_u16(parts, down)), odd = vreinterpretq_u8_u16(vshlq_u16(parts, up));
  /* Where one of them has bits of other sextets, the other one has zeros. */
  return vqtbl4q_u8(alphabet, vec_blend(even, odd, vec_fill16(0x3f00, 0x3fc0)));
}

/* src[0..12) as 16 characters. */
static inline vec encode_vector(const uint8_t *src, uint8x16x4_t alphabet) {
  return characters_of_vector(spread(src), alphabet);
}

/* Encodes whole quanta of OCTETS or more; the last vector once more takes some of what is before it. */
ALWAYS_INLINE void encode_octets(const uint8_t *src, uint8_t *dst, size_t octets, uint8x16x4_t alphabet) {
  const uint8_t *const end = src + octets;
  uint8_t *const end_dst = dst + octets / 3 * 4;
  for (; end - src >= BLOCK_OCTETS; src += BLOCK_OCTETS, dst += BLOCK) encode_block(src, dst, alphabet);
  for (; end - src > OCTETS; src += OCTETS, dst += VEC) vec_store(dst, encode_vector(src, alphabet));
  if (src < end) vec_store(end_dst - VEC, encode_vector(end - OCTETS, alphabet));
}

/* Another place, to which a pointer went on: where compilers do not see from where, a load or store takes the step. */
#define HERE(pointer) __asm__("" : "+r"(pointer))

/* The same of unfolded text, where it is long four blocks at a time. */
ALWAYS_INLINE void encode_unfolded(const uint8_t *src, uint8_t *dst, size_t octets, uint8x16x4_t alphabet) {
  for (; octets >= 4 * BLOCK_OCTETS + OCTETS; octets -= 4 * BLOCK_OCTETS) {
    for (int k = 0; k < 4; k++) {
      encode_block(src, dst, alphabet);
      src += BLOCK_OCTETS, dst += BLOCK;
      HERE(src);
      HERE(dst);
    }
  }
  encode_octets(src, dst, octets, alphabet);
}

/* Encodes what the open line has room for. False: there is not as much. */
static inline bool end_open_line(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t open,
                                 uint8x16x4_t alphabet) {
  const size_t octets = (size_t)(open / 4 * 3);
  /* A vector in the place of less than that is slack at its end. */
  if (n < octets || n < OCTETS || cap < open || cap < VEC) return false;
  if (open >= VEC)
    encode_octets(src, dst, octets, alphabet);
  else
    vec_store(dst, encode_vector(src, alphabet));
  return true;
}

enum { MIME_OCTETS = MIME / 4 * 3 };

/* A line of 76 and a line end. The last vector reads some of the line behind it, and its slack goes there. */
ALWAYS_INLINE void encode_mime_line(const uint8_t **src, uint8_t **dst, size_t line_end, uint8x16x4_t alphabet) {
  const uint8x16x3_t octets = vld3q_u8(*src);
  *src += BLOCK_OCTETS;
  HERE(*src);
  const vec last = spread_inside(*src);
  *src += MIME_OCTETS - BLOCK_OCTETS;
  HERE(*src);
  vst4q_u8(*dst, characters_of_block(octets, alphabet));
  *dst += BLOCK;
  HERE(*dst);
  vec_store(*dst, characters_of_vector(last, alphabet));
  *dst += MIME - BLOCK + line_end;
  HERE(*dst);
  memcpy(*dst - line_end, line_ends[line_end - 1], 2);
}

/* So many pairs of lines, each behind the line end before it; there is one line more. */
ALWAYS_INLINE void encode_pairs(const uint8_t *src, uint8_t *dst, size_t pairs, size_t line_end, uint8x16x4_t alphabet) {
  memcpy(dst, line_ends[line_end - 1], 2);
  for (dst += line_end; pairs > 0; pairs--) {
    encode_mime_line(&src, &dst, line_end, alphabet);
    encode_mime_line(&src, &dst, line_end, alphabet);
  }
}

/* Pairs of whole lines of 76, each line behind the line end before it: all of them, or those before the last line. */
static inline struct done encode_mime_lines_but_last(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t line_end,
                                                     uint8x16x4_t alphabet) {
  const size_t size = MIME + line_end, lines = least(n / MIME_OCTETS, cap / size);
  if (lines < 3) return (struct done){0, 0};
  const size_t pairs = (lines - 1) / 2;
  if (line_end == 2)
    encode_pairs(src, dst, pairs, 2, alphabet);
  else
    encode_pairs(src, dst, pairs, 1, alphabet);
  return (struct done){2 * pairs * MIME_OCTETS, 2 * pairs * size};
}

/* Whole lines, each behind the line end before it. */
ALWAYS_INLINE struct done encode_whole_lines(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t columns,
                                             size_t line_end, uint8x16x4_t alphabet) {
  const size_t octets = columns / 4 * 3;
  uint16_t line_end_octets; /* of LF the second is slack */
  struct done done = {0, 0};
  if (columns == MIME) done = encode_mime_lines_but_last(src, n, dst, cap, line_end, alphabet);
  memcpy(&line_end_octets, line_end == 2 ? "\r\n" : "\n", 2);
  while (n - done.read >= octets && cap - done.written >= line_end + columns) {
    uint8_t *to = dst + done.written;
    memcpy(to, &line_end_octets, 2);
    encode_octets(src + done.read, to + line_end, octets, alphabet);
    done.read += octets;
    done.written += line_end + columns;
  }
  return done;
}

static inline struct done add(struct done a, struct done b) {
  return (struct done){a.read + b.read, a.written + b.written};
}

/* The open line, and whole ones. */
static inline struct done encode_lines_by_blocks(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                                 const struct base64_encode_params *params, uint64_t *column) {
  const uint8x16x4_t alphabet = vld1q_u8_x4(alphabets[params->alphabet == ALPHABET_URL]);
  const uint64_t columns = params->columns, open = columns - *column;
  struct done done = {0, 0};
  if (columns % 4 != 0 || columns < VEC || open % 4 != 0) return done;
  if (open > 0) {
    if (!end_open_line(src, n, dst, cap, open, alphabet)) return done;
    done = (struct done){(size_t)(open / 4 * 3), (size_t)open};
    *column = columns;
  }
  src += done.read, n -= done.read, dst += done.written, cap -= done.written;
  if (columns == MIME) return add(done, encode_whole_lines(src, n, dst, cap, MIME, params->line_end, alphabet));
  if (columns > n) return done; /* few such lines are whole; and no sum overflows */
  return add(done, encode_whole_lines(src, n, dst, cap, (size_t)columns, params->line_end, alphabet));
}

static struct done encode_blocks(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                 const struct base64_encode_params *params, uint64_t *column) {
  const size_t all = n / 3, quanta = least(all, cap / 4);
  if (quanta >= VEC / 4 && all <= (params->columns - *column) / 4) {
    encode_unfolded(src, dst, 3 * quanta, vld1q_u8_x4(alphabets[params->alphabet == ALPHABET_URL]));
    *column += 4 * quanta;
    return (struct done){3 * quanta, 4 * quanta};
  }
  const struct done done = encode_lines_by_blocks(src, n, dst, cap, params, column);
  return add(done, encode(src + done.read, n - done.read, dst + done.written, cap - done.written, params, column));
}

/* ---- Decoding: whole lines of VEC characters or more ---- */

/* As values_of(); two of the indices are less than 16 anyway. */
static inline vec values_in(struct decoder by, vec v) {
  const vec class = vandq_u8(vec_look_up(by.low, v), vqtbl1q_u8(by.high, vec_high_nibble(v)));
  return vec_add_signed(vqtbl1q_u8(by.offsets, class), v);
}

/* Decodes BLOCK characters, if all of them are. */
static inline bool decode_block(struct decoder by, const uint8_t *src, uint8_t *dst) {
  const uint8x16x4_t v = vld4q_u8(src);
  const vec a = values_in(by, v.val[0]), b = values_in(by, v.val[1]);
  const vec c = values_in(by, v.val[2]), d = values_in(by, v.val[3]);
  if (!all_values(by, vec_or(vec_or(a, b), vec_or(c, d)))) return false;
  uint8x16x3_t octets;
  octets.val[0] = vsliq_n_u8(vshrq_n_u8(b, 4), a, 2);
  octets.val[1] = vsliq_n_u8(vshrq_n_u8(c, 2), b, 4);
  octets.val[2] = vsliq_n_u8(d, c, 6);
  vst3q_u8(dst, octets);
  return true;
}

/*
 * Decodes whole quanta, VEC characters or more, up to a block or vector that holds anything else; how many characters. The
 * last vector takes some of those before it once more; it is loaded first, as in place it may be written over.
 */
ALWAYS_INLINE size_t decode_run(struct decoder by, const uint8_t *src, size_t characters, uint8_t *dst) {
  const vec last = vec_load(src + (characters - VEC));
  size_t i = 0;
  for (; characters - i >= BLOCK; i += BLOCK)
    if (!decode_block(by, src + i, dst + i / 4 * 3)) return i;
  for (; characters - i > VEC; i += VEC) {
    const vec values = values_in(by, vec_load(src + i));
    if (!all_values(by, values)) return i;
    put_packed_only(dst + i / 4 * 3, values);
  }
  if (i == characters) return i;
  const vec values = values_in(by, last);
  if (!all_values(by, values)) return i;
  put_packed_only(dst + characters / 4 * 3 - OCTETS, values);
  return characters;
}

/* The same of unfolded text. By itself: among other vectors gcc 12 keeps those of a block in memory. */
__attribute__((noinline)) static size_t decode_unfolded(struct decoder by, const uint8_t *src, size_t characters,
                                                        uint8_t *dst) {
  return decode_run(by, src, characters, dst);
}

/* Decodes lines of `width`, from where one begins, as long as they are such. *into: how much of the last one was read. */
ALWAYS_INLINE struct done decode_whole_lines(struct decoder by, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                             size_t width, size_t line_end, size_t *into) {
  struct done done = {0, 0};
  for (*into = 0; *into == 0 && n - done.read >= width + line_end && cap - done.written >= width / 4 * 3;) {
    const uint8_t *line = src + done.read;
    if (line[width + line_end - 1] != '\n' || (line_end == 2 && line[width] != '\r')) break;
    const size_t characters = decode_run(by, line, width, dst + done.written);
    if (characters < width) *into = characters;
    done.read += characters < width ? characters : width + line_end;
    done.written += characters / 4 * 3;
    if (characters == 0) break;
  }
  return done;
}

/* A line that is longer is not looked for; so much is decoded at once where lines are not regular. */
enum { SEARCHED = 1024, PIECE = 4096 };

/* Where the first LF of src[0..n) is, as far as whole blocks and SEARCHED go; n: none. */
static inline size_t line_feed_in(const uint8_t *src, size_t n) {
  for (size_t i = 0; n - i >= BLOCK && i < SEARCHED; i += BLOCK) {
    const uint64_t found = block_equal(block_load(src + i), vec_fill('\n'));
    if (found) return i + mask_first(found);
  }
  return n;
}

/* Decodes regular lines or unfolded text. *size: what to decode otherwise where there is none. */
static inline struct done decode_regularly(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                           const struct base64_decode_params *params, struct base64_carry *carry,
                                           size_t *size) {
  const struct decoder by = decoder_of(params->alphabet);
  const bool unlimited = params->line_ends == SKIP_NONE || params->recorded & KIND_LINE_OVER_76;
  const size_t line_feed = params->line_ends == SKIP_NONE ? n : line_feed_in(src, n);
  struct done done = {0, 0};
  *size = least(n, PIECE);
  if (line_feed == n) {
    const size_t characters = least(n / 4, cap / 3) * 4;
    if (!unlimited || characters < VEC) return done;
    done.read = decode_unfolded(by, src, characters, dst);
    done.written = done.read / 4 * 3;
    carry->column += done.read;
    return done;
  }
  /* A line that was begun is ended first. */
  if (carry->column != 0) *size = line_feed + 1;
  const size_t line_end = params->line_ends == SKIP_CR_LF && line_feed > 0 && src[line_feed - 1] == '\r' ? 2 : 1;
  const size_t width = line_feed + 1 - line_end;
  if (carry->column != 0 || width % 4 != 0 || width < VEC || (!unlimited && width > MIME)) return done;
  size_t into;
  if (width == MIME && line_end == 2)
    done = decode_whole_lines(by, src, n, dst, cap, MIME, 2, &into);
  else
    done = decode_whole_lines(by, src, n, dst, cap, width, line_end, &into);
  carry->column = into;
  carry->width = (uint32_t)width;
  return done;
}

static struct done decode_blocks(const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
                                 const struct base64_decode_params *params, struct base64_carry *carry) {
  struct done done = {0, 0};
  while (n - done.read >= FEW) {
    const uint8_t *from = src + done.read;
    uint8_t *const to = dst + done.written;
    const size_t room = cap - done.written;
    size_t size;
    struct done some = decode_regularly(from, n - done.read, to, room, params, carry, &size);
    if (some.read == 0) some = decode(from, size, to, room, params, carry);
    done = add(done, some);
    if (some.read == 0) break;
  }
  return add(done, decode(src + done.read, n - done.read, dst + done.written, cap - done.written, params, carry));
}

static size_t encode_one_line(const uint8_t *src, size_t quanta, uint8_t *dst, unsigned alphabet) {
  if (quanta < BLOCK / 4) return encode_whole_line(src, quanta, dst, alphabet);
  encode_octets(src, dst, 3 * quanta, vld1q_u8_x4(alphabets[alphabet == ALPHABET_URL]));
  return 4 * quanta;
}

const struct base64_kernels cte_neon_base64 = {encode_blocks, decode_blocks, encode_one_line, decode_whole_line};
