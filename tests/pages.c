/* pages.c: see pages.h. */
#define _DEFAULT_SOURCE
#include "pages.h"

#include <stdlib.h>

#ifdef _WIN32

#include <windows.h>

size_t page_size(void) {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwPageSize;
}

uint8_t *pages_map(size_t size) {
  size_t page = page_size();
  uint8_t *pages = VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS);
  if (pages == NULL || VirtualAlloc(pages + page, size - 2 * page, MEM_COMMIT, PAGE_READWRITE) == NULL) abort();
  return pages;
}

void pages_unmap(uint8_t *pages, size_t size) {
  (void)size;
  if (!VirtualFree(pages, 0, MEM_RELEASE)) abort();
}

#else

#include <sys/mman.h>
#include <unistd.h>

size_t page_size(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

uint8_t *pages_map(size_t size) {
  size_t page = page_size();
  uint8_t *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) abort();
  if (mprotect(pages, page, PROT_NONE) || mprotect(pages + size - page, page, PROT_NONE)) abort();
  return pages;
}

void pages_unmap(uint8_t *pages, size_t size) {
  if (munmap(pages, size)) abort();
}

#endif
