/* status.c: the words for statuses and anomalies, and the version. */
#include "codec.h"

static const char *const anomaly_texts[ANOMALY_KINDS] = {
    "white space",
    "a character outside the base64 alphabet",
    "a character of the other base64 alphabet",
    "missing padding",
    "excess padding",
    "data after padding",
    "a dangling character",
    "trailing bits that are not zero",
    "a line over 76 columns",
    "a bad escape",
    "an escape in lower case",
    "a raw 8-bit octet",
    "a raw control character",
    "a bare LF",
    "a bare CR",
    "trailing white space",
    "a run of more than 1024 blanks",
    "a truncated escape",
    "a NUL",
    "a line over 998 octets",
};

static const char unknown[] = "unknown";

const char *cte_anomaly_text(uint32_t anomaly) {
  if (anomaly == CTE_VERDICT_REJECTED) return "rejected";
  if (anomaly == 0 || (anomaly & (anomaly - 1)) != 0) return unknown;
  unsigned kind = report_kind(anomaly);
  return kind < ANOMALY_KINDS ? anomaly_texts[kind] : unknown;
}

const char *cte_status_text(int32_t status) {
  switch (status) {
  case CTE_OK:
    return "success";
  case CTE_MORE_OUTPUT:
    return "more room for output is needed";
  case CTE_END:
    return "the end of data";
  case CTE_ERROR_ARGUMENT:
    return "an argument that is not allowed";
  case CTE_ERROR_STATE:
    return "a call in the wrong state of a stream";
  case CTE_ERROR_UNSUPPORTED:
    return "not supported";
  case CTE_ERROR_TRUNCATED:
    return "no end of data";
  case CTE_ERROR_LINE_END:
    return "a line end";
  default:
    break;
  }
  if (status > report_error(1) || status <= report_error(1) - ANOMALY_KINDS) return unknown;
  return anomaly_texts[report_error(1) - status];
}

const char *cte_version(void) {
  return CTE_VERSION;
}
