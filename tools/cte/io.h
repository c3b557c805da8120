/*
 * io.h: what the command needs of the system: messages, reading in large blocks, outputs that are written whole or not at
 * all. Included first: it asks for POSIX 2008 and for 64-bit file offsets.
 */
#ifndef CTE_TOOLS_IO_H
#define CTE_TOOLS_IO_H

#define _XOPEN_SOURCE     700
#define _FILE_OFFSET_BITS 64

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ---- Messages and the exit ---- */

/* The subcommand that runs: its name in messages, and the exit codes of a usage error and of an I/O error. */
struct program {
  const char *name;
  int usage_error, failure;
};
extern struct program program;

/* MinGW has its own word for printf as C has it: %ju, for one. */
#ifdef __MINGW_PRINTF_FORMAT
#define PRINTF_FORMAT __MINGW_PRINTF_FORMAT
#else
#define PRINTF_FORMAT printf
#endif

/* "cte base64: MESSAGE" on standard error. */
void complain(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/* "cte base64: FILE: MESSAGE". */
void complain_of(const char *file, const char *format, ...) __attribute__((format(PRINTF_FORMAT, 2, 3)));

/*
 * A file's name as messages and reports give it: controls, also of the direction of text, and octets that belong to no
 * UTF-8 character are '?'. Good until the next call.
 */
const char *shown(const char *file);

/* malloc; ends the program when there is no memory. */
void *allocate(size_t size);
_Noreturn void memory_exhausted(void);

/* "DIR/." for "DIR/name", "." for "name"; to be freed. So is the copy. */
char *folder_of(const char *path);
char *copy_of(const char *text);

/*
 * Of a file's stat the `result`: false, with errno, where there is no such file, or none that can be reached. Any other error
 * ends the program: whether an output is an input must be known.
 */
bool is_found(const char *name, int result);

/* Closes standard output: `status`, or program.failure when what was written there did not get through. */
int finish(int status);

/* ---- Input ---- */

#define BLOCK_SIZE ((size_t)256 << 10)

struct source {
  const char *name;    /* as messages give it */
  int fd;              /* 0: standard input */
  bool ahead;          /* data[0..size) was read, but source_next has not given it yet */
  bool failed;         /* a read error, reported */
  uint64_t offset;     /* of data[0] */
  off_t start;         /* where a seekable standard input stood, else -1 */
  struct stat status;  /* of the open file */
  unsigned char *data; /* BLOCK_SIZE octets that all sources share: one is open at a time */
  size_t size;
};

/* Opens a file, or standard input for "-". False after a message. */
bool source_open(struct source *source, const char *name);

/* The next octets in data[0..size): 1; at the end 0; after a message -1. */
int source_next(struct source *source);

/* The first line end in the first block, which is read as far as needed and stays to be given. */
enum first_line_end { FIRST_NONE, FIRST_CRLF, FIRST_LF };
enum first_line_end source_first_line_end(struct source *source);

/* Leaves what follows `offset` to the next reader of a seekable standard input. False when it cannot be left. */
bool source_leave(struct source *source, uint64_t offset);

void source_close(struct source *source);

/* ---- Output ---- */

struct sink {
  int fd;
  bool failed;               /* a write error, reported */
  const char *name;          /* as messages give it; NULL: standard output */
  char *target;              /* where the temporary file goes in the end; NULL: fd is written straight */
  const struct stat *status; /* as sink_open */
};

/* A symbolic link that leads to no file. False, with errno, where what it leads to cannot be reached. */
bool leads_nowhere(const char *name);

/*
 * Opens the output: standard output for NULL, "-" and "/dev/stdout"; a FIFO or device straight; else a temporary file in the
 * folder of `name`. An existing file needs `force`. Without `follow` a FIFO, a device, and a symbolic link, whatever it leads
 * to, are such files. False after a message.
 * Of the input, whose `status` that is, an output takes its mode and times where it is a regular file, but no permission that a
 * file which it replaces has not.
 */
bool sink_open(struct sink *sink, const char *name, bool force, bool follow, const struct stat *status);

/* True, after a message, when the octets written would be read again as input, which might never end. */
bool sink_feeds(const struct sink *sink, const struct source *source);

/* Less than 4 GiB. False after a message, and from then on. */
bool sink_write(struct sink *sink, const void *data, size_t size);

/* Puts the output in its place when `good`, else removes it. False after a message. */
bool sink_close(struct sink *sink, bool good, bool force);

#endif
