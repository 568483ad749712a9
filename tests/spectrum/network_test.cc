#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/dnn.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "models/networks/compiled_model.h"
#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "models/zoo/frequency.h"
#include "spectrum/experiments/experiment.h"
#include "spectrum/network_classifier.h"
#include "spectrum/spectrum_model.h"
#include "spectrum/torch/feature_task.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

// sin(0.7 i + p): the fixtures' README.
double Wave(std::int64_t i, std::size_t p) {
  return std::sin(0.7 * static_cast<double>(i) + static_cast<double>(p));
}

// In the order of its numbers in the file.
torch::Tensor Filled(const std::vector<std::int64_t>& shape,
                     const std::function<double(std::int64_t)>& value) {
  torch::Tensor tensor = torch::empty(shape, torch::kDouble);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<double>()[i] = value(i);
  return tensor;
}

// Keras' kernels as LibTorch has them: [kh, kw, in, out] -> [out, in, kh, kw]; [in, out] -> [out, in], where
// `before` is the map that was flattened, whose numbers Keras counts by rows, columns, channels.
torch::Tensor FromKeras(const torch::Tensor& kernel, const Shape& before) {
  if (kernel.dim() == 4) return kernel.permute({3, 2, 0, 1}).contiguous();
  const torch::Tensor turned = kernel.t().contiguous();
  if (before.is_vector()) return turned;
  return turned.view({-1, before.height, before.width, before.channels}).permute({0, 3, 1, 2}).flatten(1);
}

// The map that the dense layer `node` takes, before it was flattened.
Shape BeforeFlatten(const Graph& graph, int node) {
  const Node& input = graph[graph[node].inputs.at(0)];
  return input.op == Op::kFlatten ? graph[input.inputs[0]].shape : input.shape;
}

// The fixture's filling of tensors in Keras' layout.
void FillAsKeras(const nlohmann::json& tensors, Model* model) {
  const torch::NoGradGuard no_grad;
  const auto specs = ListWeights(model->graph());
  ASSERT_EQ(specs.size(), tensors.size());
  auto weights = ListWeights(*model);
  for (std::size_t p = 0; p < specs.size(); ++p) {
    const std::string name = tensors[p][0];
    const auto shape = tensors[p][1].get<std::vector<std::int64_t>>();
    double scale = 0.1, shift = 0;
    if (name.ends_with("kernel")) {
      std::int64_t fan = 1;
      for (std::size_t axis = 0; axis + 1 < shape.size(); ++axis) fan *= shape[axis];
      scale = std::sqrt(3.0 / static_cast<double>(fan));
    } else if (name.ends_with("gamma")) {
      shift = 1;
    } else if (name.ends_with("moving_variance")) {
      shift = 1;
      scale = 0.25;
    }
    torch::Tensor tensor = Filled(shape, [&](std::int64_t i) { return shift + scale * Wave(i, p); });
    if (tensor.dim() > 1) tensor = FromKeras(tensor, BeforeFlatten(model->graph(), specs[p].node));
    ASSERT_EQ(tensor.sizes().vec(), specs[p].shape) << name;
    weights.at(specs[p].name).copy_(tensor);
  }
}

std::map<std::string, std::vector<float>> Floats(const Model& model) {
  std::map<std::string, std::vector<float>> weights;
  for (const auto& [name, tensor] : ListWeights(model)) {
    const torch::Tensor numbers = tensor.detach().to(torch::kFloat).contiguous();
    weights[name].assign(numbers.data_ptr<float>(), numbers.data_ptr<float>() + numbers.numel());
  }
  return weights;
}

// log(share of k / share of 0), as logits tell it: of one logit, it is that of class 1.
std::vector<double> Ratios(const std::vector<double>& logits) {
  if (logits.size() == 1) return logits;
  std::vector<double> ratios;
  for (std::size_t k = 1; k < logits.size(); ++k) ratios.push_back(logits[k] - logits[0]);
  return ratios;
}

void ExpectFastFormAnswers(const Model& model, const std::vector<double>& row,
                           const std::vector<double>& logits) {
  const auto shares = MakeNetworkClassifier(model.options(), Floats(model), "test")->Probabilities(row);
  const std::vector<double> wanted = Ratios(logits);
  for (std::size_t k = 0; k < wanted.size(); ++k)
    EXPECT_NEAR(std::log(shares[k + 1] / shares[0]), wanted[k], 1e-4 * std::max(1.0, std::abs(wanted[k])));
}

TEST(FrequencyNetworkTest, NetworksOfTheDctAnalysisAnswerAsPublished) {
  SEAM_NEEDS_SHARED("fixtures/frequency/classifiers_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/classifiers_001.json").string());
  int tested = 0;
  for (const auto& expected : golden["models"]) {
    const std::string name = expected["model"];
    if (name == "log") continue;
    const int side = expected["size"], channels = expected["channels"], outputs = expected["classes"];
    SCOPED_TRACE(name + " " + std::to_string(outputs));
    const ModelOptions options = FrequencyOptions(name, side, side, channels, outputs == 1 ? 2 : outputs);
    Model model(options, MakeGraph(options), Model::kUnset);
    EXPECT_EQ(CountParameters(model), expected["parameters_total"].get<std::int64_t>());
    EXPECT_EQ(CountTrainable(model), expected["parameters_trainable"].get<std::int64_t>());
    model.to(torch::kDouble);
    model.eval();
    FillAsKeras(expected["tensors"], &model);
    std::vector<double> row;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        for (int c = 0; c < channels; ++c) row.push_back(std::sin(0.05 * x + 0.07 * y + 1.3 * c));
      }
    }
    const torch::NoGradGuard no_grad;
    const torch::Tensor maps =
        torch::tensor(row, torch::kDouble).view({1, side, side, channels}).permute({0, 3, 1, 2});
    const torch::Tensor logits = model.Run(maps, model.graph().answer());
    const auto wanted = expected["logits"].get<std::vector<double>>();
    for (std::size_t k = 0; k < wanted.size(); ++k)
      EXPECT_NEAR(logits[0][static_cast<std::int64_t>(k)].item<double>(), wanted[k], 1e-10);
    ExpectFastFormAnswers(model, row, wanted);
    ++tested;
  }
  EXPECT_GE(tested, 6);
}

TEST(FrequencyNetworkTest, TheFrequencySolversNetworkAnswersAsPublished) {
  SEAM_NEEDS_SHARED("fixtures/frequency/deepfreq_000.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/deepfreq_000.json").string());
  const ModelOptions options = FrequencyOptions("deepfreq", 300, 1, 1, 2);
  Model model(options, MakeGraph(options), Model::kUnset);
  EXPECT_EQ(CountParameters(model), golden["parameters"].get<std::int64_t>());
  model.to(torch::kDouble);
  model.eval();
  const torch::NoGradGuard no_grad;
  const auto specs = ListWeights(model.graph());
  ASSERT_EQ(specs.size(), golden["tensors"].size());
  auto weights = ListWeights(model);
  for (std::size_t p = 0; p < specs.size(); ++p) {
    const auto shape = golden["tensors"][p][1].get<std::vector<std::int64_t>>();
    const double scale = shape.size() == 2 ? std::sqrt(3.0 / static_cast<double>(shape[1])) : 0.1;
    weights.at(specs[p].name).copy_(Filled(shape, [&](std::int64_t i) {
      return (p % 3 == 2 ? 0.25 : 0) + scale * Wave(i, p);
    }));
  }
  for (std::size_t q = 0; q < 3; ++q) {
    std::vector<double> row;
    for (int i = 0; i < 300; ++i) row.push_back(1 - 0.5 * i / 300 + 0.3 * Wave(i, q));
    const auto wanted = golden["logits"][q].get<std::vector<double>>();
    const torch::Tensor logits =
        model.Run(torch::tensor(row, torch::kDouble).view({1, 1, 300, 1}), model.graph().answer());
    for (std::int64_t k = 0; k < 2; ++k)
      EXPECT_NEAR(logits[0][k].item<double>(), wanted[static_cast<std::size_t>(k)], 1e-12);
    ExpectFastFormAnswers(model, row, wanted);
  }
}

// As rows of the zoo they take pictures, and compile as any other network.
TEST(FrequencyNetworkTest, GreyNetworksOfPicturesSeeTheirLuma) {
  torch::manual_seed(3);
  ModelOptions options;
  options.model = "cnn";
  options.size = 32;
  options.variant["grey"] = true;
  Model model(options, MakeGraph(options));
  model.eval();
  const torch::NoGradGuard no_grad;
  const torch::Tensor colour = torch::randint(0, 256, {1, 1, 3, 32, 32}).to(torch::kFloat);
  const torch::Tensor luma = torch::tensor({0.299F, 0.587F, 0.114F}).view({1, 1, 3, 1, 1});
  const torch::Tensor grey = (colour * luma).sum(2, true).expand_as(colour);
  const double logit = model.forward(colour).item<double>();
  EXPECT_NEAR(model.forward(grey).item<double>(), logit, 1e-4);
  EXPECT_GT(std::abs(model.forward(colour.flip(2)).item<double>() - logit), 1e-4);
  const auto compiled = CompileForCpu(Fold(model.graph(), Floats(model)), GetInput(model.graph()), {});
  const torch::Tensor bytes = colour[0].permute({0, 2, 3, 1}).to(torch::kByte).contiguous();
  EXPECT_NEAR(compiled->Logits(bytes.data_ptr<std::uint8_t>(), 1).at(0), logit, 1e-4);
  EXPECT_THAT(CatchMessage([&] { compiled->Answers(nullptr, 1); }), HasSubstr("not features"));
}

// Maps of noise; a class has one coefficient more than the others.
FeatureSet Maps(int classes, int rows, std::vector<std::int64_t> shape, int first = 0) {
  FeatureSet set;
  set.shape = std::move(shape);
  const std::size_t width = set.width();
  for (int i = 0; i < rows; ++i) {
    const int label = i % classes;
    for (std::size_t k = 0; k < width; ++k) {
      const double noise =
          std::sin(12.9898 * static_cast<double>((first + i) * 31 + static_cast<int>(k) * 7));
      set.values.push_back(0.5 * noise + (k % 8 == static_cast<std::size_t>(label) ? 2 : 0));
    }
    set.labels.push_back(label);
  }
  for (int c = 0; c < classes; ++c) set.classes.push_back(std::string(1, static_cast<char>('A' + c)));
  if (classes == 2) set.classes = {"real", "fake"};
  return set;
}

SpectrumModel Learned(const FeatureSet& train, const ClassifierOptions& options,
                      const NetworkTraining& training = {}) {
  return SpectrumModel::Train(train, options, LinkedNetworkTrainer(), training);
}

struct NetworkCase {
  const char* solver;
  std::vector<std::int64_t> shape;
};

class EveryNetwork : public testing::TestWithParam<NetworkCase> {
 protected:
  ClassifierOptions Options() const {
    ClassifierOptions options;
    options.solver = GetParam().solver;
    options.epochs = 40;
    options.early_stopping = 40;
    options.batch = 16;
    options.learning_rate = 3e-3;
    options.l2 = 1e-4;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Networks, EveryNetwork,
                         testing::Values(NetworkCase{"nn", {8, 8, 3}}, NetworkCase{"cnn", {8, 16, 1}},
                                         NetworkCase{"resnet", {16, 16, 1}}, NetworkCase{"deepfreq", {24}}),
                         [](const auto& each) { return std::string(each.param.solver); });

TEST_P(EveryNetwork, TellsTwoClassesAndSeveralAndComesBackFromItsFile) {
  const TemporaryFolder folder;
  for (const int classes : {2, 3}) {
    ClassifierOptions options = Options();
    const bool dear = options.solver == "resnet";
    if (dear) options.epochs = 1;
    const FeatureSet train = Maps(classes, 60, GetParam().shape),
                     test = Maps(classes, 30, GetParam().shape, 999);
    const SpectrumModel model = Learned(train, options);
    if (!dear) {
      EXPECT_GE(TestModel(model, test).right, 27) << classes;
    }
    model.Save(folder / "m.safetensors", {});
    const SpectrumModel again = SpectrumModel::Load(folder / "m.safetensors");
    for (std::size_t i = 0; i < test.rows(); ++i)
      EXPECT_EQ(model.Probabilities(test.row(i)), again.Probabilities(test.row(i)));
  }
}

TEST_P(EveryNetwork, OfARunThatWasResumedIsThatOfAWholeOne) {
  const TemporaryFolder folder;
  ClassifierOptions options = Options();
  options.epochs = 1;
  const FeatureSet train = Maps(2, 40, GetParam().shape);
  NetworkTraining training;
  training.run = (folder / "run").string();
  training.threads = 1;
  Learned(train, options, training);
  options.epochs = 2;
  training.resume = true;
  const SpectrumModel resumed = Learned(train, options, training);
  EXPECT_THAT(ReadFile(folder / "run/metrics.csv"), HasSubstr("val_accuracy"));
  training = {};
  training.threads = 1;
  const SpectrumModel whole = Learned(train, options, training);
  for (std::size_t i = 0; i < train.rows(); ++i)
    EXPECT_EQ(resumed.Probabilities(train.row(i)), whole.Probabilities(train.row(i)));
}

TEST(FrequencyNetworkTest, TheBestEpochIsThatOfTheValidationRows) {
  const FeatureSet train = Maps(2, 40, {8, 8, 1});
  // What is right in training is wrong here: the sooner training ends the better.
  FeatureSet val = Maps(2, 40, {8, 8, 1});
  for (int& label : val.labels) label = 1 - label;
  ClassifierOptions options;
  options.solver = "cnn";
  options.learning_rate = 0.01;
  options.epochs = 30;
  options.early_stopping = 2;
  const TemporaryFolder folder;
  NetworkTraining training;
  training.val = &val;
  training.run = (folder / "run").string();
  Learned(train, options, training);
  const std::string metrics = ReadFile(folder / "run/metrics.csv");
  EXPECT_LT(std::count(metrics.begin(), metrics.end(), '\n'), 20) << metrics;
}

TEST(FrequencyNetworkTest, MapsAreAskedForWhereANetworkNeedsThem) {
  ClassifierOptions options;
  options.solver = "cnn";
  EXPECT_THAT(CatchMessage([&] { Learned(Maps(2, 20, {24}), options); }), HasSubstr("takes maps"));
  EXPECT_THAT(CatchMessage([&] {
                SpectrumModel::Train(Maps(2, 20, {8, 8, 1}), options);
              }),
              HasSubstr("LibTorch"));
}

TEST(FrequencyNetworkTest, ProgramsTrainTestAndClassifyByANetwork) {
  const TemporaryFolder folder;
  for (const char* name : {"A", "B", "C"}) {
    std::filesystem::create_directories(folder / "set" / name);
    for (int i = 0; i < 10; ++i)
      cv::imwrite((folder / "set" / name / (std::to_string(i) + ".png")).string(),
                  SourcePicture(32, 32, name[0] - 'A', i));
  }
  const std::string set = Quoted((folder / "set").string()),
                    model = Quoted((folder / "m.safetensors").string());
  const auto trained = RunCommand("seam spectrum train " + set +
                                  " --whole --feature dct --grey --solver cnn --batch 8 --epochs 40 "
                                  "--early-stopping 40 --output " +
                                  model);
  EXPECT_EQ(trained.status, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("epoch 1/40"));
  const auto tested = RunCommand("seam spectrum test " + set + " --model " + model);
  EXPECT_THAT(tested.out, HasSubstr("of 30 pictures"));
  EXPECT_THAT(tested.out, HasSubstr("as C"));
  const auto shares = RunCommand("seam spectrum classify " + set + " --model " + model);
  EXPECT_THAT(shares.out, HasSubstr("of the pictures are from class C"));

  // Another program gives the same shares of belief, of features as they are in their file.
  const auto exported =
      RunCommand("seam models export " + model + " --output " + Quoted((folder / "m.onnx").string()));
  ASSERT_EQ(exported.status, 0) << exported.err;
  MakeOptions make;
  make.feature.kind = "dct";
  make.feature.grey = make.whole = true;
  const FeatureSet one = FeaturesAt({(folder / "set/C/3.png").string()}, make, false);
  const std::vector<float> row(one.values.begin(), one.values.end());
  auto net = cv::dnn::readNetFromONNX((folder / "m.onnx").string());
  net.setInput(cv::Mat(std::vector<int>{1, 32, 32, 1}, CV_32F, const_cast<float*>(row.data())));
  const cv::Mat score = net.forward("score");
  const auto expected = SpectrumModel::Load(folder / "m.safetensors").Probabilities(one.row(0));
  ASSERT_EQ(score.total(), 3U);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(score.at<float>(0, c), expected[static_cast<std::size_t>(c)], 1e-4);
}

TEST(FrequencyNetworkTest, OnnxFilesOfOtherClassifiersAreRefusedWithAHint) {
  const TemporaryFolder folder;
  ClassifierOptions options;
  options.solver = "ridge";
  SpectrumModel::Train(Maps(2, 20, {24}), options).Save(folder / "ridge.safetensors", {});
  const auto result = RunCommand("seam models export " + Quoted((folder / "ridge.safetensors").string()) +
                                 " --output " + Quoted((folder / "a.onnx").string()));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("networks alone"));
  EXPECT_THAT(result.err, HasSubstr("seam spectrum test"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.onnx"));
}

TEST(FrequencyNetworkTest, RowsOfOnePictureAreNotBothLearnedFromAndHeldOut) {
  FeatureSet set = Maps(2, 40, {24});
  // Four rows of each of ten pictures.
  for (std::size_t i = 0; i < set.rows(); ++i) set.paths.push_back(std::to_string(i / 4) + ".png");
  ClassifierOptions options;
  options.solver = "deepfreq";
  const FeatureTask task(set, nullptr, FrequencyOptions("deepfreq", 24, 1, 1, 2), options);
  const auto& held = task.val_rows();
  EXPECT_EQ(held.size(), 8U);
  std::map<std::string, int> rows;
  for (const std::size_t i : held) ++rows[set.paths[i]];
  for (const auto& [path, count] : rows) EXPECT_EQ(count, 4) << path;
}

}  // namespace
}  // namespace seam
