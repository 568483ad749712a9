#include "base/sha256.h"

#include <openssl/evp.h>

#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"

namespace seam {

struct Sha256::Impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  if (EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr) != 1)
    throw Error("", "SHA-256 is missing");
}

Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) {
  EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size());
}

std::string Sha256::Finish() {
  std::array<unsigned char, 32> digest = {};
  EVP_DigestFinal_ex(impl_->context.get(), digest.data(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string Sha256Of(std::string_view bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Finish();
}

std::string Sha256OfFile(const std::filesystem::path& path) { return Sha256Of(MappedFile(path).bytes()); }

}  // namespace seam
