#include "models/torch/detector_recipes.h"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include "base/error.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/registry.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

// What parallel training and compilation put before all names.
constexpr const char* kWrappers = "^((module|_orig_mod)\\.)+";

constexpr const char* kDeepfakeBench =
    "DeepfakeBench (Yan et al., NeurIPS 2023): CC BY-NC 4.0, not for commercial use.";
constexpr const char* kPolimi = "ISPL, Politecnico di Milano (Bonettini et al., ICPR 2020): GPL-3.0.";
constexpr const char* kDlib =
    "its authors find faces by dlib's HOG detector and 81 landmarks; Seam by RetinaFace and five, to the "
    "same "
    "template";
constexpr const char* kBlazeFace =
    "its authors find faces by BlazeFace, with a margin of a fifth of the box's height and twice that on "
    "top, "
    "and squeeze the crop to a square";
constexpr const char* kWhole =
    "its authors look at a picture of any size at once; Seam tile by tile, 224 x 224 pixels each, and takes "
    "the mean of the logits (--align centre: its middle alone)";
constexpr const char* kMeanOfFrames = "mean over frames";
constexpr const char* kGendFaces =
    "its authors find faces by another RetinaFace, fit the five landmarks by LMedS and resize twice; Seam "
    "fits "
    "them by least squares, to the same template";
constexpr const char* kClassifierOfPictures =
    "its card names neither a face detector nor a crop: Seam shows it whole pictures (--align none cuts out "
    "faces)";
constexpr std::int64_t kColours = 3;

// A batch norm of vectors before a dense layer is part of it: with f = weight / sqrt(var + eps) the layer's
// weight becomes W f, its bias b + W (norm's bias - mean f).
void FoldNorm(const std::string& norm, const std::string& dense, TorchTensors* tensors) {
  constexpr double kEps = 1e-5;
  for (const char* leaf : {".weight", ".bias", ".running_mean", ".running_var"}) {
    if (tensors->count(norm + leaf) == 0) return;
  }
  if (tensors->count(dense + ".weight") == 0 || tensors->count(dense + ".bias") == 0) return;
  const auto number = [&](const std::string& name) { return tensors->at(name).to(torch::kDouble); };
  const torch::Tensor weight = number(dense + ".weight"), mean = number(norm + ".running_mean");
  if (weight.dim() != 2 || mean.dim() != 1 || mean.size(0) != weight.size(1)) return;
  const torch::Tensor factor = number(norm + ".weight") / (number(norm + ".running_var") + kEps).sqrt();
  const torch::Tensor shift = number(norm + ".bias") - mean * factor;
  (*tensors)[dense + ".bias"] = (number(dense + ".bias") + weight.matmul(shift)).to(torch::kFloat);
  (*tensors)[dense + ".weight"] = (weight * factor).to(torch::kFloat);
  for (const char* leaf : {".weight", ".bias", ".running_mean", ".running_var", ".num_batches_tracked"})
    tensors->erase(norm + leaf);
}

void FoldNormOfClassifier(TorchTensors* tensors) { FoldNorm("classifier.0", "classifier.1", tensors); }

// A convolution to one channel, whose map multiplies all: as many equal ones as it has inputs.
void RepeatRows(const std::string& layer, TorchTensors* tensors) {
  const auto weight = tensors->find(layer + ".weight");
  if (weight == tensors->end() || weight->second.dim() != 4 || weight->second.size(0) != 1) return;
  const std::int64_t channels = weight->second.size(1);
  weight->second = weight->second.repeat({channels, 1, 1, 1});
  const auto bias = tensors->find(layer + ".bias");
  if (bias != tensors->end()) bias->second = bias->second.repeat({channels});
}

void RepeatAttention(TorchTensors* tensors) { RepeatRows("attconv", tensors); }

void RepeatAttentionAndFold(TorchTensors* tensors) {
  RepeatAttention(tensors);
  FoldNormOfClassifier(tensors);
}

void RepeatMap(TorchTensors* tensors) { RepeatRows("map.c.pointwise", tensors); }

// The factor of both attentions is one number for all channels.
void RepeatFactors(TorchTensors* tensors) {
  for (auto& [name, factor] : *tensors) {
    const auto at = name.find("gamma");
    if (at == std::string::npos || factor.numel() != 1) continue;
    const auto values = tensors->find(name.substr(0, at) + "value_conv1.weight");
    if (values != tensors->end() && values->second.dim() == 4)
      factor = factor.flatten().repeat({values->second.size(0)});
  }
}

// RECCE's gates let in 1 - sigmoid(z), and its layers of two vectors see them one after the other.
void TurnGatesAndSplit(TorchTensors* tensors) {
  for (const char* part : {"b", "c"}) {
    const auto gate = tensors->find(fmt::format("reasoning.va_gated_{}.0.weight", part));
    if (gate != tensors->end()) gate->second = -gate->second;
    const std::string layer = fmt::format("reasoning.reweight_a{}.", part);
    const auto both = tensors->find(layer + "0.weight");
    if (both == tensors->end() || both->second.dim() != 2 || both->second.size(1) % 2 != 0) continue;
    const auto halves = both->second.chunk(2, 1);
    tensors->erase(both);
    tensors->emplace(layer + "own.weight", halves[0].contiguous());
    tensors->emplace(layer + "other.weight", halves[1].contiguous());
  }
}

// Note [Ten capsules as one]
//
// Each capsule has a network of its own, of equal shapes: side by side they are one whose second convolution
// is in groups. Behind the mean and the deviation of each map come two convolutions of one dimension with
// norms, all affine, so they are a matrix and a summand; both are found by what they make of the unit
// vectors. The mean over the four numbers of a class is a dense layer.
class CapsuleJoiner {
 public:
  explicit CapsuleJoiner(TorchTensors* tensors) : tensors_(*tensors) {
    while (tensors_.count(Name(count_, "0.weight")) > 0) ++count_;
  }

  void Run() {
    if (!Fits()) return;
    for (const char* layer :
         {"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "3.weight", "3.bias",
          "4.weight", "4.bias", "4.running_mean", "4.running_var"}) {
      std::vector<torch::Tensor> parts;
      for (int k = 0; k < count_; ++k) parts.push_back(At(k, layer));
      made_[fmt::format("capsules.{}", layer)] = torch::cat(parts);
    }
    std::vector<torch::Tensor> means, deviations, summands;
    for (int k = 0; k < count_; ++k) {
      const std::int64_t maps = At(k, "3.weight").size(0);
      const torch::Tensor unit = torch::eye(2 * maps, torch::kDouble).view({-1, 2, maps});
      const torch::Tensor summand = Affine(k, torch::zeros({1, 2, maps}, torch::kDouble));
      const torch::Tensor matrix = (Affine(k, unit) - summand).t();
      means.push_back(matrix.slice(1, 0, maps));
      deviations.push_back(matrix.slice(1, maps));
      summands.push_back(summand.flatten());
    }
    const auto floats = [](const std::vector<torch::Tensor>& parts) {
      return torch::cat(parts).to(torch::kFloat).contiguous();
    };
    const auto kernels = [&](const std::vector<torch::Tensor>& parts) {
      return floats(parts).unsqueeze(2).unsqueeze(3);
    };
    made_["capsules.means.weight"] = kernels(means);
    made_["capsules.means.bias"] = floats(summands);
    made_["capsules.deviations.weight"] = kernels(deviations);
    const torch::Tensor routes = tensors_.at(kRoutes);
    made_["routing.weight"] = routes.permute({1, 0, 2, 3}).reshape({-1, routes.size(3)}).contiguous();
    made_["dense.weight"] = torch::full({1, routes.size(2)}, 1.0F / static_cast<float>(routes.size(2)));
    made_["dense.bias"] = torch::zeros({1});
    for (auto it = tensors_.begin(); it != tensors_.end();)
      it = it->first.starts_with("fea_ext.capsules.") || it->first == kRoutes ? tensors_.erase(it)
                                                                              : std::next(it);
    tensors_.insert(made_.begin(), made_.end());
  }

 private:
  static constexpr const char* kRoutes = "routing_stats.route_weights";

  static std::string Name(int capsule, const std::string& layer) {
    return fmt::format("fea_ext.capsules.{}.{}", capsule, layer);
  }
  const torch::Tensor& At(int capsule, const std::string& layer) const {
    return tensors_.at(Name(capsule, layer));
  }

  bool Has(int capsule, const std::string& layer, const std::vector<std::int64_t>& shape) const {
    const auto found = tensors_.find(Name(capsule, layer));
    return found != tensors_.end() && found->second.sizes().vec() == shape;
  }

  bool HasNorm(int capsule, const std::string& layer, std::int64_t channels) const {
    return Has(capsule, layer + ".weight", {channels}) && Has(capsule, layer + ".bias", {channels}) &&
           Has(capsule, layer + ".running_mean", {channels}) &&
           Has(capsule, layer + ".running_var", {channels});
  }

  // Another file is left as it is, and the names tell what does not fit.
  bool Fits() const {
    const auto routes = tensors_.find(kRoutes);
    if (count_ == 0 || routes == tensors_.end() || routes->second.dim() != 4 ||
        routes->second.size(1) != count_)
      return false;
    const auto& first = At(0, "0.weight");
    if (first.dim() != 4 || tensors_.count(Name(0, "3.weight")) == 0 || At(0, "3.weight").dim() != 4)
      return false;
    const std::int64_t wide = first.size(0), narrow = At(0, "3.weight").size(0);
    const std::int64_t numbers = tensors_.count(Name(0, "7.bias")) > 0 ? At(0, "7.bias").numel() : 0;
    if (narrow == 0 || numbers == 0 || (narrow - 1) / 2 + 1 != routes->second.size(3)) return false;
    for (int k = 0; k < count_; ++k) {
      const bool fits =
          Has(k, "0.weight", first.sizes().vec()) && Has(k, "0.bias", {wide}) && HasNorm(k, "1", wide) &&
          Has(k, "3.weight", {narrow, wide, 3, 3}) && Has(k, "3.bias", {narrow}) && HasNorm(k, "4", narrow) &&
          Has(k, "7.weight", {numbers, 2, 5}) && Has(k, "7.bias", {numbers}) && HasNorm(k, "8", numbers) &&
          Has(k, "9.weight", {1, numbers, 3}) && Has(k, "9.bias", {1}) && HasNorm(k, "10", 1);
      if (!fits) return false;
    }
    return true;
  }

  // [n, 2, maps] -> [n, numbers]
  torch::Tensor Affine(int k, const torch::Tensor& x) const {
    const auto number = [&](const std::string& layer) { return At(k, layer).to(torch::kDouble); };
    const auto norm = [&](const torch::Tensor& y, const std::string& layer) {
      return torch::batch_norm(y, number(layer + ".weight"), number(layer + ".bias"),
                               number(layer + ".running_mean"), number(layer + ".running_var"), false, 0,
                               1e-5, false);
    };
    torch::Tensor y = norm(torch::conv1d(x, number("7.weight"), number("7.bias"), 2, 2), "8");
    y = norm(torch::conv1d(y, number("9.weight"), number("9.bias"), 1, 1), "10");
    return y.flatten(1);
  }

  TorchTensors& tensors_;
  TorchTensors made_;
  int count_ = 0;
};

void JoinCapsules(TorchTensors* tensors) { CapsuleJoiner(tensors).Run(); }

// Note [The first convolution of NPR]
//
// Its 3x3 convolution k of stride 2 sees r = 2/3 (x - x at the even places, each doubled in both directions).
// r is a linear function of x in 2x2 squares, and the stride is 2, so the two are one convolution of 4x4 on
// x with the same stride, which begins two places before the middle: each k[a][b] goes to its own place and,
// negative, to the even place of its square. Zeros around x and around r mean the same, where the side is
// even.
void JoinNeighbours(TorchTensors* tensors) {
  const auto found = tensors->find("conv1.weight");
  if (found == tensors->end() || found->second.dim() != 4 || found->second.size(2) != 3 ||
      found->second.size(3) != 3)
    return;
  const torch::Tensor theirs = found->second.to(torch::kDouble) * (2.0 / 3.0);
  const torch::Tensor ours = torch::zeros({theirs.size(0), theirs.size(1), 4, 4}, torch::kDouble);
  const auto at = [&](std::int64_t y, std::int64_t x) { return ours.select(3, x).select(2, y); };
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 3; ++x) {
      const torch::Tensor k = theirs.select(3, x).select(2, y);
      at(y + 1, x + 1).add_(k);
      at((y + 1) / 2 * 2, (x + 1) / 2 * 2).sub_(k);
    }
  }
  found->second = ours.to(torch::kFloat);
}

const PlainTensor* FindEnding(const PlainTensors& tensors, const std::string& end) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const auto& tensor) { return tensor.first.ends_with(end); });
  return found == tensors.end() ? nullptr : &found->second;
}

// Which BNext it is, by the channels of its first convolution and by the number of its blocks.
void ChooseBNext(const PlainTensors& tensors, ModelOptions* options) {
  const PlainTensor* first = FindEnding(tensors, "feature.0.conv1.weight");
  if (first == nullptr || first->shape.empty())
    throw UsageError("--recipe", "the file has no feature.0.conv1.weight, which every BNext has");
  int blocks = 1;
  while (FindEnding(tensors, fmt::format("feature.{}.Attention.move.bias", blocks)) != nullptr) ++blocks;
  const std::int64_t width = first->shape[0];
  const bool deep = blocks > 14, deepest = blocks > 22;
  options->model = deepest ? "bnext_l" : deep ? "bnext_m" : width % 48 == 0 ? "bnext_s" : "bnext_t";
  ModelOptions usual;
  usual.model = options->model;
  const Graph graph = MakeGraph(usual);
  const auto* own = std::find_if(graph.nodes().data(), graph.nodes().data() + graph.nodes().size(),
                                 [](const Node& node) { return node.op == Op::kConv; });
  if (own->conv.channels != width && !options->variant.contains("width")) options->variant["width"] = width;
}

// Of the channels that are computed its file holds their number alone.
void ChooseBinaryDetector(const PlainTensors& tensors, ModelOptions* options) {
  ChooseBNext(tensors, options);
  const PlainTensor* adapter = FindEnding(tensors, "adapter.weight");
  if (adapter == nullptr || options->input_channels != ModelOptions().input_channels) return;
  const std::int64_t seen = adapter->shape.size() == 4 ? adapter->shape[1] : 0;
  if (seen == 5) {
    options->input_channels = "rgb,fft,lbp";  // of the published files
  } else if (seen == 6) {
    options->input_channels = "rgb,gradient,fft,lbp";
  } else {
    throw UsageError("--input-channels",
                     fmt::format("the file's adapter takes {} channels, and nothing tells which", seen),
                     "say it: rgb,fft or rgb,lbp or rgb,gradient");
  }
}

// The filters are of pictures of one size.
void ChooseSizeOfFilters(const PlainTensors& tensors, ModelOptions* options) {
  const PlainTensor* filter = FindEnding(tensors, "FAD_head.filters.0.learnable");
  constexpr std::int64_t kMost = 4096;
  if (options->size == -1 && filter != nullptr && filter->shape.size() == 2 && filter->shape[0] <= kMost)
    options->size = static_cast<int>(filter->shape[0]);
}

constexpr const char* kSignsOfFaces =
    "its authors take the first face that a RetinaFace of ResNet-50 finds, and the whole picture where there "
    "is none";

// What BNext's code keeps and no answer depends on.
const Names kUnusedOfBNext = {"feature\\.0\\.prelu\\.", "feature\\.[0-9]+\\.FFN(_[12])?\\.activation1\\.",
                              "feature\\.[0-9]*[13579]\\.Attention\\.activation1\\.",
                              "feature\\..*\\.binary_activation\\.temperature$"};

DetectorRecipe BinaryDetector() {
  return {.name = "faster-than-lies",
          .detector = "Faster Than Lies (Lanzino et al., CVPR Workshops 2024), BNext",
          .variant = {{"scale", "imagenet"}},
          .size = 224,
          .source = "bnext",
          .rename = {{"^(model|net)\\.", ""}, {"^base_model\\.", ""}},
          .ignore = kUnusedOfBNext,
          .signs = {"((model|net)\\.)?base_model\\.feature\\.0\\.conv1\\.", "((model|net)\\.)?fc\\.weight$"},
          .choose = &ChooseBinaryDetector,
          .fake_is = 0,
          .margin = 0.125,
          .align = "shorter",
          .aggregate = "none: single pictures",
          .band_low = 0.2,
          .band_high = 0.8,
          .notice =
              "Faster Than Lies (fedeloper/binary_deepfake_detection): ask its authors for its licence; "
              "BNext (hpi-xnor): Apache-2.0."};
}

// The same file on faces, as its authors' code does where it is asked to. Only the user knows.
DetectorRecipe OfFaces(DetectorRecipe recipe) {
  recipe.name += "-face";
  recipe.signs.clear();
  recipe.align = "portrait";
  recipe.aggregate = kMeanOfFrames;
  recipe.differs = kSignsOfFaces;
  return recipe;
}

// Of pictures of `size` pixels, cut out of the picture when its shorter side is `shorter`. Their files have
// the same names.
DetectorRecipe CommunityForensics(int size, double shorter) {
  constexpr int kPatch = 16;
  return {.name = fmt::format("communityforensics-{}", size),
          .detector = fmt::format("Community Forensics (Park, Owens, CVPR 2025), ViT-S/16 at {}", size),
          .model = "vit_s16",
          .variant = {{"scale", "imagenet"}},
          .size = size,
          .source = "transformers",
          .rename = {{"^vit\\.", ""}},
          .signs = {"vit\\.blocks\\.0\\.", "vit\\.head\\.weight$"},
          .size_sign = {"vit.pos_embed", 1, (size / kPatch) * (size / kPatch) + 1},
          .margin = shorter / size - 1,
          .align = "shorter",
          .aggregate = "none: single pictures",
          .notice = "Community Forensics (OwensLab): MIT."};
}

// What all rows of DeepfakeBench have: its crops, its mean over frames, its licence.
DetectorRecipe FromDeepfakeBench(DetectorRecipe row) {
  row.align = "similarity";
  row.aggregate = kMeanOfFrames;
  row.differs = kDlib;
  row.notice = kDeepfakeBench;
  return row;
}

std::vector<DetectorRecipe> MakeTable() {
  const nlohmann::json meso = {
      {"bias_free", true}, {"torch_norms", true}, {"shared_norms", true}, {"scale", "half"}};
  nlohmann::json meso_inception = meso;
  meso_inception["plain_branches"] = true;
  return {
      {.name = "sbi",
       .detector = "Self-Blended Images (Shiohara, Yamasaki, CVPR 2022), EfficientNet-B4",
       .model = "efficientnet_b4",
       .variant = {{"tf", true}, {"nominal", 380}, {"scale", "unit"}},
       .size = 380,
       .source = "lukemelas",
       .rename = {{"^net\\.", ""}},
       .signs = {"net\\._conv_stem\\.", "net\\._fc\\."},
       .margin = 0.25,
       .aggregate = "greatest face of each frame, then the mean over frames",
       .differs = "its authors find faces by a RetinaFace of ResNet-50, widen box and all by an eighth on "
                  "each side and "
                  "squeeze the crop to a square",
       .aggregate_as = "frame-max",
       .notice =
           "Self-Blended Images: for non-commercial research only; derivatives belong to its licensor."},
      FromDeepfakeBench({.name = "deepfakebench-xception",
                         .detector = "DeepfakeBench xception, core or fwa",
                         .model = "xception",
                         .variant = {{"scale", "half"}},
                         .size = 256,
                         .source = "timm",
                         .rename = {{"^backbone\\.", ""}},
                         .ignore = {"adjust_channel\\."},
                         .signs = {"backbone\\.adjust_channel\\.", "backbone\\.last_linear\\.weight$"},
                         .unless = {"FAD_head", "map\\.c", "model\\.", "backbone_", "encoder_"},
                         .size_sign = {"backbone.conv1.weight", 1, kColours}}),
      FromDeepfakeBench({.name = "deepfakebench-ffd",
                         .detector = "DeepfakeBench ffd",
                         .model = "xception",
                         .variant = {{"scale", "half"}, {"map", 7}},
                         .size = 256,
                         .source = "timm",
                         .rename = {{"^backbone\\.", ""}},
                         .ignore = {"adjust_channel\\."},
                         .signs = {"map\\.c\\.conv1\\.", "backbone\\.last_linear"},
                         .change = &RepeatMap}),
      FromDeepfakeBench({.name = "deepfakebench-spsl",
                         .detector = "DeepfakeBench spsl",
                         .model = "xception",
                         .variant = {{"scale", "half"}, {"phase", true}},
                         .size = 256,
                         .source = "timm",
                         .rename = {{"^backbone\\.", ""}},
                         .ignore = {"adjust_channel\\."},
                         .signs = {"backbone\\.adjust_channel\\.", "backbone\\.last_linear\\.weight$"},
                         .unless = {"FAD_head", "map\\.c", "model\\.", "backbone_", "encoder_"},
                         .size_sign = {"backbone.conv1.weight", 1, kColours + 1}}),
      FromDeepfakeBench(
          {.name = "deepfakebench-f3net",
           .detector = "DeepfakeBench f3net",
           .model = "xception",
           .variant = {{"scale", "half"}, {"fad", true}},
           .size = 256,
           .source = "timm",
           .rename = {{"^backbone\\.", ""}, {"^FAD_head\\.filters\\.([0-9])\\.learnable$", "fad.$1.weight"}},
           .ignore = {"adjust_channel\\.", "FAD_head\\._DCT_all", "FAD_head\\.filters\\.[0-9]\\.base"},
           .signs = {"FAD_head\\.filters\\.0\\.learnable", "backbone\\.last_linear\\.1\\."},
           .choose = &ChooseSizeOfFilters}),
      FromDeepfakeBench({.name = "deepfakebench-srm",
                         .detector = "DeepfakeBench srm",
                         .model = "srm",
                         .variant = {{"scale", "half"}},
                         .size = 256,
                         .source = "seam",
                         .rename = {{"^backbone_rgb\\.last_linear\\.", "last_linear."},
                                    {"^backbone_rgb\\.", "rgb."},
                                    {"^backbone_srm\\.", "srm."},
                                    {"(gamma[12])$", "$1.weight"}},
                         .ignore = {"rgb\\.adjust_channel\\.", "srm\\.(adjust_channel|last_linear)\\.",
                                    "blur\\.weight$", "srm_(conv[0-9]|sa\\.srm)\\.kernel$"},
                         .signs = {"backbone_srm\\.", "dual_cma0\\."},
                         .change = &RepeatFactors}),
      FromDeepfakeBench({.name = "deepfakebench-recce",
                         .detector = "DeepfakeBench recce",
                         .model = "recce",
                         .variant = {{"scale", "half"}},
                         .size = 256,
                         .source = "seam",
                         .rename = {{"^model\\.encoder\\.", "xception."},
                                    {"^model\\.fc\\.", "last_linear."},
                                    {"^model\\.", ""}},
                         .ignore = {"backbone\\.", "xception\\.fc\\."},
                         .signs = {"model\\.decoder6\\.", "backbone\\.adjust_channel"},
                         .change = &TurnGatesAndSplit}),
      FromDeepfakeBench({.name = "deepfakebench-capsule",
                         .detector = "DeepfakeBench capsule_net",
                         .model = "capsule",
                         .variant = {{"scale", "half"}},
                         .size = 256,
                         .source = "seam",
                         .rename = {{"^vgg_ext\\.vgg_1\\.", "vgg."}},
                         .signs = {"vgg_ext\\.vgg_1", "routing_stats\\."},
                         .change = &JoinCapsules}),
      FromDeepfakeBench({.name = "deepfakebench-ucf",
                         .detector = "DeepfakeBench ucf",
                         .model = "xception",
                         .variant = {{"scale", "half"}, {"ucf", true}},
                         .size = 256,
                         .source = "timm",
                         .rename = {{"^encoder_f\\.last_linear\\.", "unused."},
                                    {"^encoder_f\\.adjust_channel\\.0\\.", "adjust."},
                                    {"^encoder_f\\.adjust_channel\\.1\\.", "adjust_bn."},
                                    {"^encoder_f\\.", ""},
                                    {"^block_sha\\.conv2d\\.", "shared."},
                                    {"^head_sha\\.mlp\\.0\\.", "mlp."},
                                    {"^head_sha\\.mlp\\.2\\.", "last_linear."}},
                         .ignore = {"(unused|encoder_c|con_gan|head_spe|block_spe)\\."},
                         .signs = {"encoder_f\\.conv1\\.", "head_sha\\.mlp\\.0\\."}}),
      FromDeepfakeBench({.name = "deepfakebench-efficientnetb4",
                         .detector = "DeepfakeBench efficientnetb4",
                         .model = "efficientnet_b4",
                         .variant = {{"tf", true}, {"nominal", 380}, {"bare_stem", true}, {"scale", "half"}},
                         .size = 256,
                         .source = "lukemelas",
                         .rename = {{"^backbone\\.", ""}, {"^efficientnet\\.", ""}},
                         .signs = {"backbone\\.efficientnet\\._conv_stem", "backbone\\.last_layer\\."}}),
      FromDeepfakeBench({.name = "deepfakebench-resnet34",
                         .detector = "DeepfakeBench resnet34 (CNN-Aug)",
                         .model = "resnet34",
                         .variant = {{"scale", "half"}},
                         .size = 256,
                         .source = "timm",
                         .rename = {{"^backbone\\.", ""},
                                    {"^resnet\\.0\\.", "conv1."},
                                    {"^resnet\\.1\\.", "bn1."},
                                    {"^resnet\\.4\\.", "layer1."},
                                    {"^resnet\\.5\\.", "layer2."},
                                    {"^resnet\\.6\\.", "layer3."},
                                    {"^resnet\\.7\\.", "layer4."}},
                         .signs = {"backbone\\.resnet\\.0\\.weight", "backbone\\.fc\\."}}),
      FromDeepfakeBench({.name = "deepfakebench-meso4",
                         .detector = "DeepfakeBench meso4",
                         .model = "meso4",
                         .variant = meso,
                         .size = 256,
                         .source = "hongguliu",
                         .rename = {{"^backbone\\.", ""}},
                         .signs = {"backbone\\.conv4\\.weight", "backbone\\.fc2\\."}}),
      FromDeepfakeBench({.name = "deepfakebench-meso4inception",
                         .detector = "DeepfakeBench meso4Inception",
                         .model = "mesoinception4",
                         .variant = meso_inception,
                         .size = 256,
                         .source = "hongguliu",
                         .rename = {{"^backbone\\.", ""}},
                         .signs = {"backbone\\.Incption1_conv1\\."}}),
      {.name = "dfdc-b7",
       .detector = "winner of the DFDC (Seferbekov, 2020), one of its seven EfficientNet-B7",
       .model = "efficientnet_b7",
       .variant = {{"tf", true}, {"scale", "imagenet"}},
       .size = 380,
       .source = "timm",
       .rename = {{"^encoder\\.", ""}},
       .ignore = {"classifier\\."},
       .signs = {"encoder\\.conv_stem\\.", "encoder\\.blocks\\.6\\.", "fc\\.weight$"},
       .margin = 2.0 / 3,
       .aggregate = "mean of the faces above 0.8 or below 0.2 where these are most, then over seven networks",
       .differs =
           "its authors find faces by MTCNN, pad the crop to a square with black, run seven networks in half "
           "precision and join the scores of all faces",
       .aggregate_as = "confident",
       .notice = "DFDC winner (selimsef): MIT."},
      {.name = "polimi-efficientnetb4",
       .detector = "ISPL's EfficientNetB4 (Bonettini et al., ICPR 2020)",
       .model = "efficientnet_b4",
       .variant = {{"tf", true}, {"scale", "imagenet"}},
       .size = 224,
       .source = "lukemelas",
       .rename = {{"^efficientnet\\.", ""}},
       .signs = {"efficientnet\\._conv_stem\\.", "classifier\\.weight$"},
       .unless = {"efficientnet\\.attconv"},
       .margin = 0.4,
       .aggregate = "mean of the frames' logits",
       .differs = kBlazeFace,
       .aggregate_as = "logit-mean",
       .notice = kPolimi,
       .published = {{"c9f3663e2116d3356d056a0ce6453e0fc412a8df68ebd0902f07104d9129a09a",
                      "EfficientNetB4_DFDC"},
                     {"93aaad84946829e793d1a67ed7e0309b535e2f2395acb4f8d16b92c0616ba8d7",
                      "EfficientNetB4_FFPP"}}},
      {.name = "polimi-efficientnetb4st",
       .detector = "ISPL's EfficientNetB4ST (Bonettini et al., ICPR 2020)",
       .model = "efficientnet_b4",
       .variant = {{"tf", true}, {"scale", "imagenet"}},
       .size = 224,
       .source = "lukemelas",
       .rename = {{"^feat_ext\\.efficientnet\\.", ""}},
       .ignore = {"feat_ext\\.classifier\\."},
       .signs = {"feat_ext\\.efficientnet\\._conv_stem", "classifier\\.1\\."},
       .unless = {"feat_ext\\.efficientnet\\.attconv"},
       .margin = 0.4,
       .aggregate = "mean of the frames' logits",
       .differs = kBlazeFace,
       .aggregate_as = "logit-mean",
       .notice = kPolimi,
       .change = &FoldNormOfClassifier,
       .published = {{"86f0a0701b18694dfb5e7837bd09fa8e48a5146c193227edccf59f1b038181c6",
                      "EfficientNetB4ST_DFDC"},
                     {"ccd016668071be5bf5fff68e446d055441739ec7113fb1a6eee998f08396ae92",
                      "EfficientNetB4ST_FFPP"}}},
      {.name = "polimi-autoattb4",
       .detector = "ISPL's EfficientNetAutoAttB4 (Bonettini et al., ICPR 2020)",
       .model = "efficientnet_b4",
       .variant = {{"tf", true}, {"scale", "imagenet"}, {"attention", 10}},
       .size = 224,
       .source = "lukemelas",
       .rename = {{"^efficientnet\\.", ""}},
       .signs = {"efficientnet\\.attconv\\.", "classifier\\.weight$"},
       .margin = 0.4,
       .aggregate = "mean of the frames' logits",
       .differs = kBlazeFace,
       .aggregate_as = "logit-mean",
       .notice = kPolimi,
       .change = &RepeatAttention,
       .published = {{"72ed969b2a395fffe11a0d5bf0a635e7260ba2588c28683630d97ff7153389fc",
                      "EfficientNetAutoAttB4_DFDC"},
                     {"b0c9e9522a7143cf119843e910234be5e30f77dc527b1b427cdffa5ce3bdbc25",
                      "EfficientNetAutoAttB4_FFPP"}}},
      {.name = "polimi-autoattb4st",
       .detector = "ISPL's EfficientNetAutoAttB4ST (Bonettini et al., ICPR 2020)",
       .model = "efficientnet_b4",
       .variant = {{"tf", true}, {"scale", "imagenet"}, {"attention", 10}},
       .size = 224,
       .source = "lukemelas",
       .rename = {{"^feat_ext\\.efficientnet\\.", ""}},
       .ignore = {"feat_ext\\.classifier\\."},
       .signs = {"feat_ext\\.efficientnet\\.attconv", "classifier\\.1\\."},
       .margin = 0.4,
       .aggregate = "mean of the frames' logits",
       .differs = kBlazeFace,
       .aggregate_as = "logit-mean",
       .notice = kPolimi,
       .change = &RepeatAttentionAndFold,
       .published = {{"4df0ef7d2f380a5955affa78c35d0942ac1cd65229510353b252737775515a33",
                      "EfficientNetAutoAttB4ST_DFDC"},
                     {"ddb357503b9b902e1b925c2550415604c4252b9b9ecafeb7369dc58cc16e9edd",
                      "EfficientNetAutoAttB4ST_FFPP"}}},
      {.name = "polimi-xception",
       .detector = "ISPL's Xception (Bonettini et al., ICPR 2020)",
       .model = "xception",
       .variant = {{"scale", "imagenet"}},
       .size = 224,
       .source = "timm",
       .rename = {{"^xception\\.", ""}},
       .signs = {"xception\\.conv1\\.", "xception\\.last_linear\\."},
       .margin = 0.4,
       .aggregate = "mean of the frames' logits",
       .differs = kBlazeFace,
       .aggregate_as = "logit-mean",
       .notice = kPolimi,
       .published = {{"e826cdb64d73ef491e6b8ff8fce0e1e1b7fc1d8e2715bc51a56280fff17596f9", "Xception_DFDC"},
                     {"bb119e4913cb8f816cd28a03f81f4c603d6351bf8e3f8e3eb99eebc923aecd22", "Xception_FFPP"}}},
      {.name = "faceforensics-xception",
       .detector = "FaceForensics++ Xception (Roessler et al., ICCV 2019)",
       .model = "xception",
       .variant = {{"scale", "half"}},
       .size = 299,
       .source = "timm",
       .rename = {{"^model\\.", ""}},
       .signs = {"model\\.block12\\.", "model\\.last_linear\\."},
       .unless = {"model\\.decoder6"},
       .aggregate = "none: frames by themselves",
       .differs = "its authors find faces by dlib's HOG detector, the first of a frame, and move or shrink "
                  "squares that "
                  "reach over the frame",
       .notice = "FaceForensics++ (ondyari): code under MIT; the data set's terms ask for research use."},
      {.name = "cnndetection",
       .detector = "CNNDetection (Wang et al., CVPR 2020), ResNet-50",
       .model = "resnet50",
       .variant = {{"scale", "imagenet"}},
       .size = 224,
       .source = "timm",
       .signs = {"layer4\\.2\\.conv3\\.", "fc\\.weight$"},
       .size_sign = {"fc.weight", 0, 1},
       .margin = 0,
       .align = "tiles",
       .tiles = "logit-mean",
       .aggregate = "none: single pictures",
       .differs = kWhole,
       .notice = "CNNDetection: CC BY-NC-SA 4.0, not for commercial use."},
      {.name = "corvi2023",
       .detector = "Corvi2023 (GRIP, Corvi et al., ICASSP 2023), ResNet-50",
       .model = "resnet50",
       .variant = {{"scale", "imagenet"}, {"stem_stride", 1}, {"pool_stride", 1}},
       .size = 224,
       .source = "timm",
       .signs = {"layer4\\.2\\.conv3\\.", "fc\\.weight$"},
       .size_sign = {"fc.weight", 0, 1},
       .margin = 0,
       .align = "tiles",
       .tiles = "logit-mean",
       .aggregate = "none: single pictures",
       .differs = kWhole,
       .notice = "Corvi2023 (GRIP): Apache-2.0."},
      {.name = "npr",
       .detector = "NPR (Tan et al., CVPR 2024), the first half of a ResNet-50",
       .model = "resnet50",
       .variant = {{"scale", "imagenet"}, {"stem_kernel", 4}, {"stages", 2}},
       .size = 256,
       .source = "timm",
       .rename = {{"^fc1\\.", "fc."}},
       .signs = {"layer2\\.3\\.", "fc1\\.weight$"},
       .unless = {"layer3\\."},
       .margin = 0,
       .align = "square",
       .aggregate = "none: single pictures",
       .notice = "NPR: no licence was found; ask its authors.",
       .change = &JoinNeighbours},
      BinaryDetector(),
      OfFaces(BinaryDetector()),
      {.name = "bnext",
       .detector = "BNext (Guo et al., 2022), of ImageNet: to be trained",
       .source = "bnext",
       .ignore = kUnusedOfBNext,
       .signs = {"feature\\.0\\.conv1\\.", "feature\\.1\\.Attention\\.move\\.bias"},
       .unless = {"(model\\.|net\\.)?base_model"},
       .choose = &ChooseBNext,
       .notice = "BNext (hpi-xnor): Apache-2.0."},
      FromDeepfakeBench(
          {.name = "deepfakebench-clip",
           .detector = "DeepfakeBench clip (CLIP ViT-B/16)",
           .model = "vit_b16",
           .variant = {{"flavour", "clip"}, {"scale", "half"}},
           .size = 224,
           .source = "transformers",
           .rename = {{"^backbone\\.", ""}},
           .ignore = {"embeddings\\.position_ids"},
           .signs = {"backbone\\.encoder\\.layers\\.0\\.self_attn\\.q_proj\\.weight$", "head\\.weight$"}}),
      {.name = "effort",
       .detector = "Effort (Yan et al., ICML 2025), CLIP ViT-L/14",
       .model = "vit_l14",
       .variant = {{"flavour", "clip"}, {"scale", "clip"}},
       .size = 224,
       .source = "transformers",
       .rename = {{"^backbone\\.", ""}},
       .ignore = {".*\\.(S_r|U_r|V_r)$", ".*position_ids$"},
       .signs = {"backbone\\.encoder\\.layers\\.0\\.self_attn\\.q_proj\\.weight_main", "head\\.weight$"},
       .align = "similarity",
       .aggregate = kMeanOfFrames,
       .differs = kDlib,
       .notice = "Effort: CC BY-NC 4.0, not for commercial use."},
      {.name = "universalfakedetect",
       .detector = "UniversalFakeDetect (Ojha et al., CVPR 2023), CLIP ViT-L/14",
       .model = "vit_l14",
       .variant = {{"flavour", "clip"}, {"scale", "clip"}},
       .size = 224,
       .source = "transformers",
       // CLIP's other half has names without `visual.` or `vision_model.`, some of which are the same.
       .rename = {{"^(model\\.)?(visual|vision_model)\\.", "vision."},
                  {"^visual_projection\\.", "vision.visual_projection."},
                  {"^fc\\.", "head."}},
       .ignore = {"(model\\.)?(transformer|token_embedding|ln_final|logit_scale|positional_embedding|text_"
                  "projection|text_model|input_resolution|context_length|vocab_size)",
                  ".*position_ids$"},
       .signs = {"(model\\.)?visual\\.transformer\\.", "fc\\.weight$"},
       .margin = 0,
       .align = "centre",
       .aggregate = "none: single pictures",
       .notice = "UniversalFakeDetect: MIT; CLIP: MIT.",
       .head_alone = true},
      {.name = "gend-clip",
       .detector = "GenD (Yermakov et al., WACV 2026), CLIP ViT-L/14",
       .model = "vit_l14",
       .variant = {{"flavour", "clip"}, {"scale", "clip"}, {"unit", true}},
       .size = 224,
       .source = "transformers",
       .rename = {{"^feature_extractor\\.vision_model\\.", ""}, {"^model\\.linear\\.", "head."}},
       .ignore = {"feature_extractor\\.visual_projection\\.", ".*position_ids$"},
       .signs = {"feature_extractor\\.vision_model\\.", "model\\.linear\\."},
       .align = "similarity",
       .aggregate = kMeanOfFrames,
       .differs = kGendFaces,
       .notice = "GenD: code MIT; CLIP: MIT. The weights name no licence of their own."},
      {.name = "gend-pe",
       .detector = "GenD (Yermakov et al., WACV 2026), Perception Encoder L/14",
       .model = "vit_l14",
       .variant = {{"flavour", "pe"}, {"scale", "half"}, {"unit", true}},
       .size = 224,
       .source = "transformers",
       .rename = {{"^feature_extractor\\.backbone\\.", ""}, {"^model\\.linear\\.", "head."}},
       .signs = {"feature_extractor\\.backbone\\.attn_pool\\.", "model\\.linear\\."},
       .align = "similarity",
       .aggregate = kMeanOfFrames,
       .differs = kGendFaces,
       .notice = "GenD: code MIT; Perception Encoder: Apache-2.0. The weights name no licence of their own."},
      {.name = "gend-dinov3",
       .detector = "GenD (Yermakov et al., WACV 2026), DINOv3 ViT-L/16",
       .model = "vit_l16",
       .variant = {{"flavour", "dinov3"}, {"scale", "imagenet"}, {"unit", true}},
       .size = 224,
       .source = "transformers",
       .rename = {{"^feature_extractor\\.backbone\\.", ""}, {"^model\\.linear\\.", "head."}},
       .ignore = {".*mask_token$", ".*inv_freq$"},
       .signs = {"feature_extractor\\.backbone\\.embeddings\\.register_tokens", "model\\.linear\\."},
       .align = "similarity",
       .aggregate = kMeanOfFrames,
       .differs = kGendFaces,
       .notice = "GenD: code MIT; DINOv3: Meta's own licence. The weights name no licence of their own."},
      CommunityForensics(384, 440),
      CommunityForensics(224, 256),
      {.name = "huggingface-vit",
       .detector = "an image classifier of Hugging Face, ViT (dima806's, prithivMLmods' and others)",
       .model = "vit_b16",
       .variant = {{"flavour", "google"}, {"scale", "half"}},
       .source = "transformers",
       .rename = {{"^vit\\.", ""}, {"^classifier\\.", "head."}},
       .ignore = {"pooler\\."},
       .signs = {"vit\\.encoder\\.layer\\.0\\.", "classifier\\.weight$"},
       .margin = 0,
       .align = "square",
       .aggregate = "none: single pictures",
       .differs = kClassifierOfPictures,
       .notice = "a classifier of Hugging Face: its card tells the licence.",
       .has_config = true},
      {.name = "huggingface-siglip",
       .detector = "an image classifier of Hugging Face, SigLIP or SigLIP 2 (prithivMLmods' and others)",
       .model = "vit_b16",
       .variant = {{"flavour", "siglip"}, {"scale", "half"}},
       .source = "transformers",
       .rename = {{"^vision_model\\.head\\.", "unused."},
                  {"^vision_model\\.", ""},
                  {"^classifier\\.", "head."}},
       .ignore = {"unused\\.", ".*position_ids$"},
       .signs = {"vision_model\\.encoder\\.layers\\.0\\.", "classifier\\.weight$"},
       .margin = 0,
       .align = "square",
       .aggregate = "none: single pictures",
       .differs = kClassifierOfPictures,
       .notice = "a classifier of Hugging Face: its card tells the licence.",
       .has_config = true},
  };
}

std::string Unwrapped(const std::string& name) {
  static const std::regex wrappers(kWrappers);
  return std::regex_replace(name, wrappers, "", std::regex_constants::format_first_only);
}

// The first of the names that the pattern fits at its begin, or "".
std::string FirstFit(const std::string& pattern, const Names& names) {
  const std::regex expression("^" + pattern);
  const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return std::regex_search(name, expression);
  });
  return found == names.end() ? "" : *found;
}

bool HasSize(const DetectorRecipe& recipe, const PlainTensors& tensors) {
  const DetectorRecipe::SizeSign& sign = recipe.size_sign;
  return sign.name.empty() || std::all_of(tensors.begin(), tensors.end(), [&](const auto& tensor) {
           return Unwrapped(tensor.first) != sign.name ||
                  (tensor.second.shape.size() > sign.side && tensor.second.shape[sign.side] == sign.is);
         });
}

}  // namespace

std::optional<PlainTensors> WithoutSharedPrefix(const PlainTensors& tensors) {
  if (tensors.empty()) return std::nullopt;
  const std::string first = Unwrapped(tensors.begin()->first);
  const std::string prefix = first.substr(0, first.find('.') + 1);
  PlainTensors rest;
  for (const auto& [name, tensor] : tensors) {
    const std::string plain = Unwrapped(name);
    if (prefix.empty() || !plain.starts_with(prefix)) return std::nullopt;
    rest[plain.substr(prefix.size())] = tensor;
  }
  return rest;
}

bool IsClassifierAlone(const PlainTensors& tensors) {
  const auto weight = tensors.find("weight"), bias = tensors.find("bias");
  return tensors.size() == 2 && weight != tensors.end() && bias != tensors.end() &&
         weight->second.shape.size() == 2 && weight->second.shape[0] == 1;
}

PlainTensors WithBackbone(const PlainTensors& classifier, const PlainTensors& backbone) {
  PlainTensors all;
  for (const auto& [name, tensor] : backbone) {
    // timm's name of CLIP's projection.
    const bool projection = name == "head.weight" && tensor.shape.size() == 2;
    all.emplace(projection ? "visual_projection.weight" : name, tensor);
  }
  for (const auto& [name, tensor] : classifier) all.insert_or_assign("fc." + name, tensor);
  return all;
}

const std::vector<DetectorRecipe>& DetectorRecipes() {
  static const std::vector<DetectorRecipe> table = MakeTable();
  return table;
}

std::vector<std::string> RecipeNames() {
  Names names;
  for (const auto& recipe : DetectorRecipes()) names.push_back(recipe.name);
  return names;
}

const DetectorRecipe& FindRecipe(const std::string& name) {
  for (const auto& recipe : DetectorRecipes()) {
    if (recipe.name == name) return recipe;
  }
  throw UsageError("--recipe", Shown(name) + " is no recipe");
}

std::vector<Recognised> RecogniseDetector(const PlainTensors& tensors) {
  Names names;
  for (const auto& [name, tensor] : tensors) names.push_back(Unwrapped(name));
  std::vector<Recognised> all;
  for (const auto& recipe : DetectorRecipes()) {
    Recognised found{&recipe, {}};
    for (const auto& sign : recipe.signs) {
      if (std::string fit = FirstFit(sign, names); !fit.empty()) found.because.push_back(std::move(fit));
    }
    if (recipe.head_alone && IsClassifierAlone(tensors)) {
      all.push_back({&recipe, {"weight", "bias alone"}});
      continue;
    }
    if (recipe.signs.empty() || found.because.size() < recipe.signs.size()) continue;
    const bool other = std::any_of(recipe.unless.begin(), recipe.unless.end(),
                                   [&](const auto& sign) { return !FirstFit(sign, names).empty(); });
    if (!other && HasSize(recipe, tensors)) all.push_back(std::move(found));
  }
  return all;
}

PlainTensors ApplyRecipe(const DetectorRecipe& recipe, const PlainTensors& tensors, std::size_t* ignored) {
  std::vector<std::pair<std::regex, std::string>> rename;
  for (const auto& [pattern, replacement] : recipe.rename) rename.emplace_back(pattern, replacement);
  std::vector<std::regex> ignore;
  for (const auto& pattern : recipe.ignore) ignore.emplace_back("^" + pattern);
  PlainTensors result;
  *ignored = 0;
  for (const auto& [given, tensor] : tensors) {
    std::string name = Unwrapped(given);
    for (const auto& [pattern, replacement] : rename) {
      name = std::regex_replace(name, pattern, replacement, std::regex_constants::format_first_only);
    }
    const bool left_out = std::any_of(ignore.begin(), ignore.end(), [&](const std::regex& pattern) {
      return std::regex_search(name, pattern);
    });
    if (left_out) {
      ++*ignored;
    } else {
      result.emplace(name, tensor);
    }
  }
  if (recipe.change == nullptr) return result;
  TorchTensors changed = ToTorch(result);
  recipe.change(&changed);
  result.clear();
  for (const auto& [name, tensor] : changed) result.emplace(name, ToPlain(tensor));
  return result;
}

}  // namespace seam
