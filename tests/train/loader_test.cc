#include "train/classifier/loader.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LoaderTest : public testing::Test {
 protected:
  // A dataset of small pictures.
  const ClipDataset& Make(MadeDataset made) {
    made.size = std::min(made.size, 32);
    MakeDataset(folder_.path(), made);
    dataset_ = std::make_unique<ClipDataset>(folder_.path(), "train");
    return *dataset_;
  }

  static LoaderOptions Batches(int batch) {
    LoaderOptions options;
    options.batch = batch;
    return options;
  }

  TemporaryFolder folder_;
  std::unique_ptr<ClipDataset> dataset_;
};

std::vector<std::size_t> Indices(const EpochPlan& plan) {
  std::vector<std::size_t> indices;
  for (const auto& sample : plan.samples) indices.push_back(sample.index);
  return indices;
}

TEST_F(LoaderTest, EpochShowsEveryClipOnceInAnotherOrder) {
  const auto& dataset = Make({.train = 50});
  const auto first = Indices(PlanTraining(dataset, Batches(8), 1, 1));
  const auto second = Indices(PlanTraining(dataset, Batches(8), 1, 2));
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  for (const auto& indices : {first, second}) {
    EXPECT_EQ(indices.size(), 50);
    EXPECT_EQ(std::set(indices.begin(), indices.end()).size(), 50);
  }
}

TEST_F(LoaderTest, PlanIsAFunctionOfSeedAndEpoch) {
  const auto& dataset = Make({.train = 50});
  EXPECT_EQ(PlanTraining(dataset, Batches(8), 1, 3).samples, PlanTraining(dataset, Batches(8), 1, 3).samples);
  EXPECT_NE(PlanTraining(dataset, Batches(8), 1, 3).samples, PlanTraining(dataset, Batches(8), 2, 3).samples);
}

TEST_F(LoaderTest, HalfOfTheClipsAreMirroredUnlessSwitchedOff) {
  const auto& dataset = Make({.train = 200});
  auto options = Batches(8);
  options.augment.recipe = "flip";
  const auto flipped = [&] {
    const auto plan = PlanTraining(dataset, options, 1, 1);
    return std::count_if(plan.samples.begin(), plan.samples.end(),
                         [&](const auto& s) { return !plan.DrawAugmentation(s).steps.empty(); });
  };
  EXPECT_GT(flipped(), 70);
  EXPECT_LT(flipped(), 130);
  options.augment.recipe = "none";
  EXPECT_EQ(flipped(), 0);
}

TEST_F(LoaderTest, BalanceShowsBothClassesEquallyOften) {
  MadeDataset made{.train = 20};
  made.change = [](const std::string&, int number, Clip* clip) { clip->set_label(number < 3 ? REAL : FAKE); };
  const auto& dataset = Make(made);
  auto options = Batches(8);
  options.balance = "class";
  std::map<std::size_t, int> shown;
  for (const std::size_t index : Indices(PlanTraining(dataset, options, 1, 1))) ++shown[index];
  EXPECT_EQ(shown.size(), 20);
  int real = 0;
  for (const auto& [index, count] : shown) {
    if (dataset.label(index) == 1)
      EXPECT_EQ(count, 1);
    else
      real += count;
  }
  EXPECT_EQ(real, 17);
  EXPECT_GE(shown[0], 5);
}

// The samples' indices of each batch of one process.
std::vector<std::vector<std::size_t>> ListOwn(const EpochPlan& plan) {
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t number = 0; number < plan.batches; ++number) {
    batches.emplace_back();
    const auto own = plan.Own(number);
    for (std::size_t i = own.begin; i < own.end; ++i) batches.back().push_back(plan.samples[i].index);
  }
  return batches;
}

TEST_F(LoaderTest, SharesOfTheProcessesMakeTheBatchesOfOne) {
  const auto& dataset = Make({.train = 33});
  const auto plan = PlanTraining(dataset, Batches(16), 1, 1);
  const auto whole = ListOwn(plan);
  for (const int world : {1, 2, 3, 16}) {
    std::vector<std::vector<std::size_t>> joined(plan.batches);
    for (int rank = 0; rank < world; ++rank) {
      const auto own = ListOwn(TakeShare(plan, rank, world));
      for (std::size_t number = 0; number < plan.batches; ++number) {
        joined[number].insert(joined[number].end(), own[number].begin(), own[number].end());
        EXPECT_LE(own[number].size() * static_cast<std::size_t>(world), whole[number].size() + world - 1);
      }
    }
    EXPECT_EQ(joined, whole) << world;
  }
}

TEST_F(LoaderTest, ShareOfABatchHasThePicturesOfTheWholeAndKnowsItsSize) {
  const auto& dataset = Make({.train = 11});
  const auto plan = PlanTraining(dataset, Batches(16), 1, 1);
  const auto whole = BatchLoader(dataset, plan, 2).Next();
  const auto first = BatchLoader(dataset, TakeShare(plan, 0, 2), 2).Next();
  const auto second = BatchLoader(dataset, TakeShare(plan, 1, 2), 2).Next();
  EXPECT_EQ(first->clips.size(0), 5);
  EXPECT_EQ(first->planned, 11);
  EXPECT_EQ(second->planned, 11);
  EXPECT_TRUE(torch::equal(torch::cat({first->clips, second->clips}), whole->clips));
  EXPECT_TRUE(torch::equal(torch::cat({first->labels, second->labels}), whole->labels));
}

TEST_F(LoaderTest, BatchesDifferInSizeByOneAtMost) {
  const auto& dataset = Make({.train = 33});
  BatchLoader loader(dataset, PlanTraining(dataset, Batches(16), 1, 1), 2);
  std::vector<std::int64_t> sizes;
  while (const auto batch = loader.Next()) sizes.push_back(batch->clips.size(0));
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{11, 11, 11}));
}

TEST_F(LoaderTest, BatchesAreTheSameForAnyNumberOfWorkers) {
  const auto& dataset = Make({.train = 30, .frames = 2});
  const auto plan = PlanTraining(dataset, Batches(7), 5, 1);
  BatchLoader one(dataset, plan, 1), four(dataset, plan, 4);
  std::size_t position = 0;
  while (const auto batch = one.Next()) {
    const auto other = four.Next();
    ASSERT_TRUE(other);
    EXPECT_TRUE(torch::equal(batch->clips, other->clips));
    EXPECT_TRUE(torch::equal(batch->labels, other->labels));
    EXPECT_EQ(batch->indices, other->indices);
    for (const std::size_t index : batch->indices) EXPECT_EQ(index, plan.samples[position++].index);
  }
  EXPECT_EQ(position, 30);
  EXPECT_FALSE(four.Next());
}

TEST_F(LoaderTest, LabelsBelongToTheirClips) {
  const auto& dataset = Make({.train = 12});
  BatchLoader loader(dataset, PlanTraining(dataset, Batches(12), 1, 1), 2);
  const auto batch = loader.Next();
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(batch->labels[static_cast<std::int64_t>(i)].item<float>(), dataset.label(batch->indices[i]));
  }
}

TEST_F(LoaderTest, FlipMirrorsEveryFrameOfAClip) {
  for (const std::string encoding : {"jpeg", "png"}) {
    const auto& dataset = Make({.train = 2, .frames = 3, .size = 31, .encoding = encoding});
    EpochPlan plan{.samples = {{0}}, .batches = 1};
    const auto stored = BatchLoader(dataset, plan, 1).Next()->clips;
    AugmentOptions options;
    options.recipe = "none";
    options.own[static_cast<std::size_t>(Augment::kFlip)] = "1";
    plan.augmenter.emplace(options);
    const auto mirrored = BatchLoader(dataset, plan, 1).Next()->clips;
    EXPECT_EQ(stored.sizes(), (std::vector<std::int64_t>{1, 3, 3, 31, 31}));
    EXPECT_FALSE(torch::equal(stored, mirrored));
    EXPECT_TRUE(torch::equal(stored.flip({-1}), mirrored));
  }
}

TEST_F(LoaderTest, PicturesAreRedGreenBlue) {
  for (const std::string encoding : {"jpeg", "png"}) {
    MadeDataset made{.train = 2, .encoding = encoding};
    made.change = [&](const std::string&, int, Clip* clip) {
      clip->mutable_frames(0)->set_image(PlainPicture(32, encoding, 200, 100, 50));
    };
    const auto& dataset = Make(made);
    BatchLoader loader(dataset, PlanInOrder(dataset, Batches(1)), 1);
    const auto means = loader.Next()->clips.to(torch::kFloat).mean({0, 1, 3, 4});
    EXPECT_NEAR(means[0].item<float>(), 200, 2) << encoding;
    EXPECT_NEAR(means[1].item<float>(), 100, 2) << encoding;
    EXPECT_NEAR(means[2].item<float>(), 50, 2) << encoding;
  }
}

// What Next() throws when clip 3 has these bytes for a picture.
std::string ErrorOfPicture(const TemporaryFolder& folder, const std::string& encoding,
                           const std::string& image) {
  MadeDataset made{.train = 6, .size = 32, .encoding = encoding};
  made.change = [&](const std::string&, int number, Clip* clip) {
    if (number == 3) clip->mutable_frames(0)->set_image(image);
  };
  MakeDataset(folder.path(), made);
  const ClipDataset dataset(folder.path(), "train");
  LoaderOptions options;
  options.batch = 2;
  return CatchMessage([&] {
    BatchLoader loader(dataset, PlanInOrder(dataset, options), 2);
    while (loader.Next()) continue;
  });
}

TEST_F(LoaderTest, DamagedPictureNamesRecordVideoAndFrame) {
  for (const std::string encoding : {"jpeg", "png"}) {
    const std::string whole = PlainPicture(32, encoding, 1, 2, 3);
    for (const std::string& image :
         {std::string("text"), std::string(), whole.substr(0, whole.size() * 2 / 3)}) {
      EXPECT_THAT(ErrorOfPicture(folder_, encoding, image),
                  AllOf(HasSubstr("train-00000-of-00001.tfrecord: record 3"),
                        HasSubstr("frame 0 of fake/train-0003.mp4")))
          << encoding << ", " << image.size() << " bytes";
    }
  }
}

TEST_F(LoaderTest, PictureOfAnotherSizeIsAnError) {
  for (const std::string encoding : {"jpeg", "png"}) {
    EXPECT_THAT(ErrorOfPicture(folder_, encoding, PlainPicture(64, encoding, 1, 2, 3)),
                HasSubstr("the picture is 64x64, but its CropSpec says 32x32"));
  }
}

TEST_F(LoaderTest, PictureOfAnotherEncodingIsAnError) {
  EXPECT_THAT(ErrorOfPicture(folder_, "png", PlainPicture(32, "jpeg", 1, 2, 3)),
              HasSubstr("not a PNG picture"));
  EXPECT_THAT(ErrorOfPicture(folder_, "jpeg", PlainPicture(32, "png", 1, 2, 3)),
              HasSubstr("not a JPEG picture"));
  EXPECT_THAT(CatchMessage([&] { ErrorOfPicture(folder_, "bmp", PlainPicture(32, "jpeg", 1, 2, 3)); }),
              HasSubstr("record 0: has pictures encoded as 'bmp'; jpeg and png are known"));
}

TEST_F(LoaderTest, RecordDamagedAfterOpeningReachesTheConsumer) {
  const auto& dataset = Make({.train = 20});
  const auto shard = FindShards(folder_.path(), "train").front();
  Damage(shard, std::filesystem::file_size(shard) / 2);
  BatchLoader loader(dataset, PlanInOrder(dataset, Batches(4)), 2);
  EXPECT_THAT(CatchMessage([&] {
                while (loader.Next()) continue;
              }),
              AllOf(HasSubstr(shard.string()), HasSubstr("at byte ")));
  EXPECT_FALSE(loader.Next());
}

class BadPictureTest : public LoaderTest {
 protected:
  // Ten clips, of which some have no picture.
  ClipDataset WithBad(const std::set<int>& bad) const {
    MadeDataset made{.train = 10, .size = 32, .encoding = "png"};
    made.change = [&](const std::string&, int number, Clip* clip) {
      if (bad.count(number) > 0) clip->mutable_frames(0)->set_image("no picture");
    };
    MakeDataset(folder_.path(), made);
    return ClipDataset({{folder_.path()}}, "train", ClipDataset::kLenient);
  }

  // All clips that a plan shows, in order.
  static std::pair<torch::Tensor, std::vector<std::size_t>> All(const ClipDataset& dataset, EpochPlan plan,
                                                                int workers) {
    std::vector<torch::Tensor> clips;
    std::vector<std::size_t> indices;
    BatchLoader loader(dataset, std::move(plan), workers);
    while (const auto batch = loader.Next()) {
      EXPECT_EQ(batch->clips.size(0), static_cast<std::int64_t>(batch->indices.size()));
      EXPECT_EQ(batch->labels.size(0), batch->clips.size(0));
      clips.push_back(batch->clips);
      indices.insert(indices.end(), batch->indices.begin(), batch->indices.end());
    }
    return {torch::cat(clips), indices};
  }
};

TEST_F(BadPictureTest, TheBatchGoesOnWithTheOthersForAnyNumberOfWorkers) {
  const auto dataset = WithBad({4});
  const auto plan = PlanInOrder(dataset, Batches(5));
  testing::internal::CaptureStderr();
  const auto [clips, indices] = All(dataset, plan, 1);
  const auto [again, same] = All(dataset, plan, 4);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(indices, (std::vector<std::size_t>{0, 1, 2, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(indices, same);
  EXPECT_TRUE(torch::equal(clips, again));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said,
              HasSubstr("record 4: frame 0 of real/train-0004.mp4: not a PNG picture; the clip is left out"));
  EXPECT_EQ(dataset.bad_pictures(), 1);
  const auto whole = WithBad({});
  const auto good = BatchLoader(whole, PlanInOrder(whole, Batches(10)), 1).Next()->clips;
  EXPECT_TRUE(torch::equal(clips[3], good[3]));
  EXPECT_TRUE(torch::equal(clips[4], good[5]));
}

TEST_F(BadPictureTest, BatchWithNoneLeftIsPassedOverButOfferedToEachOfSeveralProcesses) {
  const auto dataset = WithBad({2, 3});
  const auto plan = PlanInOrder(dataset, Batches(2));
  EXPECT_EQ(All(dataset, plan, 1).second.size(), 8);
  BatchLoader loader(dataset, TakeShare(plan, 0, 2), 1);
  std::vector<std::int64_t> sizes;
  while (const auto batch = loader.Next()) {
    sizes.push_back(batch->clips.size(0));
    EXPECT_EQ(batch->planned, 2);
  }
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{1, 0, 1, 1, 1}));
}

TEST_F(BadPictureTest, XraysStayWithTheirClips) {
  const auto dataset = WithBad({1});
  auto plan = PlanInOrder(dataset, Batches(5));
  EXPECT_FALSE(BatchLoader(dataset, plan, 1).Next()->xray.defined());
  plan.xray_side = 3;
  const auto batch = BatchLoader(dataset, plan, 2).Next();
  ASSERT_EQ(batch->xray.sizes(), torch::IntArrayRef({4, plan.frames, 3, 3}));
  for (std::int64_t i = 0; i < 4; ++i) {  // a stored fake's is unknown, -1, a real one's 0
    const auto wanted = torch::full({plan.frames, 3, 3}, -batch->labels[i].item<float>());
    EXPECT_TRUE(torch::equal(batch->xray[i], wanted)) << i;
  }
}

TEST_F(BadPictureTest, NoneLeftAtAllIsAnError) {
  const auto dataset = WithBad({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  BatchLoader loader(dataset, PlanInOrder(dataset, Batches(4)), 2);
  EXPECT_THAT(CatchMessage([&] { loader.Next(); }),
              HasSubstr("not one of the 10 clips of 'train' can be decoded"));
}

TEST_F(BadPictureTest, RecordDamagedAfterOpeningIsLeftOut) {
  const auto dataset = WithBad({});
  const auto shard = FindShards(folder_.path(), "train").front();
  Damage(shard, std::filesystem::file_size(shard) / 2);
  EXPECT_EQ(All(dataset, PlanInOrder(dataset, Batches(4)), 2).second.size(), 9);
  EXPECT_EQ(dataset.bad_pictures(), 1);
}

TEST_F(LoaderTest, MayBeLeftEarly) {
  const auto& dataset = Make({.train = 40});
  for (int taken = 0; taken < 20; ++taken) {
    BatchLoader loader(dataset, PlanInOrder(dataset, Batches(2)), 2);
    for (int i = 0; i < taken; ++i) EXPECT_TRUE(loader.Next());
  }
}

TEST(WindowTest, TrainingWindowsBeginAnywhereAndValidationsInTheMiddle) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 40, .val = 2, .frames = 7, .size = 32});
  const ClipDataset dataset(folder.path(), "train");
  std::set<int> starts;
  for (const auto& sample : PlanTraining(dataset, {.batch = 8}, 1, 1, 5).samples) starts.insert(sample.first);
  EXPECT_EQ(starts, (std::set<int>{0, 1, 2}));
  for (const auto& sample : PlanInOrder(dataset, {.batch = 8}, 5).samples) EXPECT_EQ(sample.first, 1);
}

TEST(WindowTest, ImageNetworkIsShownAnotherFrameOfAClipInAnotherEpoch) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 10, .val = 2, .frames = 3, .size = 32});
  const ClipDataset dataset(folder.path(), "train");
  std::set<std::pair<std::size_t, int>> shown;
  for (std::uint64_t epoch = 1; epoch <= 30; ++epoch) {
    const auto plan = PlanTraining(dataset, {.batch = 8}, 1, epoch, 1);
    EXPECT_EQ(plan.samples.size(), 10);
    for (const auto& sample : plan.samples) shown.emplace(sample.index, sample.first);
  }
  EXPECT_EQ(shown.size(), 30);
  const auto batch = BatchLoader(dataset, PlanTraining(dataset, {.batch = 8}, 1, 1, 1), 1).Next();
  EXPECT_EQ(batch->clips.sizes(), torch::IntArrayRef({5, 1, 3, 32, 32}));
}

TEST(WindowTest, WholeClipsMakeBatchesOfSoManyFrames) {
  const TemporaryFolder folder;
  MakeDataset(folder.path(), {.train = 10, .val = 2, .frames = 3, .size = 32});
  const ClipDataset dataset(folder.path(), "train");
  EXPECT_EQ(PlanInOrder(dataset, {.batch = 6}).batches, 5);
  EXPECT_EQ(PlanInOrder(dataset, {.batch = 1}).batches, 10);
}

TEST(WindowTest, HoldsTheClipsFramesFromItsStartOn) {
  const TemporaryFolder folder;
  MadeDataset made{.train = 2, .val = 2, .frames = 4, .size = 16, .encoding = "png"};
  made.change = [](const std::string&, int, Clip* clip) {
    for (int t = 0; t < 4; ++t) clip->mutable_frames(t)->set_image(PlainPicture(16, "png", 10 * t, 0, 0));
  };
  MakeDataset(folder.path(), made);
  const ClipDataset dataset(folder.path(), "train");
  BatchLoader loader(dataset, PlanInOrder(dataset, {.batch = 2}, 2), 1);
  const auto batch = loader.Next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->clips.sizes(), torch::IntArrayRef({2, 2, 3, 16, 16}));
  EXPECT_EQ(batch->clips[0][0][0][0][0].item<int>(), 10);
  EXPECT_EQ(batch->clips[0][1][0][0][0].item<int>(), 20);
}

}  // namespace
}  // namespace seam
