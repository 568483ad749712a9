#pragma once

#include <functional>
#include <string>
#include <vector>

namespace seam {

// The whole of seam-decode: serves the requests of decoder_messages.h, which come through descriptors from
// kMemoryDescriptor on, until the other side is gone. `arguments` are DecoderPool's: "strict" or "process",
// the bytes of a region, the bytes of memory allowed (0: any). In a strict process nothing of a file is read
// before the sandbox is closed. `opened` is called with each file's descriptor before it is read; for tests.
int ServeDecoding(const std::vector<std::string>& arguments,
                  const std::function<void(int descriptor)>& opened = nullptr);

}  // namespace seam
