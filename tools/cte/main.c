/* main.c: cte, the command: the table of subcommands. */
#include "messages.h"

#include "commands.h"
#include "options.h"
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
  const char *word;
  struct program program;
  int (*run)(int argc, char **argv);
} commands[] = {
    /* base64 has coreutils' exit codes, check has grep's. */
    {"base64", {"cte base64", 1, 1}, command_base64}, {"check", {"cte check", 2, 2}, command_check},
    {"info", {"cte info", 2, 1}, command_info},       {"qp", {"cte qp", 2, 1}, command_qp},
    {"smtp", {"cte smtp", 2, 1}, command_smtp},
};

static const char help[] = "Usage: cte [OPTION]... COMMAND [ARGUMENT]...\n"
                           "Encode, decode and check the content-transfer-encodings of mail.\n"
                           "\n"
                           "  base64    encode or decode base64; takes coreutils base64's options\n"
                           "  qp        encode or decode quoted-printable\n"
                           "  check     say which encoding a file satisfies, and what is against it\n"
                           "  smtp      write a message as SMTP DATA, or read it back\n"
                           "  info      show the version and the kernels\n"
                           "\n"
                           "      --isa NAME          use these kernels (cte info lists them)\n"
                           "      --help              show this help\n"
                           "      --version           show the version\n"
                           "\n"
                           "'cte COMMAND --help' shows a command's options.\n";

int main(int argc, char **argv) {
  static const struct option long_options[] = {{"help", no_argument, NULL, OPTION_HELP},
                                               {"version", no_argument, NULL, OPTION_VERSION},
                                               {"isa", required_argument, NULL, OPTION_ISA},
                                               {NULL, 0, NULL, 0}};
  static char name[] = "cte";
  struct common common = {.help = help};
  int option;
  bool begun = system_begin();
  atexit(system_remove_temporary); /* where a message ends the program */
  if (argc > 0) argv[0] = name;
  while ((option = next_option(argc, argv, "+:", long_options)) != -1) common_option(&common, option);
  if (optind >= argc) {
    fputs(help, stderr);
    return program.usage_error;
  }
  argc -= optind;
  argv += optind;
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (strcmp(argv[0], commands[i].word) != 0) continue;
    char own_name[32];
    program = commands[i].program;
    if (!begun) return program.failure;
    argv[0] = strcpy(own_name, program.name);
    optind = 0; /* a new argv */
    return finish(commands[i].run(argc, argv));
  }
  complain("unknown command '%s'", shown(argv[0]));
  usage_error();
}
