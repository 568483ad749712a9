// spectrum_bench FOLDER: the share of each stage of features, on one core, over the pictures in a folder.

#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/program.h"
#include "labels/video.h"
#include "proto/picture_codec.h"
#include "spectrum/azimuthal.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/feature.h"
#include "transforms/dct.h"

namespace seam {
namespace {

// Adds the thread's own seconds: what others do on the machine does not count.
class Stopwatch {
 public:
  explicit Stopwatch(double* seconds) : seconds_(seconds) {}
  ~Stopwatch() { *seconds_ += Now() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  static double Now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  double* seconds_;
  double start_ = Now();
};

cv::Mat Decoded(const std::string& bytes, int channels) {
  const PictureHead head = ReadPictureHead(bytes);
  cv::Mat picture(static_cast<int>(head.height), static_cast<int>(head.width), CV_8UC(channels));
  const std::string problem = DecodePixels(bytes, channels, picture.data);
  if (!problem.empty()) throw Error("", problem);
  return picture;
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) throw UsageError("spectrum_bench", "takes a folder", "spectrum_bench FOLDER");
  double read = 0, decode_grey = 0, azimuthal = 0, decode_colour = 0, dct = 0;
  std::size_t count = 0;
  double check = 0;  // so that nothing is left out
  for (const auto& path : ListMediaFiles(arguments[0])) {
    if (!IsPictureFile(path)) continue;
    std::string bytes;
    cv::Mat grey, colour;
    {
      const Stopwatch watch(&read);
      bytes = ReadFile(path);
    }
    {
      const Stopwatch watch(&decode_grey);
      grey = Decoded(bytes, 1);
    }
    {
      const Stopwatch watch(&azimuthal);
      check += AzimuthalFeatures(grey, 80).back();
    }
    {
      const Stopwatch watch(&decode_colour);
      colour = Decoded(bytes, 3);
    }
    {
      const Stopwatch watch(&dct);
      cv::Mat transform = OrthonormalDct(colour);
      LogScale(&transform);
      check += transform.at<cv::Vec3d>(0, 0)[0];
    }
    ++count;
  }
  if (count == 0) throw Error(arguments[0], "holds no picture");
  const auto line = [&](const char* stage, double seconds) {
    fmt::print("{:<28}{:8.3f} ms a picture\n", stage, 1000 * seconds / static_cast<double>(count));
  };
  fmt::print("{} pictures ({:.3g})\n", count, check);
  line("read", read);
  line("decode, grey", decode_grey);
  line("azimuthal, whole, 80", azimuthal);
  line("decode, colour", decode_colour);
  line("log DCT, colour", dct);
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
