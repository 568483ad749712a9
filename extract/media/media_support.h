#pragma once

#include <string>
#include <vector>

namespace seam {

// A codec, and whether the libavcodec that this process has loaded holds it.
struct CodecSupport {
  std::string name;
  bool there = false;
};

// What this machine's libraries can decode and encode.
struct MediaSupport {
  std::vector<CodecSupport> decoders;  // of the list that Seam allows (docs/extraction.md)
  std::vector<CodecSupport> encoders;  // of annotated videos, best first
  std::vector<CodecSupport> pictures;  // libheif's: "HEIC", "AVIF"
};

MediaSupport FindMediaSupport();

}  // namespace seam
