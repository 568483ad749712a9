#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace seam::serve {

// A file on its way to the server: written under another name, and there under its final one only after
// Commit(), synced. Destroyed without it, nothing is left. Throws Error.
class Upload {
 public:
  // FOLDER is made; the file will be FOLDER/input.
  explicit Upload(std::filesystem::path folder);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  void Write(const char* data, std::size_t size);
  std::int64_t size() const { return size_; }
  std::filesystem::path Commit();

 private:
  std::filesystem::path folder_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  bool committed_ = false;
};

// The name that a user gave a file, fit to be shown: its last part, without control characters, at most 200
// bytes of whole UTF-8 characters; "file" where nothing is left.
std::string ShownName(const std::string& name);

// The media type that a browser plays a file as, by its first bytes; "application/octet-stream" where it is
// none.
std::string FindMediaType(const std::filesystem::path& file);

}  // namespace seam::serve
