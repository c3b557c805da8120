/* check.c: cte check. */
#include "commands.h"
#include "io.h"
#include "options.h"

#include <cte/lines.h>
#include <cte/stream.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: cte check [OPTION]... [FILE]...\n"
    "Say of each FILE which of 7bit, 8bit and binary it satisfies, what is against the\n"
    "transport first, and what to encode it with. Without FILE, or when FILE is -, of\n"
    "standard input.\n"
    "\n"
    "      --to 7bit|8bitmime|binarymime  the transport (7bit)\n"
    "      --eol=auto|crlf|lf  what is a line end; auto: LF in a file without any CRLF\n" HELP_COMMON "\n"
    "With -q there is no report, but the exit code: 0 all fit; 1 some do not; 2 wrong usage\n"
    "or I/O error.\n";

struct check {
  enum cte_transport transport;
  enum eol eol;
  bool quiet, verbose;
};

/* The first violation, for one kind of line ends. */
struct violation {
  bool searched; /* the transport and --eol leave something to look for */
  cte_stream stream;
  cte_status status;
  uint64_t offset, line;
};

enum { AS_CRLF, AS_LF };

static void violation_start(struct violation *violation, const struct check *check, uint32_t line_ends) {
  uint32_t level = check->transport == CTE_TRANSPORT_7BIT ? CTE_LINES_ALLOW_7BIT : CTE_LINES_ALLOW_8BIT;
  *violation = (struct violation){.searched = check->transport != CTE_TRANSPORT_BINARYMIME};
  cte_stream_lines_check(&violation->stream, level | line_ends);
}

/* The number of the line that the octet after `lines` stands on. */
static uint64_t line_after(cte_lines lines) {
  cte_lines_finish(&lines);
  return lines.unterminated ? lines.lines : lines.lines + 1;
}

/* Looks at the next octets (NULL: the end). `before` counts what stands before them. */
static void violation_search(struct violation *violation, const struct source *source, const cte_lines *before) {
  if (!violation->searched || violation->status != CTE_OK) return;
  cte_output none = {NULL, 0, 0};
  uint64_t start = before->octets;
  if (source != NULL) {
    cte_input in = {source->data, source->size, 0};
    violation->status = cte_stream_update(&violation->stream, &in, &none);
  } else {
    violation->status = cte_stream_finish(&violation->stream, &none);
  }
  if (violation->status == CTE_OK) return;
  violation->offset = cte_stream_error_offset(&violation->stream);
  /* It can be a CR that ended the octets before; no line end lies between. */
  cte_lines lines = *before;
  if (source != NULL && violation->offset > start)
    cte_lines_update(&lines, source->data, (size_t)(violation->offset - start));
  violation->line = line_after(lines);
}

static const char *encoding_name(int32_t encoding) {
  static const char *const names[] = {"7bit", "8bit", "binary", "quoted-printable", "base64"};
  return names[encoding];
}

static void print_line_ends(const cte_lines *lines, bool lf) {
  uint64_t bare = lines->count[CTE_LINES_BARE_LF];
  if (lines->crlf == 0 && bare == 0)
    fputs("no line ends", stdout);
  else if (lines->crlf != 0 && bare != 0)
    printf("mixed line ends (%ju CRLF, %ju LF)", (uintmax_t)lines->crlf, (uintmax_t)bare);
  else if (lines->crlf != 0)
    fputs("CRLF line ends", stdout);
  else
    fputs(lf ? "LF line ends (CRLF when mailed)" : "LF line ends", stdout);
}

static void print_statistics(const cte_lines *lines) {
  static const char *const names[CTE_LINES_KINDS] = {"octets above 127", "NULs",
                                                     "bare CRs",         "bare LFs",
                                                     "lines over 998",   "lines with a first .",
                                                     "From lines",       "lines with a last blank",
                                                     "octets to escape", "not UTF-8"};
  printf("  octets: %ju\n  lines: %ju\n  longest line: %ju\n", (uintmax_t)lines->octets, (uintmax_t)lines->lines,
         (uintmax_t)lines->longest);
  if (lines->unterminated) puts("  the last line has no line end");
  for (int kind = 0; kind < CTE_LINES_KINDS; kind++)
    if (lines->count[kind] != 0)
      printf("  %s: %ju, first at offset %ju\n", names[kind], (uintmax_t)lines->count[kind], (uintmax_t)lines->first[kind]);
}

static void print_report(const struct check *check, const char *name, const cte_lines *lines,
                         const struct violation *violation, uint32_t line_ends) {
  printf("%s: %s, ", shown(name), encoding_name(cte_lines_encoding(lines, line_ends)));
  print_line_ends(lines, line_ends == CTE_LINES_LF);
  if (violation->status != CTE_OK) {
    cte_choice choice = cte_lines_choose(lines, CTE_CONTENT_TEXT, check->transport, line_ends);
    printf("; offset %ju, line %ju: %s; encode with %s", (uintmax_t)violation->offset, (uintmax_t)violation->line,
           cte_status_text(violation->status), encoding_name(choice.encoding));
    if (choice.encoding == CTE_ENCODING_QP) printf(" (at most %ju octets)", (uintmax_t)choice.quoted_printable);
    if (choice.encoding == CTE_ENCODING_BASE64) printf(" (%ju octets)", (uintmax_t)choice.base64);
  }
  putchar('\n');
  if (check->verbose) print_statistics(lines);
}

/* 0: the input fits; 1: it does not; 2 after a message. */
static int check_source(const struct check *check, struct source *source) {
  static struct violation violations[2];
  cte_lines lines;
  int more;
  cte_lines_init(&lines);
  violation_start(&violations[AS_CRLF], check, 0);
  violation_start(&violations[AS_LF], check, CTE_LINES_LF_TEXT);
  /* The kind of line ends that the input does not have is given up at its first line end. */
  if (check->eol == EOL_CRLF) violations[AS_LF].searched = false;
  if (check->eol == EOL_LF) violations[AS_CRLF].searched = false;

  while ((more = source_next(source)) > 0) {
    for (int i = AS_CRLF; i <= AS_LF; i++) violation_search(&violations[i], source, &lines);
    cte_lines_update(&lines, source->data, source->size);
  }
  if (more < 0) return program.failure;
  for (int i = AS_CRLF; i <= AS_LF; i++) violation_search(&violations[i], NULL, &lines);
  cte_lines_finish(&lines);

  bool lf = check->eol == EOL_LF;
  if (check->eol == EOL_AUTO) lf = lines.crlf == 0 && lines.count[CTE_LINES_BARE_LF] != 0;
  const struct violation *violation = &violations[lf ? AS_LF : AS_CRLF];
  if (!check->quiet) print_report(check, source->name, &lines, violation, lf ? CTE_LINES_LF : CTE_LINES_CRLF);
  return violation->status == CTE_OK ? 0 : 1;
}

static int check_file(const struct check *check, const char *name) {
  struct source source;
  if (!source_open(&source, name)) return program.failure;
  static const struct sink standard_output = {.fd = 1};
  bool feeds = !check->quiet && sink_feeds(&standard_output, &source);
  int status = feeds ? program.failure : check_source(check, &source);
  source_close(&source);
  return status;
}

int command_check(int argc, char **argv) {
  enum { EOL = OPTION_OWN, TO };
  static const char *const transports[] = {"7bit", "8bitmime", "binarymime", NULL}; /* by enum cte_transport */
  static const struct option long_options[] = {
      {"eol", required_argument, NULL, EOL},
      {"to", required_argument, NULL, TO},
      LONG_COMMON,
      {NULL, 0, NULL, 0},
  };
  struct common common = {.help = help};
  struct check check = {.transport = CTE_TRANSPORT_7BIT, .eol = EOL_AUTO};
  int option;
  while ((option = next_option(argc, argv, ":" SHORT_COMMON, long_options)) != -1) {
    switch (option) {
    case EOL:
      check.eol = option_eol(optarg);
      break;
    case TO:
      check.transport = (enum cte_transport)option_choice("--to", optarg, transports);
      break;
    default:
      common_option(&common, option);
    }
  }
  check.quiet = common.quiet;
  check.verbose = common.verbose;
  if (optind == argc) return check_file(&check, "-");
  int worst = 0;
  for (int i = optind; i < argc; i++) {
    int status = check_file(&check, argv[i]);
    if (status > worst) worst = status;
  }
  return worst;
}
