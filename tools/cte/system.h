/* system.h: what differs between POSIX (posix.c) and Windows (windows.c). */
#ifndef CTE_TOOLS_SYSTEM_H
#define CTE_TOOLS_SYSTEM_H

#include "io.h"

/*
 * Called first. Closed standard descriptors get a stand-in whose use fails, so that no file opened later takes their
 * number; octets stay what they are.
 */
void system_begin(void);

/* open; what it opens is no terminal of ours and is not inherited. */
int system_open(const char *name, int flags);

/* What follows the last separator of a path. */
const char *system_file_name(const char *path);

/* A file's absolute path without links, to be freed; NULL, with errno, where there is no file, or that path is another's. */
char *system_real_path(const char *name);

/* True for a symbolic link, whatever it leads to. */
bool system_is_link(const char *name);

/* The temporary file that no end of the process may leave behind; changed only while signals are held. NULL: none. */
extern char *volatile system_temporary;
void system_remove_temporary(void); /* closes it, too, where it must; a signal's handler may call this */
void system_hold_signals(void);
void system_release_signals(void);

/*
 * Gives an open file the mode, within `most`, and the times of `status` where that is a file. Where there are none to keep:
 * no error.
 */
void system_keep_mode_and_times(int fd, const struct stat *status, mode_t most);

/*
 * Renames a file; without force one that is there, or came up meanwhile, stays. Only where there is neither a rename that
 * replaces nothing (Linux, Windows) nor a hard link is one replaced that comes up at the very last. False with errno.
 */
bool system_put_in_place(const char *path, const char *target, bool force);

#endif
