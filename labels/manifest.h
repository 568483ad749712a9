#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "labels/video_facts.h"

namespace seam {

// A line of a dataset's manifest.jsonl: one input video and what became of it. See docs/datasets.md.
struct ManifestRow : VideoFacts {
  std::string video;  // id
  std::string file;   // where it was read
  std::string label;  // "real", "fake"
  std::string method, split, group;
  std::string boxes_from;  // id of the video whose boxes were used; empty: its own
};

// The row as one line of JSON, with its line end, in the order of the members. Bytes that are not UTF-8
// become \xNN (as in Utf8Id(), which ids have been through already).
std::string ManifestLine(const ManifestRow& row);

// The row of one line. Errors as ReadManifest()'s, about `subject`.
ManifestRow ParseManifestRow(const std::string& subject, std::string_view line);

// Reads a manifest. An Error names the file and the line: what is not JSON, a field of another type, no
// `video`, no `status` or one that this version does not know. Unknown fields are passed over, others that
// are missing are empty.
std::vector<ManifestRow> ReadManifest(const std::filesystem::path& path);

}  // namespace seam
