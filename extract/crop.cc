#include "extract/crop.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace seam {

void CropOptions::Register(Options* options) {
  options->Add("margin", &margin, "the crop's side is 1 + margin times the face's longer side");
  options->Add("size", &size, "side of the crops in pixels");
}

void CropOptions::Check() const {
  if (!(margin >= 0 && margin <= 10)) throw UsageError("--margin", "must be from 0 to 10", "0.3 is usual");
  if (size < 16 || size > 2048) throw UsageError("--size", "must be from 16 to 2048", "256 is usual");
}

cv::Mat CropFace(const VideoFrame& frame, const cv::Rect2f& box, double margin, int size) {
  // A box may come out of a network: its side is kept within what a frame can hold.
  const double longest = 2.0 * std::max(frame.size().width, frame.size().height);
  const double wanted = (1 + margin) * static_cast<double>(std::max(box.width, box.height));
  const int side = std::max(1, cvRound(std::clamp(wanted, 1.0, longest)));
  const cv::Point2d centre(box.x + box.width / 2.0, box.y + box.height / 2.0);
  const cv::Rect square(cvRound(centre.x - side / 2.0), cvRound(centre.y - side / 2.0), side, side);

  const cv::Rect inside = square & cv::Rect({}, frame.size());
  cv::Mat cut;
  if (inside == square) {
    cut = frame.Part(square);
  } else {
    cut = cv::Mat::zeros(side, side, CV_8UC3);
    if (!inside.empty()) frame.Part(inside).copyTo(cut(inside - square.tl()));
  }
  cv::Mat crop;
  cv::resize(cut, crop, {size, size}, 0, 0, side > size ? cv::INTER_AREA : cv::INTER_LINEAR);
  return crop;
}

}  // namespace seam
