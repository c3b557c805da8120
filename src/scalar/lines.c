/*
 * scalar/lines.c: line kernels without vectors. Both skim over the octets that need no look, eight at a time, and treat the
 * others one by one.
 */
#include <string.h>

#include "../kernels.h"

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))
#define TOP         EACH(0x80)

enum { LINE_LIMIT = 998 };

/* The first octet in the low bits. */
static uint64_t load_little(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

/*
 * Each of these has the top bit of an octet set where it is below `limit` (at most 128), or is `octet` (at most 127), and no
 * other bit: a subtraction from an octet whose top bit is set never borrows from the next.
 */
static uint64_t below(uint64_t v, uint8_t limit) {
  return ~((v | TOP) - EACH(limit)) & ~v & TOP;
}

static uint64_t equal(uint64_t v, uint8_t octet) {
  return below(v ^ EACH(octet), 1);
}

/* The index of the first marked octet. */
static size_t first_of(uint64_t marks) {
  return (size_t)__builtin_ctzll(marks) / 8;
}

/* ---- Check ---- */

/* Octets that a check looks at: below 14, where NUL, LF and CR are; those above 127 if they are forbidden (`top`). */
static size_t skim_check(const uint8_t *src, size_t i, size_t end, uint64_t top) {
  for (; end - i >= 16; i += 16) {
    uint64_t a = load_little(src + i), b = load_little(src + i + 8);
    a = below(a, 14) | (a & top);
    b = below(b, 14) | (b & top);
    if ((a | b) != 0) return a != 0 ? i + first_of(a) : i + 8 + first_of(b);
  }
  while (i < end && src[i] >= 14 && !(src[i] & top)) i++;
  return i;
}

static size_t check(const uint8_t *src, size_t n, uint32_t forbid, struct lines_carry *carry) {
  const uint64_t top = forbid & KIND_RAW_8BIT ? TOP : 0;
  size_t i = 0;
  uint64_t room = LINE_LIMIT - carry->column; /* octets that the line may still take */
  for (;;) {
    size_t end = n - i < room ? n : i + (size_t)room;
    size_t stop = skim_check(src, i, end, top);
    room -= stop - i;
    i = stop;
    if (i == n) break;
    uint8_t c = src[i];
    if (c == '\r' && forbid & KIND_BARE_LF && n - i >= 2 && src[i + 1] == '\n') {
      i += 2;
      room = LINE_LIMIT;
      continue;
    }
    if (c == '\n' && !(forbid & KIND_BARE_LF)) {
      i++;
      room = LINE_LIMIT;
      continue;
    }
    bool bare_cr = c == '\r' && (forbid & KIND_BARE_CR || (forbid & KIND_BARE_LF && n - i == 1));
    if (c == '\n' || bare_cr || (c == 0 && forbid & KIND_NUL) || (c & top) || room == 0) break;
    i++;
    room--;
  }
  carry->column = LINE_LIMIT - room;
  return i;
}

/* ---- Count ---- */

/* The enum cte_lines_kind of cte/lines.h. */
enum { EIGHT_BIT, NUL, BARE_CR, BARE_LF, OVER_998, DOT, FROM, TRAILING_BLANK, QP_ESCAPE, NOT_UTF8 };

/* Counting src[0..n). */
struct counting {
  struct line_counts *counts;
  const uint8_t *src;
  size_t n;
  uint64_t start; /* where the line began, as an index of src: below 0, modulo 2^64, when that was before src */
  bool over;      /* the line's 999th octet was counted */
};

static void note(struct counting *c, int kind, uint64_t count, uint64_t index) {
  c->counts->count[kind] += count;
  uint64_t offset = c->counts->offset + index;
  if (offset < c->counts->first[kind]) c->counts->first[kind] = offset;
}

static bool blank(uint32_t octet) {
  return octet == ' ' || octet == '\t';
}

/* Controls, '=' and everything above 126. TAB is among them, and is no cause. */
static uint64_t notable(uint64_t v) {
  return below(v, 32) | equal(v, '=') | equal(v, 127) | (v & TOP);
}

static size_t skim_count(const uint8_t *src, size_t i, size_t n) {
  for (; n - i >= 16; i += 16) {
    uint64_t a = notable(load_little(src + i)), b = notable(load_little(src + i + 8));
    if ((a | b) != 0) return a != 0 ? i + first_of(a) : i + 8 + first_of(b);
  }
  while (i < n && src[i] >= 32 && src[i] < 127 && src[i] != '=') i++;
  return i;
}

/* The line's octets up to src[i). Its 999th is counted with the octets, not with the line end. */
static uint64_t measure(struct counting *c, size_t i) {
  uint64_t length = i - c->start;
  if (length > LINE_LIMIT && !c->over) {
    note(c, OVER_998, 1, c->start + LINE_LIMIT);
    c->over = true;
  }
  return length;
}

/* A line of which src[i - 1] is the last octet ends; the next begins at src[next]. Returns where to go on. */
static size_t end_line(struct counting *c, size_t i, size_t next) {
  uint64_t length = measure(c, i);
  if (length > c->counts->longest) c->counts->longest = length;
  c->counts->lines++;
  if (length > 0 && blank(i > 0 ? c->src[i - 1] : c->counts->before & 255)) {
    note(c, TRAILING_BLANK, 1, (uint64_t)i - 1);
    note(c, QP_ESCAPE, 1, (uint64_t)i - 1);
  }
  c->start = next;
  c->over = false;
  return next;
}

/* The start of a line: counts and passes '.' and "From ". An incomplete "From " at the end of src is the codec's. */
static size_t begin_line(struct counting *c, size_t i) {
  if (i == c->n) return i;
  if (c->src[i] == '.') {
    note(c, DOT, 1, i);
    return i + 1;
  }
  if (c->src[i] == 'F' && c->n - i >= 5 && memcmp(c->src + i, "From ", 5) == 0) {
    note(c, FROM, 1, i);
    return i + 5;
  }
  return i;
}

/* The length of the UTF-8 character (RFC 3629) above 127 at the start of src[0..n); 0 when it is malformed or cut off. */
static size_t character(const uint8_t *src, size_t n) {
  uint8_t lead = src[0], least = 0x80, most = 0xbf;
  size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || n < length) return 0;
  if (lead == 0xe0) least = 0xa0;
  if (lead == 0xed) most = 0x9f;
  if (lead == 0xf0) least = 0x90;
  if (lead == 0xf4) most = 0x8f;
  if (src[1] < least || src[1] > most) return 0;
  for (size_t k = 2; k < length; k++)
    if ((src[k] & 0xc0) != 0x80) return 0;
  return length;
}

/* A run of octets above 127 from src[i]. Returns its end, or where it is no UTF-8 for the first time. */
static size_t count_8bit(struct counting *c, size_t i) {
  size_t begin = i;
  bool free = c->counts->count[NOT_UTF8] != 0;
  while (i < c->n && c->src[i] > 127) {
    size_t length = free ? 1 : character(c->src + i, c->n - i);
    if (length == 0) break;
    i += length;
  }
  if (i > begin) {
    note(c, EIGHT_BIT, i - begin, begin);
    note(c, QP_ESCAPE, i - begin, begin);
  }
  return i;
}

static size_t count(const uint8_t *src, size_t n, struct line_counts *counts) {
  struct counting c = {counts, src, n, 0 - counts->column, counts->column > LINE_LIMIT};
  /* What is open is the codec's to settle. */
  if (n == 0 || (counts->before & 255) == '\r' || counts->utf8 != 0) return 0;
  size_t i = counts->column == 0 ? begin_line(&c, 0) : 0;
  while ((i = skim_count(src, i, n)) < n) {
    uint8_t octet = src[i];
    if (octet == '\n') {
      note(&c, BARE_LF, 1, i);
      i = begin_line(&c, end_line(&c, i, i + 1));
    } else if (octet == '\r') {
      if (n - i == 1) break;
      if (src[i + 1] == '\n') {
        counts->crlf++;
        i = begin_line(&c, end_line(&c, i, i + 2));
      } else {
        note(&c, BARE_CR, 1, i);
        note(&c, QP_ESCAPE, 1, i++);
      }
    } else if (octet > 127) {
      size_t end = count_8bit(&c, i);
      if (end == i) break;
      i = end;
    } else {
      if (octet == 0) note(&c, NUL, 1, i);
      if (octet != '\t') note(&c, QP_ESCAPE, 1, i);
      i++;
    }
  }
  counts->column = measure(&c, i);
  return i;
}

const struct lines_kernels cte_scalar_lines = {check, count};
