/*
 * iovec.c: SMTP DATA by writev(2), without a copy: the message stays where it was read, dots come from elsewhere.
 *
 *   iovec [FILE] >DATA
 *
 * cte_dots_next says where the next dot goes. FILE (or standard input) is a message with CRLF line ends.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cte/cte.h>

enum { CHUNK_SIZE = 65536, PIECES = 16 }; /* PIECES: at most IOV_MAX, which is 16 at the least */

struct list {
  struct iovec pieces[PIECES];
  int count;
};

/* Writes all of the list; writev may take a part of it. */
static bool flush(struct list *list) {
  struct iovec *next = list->pieces, *end = list->pieces + list->count;
  while (next < end) {
    ssize_t n = writev(STDOUT_FILENO, next, (int)(end - next));
    if (n < 0 && errno != EINTR) return false;
    size_t written = n < 0 ? 0 : (size_t)n;
    for (; next < end && written >= next->iov_len; next++) written -= next->iov_len;
    if (written > 0) {
      next->iov_base = (char *)next->iov_base + written;
      next->iov_len -= written;
    }
  }
  list->count = 0;
  return true;
}

/* Appends one piece, which must stay as it is until it was flushed. */
static bool append(struct list *list, char *data, size_t size) {
  if (size == 0) return true;
  if (list->count == PIECES && !flush(list)) return false;
  list->pieces[list->count++] = (struct iovec){data, size};
  return true;
}

/* One chunk of the message, cut before each "." that is to be doubled. */
static bool append_chunk(struct list *list, char *data, size_t size, uint32_t *state) {
  static char dot[] = ".";
  for (;;) {
    size_t n = cte_dots_next(data, size, state);
    if (!append(list, data, n)) return false;
    if (n == size) return true;
    if (!append(list, dot, 1)) return false;
    data += n;
    size -= n;
  }
}

static bool send_message(int fd) {
  static char chunk[CHUNK_SIZE];
  struct list list = {.count = 0};
  uint32_t state = 0;
  ssize_t n;
  while ((n = read(fd, chunk, sizeof chunk)) > 0)
    if (!append_chunk(&list, chunk, (size_t)n, &state) || !flush(&list)) return false;

  char end[CTE_DOTS_END_SIZE];
  return n == 0 && append(&list, end, cte_dots_end(end, state)) && flush(&list);
}

int main(int argc, char **argv) {
  int fd = argc > 1 ? open(argv[1], O_RDONLY) : STDIN_FILENO;
  if (fd < 0 || !send_message(fd)) {
    perror(fd < 0 ? argv[1] : "iovec");
    return 1;
  }
  return 0;
}
