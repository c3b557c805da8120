/* smtp.c: cte smtp. */
#include "commands.h"
#include "files.h"

#include <cte/smtp.h>

static const char help[] = "Usage: cte smtp [OPTION]... [FILE]...\n"
                           "Write a message as SMTP DATA: lines end in CRLF, dots are stuffed, . ends it.\n"
                           "Without FILE, or when FILE is -, from standard input.\n"
                           "\n"
                           "  -d, --decode            read DATA back; a file on standard input then stands behind it\n"
                           "      --eol=auto|crlf|lf  the message's line ends; LF is turned to CRLF\n"
                           "      --bare-lf=POLICY    what to do with a bare LF, a lone CR, a NUL:\n"
                           "      --bare-cr=POLICY    reject (default), normalize, space or keep\n"
                           "      --nul=POLICY\n"
                           "      --long-lines=POLICY a line over 998 octets: reject (default), normalize or keep\n"
                           "                          (default of -d)\n"
                           "      --bdat              write for BDAT: nothing is stuffed or ended\n" HELP_OUTPUT "\n"
                           "Exit code: 0 fine; 1 message rejected or I/O error; 2 wrong usage.\n";

struct smtp {
  bool decode;
  enum eol eol;
  cte_smtp_options policies;
};

static cte_status start(const void *options, struct source *source, struct streams *streams) {
  const struct smtp *smtp = options;
  cte_smtp_options policies = smtp->policies;
  streams->report = UINT32_MAX;
  if (smtp->decode) return cte_stream_smtp_read(&streams->stream, &policies);
  /* A policy for bare LFs says that there can be some: then only --eol=lf makes them line ends. */
  bool lf = smtp->eol == EOL_LF;
  if (smtp->eol == EOL_AUTO && policies.bare_lf == CTE_SMTP_DEFAULT && source_first_line_end(source) == FIRST_LF) {
    lf = true;
    streams->mixture = MIXTURE_REJECTED;
  }
  if (lf) {
    policies.bare_lf = CTE_SMTP_NORMALIZE;
    streams->report &= ~(uint32_t)CTE_ANOMALY_BARE_LF;
  }
  return cte_stream_smtp_write(&streams->stream, &policies);
}

static uint8_t policy(const char *option, const char *value) {
  static const char *const names[] = {"reject", "normalize", "space", "keep", NULL};
  return (uint8_t)(CTE_SMTP_REJECT + option_choice(option, value, names));
}

/* The library refuses these too; here it is said which they are. */
static void check_policies(const struct smtp *smtp) {
  const cte_smtp_options *p = &smtp->policies;
  bool keep = p->bare_lf == CTE_SMTP_KEEP || p->bare_cr == CTE_SMTP_KEEP || p->nul == CTE_SMTP_KEEP;
  if (p->long_line == CTE_SMTP_SPACE) refuse("--long-lines=space is not possible");
  if (smtp->decode && p->bdat) refuse("--bdat does not go with -d");
  if (smtp->decode && smtp->eol != EOL_AUTO) refuse("--eol does not go with -d");
  if (p->bdat && p->long_line == CTE_SMTP_NORMALIZE) refuse("--bdat folds no lines");
  if (!smtp->decode && !p->bdat && keep) refuse("only long lines can be kept without --bdat or -d");
  if (smtp->eol == EOL_LF && p->bare_lf != CTE_SMTP_DEFAULT) refuse("--bare-lf does not go with --eol=lf");
}

int command_smtp(int argc, char **argv) {
  enum { EOL = OPTION_OWN, BARE_LF, BARE_CR, NUL, LONG_LINES, BDAT };
  static const struct option long_options[] = {
      {"decode", no_argument, NULL, 'd'},
      {"eol", required_argument, NULL, EOL},
      {"bare-lf", required_argument, NULL, BARE_LF},
      {"bare-cr", required_argument, NULL, BARE_CR},
      {"nul", required_argument, NULL, NUL},
      {"long-lines", required_argument, NULL, LONG_LINES},
      {"bdat", no_argument, NULL, BDAT},
      LONG_OUTPUT,
      {NULL, 0, NULL, 0},
  };
  struct common common = {.help = help};
  struct smtp smtp = {0};
  int option;
  while ((option = next_option(argc, argv, ":d" SHORT_OUTPUT, long_options)) != -1) {
    switch (option) {
    case 'd':
      smtp.decode = true;
      break;
    case EOL:
      smtp.eol = option_eol(optarg);
      break;
    case BARE_LF:
      smtp.policies.bare_lf = policy("--bare-lf", optarg);
      break;
    case BARE_CR:
      smtp.policies.bare_cr = policy("--bare-cr", optarg);
      break;
    case NUL:
      smtp.policies.nul = policy("--nul", optarg);
      break;
    case LONG_LINES:
      smtp.policies.long_line = policy("--long-lines", optarg);
      break;
    case BDAT:
      smtp.policies.bdat = 1;
      break;
    default:
      common_option(&common, option);
    }
  }
  check_policies(&smtp);
  struct task task = {&common, &smtp, start};
  return run_files(&task, argc - optind, argv + optind);
}
