// vmime.cc: VMime's encoders, over streams of its own.
#include "workload.h"

#include <cstring>

#include <vmime/utility/encoder/b64Encoder.hpp>
#include <vmime/utility/encoder/qpEncoder.hpp>
#include <vmime/utility/inputStreamByteBufferAdapter.hpp>
#include <vmime/utility/outputStream.hpp>

namespace {

// Writes to a buffer that has room.
class buffer_stream : public vmime::utility::outputStream {
public:
  explicit buffer_stream(uint8_t *dst) : dst_(dst) {
  }
  void flush() override {
  }
  size_t written() const {
    return written_;
  }

protected:
  void writeImpl(const vmime::byte_t *data, const size_t count) override {
    std::memcpy(dst_ + written_, data, count);
    written_ += count;
  }

private:
  uint8_t *dst_;
  size_t written_ = 0;
};

template <class Encoder> size_t convert(bool encode, const uint8_t *src, size_t n, uint8_t *dst) {
  Encoder encoder;
  encoder.getProperties()["maxlinelength"] = 76;
  encoder.getProperties()["text"] = true;
  vmime::utility::inputStreamByteBufferAdapter in(src, n);
  buffer_stream out(dst);
  if (encode)
    encoder.encode(in, out, nullptr);
  else
    encoder.decode(in, out, nullptr);
  return out.written();
}

template <class Encoder> size_t encode(const uint8_t *src, size_t n, uint8_t *dst, size_t) {
  return convert<Encoder>(true, src, n, dst);
}

template <class Encoder> size_t decode(const uint8_t *src, size_t n, uint8_t *dst, size_t) {
  return convert<Encoder>(false, src, n, dst);
}

using b64 = vmime::utility::encoder::b64Encoder;
using qp = vmime::utility::encoder::qpEncoder;

} // namespace

extern "C" const struct workload vmime_workloads[] = {
    {"base64_encode_folded", "vmime", encode<b64>, nullptr, ON_SIZES, OWN_FORM},
    {"base64_decode_folded", "vmime", decode<b64>, base64_folded_text, ON_SIZES, SAME_OCTETS},
    {"qp_encode", "vmime", encode<qp>, nullptr, ON_TEXTS, OWN_FORM},
    {"qp_decode", "vmime", decode<qp>, qp_text, ON_TEXTS, OWN_FORM},
    {nullptr, nullptr, nullptr, nullptr, 0, 0},
};
