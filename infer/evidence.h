#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "proto/clip.pb.h"
#include "scores/aggregate.h"

namespace seam {

// Where a network looked in one crop: models/torch/grad_cam.h.
struct LookMap {
  int side = 0;
  std::vector<float> values = {};  // [side, side], 0 to 1; empty: not asked for
};

// One thing that the network scored, a face or a window of them, with what the report shows of it.
struct Evidence {
  int track = 0;
  double score = 0;             // P(fake)
  std::vector<SeenFace> faces;  // T, in order of time
  std::size_t shown = 0;        // the one of them that the pictures are of
  std::string frame = {};       // JPEG of its whole frame, made smaller; empty where there is none
  // The T crops, encoded as the checkpoint's CropSpec says: exactly what the network saw.
  std::vector<std::string> crops = {};
  LookMap heat = {};  // of the crop shown
};

// Keeps the most suspicious faces of one video, whatever its length: `most` of them, as JPEG. Each person's
// greatest score comes before all others, so that with several people everybody is seen. Any thread.
class EvidenceKeeper {
 public:
  EvidenceKeeper(std::size_t most, CropSpec crop) : most_(most), crop_(std::move(crop)) {}

  // `crops` [T]: RGB, as the network was given them. `thumbnail`: the frame of faces[shown], may be empty.
  void Offer(Evidence found, const std::vector<cv::Mat>& crops, const cv::Mat& thumbnail);

  // What was kept of these tracks, the greatest score first; the keeper is empty then.
  std::vector<Evidence> Take(const TrackScores& tracks);

 private:
  std::size_t most_;
  CropSpec crop_;
  std::mutex mutex_;
  std::vector<Evidence> kept_;
};

// JPEG of an RGB picture, its longer side at most `side`.
std::string SmallJpeg(const cv::Mat& picture, int side, int quality);

// A crop as it is stored in Evidence -> RGB. An Error when it is damaged.
cv::Mat DecodeCrop(const std::string& encoded, const CropSpec& crop);

// The crop (RGB) with its heat over it: nothing where it is cold, so that the face stays visible.
cv::Mat WithHeat(const cv::Mat& crop, const LookMap& heat);

}  // namespace seam
