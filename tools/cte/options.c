/* options.c: the options that subcommands share. */
#include "options.h"

#include "system.h"

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

/* What getopt_long found no option for: one that is not there, or more than one that begin so. */
static void refuse_long(const char *word, const struct option *options) {
  size_t length = strcspn(word + 2, "=");
  bool begun = false;
  for (; options->name != NULL; options++) begun = begun || strncmp(options->name, word + 2, length) == 0;
  complain(begun ? "option '%s' is ambiguous" : "unrecognized option '%s'", shown(word));
}

/* A letter that one of `options` gives is known: what is wrong with it is the long option's value. */
static bool is_given(const struct option *options, int value) {
  while (options->name != NULL && options->val != value) options++;
  return options->name != NULL;
}

int next_option(int argc, char **argv, const char *letters, const struct option *options) {
  opterr = 0;
  int option = getopt_long(argc, argv, letters, options, NULL);
  if (option != '?' && option != ':') return option;
  /* What was read last. Where that is one letter of a word of many, optopt says it all. */
  const char *word = argv[optind - 1];
  bool is_long = strncmp(word, "--", 2) == 0;
  int letter = ' ' < optopt && optopt <= '~' ? optopt : '?';
  if (option == ':' && is_long)
    complain("option '%s' needs a value", shown(word));
  else if (option == ':')
    complain("option '-%c' needs a value", letter);
  else if (optopt == 0)
    refuse_long(word, options);
  else if (is_given(options, optopt))
    complain("option '%s' takes no value", shown(word));
  else
    complain("invalid option -- '%c'", letter);
  usage_error();
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
    if (*optarg == '\0') refuse("--output-dir needs the name of a folder"); /* "/NAME" would be its file */
    common->output_dir = optarg;
    break;
  case OPTION_SUFFIX:
    /* Without one the output would be the input, or its namesake; with a separator it would leave the folder. */
    if (*optarg == '\0' || system_file_name(optarg) != optarg)
      refuse("--suffix needs the end of a name, without a separator");
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
