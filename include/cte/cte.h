/* cte/cte.h: all of libcte. */
#ifndef CTE_CTE_H
#define CTE_CTE_H

#include <cte/base64.h>
#include <cte/isa.h>
#include <cte/lines.h>
#include <cte/quoted_printable.h>
#include <cte/smtp.h>
#include <cte/status.h>
#include <cte/stream.h>
#include <cte/version.h>

#endif
