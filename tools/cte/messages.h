/*
 * messages.h: messages, and how the command ends. It comes before any header of libc: it asks for POSIX 2008 and for 64-bit
 * file offsets.
 */
#ifndef CTE_TOOLS_MESSAGES_H
#define CTE_TOOLS_MESSAGES_H

#define _XOPEN_SOURCE     700
#define _FILE_OFFSET_BITS 64

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The subcommand that runs: its name in messages, and the exit codes of a usage error and of an I/O error. */
struct program {
  const char *name;
  int usage_error, failure;
};
extern struct program program;

/* MinGW has its own word for printf as C has it: %ju, for one. */
#ifdef __MINGW_PRINTF_FORMAT
#define PRINTF_FORMAT __MINGW_PRINTF_FORMAT
#else
#define PRINTF_FORMAT printf
#endif

/* "cte base64: MESSAGE" on standard error. */
void complain(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/* "cte base64: FILE: MESSAGE". */
void complain_of(const char *file, const char *format, ...) __attribute__((format(PRINTF_FORMAT, 2, 3)));

/*
 * A file's name as messages and reports give it: controls, also of the direction of text, and octets that belong to no
 * UTF-8 character are '?'. Good until the next call.
 */
const char *shown(const char *file);

/* malloc; ends the program when there is no memory. */
void *allocate(size_t size);
_Noreturn void memory_exhausted(void);

/* Closes standard output: `status`, or program.failure when what was written there did not get through. */
int finish(int status);

#endif
