/* io.h: reading in large blocks, outputs that are written whole or not at all. */
#ifndef CTE_TOOLS_IO_H
#define CTE_TOOLS_IO_H

#include "messages.h"

#include <sys/stat.h>
#include <sys/types.h>

/* ---- Input ---- */

#define BLOCK_SIZE ((size_t)256 << 10)

struct source {
  const char *name;    /* as messages give it */
  int fd;              /* 0: standard input */
  bool ahead;          /* data[0..size) was read, but source_next has not given it yet */
  bool failed;         /* a read error, reported */
  bool ended;          /* a read gave nothing: behind it a terminal, a FIFO or a file that grows might have more */
  uint64_t offset;     /* of data[0] */
  off_t start;         /* where a seekable standard input stood, else -1 */
  struct stat status;  /* of the open file */
  unsigned char *data; /* that all sources share: one is open at a time */
  size_t size;
};

/* Opens a file, or standard input for "-". False after a message. */
bool source_open(struct source *source, const char *name);

/* Gives its descriptor another number; standard input keeps its own. False where there is none. */
bool source_renumber(struct source *source);

/* The next octets in data[0..size): 1; at the end 0; after a message -1. */
int source_next(struct source *source);

/* The first line end in the first BLOCK_SIZE octets, which are read as far as needed and stay to be given. */
enum first_line_end { FIRST_NONE, FIRST_CRLF, FIRST_LF };
enum first_line_end source_first_line_end(struct source *source);

/* Leaves what follows `offset` to the next reader of a seekable standard input. False when it cannot be left. */
bool source_leave(struct source *source, uint64_t offset);

/* Whether a file goes on where it stands; what cannot be read is not there. */
bool source_has_more(const struct source *source);

void source_close(struct source *source);

/* ---- Output ---- */

struct sink {
  int fd;
  bool failed;               /* a write error, reported */
  const char *name;          /* as messages give it; NULL: standard output */
  char *target;              /* where the temporary file goes in the end; NULL: fd is written straight */
  const struct stat *status; /* as sink_open */
};

/*
 * Opens the output: standard output for NULL and "/dev/stdout"; a FIFO or device straight; else a temporary file in the
 * folder of `name`. An existing file needs `force`. Without `follow` a FIFO, a device, and a symbolic link, whatever it leads
 * to, are such files. False after a message.
 * Of the input, whose `status` that is, an output takes its mode and times where it is a regular file, but no permission that a
 * file which it replaces has not.
 */
bool sink_open(struct sink *sink, const char *name, bool force, bool follow, const struct stat *status);

/* True, after a message, when the octets written would be read again as input, which might never end. */
bool sink_feeds(const struct sink *sink, struct source *source);

/* Less than 4 GiB. False after a message, and from then on. */
bool sink_write(struct sink *sink, const void *data, size_t size);

/* Puts the output in its place when `good`, else removes it. False after a message. */
bool sink_close(struct sink *sink, bool good, bool force);

#endif
