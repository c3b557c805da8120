/*
 * record.c: an MTA that keeps a message as records, as Postfix does, sends it to a server without 8BITMIME.
 *
 *   record [FILE] >DATA
 *
 * A record holds at most 2048 octets of a line and no line end: NORM ends a line, CONT is followed by the rest of it. Each
 * goes through two streams, the quoted-printable encoder and the SMTP writer. No record is glued to the next and no line
 * end is searched for: the encoder carries its column from one to the other.
 *
 * FILE (or standard input) is text with LF line ends. What comes out is DATA, to its last dot.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cte/cte.h>

enum { RECORD_SIZE = 2048, PIECE_SIZE = 512 };

struct record {
  enum { NORM, CONT } type;
  size_t size;
  char data[RECORD_SIZE];
};

/* Ends the program: DATA without its end is no message, so that no server takes what is cut short for the whole. */
static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* The next record of a text; false at its end. A last line without a line end is CONT. */
static bool get_record(FILE *in, struct record *record) {
  int c = EOF;
  record->size = 0;
  while (record->size < RECORD_SIZE && (c = getc(in)) != EOF && c != '\n') record->data[record->size++] = (char)c;
  if (ferror(in)) fail("record: read");
  record->type = c == '\n' ? NORM : CONT;
  return c == '\n' || record->size > 0;
}

/* Octets (or with NULL their end) through the SMTP writer to standard output. */
static cte_status to_server(cte_stream *smtp, const void *data, size_t size) {
  cte_input in = {data, size, 0};
  cte_status status;
  do {
    char piece[PIECE_SIZE];
    cte_output out = {piece, sizeof piece, 0};
    status = data ? cte_stream_update(smtp, &in, &out) : cte_stream_finish(smtp, &out);
    /* At once: what is lost must not be followed by more, and by an end. */
    if (fwrite(piece, 1, out.pos, stdout) != out.pos || fflush(stdout) != 0) fail("record: write");
  } while (status == CTE_MORE_OUTPUT);
  return status;
}

/* The same through the encoder, and on from there. */
static cte_status encode(cte_stream *qp, cte_stream *smtp, const void *data, size_t size) {
  cte_input in = {data, size, 0};
  cte_status status, sent;
  do {
    char piece[PIECE_SIZE];
    cte_output out = {piece, sizeof piece, 0};
    status = data ? cte_stream_update(qp, &in, &out) : cte_stream_finish(qp, &out);
    sent = to_server(smtp, piece, out.pos);
  } while (status == CTE_MORE_OUTPUT && sent == CTE_OK);
  return sent == CTE_OK ? status : sent;
}

static cte_status send_message(FILE *in) {
  static const char header[] = "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n"
                               "\r\n";
  cte_stream qp, smtp;
  cte_stream_qp_encode(&qp, NULL);
  cte_stream_smtp_write(&smtp, NULL);

  cte_status status = to_server(&smtp, header, strlen(header));
  struct record record;
  while (status == CTE_OK && get_record(in, &record)) {
    status = encode(&qp, &smtp, record.data, record.size);
    if (status == CTE_OK && record.type == NORM) status = encode(&qp, &smtp, "\r\n", 2);
  }
  if (status == CTE_OK) status = encode(&qp, &smtp, NULL, 0);
  return status == CTE_OK ? to_server(&smtp, NULL, 0) : status;
}

int main(int argc, char **argv) {
  FILE *in = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (in == NULL) {
    perror(argv[1]);
    return 1;
  }
  cte_status status = send_message(in);
  (void)fclose(in);
  if (status != CTE_OK) fprintf(stderr, "record: %s\n", cte_status_text(status));
  return status != CTE_OK;
}
