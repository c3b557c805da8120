/*
 * dots.h: SMTP DATA by vectors, written once over vec.h. Text is passed in chunks, each in the cheapest way that may do:
 *   COPY     nothing is to be changed
 *   DOTS     some dots at line starts are to be doubled, or deleted
 *   CONVERT  writer: some bare LFs are to become CRLF, and dots to be doubled
 * Each tests while it stores. A chunk that it may not pass is stored again the next way, or in the end line by line
 * (dots_lines.h); src and dst are disjoint, so nothing is lost.
 *
 * A vector is looked at together with the one an octet before it: an octet that begins a line has LF before it, an LF that
 * ends one CR. So a CR that ends a chunk was copied untested; it is taken back if no chunk follows.
 */
#ifndef CTE_SRC_SHARED_DOTS_H
#define CTE_SRC_SHARED_DOTS_H

#include "dots_lines.h"
#include "insert.h"

enum way { COPY, DOTS, CONVERT };

/*
 * Chunks are of whole blocks. After a chunk with a line end the open line is at most CHUNK long, and another still
 * fits: the exact column matters only where lines are longer.
 */
enum { BLOCK = 64, CHUNK = 7 * BLOCK };
_Static_assert(2 * CHUNK <= COLUMNS_MAX, "two chunks fit in a line");
_Static_assert(BLOCK % (2 * VEC) == 0, "COPY takes two vectors at a time");

/* After so many octets without a change COPY is tried again. */
enum { CALM = 4 * CHUNK };

/* Source past the end of a chunk that DOTS reads: a vector that begins at most one octet behind the chunk. */
enum { AHEAD = VEC + 1 };

/*
 * A way may spoil this much of dst for each octet of a chunk. COPY stores what it reads, CONVERT adds at most an octet to
 * each. DOTS adds at most a '.' to three octets, CR LF '.', and stores a vector that begins as far as the last one's end.
 */
static inline size_t growth(enum way way) {
  return way == COPY ? 1 : 2;
}
_Static_assert(BLOCK + (BLOCK + 4) / 3 + VEC <= 2 * BLOCK, "DOTS stays within twice a block");

struct chunk {
  const uint8_t *src;
  size_t size;
  uint8_t *dst;
  vec before; /* vec_load(src - 1) */
  vec dot;    /* '.'; with BDAT NUL: where it is, another test fails */
};

/* What a chunk showed, in any octet. */
struct seen {
  vec unfit;     /* what the way may not pass */
  vec least;     /* the least octet: NUL is unfit everywhere */
  vec line_ends; /* COPY only: in the others a change tells of one */
};

static inline struct seen seen_none(void) {
  return (struct seen){vec_zero(), vec_fill(0xff), vec_zero()};
}

static inline bool any(vec v) {
  return vec_any(v, v);
}

static inline bool fits(struct seen seen) {
  return !any(vec_or(seen.unfit, vec_equal(seen.least, vec_zero())));
}

/* CR without LF, LF without CR. */
static inline vec unpaired(vec before, vec v) {
  return vec_xor(vec_equal(before, vec_fill(CR)), vec_equal(v, vec_fill(LF)));
}

/* What may not be copied of v. */
static inline vec uncopied(vec before, vec ends, vec v, vec dot) {
  return vec_or(unpaired(before, v), vec_and(ends, vec_equal(v, dot)));
}

static inline size_t copy_chunk(const struct chunk *chunk, struct seen *seen) {
  struct seen s = seen_none();
  vec before = chunk->before;
  for (size_t i = 0;;) {
    vec a = vec_load(chunk->src + i), b = vec_load(chunk->src + i + VEC), before_b = vec_load(chunk->src + i + VEC - 1);
    vec_store(chunk->dst + i, a);
    vec_store(chunk->dst + i + VEC, b);
    vec ends = vec_equal(before, vec_fill(LF));
    s.line_ends = vec_or(s.line_ends, ends); /* of half the vectors: there is one in most chunks */
    s.unfit = vec_or(s.unfit, uncopied(before, ends, a, chunk->dot));
    s.unfit = vec_or(s.unfit, uncopied(before_b, vec_equal(before_b, vec_fill(LF)), b, chunk->dot));
    s.least = vec_min(s.least, vec_min(a, b));
    i += 2 * VEC;
    if (i == chunk->size) break;
    before = vec_load(chunk->src + i - 1);
  }
  *seen = s;
  return chunk->size;
}

#ifndef VEC_STUFFS /* a vec.h may have better ones */
/*
 * Stores v, which stands at src, with the '.' of each bit doubled: from there on again, an octet later. As many as are
 * common without a branch: a bit that is not there stores behind the end.
 */
static inline uint8_t *store_stuffed(uint8_t *dst, const uint8_t *src, vec v, uint32_t dots) {
  uint8_t *end = dst + VEC;
  vec_store(dst, v);
  for (size_t i = 0; i < VEC / 16; i++) {
    size_t at = vec_first(dots);
    vec_store(dst + 1 + i + at, vec_load(src + at));
    end += dots != 0;
    dots &= dots - 1;
  }
  for (; dots != 0; dots &= dots - 1) {
    size_t at = vec_first(dots);
    vec_store(end - VEC + 1 + at, vec_load(src + at));
    end++;
  }
  return end;
}

/* Stores v, which stands at src, without the '.' of each bit: what follows it again, in its place. */
static inline uint8_t *store_unstuffed(uint8_t *dst, const uint8_t *src, vec v, uint32_t dots) {
  uint8_t *end = dst + VEC;
  vec_store(dst, v);
  for (size_t i = 0; i < VEC / 16; i++) {
    size_t at = vec_first(dots);
    vec_store(end - VEC + at, vec_load(src + at + 1));
    end -= dots != 0;
    dots &= dots - 1;
  }
  for (; dots != 0; dots &= dots - 1) {
    size_t at = vec_first(dots);
    vec_store(end - VEC + at, vec_load(src + at + 1));
    end--;
  }
  return end;
}
#endif

static inline size_t stuff_chunk(const struct chunk *chunk, struct seen *seen) {
  struct seen s = seen_none();
  vec before = chunk->before;
  uint8_t *end = chunk->dst;
  for (size_t i = 0;;) {
    vec v = vec_load(chunk->src + i);
    vec ends = vec_equal(before, vec_fill(LF));
    vec dots = vec_and(ends, vec_equal(v, chunk->dot));
    end = store_stuffed(end, chunk->src + i, v, vec_mask(dots));
    s.unfit = vec_or(s.unfit, unpaired(before, v));
    s.least = vec_min(s.least, v);
    i += VEC;
    if (i == chunk->size) break;
    before = vec_load(chunk->src + i - 1);
  }
  *seen = s;
  return (size_t)(end - chunk->dst);
}

/* A '.' before CR is unfit: it may be the end of data. */
static inline size_t unstuff_chunk(const struct chunk *chunk, struct seen *seen) {
  struct seen s = seen_none();
  vec before = chunk->before;
  uint8_t *end = chunk->dst;
  for (size_t i = 0;;) {
    vec v = vec_load(chunk->src + i), after = vec_load(chunk->src + i + 1);
    vec ends = vec_equal(before, vec_fill(LF));
    vec dots = vec_and(ends, vec_equal(v, chunk->dot));
    end = store_unstuffed(end, chunk->src + i, v, vec_mask(dots));
    s.unfit = vec_or(s.unfit, vec_or(unpaired(before, v), vec_and(dots, vec_equal(after, vec_fill(CR)))));
    s.least = vec_min(s.least, v);
    i += VEC;
    if (i == chunk->size) break;
    before = vec_load(chunk->src + i - 1);
  }
  *seen = s;
  return (size_t)(end - chunk->dst);
}

static inline size_t convert_chunk(const struct chunk *chunk, struct seen *seen) {
  static const uint8_t put_before[16] = {['\n'] = CR, ['.' & 15] = '.'};
  const vec table = vec_table(put_before);
  struct seen s = seen_none();
  vec before = chunk->before;
  uint8_t *end = chunk->dst;
  for (size_t i = 0;;) {
    vec v = vec_load(chunk->src + i);
    vec lf = vec_equal(v, vec_fill(LF)), cr_before = vec_equal(before, vec_fill(CR));
    vec ends = vec_equal(before, vec_fill(LF));
    vec changes = vec_or(vec_and_not(lf, cr_before), vec_and(ends, vec_equal(v, chunk->dot)));
    end = vec_insert(end, v, vec_look_up(table, v), vec_mask(changes), insert_rows);
    s.unfit = vec_or(s.unfit, vec_and_not(cr_before, lf));
    s.least = vec_min(s.least, v);
    i += VEC;
    if (i == chunk->size) break;
    before = vec_load(chunk->src + i - 1);
  }
  *seen = s;
  return (size_t)(end - chunk->dst);
}

/* The octets after the last LF of text[0..n); n: there is none. */
static inline size_t after_last_lf(const uint8_t *text, size_t n) {
  size_t i = n;
  for (; i >= VEC; i -= VEC) {
    uint32_t mask = vec_mask(vec_equal(vec_load(text + i - VEC), vec_fill(LF)));
    if (mask != 0) return n - i + (size_t)__builtin_clz(mask) - (32 - VEC);
  }
  while (i > 0 && text[i - 1] != LF) i--;
  return n - i;
}

/* One run of vectors over the text, from where the carry is true. */
struct vectors {
  const uint8_t *src;
  size_t n;
  uint8_t *dst;
  size_t cap;
  const struct dots_params *params;
  struct dots_carry *carry;
  bool reading;
  struct done done;
  size_t unchanged; /* the octets before src + done.read that were copied as they are, one behind the other */
  uint64_t most;    /* the column is this or less */
};

/* The message is what a writer reads, and a reader writes. */
static inline uint64_t column_at(const struct vectors *run, struct done done) {
  size_t size = run->reading ? done.written : done.read;
  size_t column = after_last_lf(run->reading ? run->dst : run->src, size);
  return column == size ? run->carry->column + column : column;
}

static inline size_t whole_blocks(size_t size) {
  return size / BLOCK * BLOCK;
}

/* The octets of the next chunk; 0: there is none. */
static inline size_t chunk_size(const struct vectors *run, struct done done, enum way way) {
  size_t in = run->n - done.read, out = (run->cap - done.written) / growth(way);
  if (way == DOTS) in = in > AHEAD ? in - AHEAD : 0;
  return whole_blocks(min3(in, out, CHUNK));
}

/* Before the first octet may be another call's, or a bare LF that was kept: the carry tells whether a line begins. */
static inline vec load_before(const struct vectors *run, size_t read) {
  const uint8_t *src = run->src + read;
  return read != 0 ? vec_load(src - 1) : vec_load_after(src, run->carry->start != LINE_MIDDLE ? LF : ' ');
}

/* Passes chunks one way. The size of the one that it may not pass, or 0 when none is left. */
__attribute__((always_inline)) static inline size_t pass_chunks(struct vectors *run, enum way way, bool reading) {
  const bool limited = line_room(run->params, COLUMNS_MAX) == 0;
  const vec dot = vec_fill(run->params->bdat ? NUL : '.');
  struct done done = run->done;
  size_t unchanged = run->unchanged, size;
  uint64_t most = run->most;
  while ((size = chunk_size(run, done, way)) != 0 && (way == COPY || unchanged < CALM)) {
    if (limited && most + size > COLUMNS_MAX) {
      most = column_at(run, done);
      size_t fitting = whole_blocks(line_room(run->params, most));
      if (fitting == 0) {
        unchanged = 0;
        size = BLOCK;
        break;
      }
      if (fitting < size) size = fitting;
    }
    struct chunk chunk = {run->src + done.read, size, run->dst + done.written, load_before(run, done.read), dot};
    struct seen seen;
    size_t written = way == COPY      ? copy_chunk(&chunk, &seen)
                     : way == CONVERT ? convert_chunk(&chunk, &seen)
                     : reading        ? unstuff_chunk(&chunk, &seen)
                                      : stuff_chunk(&chunk, &seen);
    if (!fits(seen)) {
      unchanged = 0;
      break;
    }
    unchanged = written == size ? unchanged + size : 0;
    most = written != size || any(seen.line_ends) ? size : most + size;
    done.read += size, done.written += written;
  }
  run->done = done, run->unchanged = unchanged, run->most = most;
  return size;
}

static inline size_t pass_chunks_by(struct vectors *run, enum way way) {
  if (way == COPY) return pass_chunks(run, COPY, false);
  if (way == CONVERT) return pass_chunks(run, CONVERT, false);
  return run->reading ? pass_chunks(run, DOTS, true) : pass_chunks(run, DOTS, false);
}

/* Where less than a block is left, goes back to make it one, over octets that were copied as they are. */
static inline bool step_back(struct vectors *run) {
  size_t left = run->n - run->done.read;
  if (left == 0 || left >= BLOCK || run->unchanged + left < BLOCK || run->cap - run->done.written < left) return false;
  run->done.read -= BLOCK - left, run->done.written -= BLOCK - left;
  run->unchanged = 0;
  return true;
}

/* Brings the carry up to the end of what was passed; a CR there was not tested and is taken back. */
static inline void settle(struct vectors *run) {
  struct done *done = &run->done;
  if (done->read != 0 && run->src[done->read - 1] == CR) done->read--, done->written--;
  run->carry->column = column_at(run, *done);
  if (done->read != 0) run->carry->start = run->src[done->read - 1] == LF ? LINE_START : LINE_MIDDLE;
}

/* Passes what vectors may. How many octets are to be passed line by line after that, or SIZE_MAX: all. */
static inline size_t run_vectors(struct vectors *run, enum way *way, enum way last) {
  for (;;) {
    size_t unfit = pass_chunks_by(run, *way);
    if (*way != COPY && run->unchanged >= CALM) {
      *way = COPY;
    } else if (unfit == 0) {
      if (*way == COPY && step_back(run)) continue;
      settle(run);
      return SIZE_MAX;
    } else if (*way == last) {
      settle(run);
      return unfit;
    } else {
      ++*way;
    }
  }
}

static inline struct done run_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                                   struct dots_carry *carry, bool reading) {
  bool convert = !reading && (params->recorded & KIND_BARE_LF) != 0 && params->bare_lf == POLICY_NORMALIZE;
  enum way way = COPY, last = convert ? CONVERT : params->bdat ? COPY : DOTS;
  struct done done = {0, 0};
  for (;;) {
    struct vectors run = {.src = src + done.read,
                          .n = n - done.read,
                          .dst = dst + done.written,
                          .cap = cap - done.written,
                          .params = params,
                          .carry = carry,
                          .reading = reading,
                          .most = carry->column};
    size_t rest = run.n < BLOCK ? run.n : run_vectors(&run, &way, last);
    done.read += run.done.read, done.written += run.done.written;
    if (rest > n - done.read) rest = n - done.read;
    struct done part =
        run_lines(src + done.read, n - done.read, rest, dst + done.written, cap - done.written, params, carry, reading);
    done.read += part.read, done.written += part.written;
    if (part.read < rest || done.read == n) return done;
  }
}

static struct done write_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                              struct dots_carry *carry) {
  return run_dots(src, n, dst, cap, params, carry, false);
}

static struct done read_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                             struct dots_carry *carry) {
  return run_dots(src, n, dst, cap, params, carry, true);
}

/* 0xff at each '.' of src that follows CR or LF. */
static inline vec dots_at(const uint8_t *src) {
  vec first = vec_load(src - 1);
  vec ends = vec_or(vec_equal(first, vec_fill(CR)), vec_equal(first, vec_fill(LF)));
  return vec_and(ends, vec_equal(vec_load(src), vec_fill('.')));
}

static inline size_t find_dot_by_vectors(const uint8_t *src, size_t n) {
  size_t i = 1;
  for (; n - i >= 2 * VEC; i += 2 * VEC) {
    vec a = dots_at(src + i), b = dots_at(src + i + VEC);
    if (!any(vec_or(a, b))) continue;
    const size_t first = vec_place(a);
    return first < VEC ? i + first : i + VEC + vec_place(b);
  }
  return find_dot(src, n, i);
}

static size_t next_dot(const uint8_t *src, size_t n, uint32_t *state) {
  if (n == 0 || (src[0] == '.' && *state != DOTS_MIDDLE)) return 0;
  size_t at = find_dot_by_vectors(src, n);
  *state = dots_state(src, at, *state);
  return at;
}

#endif
