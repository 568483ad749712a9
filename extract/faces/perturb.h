#pragma once

#include <cstdint>
#include <filesystem>

#include <opencv2/core.hpp>

#include "extract/media/media_limits.h"
#include "labels/perturbation.h"

namespace seam {

// The picture (RGB [height, width, 3], left as it is) after a perturbation of frames (kind().of_file is
// false). A pure function: the same seed draws the same noise and blocks. DeeperForensics' own (Jiang et al.,
// CVPR 2020, supplementary material; parameters and definitions as in their published scripts):
//
// - saturation: the chroma of Y'CbCr times p.
// - contrast: all components times p.
// - blocks: p * (shorter side / 256, rounded down) grey (128) squares of 8 x 8 pixels anywhere; a picture of
//   less than 256 pixels gets none, as there.
// - noise: of variance p in Y', Cb and Cr of the studio range scaled to 1, independent for each pixel.
// - blur: a Gaussian of p x p pixels with sigma p / 6.
// - pixelation, which they call JPEG: bilinearly to 1 / p of the sides and back.
//
// And ours: jpeg (quality p, 4:2:0), resize (area averaging to p of the sides; it stays small).
cv::Mat Perturbed(const cv::Mat& picture, const Perturbation& perturbation, std::uint64_t seed);

// The seed of one frame: of the video's file name, so that a moved folder changes nothing, and the frame's
// number.
std::uint64_t PerturbationSeed(const std::filesystem::path& video, std::int64_t frame);

// The video decoded and encoded anew at `to`, as mp4, by a perturbation of files: libx264, preset medium, at
// CRF p. An Error when the video cannot be decoded, or libavcodec has no libx264. False, and no file, when
// the deadline says so.
bool EncodeAnew(const std::filesystem::path& video, const Perturbation& perturbation,
                const MediaLimits& limits, Deadline deadline, const std::filesystem::path& to);

}  // namespace seam
