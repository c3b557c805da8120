/* clashes.h: one file that two of a call's inputs and outputs are. */
#ifndef CTE_TOOLS_CLASHES_H
#define CTE_TOOLS_CLASHES_H

#include "io.h"

/* One input, and where it goes. */
struct job {
  const char *input;
  char *output;
  bool follow; /* as sink_open */
};

/* Before any job: a usage error where a job's output is the output of another, or another's input. */
void refuse_clashes(const struct job *jobs, size_t count);

/*
 * The file that a job has made, and the path it gets, no link; noted while it can still be removed for want of memory, and
 * forgotten if it came to naught.
 */
void note_written(const struct stat *status, const char *path);
void forget_written(const struct stat *status);

/*
 * Clashes that refuse_clashes does not foresee: links that lead through outputs, names that a file system takes for the same;
 * and the descriptor that the input got as the output, NULL being standard output, by a name under which there was none when
 * the input was not open yet (`existed`). `follow`: as sink_open. True after a message. The source's descriptor may have
 * another number then.
 */
bool is_clash(struct source *source, const char *output, bool follow, bool existed);

#endif
