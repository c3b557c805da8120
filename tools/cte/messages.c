/* messages.c: see messages.h. */
#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct program program = {"cte", 2, 1};

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", program.name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

void complain_of(const char *file, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: %s: ", program.name, shown(file));
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

/* The octets of the UTF-8 character (RFC 3629) that stands here, and its number; 0 where there is none or the string ends. */
static size_t character_at(const unsigned char *c, uint32_t *number) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* of as many octets */
  *number = *c;
  if (*c < 0x80) return *c != 0;
  if (*c < 0xC2 || *c > 0xF4) return 0;
  size_t size = *c >= 0xF0 ? 4 : *c >= 0xE0 ? 3 : 2;
  *number &= 0x7FU >> size;
  for (size_t i = 1; i < size; i++) {
    if ((c[i] & 0xC0) != 0x80) return 0;
    *number = *number << 6 | (c[i] & 0x3F);
  }
  bool surrogate = *number >= 0xD800 && *number <= 0xDFFF;
  return *number < least[size] || *number > 0x10FFFF || surrogate ? 0 : size;
}

/* ASCII's, U+0080 to U+009F, those that end a line or paragraph (U+2028, U+2029) and that turn the direction of text. */
static bool is_control(uint32_t number) {
  if (number < 0x20 || (number >= 0x7F && number < 0xA0)) return true;
  if (number == 0x61C || number == 0x200E || number == 0x200F) return true;
  return (number >= 0x2028 && number <= 0x202E) || (number >= 0x2066 && number <= 0x2069);
}

/* What is no UTF-8 goes octet by octet: a terminal of 8 bits has controls above 127. */
const char *shown(const char *file) {
  static char *copy;
  free(copy);
  copy = allocate(strlen(file) + 1);
  char *out = copy;
  for (const unsigned char *c = (const unsigned char *)file; *c != '\0';) {
    uint32_t number;
    size_t size = character_at(c, &number);
    if (size == 0 || is_control(number)) {
      *out++ = '?';
      c += size != 0 ? size : 1;
    } else {
      memcpy(out, c, size);
      out += size;
      c += size;
    }
  }
  *out = '\0';
  return copy;
}

void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL) memory_exhausted();
  return memory;
}

void memory_exhausted(void) {
  complain("memory exhausted");
  exit(program.failure);
}

int finish(int status) {
  bool failed = ferror(stdout) != 0; /* its errno is gone */
  bool closed = fclose(stdout) == 0;
  if (closed && !failed) return status;
  complain("write error%s%s", closed ? "" : ": ", closed ? "" : strerror(errno));
  return program.failure;
}
