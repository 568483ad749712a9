#pragma once

#include <filesystem>
#include <vector>

#include "extract/media_limits.h"
#include "infer/score_videos.h"
#include "infer/verdict.h"

namespace seam {

// Writes each video again with what was found in it: the box of every person in every frame, their verdict
// and score, and the scores over time in a strip below the picture. Pictures stay pictures, without a strip.
// Sound is left out. Any number of threads.
class Annotator {
 public:
  // `inputs`: the files that Annotate() will be given. A UsageError when an output would be one of them.
  Annotator(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& inputs,
            const VerdictRule& rule, const MediaLimits& limits);

  // The annotated form of inputs[video]; whole or not there at all. An Error when it cannot be made; nothing
  // when the user interrupted.
  void Annotate(std::size_t video, const VideoResult& result) const;

  const std::filesystem::path& output(std::size_t video) const { return outputs_[video]; }

 private:
  void AnnotatePicture(std::size_t video, const VideoResult& result) const;
  void AnnotateVideo(std::size_t video, const VideoResult& result) const;

  std::vector<std::filesystem::path> inputs_, outputs_;
  VerdictRule rule_;
  MediaLimits limits_;
};

}  // namespace seam
