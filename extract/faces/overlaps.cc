#include "extract/faces/overlaps.h"

#include <opencv2/dnn.hpp>

namespace seam {

std::vector<Face> WithoutOverlaps(const std::vector<Face>& faces, float threshold, float overlap) {
  std::vector<cv::Rect2d> boxes;
  std::vector<float> scores;
  for (const Face& face : faces) {
    boxes.emplace_back(face.box);
    scores.push_back(face.score);
  }
  std::vector<int> kept;
  cv::dnn::NMSBoxes(boxes, scores, threshold, overlap, kept);
  std::vector<Face> result;
  for (const int index : kept) result.push_back(faces[static_cast<std::size_t>(index)]);
  return result;
}

}  // namespace seam
