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

bool leads_nowhere(const char *name) {
  struct stat status;
  if (!system_is_link(name) || is_found(name, stat(name, &status))) {
    errno = 0;
    return false;
  }
  return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG;
}
