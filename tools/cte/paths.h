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

/* A symbolic link that leads to no file. Else false: errno says why what it leads to cannot be reached, or is 0. */
bool leads_nowhere(const char *name);

#endif
