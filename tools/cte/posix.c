/* posix.c: system.h for POSIX. */
#define _GNU_SOURCE /* Linux: syscall */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

/*
 * A stand-in takes the lowest number. A use fails with EBADF, as on the closed descriptor; by its name in /dev/fd, too, where
 * it is a folder.
 */
void system_begin(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
#ifdef O_PATH
    if (open("/", O_PATH) != fd) _exit(program.failure);
#else
    if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) _exit(program.failure);
#endif
  }
}

int system_open(const char *name, int flags) {
  return open(name, flags | O_NOCTTY | O_CLOEXEC);
}

const char *system_file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

char *system_real_path(const char *name) {
  return realpath(name, NULL);
}

bool system_is_link(const char *name) {
  struct stat link;
  return lstat(name, &link) == 0 && S_ISLNK(link.st_mode);
}

char *volatile system_temporary;
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

static void die_of(int number) {
  if (system_temporary != NULL) unlink(system_temporary);
  signal(number, SIG_DFL);
  raise(number);
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

void system_hold_signals(void) {
  catch_signals();
  sigprocmask(SIG_BLOCK, &caught, &held_before);
}

void system_release_signals(void) {
  sigprocmask(SIG_SETMASK, &held_before, NULL);
}

void system_keep_mode_and_times(int fd, const struct stat *status, mode_t most) {
  mode_t mask = umask(0);
  umask(mask);
  bool file = S_ISREG(status->st_mode);
  if (file) {
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    futimens(fd, times);
  }
  fchmod(fd, (file ? status->st_mode & 0777 : 0666 & ~mask) & most);
}

/* As rename, but it replaces no file. ENOSYS, EINVAL: the system, or the file system, has it not. */
static bool rename_to_new(const char *path, const char *target) {
#ifdef SYS_renameat2
  enum { NO_REPLACE = 1 };
  return syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, target, NO_REPLACE) == 0;
#else
  (void)path;
  (void)target;
  errno = ENOSYS;
  return false;
#endif
}

/* link, unlike rename, does not replace a file, but not every file system has it. Then what is there is looked for. */
bool system_put_in_place(const char *path, const char *target, bool force) {
  if (!force) {
    if (rename_to_new(path, target)) return true;
    if (errno == EEXIST) return false;
    if (link(path, target) == 0) {
      unlink(path); /* it stays in a folder that files are only added to */
      return true;
    }
    if (errno == EEXIST) return false;
    struct stat there;
    errno = EEXIST;
    if (lstat(target, &there) == 0) return false;
  }
  return rename(path, target) == 0;
}
