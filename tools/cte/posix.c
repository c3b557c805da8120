/* posix.c: system.h for POSIX. */
#define _GNU_SOURCE /* Linux: syscall */
#include "system.h"

#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/syscall.h>
#endif

/*
 * Opens a stand-in for a closed standard descriptor, at the lowest number. Its use fails. On Linux its name in /dev/fd cannot
 * be opened either, and nothing leads through it: it is an epoll instance; where /proc gives such names only the path of one,
 * so that the error is EBADF, that of the closed descriptor.
 */
static int stand_in(int number) {
#ifdef __linux__
  int fd = epoll_create1(0);
  char name[] = "/proc/self/fd/0";
  name[sizeof name - 2] = (char)('0' + number);
  int path = fd == number ? open(name, O_PATH) : -1;
  if (path < 0) return fd;
  fd = dup2(path, fd);
  close(path);
  return fd;
#else
  return open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY);
#endif
}

bool system_begin(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (stand_in(fd) == fd) continue;
    complain("closed descriptor %d: %s", fd, strerror(errno));
    return false;
  }
  return true;
}

int system_open(const char *name, int flags) {
  int fd;
  do fd = open(name, flags | O_NOCTTY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR); /* a FIFO waits for its other end */
  return fd;
}

const char *system_file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* The path that a symbolic link holds, from where the link's own path begins; NULL where it is no link any more. */
static char *read_link(const char *link) {
  char text[4097]; /* longer ones cannot be followed */
  const ssize_t size = readlink(link, text, sizeof text - 1);
  if (!is_found(link, size < 0 ? -1 : 0)) return NULL;
  text[size] = '\0';
  const size_t folder = text[0] == '/' ? 0 : (size_t)(system_file_name(link) - link);
  char *path = allocate(folder + (size_t)size + 1);
  memcpy(path, link, folder);
  strcpy(path + folder, text);
  return path;
}

/* What a link in /proc holds may be another file's path: in another mount namespace, or what took a name since. */
char *system_path(const char *name, bool follow) {
  enum { MOST_LINKS = 40 };
  char *path = copy_of(name);
  if (!follow) return path;
  for (int links = 0; path != NULL && links < MOST_LINKS && system_is_link(path); links++) {
    char *next = read_link(path);
    free(path);
    path = next;
  }
  struct stat file, there;
  errno = ENOENT; /* where they are two files */
  if (path != NULL && is_found(name, stat(name, &file)) && is_found(name, lstat(path, &there)) &&
      file.st_dev == there.st_dev && file.st_ino == there.st_ino)
    return path;
  int error = errno;
  free(path);
  errno = error;
  return NULL;
}

bool system_is_link(const char *name) {
  struct stat link;
  if (!is_found(name, lstat(name, &link))) return false;
  errno = 0;
  return S_ISLNK(link.st_mode);
}

/* ---- The end by a signal ---- */

static sigset_t held_before;
/* All that end a process, but KILL and those of faults; with those of real time below. BSDs ignore PWR and have no POLL. */
static const int deadly[] = {
    SIGHUP,    SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGSYS,
#ifdef SIGPOLL
    SIGPOLL,
#endif
#ifdef SIGSTKFLT
    SIGSTKFLT,
#endif
#if defined SIGPWR && defined __linux__
    SIGPWR,
#endif
};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };

/* Process 1, as in a container, is ended by no signal that it leaves to the system: it exits as a shell would say. */
static void die_of(int number) {
  sigset_t itself;
  system_remove_temporary();
  signal(number, SIG_DFL);
  raise(number);
  sigemptyset(&itself);
  sigaddset(&itself, number);
  sigprocmask(SIG_UNBLOCK, &itself, NULL); /* it is held in its handler */
  _exit(128 + number);
}

static sigset_t caught;

/* A signal that is ignored (nohup) stays so. */
static void catch_signal(int number) {
  struct sigaction action;
  sigaddset(&caught, number);
  if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN) return;
  action = (struct sigaction){.sa_handler = die_of};
  sigaction(number, &action, NULL);
}

/* A file that grows too large is a write error, not a signal. */
static void catch_signals(void) {
  static bool done;
  if (done) return;
  done = true;
  signal(SIGXFSZ, SIG_IGN);
  sigemptyset(&caught);
  for (size_t i = 0; i < DEADLY; i++) catch_signal(deadly[i]);
#ifdef SIGRTMIN
  for (int number = SIGRTMIN; number <= SIGRTMAX; number++) catch_signal(number);
#endif
}

static void hold_signals(void) {
  catch_signals();
  sigprocmask(SIG_BLOCK, &caught, &held_before);
}

static void release_signals(void) {
  sigprocmask(SIG_SETMASK, &held_before, NULL);
}

/* ---- The temporary file ---- */

#ifdef O_PATH /* of the folder nothing but the search is asked */
enum { FOLDER = O_PATH | O_DIRECTORY | O_CLOEXEC };
#else
enum { FOLDER = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
#endif

static int folder;
static char temporary[] = ".cte.XXXXXX"; /* short, so that it fits wherever the target does */
static const char *last_name;            /* the target, there */
static volatile sig_atomic_t is_there;

/* Another name each time; that there is no such file yet is up to the system. */
static void name_temporary(void) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  static uint64_t state;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  state = (state + (uint64_t)now.tv_nsec + (uint64_t)getpid()) * UINT64_C(6364136223846793005) + 1;
  uint64_t number = state >> 32;
  for (size_t i = sizeof temporary - 2; temporary[i] != '.'; i--) {
    temporary[i] = letters[number % (sizeof letters - 1)];
    number /= sizeof letters - 1;
  }
}

/* The permissions of `mode` that a file in the target's place has too. What a link there holds is not replaced. */
static bool restrict_mode(mode_t *mode) {
  struct stat there;
  if (fstatat(folder, last_name, &there, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  if (!S_ISLNK(there.st_mode)) *mode &= there.st_mode;
  return true;
}

/* A mode that is not kept is the system's to give, by the umask or the folder's access control list. */
int system_create_temporary(const char *target, const struct stat *status) {
  char *path = folder_of(target);
  folder = open(path, FOLDER);
  int error = errno;
  free(path);
  errno = error;
  if (folder < 0) return -1;
  last_name = system_file_name(target);

  int fd = -1, tries = 1000;
  mode_t mode = S_ISREG(status->st_mode) ? 0600 : 0666;
  hold_signals();
  if (restrict_mode(&mode)) {
    do {
      name_temporary();
      fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EEXIST && tries-- > 0);
  }
  error = errno;
  is_there = fd >= 0;
  release_signals();
  if (fd < 0) close(folder);
  errno = error;
  return fd;
}

bool system_keep_mode_and_times(int fd, const struct stat *status) {
  struct stat made;
  if (S_ISREG(status->st_mode)) {
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    futimens(fd, times);
  } else {
    if (fstat(fd, &made) != 0) return false;
    status = &made;
  }
  mode_t mode = status->st_mode & 0777;
  if (!restrict_mode(&mode)) return false;
  fchmod(fd, mode);
  return true;
}

/* As renameat, but it replaces no file. */
static bool rename_to_new(void) {
#ifdef SYS_renameat2
  enum { NO_REPLACE = 1 };
  return syscall(SYS_renameat2, folder, temporary, folder, last_name, NO_REPLACE) == 0;
#else
  errno = ENOSYS;
  return false;
#endif
}

/* What a call's error says: not this system, this file system or this file. Other errors may come after it was done. */
static bool is_lacking(int error) {
  return error == ENOSYS || error == EINVAL || error == EPERM || error == ENOTSUP || error == EACCES || error == EMLINK;
}

/* linkat, unlike renameat, does not replace a file, but not every file system has it. Then what is there is looked for. */
static bool take_place(bool force) {
  if (!force) {
    if (rename_to_new()) return true;
    if (!is_lacking(errno)) return false;
    if (linkat(folder, temporary, folder, last_name, 0) == 0) {
      unlinkat(folder, temporary, 0); /* it stays in a folder that files are only added to */
      return true;
    }
    if (!is_lacking(errno)) return false;
    struct stat there;
    bool is_taken = fstatat(folder, last_name, &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_taken) errno = EEXIST;
    if (is_taken || errno != ENOENT) return false;
  }
  return renameat(folder, temporary, folder, last_name) == 0;
}

bool system_put_in_place(bool force) {
  if (!take_place(force)) return false;
  is_there = 0;
  close(folder);
  return true;
}

void system_remove_temporary(void) {
  if (!is_there) return;
  unlinkat(folder, temporary, 0);
  is_there = 0;
  close(folder);
}
