#include "models/zoo/ensemble_file.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class EnsembleFileTest : public ::testing::Test {
 protected:
  std::string Told(const std::string& text) {
    return CatchMessage([&] { ParseEnsemble(text, "e"); });
  }

  TemporaryFolder folder_;
  std::filesystem::path a_ = MakeCheckpoint(folder_ / "a.safetensors", TestCheckpoint{.seed = 1});
  std::filesystem::path b_ = MakeCheckpoint(folder_ / "b.safetensors", TestCheckpoint{.seed = 2});
};

TEST_F(EnsembleFileTest, CheckpointsComeBackByteForByte) {
  EnsembleInfo info = ComputeMean({"a", "b"});
  info.bias = 0.125;
  info.calibration = Calibration{2, 0.4, 0.6, 0.3, 0.7, 10, 20};
  WriteEnsemble(folder_ / "e.safetensors", info, {a_, b_});
  EXPECT_TRUE(IsEnsemble(folder_ / "e.safetensors"));
  EXPECT_FALSE(IsEnsemble(a_));
  const EnsembleFile file(folder_ / "e.safetensors");
  EXPECT_EQ(file.info(), info);
  EXPECT_EQ(file.Checkpoint(0), ReadFile(a_));
  EXPECT_EQ(file.Checkpoint(1), ReadFile(b_));
  EXPECT_EQ(LoadNetwork(file.Checkpoint(1), "b").weights, LoadNetwork(b_).weights);
}

TEST_F(EnsembleFileTest, WhoWantsOneNetworkIsToldWhatTheFileIs) {
  WriteEnsemble(folder_ / "e.safetensors", ComputeMean({"a", "b"}), {a_, b_});
  EXPECT_NE(CatchMessage([&] {
              LoadNetwork(folder_ / "e.safetensors");
            }).find("is an ensemble of several networks, where one is wanted"),
            std::string::npos);
}

TEST_F(EnsembleFileTest, OddOnesAreRefused) {
  const auto json = [](const std::string& networks, const std::string& rest = "") {
    return R"({"format": 1, "bias": 0, "threshold": 0.5, "networks": [)" + networks + "]" + rest + "}";
  };
  const std::string a = R"({"name": "a", "weight": 1})", b = R"({"name": "b", "weight": 0.5})";
  EXPECT_EQ(Told(json(a + "," + b)), "");
  EXPECT_EQ(Told(json(a)), "e: an ensemble has two networks or more");
  EXPECT_EQ(Told(json(a + "," + a)), "e: bad ensemble: two networks are called 'a'");
  EXPECT_EQ(Told(json(a + R"(, {"name": "b", "weight": -1})")), "e: bad ensemble: 'b' has the weight -1");
  EXPECT_NE(Told("{}").find("does not say how its networks are fused"), std::string::npos);
  EXPECT_NE(Told(R"({"format": 2, "networks": []})").find("format 2"), std::string::npos);
  EXPECT_EQ(Told(json(a + "," + b, R"(, "calibration": 3)")), "e: bad ensemble: its calibration is none");
}

TEST_F(EnsembleFileTest, ACutFileIsAnError) {
  WriteEnsemble(folder_ / "e.safetensors", ComputeMean({"a", "b"}), {a_, b_});
  const std::string whole = ReadFile(folder_ / "e.safetensors");
  WriteFile(folder_ / "cut.safetensors", whole.substr(0, whole.size() - 10));
  EXPECT_NE(CatchMessage([&] { EnsembleFile(folder_ / "cut.safetensors"); }), "");
  EXPECT_FALSE(IsEnsemble(folder_ / "none.safetensors"));
}

TEST(NetworkNamesTest, EachHasItsOwn) {
  EXPECT_EQ(NetworkNames({"x/best.safetensors", "y/best.safetensors", "a;b=c.pt"}),
            (std::vector<std::string>{"best", "best-2", "a_b_c"}));
}

}  // namespace
}  // namespace seam
