/* options.c: the options that subcommands share. */
#include "options.h"

#include <cte/isa.h>
#include <cte/status.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void usage_error(void) {
  fprintf(stderr, "Try '%s --help' for more information.\n", program.name);
  exit(program.usage_error);
}

static void select_kernels(const char *name) {
  if (cte_isa_select(name) == CTE_OK) return;
  complain("no kernels '%s' here ('cte info' lists them)", shown(name));
  exit(program.usage_error);
}

void common_option(struct common *common, int option) {
  switch (option) {
  case 'f':
    common->force = true;
    break;
  case 'o':
    common->output = optarg;
    break;
  case 'q':
    common->quiet = true;
    break;
  case 'v':
    common->verbose = true;
    break;
  case OPTION_OUTPUT_DIR:
    common->output_dir = optarg;
    break;
  case OPTION_SUFFIX:
    common->suffix = optarg;
    break;
  case OPTION_ISA:
    select_kernels(optarg);
    break;
  case OPTION_HELP:
    fputs(common->help, stdout);
    exit(finish(0));
  case OPTION_VERSION:
    printf("cte %s\n", cte_version());
    exit(finish(0));
  default:
    usage_error();
  }
}

void refuse(const char *what) {
  complain("%s", what);
  usage_error();
}

int option_choice(const char *option, const char *value, const char *const *names) {
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(value, names[i]) == 0) return i;
  complain("invalid argument '%s' for '%s'", shown(value), option);
  usage_error();
}

enum eol option_eol(const char *value) {
  static const char *const names[] = {"auto", "crlf", "lf", NULL};
  return (enum eol)option_choice("--eol", value, names);
}
