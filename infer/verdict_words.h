#pragma once

#include <string>
#include <vector>

#include "infer/score_videos.h"
#include "scores/verdict.h"

namespace seam {

// Why a video got its verdict, in sentences for people who will have to defend it. They tell the score, the
// threshold and the band, who decided it, how much was seen and what was not. `whole_pictures`: no faces were
// looked for.
std::vector<std::string> VerdictWords(const VideoResult& result, const VerdictRule& rule,
                                      const AggregateOptions& aggregate, bool whole_pictures = false);

// "1 frame", "2 frames".
std::string DescribeCount(std::int64_t count, const std::string& noun);

}  // namespace seam
