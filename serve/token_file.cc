#include "serve/token_file.h"

#include "base/files.h"

namespace seam::serve {

std::string ReadTokenFile(const std::filesystem::path& file) {
  constexpr std::uint64_t kMost = 4096;
  std::string token = ReadFile(file, kMost);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}

}  // namespace seam::serve
