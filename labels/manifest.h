#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace seam {

// A line of a dataset's manifest.jsonl: one input video and what became of it. See docs/datasets.md.
struct ManifestRow {
  std::string video;  // id
  std::string file;   // where it was read
  std::string label;  // "real", "fake"
  std::string method, split, group;
  std::string status;      // "ok", "damaged", "no_face", "unreadable", "timeout", ...
  std::string reason;      // why the status is not ok, or why an ok video gave less than was asked for
  int frames_decoded = 0;  // all that came out of the decoder
  int damaged = 0;         // packets and frames that were
  int frames = 0;          // sampled from them
  int faces = 0;           // found in those
  int tracks = 0, clips = 0;
  int small_faces = 0;      // passed over
  int windows_dropped = 0;  // that gave no clip
  int interpolated = 0;     // frames of the clips
  double seconds = 0;       // between the first and the last frame looked at
  std::string boxes_from;   // id of the video whose boxes were used; empty: its own
};

// The row as one line of JSON, with its line end, in the order of the members. Bytes that are not UTF-8
// become \xNN (as in Utf8Id(), which ids have been through already).
std::string ManifestLine(const ManifestRow& row);

// The row of one line. Errors as ReadManifest()'s, about `subject`.
ManifestRow ParseManifestRow(const std::string& subject, std::string_view line);

// Reads a manifest. An Error names the file and the line: what is not JSON, a field of another type, no
// `video` or no `status`. Unknown fields are passed over, others that are missing are empty.
std::vector<ManifestRow> ReadManifest(const std::filesystem::path& path);

}  // namespace seam
