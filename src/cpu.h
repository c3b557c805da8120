/* cpu.h: what this CPU and its operating system let a kernel use. Each answer holds for the life of the process. */
#ifndef CTE_CPU_H
#define CTE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
/* SSSE3 and SSE4.1, and what they imply. */
bool cte_cpu_sse(void);
/* AVX2, BMI1, BMI2, LZCNT and POPCNT, with the upper halves of the registers kept by the operating system. */
bool cte_cpu_avx2(void);
/* What cte_cpu_avx2 has, and AVX-512 F, BW, VL, VBMI and VBMI2, with its registers and masks kept. */
bool cte_cpu_avx512(void);

/* Of what CPUID and XCR0 (0 without OSXSAVE) say, the rows: asked of this CPU by those above, of any by the tests. */
struct cpu_words {
  uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, leaf7_ecx, extended1_ecx, xcr0;
};
enum { CTE_CPU_SSE = 2, CTE_CPU_AVX2 = 4, CTE_CPU_AVX512 = 8 };
uint32_t cte_cpu_rows(const struct cpu_words *cpu);
#endif

#endif
