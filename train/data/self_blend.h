#pragma once

#include <optional>
#include <random>
#include <vector>

#include <opencv2/core.hpp>

#include "train/data/blend_mask.h"
#include "train/data/face_points.h"
#include "train/data/fakes.h"
#include "train/data/mouth.h"

namespace seam {

// Self-blended images (Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022,
// section 3): a fake made of one real picture. The picture is changed a little and blended into itself along
// the face. Only the traces of blending then tell the fake from the real one. Or another person's face is
// blended in (Li et al., "Face X-ray for More General Face Forgery Detection", CVPR 2020, section 3.2). Or
// the lower face is rendered again with another mouth.

// How a picture is changed before it is blended.
struct ColourDraw {
  cv::Vec3d shift;        // added to red, green, blue, of 255
  double hue = 0;         // turned, degrees
  double saturation = 1;  // factor
  double brightness = 0;  // added, share of 255
  double contrast = 1;    // factor around mid-grey
  int shrink = 0;         // made so many times smaller and larger again: 2 or 4; or 0, and
  double sharpen = 0;     // the share of the sharpened picture instead of the sharpened one
  double lightness = 1;   // of the sharpened picture
  bool operator==(const ColourDraw&) const = default;
};

// What is drawn for one clip: the same for all of its frames.
struct SelfBlendDraw {
  ColourDraw colour;
  bool change_source = false;  // the part blended in is changed; else the picture it is blended into
  MaskDraw mask;
  double ratio = 1;                // of the source where the mask is whole
  bool swap = false;               // another person's face is blended in, and
  double match = 1;                // so much of the way its colours are brought to those they cover
  std::optional<MouthDraw> mouth;  // the part blended in has such a mouth
  bool operator==(const SelfBlendDraw&) const = default;
};

// A pure function of the engine's state and of the shares of --sbi-swap, --sbi-plain and --sbi-mouth; with
// none, what is published.
SelfBlendDraw DrawSelfBlend(std::mt19937_64* engine, const FakesOptions& options = {});

// A face to blend into another's picture: RGB [size, size, 3] uint8 and its points there.
struct DonorFace {
  cv::Mat picture;
  FacePoints points;
};

// The real picture of a pair, made of a frame: RGB [size, size, 3] uint8, overwritten where the draw
// changes the target.
void MakeReal(const SelfBlendDraw& draw, cv::Mat* picture);

// Makes the fake pictures of a clip. One thread.
class SelfBlender {
 public:
  // `points`: of each frame, in pixels of the crops, which are `size` wide and high.
  SelfBlender(const SelfBlendDraw& draw, const std::vector<FacePoints>& points, int size);

  // Share of the source in the fake, 255 for all of it: [size, size] uint8.
  cv::Mat Weights(std::size_t frame) const;
  // As MakeReal(). The fake equals the real picture where the weight is 0. `donor`: whose face is blended in,
  // with the ratio 1, instead of the picture's own, its points upon the points there. `xray` becomes where
  // the two pass into one another, 4 m (1 - m) of the mask m: 255 where it is half ("face X-ray", Li et al.,
  // equation 2), [size, size] uint8.
  void MakeFake(std::size_t frame, cv::Mat* picture, const DonorFace* donor = nullptr,
                cv::Mat* xray = nullptr) const;

 private:
  SelfBlendDraw draw_;
  BlendMask mask_;
};

}  // namespace seam
