/*
 * options.h: the options that every subcommand has, and those that every subcommand with an output has.
 *
 * A subcommand's loop is next_option over its own options and these; what it does not know goes to common_option.
 */
#ifndef CTE_TOOLS_OPTIONS_H
#define CTE_TOOLS_OPTIONS_H

#include "messages.h"

#include <getopt.h>

struct common {
  const char *help; /* the text of --help */
  const char *output, *output_dir, *suffix;
  bool force, quiet, verbose;
};

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_ISA, OPTION_OUTPUT_DIR, OPTION_SUFFIX, OPTION_OWN };

#define SHORT_COMMON "qv"
/* clang-format off */
#define LONG_COMMON                                                                                                         \
  {"help", no_argument, NULL, OPTION_HELP}, {"version", no_argument, NULL, OPTION_VERSION},                                 \
  {"isa", required_argument, NULL, OPTION_ISA}, {"quiet", no_argument, NULL, 'q'}, {"verbose", no_argument, NULL, 'v'}

#define SHORT_OUTPUT SHORT_COMMON "fo:"
#define LONG_OUTPUT                                                                                                         \
  LONG_COMMON, {"force", no_argument, NULL, 'f'}, {"output", required_argument, NULL, 'o'},                                 \
  {"output-dir", required_argument, NULL, OPTION_OUTPUT_DIR}, {"suffix", required_argument, NULL, OPTION_SUFFIX}
/* clang-format on */

/* What --help says of them. */
#define HELP_COMMON                                                                                                         \
  "  -q, --quiet             no reports on what was tolerated\n"                                                            \
  "  -v, --verbose           report more\n"                                                                                 \
  "      --isa NAME          use these kernels (cte info lists them)\n"                                                     \
  "      --help              show this help\n"                                                                              \
  "      --version           show the version\n"
#define HELP_OUTPUT                                                                                                         \
  "  -o, --output FILE       write FILE, whole or not at all\n"                                                             \
  "      --output-dir DIR    write one file an input, of the same name, in DIR\n"                                           \
  "      --suffix S          write one file an input, S added to its name\n"                                                \
  "  -f, --force             replace outputs that exist\n" HELP_COMMON

/*
 * getopt_long with messages of our own, in which controls are '?'. `letters` begin with ':', behind a '+' if there is one,
 * and hold all that `options` give below 256. What cannot be read ends the program.
 */
int next_option(int argc, char **argv, const char *letters, const struct option *options);

/* Takes one of the options above; --help and --version end the program. */
void common_option(struct common *common, int option);

/* Ends the program after a usage error whose message was given. */
_Noreturn void usage_error(void);

/* The same with its message. */
_Noreturn void refuse(const char *what);

/* The index of `value` in `names` (ended by NULL); else a usage error that names the option. */
int option_choice(const char *option, const char *value, const char *const *names);

/* --eol */
enum eol { EOL_AUTO, EOL_CRLF, EOL_LF };
enum eol option_eol(const char *value);

#endif
