/*
 * faults.c: loaded before libc (LD_PRELOAD), a system that gives little at a time: each read and write stops at a random
 * number of octets, fails with EINTR at first in CTE_FAULTS_EINTR of 100 calls, and CTE_FAULTS_SEED repeats it all.
 * CTE_FAULTS_KILL: the call (reads, writes, and what changes names) before which the process is killed. CTE_FAULTS_FAIL:
 * the write that fails with ENOSPC, and all after it; with CTE_FAULTS_ERROR=0 they take no octet. CTE_FAULTS_READ: the
 * read that fails with EIO. CTE_FAULTS_CLOSE: 1, to close a file that was created fails with EDQUOT. CTE_FAULTS_LACK: 1, a
 * system without renameat2; 2, and a file system without hard links; 3, one whose renameat2 fails with EIO once it is
 * done. CTE_FAULTS_STOP: the read before which the process stops itself. CTE_FAULTS_SWAP: a file that is renamed to the
 * first name that is opened to be written, at the last moment. CTE_FAULTS_RIVAL: a file that gets the output's name too,
 * just before the output does. CTE_FAULTS_MEMORY: the malloc that fails, and all after it. CTE_FAULTS_TAKEN: every name is
 * that of a file already. CTE_FAULTS_MOVE: the name that the first file gets which is opened to be read, just after that.
 * CTE_FAULTS_LOOK: the one of the calls that ask for a file's status or a link's text that fails with EIO, or the error of
 * the number CTE_FAULTS_ERROR; with CTE_FAULTS_PASSING, before which a link of that name, to nowhere, is made, which is
 * gone before the next. CTE_FAULTS_RAISE: 1, a process that no signal of its own ends, as process 1.
 * CTE_FAULTS_STORM: each so many microseconds a real signal, whose handler restarts no call; at the exit the numbers of
 * reads and writes that it interrupted, and of writes that it cut short, go to descriptor CTE_FAULTS_COUNTS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);

static uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* A linear congruential generator; its high bits. */
static uint32_t chance(uint32_t below) {
  static uint64_t state;
  if (state == 0) state = setting("CTE_FAULTS_SEED", 1) + 1;
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((state >> 33) % below);
}

static void count_call(void) {
  static uint64_t calls;
  if (++calls == setting("CTE_FAULTS_KILL", 0)) kill(getpid(), SIGKILL);
}

static int interrupted(void) {
  count_call();
  if (chance(100) >= setting("CTE_FAULTS_EINTR", 0)) return 0;
  errno = EINTR;
  return 1;
}

static size_t shortened(size_t size) {
  uint64_t most = setting("CTE_FAULTS_SHORT", 0);
  if (most == 0 || size <= 1) return size;
  size_t count = 1 + chance((uint32_t)most);
  return count < size ? count : size;
}

typedef ssize_t read_call(int fd, void *data, size_t size);
typedef ssize_t write_call(int fd, const void *data, size_t size);
typedef int name_call(int folder, const char *name, int flags);
typedef int names_call(int from_folder, const char *from, int to_folder, const char *to);
typedef int link_call(int from_folder, const char *from, int to_folder, const char *to, int flags);

/* POSIX lets dlsym give functions; ISO C does not. */
#define NEXT(type, name) ((type *)(uintptr_t)dlsym(RTLD_NEXT, name))

/* ---- Signals ---- */

static uint64_t reads_interrupted, writes_interrupted, writes_cut;

typedef int raise_call(int number);

int raise(int number) {
  return setting("CTE_FAULTS_RAISE", 0) != 0 ? 0 : NEXT(raise_call, "raise")(number);
}

static void ignore(int number) {
  (void)number;
}

/* SIGURG: of the signals that end no process the one that nobody else sends. */
__attribute__((constructor)) static void begin_storm(void) {
  const uint64_t microseconds = setting("CTE_FAULTS_STORM", 0);
  if (microseconds == 0) return;
  const struct sigaction action = {.sa_handler = ignore};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG};
  const struct timespec interval = {(time_t)(microseconds / 1000000), (long)(microseconds % 1000000) * 1000};
  const struct itimerspec times = {interval, interval};
  timer_t timer;
  if (sigaction(SIGURG, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &times, NULL) != 0)
    abort();
}

__attribute__((destructor)) static void end_storm(void) {
  if (setting("CTE_FAULTS_STORM", 0) == 0) return;
  signal(SIGURG, SIG_IGN);
  dprintf((int)setting("CTE_FAULTS_COUNTS", 2), "%ju %ju %ju\n", (uintmax_t)reads_interrupted, (uintmax_t)writes_interrupted,
          (uintmax_t)writes_cut);
}

/* ---- The calls ---- */

ssize_t read(int fd, void *data, size_t size) {
  static uint64_t reads;
  if (++reads == setting("CTE_FAULTS_STOP", 0)) raise(SIGSTOP);
  if (interrupted()) return -1;
  if (reads == setting("CTE_FAULTS_READ", 0)) {
    errno = EIO;
    return -1;
  }
  ssize_t count = NEXT(read_call, "read")(fd, data, shortened(size));
  reads_interrupted += count < 0 && errno == EINTR;
  return count;
}

ssize_t write(int fd, const void *data, size_t size) {
  static uint64_t writes;
  uint64_t fail = setting("CTE_FAULTS_FAIL", 0);
  if (interrupted()) return -1;
  if (fd > 2 && fail != 0 && ++writes >= fail) {
    errno = (int)setting("CTE_FAULTS_ERROR", ENOSPC);
    return errno == 0 ? 0 : -1;
  }
  const size_t asked = shortened(size);
  ssize_t count = NEXT(write_call, "write")(fd, data, asked);
  writes_interrupted += count < 0 && errno == EINTR;
  writes_cut += count >= 0 && (size_t)count < asked;
  return count;
}

typedef int stat_call(const char *name, struct stat64 *status);
typedef int stat_at_call(int folder, const char *name, struct stat64 *status, int flags);
typedef ssize_t link_text_call(const char *name, char *text, size_t size);

static int is_blind(void) {
  static uint64_t calls;
  uint64_t look = setting("CTE_FAULTS_LOOK", 0);
  const char *passing = getenv("CTE_FAULTS_PASSING");
  char text[8];
  calls++;
  if (passing != NULL) {
    if (calls == look && symlink("nowhere", passing) != 0) abort();
    if (calls == look + 1 && NEXT(link_text_call, "readlink")(passing, text, sizeof text) >= 0) unlink(passing);
    return 0;
  }
  if (calls != look) return 0;
  errno = (int)setting("CTE_FAULTS_ERROR", EIO);
  return 1;
}

int stat64(const char *name, struct stat64 *status) {
  return is_blind() ? -1 : NEXT(stat_call, "stat64")(name, status);
}

int lstat64(const char *name, struct stat64 *status) {
  return is_blind() ? -1 : NEXT(stat_call, "lstat64")(name, status);
}

int fstatat64(int folder, const char *name, struct stat64 *status, int flags) {
  return is_blind() ? -1 : NEXT(stat_at_call, "fstatat64")(folder, name, status, flags);
}

ssize_t readlink(const char *name, char *text, size_t size) {
  return is_blind() ? -1 : NEXT(link_text_call, "readlink")(name, text, size);
}

typedef void *malloc_call(size_t size);

void *malloc(size_t size) {
  static malloc_call *next;
  static uint64_t calls;
  if (next == NULL) next = NEXT(malloc_call, "malloc");
  uint64_t fail = setting("CTE_FAULTS_MEMORY", 0);
  if (fail == 0 || ++calls < fail) return next(size);
  errno = ENOMEM;
  return NULL;
}

static void come_first(int folder, const char *name) {
  const char *other = getenv("CTE_FAULTS_RIVAL");
  if (other != NULL) NEXT(link_call, "linkat")(AT_FDCWD, other, folder, name, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  count_call();
  come_first(to_folder, to);
  if (setting("CTE_FAULTS_LACK", 0) == 2) {
    errno = EPERM;
    return -1;
  }
  return NEXT(link_call, "linkat")(from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags) {
  count_call();
  return NEXT(name_call, "unlinkat")(folder, name, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  count_call();
  come_first(to_folder, to);
  return NEXT(names_call, "renameat")(from_folder, from, to_folder, to);
}

/* What the command calls is one of these, as the system's headers have it. */
typedef int open_call(const char *name, int flags, ...);

static int opened(const char *name, int flags) {
  const char *other = getenv("CTE_FAULTS_SWAP"), *moved = getenv("CTE_FAULTS_MOVE");
  if (moved != NULL && (flags & (O_ACCMODE | O_DIRECTORY)) == O_RDONLY) {
    const int fd = NEXT(open_call, "open")(name, flags);
    if (fd < 0 || rename(name, moved) != 0) abort();
    unsetenv("CTE_FAULTS_MOVE");
    return fd;
  }
  if (other != NULL && (flags & O_ACCMODE) == O_WRONLY) {
    if (rename(other, name) != 0) abort();
    unsetenv("CTE_FAULTS_SWAP");
  }
  return NEXT(open_call, "open")(name, flags);
}

int open(const char *name, int flags, ...) {
  return opened(name, flags);
}

int open64(const char *name, int flags, ...) {
  return opened(name, flags);
}

int __open_2(const char *name, int flags) {
  return opened(name, flags);
}

int __open64_2(const char *name, int flags) {
  return opened(name, flags);
}

typedef int open_at_call(int folder, const char *name, int flags, ...);
typedef int close_call(int fd);

static int created = -1;

int openat64(int folder, const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  if (flags & O_EXCL && setting("CTE_FAULTS_TAKEN", 0) != 0) {
    errno = EEXIST;
    return -1;
  }
  const int fd = NEXT(open_at_call, "openat64")(folder, name, flags, mode);
  if (flags & O_CREAT) created = fd;
  return fd;
}

int close(int fd) {
  const int result = NEXT(close_call, "close")(fd);
  if (fd != created || setting("CTE_FAULTS_CLOSE", 0) == 0) return result;
  created = -1;
  errno = EDQUOT;
  return -1;
}

/* renameat2 of the command: five arguments, and what is no argument does no harm to the system. */
typedef long system_call(long number, ...);

long syscall(long number, ...) {
  long a[5];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 5; i++) a[i] = va_arg(arguments, long);
  va_end(arguments);
  count_call();
  const uint64_t lack = setting("CTE_FAULTS_LACK", 0);
  if (lack == 1 || lack == 2) {
    errno = ENOSYS;
    return -1;
  }
  come_first((int)a[2], (const char *)a[3]);
  const long result = NEXT(system_call, "syscall")(number, a[0], a[1], a[2], a[3], a[4]);
  if (lack != 3 || result != 0) return result;
  errno = EIO;
  return -1;
}
