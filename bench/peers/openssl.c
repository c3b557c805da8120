/* openssl.c: OpenSSL's base64: blocks flat, contexts with lines of 64 and LF. A decoded block keeps the padding's octets. */
#include "workload.h"

#include <openssl/evp.h>

static size_t encode_flat(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return (size_t)EVP_EncodeBlock(dst, src, (int)n);
}

static size_t decode_flat(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  return (size_t)EVP_DecodeBlock(dst, src, (int)n);
}

static size_t encode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
  int written = 0, last = 0;
  EVP_EncodeInit(context);
  EVP_EncodeUpdate(context, dst, &written, src, (int)n);
  EVP_EncodeFinal(context, dst + written, &last);
  EVP_ENCODE_CTX_free(context);
  return (size_t)written + (size_t)last;
}

static size_t decode_folded(const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
  (void)cap;
  EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
  int written = 0, last = 0;
  EVP_DecodeInit(context);
  EVP_DecodeUpdate(context, dst, &written, src, (int)n);
  EVP_DecodeFinal(context, dst + written, &last);
  EVP_ENCODE_CTX_free(context);
  return (size_t)written + (size_t)last;
}

const struct workload openssl_workloads[] = {
    {"base64_encode_flat", "openssl", encode_flat, NULL, ON_SIZES, SAME_OCTETS},
    {"base64_encode_folded", "openssl", encode_folded, NULL, ON_SIZES, OWN_FORM},
    {"base64_decode_flat", "openssl", decode_flat, base64_flat_text, ON_SIZES, OWN_FORM},
    {"base64_decode_folded", "openssl", decode_folded, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {NULL, NULL, NULL, NULL, 0, 0},
};
