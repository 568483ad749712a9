#pragma once

#include <string>
#include <vector>

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// Xception (Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017) with the
// names of the usual PyTorch port, "pretrained-models": the first two convolutions have no padding. Pictures
// are scaled to -1..1. `options.model` says which:
//   xception         the published network
//   xception_light   four blocks in its middle instead of eight
//   xception_midway  two channels a group in its depthwise convolutions; the shortcut of every block is a
//                    1x1 convolution with a batch norm
// The last two are those of https://github.com/tobiapoppi/CVCS_project_DeepFake.

// `options.variant`:
//   ucf    the part of UCF (Yan et al., "UCF: Uncovering Common Features for Generalizable Deepfake
//          Detection", ICCV 2023) that works in inference: 1x1 convolutions to ucf_widths (512/256/512: the
//          first, the other three, the hidden layer of the classifier) on the map before the last ReLU;
//          features [B, 256]
//   phase  PictureChannel::kPhase is a fourth channel: SPSL (Liu et al., CVPR 2021)
//   fad    twelve channels, four filtered pictures: the first branch of F3-Net (Qian et al., "Thinking in
//          Frequency: Face Forgery Detection by Mining Frequency-aware Clues", ECCV 2020, section 3.1) with
//          the bands of DeepfakeBench

// -> features [B, 2048].
int XceptionBackbone(Graph* graph, int pictures, const ModelOptions& options);
int XceptionClassifier(Graph* graph, int features, const ModelOptions& options);
// With any number of outputs; published networks have 1000 or 2.
int XceptionClassifier(Graph* graph, int features, const ModelOptions& options, int answers);

// The parts of an Xception, for networks that use them otherwise. Weights' names begin with `prefix`.
class XceptionParts {
 public:
  XceptionParts(Graph* graph, const ModelOptions& options, std::string prefix = "");

  // With norm and ReLU.
  int Conv1(int x);
  int Conv2(int x);
  // Number 1 and on.
  int Block(int x, int number);
  int BlockCount() const { return kEntryBlocks + middle_blocks_ + 1; }
  // The last two convolutions with norms, and the ReLU between them: [B, 2048, ...] before the last ReLU.
  int Exit(int x);

  // A depthwise convolution of 3x3, then one of 1x1.
  int Separable(int x, const std::string& name, int channels);
  // A block's separable convolutions give so many channels, one after the other, each with a norm; the first
  // may stand without the ReLU before it, and the last may be followed by a pooling that halves the side.
  struct BlockSpec {
    std::vector<int> channels;
    bool starts_with_relu = true, halves = false;
  };
  int Block(int x, const std::string& name, const BlockSpec& spec);

  // conv1, conv2, blocks 1, 2, 3 to 11, 12, conv3, conv4.
  const std::vector<int>& widths() const { return widths_; }

 private:
  static constexpr int kEntryBlocks = 3;
  Graph& graph_;
  std::vector<int> widths_;
  int middle_blocks_;
  bool midway_;
  std::string prefix_;
};

}  // namespace seam
