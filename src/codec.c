/* codec.c: what is asked of a report when something was met. */
#include "codec.h"

size_t cte_report_first(const struct report *report) {
  uint64_t first = CTE_NO_OFFSET;
  for (unsigned kind = 0; kind < ANOMALY_KINDS; kind++)
    if ((report->anomalies >> kind & 1) != 0 && report->first[kind] < first) first = report->first[kind];
  return first == CTE_NO_OFFSET ? SIZE_MAX : (size_t)first;
}
