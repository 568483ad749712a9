#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "labels/layout.h"
#include "tests/support/support.h"

namespace seam {

// A tree of files that hold no video, each with bytes of its own.
class MadeTree {
 public:
  void Add(const std::vector<std::string>& names);
  void Write(const std::string& name, const std::string& text);
  std::filesystem::path path() const { return folder_.path(); }
  std::string Name(const std::string& name) const { return (folder_ / name).string(); }

  Listing List(LayoutOptions options) const;
  Listing List(const std::string& dataset) const;
  std::string Message(const LayoutOptions& options) const;
  std::string Hint(const LayoutOptions& options) const;

 private:
  TemporaryFolder folder_;
};

// LayoutOptions of a layout.
LayoutOptions Dataset(const std::string& name);

// The video of an id; fails the test when there is none.
Video Find(const std::vector<Video>& videos, const std::string& id);

}  // namespace seam
