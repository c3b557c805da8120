/* hints.h: what compilers are told of the ways of short calls. */
#ifndef CTE_SRC_HINTS_H
#define CTE_SRC_HINTS_H

/* What is unlikely is put out of the way. */
#define UNLIKELY(condition) __builtin_expect(condition, 0)
#define LIKELY(condition)   __builtin_expect(condition, 1)

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* Not inlined, and with just these arguments: where they are the caller's own, a call is a jump, which saves no registers. */
#define APART __attribute__((noinline, used)) static

#endif
