#include "models/zoo/model_options.h"

#include <torch/utils.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ModelOptions Parsed(const std::vector<std::string>& arguments) {
  Options options("seam test", "", "", "");
  ModelOptions model;
  model.Register(&options);
  options.Parse(arguments);
  model.Check();
  return model;
}

std::string CatchError(const std::vector<std::string>& arguments) {
  return CatchMessage([&] { Parsed(arguments); });
}

TEST(ModelOptionsTest, CommandLineDecidesTheNetwork) {
  const auto model = MakeModel(Parsed({"--model=mesoinception4", "--size=64", "--temporal=lstm", "--window=3",
                                       "--lstm-hidden=4", "--variant=bias_free=true,scale=half"}));
  EXPECT_EQ(model->input().size, 64);
  EXPECT_EQ(model->input().frames, 3);
  EXPECT_EQ(ListWeights(*model).count("conv3.bias"), 0u);
  EXPECT_EQ(ListWeights(*model).at("lstm.weight_hh_l0").sizes(), torch::IntArrayRef({16, 4}));
}

TEST(ModelOptionsTest, EqualNetworksHaveEqualTexts) {
  EXPECT_EQ(Parsed({}).ToJson().dump(), R"({"model":"meso4"})");
  EXPECT_EQ(Parsed({"--size=256"}).ToJson(), Parsed({}).ToJson());
  EXPECT_EQ(Parsed({"--variant=bias_free=true,scale=half"}).ToJson(),
            Parsed({"--variant=scale=half,bias_free=true"}).ToJson());
}

TEST(ModelOptionsTest, JsonHoldsEverything) {
  const auto options =
      Parsed({"--size=64", "--dropout=0.25", "--temporal=lstm", "--window=7", "--lstm-hidden=9",
              "--lstm-layers=2", "--lstm-dropout=0.5", "--lstm-bidirectional", "--lstm-steps=mean",
              "--lstm-projection=11", "--variant=bias_free=true"});
  EXPECT_EQ(ModelOptions::FromJson(options.ToJson(), "file").ToJson(), options.ToJson());
  EXPECT_EQ(options.ToJson()["temporal"].size(), 8u);
}

TEST(ModelOptionsTest, OptionThatMakesNoSenseIsNamed) {
  EXPECT_EQ(CatchError({"--size=0"}), "--size: 0 is not 8 to 4096");
  EXPECT_EQ(CatchError({"--dropout=1"}), "--dropout: 1 is not from 0 to below 1");
  EXPECT_EQ(CatchError({"--temporal=lstm", "--window=0"}), "--window: 0 is not 1 to 512");
  EXPECT_EQ(CatchError({"--temporal=lstm", "--lstm-layers=33"}), "--lstm-layers: 33 is not 1 to 32");
  EXPECT_EQ(CatchError({"--temporal=lstm", "--lstm-hidden=0"}), "--lstm-hidden: 0 is not 1 to 8192");
  EXPECT_EQ(CatchError({"--temporal=lstm", "--lstm-projection=-2"}),
            "--lstm-projection: -2 is not 0 to 8192");
  EXPECT_EQ(CatchError({"--temporal=lstm", "--lstm-dropout=-1"}),
            "--lstm-dropout: -1 is not from 0 to below 1");
  EXPECT_EQ(CatchError({"--temporal=gru"}), "--temporal: 'gru' is not a choice");
}

TEST(ModelOptionsTest, OptionsThatWouldDoNothingAreAnError) {
  EXPECT_EQ(CatchError({"--lstm-hidden=64"}), "--lstm-hidden: there is no LSTM");
  EXPECT_EQ(CatchError({"--temporal=mean", "--lstm-bidirectional"}),
            "--lstm-bidirectional: there is no LSTM");
  EXPECT_EQ(CatchError({"--window=8"}), "--window: the network looks at single frames");
  EXPECT_EQ(CatchHint([] { Parsed({"--window=8"}); }), "add --temporal mean or --temporal lstm");
}

TEST(ModelOptionsTest, VariantIsKeysAndValues) {
  EXPECT_EQ(CatchError({"--variant=bias_free"}), "--variant: 'bias_free' is not KEY=VALUE");
  EXPECT_EQ(CatchError({"--variant=a=1,,b=2"}), "--variant: '' is not KEY=VALUE");
  EXPECT_EQ(CatchError({"--variant=scale=half,scale=unit"}), "--variant: 'scale' stands twice");
  EXPECT_EQ(CatchError({"--variant=bias_free=maybe"}), "variant: bias_free=maybe makes no sense for meso4");
}

}  // namespace
}  // namespace seam
