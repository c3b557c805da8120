/* paths.h: paths, and whether there is a file. */
#ifndef CTE_TOOLS_PATHS_H
#define CTE_TOOLS_PATHS_H

#include "messages.h"

#include <sys/stat.h>

/* To be freed. */
char *copy_of(const char *path);

/* "DIR/." for "DIR/name", "." for "name"; to be freed. */
char *folder_of(const char *path);

/*
 * Of a file's stat the `result`: false, with errno, where there is no such file, or none that can be reached. Any other error
 * ends the program: whether an output is an input must be known.
 */
bool is_found(const char *name, int result);

/* False of files that have no number (Windows). */
bool is_same_file(const struct stat *a, const struct stat *b);

/* What an output's name stands for. It is asked once, so that what is done about it goes together, whatever others do meanwhile. */
enum target {
  TARGET_NONE,
  TARGET_FILE,     /* a regular file; without `follow` all but a folder, links too */
  TARGET_LED_TO,   /* a regular file that a symbolic link leads to */
  TARGET_STRAIGHT, /* a FIFO, a device or a socket, through links or not */
  TARGET_FOLDER,
  TARGET_NOWHERE, /* a symbolic link that leads to no file */
  TARGET_UNKNOWN  /* errno says why */
};
enum target target_of(const char *name, bool follow);

#endif
