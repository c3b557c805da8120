/* qp.c: cte qp. */
#include "commands.h"
#include "files.h"

#include <cte/quoted_printable.h>

static const char help[] = "Usage: cte qp [OPTION]... [FILE]...\n"
                           "Encode or decode quoted-printable. Without FILE, or when FILE is -, from standard input.\n"
                           "\n"
                           "  -d, --decode            decode\n"
                           "  -b, --binary            encode CR and LF as data\n"
                           "      --eol=auto|crlf|lf  encode: what is a line end\n"
                           "                          decode: the line end to write (auto: as it came)\n"
                           "      --mail              encode: lines end in CRLF\n"
                           "                          decode: report what was tolerated\n"
                           "      --strict            decode: what RFC 2045 forbids is an error\n"
                           "      --dots              encode a line's first .\n"
                           "      --from              encode the F of a line's first \"From \"\n"
                           "      --dashes            encode the first - of a line's first --\n"
                           "      --ebcdic            encode what EBCDIC gateways change\n"
                           "      --utf8              never break a line within a UTF-8 character\n" HELP_OUTPUT "\n"
                           "'cte qp | cte qp -d' gives any file back as it was.\n"
                           "Exit code: 0 fine; 1 invalid input or I/O error; 2 wrong usage.\n";

struct qp {
  bool decode, binary, mail, strict;
  enum eol eol;
  uint32_t flags;
};

static cte_status start_decoder(const struct qp *qp, struct streams *streams) {
  static const uint8_t line_end[] = {CTE_QP_LINE_END_KEEP, CTE_QP_LINE_END_CRLF, CTE_QP_LINE_END_LF}; /* by enum eol */
  cte_qp_decode_options options = {.reject = qp->strict ? CTE_QP_REJECT_STRICT : 0, .line_end = line_end[qp->eol]};
  if (qp->mail) streams->report = UINT32_MAX;
  return cte_stream_qp_decode(&streams->stream, &options);
}

static cte_status start_encoder(const struct qp *qp, struct source *source, struct streams *streams) {
  static const uint8_t kept[] = {CTE_QP_LINE_ENDS_KEEP, CTE_QP_LINE_ENDS_CRLF, CTE_QP_LINE_ENDS_LF}; /* by enum eol */
  cte_qp_encode_options options = {.flags = qp->flags, .line_ends = kept[qp->eol]};
  bool crlf = qp->mail || qp->eol == EOL_CRLF;
  if (qp->binary)
    options.line_ends = CTE_QP_LINE_ENDS_BINARY;
  else if (qp->mail && qp->eol == EOL_AUTO) {
    options.line_ends = CTE_QP_LINE_ENDS_EITHER;
    streams->mixture = MIXTURE_REPORTED;
  } else if (qp->eol == EOL_AUTO)
    crlf = source_first_line_end(source) == FIRST_CRLF;
  options.line_end = crlf ? CTE_LINE_END_CRLF : CTE_LINE_END_LF;
  return cte_stream_qp_encode(&streams->stream, &options);
}

static cte_status start(const void *options, struct source *source, struct streams *streams) {
  const struct qp *qp = options;
  return qp->decode ? start_decoder(qp, streams) : start_encoder(qp, source, streams);
}

int command_qp(int argc, char **argv) {
  /* An encoder's flag is its own option: OPTION_OWN + the flag, which is below 1 << 16. */
  enum { EOL = OPTION_OWN + (1 << 16), MAIL, STRICT };
  static const struct option long_options[] = {
      {"decode", no_argument, NULL, 'd'},
      {"binary", no_argument, NULL, 'b'},
      {"eol", required_argument, NULL, EOL},
      {"mail", no_argument, NULL, MAIL},
      {"strict", no_argument, NULL, STRICT},
      {"dots", no_argument, NULL, OPTION_OWN + CTE_QP_ENCODE_DOT},
      {"from", no_argument, NULL, OPTION_OWN + CTE_QP_ENCODE_FROM},
      {"dashes", no_argument, NULL, OPTION_OWN + CTE_QP_ENCODE_DASHES},
      {"ebcdic", no_argument, NULL, OPTION_OWN + CTE_QP_ENCODE_EBCDIC},
      {"utf8", no_argument, NULL, OPTION_OWN + CTE_QP_WHOLE_UTF8},
      LONG_OUTPUT,
      {NULL, 0, NULL, 0},
  };
  struct common common = {.help = help};
  struct qp qp = {0};
  int option;
  while ((option = next_option(argc, argv, ":db" SHORT_OUTPUT, long_options)) != -1) {
    switch (option) {
    case 'd':
      qp.decode = true;
      break;
    case 'b':
      qp.binary = true;
      break;
    case EOL:
      qp.eol = option_eol(optarg);
      break;
    case MAIL:
      qp.mail = true;
      break;
    case STRICT:
      qp.strict = true;
      break;
    default:
      if (option >= OPTION_OWN)
        qp.flags |= (uint32_t)(option - OPTION_OWN);
      else
        common_option(&common, option);
    }
  }
  if (qp.decode && qp.binary) refuse("--binary does not go with -d");
  if (qp.decode && qp.flags != 0) refuse("--dots, --from, --dashes, --ebcdic and --utf8 do not go with -d");
  if (!qp.decode && qp.strict) refuse("--strict goes only with -d");
  struct task task = {&common, &qp, start};
  return run_files(&task, argc - optind, argv + optind);
}
