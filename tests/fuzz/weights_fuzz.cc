// A libFuzzer target: the bytes as the header of a safetensors file, as a pickle, as a file of torch.save(),
// and as a zip file of pickles. Anything but an Error is a fault. docs/import.md says how to run it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "models/weights/pickle.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/torch_file.h"
#include "models/weights/zip_file.h"

namespace {

template <class Read>
void Try(const Read& read) {
  try {
    read();
  } catch (const seam::Error&) {
  }
}

void Unpickle(std::string_view bytes) {
  Try([&] {
    while (!bytes.empty()) seam::Pickle("input").Read(&bytes);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Try([&] { seam::ParseSafetensorsHeader(bytes, "input"); });
  Unpickle(bytes);
  Try([&] { seam::ReadTorchFile(bytes, "input"); });
  Try([&] {
    const seam::ZipFile zip(bytes, "input");
    for (const auto& [name, length] : zip.members()) Unpickle(zip.Read(name));
  });
  return 0;
}
