#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "extract/media/media_limits.h"
#include "infer/score_videos.h"
#include "scores/verdict.h"

namespace seam {

// Writes each video again with what was found in it: the box of every person in every frame, with verdict and
// score. A strip below the picture has the scores over time and what the user forced. Pictures stay pictures,
// without a strip. Sound is copied where an mp4 file can hold it. Any number of threads.
class Annotator {
 public:
  // `inputs`: the files that Annotate() will be given. A UsageError when an output would be one of them.
  Annotator(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& inputs,
            const VerdictRule& rule, const MediaLimits& limits, std::vector<std::string> notes = {},
            CancelToken cancel = {});

  // The annotated form of inputs[video]; whole or not there at all. An Error when it cannot be made; nothing
  // when cancelled. Returns what of the video is missing in it, or "".
  std::string Annotate(std::size_t video, const VideoResult& result) const;

  const std::filesystem::path& output(std::size_t video) const { return outputs_[video]; }

 private:
  void AnnotatePicture(std::size_t video, const VideoResult& result) const;
  std::string AnnotateVideo(std::size_t video, const VideoResult& result) const;

  std::vector<std::filesystem::path> inputs_, outputs_;
  VerdictRule rule_;
  std::string notes_;  // of the run
  MediaLimits limits_;
  CancelToken cancel_;
};

}  // namespace seam
