#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

namespace seam {

// How drawn faces look. Photographed skin changes softly from pixel to pixel; a cartoon has flat areas and
// hard lines, and little between them. Rendered and shaded cartoons are soft as photographs are, and so not
// seen.
class DrawnLook {
 public:
  // One face, cut out by its box: RGB [height, width, 3]. Those under 48 pixels say too little and are passed
  // over.
  void Add(const cv::Mat& face);

  // Faces that were not passed over.
  std::int64_t faces() const { return faces_; }

  // Of the faces' mean; false where there was none.
  bool LooksDrawn() const;

  // Parts of the pixels, from 0 to 1: whose neighbourhood of 3x3 pixels does not change, and changes much.
  // All others change softly.
  double flat() const { return faces_ > 0 ? flat_ / static_cast<double>(faces_) : 0; }
  double hard() const { return faces_ > 0 ? hard_ / static_cast<double>(faces_) : 0; }

 private:
  std::int64_t faces_ = 0;
  double flat_ = 0, hard_ = 0;  // summed
};

}  // namespace seam
