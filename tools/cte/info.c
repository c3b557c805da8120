/* info.c: cte info. */
#include "commands.h"
#include "options.h"

#include <cte/isa.h>
#include <stdio.h>

static const char help[] = "Usage: cte info [OPTION]...\n"
                           "Show the version, the kernels compiled in, those usable here and the one chosen.\n"
                           "\n" HELP_COMMON;

static void print_kernels(const char *title, bool usable_only) {
  const char *name;
  int usable;
  fputs(title, stdout);
  for (size_t i = 0; (name = cte_isa_list(i, &usable)) != NULL; i++)
    if (usable || !usable_only) printf(" %s", name);
  putchar('\n');
}

int command_info(int argc, char **argv) {
  static const struct option long_options[] = {LONG_COMMON, {NULL, 0, NULL, 0}};
  struct common common = {.help = help};
  int option;
  while ((option = next_option(argc, argv, ":" SHORT_COMMON, long_options)) != -1) common_option(&common, option);
  if (optind < argc) {
    complain("extra operand '%s'", shown(argv[optind]));
    usage_error();
  }
  printf("version: %s\n", cte_version());
  print_kernels("compiled:", false);
  print_kernels("usable:", true);
  printf("chosen: %s\n", cte_isa_name());
  return 0;
}
