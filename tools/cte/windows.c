/* windows.c: system.h for Windows, by MinGW's C library. Names of files are in the ANSI code page. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utime.h>
#include <unistd.h>
#include <windows.h>

/* A closed standard descriptor is none whose number another file takes: the C library keeps the three. */
bool system_begin(void) {
  for (int fd = 0; fd <= 2; fd++) _setmode(fd, _O_BINARY);
  return true;
}

int system_open(const char *name, int flags) {
  return open(name, flags | _O_BINARY | _O_NOINHERIT);
}

const char *system_file_name(const char *path) {
  const char *name = path;
  for (const char *c = path; *c != '\0'; c++)
    if (*c == '/' || *c == '\\' || (*c == ':' && c == path + 1)) name = c + 1;
  return name;
}

char *system_path(const char *name, bool follow) {
  (void)follow;
  return _fullpath(NULL, name, 0);
}

bool system_is_link(const char *name) {
  const DWORD attributes = GetFileAttributesA(name);
  const bool is_there = attributes != INVALID_FILE_ATTRIBUTES;
  errno = is_there ? 0 : ENOENT;
  return is_there && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
}

static char *temporary; /* its path, and where it goes */
static const char *last_name;
static volatile sig_atomic_t is_there;

/* Windows removes no open file; one that is still open is so because the process ends. */
void system_remove_temporary(void) {
  if (!is_there) return;
  if (unlink(temporary) != 0) {
    for (int fd = 3; fd < 16; fd++) close(fd); /* an input and this file are all that is open */
    unlink(temporary);
  }
  is_there = 0;
}

static void die_of(int number) {
  system_remove_temporary();
  signal(number, SIG_DFL);
  raise(number);
}

/* A handler runs in a thread of its own, at any time: while a file is made or put in its place there is none. */
static void hold_signals(void) {
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
}

static void release_signals(void) {
  signal(SIGINT, die_of);
  signal(SIGTERM, die_of);
}

int system_create_temporary(const char *target, const struct stat *status) {
  (void)status;
  static const char pattern[] = ".cte.XXXXXX";
  size_t length = (size_t)(system_file_name(target) - target);
  free(temporary);
  temporary = allocate(length + sizeof pattern);
  memcpy(temporary, target, length);
  memcpy(temporary + length, pattern, sizeof pattern);
  last_name = target;

  hold_signals();
  int fd = mkstemp(temporary);
  int error = errno;
  is_there = fd >= 0;
  release_signals();
  errno = error;
  return fd;
}

bool system_keep_mode_and_times(int fd, const struct stat *status) {
  if (!S_ISREG(status->st_mode)) return true;
  struct _utimbuf times = {status->st_atime, status->st_mtime};
  _futime(fd, &times);
  return true;
}

bool system_put_in_place(bool force) {
  hold_signals();
  const bool done = MoveFileExA(temporary, last_name, force ? MOVEFILE_REPLACE_EXISTING : 0);
  const DWORD error = GetLastError();
  if (done) is_there = 0;
  release_signals();
  errno = error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS ? EEXIST : EACCES;
  return done;
}
