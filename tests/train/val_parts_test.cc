#include "train/classifier/val_parts.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/support/support.h"
#include "tests/train/made_dataset.h"
#include "train/data/dataset.h"

namespace seam {
namespace {

std::vector<std::string> Names(const std::vector<ValPart>& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) names.push_back(part.name);
  return names;
}

class ValPartsTest : public testing::Test {
 protected:
  // A dataset of a clip a video, real and fake in turn; the fakes are of `methods` in turn.
  std::filesystem::path Make(const std::string& name, int val, std::vector<std::string> methods) {
    MadeDataset made{.train = 2, .val = val, .size = 32};
    made.change = [=](const std::string&, int number, Clip* clip) {
      clip->set_dataset(name);
      if (clip->label() == FAKE)
        clip->set_method(methods[static_cast<std::size_t>(number / 2) % methods.size()]);
    };
    MakeDataset(folder_ / name, made);
    return folder_ / name;
  }

  TemporaryFolder folder_;
};

TEST_F(ValPartsTest, MethodIsMeasuredAgainstTheReals) {
  const ClipDataset val(Make("ff", 8, {"swap", "puppet"}), "val");
  const auto parts = MeasureParts(val, {0.1, 0.9, 0.2, 0.15, 0.3, 0.8, 0.4, 0.25});  // real, fake, ...
  ASSERT_EQ(Names(parts), (std::vector<std::string>{"puppet", "swap"}));
  EXPECT_EQ(parts[0].real, 4);
  EXPECT_EQ(parts[0].fake, 2);
  EXPECT_DOUBLE_EQ(parts[0].auc_video, 3 / 8.0);
  EXPECT_DOUBLE_EQ(parts[0].auc_frame, 3 / 8.0);
  EXPECT_LE(parts[0].interval.low, 3 / 8.0);
  EXPECT_GE(parts[0].interval.high, 3 / 8.0);
  EXPECT_DOUBLE_EQ(parts[1].auc_video, 1);
}

TEST_F(ValPartsTest, DatasetIsMeasuredOnItsOwnVideos) {
  const ClipDataset val({{Make("a", 4, {""})}, {Make("b", 4, {"x", "y"})}}, "val", ClipDataset::kStrict);
  const auto parts = MeasureParts(val, {0.1, 0.2, 0.1, 0.2, 0.8, 0.9, 0.8, 0.7});
  ASSERT_EQ(Names(parts), (std::vector<std::string>{"a", "b", "b:x", "b:y"}));
  EXPECT_DOUBLE_EQ(parts[0].auc_video, 1);
  EXPECT_DOUBLE_EQ(parts[1].auc_video, 0.5);
  EXPECT_DOUBLE_EQ(parts[2].auc_video, 1);  // the reals of a do not count
  EXPECT_DOUBLE_EQ(parts[3].auc_video, 0);
}

TEST_F(ValPartsTest, OneDatasetOfOneMethodHasNoParts) {
  const ClipDataset val(Make("ff", 4, {"swap"}), "val");
  EXPECT_TRUE(MeasureParts(val, {0.1, 0.9, 0.2, 0.8}).empty());
}

TEST_F(ValPartsTest, PartWithoutAScoreIsLeftOut) {
  const ClipDataset val(Make("ff", 4, {"swap", "puppet"}), "val");
  EXPECT_EQ(Names(MeasureParts(val, {0.1, std::nan(""), 0.2, 0.8})), std::vector<std::string>{"puppet"});
}

}  // namespace
}  // namespace seam
