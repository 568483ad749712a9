#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/core/mat.hpp>

namespace seam {

// An output of a detector's network: numbers for each channel of each cell, cells row by row.
class DetectorMap {
 public:
  // Channels last, [height, width, channels].
  DetectorMap(std::vector<float> numbers, int height, int width, int channels)
      : numbers_(std::move(numbers)), height_(height), width_(width), cell_(channels), channel_(1) {}
  // Of OpenCV's blob [1, channels, height, width].
  explicit DetectorMap(const cv::Mat& blob);

  float At(int cell, int channel) const {
    return numbers_[static_cast<std::size_t>(cell * cell_ + channel * channel_)];
  }
  int height() const { return height_; }
  int width() const { return width_; }
  int cells() const { return height_ * width_; }

 private:
  std::vector<float> numbers_;
  int height_, width_, cell_, channel_;
};

// The network of a face detector, an ONNX file, for pictures of any size.
class DetectorNetwork {
 public:
  virtual ~DetectorNetwork() = default;
  // `picture`: 8-bit [height, width, 3], channels in the network's order -> a map for each of the outputs.
  virtual std::vector<DetectorMap> Run(const cv::Mat& picture) = 0;
};

// On Seam's engine (models/networks). The file is read once in a process, and its networks, one for each size
// of pictures, are shared by all threads. In a build without oneDNN an Error.
std::shared_ptr<DetectorNetwork> SeamDetectorNetwork(const std::filesystem::path& file,
                                                     const std::vector<std::string>& outputs);

// On OpenCV DNN; for one thread.
std::shared_ptr<DetectorNetwork> OpenCvDetectorNetwork(const std::filesystem::path& file,
                                                       const std::vector<std::string>& outputs);

}  // namespace seam
