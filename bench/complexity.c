/*
 * complexity.c: how slow an input can make a codec, and how its time grows with its size: docs/complexity.md's table.
 * Structured inputs, and patterns by chance, go through each codec whole, an octet of input at a time and with room for 1,
 * 2 and 64 octets; the slowest stand beside random data. Times are those of the processor, the least of several.
 *
 * CTE_TEST_SEED, CTE_TEST_SCALE: as everywhere.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cte/cte.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SMALL = 16 << 10, LARGE = 256 << 10, ROOM = 4 * LARGE + 4096, PATTERN_MAX = 1200 };

static uint8_t input[LARGE], output[ROOM];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t random_state;

static uint32_t random_below(uint32_t n) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(random_state >> 33) % n;
}

static double scale(void) {
  const char *text = getenv("CTE_TEST_SCALE");
  return text != NULL ? atof(text) : 1;
}

/* ---- Codecs ---- */

static cte_status base64_encode(cte_stream *s) {
  return cte_stream_base64_encode(s, NULL);
}

static cte_status base64_decode(cte_stream *s) {
  return cte_stream_base64_decode(s, NULL);
}

static cte_status qp_encode_text(cte_stream *s) {
  static const cte_qp_encode_options options = {31, CTE_QP_LINE_ENDS_CRLF, CTE_LINE_END_CRLF, {0}};
  return cte_stream_qp_encode(s, &options);
}

static cte_status qp_encode_binary(cte_stream *s) {
  static const cte_qp_encode_options options = CTE_QP_ENCODE_BINARY;
  return cte_stream_qp_encode(s, &options);
}

static cte_status qp_encode_lf(cte_stream *s) {
  static const cte_qp_encode_options options = {0, CTE_QP_LINE_ENDS_LF, CTE_LINE_END_CRLF, {0}};
  return cte_stream_qp_encode(s, &options);
}

static cte_status qp_encode_kept(cte_stream *s) {
  static const cte_qp_encode_options options = {0, CTE_QP_LINE_ENDS_KEEP, CTE_LINE_END_CRLF, {0}};
  return cte_stream_qp_encode(s, &options);
}

static cte_status qp_decode(cte_stream *s) {
  return cte_stream_qp_decode(s, NULL);
}

static cte_status qp_decode_to_crlf(cte_stream *s) {
  static const cte_qp_decode_options options = {0, CTE_QP_LINE_END_CRLF, {0}};
  return cte_stream_qp_decode(s, &options);
}

static cte_status lines_check(cte_stream *s) {
  return cte_stream_lines_check(s, CTE_LINES_ALLOW_SMTP);
}

static const cte_smtp_options normalize = {
    CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};

static cte_status bdat_write(cte_stream *s) {
  static const cte_smtp_options options = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 1, {0}};
  return cte_stream_smtp_write(s, &options);
}

static cte_status smtp_write(cte_stream *s) {
  return cte_stream_smtp_write(s, &normalize);
}

static cte_status smtp_read(cte_stream *s) {
  return cte_stream_smtp_read(s, &normalize);
}

static cte_status smtp_read_verdict(cte_stream *s) {
  return cte_stream_smtp_read(s, NULL);
}

static const struct codec {
  const char *name;
  cte_status (*set_up)(cte_stream *s); /* NULL: the lines' counts, or the dots */
  bool encoded;                        /* random data are what its encoder makes of them */
} codecs[] = {
    {"base64, encode", base64_encode, false},
    {"base64, decode", base64_decode, true},
    {"quoted-printable, encode text", qp_encode_text, false},
    {"quoted-printable, encode binary", qp_encode_binary, false},
    {"quoted-printable, encode LF text", qp_encode_lf, false},
    {"quoted-printable, encode, line ends kept", qp_encode_kept, false},
    {"quoted-printable, decode", qp_decode, true},
    {"quoted-printable, decode to CRLF", qp_decode_to_crlf, true},
    {"lines", NULL, false},
    {"lines, checked", lines_check, false},
    {"dots", NULL, false},
    {"SMTP writer, normalize", smtp_write, false},
    {"SMTP writer, BDAT, all kept", bdat_write, false},
    {"SMTP reader, normalize", smtp_read, false},
    {"SMTP reader, reject", smtp_read_verdict, false},
};

enum mode { WHOLE, OCTET_IN, OCTET_OUT, TWO_OUT, LINE_OUT, MODES };
static const char *const mode_names[] = {"whole", "an octet of input at a time", "room for an octet", "room for 2",
                                         "room for 64"};
static const size_t rooms[] = {ROOM, ROOM, 1, 2, 64};

/* The octets that one update takes, in pieces of room; false once it wants no more. */
static bool feed(cte_stream *s, const uint8_t *src, size_t n, size_t room) {
  cte_input in = {src, n, 0};
  cte_status status;
  do {
    cte_output out = {output, room, 0};
    status = cte_stream_update(s, &in, &out);
  } while (status == CTE_MORE_OUTPUT);
  return status == CTE_OK;
}

static void run_lines(size_t n, size_t piece) {
  cte_lines lines;
  cte_lines_init(&lines);
  for (size_t at = 0; at < n; at += piece) cte_lines_update(&lines, input + at, piece);
  cte_lines_finish(&lines);
}

static void run_dots(size_t n, size_t piece) {
  uint32_t state = 0;
  for (size_t at = 0; at < n; at += piece)
    for (size_t i = 0; i < piece;) i += cte_dots_next(input + at + i, piece - i, &state);
}

/* Runs over input[0..n), n a multiple of each piece. False when the codec stops before its end. */
static bool run(const struct codec *codec, enum mode mode, size_t n) {
  size_t piece = mode == OCTET_IN ? 1 : n, room = rooms[mode];
  cte_stream s;
  if (codec->set_up == NULL) {
    if (codec->name[0] == 'l')
      run_lines(n, piece);
    else
      run_dots(n, piece);
    return true;
  }
  if (codec->set_up(&s) != CTE_OK) return false;
  for (size_t at = 0; at < n; at += piece)
    if (!feed(&s, input + at, piece, room)) return false;
  cte_output out = {output, ROOM, 0};
  cte_stream_finish(&s, &out);
  return true;
}

/* Nanoseconds an octet, the least of several runs; 0 when the codec stops early. */
static double measure(const struct codec *codec, enum mode mode, size_t n, int times) {
  double best = 1e9;
  for (int i = 0; i < times; i++) {
    double start = now();
    if (!run(codec, mode, n)) return 0;
    double took = now() - start;
    if (took < best) best = took;
  }
  return best * 1e9 / (double)n;
}

/* ---- Inputs ---- */

struct pattern {
  uint8_t data[PATTERN_MAX];
  size_t n;
};

static const char *const structured[] = {
    "=",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    ".",
    "\r\n.",
    "\n.",
    "\r.",
    ".\r\n",
    ".\n",
    "..\r\n",
    "\r\r\n",
    "\r\r\r\r\r\r\r\n",
    "=\r\n",
    "a=\r\n",
    "=\n",
    "= \r\n",
    "= ",
    "=\r",
    "==",
    "=4",
    "=4=",
    "=XZ",
    "=3d",
    "=3D",
    "=E9",
    "=\xE9",
    "a=3Db",
    " \r\n",
    " \n",
    "a \r\n",
    "  \t \r\n",
    "a ",
    "\xFF",
    "a\xFF",
    "\xC3\xA9",
    "\xE7\xB3\xBB",
    "\xE7",
    "\xF0\x9F\x98\x80",
    "\x7F",
    "\x01",
    "A=",
    "AA=",
    "AA==",
    "AAA=",
    "AA==\r\n",
    "AAA=AAAA",
    "QUJD\n",
    "QUJD\r\n",
    "A\r\n",
    "AA\n",
    "AAA\r",
    "*",
    "A*",
    "AAA*",
    "A A",
    "AAAA ",
    "-_",
    "AA-_",
    "A+/-",
    "From ",
    "From \r\n",
    "\nFrom ",
    "--\r\n",
    "--",
    "a\r",
    "a\n",
    "a\r\n",
    "ab\r\n",
    "abcdefg\r\n",
    "abcdefghijklmno\n",
    "\xC3\r\n",
    "=\r\n\r\n",
    "\r\n\r\n.\r",
};

/* The octets of which patterns by chance are made: all that a codec has a case for. */
static const char rich[] = "=\r\n .a\t-_\xC3\xA9*A4fF+/\x01~";

static void fill(const struct pattern *pattern, size_t n) {
  for (size_t i = 0; i < n; i += pattern->n) memcpy(input + i, pattern->data, pattern->n < n - i ? pattern->n : n - i);
}

/* A few octets of chance, or ordinary text of chance's length and then a few octets. */
static void make_random(struct pattern *pattern) {
  size_t ordinary = random_below(3) == 0 ? random_below(200) : 0;
  size_t odd = 1 + random_below(random_below(2) ? 4 : 16);
  pattern->n = ordinary + odd;
  memset(pattern->data, 'A', ordinary);
  if (ordinary > 78 && random_below(2)) memcpy(pattern->data + 76, "\r\n", 2);
  for (size_t i = ordinary; i < pattern->n; i++) pattern->data[i] = (uint8_t)rich[random_below(sizeof rich)];
}

/* Random octets, or what encodes them. */
static void make_baseline(const struct codec *codec) {
  size_t n = codec->encoded ? LARGE / 4 : LARGE;
  for (size_t i = 0; i < n; i++) input[i] = (uint8_t)random_below(256);
  if (!codec->encoded) return;
  static const cte_qp_encode_options binary = CTE_QP_ENCODE_BINARY;
  bool base64 = codec->set_up == base64_decode;
  cte_result result =
      base64 ? cte_base64_encode(input, n, output, ROOM, NULL) : cte_qp_encode(input, n, output, ROOM, &binary);
  for (size_t i = 0; i < LARGE; i += result.written)
    memcpy(input + i, output, result.written < LARGE - i ? result.written : LARGE - i);
}

/* ---- The search ---- */

struct found {
  double random, slowest, growth; /* ns an octet; the most growth from SMALL to LARGE */
  struct pattern pattern;
  size_t tried;
};

static void try_pattern(struct found *found, const struct codec *codec, enum mode mode, const struct pattern *pattern) {
  fill(pattern, SMALL);
  double small = measure(codec, mode, SMALL, 2);
  if (small == 0) return;
  found->tried++;
  if (small <= found->slowest) return;
  small = measure(codec, mode, SMALL, 5);
  if (small <= found->slowest) return;
  found->slowest = small;
  found->pattern = *pattern;
}

/* Quadratic behaviour would make an octet of the large input sixteen times as slow. */
static void try_growth(struct found *found, const struct codec *codec, enum mode mode, const struct pattern *pattern) {
  fill(pattern, LARGE);
  double small = measure(codec, mode, SMALL, 3), large = measure(codec, mode, LARGE, 1);
  if (small > 0 && large / small > 3) large = measure(codec, mode, LARGE, 3); /* a disturbance? */
  if (small > 0 && large / small > found->growth) found->growth = large / small;
}

/* `share`: of the structured inputs whose growth is tried. */
static void search(struct found *found, const struct codec *codec, enum mode mode, size_t chances, double share) {
  static struct pattern pattern;
  *found = (struct found){0};
  make_baseline(codec);
  found->random = measure(codec, mode, SMALL, 9);
  for (size_t i = 0; i < COUNT(structured); i++) {
    pattern.n = strlen(structured[i]);
    memcpy(pattern.data, structured[i], pattern.n);
    try_pattern(found, codec, mode, &pattern);
    if (random_below(1000) < 1000 * share) try_growth(found, codec, mode, &pattern);
  }
  pattern.n = 1;
  pattern.data[0] = 0;
  try_pattern(found, codec, mode, &pattern);
  for (size_t i = 0; i < chances; i++) {
    make_random(&pattern);
    try_pattern(found, codec, mode, &pattern);
  }
  try_growth(found, codec, mode, &found->pattern);
}

static void print_pattern(const struct pattern *pattern) {
  size_t begin = 0;
  while (begin + 1 < pattern->n && pattern->data[begin] == 'A' && pattern->data[begin + 1] == 'A') begin++;
  if (begin > 3) printf("%zu times `A`, ", begin);
  printf("`");
  for (size_t i = begin > 3 ? begin : 0; i < pattern->n; i++) {
    uint8_t c = pattern->data[i];
    if (c == '\r')
      printf("\\r");
    else if (c == '\n')
      printf("\\n");
    else if (c < 33 || c > 126)
      printf("\\x%02X", (unsigned)c);
    else
      printf("%c", c);
  }
  printf("`");
}

static void print_row(const struct codec *codec, enum mode mode, const struct found *found) {
  printf("| %s | %s | %.2f | %.2f | %.1f %% | ", codec->name, mode_names[mode], found->random, found->slowest,
         100 * found->random / found->slowest);
  print_pattern(&found->pattern);
  printf(" | %.2f | %zu |\n", found->growth, found->tried);
  fflush(stdout);
}

/* complexity [ROW]: with a row of kernels other than the best. */
int main(int argc, char **argv) {
  if (argc > 1 && cte_isa_select(argv[1]) != CTE_OK) {
    fprintf(stderr, "complexity: no row %s here\n", argv[1]);
    return 1;
  }
  const char *seed = getenv("CTE_TEST_SEED");
  uint64_t number = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
  random_state = number;
  printf("complexity: CTE_TEST_SEED=%llu, %s\n\n", (unsigned long long)number, cte_isa_name());
  printf("| codec | fed | random, ns an octet | slowest | of random's rate | pattern | growth | inputs |\n"
         "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < COUNT(codecs); i++) {
    make_baseline(&codecs[i]);
    for (enum mode mode = WHOLE; mode < MODES; mode++) {
      static struct found found;
      if (codecs[i].set_up == NULL && mode >= OCTET_OUT) continue;
      search(&found, &codecs[i], mode, (size_t)(100 * scale()), scale());
      print_row(&codecs[i], mode, &found);
    }
  }
  return 0;
}
