/*
 * filter.c: codecs as the filters of an input stream, as in Dovecot or GMime: each pulls from the one below it.
 *
 *   filter FILTER... <in >out        filter base64-decode qp-encode <part.b64 >part.qp
 *
 * A filter has a small buffer of its own. It asks for octets only when that is used up, gives what there is, and keeps
 * what did not fit: both sides may be as small as they like.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cte/cte.h>

enum { BUFFER_SIZE = 64, FILTERS_MAX = 8 };

/* One link of the chain. The last one below has no `below` and reads `file`. */
struct filter {
  struct filter *below;
  FILE *file;
  cte_stream stream;
  char buffer[BUFFER_SIZE];
  cte_input pending; /* what of the buffer is not taken yet */
  bool ended;        /* nothing more comes from below, or is asked for */
  bool failed;       /* the file could not be read to its end */
  cte_status status;
};

/* NOLINTBEGIN(misc-no-recursion): as deep as the chain, at most FILTERS_MAX. */
static size_t filter_read(struct filter *filter, void *data, size_t size);

/* Refills the buffer from below, with as little as there is. */
static void refill(struct filter *filter) {
  size_t n = filter->below ? filter_read(filter->below, filter->buffer, BUFFER_SIZE)
                           : fread(filter->buffer, 1, BUFFER_SIZE, filter->file);
  filter->pending = (cte_input){filter->buffer, n, 0};
  filter->ended = n == 0;
  filter->failed = filter->below ? filter->below->failed : ferror(filter->file) != 0;
  if (filter->below && filter->below->status < CTE_OK) filter->status = filter->below->status;
}

/* After an error nothing more comes, and no end: what is cut short must not look whole. */
static bool good(const struct filter *filter) {
  return filter->status >= CTE_OK && !filter->failed;
}

/* Gives 1 to `size` octets; 0 at the end, or when filter->status is an error or filter->failed. */
static size_t filter_read(struct filter *filter, void *data, size_t size) {
  cte_output out = {data, size, 0};
  bool done = false;
  while (good(filter) && out.pos == 0 && !done) {
    if (filter->pending.pos == filter->pending.size && !filter->ended) refill(filter);
    if (!good(filter)) break;
    cte_status status = filter->ended ? cte_stream_finish(&filter->stream, &out)
                                      : cte_stream_update(&filter->stream, &filter->pending, &out);
    /* A message that SMTP must reject is read to its end all the same: the verdict tells. */
    if (status == CTE_END) filter->status = cte_stream_verdict(&filter->stream);
    if (status < CTE_OK) filter->status = status;
    done = status == CTE_END || (status == CTE_OK && filter->ended);
    if (status == CTE_END) filter->ended = true; /* what stands behind it is not the message's, and may be long in coming */
  }
  return out.pos;
}
/* NOLINTEND(misc-no-recursion) */

/* Sets up one filter by its name. The options are mail's: NULL. */
static bool filter_open(struct filter *filter, struct filter *below, const char *name) {
  memset(filter, 0, sizeof *filter);
  filter->below = below;
  filter->file = stdin;
  if (strcmp(name, "base64-encode") == 0) return cte_stream_base64_encode(&filter->stream, NULL) == CTE_OK;
  if (strcmp(name, "base64-decode") == 0) return cte_stream_base64_decode(&filter->stream, NULL) == CTE_OK;
  if (strcmp(name, "qp-encode") == 0) return cte_stream_qp_encode(&filter->stream, NULL) == CTE_OK;
  if (strcmp(name, "qp-decode") == 0) return cte_stream_qp_decode(&filter->stream, NULL) == CTE_OK;
  if (strcmp(name, "smtp-write") == 0) return cte_stream_smtp_write(&filter->stream, NULL) == CTE_OK;
  if (strcmp(name, "smtp-read") == 0) return cte_stream_smtp_read(&filter->stream, NULL) == CTE_OK;
  return false;
}

/* What was tolerated, and where. */
static void report(const struct filter *filter, const char *name) {
  uint32_t met = cte_stream_anomalies(&filter->stream);
  for (uint32_t kind = 1; kind < CTE_VERDICT_REJECTED; kind <<= 1)
    if (met & kind)
      fprintf(stderr, "%s: %s at octet %llu\n", name, cte_anomaly_text(kind),
              (unsigned long long)cte_stream_first_anomaly(&filter->stream, kind));
}

/* All that the last filter gives, to standard output. False, and a message, when reading or writing failed. */
static bool copy(struct filter *top) {
  char room[48];
  size_t n;
  /* Each piece leaves at once: a piece that is lost must not be followed by others, and by an end. */
  while ((n = filter_read(top, room, sizeof room)) > 0)
    if (fwrite(room, 1, n, stdout) != n || fflush(stdout) != 0) {
      perror("filter: write");
      return false;
    }
  if (top->failed) perror("filter: read");
  return !top->failed;
}

int main(int argc, char **argv) {
  static struct filter filters[FILTERS_MAX];
  int count = argc - 1;
  for (int i = 0; i < count && count <= FILTERS_MAX; i++)
    if (!filter_open(&filters[i], i > 0 ? &filters[i - 1] : NULL, argv[i + 1])) count = 0;
  if (count < 1 || count > FILTERS_MAX) {
    fprintf(stderr, "usage: filter {base64|qp}-{encode|decode}|smtp-{write|read}... (at most %d)\n", FILTERS_MAX);
    return 2;
  }

  struct filter *top = &filters[count - 1];
  bool copied = copy(top);
  for (int i = 0; i < count; i++) report(&filters[i], argv[i + 1]);
  if (top->status < CTE_OK) fprintf(stderr, "filter: %s\n", cte_status_text(top->status));
  return top->status < CTE_OK || !copied;
}
