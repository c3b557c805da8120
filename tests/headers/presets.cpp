/* presets.cpp: every preset of the public headers initialises its structure, in C and in C++. */
#include <cte/cte.h>

static const cte_base64_encode_options base64_encode[] = {CTE_BASE64_ENCODE_MAIL, CTE_BASE64_ENCODE_FLAT};
static const cte_base64_decode_options base64_decode[] = {CTE_BASE64_DECODE_MAIL, CTE_BASE64_DECODE_STRICT};
static const cte_qp_encode_options qp_encode[] = {CTE_QP_ENCODE_TEXT, CTE_QP_ENCODE_BINARY};
static const cte_qp_decode_options qp_decode[] = {CTE_QP_DECODE_MAIL, CTE_QP_DECODE_STRICT};

int main(void) {
  cte_stream s;
  return cte_stream_base64_encode(&s, &base64_encode[0]) != CTE_OK ||
         cte_stream_base64_decode(&s, &base64_decode[0]) != CTE_OK || cte_stream_qp_encode(&s, &qp_encode[0]) != CTE_OK ||
         cte_stream_qp_decode(&s, &qp_decode[0]) != CTE_OK;
}
