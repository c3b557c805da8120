/* cpu.c: CPUID, and XCR0, without which a CPU's wide registers are lost at the next context switch. */
#include "cpu.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <stdint.h>

/* Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E. */
enum {
  LEAF1_ECX_SSSE3 = 1 << 9,
  LEAF1_ECX_SSE41 = 1 << 19,
  LEAF1_ECX_POPCNT = 1 << 23,
  LEAF1_ECX_OSXSAVE = 1 << 27,
  LEAF1_ECX_AVX = 1 << 28,
  LEAF7_EBX_BMI1 = 1 << 3,
  LEAF7_EBX_AVX2 = 1 << 5,
  LEAF7_EBX_BMI2 = 1 << 8,
  EXTENDED1_ECX_LZCNT = 1 << 5,
  XCR0_SSE_AVX = 0x6
};

struct leaf {
  uint32_t eax, ebx, ecx, edx;
};

/* All zero for a leaf that the CPU does not have. */
static struct leaf cpuid(uint32_t number) {
  struct leaf leaf = {0, 0, 0, 0};
  if (!__get_cpuid_count(number, 0, &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx)) return (struct leaf){0, 0, 0, 0};
  return leaf;
}

static bool all(uint32_t value, uint32_t bits) {
  return (value & bits) == bits;
}

/* The low half of XCR0. Only where OSXSAVE is set. */
static uint32_t xcr0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool cte_cpu_sse(void) {
  return all(cpuid(1).ecx, LEAF1_ECX_SSSE3 | LEAF1_ECX_SSE41);
}

bool cte_cpu_avx2(void) {
  return all(cpuid(1).ecx, LEAF1_ECX_POPCNT | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX) && all(xcr0(), XCR0_SSE_AVX) &&
         all(cpuid(7).ebx, LEAF7_EBX_BMI1 | LEAF7_EBX_AVX2 | LEAF7_EBX_BMI2) &&
         all(cpuid(0x80000001).ecx, EXTENDED1_ECX_LZCNT);
}

#else

typedef int cte_no_cpu_checks; /* ISO C wants a declaration in every file */

#endif
