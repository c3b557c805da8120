/* dots.c: SMTP DATA, scalar. */
#include "../shared/dots_lines.h"

static struct done write_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                              struct dots_carry *carry) {
  return run_lines(src, n, n, dst, cap, params, carry, false);
}

static struct done read_dots(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, const struct dots_params *params,
                             struct dots_carry *carry) {
  return run_lines(src, n, n, dst, cap, params, carry, true);
}

static size_t next_dot(const uint8_t *src, size_t n, uint32_t *state) {
  if (n == 0 || (src[0] == '.' && *state != DOTS_MIDDLE)) return 0;
  size_t at = find_dot(src, n, 1);
  *state = dots_state(src, at, *state);
  return at;
}

const struct dots_kernels cte_scalar_dots = {write_dots, read_dots, next_dot};
