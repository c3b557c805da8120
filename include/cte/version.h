/* cte/version.h: the one place of the version; CMake parses it. */
#ifndef CTE_VERSION_H
#define CTE_VERSION_H

#define CTE_VERSION_MAJOR 0
#define CTE_VERSION_MINOR 1
#define CTE_VERSION_PATCH 0
#define CTE_VERSION       "0.1.0"

#endif
