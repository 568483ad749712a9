#include "models/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/checkpoint.h"

namespace seam {
namespace {

void CheckClips(const torch::Tensor& clips, const InputSpec& input) {
  const auto shape = clips.sizes();
  const bool fits = shape.size() == 5 && shape[0] > 0 && shape[1] > 0 && shape[2] == 3 &&
                    shape[3] == input.size && shape[4] == input.size &&
                    (input.frames == 1 || shape[1] == input.frames);
  if (!fits) {
    throw Error("clips", fmt::format("the shape [{}] does not fit", fmt::join(shape.vec(), ", ")),
                fmt::format("this network takes [N, {}, 3, {}, {}]: clips, frames, RGB, height, width",
                            input.frames == 1 ? "T" : std::to_string(input.frames), input.size, input.size));
  }
  if (clips.scalar_type() != torch::kByte && !clips.is_floating_point()) {
    throw Error("clips", fmt::format("elements of {} do not fit", c10::toString(clips.scalar_type())),
                "uint8 or floating point, RGB from 0 to 255");
  }
}

}  // namespace

torch::Tensor Model::forward(const torch::Tensor& clips) {
  CheckClips(clips, input());
  torch::Tensor pictures = clips.flatten(0, 1);
  if (!pictures.is_floating_point()) pictures = pictures.to(torch::kFloat);
  return Classify(Features(Normalise(pictures))).view({clips.size(0), clips.size(1)}).mean(1);
}

std::int64_t CountTrainable(const Model& model) {
  std::int64_t count = 0;
  for (const auto& parameter : model.parameters()) count += parameter.numel();
  return count;
}

std::int64_t CountParameters(const Model& model) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : WeightsOf(model)) count += tensor.numel();
  return count;
}

}  // namespace seam
