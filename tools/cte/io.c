/* io.c: see io.h. */
#include "io.h"

#include "paths.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Input ---- */

/*
 * Room for a whole block in each read, behind less than one that was read ahead: of a packet (of a socket, or a pipe with
 * O_DIRECT) the system drops what has no room.
 */
static unsigned char blocks[2 * BLOCK_SIZE];

bool source_open(struct source *source, const char *name) {
  bool standard = strcmp(name, "-") == 0;
  *source = (struct source){.name = standard ? "standard input" : name, .start = -1, .data = blocks};
  if (!standard) source->fd = system_open(name, O_RDONLY);
  if (source->fd < 0 || fstat(source->fd, &source->status) != 0) {
    complain_of(source->name, "%s", strerror(errno));
    if (source->fd > 0) close(source->fd);
    return false;
  }
  /* Of a pipe Windows gives a place too. */
  if (standard && !S_ISFIFO(source->status.st_mode)) source->start = lseek(0, 0, SEEK_CUR);
  return true;
}

bool source_renumber(struct source *source) {
  if (source->fd == 0) return true;
  int fd = dup(source->fd);
  if (fd < 0) return false;
  close(source->fd);
  source->fd = fd;
  return true;
}

static ssize_t read_some(const struct source *source, unsigned char *data, size_t size) {
  ssize_t count;
  do count = read(source->fd, data, (unsigned)size);
  while (count < 0 && errno == EINTR);
  return count;
}

/* One read behind what data holds: the octets read, 0 at the end and after a message. */
static size_t source_read(struct source *source) {
  ssize_t count = read_some(source, source->data + source->size, BLOCK_SIZE);
  if (count < 0) {
    complain_of(source->name, "read error at offset %ju: %s", (uintmax_t)(source->offset + source->size), strerror(errno));
    source->failed = true;
    return 0;
  }
  source->ended = count == 0;
  source->size += (size_t)count;
  return (size_t)count;
}

int source_next(struct source *source) {
  if (source->failed) return -1;
  if (source->ahead) {
    source->ahead = false;
    return source->size != 0;
  }
  if (source->ended) return 0;
  source->offset += source->size;
  source->size = 0;
  if (source_read(source) != 0) return 1;
  return source->failed ? -1 : 0;
}

enum first_line_end source_first_line_end(struct source *source) {
  source->ahead = true;
  while (source->size < BLOCK_SIZE) {
    size_t before = source->size;
    size_t count = source_read(source);
    if (count == 0) return FIRST_NONE;
    if (count > BLOCK_SIZE - before) count = BLOCK_SIZE - before; /* whatever the reads, no further */
    const unsigned char *lf = memchr(source->data + before, '\n', count);
    if (lf != NULL) return lf > source->data && lf[-1] == '\r' ? FIRST_CRLF : FIRST_LF;
  }
  return FIRST_NONE;
}

/* Whether there are octets to be read. Of some files (/proc) the size does not say it: what is read stays to be given. */
static bool source_starts(struct source *source) {
  off_t start = source->start > 0 ? source->start : 0;
  if (start < source->status.st_size) return true;
  source->ahead = true;
  return source_read(source) != 0;
}

/* Devices that cannot seek may answer all the same, with another place. */
bool source_leave(struct source *source, uint64_t offset) {
  off_t place = source->start + (off_t)offset;
  return source->start >= 0 && lseek(source->fd, place, SEEK_SET) == place;
}

bool source_has_more(const struct source *source) {
  unsigned char octet;
  return read_some(source, &octet, 1) > 0;
}

void source_close(struct source *source) {
  if (source->fd > 0) close(source->fd);
}

/* ---- Output ---- */

/* Why an output is not made there, or NULL. */
static const char *refusal(enum target target, bool force) {
  switch (target) {
  case TARGET_FILE:
  case TARGET_LED_TO:
    return force ? NULL : "the file exists already (-f replaces it)";
  case TARGET_NOWHERE:
    return force ? NULL : "a symbolic link that leads to no file (-f replaces it)";
  case TARGET_FOLDER:
    return strerror(EISDIR);
  case TARGET_UNKNOWN:
    return strerror(errno);
  default:
    return NULL;
  }
}

/* What was no regular file must not have become one meanwhile. */
static bool sink_open_straight(struct sink *sink) {
  struct stat status;
  sink->fd = system_open(sink->name, O_WRONLY);
  bool good = sink->fd >= 0 && fstat(sink->fd, &status) == 0;
  if (good && !S_ISREG(status.st_mode)) return true;
  complain_of(sink->name, "%s", good ? "became a regular file while it was opened" : strerror(errno));
  if (sink->fd >= 0) close(sink->fd);
  return false;
}

bool sink_open(struct sink *sink, const char *name, bool force, bool follow, const struct stat *status) {
  *sink = (struct sink){.fd = 1, .status = status};
  if (name == NULL || (follow && strcmp(name, "/dev/stdout") == 0)) return true;
  sink->name = name;
  enum target target = target_of(name, follow);
  const char *why = refusal(target, force);
  if (why != NULL) {
    complain_of(name, "%s", why);
    return false;
  }
  if (target == TARGET_STRAIGHT) return sink_open_straight(sink);
  /* A symbolic link that is followed stays one: the file that it leads to is replaced. */
  sink->target = target == TARGET_LED_TO ? system_path(name, true) : copy_of(name);
  if (sink->target == NULL) {
    complain_of(name, "%s", strerror(errno));
    return false;
  }

  sink->fd = system_create_temporary(sink->target, status);
  if (sink->fd >= 0) return true;
  complain_of(name, "%s", strerror(errno));
  free(sink->target);
  return false;
}

/*
 * One pipe, or one file that still has octets to be read. Wherever in it the output stands: what is encoded grows, and
 * overtakes the reader. Windows gives no file a number.
 */
bool sink_feeds(const struct sink *sink, struct source *source) {
  struct stat status;
  const struct stat *in = &source->status;
  if (sink->target != NULL || fstat(sink->fd, &status) != 0) return false;
  bool same_file = is_same_file(in, &status) && (S_ISFIFO(in->st_mode) || (S_ISREG(in->st_mode) && source_starts(source)));
  bool same_disk = S_ISBLK(in->st_mode) && S_ISBLK(status.st_mode) && status.st_rdev == in->st_rdev;
  if (!same_file && !same_disk) return false;
  complain_of(source->name, "the input is the output too");
  return true;
}

static bool sink_error(struct sink *sink) {
  if (sink->name == NULL)
    complain("write error: %s", strerror(errno));
  else
    complain_of(sink->name, "write error: %s", strerror(errno));
  sink->failed = true;
  return false;
}

bool sink_write(struct sink *sink, const void *data, size_t size) {
  const unsigned char *octets = data;
  if (sink->failed) return false;
  for (size_t done = 0, most = size; done < size;) {
    size_t piece = size - done < most ? size - done : most;
    ssize_t count = write(sink->fd, octets + done, (unsigned)piece);
    if (count < 0 && errno == EMSGSIZE && piece > 1) { /* a socket of packets, which may not be as large */
      most = piece / 2;
      continue;
    }
    if (count == 0) errno = ENOSPC; /* the end of a device */
    if (count == 0 || (count < 0 && errno != EINTR)) return sink_error(sink);
    if (count > 0) done += (size_t)count;
  }
  return true;
}

bool sink_close(struct sink *sink, bool good, bool force) {
  if (sink->target == NULL) {
    if (sink->fd != 1 && close(sink->fd) != 0 && !sink->failed) sink_error(sink);
    return !sink->failed;
  }
  good = good && !sink->failed;
  if (good && !system_keep_mode_and_times(sink->fd, sink->status)) good = sink_error(sink);
  if (close(sink->fd) != 0 && good) good = sink_error(sink);
  if (good && !system_put_in_place(force)) good = sink_error(sink);
  if (!good) system_remove_temporary();
  free(sink->target);
  return good;
}
