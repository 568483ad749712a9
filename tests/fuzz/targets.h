#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace seam {

// A reader of files that strangers make. Whatever the bytes are, it returns or throws an Error; anything else
// (another exception, a crash, minutes, gigabytes) is a fault.
struct FuzzTarget {
  std::string name;
  std::function<bool(std::string_view bytes)> read;  // whether it took them
  std::function<std::vector<std::string>()> seeds;   // small whole files
};

const std::vector<FuzzTarget>& FuzzTargets();

}  // namespace seam
