#pragma once

#include <string>
#include <vector>

#include "infer/score_videos.h"

namespace seam {

// The result of a video of 25 frames a second that was never scored: a person for each list of scores. Each
// is seen once a second from `first_seconds` on, in a box of 40 x 50 pixels. It moves 10 to the right each
// second.
VideoResult MadeResult(const std::vector<std::vector<double>>& people, double first_seconds = 0);

// How crops are kept in these tests: 64 pixels, as PNG.
CropSpec MadeCropSpec();

// A face of noise as evidence of the result's clip, its pictures among them.
Evidence MadeEvidence(const VideoResult& result, int track, std::size_t clip);

// Makes the record of a finished score file that of a run which was stopped.
void ForgetEnd(const std::string& score_file);

}  // namespace seam
