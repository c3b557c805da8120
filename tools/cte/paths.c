/* paths.c: see paths.h. */
#include "paths.h"

#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *copy_of(const char *path) {
  return strcpy(allocate(strlen(path) + 1), path);
}

char *folder_of(const char *path) {
  size_t length = (size_t)(system_file_name(path) - path);
  char *folder = allocate(length + 2);
  memcpy(folder, path, length);
  strcpy(folder + length, ".");
  return folder;
}

bool is_found(const char *name, int result) {
  if (result == 0) return true;
  switch (errno) {
  case EACCES:
  case EINVAL:
  case ELOOP:
  case ENAMETOOLONG:
  case ENOENT:
  case ENOTDIR:
  case EPERM:
    return false;
  default:
    complain_of(name, "%s", strerror(errno));
    exit(program.failure);
  }
}

bool is_same_file(const struct stat *a, const struct stat *b) {
  return a->st_ino != 0 && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

enum target target_of(const char *name, bool follow) {
  struct stat status;
  bool is_link = system_is_link(name);
  if (is_link && !follow) return TARGET_FILE;
  if (!is_link && errno != 0) return errno == ENOENT ? TARGET_NONE : TARGET_UNKNOWN;
  if (is_found(name, stat(name, &status))) {
    if (S_ISDIR(status.st_mode)) return TARGET_FOLDER;
    if (!S_ISREG(status.st_mode)) return follow ? TARGET_STRAIGHT : TARGET_FILE;
    return is_link ? TARGET_LED_TO : TARGET_FILE;
  }
  if (!is_link) return errno == ENOENT ? TARGET_NONE : TARGET_UNKNOWN; /* it was there just now */
  bool is_nowhere = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG;
  return is_nowhere ? TARGET_NOWHERE : TARGET_UNKNOWN;
}
