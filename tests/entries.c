/* entries.c: see entries.h. */
#include "entries.h"

#include <cte/cte.h>

/* ---- Streams ---- */

static cte_status base64_encode(cte_stream *s) {
  return cte_stream_base64_encode(s, NULL);
}

static cte_status base64_encode_narrow(cte_stream *s) {
  static const cte_base64_encode_options options = {.columns = 1};
  return cte_stream_base64_encode(s, &options);
}

static cte_status base64_decode(cte_stream *s) {
  return cte_stream_base64_decode(s, NULL);
}

static cte_status base64_decode_either(cte_stream *s) {
  static const cte_base64_decode_options options = {.alphabet = CTE_BASE64_EITHER, .line_ends = CTE_BASE64_LINE_ENDS_LF};
  return cte_stream_base64_decode(s, &options);
}

static cte_status base64_decode_strict(cte_stream *s) {
  static const cte_base64_decode_options options = {.reject = CTE_BASE64_REJECT_STRICT};
  return cte_stream_base64_decode(s, &options);
}

static const cte_qp_encode_options qp_flags = {.flags = CTE_QP_ENCODE_DOT | CTE_QP_ENCODE_FROM | CTE_QP_ENCODE_DASHES |
                                                        CTE_QP_ENCODE_EBCDIC | CTE_QP_WHOLE_UTF8};
static const cte_qp_encode_options qp_binary = CTE_QP_ENCODE_BINARY;
static const cte_qp_encode_options qp_lf = {.line_ends = CTE_QP_LINE_ENDS_LF};
static const cte_qp_encode_options qp_kept = {.line_ends = CTE_QP_LINE_ENDS_KEEP};

static cte_status qp_encode_text(cte_stream *s) {
  return cte_stream_qp_encode(s, NULL);
}

static cte_status qp_encode_flags(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_flags);
}

static cte_status qp_encode_binary(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_binary);
}

static cte_status qp_encode_lf(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_lf);
}

static cte_status qp_encode_kept(cte_stream *s) {
  return cte_stream_qp_encode(s, &qp_kept);
}

static cte_status qp_decode(cte_stream *s) {
  return cte_stream_qp_decode(s, NULL);
}

static cte_status qp_decode_to_crlf(cte_stream *s) {
  static const cte_qp_decode_options options = {.line_end = CTE_QP_LINE_END_CRLF};
  return cte_stream_qp_decode(s, &options);
}

static cte_status qp_decode_strict(cte_stream *s) {
  static const cte_qp_decode_options options = CTE_QP_DECODE_STRICT;
  return cte_stream_qp_decode(s, &options);
}

static cte_status lines_check(cte_stream *s) {
  return cte_stream_lines_check(s, CTE_LINES_ALLOW_SMTP);
}

static cte_status lines_check_lf(cte_stream *s) {
  return cte_stream_lines_check(s, CTE_LINES_ALLOW_SMTP | CTE_LINES_LF_TEXT);
}

static const cte_smtp_options normalize = {
    CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, CTE_SMTP_NORMALIZE, 0, {0}};
static const cte_smtp_options space = {CTE_SMTP_SPACE, CTE_SMTP_SPACE, CTE_SMTP_SPACE, CTE_SMTP_KEEP, 0, {0}};
static const cte_smtp_options keep = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 0, {0}};
static const cte_smtp_options keep_fold = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_NORMALIZE, 0, {0}};
static const cte_smtp_options keep_bdat = {CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 1, {0}};

static cte_status smtp_write_reject(cte_stream *s) {
  return cte_stream_smtp_write(s, NULL);
}

static cte_status smtp_write(cte_stream *s) {
  return cte_stream_smtp_write(s, &normalize);
}

static cte_status smtp_write_space(cte_stream *s) {
  return cte_stream_smtp_write(s, &space);
}

static cte_status bdat_write(cte_stream *s) {
  return cte_stream_smtp_write(s, &keep_bdat);
}

static cte_status smtp_read_reject(cte_stream *s) {
  return cte_stream_smtp_read(s, NULL);
}

static cte_status smtp_read(cte_stream *s) {
  return cte_stream_smtp_read(s, &normalize);
}

static cte_status smtp_read_space(cte_stream *s) {
  return cte_stream_smtp_read(s, &space);
}

static cte_status smtp_read_keep(cte_stream *s) {
  return cte_stream_smtp_read(s, &keep);
}

static cte_status smtp_read_keep_fold(cte_stream *s) {
  return cte_stream_smtp_read(s, &keep_fold);
}

/* ---- Calls ---- */

static size_t count_lines(const struct piece *p) {
  static cte_lines lines;
  if (p->first) cte_lines_init(&lines);
  cte_lines_update(&lines, p->src, p->n);
  return p->n;
}

static size_t find_dots(const struct piece *p) {
  static uint32_t state;
  if (p->first) state = 0;
  for (size_t at = 0; at < p->n;) at += cte_dots_next(p->src + at, p->n - at, &state);
  return p->n;
}

static size_t size_text(const struct piece *p) {
  return cte_qp_encoded_size(p->src, p->n, NULL) != SIZE_MAX ? p->n : 0;
}

static size_t size_flags(const struct piece *p) {
  return cte_qp_encoded_size(p->src, p->n, &qp_flags) != SIZE_MAX ? p->n : 0;
}

static size_t size_binary(const struct piece *p) {
  return cte_qp_encoded_size(p->src, p->n, &qp_binary) != SIZE_MAX ? p->n : 0;
}

static size_t size_lf(const struct piece *p) {
  return cte_qp_encoded_size(p->src, p->n, &qp_lf) != SIZE_MAX ? p->n : 0;
}

static size_t size_kept(const struct piece *p) {
  return cte_qp_encoded_size(p->src, p->n, &qp_kept) != SIZE_MAX ? p->n : 0;
}

static size_t once_base64_encode(const struct piece *p) {
  return cte_base64_encode(p->src, p->n, p->dst, p->cap, NULL).read;
}

static size_t once_base64_decode(const struct piece *p) {
  return cte_base64_decode(p->src, p->n, p->dst, p->cap, NULL).read;
}

static size_t once_qp_encode(const struct piece *p) {
  return cte_qp_encode(p->src, p->n, p->dst, p->cap, NULL).read;
}

static size_t once_qp_decode(const struct piece *p) {
  return cte_qp_decode(p->src, p->n, p->dst, p->cap, NULL).read;
}

static size_t once_lines_check(const struct piece *p) {
  return cte_lines_check(p->src, p->n, CTE_LINES_ALLOW_SMTP).read;
}

static size_t once_smtp_write(const struct piece *p) {
  return cte_smtp_write(p->src, p->n, p->dst, p->cap, &normalize).read;
}

static size_t once_smtp_read(const struct piece *p) {
  return cte_smtp_read(p->src, p->n, p->dst, p->cap, &normalize).read;
}

/* ---- All of them ---- */

const struct entry entries[] = {
    {"base64, encode", base64_encode, NULL, RANDOM},
    {"base64, encode, lines of one column", base64_encode_narrow, NULL, RANDOM},
    {"base64, decode", base64_decode, NULL, BASE64},
    {"base64, decode, either alphabet, LF", base64_decode_either, NULL, BASE64},
    {"base64, decode, strict", base64_decode_strict, NULL, BASE64},
    {"quoted-printable, encode text", qp_encode_text, NULL, RANDOM},
    {"quoted-printable, encode text, all flags", qp_encode_flags, NULL, RANDOM},
    {"quoted-printable, encode binary", qp_encode_binary, NULL, RANDOM},
    {"quoted-printable, encode LF text", qp_encode_lf, NULL, RANDOM},
    {"quoted-printable, encode, line ends kept", qp_encode_kept, NULL, RANDOM},
    {"quoted-printable, decode", qp_decode, NULL, QP},
    {"quoted-printable, decode to CRLF", qp_decode_to_crlf, NULL, QP},
    {"quoted-printable, decode, strict", qp_decode_strict, NULL, QP},
    {"lines, checked", lines_check, NULL, QP},
    {"LF lines, checked", lines_check_lf, NULL, QP_LF},
    {"SMTP writer, reject", smtp_write_reject, NULL, QP},
    {"SMTP writer, normalize", smtp_write, NULL, RANDOM},
    {"SMTP writer, space", smtp_write_space, NULL, RANDOM},
    {"SMTP writer, BDAT, all kept", bdat_write, NULL, RANDOM},
    {"SMTP reader, reject", smtp_read_reject, NULL, RANDOM},
    {"SMTP reader, normalize", smtp_read, NULL, RANDOM},
    {"SMTP reader, space", smtp_read_space, NULL, RANDOM},
    {"SMTP reader, all kept", smtp_read_keep, NULL, RANDOM},
    {"SMTP reader, kept, lines folded", smtp_read_keep_fold, NULL, RANDOM},
    {"`cte_lines_update`", NULL, count_lines, RANDOM},
    {"`cte_dots_next`", NULL, find_dots, RANDOM},
    {"`cte_qp_encoded_size`, text", NULL, size_text, RANDOM},
    {"`cte_qp_encoded_size`, text, all flags", NULL, size_flags, RANDOM},
    {"`cte_qp_encoded_size`, binary", NULL, size_binary, RANDOM},
    {"`cte_qp_encoded_size`, LF text", NULL, size_lf, RANDOM},
    {"`cte_qp_encoded_size`, line ends kept", NULL, size_kept, RANDOM},
    {"`cte_base64_encode`", NULL, once_base64_encode, RANDOM},
    {"`cte_base64_decode`", NULL, once_base64_decode, BASE64},
    {"`cte_qp_encode`", NULL, once_qp_encode, RANDOM},
    {"`cte_qp_decode`", NULL, once_qp_decode, QP},
    {"`cte_lines_check`", NULL, once_lines_check, QP},
    {"`cte_smtp_write`, normalize", NULL, once_smtp_write, RANDOM},
    {"`cte_smtp_read`, normalize", NULL, once_smtp_read, RANDOM},
};

const struct mode modes[] = {
    {"whole", false, false, SIZE_MAX},
    {"an octet of input at a time", true, false, SIZE_MAX},
    {"the same, each flushed", true, true, SIZE_MAX},
    {"the same, room for an octet", true, true, 1},
    {"room for an octet", false, false, 1},
    {"room for 2", false, false, 2},
    {"room for 64", false, false, 64},
};

const size_t entries_count = sizeof entries / sizeof entries[0];

size_t modes_of(const struct entry *entry) {
  return entry->call != NULL ? 2 : sizeof modes / sizeof modes[0];
}

/* The octets that one update takes, in pieces of room, each in the place of the last; false once it wants no more. */
static bool feed(cte_stream *s, const uint8_t *src, size_t n, uint8_t *dst, size_t room) {
  cte_input in = {src, n, 0};
  cte_status status;
  do {
    cte_output out = {dst, room, 0};
    status = cte_stream_update(s, &in, &out);
  } while (status == CTE_MORE_OUTPUT);
  return status == CTE_OK;
}

static bool run_stream(const struct entry *entry, const struct mode *mode, const uint8_t *src, size_t n, uint8_t *dst,
                       size_t cap) {
  size_t piece = mode->by_octet ? 1 : n, room = mode->room < cap ? mode->room : cap;
  cte_stream s;
  if (entry->set_up(&s) != CTE_OK) return false;
  for (size_t at = 0; at < n; at += piece)
    if (!feed(&s, src + at, piece, dst, room) || (mode->flush && !feed(&s, NULL, 0, dst, room))) return false;
  cte_output out = {dst, cap, 0};
  cte_stream_finish(&s, &out);
  return true;
}

bool run_entry(const struct entry *entry, const struct mode *mode, const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  if (entry->set_up != NULL) return run_stream(entry, mode, src, n, dst, cap);
  size_t size = mode->by_octet ? 1 : n;
  for (size_t at = 0; at < n; at += size) {
    const struct piece piece = {src + at, size, at == 0, dst, cap};
    if (entry->call(&piece) != size) return false;
  }
  return true;
}
