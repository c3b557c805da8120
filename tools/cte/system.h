/* system.h: what differs between POSIX (posix.c) and Windows (windows.c). */
#ifndef CTE_TOOLS_SYSTEM_H
#define CTE_TOOLS_SYSTEM_H

#include "messages.h"

#include <sys/stat.h>

/*
 * Called first. Closed standard descriptors get a stand-in whose use fails, so that no file opened later takes their
 * number; octets stay what they are. False, after a message, where there is none: no command may run then.
 */
bool system_begin(void);

/* open; what it opens is no terminal of ours and is not inherited. */
int system_open(const char *name, int flags);

/* What follows the last separator of a path. */
const char *system_file_name(const char *path);

/*
 * A path of the file, to be freed; with `follow` of what a symbolic link leads to: NULL, with errno, where that is no file or
 * cannot be told. On Windows it is absolute, and no link is followed.
 */
char *system_path(const char *name, bool follow);

/* True for a symbolic link, whatever it leads to. False with errno: 0 where a file of another kind is there. */
bool system_is_link(const char *name);

/*
 * The temporary file that an output is until it is whole: one at a time, ".cte.XXXXXX" in the folder of `target`, which stays
 * what it is until the file is put there or removed. POSIX holds that folder open: it may be renamed meanwhile. No end of
 * the process leaves the file behind that the process can do something about. `status`: as below. -1 with errno.
 */
int system_create_temporary(const char *target, const struct stat *status);

/*
 * Gives the temporary file, open, the times and mode of `status` where that is a regular file, else those of a new file; but
 * no permission that a file in its place has not. Where there are none to keep: no error; but false, with errno, where it is
 * not known what is in its place.
 */
bool system_keep_mode_and_times(int fd, const struct stat *status);

/*
 * Renames the temporary file to its target; without force one that is there, or came up meanwhile, stays. Only where there is
 * neither a rename that replaces nothing nor a hard link is one replaced that comes up at the very last. False with errno.
 */
bool system_put_in_place(bool force);

/* A signal's handler may call this; no error where there is none. */
void system_remove_temporary(void);

#endif
