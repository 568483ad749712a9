#include "extract/faces/detector_network.h"

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include <opencv2/dnn.hpp>

#include "base/error.h"
#include "models/networks/onnx_file.h"
#ifdef SEAM_ONEDNN
#include "models/networks/compiled_model.h"
#endif

namespace seam {

DetectorMap::DetectorMap(const cv::Mat& blob)
    : numbers_(blob.ptr<float>(), blob.ptr<float>() + blob.total()),
      height_(blob.size[2]),
      width_(blob.size[3]),
      cell_(1),
      channel_(height_ * width_) {}

namespace {

// OpenCV makes constants of what the file works out from its own size: where maps are cut. Of more than the
// map has, all is taken, so the size has only to be large enough.
constexpr int kLargestSide = 1 << 14;

cv::dnn::Net ReadForAnySize(const std::filesystem::path& file) {
  const std::string bytes = OnnxForSide(file, kLargestSide);
  return cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
}

class OpenCvNetwork : public DetectorNetwork {
 public:
  OpenCvNetwork(const std::filesystem::path& file, const std::vector<std::string>& outputs)
      : net_(ReadForAnySize(file)), outputs_(outputs) {
    for (const std::string& output : outputs) {
      if (net_.getLayerId(output) < 0) throw Error(file.string(), "is another network: no output " + output);
    }
  }

  std::vector<DetectorMap> Run(const cv::Mat& picture) override {
    net_.setInput(cv::dnn::blobFromImage(picture));
    std::vector<cv::Mat> blobs;
    net_.forward(blobs, outputs_);
    return {blobs.begin(), blobs.end()};
  }

 private:
  cv::dnn::Net net_;
  std::vector<std::string> outputs_;
};

#ifdef SEAM_ONEDNN
class SeamNetwork : public DetectorNetwork {
 public:
  SeamNetwork(const std::filesystem::path& file, std::vector<std::string> outputs)
      : file_(file), outputs_(std::move(outputs)) {
    Of({kFirstSide, kFirstSide});  // what is wrong with the file is told at once
  }

  std::vector<DetectorMap> Run(const cv::Mat& picture) override {
    const cv::Mat whole = picture.isContinuous() ? picture : picture.clone();
    const std::shared_ptr<const CompiledModel> network = Of(whole.size());
    std::vector<std::vector<float>> answers = network->Outputs(whole.data, 1);
    std::vector<DetectorMap> maps;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Shape& shape = network->outputs()[i].shape;
      maps.emplace_back(std::move(answers[i]), shape.height, shape.width, shape.channels);
    }
    return maps;
  }

 private:
  static constexpr int kFirstSide = 64;
  static constexpr std::size_t kSizes = 16;  // networks that are kept

  std::shared_ptr<const CompiledModel> Of(const cv::Size& size) {
    const std::lock_guard lock(mutex_);
    for (auto kept = networks_.begin(); kept != networks_.end(); ++kept) {
      if (kept->first != size) continue;
      networks_.splice(networks_.begin(), networks_, kept);
      return networks_.front().second;
    }
    const OnnxNetwork read = file_.Network(size.height, size.width, outputs_);
    networks_.emplace_front(
        size, CompileForCpu(Fold(read.graph, read.weights), GetInput(read.graph), {.winograd = true}));
    if (networks_.size() > kSizes) networks_.pop_back();
    return networks_.front().second;
  }

  OnnxFile file_;
  std::vector<std::string> outputs_;
  std::mutex mutex_;
  std::list<std::pair<cv::Size, std::shared_ptr<const CompiledModel>>> networks_;  // the last used first
};
#endif

}  // namespace

#ifdef SEAM_ONEDNN
std::shared_ptr<DetectorNetwork> SeamDetectorNetwork(const std::filesystem::path& file,
                                                     const std::vector<std::string>& outputs) {
  struct Loaded {
    std::filesystem::file_time_type time;
    std::uintmax_t bytes = 0;
    std::shared_ptr<DetectorNetwork> network;
  };
  static std::mutex mutex;
  static std::map<std::filesystem::path, Loaded> loaded;  // as many as a user names
  const std::lock_guard lock(mutex);
  const auto time = std::filesystem::last_write_time(file);
  const std::uintmax_t bytes = std::filesystem::file_size(file);
  Loaded& entry = loaded[std::filesystem::absolute(file)];
  if (entry.network == nullptr || entry.time != time || entry.bytes != bytes)
    entry = {time, bytes, std::make_shared<SeamNetwork>(file, outputs)};
  return entry.network;
}
#else
std::shared_ptr<DetectorNetwork> SeamDetectorNetwork(const std::filesystem::path&,
                                                     const std::vector<std::string>&) {
  throw UsageError("--detector-engine", "seam is not in this build, which is without oneDNN", "take opencv");
}
#endif

std::shared_ptr<DetectorNetwork> OpenCvDetectorNetwork(const std::filesystem::path& file,
                                                       const std::vector<std::string>& outputs) {
  return std::make_shared<OpenCvNetwork>(file, outputs);
}

}  // namespace seam
