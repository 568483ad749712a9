#include "models/torch/import.h"

#include <gtest/gtest.h>

#include <torch/script.h>
#include <torch/utils.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/tensors.h"
#include "tests/models/pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

const std::string kFixtures = "fixtures/mesonet/";

ModelOptions GetOptions(const std::string& model) {
  ModelOptions options;
  options.model = model;
  return options;
}

std::shared_ptr<Model> Import(const std::string& model, const std::string& file) {
  const auto match =
      MatchWeights(LoadForeignWeights(SharedPath(kFixtures + file)), GetOptions(model), {}, file);
  EXPECT_EQ(match.differences, std::vector<std::string>{}) << file;
  return MakeMatched(match, file);
}

double Logit(Model& model, const torch::Tensor& picture) {
  const torch::NoGradGuard no_grad;
  return model.forward(picture.unsqueeze(0).unsqueeze(0)).item<double>();
}

constexpr const char* kPictures[] = {"df/df00204.jpg", "df/df01254.jpg", "real/real00240.jpg",
                                     "real/real00772.jpg"};

torch::Tensor Picture(int i) { return ReadJpeg(SharedPath(kFixtures + "test_images/" + kPictures[i])); }

struct KerasGolden {
  const char *model, *file;
  double nearest[4], bilinear[4];  // logits of real
};

// Computed in double precision by another implementation.
constexpr KerasGolden kKeras[] = {
    {"meso4",
     "Meso4_DF",
     {-3.141896, -2.972285, 4.569933, 6.073225},
     {-2.947189, -3.668840, 4.569933, 5.692507}},
    {"meso4",
     "Meso4_F2F",
     {1.594423, 0.580143, 2.002158, 2.997009},
     {1.473751, 0.755489, 2.002158, 2.835630}},
    {"mesoinception4",
     "MesoInception_DF",
     {-3.614733, -6.956027, 21.596173, 45.603136},
     {-4.003703, -7.375216, 21.596173, 33.173992}},
    {"mesoinception4",
     "MesoInception_F2F",
     {6.677891, 12.865614, 17.572889, 4.682644},
     {6.881967, 10.219839, 17.572889, 6.903404}},
};

TEST(ImportTest, TorchScriptIsReadWithoutItsCode) {
  TemporaryFolder folder;
  torch::jit::Module inside("Inside"), module("Net");
  inside.register_parameter("weight", torch::tensor({{1.F, 2.F}, {3.F, 4.F}}), false);
  module.register_module("conv", inside);
  module.register_buffer("mean", torch::tensor({5.F}).to(torch::kHalf));
  std::string code = "def forward(self, x):\n";  // long enough to be compressed
  for (int i = 0; i < 100; ++i) code += "    x = x + self.mean * " + std::to_string(i) + "\n";
  module.define(code + "    return x\n");
  module.save((folder / "net.pt").string());
  const auto tensors = ToTorch(LoadForeignWeights(folder / "net.pt").tensors);
  ASSERT_EQ(tensors.count("conv.weight"), 1U);
  EXPECT_TRUE(tensors.at("conv.weight").equal(torch::tensor({{1.F, 2.F}, {3.F, 4.F}})));
  ASSERT_EQ(tensors.count("mean"), 1U);
  EXPECT_TRUE(tensors.at("mean").to(torch::kFloat).equal(torch::tensor({5.F})));
}

TEST(ImportTest, PublishedKerasWeightsScoreAsKerasDoes) {
  SEAM_NEEDS_SHARED("fixtures/mesonet");
  for (const auto& golden : kKeras) {
    for (const char* form : {"mesonet_keras/h5/", "mesonet_keras/"}) {
      const std::string extension = std::string(form).ends_with("h5/") ? ".h5" : ".json";
      const auto model = Import(golden.model, std::string(form) + golden.file + extension);
      for (int i = 0; i < 4; ++i) {
        const double tolerance = 1e-5 * std::max(10.0, std::abs(golden.nearest[i]));
        EXPECT_NEAR(-Logit(*model, ResizeNearest(Picture(i), 256)), golden.nearest[i], tolerance)
            << golden.file;
        EXPECT_NEAR(-Logit(*model, ResizeBilinear(Picture(i), 256)), golden.bilinear[i], tolerance)
            << golden.file;
      }
    }
  }
}

TEST(ImportTest, CheckpointsOfMaragoriAnswerTheGoldenLogits) {
  SEAM_NEEDS_SHARED("fixtures/mesonet");
  const double first[] = {-3.002665, -3.720770, -2.029192, -3.815264};
  const double last[] = {-2.158979, -0.720501, -0.390520, -2.860425};
  const auto early = Import("meso4", "maragori_meso4/checkpoint-0.json");
  const auto late = Import("meso4", "maragori_meso4/checkpoint-39.pth.tar");
  for (int i = 0; i < 4; ++i) {
    const auto picture = ResizeBilinear(Picture(i), 224);
    EXPECT_NEAR(Logit(*early, picture), first[i], 1e-4);
    EXPECT_NEAR(Logit(*late, picture), last[i], 1e-4);
  }
}

// A picture that the network scales to zeros.
torch::Tensor Zeros(const Model& model) {
  const int size = model.input().size;
  for (const Node& node : model.graph().nodes()) {
    if (node.op != Op::kNormalise) continue;
    return torch::tensor({node.mean[0], node.mean[1], node.mean[2]}).view({3, 1, 1}).expand({3, size, size});
  }
  return torch::zeros({3, size, size});
}

TEST(ImportTest, ZerosBehindTheScalingAnswerTheGoldenLogits) {
  SEAM_NEEDS_SHARED("fixtures/mesonet");
  const auto logit = [](const std::string& file) {
    const auto model = Import("meso4", file);
    return Logit(*model, Zeros(*model));
  };
  EXPECT_NEAR(logit("maragori_meso4/checkpoint-0.json"), 0.915820, 1e-4);
  EXPECT_NEAR(logit("maragori_meso4/checkpoint-39.pth.tar"), -1.716907, 1e-4);
  EXPECT_NEAR(logit("hongguliu_meso4/best.pkl"), -1.108327 - 0.333323, 1e-4);
}

TEST(ImportTest, SharedNormsAndTwoAnswersBecomeOneLogit) {
  SEAM_NEEDS_SHARED("fixtures/mesonet");
  const double answers[4][2] = {
      {-0.606153, 0.365714}, {1.657480, -1.685620}, {-3.149918, 2.324758}, {-0.837696, 0.127261}};
  for (const char* file : {"hongguliu_meso4/best.pkl", "hongguliu_meso4/best.json"}) {
    const auto model = Import("meso4", file);
    for (int i = 0; i < 4; ++i) {
      EXPECT_NEAR(Logit(*model, ResizeBilinear(Picture(i), 256)), answers[i][0] - answers[i][1], 1e-4);
    }
  }
}

TEST(ImportTest, MissingLeftOverAndTransposedWeightsAreNamed) {
  const auto model = MakeModel(GetOptions("meso4"));
  ForeignWeights foreign{"made", {}};
  for (const auto& [name, tensor] : ListWeights(*model)) foreign.tensors[name] = ToPlain(tensor);
  foreign.tensors.erase("conv1.bias");
  foreign.tensors["extra"] = ToPlain(torch::zeros({3}));
  foreign.tensors["dense1.weight"] = ToPlain(torch::zeros({1024, 16}));
  foreign.tensors["norm1.num_batches_tracked"] = ToPlain(torch::zeros({}, torch::kLong));
  const auto match = MatchWeights(foreign, GetOptions("meso4"), {}, "file");
  EXPECT_EQ(match.differences,
            (std::vector<std::string>{
                "'conv1.bias' is missing",
                "'dense1.weight' has the shape [1024, 16] (transposed), where dense1.weight wants [16, 1024]",
                "'extra' [3] is left over"}));
  EXPECT_EQ(match.unset, (std::vector<std::string>{"conv1.bias", "dense1.weight"}));
}

TEST(ImportTest, HalfPrecisionBecomesFloat) {
  const auto model = MakeModel(GetOptions("meso4"));
  ForeignWeights foreign{"made", {}};
  for (const auto& [name, tensor] : ListWeights(*model))
    foreign.tensors[name] = ToPlain(tensor.to(torch::kBFloat16));
  const auto match = MatchWeights(foreign, GetOptions("meso4"), {}, "file");
  EXPECT_TRUE(match.differences.empty());
  EXPECT_EQ(match.weights.at("conv1.weight").scalar_type(), torch::kFloat);
}

TEST(ImportTest, ForeignNetworksAreAnError) {
  EXPECT_EQ(CatchMessage([] {
              MatchWeights({"made", {{"other.layer", ToPlain(torch::zeros({1}))}}}, GetOptions("meso4"), {},
                           "file");
            }),
            "file: none of its 1 weights has a name of meso4; the first is 'other.layer'");
}

}  // namespace
}  // namespace seam
