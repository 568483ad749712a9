#include "models/torch/onnx.h"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <opencv2/dnn.hpp>

#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Json = nlohmann::json;

constexpr int kSize = 64;

TemporalOptions Head(const std::string& head, int layers = 1, bool bidirectional = false,
                     const std::string& steps = "last", int projection = 0) {
  TemporalOptions temporal;
  temporal.head = head;
  if (head != "none") temporal.frames = 3;
  if (head != "lstm") return temporal;
  temporal.hidden = 8;
  temporal.layers = layers;
  temporal.bidirectional = bidirectional;
  temporal.steps = steps;
  temporal.projection = projection;
  return temporal;
}

// Waves; for SRM noise, since smooth waves have next to none and rounding would be most of what it sees.
torch::Tensor PicturesFor(const Model& model, int count) {
  const int size = model.input().size;
  if (model.options().model != "srm") return Unscaled(model, Waves(count, size, torch::kFloat));
  torch::manual_seed(7);
  return torch::rand({count, 3, size, size}) * 255;
}

std::shared_ptr<Model> Filled(const ModelOptions& options) {
  auto model = std::make_shared<Model>(options, MakeGraph(options), Model::kUnset);
  // So many that single precision alone stays far below the tolerance.
  const int pictures = 9;
  FillLively(model.get(), PicturesFor(*model, pictures));
  model->eval();
  return model;
}

std::string Exported(const Model& model, int batch = 1) {
  return ToOnnx(model.graph(), ListWeights(model), {{"seam.model", model.options().model}}, {.batch = batch});
}

onnx::ModelProto Parsed(const std::string& bytes) {
  onnx::ModelProto parsed;
  EXPECT_TRUE(parsed.ParseFromString(bytes));
  return parsed;
}

// clips [N, T, 3, S, S] -> logits [N, 1], scores [N, 1].
std::vector<torch::Tensor> ByOpenCv(const std::string& bytes, const torch::Tensor& clips, bool windows) {
  auto net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
  auto input = (windows ? clips : clips.flatten(0, 1)).contiguous();
  std::vector<int> shape(input.sizes().begin(), input.sizes().end());
  net.setInput(cv::Mat(shape, CV_32F, input.data_ptr()));
  std::vector<cv::Mat> outputs;
  net.forward(outputs, std::vector<cv::String>{"logit", "score"});
  std::vector<torch::Tensor> answers;
  for (const cv::Mat& output : outputs) {
    answers.push_back(torch::from_blob(output.data, {output.size[0], output.size[1]}).clone());
  }
  return answers;
}

// Relative to the greatest logit, or to 1: those of made weights may be large.
void ExpectAgreement(const ModelOptions& options, int batch) {
  const torch::NoGradGuard no_grad;
  const auto model = Filled(options);
  const int size = model->input().size, frames = model->input().frames;
  const auto clips = PicturesFor(*model, batch * frames).view({batch, frames, 3, size, size});
  const auto expected = model->forward(clips);
  const std::string bytes = Exported(*model, batch);
  const auto answers = ByOpenCv(bytes, clips, frames > 1);
  ASSERT_EQ(answers[0].sizes(), torch::IntArrayRef({batch, 1}));
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  EXPECT_LT((answers[0].squeeze(1) - expected).abs().max().item<double>(), 1e-4 * scale);
  EXPECT_LT((answers[1].squeeze(1) - torch::sigmoid(expected)).abs().max().item<double>(), 1e-4);
  // The clips differ by more than the tolerance, and so the order of a batch shows.
  if (batch > 1) {
    EXPECT_GT((expected.max() - expected.min()).item<double>(), 3e-4 * scale);
  }

  auto parsed = Parsed(bytes);
  EXPECT_NO_THROW(onnx::checker::check_model(parsed));
  EXPECT_NO_THROW(onnx::shape_inference::InferShapes(parsed, onnx::OpSchemaRegistry::Instance(),
                                                     onnx::ShapeInferenceOptions{true, 1, false}));
}

// OpenCV 4.6 reads Clip in its form before ONNX 11 alone, so that its networks are proved with ReLU.
// ReadOnnx() proves the Clip that stands for ReLU6 (onnx_file_test.cc).
Json VariantForOpenCv(const std::string& model) {
  return model == "mobilenet_v2" ? Json{{"relu", true}} : Json::object();
}

TEST(OnnxTest, OpenCvAnswersAsLibTorchWithSigns) {
  const torch::NoGradGuard no_grad;
  Model model(ModelOptions(), GraphOfSigns(), Model::kUnset);
  const torch::Tensor pictures = Unscaled(model, Waves(9, 16, torch::kFloat));
  FillLively(&model, pictures);
  model.eval();
  const torch::Tensor expected = model.forward(pictures.unsqueeze(1)),
                      found = ByOpenCv(Exported(model, 9), pictures.unsqueeze(1), false)[0].flatten();
  EXPECT_TRUE(torch::allclose(found, expected, 1e-4, 1e-4)) << found << expected;
}

// Of whole numbers, as pictures are. Transforms by products of float32 are right to some 1e-4.
TEST(OnnxTest, ComputedChannelsAreInTheFileAndOpenCvComputesThem) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(6);
  const torch::Tensor pictures = torch::randint(0, 256, {2, 3, 64, 64}, torch::kFloat);
  for (const char* channels : {"rgb,gradient", "grey", "fft,rgb", "dct,rgb", "phase,rgb"}) {
    ModelOptions options = GetOptions("resnet18", 64, {{"width", 8}});
    options.input_channels = channels;
    auto model = std::make_shared<Model>(options, MakeGraph(options), Model::kUnset);
    FillLively(model.get(), pictures);
    model->eval();
    const torch::Tensor expected = model->forward(pictures.unsqueeze(1));
    const torch::Tensor found = ByOpenCv(Exported(*model, 2), pictures.unsqueeze(1), false)[0].flatten();
    EXPECT_TRUE(torch::allclose(found, expected, 2e-3, 2e-3)) << channels << found << expected;
  }
}

TEST(OnnxTest, LocalPatternsMakeAValidFile) {
  ModelOptions options = GetOptions("meso4", 64);
  options.input_channels = "rgb,fft,lbp";
  auto model = onnx::ModelProto(Parsed(Exported(*MakeModel(options))));
  EXPECT_NO_THROW(onnx::checker::check_model(model));
  EXPECT_NO_THROW(onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                                     onnx::ShapeInferenceOptions{true, 1, false}));
}

class EveryModelOnnxTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryModelOnnxTest, OpenCvAnswersAsLibTorchForPictures) {
  ExpectAgreement(GetOptions(GetParam(), 2 * kSize, VariantForOpenCv(GetParam())), 2);
}

TEST_P(EveryModelOnnxTest, OpenCvAnswersAsLibTorchForWindows) {
  ExpectAgreement(GetOptions(GetParam(), kSize, VariantForOpenCv(GetParam()), Head("lstm", 2)), 1);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModelOnnxTest, testing::ValuesIn(SmoothModels()),
                         [](const auto& each) { return each.param; });

TEST(OnnxTest, EveryTemporalHeadAnswersAsInLibTorch) {
  for (const int batch : {1, 3}) {
    for (const auto& temporal :
         {Head("mean"), Head("lstm"), Head("lstm", 5), Head("lstm", 1, true), Head("lstm", 3, true),
          Head("lstm", 2, false, "mean"), Head("lstm", 2, true, "mean"), Head("lstm", 2, true, "last", 12)}) {
      SCOPED_TRACE(testing::Message()
                   << temporal.head << " layers " << temporal.layers << " bidirectional "
                   << temporal.bidirectional << " steps " << temporal.steps << " batch " << batch);
      ExpectAgreement(GetOptions("efficientnet_b0", kSize, Json::object(), temporal), batch);
    }
  }
}

TEST(OnnxTest, EveryVariantAnswersAsInLibTorch) {
  ExpectAgreement(GetOptions("resnet18", kSize, Json{{"width", 12}}), 2);
  ExpectAgreement(GetOptions("mobilenet_v2", kSize, Json{{"relu", true}}), 2);
  ExpectAgreement(GetOptions("mobilenet_v2", kSize, Json{{"tf", true}, {"relu", true}}), 2);
  // At 64 pixels TensorFlow's padding is uneven.
  ExpectAgreement(GetOptions("efficientnet_b0", kSize, Json{{"tf", true}}), 2);
  ExpectAgreement(
      GetOptions("efficientnet_b0", kSize, Json{{"tf", true}, {"classifier", 16}, {"flatten", true}},
                 Head("lstm", 2, false, "last", 16)),
      2);
}

TEST(OnnxTest, WindowOfOneFrameAnswersAsInLibTorch) {
  auto temporal = Head("lstm");
  temporal.frames = 1;
  ExpectAgreement(GetOptions("resnet18", kSize, Json::object(), temporal), 1);
}

TEST(OnnxTest, PicturesOfTheDefaultSizeAnswerAsInLibTorch) {
  ExpectAgreement(GetOptions("meso4"), 1);
  ExpectAgreement(GetOptions("xception"), 1);
}

TEST(OnnxTest, NamesAndShapesAreThoseOfThePage) {
  const auto shape_of = [](const onnx::ValueInfoProto& value) {
    std::vector<std::int64_t> shape;
    for (const auto& dim : value.type().tensor_type().shape().dim()) shape.push_back(dim.dim_value());
    return shape;
  };
  const auto image = Parsed(Exported(*Filled(GetOptions("resnet18", kSize)), 4));
  ASSERT_EQ(image.graph().input_size(), 1);
  EXPECT_EQ(image.graph().input(0).name(), "pictures");
  EXPECT_EQ(shape_of(image.graph().input(0)), (std::vector<std::int64_t>{4, 3, kSize, kSize}));
  ASSERT_EQ(image.graph().output_size(), 2);
  EXPECT_EQ(image.graph().output(0).name(), "logit");
  EXPECT_EQ(image.graph().output(1).name(), "score");
  EXPECT_EQ(shape_of(image.graph().output(1)), (std::vector<std::int64_t>{4, 1}));
  const auto windows =
      Parsed(Exported(*Filled(GetOptions("resnet18", kSize, Json::object(), Head("mean"))), 2));
  EXPECT_EQ(windows.graph().input(0).name(), "clips");
  EXPECT_EQ(shape_of(windows.graph().input(0)), (std::vector<std::int64_t>{2, 3, 3, kSize, kSize}));
}

TEST(OnnxTest, FileCarriesTheMetadata) {
  const auto parsed = Parsed(Exported(*Filled(GetOptions("resnet18", kSize))));
  ASSERT_EQ(parsed.metadata_props_size(), 1);
  EXPECT_EQ(parsed.metadata_props(0).key(), "seam.model");
  EXPECT_EQ(parsed.metadata_props(0).value(), "resnet18");
}

TEST(OnnxTest, WeightsKeepTheirNamesAndNothingIsWrittenTwice) {
  const auto model = Filled(GetOptions("efficientnet_b0", kSize));
  const auto parsed = Parsed(Exported(*model));
  std::set<std::string> names, values;
  for (const auto& weight : parsed.graph().initializer()) {
    EXPECT_TRUE(names.insert(weight.name()).second) << weight.name();
  }
  for (const auto& [name, tensor] : ListWeights(*model)) EXPECT_EQ(names.count(name), 1u) << name;
  for (const auto& node : parsed.graph().node()) {
    EXPECT_NE(node.op_type(), "Identity");
    for (const auto& value : node.output()) EXPECT_TRUE(values.insert(value).second) << value;
  }
}

TEST(OnnxTest, SameNetworkGivesTheSameBytes) {
  const auto model = Filled(GetOptions("resnet18", kSize, Json::object(), Head("lstm")));
  EXPECT_EQ(Exported(*model), Exported(*model));
}

TEST(OnnxTest, MissingWeightIsAnError) {
  const auto model = Filled(GetOptions("resnet18", kSize));
  auto weights = ListWeights(*model);
  weights.erase("fc.bias");
  EXPECT_EQ(CatchMessage([&] { ToOnnx(model->graph(), weights, {}, {}); }),
            "onnx: the weight 'fc.bias' is missing");
}

TEST(OnnxTest, BatchThatMakesNoSenseIsAUsageError) {
  for (const int batch : {0, -1, 5000}) {
    EXPECT_EQ(CatchMessage([&] { OnnxOptions{.batch = batch}.Check(); }),
              "--batch: must be from 1 to 4096, not " + std::to_string(batch));
  }
}

}  // namespace
}  // namespace seam
