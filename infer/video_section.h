#pragma once

#include <filesystem>
#include <string>

#include "infer/score_videos.h"
#include "proto/clip.pb.h"
#include "scores/verdict.h"

namespace seam {

// The part of the report about one input, in two. The strip of pictures is by itself, since a page of
// thousands of videos leaves it out for most.
struct VideoSection {
  std::string head, pictures, tail;  // HTML
};

struct SectionOptions {
  AggregateOptions aggregate;
  VerdictRule rule;
  CropSpec crop;
  std::filesystem::path folder;  // of the page: links are relative to it
  bool earlier = false;          // the video was scored by an earlier run, which left its row alone
};

// `id` of the element; `annotated`: the annotated form, where there is one.
VideoSection MakeSection(const std::string& id, const VideoResult& result,
                         const std::filesystem::path& annotated, const SectionOptions& options);

// A verdict as a coloured word.
std::string VerdictHtml(Verdict verdict);

// A path as a relative link may hold it: bytes outside letters, digits and a few marks become %XX.
std::string LinkTo(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace seam
