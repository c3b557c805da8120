/* codec.c: a codec run over a whole input, which is what every one-shot call is. */
#include "codec.h"

/* The smallest first offset of all anomalies met. */
static size_t first_of(const struct report *report) {
  uint64_t first = CTE_NO_OFFSET;
  if (report->anomalies == 0) return SIZE_MAX;
  for (unsigned kind = 0; kind < ANOMALY_KINDS; kind++)
    if ((report->anomalies >> kind & 1) != 0 && report->first[kind] < first) first = report->first[kind];
  return first == CTE_NO_OFFSET ? SIZE_MAX : (size_t)first;
}

cte_result cte_one_shot(const struct codec *codec, void *state, const void *src, size_t n, void *dst, size_t cap) {
  /* A pointer may be NULL where there are no octets; arithmetic on NULL is undefined. */
  uint8_t none[1] = {0};
  const uint8_t *from = src != NULL ? src : none;
  uint8_t *to = dst != NULL ? dst : none;
  struct report report = report_new();
  size_t read = 0, written = 0;
  struct step step;
  do {
    step = codec->step(state, &report, from + read, n - read, to + written, cap - written, true);
    read += step.read;
    written += step.written;
    report.offset += step.read;
    /* The only pause that is not final: a step may stop at a unit although its octets fit. */
  } while (step.status == CTE_MORE_OUTPUT && (step.read != 0 || step.written != 0));
  return (cte_result){
      .status = step.status,
      .anomalies = report.anomalies,
      .read = step.status < 0 ? (size_t)report.error_offset : read,
      .written = written,
      .first_anomaly = first_of(&report),
  };
}
