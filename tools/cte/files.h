/* files.h: running a stream over one file or many. */
#ifndef CTE_TOOLS_FILES_H
#define CTE_TOOLS_FILES_H

#include "io.h"
#include "options.h"

#include <cte/lines.h>
#include <cte/stream.h>

/* What is said of an input under --eol=auto whose LFs become CRLF, when it has CRLFs too. */
enum mixture { MIXTURE_UNSEEN, MIXTURE_REPORTED, MIXTURE_REJECTED };

/* What one input goes through. */
struct streams {
  bool has_before;
  cte_stream before; /* if has_before: its output is the input of `stream` */
  cte_stream stream;
  uint32_t report; /* the anomalies of `stream` to be reported */
  enum mixture mixture;
  cte_lines lines; /* of the input, unless the mixture is unseen */
};

/* What a subcommand does to each input. `start` sets the streams up; it may look at the input's first line end. */
struct task {
  const struct common *common;
  const void *options;
  cte_status (*start)(const void *options, struct source *source, struct streams *streams);
};

/*
 * Runs the task over the operands (none: standard input) as -o, --output-dir and --suffix say. A bad input does not stop
 * the others. The exit code.
 */
int run_files(const struct task *task, int count, char **names);

#endif
