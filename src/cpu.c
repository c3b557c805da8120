/* cpu.c: CPUID, and XCR0, without which a CPU's wide registers are lost at the next context switch. */
#include "cpu.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <stdatomic.h>
#include <stdint.h>

/* Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E. */
enum {
  LEAF1_EDX_SSE = 1 << 25,
  LEAF1_EDX_SSE2 = 1 << 26,
  LEAF1_ECX_SSE3 = 1 << 0,
  LEAF1_ECX_SSSE3 = 1 << 9,
  LEAF1_ECX_SSE41 = 1 << 19,
  LEAF1_ECX_SSE42 = 1 << 20,
  LEAF1_ECX_POPCNT = 1 << 23,
  LEAF1_ECX_OSXSAVE = 1 << 27,
  LEAF1_ECX_AVX = 1 << 28,
  LEAF7_EBX_BMI1 = 1 << 3,
  LEAF7_EBX_AVX2 = 1 << 5,
  LEAF7_EBX_BMI2 = 1 << 8,
  LEAF7_EBX_AVX512F = 1 << 16,
  LEAF7_EBX_AVX512BW = 1 << 30,
  LEAF7_ECX_VBMI = 1 << 1,
  LEAF7_ECX_VBMI2 = 1 << 6,
  EXTENDED1_ECX_LZCNT = 1 << 5,
  XCR0_SSE_AVX = 0x6,
  XCR0_AVX512 = 0xe0 /* opmask, ZMM_Hi256, Hi16_ZMM */
};

#define LEAF7_EBX_AVX512VL UINT32_C(0x80000000) /* no int */

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

/* All that a row's compiler options allow, what they imply too: an emulator or hypervisor may hide any of it. */
uint32_t cte_cpu_rows(const struct cpu_words *cpu) {
  uint32_t rows = 0;
  if (all(cpu->leaf1_edx, LEAF1_EDX_SSE | LEAF1_EDX_SSE2) &&
      all(cpu->leaf1_ecx, LEAF1_ECX_SSE3 | LEAF1_ECX_SSSE3 | LEAF1_ECX_SSE41))
    rows |= CTE_CPU_SSE;
  if (rows & CTE_CPU_SSE && all(cpu->leaf1_ecx, LEAF1_ECX_SSE42 | LEAF1_ECX_POPCNT | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX) &&
      all(cpu->xcr0, XCR0_SSE_AVX) && all(cpu->leaf7_ebx, LEAF7_EBX_BMI1 | LEAF7_EBX_AVX2 | LEAF7_EBX_BMI2) &&
      all(cpu->extended1_ecx, EXTENDED1_ECX_LZCNT))
    rows |= CTE_CPU_AVX2;
  if (rows & CTE_CPU_AVX2 && all(cpu->xcr0, XCR0_AVX512) && all(cpu->leaf7_ecx, LEAF7_ECX_VBMI | LEAF7_ECX_VBMI2) &&
      all(cpu->leaf7_ebx, LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL))
    rows |= CTE_CPU_AVX512;
  return rows;
}

enum { ASKED = 1 }; /* no row */

static uint32_t ask(void) {
  const struct leaf leaf1 = cpuid(1), leaf7 = cpuid(7);
  const struct cpu_words cpu = {.leaf1_ecx = leaf1.ecx,
                                .leaf1_edx = leaf1.edx,
                                .leaf7_ebx = leaf7.ebx,
                                .leaf7_ecx = leaf7.ecx,
                                .extended1_ecx = cpuid(0x80000001).ecx,
                                .xcr0 = leaf1.ecx & LEAF1_ECX_OSXSAVE ? xcr0() : 0};
  return ASKED | cte_cpu_rows(&cpu);
}

/* Asked once: in a virtual machine CPUID takes tens of microseconds. Threads that race here store the same answer. */
static uint32_t known(void) {
  static _Atomic uint32_t kept;
  uint32_t answer = atomic_load_explicit(&kept, memory_order_relaxed);
  if (answer == 0) {
    answer = ask();
    atomic_store_explicit(&kept, answer, memory_order_relaxed);
  }
  return answer;
}

bool cte_cpu_sse(void) {
  return (known() & CTE_CPU_SSE) != 0;
}

bool cte_cpu_avx2(void) {
  return (known() & CTE_CPU_AVX2) != 0;
}

bool cte_cpu_avx512(void) {
  return (known() & CTE_CPU_AVX512) != 0;
}

#else

typedef int cte_no_cpu_checks; /* ISO C wants a declaration in every file */

#endif
