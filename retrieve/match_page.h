#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seam {

// A picture with words below it.
struct Thumbnail {
  std::string jpeg;
  std::string title;  // the file
  std::vector<std::string> lines;
};

// One row of a page: what was asked for, and what was found beside it.
struct ThumbnailRow {
  Thumbnail first;
  std::vector<Thumbnail> others;
};

// Writes one HTML file with all pictures inside, which loads nothing. An Error names the file.
void WriteThumbnailPage(const std::filesystem::path& path, const std::string& title,
                        const std::string& summary, const std::vector<ThumbnailRow>& rows);

}  // namespace seam
