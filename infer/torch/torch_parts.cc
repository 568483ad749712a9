#include "infer/torch_parts.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <cstring>

#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/grad_cam.h"

namespace seam {
namespace {

class GradCamExplainer : public Explainer {
 public:
  explicit GradCamExplainer(const std::filesystem::path& checkpoint)
      : checkpoint_(LoadCheckpoint(checkpoint)) {}

  void Explain(std::vector<Evidence>* evidence) const override {
    at::set_num_threads(1);  // videos share the cores
    const CropSpec& crop = checkpoint_.info.crop;
    const auto side = static_cast<std::int64_t>(crop.size());
    for (Evidence& each : *evidence) {
      const auto frames = static_cast<std::int64_t>(each.crops.size());
      torch::Tensor pixels = torch::empty({frames, side, side, 3}, torch::kByte);
      for (std::int64_t i = 0; i < frames; ++i) {
        const cv::Mat picture = DecodeCrop(each.crops[static_cast<std::size_t>(i)], crop);
        std::memcpy(pixels[i].data_ptr(), picture.data, static_cast<std::size_t>(side * side * 3));
      }
      const torch::Tensor clips = pixels.permute({0, 3, 1, 2}).unsqueeze(0).contiguous();
      const torch::Tensor map =
          GradCam(*checkpoint_.model, clips)[0][static_cast<std::int64_t>(each.shown)].contiguous();
      each.heat.side = static_cast<int>(map.size(0));
      each.heat.values.assign(map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
    }
  }

 private:
  Checkpoint checkpoint_;
};

}  // namespace

const TorchParts& LinkedTorchParts() {
  static const TorchParts parts = {&Compile,
                                   [](const std::filesystem::path& checkpoint) -> std::unique_ptr<Explainer> {
                                     return std::make_unique<GradCamExplainer>(checkpoint);
                                   }};
  return parts;
}

}  // namespace seam
