// A libFuzzer target: the bytes as safetensors, as a file of torch.save(), and as a bare pickle. Anything but
// an Error is a fault. docs/import.md says how to run it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "models/pickle.h"
#include "models/safetensors_header.h"
#include "models/torch_file.h"

namespace {

template <class Read>
void Try(const Read& read) {
  try {
    read();
  } catch (const seam::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Try([&] { seam::ParseSafetensorsHeader(bytes, "input"); });
  Try([&] { seam::ReadTorchFile(bytes, "input"); });
  Try([&] {
    std::string_view rest = bytes;
    seam::Pickle("input").Read(&rest);
  });
  return 0;
}
