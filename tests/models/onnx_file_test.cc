#include "models/networks/onnx_file.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/model.h"
#include "models/torch/onnx.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ModelOptions OptionsFor(const std::string& name, int size) {
  ModelOptions options;
  options.model = name;
  options.size = size;
  return options;
}

std::shared_ptr<Model> Fresh(const ModelOptions& options) {
  torch::manual_seed(4);
  auto model = MakeModel(options);
  model->eval();
  return model;
}

std::string Exported(const Model& model) {
  return ToOnnx(model.graph(), ListWeights(model), {}, {.batch = 1});
}

// Those whose steps OnnxFile reads: transformers and detectors of several networks are not among them.
std::vector<std::string> ReadNames() {
  std::vector<std::string> names = SmoothModels();
  std::erase_if(names, [](const std::string& name) {
    return name.starts_with("vit_") || name == "srm" || name == "recce" || name == "capsule";
  });
  return names;
}

class EveryModelOnnxFileTest : public testing::TestWithParam<std::string> {};

// What was written answers as what it was written from.
TEST_P(EveryModelOnnxFileTest, ComesBackFromItsFile) {
  const auto model = Fresh(OptionsFor(GetParam(), 96));
  const OnnxNetwork read = OnnxFile(Exported(*model), "file").Network();
  const auto compiled = Compile(Fold(read.graph, read.weights), GetInput(read.graph), {.device = "cpu"});
  ASSERT_EQ(compiled->outputs()[0].name, "logit");
  torch::manual_seed(9);
  const torch::Tensor clip = torch::randint(0, 256, {1, 1, 96, 96, 3}, torch::kByte);
  const torch::NoGradGuard no_grad;
  const double expected = model->forward(clip.permute({0, 1, 4, 2, 3})).item<double>();
  const auto found = compiled->Outputs(clip.data_ptr<std::uint8_t>(), 1);
  EXPECT_NEAR(found[0].at(0), expected, 1e-4 * std::max(1.0, std::abs(expected)));
  EXPECT_NEAR(found[1].at(0), 1 / (1 + std::exp(-expected)), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModelOnnxFileTest, testing::ValuesIn(ReadNames()),
                         [](const auto& each) { return each.param; });

TEST(OnnxFileTest, SignsComeBackFromTheirFile) {
  torch::manual_seed(2);
  Model model(ModelOptions(), GraphOfSigns());
  model.eval();
  const OnnxNetwork read = OnnxFile(Exported(model), "file").Network();
  const auto compiled = Compile(Fold(read.graph, read.weights), GetInput(read.graph), {.device = "cpu"});
  const torch::Tensor clip = torch::randint(0, 256, {1, 1, 16, 16, 3}, torch::kByte);
  const torch::NoGradGuard no_grad;
  EXPECT_NEAR(compiled->Outputs(clip.data_ptr<std::uint8_t>(), 1)[0].at(0),
              model.forward(clip.permute({0, 1, 4, 2, 3})).item<double>(), 1e-4);
}

// A convolution, upsampled, of pictures [1, 3, 8, 8].
onnx::ModelProto Small() {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  auto* graph = model.mutable_graph();
  auto* input = graph->add_input();
  input->set_name("x");
  auto* type = input->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  for (const int dim : {1, 3, 8, 8}) type->mutable_shape()->add_dim()->set_dim_value(dim);
  auto* weight = graph->add_initializer();
  weight->set_name("w");
  weight->set_data_type(onnx::TensorProto::FLOAT);
  for (const int dim : {2, 3, 1, 1}) weight->add_dims(dim);
  for (int i = 0; i < 6; ++i) weight->add_float_data(static_cast<float>(i));
  auto* scales = graph->add_initializer();
  scales->set_name("scales");
  scales->set_data_type(onnx::TensorProto::FLOAT);
  scales->add_dims(4);
  for (const float scale : {1.0F, 1.0F, 2.0F, 2.0F}) scales->add_float_data(scale);
  auto* conv = graph->add_node();
  conv->set_op_type("Conv");
  conv->add_input("x");
  conv->add_input("w");
  conv->add_output("y");
  auto* resize = graph->add_node();
  resize->set_op_type("Resize");
  for (const char* name : {"y", "", "scales"}) resize->add_input(name);
  resize->add_output("z");
  graph->add_output()->set_name("z");
  return model;
}

OnnxNetwork Read(const onnx::ModelProto& model) {
  return OnnxFile(model.SerializeAsString(), "file").Network();
}

std::string MessageFor(const std::function<void(onnx::ModelProto*)>& change) {
  onnx::ModelProto model = Small();
  change(&model);
  return CatchMessage([&] { Read(model); });
}

TEST(OnnxFileTest, ASizeOfOnesOwnAndInnerValuesCanBeAskedFor) {
  const OnnxFile file(Small().SerializeAsString(), "file");
  const Graph own = file.Network().graph;
  EXPECT_EQ(own[own.answer()].shape, (Shape{2, 16, 16}));
  const Graph asked = file.Network(5, 7, {"y"}).graph;
  EXPECT_EQ(asked[asked.answer()].shape, (Shape{2, 5, 7}));
  EXPECT_EQ(asked.outputs().at(0).name, "y");
  EXPECT_EQ(CatchMessage([&] { file.Network(5, 7, {"nowhere"}); }), "file: has no value 'nowhere'");
}

TEST(OnnxFileTest, ShapesThatTheFileWorksOutAreWorkedOut) {
  onnx::ModelProto model = Small();
  auto* graph = model.mutable_graph();
  const auto add = [&](const char* type, const std::vector<std::string>& inputs, const char* output) {
    auto* node = graph->add_node();
    node->set_op_type(type);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  };
  const auto integers = [&](const char* name, const std::vector<std::int64_t>& values, bool list) {
    auto* tensor = graph->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    if (list) tensor->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor->add_int64_data(value);
  };
  integers("zero", {0}, false);
  integers("rest", {-1}, true);
  integers("axes", {0}, true);
  add("Shape", {"z"}, "shape");
  add("Gather", {"shape", "zero"}, "batch");
  add("Unsqueeze", {"batch", "axes"}, "batches");
  add("Concat", {"batches", "rest"}, "wanted")->add_attribute()->set_name("axis");
  add("Reshape", {"z", "wanted"}, "flat");
  graph->mutable_output(0)->set_name("flat");
  const Graph read = Read(model).graph;
  EXPECT_EQ(read[read.answer()].shape, (Shape{2 * 16 * 16}));
}

TEST(OnnxFileTest, WhatANetworkCannotHoldIsNamed) {
  EXPECT_EQ(MessageFor([](auto* model) { model->mutable_graph()->mutable_node(0)->set_op_type("Einsum"); }),
            "file: Einsum 'y': Seam's networks have no such operator");
  EXPECT_EQ(
      MessageFor([](auto* model) { model->mutable_graph()->mutable_node(0)->set_domain("com.example"); }),
      "file: Conv 'y': Seam's networks have no such operator of 'com.example'");
  EXPECT_EQ(MessageFor([](auto* model) {
              auto* pads = model->mutable_graph()->mutable_node(0)->add_attribute();
              pads->set_name("pads");
              for (const int pad : {1, 0, 1, 0}) pads->add_ints(pad);
            }),
            "file: Conv 'y': its pads [1, 0, 1, 0] differ by axis, which Seam's networks do not have");
  EXPECT_EQ(MessageFor([](auto* model) { model->mutable_opset_import(0)->set_version(99); }),
            "file: has operators of version 99; Seam reads 7 to 21");
  EXPECT_EQ(MessageFor([](auto* model) {
              model->mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
                  onnx::TensorProto::FLOAT16);
            }),
            "file: the network takes no float32");
}

TEST(OnnxFileTest, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(
      MessageFor([](auto* model) { model->mutable_graph()->mutable_initializer(0)->add_float_data(7); }),
      "file: 'w': has the shape [2, 3, 1, 1], but 7 numbers");
  EXPECT_EQ(MessageFor([](auto* model) {
              model->mutable_graph()->mutable_initializer(0)->set_float_data(
                  0, std::numeric_limits<float>::infinity());
            }),
            "file: 'w': has a number that is not finite");
  EXPECT_EQ(MessageFor([](auto* model) {
              for (const int side : {0, 1})
                model->mutable_graph()->mutable_initializer(0)->set_dims(side, std::int64_t{1} << 62);
            }),
            "file: 'w': its shape [4611686018427387904, 4611686018427387904, 1, 1] makes no sense");
  EXPECT_EQ(MessageFor([](auto* model) {
              model->mutable_graph()->mutable_initializer(0)->set_dims(1, 6);
              model->mutable_graph()->mutable_initializer(0)->set_dims(0, 1);
            }),
            "file: 'y.weight' has 6 numbers, not the 3 of [1, 3, 1, 1]");
  EXPECT_EQ(MessageFor([](auto* model) {
              model->mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
            }),
            "file: 'w': its numbers lie in another file, which Seam does not open");
}

// Of a loop, of a value that two nodes make, and of what would fill the memory.
TEST(OnnxFileTest, HostileGraphsAreRefused) {
  EXPECT_EQ(MessageFor([](auto* model) { model->mutable_graph()->mutable_node(0)->set_input(0, "z"); }),
            "file: Conv 'y': needs 'z', which comes after it");
  EXPECT_EQ(MessageFor([](auto* model) { model->mutable_graph()->mutable_node(1)->set_output(0, "y"); }),
            "file: 'y' stands twice");
  EXPECT_EQ(MessageFor([](auto* model) {
              auto* scales = model->mutable_graph()->mutable_initializer(1);
              scales->set_float_data(2, 4096);
              scales->set_float_data(3, 4096);
            }),
            "file: Resize 'z': by [1, 1, 4096, 4096] is not known");
  EXPECT_EQ(MessageFor([](auto* model) {
              auto* graph = model->mutable_graph();
              for (int i = 0; i < 4; ++i) {
                auto* node = graph->add_node();
                *node = graph->node(1);
                node->set_input(0, i == 0 ? "z" : "z" + std::to_string(i - 1));
                node->set_output(0, "z" + std::to_string(i));
              }
              for (int side : {2, 3}) graph->mutable_initializer(1)->set_float_data(side, 64);
              graph->mutable_output(0)->set_name("z3");
            }),
            "file: network: upsample: its result is too large");
  EXPECT_EQ(CatchMessage([] { OnnxFile("no network", "file"); }), "file: is not an ONNX file");
}

TEST(OnnxFileTest, DamagedFilesAreErrorsOrNetworks) {
  const std::string bytes = Small().SerializeAsString();
  const auto survives = [](const std::string& damaged) {
    try {
      OnnxFile(damaged, "file").Network();
    } catch (const Error&) {
    }
  };
  for (std::size_t length = 0; length < bytes.size(); ++length) survives(bytes.substr(0, length));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      survives(damaged);
    }
  }
}

}  // namespace
}  // namespace seam
