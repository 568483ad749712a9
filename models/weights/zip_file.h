#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace seam {

// The members of a zip file in memory, as torch.save() writes it: stored, not compressed. Whatever could make
// a small file large in memory is an Error: to read a compressed member (TorchScript's code is), and members
// that together are longer than the file.
class ZipFile {
 public:
  // `bytes` must outlive it.
  ZipFile(std::string_view bytes, std::string subject);
  ~ZipFile();

  // Length by name.
  const std::map<std::string, std::uint64_t>& members() const { return members_; }
  // Checks the member's CRC, too.
  void Read(const std::string& name, char* to) const;
  std::string Read(const std::string& name) const;

 private:
  struct Impl;

  void CheckStored(const std::string& name) const;

  std::string subject_;
  std::map<std::string, std::uint64_t> members_;
  std::set<std::string> packed_;  // members that are compressed or encrypted
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
