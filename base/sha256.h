#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace seam {

// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(std::string_view bytes);
  // 64 lower-case hexadecimal digits. Once only.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string Sha256Of(std::string_view bytes);
// Of a file's bytes; an Error when it cannot be read.
std::string Sha256OfFile(const std::filesystem::path& path);

}  // namespace seam
