#include "models/zoo/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "models/zoo/bnext.h"
#include "models/zoo/capsule.h"
#include "models/zoo/efficientnet.h"
#include "models/zoo/frequency.h"
#include "models/zoo/meso.h"
#include "models/zoo/mobilenet.h"
#include "models/zoo/recce.h"
#include "models/zoo/resnet.h"
#include "models/zoo/srm.h"
#include "models/zoo/temporal.h"
#include "models/zoo/vit.h"
#include "models/zoo/xception.h"

namespace seam {

const std::vector<ModelEntry>& ModelRegistry() {
  static const std::string mesonet =
      "Afchar et al., MesoNet: a Compact Facial Video Forgery Detection Network, WIFS 2018, arXiv:1809.00888";
  static const std::string efficientnet =
      "Tan, Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, "
      "arXiv:1905.11946";
  static const std::string xception =
      "Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017, arXiv:1610.02357";
  static const std::string resnet =
      "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385";
  static const std::string mobilenet =
      "Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, arXiv:1801.04381";
  static const std::string frequency =
      "Frank et al., Leveraging Frequency Analysis for Deep Fake Image Recognition, ICML 2020, "
      "arXiv:2003.08685";
  static const std::string deepfreq =
      "the network of the frequency solver, after Durall et al., Unmasking DeepFakes with simple Features, "
      "arXiv:1911.00686";
  static const std::string bnext =
      "Guo et al., Join the High Accuracy Club on ImageNet with A Binary Neural Network Ticket, "
      "arXiv:2211.12933";
  static const std::string vit =
      "Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, "
      "ICLR 2021, arXiv:2010.11929";
  static const std::string srm =
      "Luo et al., Generalizing Face Forgery Detection with High-frequency Features, CVPR 2021, "
      "arXiv:2103.12376";
  static const std::string recce =
      "Cao et al., End-to-End Reconstruction-Classification Learning for Face Forgery Detection, CVPR 2022";
  static const std::string capsule =
      "Nguyen et al., Use of a Capsule Network to Detect Fake Images and Videos, arXiv:1910.12467";
  static const std::vector<ModelEntry> registry = {
      {"meso4", mesonet, 256, &Meso4Backbone, &MesoClassifier},
      {"mesoinception4", mesonet, 256, &MesoInception4Backbone, &MesoClassifier},
      {"efficientnet_b0", efficientnet, 224, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b1", efficientnet, 240, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b2", efficientnet, 288, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b3", efficientnet, 300, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b4", efficientnet, 380, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b5", efficientnet, 456, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b6", efficientnet, 528, &EfficientNetBackbone, &EfficientNetClassifier},
      {"efficientnet_b7", efficientnet, 600, &EfficientNetBackbone, &EfficientNetClassifier},
      {"xception", xception, 299, &XceptionBackbone, &XceptionClassifier},
      {"xception_light", xception, 299, &XceptionBackbone, &XceptionClassifier},
      {"xception_midway", xception, 299, &XceptionBackbone, &XceptionClassifier},
      {"resnet18", resnet, 224, &ResNetBackbone, &ResNetClassifier},
      {"resnet34", resnet, 224, &ResNetBackbone, &ResNetClassifier},
      {"resnet50", resnet, 224, &ResNetBackbone, &ResNetClassifier},
      {"mobilenet_v2", mobilenet, 224, &MobileNetBackbone, &MobileNetClassifier},
      {"nn", frequency, 128, &FrequencyBackbone, &FrequencyClassifier},
      {"cnn", frequency, 128, &FrequencyBackbone, &FrequencyClassifier},
      {"resnet", frequency, 128, &FrequencyBackbone, &FrequencyClassifier},
      {"deepfreq", deepfreq, 128, &FrequencyBackbone, &FrequencyClassifier},
      {"bnext_t", bnext, 224, &BNextBackbone, &BNextClassifier},
      {"bnext_s", bnext, 224, &BNextBackbone, &BNextClassifier},
      {"bnext_m", bnext, 224, &BNextBackbone, &BNextClassifier},
      {"bnext_l", bnext, 224, &BNextBackbone, &BNextClassifier},
      {"srm", srm, 256, &SrmBackbone, &XceptionClassifier},
      {"recce", recce, 256, &RecceBackbone, &XceptionClassifier},
      {"capsule", capsule, 256, &CapsuleBackbone, &CapsuleClassifier},
      {"vit_s14", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_s16", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_s32", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_b14", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_b16", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_b32", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_l14", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_l16", vit, 224, &VitBackbone, &VitClassifier},
      {"vit_l32", vit, 224, &VitBackbone, &VitClassifier},
  };
  return registry;
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const auto& entry : ModelRegistry()) names.push_back(entry.name);
  return names;
}

const ModelEntry& FindModel(const std::string& name) {
  for (const auto& entry : ModelRegistry()) {
    if (entry.name == name) return entry;
  }
  const std::string near = Nearest(name, ModelNames());
  throw UsageError(
      "model", fmt::format("'{}' is not a network that Seam knows", Printable(name)),
      fmt::format("{}the networks are: {}", near.empty() ? "" : fmt::format("did you mean {}? ", near),
                  fmt::join(ModelNames(), ", ")));
}

namespace {

// The pictures as `options` ask for them, as a network of RGB 0..255 takes them. Channels other than the
// colours come to three by a convolution of 3x3, "adapter", as those of "Faster Than Lies" do.
int AddPictures(Graph* graph, int size, const ModelOptions& options) {
  const int pictures = graph->Input(size);
  const auto channels = ParsePictureChannels(options.input_channels, "input channels");
  if (channels == std::vector{PictureChannel::kRgb}) return pictures;
  constexpr auto kFullWhite = static_cast<float>(kWhite);
  std::vector<int> parts;
  std::vector<PictureChannel> computed;
  const auto compute = [&] {
    if (!computed.empty()) parts.push_back(graph->Channels(pictures, computed));
    computed.clear();
  };
  for (const PictureChannel channel : channels) {
    if (channel == PictureChannel::kRgb) {
      compute();
      parts.push_back(graph->Normalise(pictures, {0, 0, 0}, {kFullWhite, kFullWhite, kFullWhite}));
    } else {
      computed.push_back(channel);
    }
  }
  compute();
  int x = parts.size() == 1 ? parts[0] : graph->Concat(parts);
  x = graph->Conv(x, kAdapter, {.channels = 3, .kernel = 3, .pad_before = 1, .pad_after = 1, .bias = true});
  constexpr float kUnit = 1 / kFullWhite;
  return graph->Normalise(x, {0, 0, 0}, {kUnit, kUnit, kUnit});
}

}  // namespace

Graph MakeGraph(const ModelOptions& options) {
  const ModelEntry& entry = FindModel(options.model);
  Graph graph;
  // Other networks may have an option of that name, as xception does.
  const std::vector<int> map =
      entry.backbone == &FrequencyBackbone ? FindPowerMap(options) : std::vector<int>();
  const int pictures = map.empty()
                           ? AddPictures(&graph, options.size == -1 ? entry.size : options.size, options)
                           : graph.Numbers(map[0], map[1], map[2]);
  const int features = entry.backbone(&graph, pictures, options);
  graph.BeginHead(features);
  entry.classifier(&graph, AddTemporalHead(&graph, features, options.temporal), options);
  return graph;
}

}  // namespace seam
