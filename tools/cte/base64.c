/* base64.c: cte base64, which does what coreutils' base64 does. */
#include "commands.h"
#include "files.h"

#include <cte/base64.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const char help[] = "Usage: cte base64 [OPTION]... [FILE]...\n"
                           "Encode or decode base64. Without FILE, or when FILE is -, from standard input.\n"
                           "\n"
                           "  -d, --decode            decode\n"
                           "  -i, --ignore-garbage    decode: skip what is outside the alphabet\n"
                           "  -w, --wrap=COLS         encode: lines of COLS characters (76); 0: one line, not ended\n"
                           "      --mail              encode: lines end in CRLF\n"
                           "                          decode: tolerate what mail holds, and report it\n"
                           "      --text              encode: turn line ends to CRLF first (RFC 2045 section 6.8)\n"
                           "      --url               the alphabet with - and _\n" HELP_OUTPUT "\n"
                           "Exit code: 0 fine; 1 invalid input, I/O error, wrong usage.\n";

struct base64 {
  bool decode, ignore, mail, text;
  cte_base64_encode_options encoding;
  cte_base64_decode_options decoding;
};

/* What coreutils' decoder does not take; with -i it skips all that is not of the alphabet. */
#define COREUTILS_REJECTS (CTE_ANOMALY_MISSING_PADDING | CTE_ANOMALY_EXCESS_PADDING | CTE_ANOMALY_DANGLING_CHARACTER)
#define COREUTILS_GARBAGE (CTE_ANOMALY_WHITE_SPACE | CTE_ANOMALY_CHARACTER | CTE_ANOMALY_ALPHABET)

static cte_status start(const void *options, struct source *source, struct streams *streams) {
  const struct base64 *base64 = options;
  (void)source;
  if (base64->decode) {
    if (base64->mail) streams->report = UINT32_MAX;
    return cte_stream_base64_decode(&streams->stream, &base64->decoding);
  }
  if (base64->text) {
    /* A BDAT writer that keeps all but bare LFs. */
    static const cte_smtp_options to_crlf = {CTE_SMTP_NORMALIZE, CTE_SMTP_KEEP, CTE_SMTP_KEEP, CTE_SMTP_KEEP, 1, {0}};
    streams->has_before = true;
    cte_status status = cte_stream_smtp_write(&streams->before, &to_crlf);
    if (status != CTE_OK) return status;
  }
  return cte_stream_base64_encode(&streams->stream, &base64->encoding);
}

/* As coreutils 9.1: 0, and what passes 63 bits, is one line without end. */
static uint64_t parse_columns(const char *value) {
  char *end;
  errno = 0;
  intmax_t columns = strtoimax(value, &end, 10);
  if (end == value || *end != '\0' || columns < 0) {
    complain("invalid wrap size: '%s'", shown(value));
    exit(program.usage_error);
  }
  return columns == 0 || errno == ERANGE ? CTE_COLUMNS_NONE : (uint64_t)columns;
}

static void set_codec(struct base64 *base64, bool url) {
  uint8_t alphabet = url ? CTE_BASE64_URL : CTE_BASE64_STANDARD;
  base64->encoding.alphabet = alphabet;
  base64->encoding.line_end = base64->mail ? CTE_LINE_END_CRLF : CTE_LINE_END_LF;
  base64->decoding.alphabet = alphabet;
  if (base64->mail) return;
  base64->decoding.reject = base64->ignore ? COREUTILS_REJECTS : COREUTILS_REJECTS | COREUTILS_GARBAGE;
  base64->decoding.line_ends = base64->ignore ? CTE_BASE64_LINE_ENDS_SKIP : CTE_BASE64_LINE_ENDS_LF;
}

int command_base64(int argc, char **argv) {
  enum { MAIL = OPTION_OWN, TEXT, URL };
  static const struct option long_options[] = {
      {"decode", no_argument, NULL, 'd'},
      {"ignore-garbage", no_argument, NULL, 'i'},
      {"wrap", required_argument, NULL, 'w'},
      {"mail", no_argument, NULL, MAIL},
      {"text", no_argument, NULL, TEXT},
      {"url", no_argument, NULL, URL},
      /* Abbreviations of coreutils' options that ours would make ambiguous. */
      {"i", no_argument, NULL, 'i'},
      {"v", no_argument, NULL, OPTION_VERSION},
      {"ve", no_argument, NULL, OPTION_VERSION},
      {"ver", no_argument, NULL, OPTION_VERSION},
      LONG_OUTPUT,
      {NULL, 0, NULL, 0},
  };
  struct common common = {.help = help};
  struct base64 base64 = {0};
  bool url = false;
  int option;
  while ((option = next_option(argc, argv, ":diw:" SHORT_OUTPUT, long_options)) != -1) {
    switch (option) {
    case 'd':
      base64.decode = true;
      break;
    case 'i':
      base64.ignore = true;
      break;
    case 'w':
      base64.encoding.columns = parse_columns(optarg);
      break;
    case MAIL:
      base64.mail = true;
      break;
    case TEXT:
      base64.text = true;
      break;
    case URL:
      url = true;
      break;
    default:
      common_option(&common, option);
    }
  }
  if (base64.decode && base64.text) refuse("--text does not go with -d");
  set_codec(&base64, url);
  struct task task = {&common, &base64, start};
  return run_files(&task, argc - optind, argv + optind);
}
