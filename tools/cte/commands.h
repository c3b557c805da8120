/* commands.h: the subcommands. Each takes its own argv (argv[0] is its name) and gives the exit code. */
#ifndef CTE_TOOLS_COMMANDS_H
#define CTE_TOOLS_COMMANDS_H

int command_base64(int argc, char **argv);
int command_check(int argc, char **argv);
int command_info(int argc, char **argv);
int command_qp(int argc, char **argv);
int command_smtp(int argc, char **argv);

#endif
