/* files.c: running a stream over one file or many. */
#include "files.h"

#include "clashes.h"
#include "paths.h"
#include "system.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_SIZE (2 * BLOCK_SIZE)

/* ---- One input ---- */

/*
 * Runs a stream over `in` (NULL: ends it) and writes what comes out. After a write error sink->failed is set. An update
 * without input follows, so that little input, as from a terminal, does not wait for more.
 */
static cte_status feed(cte_stream *stream, cte_input *in, struct sink *sink) {
  static unsigned char room[OUTPUT_SIZE];
  cte_input none = {NULL, 0, 0};
  cte_status status;
  for (;;) {
    cte_output out = {room, sizeof room, 0};
    status = in != NULL ? cte_stream_update(stream, in, &out) : cte_stream_finish(stream, &out);
    if (!sink_write(sink, room, out.pos)) break;
    if (status == CTE_OK && in != NULL && in != &none)
      in = &none;
    else if (status != CTE_MORE_OUTPUT)
      break;
  }
  return status;
}

/* The same through both streams. */
static cte_status feed_both(struct streams *streams, cte_input *in, struct sink *sink) {
  static unsigned char room[OUTPUT_SIZE];
  if (!streams->has_before) return feed(&streams->stream, in, sink);
  cte_status status;
  do {
    cte_output out = {room, sizeof room, 0};
    status = in != NULL ? cte_stream_update(&streams->before, in, &out) : cte_stream_finish(&streams->before, &out);
    cte_input between = {room, out.pos, 0};
    cte_status next = feed(&streams->stream, &between, sink);
    if (next != CTE_OK || sink->failed) return next;
  } while (status == CTE_MORE_OUTPUT);
  if (in == NULL && status == CTE_OK) status = feed(&streams->stream, NULL, sink);
  return status;
}

/*
 * After an end of data: what follows is left to the next reader, or it is said that it was not read. Only a file is looked
 * at again: a peer at the other end of a pipe may wait for the answer before it sends more.
 */
static void leave_rest(struct source *source, const cte_input *in, bool quiet) {
  uint64_t end = source->offset + in->pos;
  if (source_leave(source, end) || quiet) return;
  if (in->pos < in->size || (S_ISREG(source->status.st_mode) && source_has_more(source)))
    complain_of(source->name, "what follows the end of data at offset %ju is left out", (uintmax_t)end);
}

static bool rejected(const struct source *source, uint64_t offset, cte_status status) {
  if (offset == CTE_NO_OFFSET) offset = source->offset + source->size;
  complain_of(source->name, "invalid input at offset %ju: %s", (uintmax_t)offset, cte_status_text(status));
  return false;
}

static bool is_mixed(const cte_lines *lines) {
  return lines->crlf != 0 && lines->count[CTE_LINES_BARE_LF] != 0;
}

/* The offset in data[0..size) of the LF of the first CRLF, which is there; `before` counts what stands before them. */
static size_t first_crlf(const unsigned char *data, size_t size, cte_lines before) {
  cte_lines_update(&before, data, 1);
  if (before.crlf != 0) return 0; /* its CR ended what stands before */
  const unsigned char *lf = data;
  do lf = memchr(lf + 1, '\n', size - (size_t)(lf + 1 - data));
  while (lf != NULL && lf[-1] != '\r');
  return lf != NULL ? (size_t)(lf - data) : size;
}

/*
 * Takes the next octets of the source into the statistics. Where a mixture is rejected, only those before the first CRLF
 * become the stream's input: whatever the reads, an error before it comes first. False: nothing behind `in` is to be read.
 */
static bool count_lines(struct streams *streams, const struct source *source, cte_input *in) {
  if (streams->mixture == MIXTURE_UNSEEN) return true;
  cte_lines before = streams->lines;
  cte_lines_update(&streams->lines, source->data, source->size);
  if (streams->mixture != MIXTURE_REJECTED || !is_mixed(&streams->lines)) return true;
  in->size = first_crlf(source->data, source->size, before);
  return false;
}

/* From the source to the sink. False after a message. */
static bool run_streams(struct streams *streams, struct source *source, struct sink *sink, bool quiet) {
  cte_status status = CTE_OK;
  int more;
  while ((more = source_next(source)) > 0) {
    cte_input in = {source->data, source->size, 0};
    bool goes_on = count_lines(streams, source, &in);
    status = feed_both(streams, &in, sink);
    if (sink->failed) return false;
    if (status == CTE_OK && !goes_on) return rejected(source, streams->lines.first[CTE_LINES_BARE_LF], CTE_ERROR_BARE_LF);
    if (status == CTE_END) leave_rest(source, &in, quiet);
    if (status != CTE_OK) break;
  }
  if (more < 0) return false;
  if (status >= CTE_OK) status = feed_both(streams, NULL, sink);
  if (sink->failed) return false;
  if (status >= CTE_OK) status = cte_stream_verdict(&streams->stream);
  return status >= CTE_OK || rejected(source, cte_stream_error_offset(&streams->stream), status);
}

static void report_anomalies(const struct source *source, const cte_stream *stream, uint32_t report) {
  uint32_t met = cte_stream_anomalies(stream) & report & ~(uint32_t)CTE_VERDICT_REJECTED;
  cte_status verdict = cte_stream_verdict(stream);
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {
    if ((met & bit) == 0) continue;
    uint64_t first = cte_stream_first_anomaly(stream, bit);
    /* The message of rejected() said that of the error, and of the verdict the one that is its cause. */
    if (first == cte_stream_error_offset(stream) && (verdict == CTE_OK || bit == UINT32_C(1) << (-32 - verdict))) continue;
    complain_of(source->name, "%s, first at offset %ju", cte_anomaly_text(bit), (uintmax_t)first);
  }
}

static void report_line_ends(const struct source *source, const struct streams *streams, bool verbose) {
  const cte_lines *lines = &streams->lines;
  uintmax_t lf = lines->count[CTE_LINES_BARE_LF];
  if (streams->mixture == MIXTURE_REPORTED && is_mixed(lines))
    complain_of(source->name, "mixed line ends (%ju CRLF, %ju LF)", (uintmax_t)lines->crlf, lf);
  if (streams->mixture != MIXTURE_UNSEEN && verbose && lf != 0 && lines->crlf == 0)
    complain_of(source->name, "LF line ends, written as CRLF");
}

/* One input's octets, and what is said of them. False after a message. */
static bool transform(const struct task *task, struct source *source, struct sink *sink) {
  const struct common *common = task->common;
  static struct streams streams;
  streams = (struct streams){.report = common->verbose ? UINT32_MAX : 0};
  cte_lines_init(&streams.lines);
  cte_status status = task->start(task->options, source, &streams);
  if (status != CTE_OK) complain_of(source->name, "%s", cte_status_text(status));
  if (status != CTE_OK || source->failed) return false;

  bool good = run_streams(&streams, source, sink, common->quiet);
  if (!common->quiet) report_anomalies(source, &streams.stream, streams.report);
  if (good && !common->quiet) report_line_ends(source, &streams, common->verbose);
  return good;
}

/*
 * `follow`: as sink_open. `existed`: whether there was the output before the source was opened. Nothing is read before it is
 * known that the input is not the output: a pipe that is both would be waited for.
 */
static bool run_source(const struct task *task, struct source *source, const char *output, bool follow, bool existed) {
  bool force = task->common->force;
  if (is_clash(source, output, follow, existed)) return false;
  struct sink sink;
  static const struct stat none; /* only a named file has a mode and times that are its own */
  const struct stat *status_to_keep = source->fd != 0 ? &source->status : &none;
  if (!sink_open(&sink, output, force, follow, status_to_keep)) return false;
  bool good = !sink_feeds(&sink, source) && transform(task, source, &sink);
  struct stat made;
  bool is_new = sink.target != NULL && fstat(sink.fd, &made) == 0;
  if (good && is_new) note_written(&made, sink.target);
  bool closed = sink_close(&sink, good, force);
  if (good && is_new && !closed) forget_written(&made);
  return good && closed;
}

/* Of a FIFO both ends: to open one waits for the other, before sink_feeds could say so. */
static bool is_own_fifo(const char *name, const struct stat *output) {
  struct stat input;
  return S_ISFIFO(output->st_mode) && is_found(name, stat(name, &input)) && is_same_file(&input, output);
}

static bool run_file(const struct task *task, const char *name, const char *output, bool follow) {
  struct source source;
  struct stat status;
  bool existed = output != NULL && (follow || !system_is_link(output)) && is_found(output, stat(output, &status));
  if (existed && follow && strcmp(name, "-") != 0 && is_own_fifo(name, &status)) {
    complain_of(name, "the input is the output too");
    return false;
  }
  if (!source_open(&source, name)) return false;
  bool good = run_source(task, &source, output, follow, existed);
  source_close(&source);
  return good;
}

/* ---- Many inputs ---- */

/* Ends the path where its last name ends: a folder may be named with a separator behind it. */
static void cut_separators(char *path) {
  for (size_t size = strlen(path); size > 0 && *system_file_name(path) == '\0'; size--) path[size - 1] = '\0';
}

/* DIR/NAME + suffix, without the input's own folder when there is a DIR. */
static char *output_name(const struct common *common, const char *input) {
  const char *folder = common->output_dir != NULL ? common->output_dir : "";
  const char *suffix = common->suffix != NULL ? common->suffix : "";
  char *path = copy_of(input);
  if (common->output_dir != NULL) cut_separators(path);
  const char *name = common->output_dir != NULL ? system_file_name(path) : path;
  char *output = allocate(strlen(folder) + strlen(name) + strlen(suffix) + 2);
  strcpy(output, folder);
  if (common->output_dir != NULL) strcat(output, "/");
  strcat(strcat(output, name), suffix);
  free(path);
  return output;
}

/*
 * In a folder of outputs a link, which may be another's, leads no output out of it. One that leads to no file, but to
 * where another output will be, must not lead there then.
 */
static bool follows_links(const struct common *common, const char *output) {
  return common->output_dir == NULL && target_of(output, true) != TARGET_NOWHERE;
}

static int run_many(const struct task *task, int count, char **names) {
  struct job *jobs = allocate((size_t)count * sizeof *jobs);
  for (int i = 0; i < count; i++) {
    if (strcmp(names[i], "-") == 0) {
      complain("standard input has no name for its output");
      usage_error();
    }
    char *output = output_name(task->common, names[i]);
    jobs[i] = (struct job){names[i], output, follows_links(task->common, output)};
  }
  refuse_clashes(jobs, (size_t)count);

  int status = 0;
  for (int i = 0; i < count; i++) {
    if (!run_file(task, jobs[i].input, jobs[i].output, jobs[i].follow)) status = program.failure;
    free(jobs[i].output);
  }
  free(jobs);
  return status;
}

int run_files(const struct task *task, int count, char **names) {
  static char standard[] = "-";
  char *none[] = {standard};
  const struct common *common = task->common;
  if (count == 0) {
    count = 1;
    names = none;
  }
  bool many = common->output_dir != NULL || common->suffix != NULL;
  if (many && common->output != NULL) {
    complain("-o goes with neither --output-dir nor --suffix");
    usage_error();
  }
  if (many) return run_many(task, count, names);
  if (count > 1) {
    complain("extra operand '%s'", shown(names[1]));
    usage_error();
  }
  const char *output = common->output != NULL && strcmp(common->output, "-") != 0 ? common->output : NULL;
  return run_file(task, names[0], output, true) ? 0 : program.failure;
}
