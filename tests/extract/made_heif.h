#pragma once

#include <string>

#include <opencv2/core.hpp>

namespace seam {

// A HEIC picture as phones write them, made at run time: one picture, or a grid of tiles, and what the player
// has to do to it (ISO/IEC 23008-12).
struct MadeHeif {
  cv::Mat picture;  // RGB; `columns` x `rows` tiles of one size, each a multiple of 8
  int columns = 1, rows = 1;
  cv::Size shown;   // of a grid, whose tiles may reach beyond it; none: all of them
  int turns = 0;    // quarters, anticlockwise ('irot')
  int mirror = -1;  // 0: top and bottom are swapped; 1: left and right ('imir', after the turns)
};

std::string Encoded(const MadeHeif& heif);

}  // namespace seam
