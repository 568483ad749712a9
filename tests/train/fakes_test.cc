#include "train/data/fakes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "tests/support/support.h"
#include "tests/train/made_dataset.h"
#include "tests/train/made_face.h"
#include "train/classifier/training_data.h"
#include "train/data/clip_maker.h"
#include "train/data/epoch_plan.h"

namespace seam {
namespace {

using Kind = EpochPlan::Sample::Kind;
using testing::HasSubstr;

constexpr int kSize = 96;

class FakesTest : public testing::Test {
 protected:
  // Every real clip has landmarks, but for those that `without` names by number.
  void Make(MadeDataset made, const std::set<int>& without = {}) {
    made.size = kSize;
    made.encoding = "png";
    const auto more = made.change;
    made.change = [=](const std::string& split, int number, Clip* clip) {
      for (Frame& frame : *clip->mutable_frames()) {
        const float step = 2 * static_cast<float>(frame.index());
        if (without.count(number) == 0) SetPoints(MadeFace({46 + step, 48}, 60), &frame);
      }
      if (more) more(split, number, clip);
    };
    MakeDataset(folder_.path(), made);
    dataset_ = std::make_unique<ClipDataset>(folder_.path(), "train");
  }

  static LoaderOptions Options(const std::string& fakes, double share = 0.5) {
    LoaderOptions options;
    options.batch = 4;
    options.fakes = {fakes, share};
    options.augment.recipe = "none";
    return options;
  }

  EpochPlan Plan(const LoaderOptions& options, std::uint64_t epoch = 1) const {
    return PlanTraining(*dataset_, options, 1, epoch);
  }

  std::vector<cv::Mat> Pictures(const EpochPlan& plan, std::size_t number) const {
    const auto& sample = plan.samples[number];
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(3 * plan.frames * kSize * kSize));
    EXPECT_EQ(ClipMaker(*dataset_, plan).Make(sample, pixels.data()), "");
    std::vector<cv::Mat> frames;
    for (int i = 0; i < plan.frames; ++i)
      frames.push_back(cv::Mat(kSize, kSize, CV_8UC3, pixels.data() + 3 * i * kSize * kSize).clone());
    return frames;
  }

  DataOptions Data() const {
    DataOptions data;
    data.folders = folder_.path().string();
    return data;
  }

  TemporaryFolder folder_;
  std::unique_ptr<ClipDataset> dataset_;
};

TEST_F(FakesTest, EveryRealClipGivesAPairSideBySide) {
  Make({.train = 20});
  const EpochPlan plan = Plan(Options("sbi"));
  ASSERT_EQ(plan.samples.size(), 20U);
  EXPECT_EQ(plan.unit, 2U);
  std::set<std::size_t> clips;
  for (std::size_t i = 0; i < plan.samples.size(); i += 2) {
    const auto &real = plan.samples[i], &fake = plan.samples[i + 1];
    EXPECT_EQ(dataset_->label(real.index), 0);
    EXPECT_TRUE(clips.insert(real.index).second);
    EXPECT_EQ(real.kind, Kind::kBlendReal);
    EXPECT_EQ(fake.kind, Kind::kBlendFake);
    EXPECT_EQ(FindLabel(*dataset_, real), 0);
    EXPECT_EQ(FindLabel(*dataset_, fake), 1);
    EXPECT_EQ(real.index, fake.index);
    EXPECT_EQ(real.draw, fake.draw);
  }
  for (std::size_t batch = 0; batch < plan.batches; ++batch) EXPECT_EQ(plan.Whole(batch).size() % 2, 0U);
}

TEST_F(FakesTest, PairsAreDrawnAnewInEachEpochAndTheSameAgain) {
  Make({.train = 8, .frames = 3});
  const EpochPlan first = Plan(Options("sbi"), 1), second = Plan(Options("sbi"), 2);
  EXPECT_EQ(first.samples, Plan(Options("sbi"), 1).samples);
  const auto fake_of = [](const EpochPlan& plan, std::size_t index) {
    return static_cast<std::size_t>(
        std::find_if(plan.samples.begin(), plan.samples.end(),
                     [&](const auto& s) { return s.index == index && s.kind == Kind::kBlendFake; }) -
        plan.samples.begin());
  };
  const std::size_t index = first.samples[0].index;
  const auto one = Pictures(first, 1), again = Pictures(first, 1),
             other = Pictures(second, fake_of(second, index));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(cv::norm(one[i], again[i], cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(one[0], other[0], cv::NORM_INF), 0);
}

// Far from the face nothing is blended, so there the augmentation alone could tell them apart.
TEST_F(FakesTest, BothOfAPairGetTheSameAugmentation) {
  Make({.train = 16, .frames = 2});
  LoaderOptions options = Options("sbi");
  options.augment.recipe = "strong";
  options.augment.own[static_cast<std::size_t>(Augment::kNoise)] = "1,4,4";
  options.augment.own[static_cast<std::size_t>(Augment::kFlip)] = "0";
  for (const Augment what : {Augment::kCrop, Augment::kDownscale, Augment::kBlur, Augment::kContrast,
                             Augment::kJpeg})  // these carry the face's pixels outwards
    options.augment.own[static_cast<std::size_t>(what)] = "0";
  const EpochPlan plan = Plan(options);
  for (std::size_t i = 0; i < plan.samples.size(); i += 2) {
    EXPECT_EQ(plan.DrawAugmentation(plan.samples[i]), plan.DrawAugmentation(plan.samples[i + 1]));
    EXPECT_FALSE(plan.DrawAugmentation(plan.samples[i]).steps.empty());
    const auto real = Pictures(plan, i), fake = Pictures(plan, i + 1);
    for (std::size_t frame = 0; frame < 2; ++frame)
      EXPECT_EQ(cv::norm(real[frame].rowRange(88, 96), fake[frame].rowRange(88, 96), cv::NORM_INF), 0);
  }
}

TEST_F(FakesTest, BothMixesByTheShare) {
  Make({.train = 80});
  for (const double share : {0.25, 0.5, 0.9}) {
    const EpochPlan plan = Plan(Options("both", share));
    ASSERT_EQ(plan.samples.size(), 80U);
    int fakes = 0, blended = 0;
    for (std::size_t i = 0; i < plan.samples.size(); ++i) {
      const auto& sample = plan.samples[i];
      const int label = FindLabel(*dataset_, sample);
      EXPECT_EQ(label, static_cast<int>(i % 2));
      fakes += label;
      blended += sample.kind == Kind::kBlendFake ? 1 : 0;
      if (sample.kind == Kind::kBlendFake) {
        EXPECT_EQ(sample.index, plan.samples[i - 1].index);
        EXPECT_EQ(plan.samples[i - 1].kind, Kind::kBlendReal);
      }
    }
    EXPECT_EQ(fakes, 40);
    EXPECT_EQ(blended, std::lround(40 * share));
  }
}

// The clips are of one colour each, so that a fake's colours tell whose face it shows.
TEST_F(FakesTest, SwapsShowAnothersFace) {
  const auto colour = [](const std::string&, int number, Clip* clip) {
    for (Frame& frame : *clip->mutable_frames())
      frame.set_image(PlainPicture(kSize, "png", number == 0 ? 200 : 40, 90, 90));
  };
  Make({.train = 4, .frames = 2, .change = colour});  // real: 0 and 2
  LoaderOptions options = Options("sbi");
  options.fakes.sbi_plain = 1;
  const auto reach = [&] {  // how far a fake's red goes from its real picture's, at most
    const EpochPlan plan = Plan(options);
    double most = 0;
    for (std::size_t i = 0; i < plan.samples.size(); i += 2) {
      const auto real = Pictures(plan, i), fake = Pictures(plan, i + 1);
      EXPECT_EQ(plan.samples[i + 1].kind, Kind::kBlendFake);
      EXPECT_EQ(fake.size(), 2U);
      for (std::size_t frame = 0; frame < fake.size(); ++frame)
        most = std::max(most, cv::norm(real[frame], fake[frame], cv::NORM_INF));
    }
    return most;
  };
  EXPECT_LT(reach(), 60) << "the face's own colours, shifted a little";
  options.fakes.sbi_swap = 1;
  EXPECT_GT(reach(), 60);
}

TEST_F(FakesTest, NobodySwapsWithTheirOwnGroup) {
  Make({.train = 4, .change = [](const std::string&, int number, Clip* clip) {
          clip->set_group("one person");
          clip->mutable_frames(0)->set_image(PlainPicture(kSize, "png", number == 0 ? 200 : 40, 90, 90));
        }});
  LoaderOptions options = Options("sbi");
  options.fakes.sbi_swap = 1;
  const EpochPlan plan = Plan(options);
  ASSERT_EQ(plan.samples.size(), 4U);
  for (std::size_t i = 0; i < 4; i += 2)
    EXPECT_LT(cv::norm(Pictures(plan, i).front(), Pictures(plan, i + 1).front(), cv::NORM_INF), 60);
}

// Real: 0, 2, 4, 6, each of a colour of its own; 0 looks the way 2 does, 4 and 6 look elsewhere.
TEST_F(FakesTest, TheDonorLooksTheSameWayAndIsWholeAndReadable) {
  const auto change = [](int damaged, int beyond) {
    return [=](const std::string&, int number, Clip* clip) {
      const std::array<int, 4> reds = {20, 80, 140, 200};
      Frame* frame = clip->mutable_frames(0);
      frame->set_image(
          PlainPicture(kSize, "png", reds[static_cast<std::size_t>(number / 2)], number == 2 ? 250 : 90, 90));
      FacePoints points = MadeFace({46, 48}, 60);
      if (number >= 4) points[30].x += 20;  // the nose points to the right
      if (number == beyond) points[8].y = kSize + 2;
      SetPoints(points, frame);
      if (number == damaged) frame->set_image("no picture");
    };
  };
  LoaderOptions options = Options("sbi");
  options.fakes.sbi_swap = 1;
  options.fakes.sbi_plain = 1;
  // How far green goes in the fakes of clip 0: to 250 where clip 2 is the donor.
  const auto green = [&] {
    double most = 0;
    for (std::uint64_t epoch = 1; epoch <= 6; ++epoch) {
      const EpochPlan plan = Plan(options, epoch);
      for (std::size_t i = 0; i < plan.samples.size(); ++i) {
        if (plan.samples[i].index != 0 || plan.samples[i].kind != Kind::kBlendFake) continue;
        double high = 0;
        cv::Mat channel;
        cv::extractChannel(Pictures(plan, i).front(), channel, 1);
        cv::minMaxLoc(channel, nullptr, &high);
        most = std::max(most, high);
      }
    }
    return most;
  };
  Make({.train = 8, .change = change(-1, -1)});
  EXPECT_GT(green(), 130);
  Make({.train = 8, .change = change(-1, 2)});
  EXPECT_LT(green(), 130) << "a chin beyond the crop";
  Make({.train = 8, .change = change(2, -1)});
  EXPECT_LT(green(), 130) << "a picture that cannot be decoded";
}

TEST_F(FakesTest, XraysShowTheEdgesOfWhatIsBlendedAndLieAsThePicturesDo) {
  Make({.train = 2});
  LoaderOptions options = Options("sbi");
  const auto xray = [&](EpochPlan plan, std::size_t number) {
    plan.xray_side = 12;
    std::vector<std::uint8_t> pixels(std::size_t{3} * kSize * kSize);
    cv::Mat map(12, 12, CV_32F, cv::Scalar(7));
    EXPECT_EQ(ClipMaker(*dataset_, plan).Make(plan.samples[number], pixels.data(), map.ptr<float>()), "");
    return map;
  };
  const cv::Mat real = xray(Plan(options), 0), fake = xray(Plan(options), 1);
  EXPECT_EQ(cv::countNonZero(real), 0);
  double least = 0, most = 0;
  cv::minMaxLoc(fake, &least, &most);
  EXPECT_EQ(least, 0);
  EXPECT_GT(most, 0.3);
  EXPECT_LE(most, 1);

  options.augment.own[static_cast<std::size_t>(Augment::kFlip)] = "1";
  cv::Mat mirrored;
  cv::flip(xray(Plan(options), 1), mirrored, 1);
  EXPECT_LT(cv::norm(mirrored, fake, cv::NORM_INF), 1e-6);
  EXPECT_GT(cv::norm(xray(Plan(options), 1), fake, cv::NORM_INF), 0.05);
  options.augment.own[static_cast<std::size_t>(Augment::kFlip)] = "0";
  options.augment.own[static_cast<std::size_t>(Augment::kCrop)] = "1,0.25,0.25";
  options.augment.own[static_cast<std::size_t>(Augment::kCutout)] = "0";
  const double cropped = cv::sum(xray(Plan(options), 1))[0], whole = cv::sum(fake)[0];
  EXPECT_GT(cropped, 1.2 * whole) << "a quarter of the picture, where most of the face is, fills the map";
  options.augment.own[static_cast<std::size_t>(Augment::kCutout)] = "1,1,1";
  EXPECT_EQ(cv::countNonZero(xray(Plan(options), 1)), 0);

  LoaderOptions stored = Options("shards");
  const EpochPlan plan = Plan(stored);
  for (std::size_t i = 0; i < plan.samples.size(); ++i) {
    const float all = dataset_->label(plan.samples[i].index) == 1 ? ClipMaker::kUnknown : 0;
    EXPECT_EQ(cv::countNonZero(xray(plan, i) != all), 0);
  }
}

TEST_F(FakesTest, ShardsStayAsTheyAre) {
  Make({.train = 20});
  for (const auto& sample : Plan(Options("shards")).samples) EXPECT_EQ(sample.kind, Kind::kStored);
}

TEST_F(FakesTest, ClipsWithoutLandmarksAreLeftOutAndCounted) {
  Make({.train = 12,
        .change =
            [](const std::string&, int number, Clip* clip) {
              if (number == 2) SetPoints(MadeFace({-400, 400}, 60), clip->mutable_frames(0));
            }},
       {0, 4});
  testing::internal::CaptureStderr();
  CheckBlendable(*dataset_);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("3 of 6 real clips of 'train' make no self-blended images: 2 have no landmarks, 1 "
                        "implausible ones\n"));
  EXPECT_EQ(Plan(Options("sbi")).samples.size(), 6U);
  for (const auto& sample : Plan(Options("both", 0.9)).samples) {
    if (sample.kind != Kind::kStored) {
      EXPECT_EQ(dataset_->points(sample.index), PointsState::kGood);
    }
  }
}

TEST_F(FakesTest, WithoutAnyLandmarksTheErrorSaysHowToGetThem) {
  MakeDataset(folder_.path(), {.size = kSize});
  for (const std::string fakes : {"sbi", "both"}) {
    const auto open = [&] { OpenTrainingData(Data(), {fakes, 0.5}); };
    EXPECT_THAT(CatchMessage(open),
                HasSubstr("no real clip of the split 'train' can be blended into itself: 4 have "
                          "no landmarks, 0 implausible ones"));
    EXPECT_EQ(CatchHint(open), "store the landmarks with `seam extract --landmarks 68`");
  }
  EXPECT_EQ(CatchMessage([&] { OpenTrainingData(Data(), {"shards", 0.5}); }), "");
}

TEST_F(FakesTest, RealClipsAloneAreEnoughForSbi) {
  const auto all_real = [](const std::string&, int, Clip* clip) { clip->set_label(REAL); };
  Make({.train = 6, .val = 4, .clips_per_video = 2, .change = all_real});
  EXPECT_THAT(CatchMessage([&] { OpenTrainingData(Data(), {"shards", 0.5}); }), HasSubstr("are real"));
  EXPECT_THAT(CatchMessage([&] { OpenTrainingData(Data(), {"both", 0.5}); }), HasSubstr("are real"));

  testing::internal::CaptureStderr();
  const TrainingData data = OpenTrainingData(Data(), {"sbi", 0.5});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("val has no fakes, so it is measured on self-blended ones"));
  ASSERT_EQ(data.val->size(), 8U);
  const EpochPlan plan = PlanInOrder(*data.val, Options("sbi"));
  std::map<std::string, std::set<int>> labels;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto& sample = plan.samples[i];
    EXPECT_EQ(FindLabel(*data.val, sample), data.val->label(sample.index));
    EXPECT_EQ(sample.kind, i < 4 ? Kind::kBlendReal : Kind::kBlendFake);
    EXPECT_EQ(sample.draw, plan.samples[i % 4].draw);
    EXPECT_EQ(sample.draw == plan.samples[0].draw, i % 4 == 0);
    labels[data.val->video(i)].insert(data.val->label(i));
  }
  EXPECT_EQ(labels.size(), 4U);  // two real videos, and a fake one of each
  for (const auto& [video, of] : labels)
    EXPECT_EQ(of, std::set<int>{video.ends_with(" (self-blended)") ? 1 : 0}) << video;
}

TEST_F(FakesTest, ValKeepsItsStoredFakes) {
  Make({.train = 6, .val = 4});
  const TrainingData data = OpenTrainingData(Data(), {"sbi", 0.5});
  EXPECT_EQ(data.val->size(), 4U);
  for (const auto& sample : PlanInOrder(*data.val, Options("sbi")).samples)
    EXPECT_EQ(sample.kind, Kind::kStored);
}

TEST_F(FakesTest, BadOptionsAreUsageErrors) {
  LoaderOptions options = Options("sbi");
  options.batch = 7;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--fakes: cannot fill batches of 7");
  for (const double share : {0.0, 1.0, -1.0}) {
    options = Options("both", share);
    EXPECT_THAT(CatchMessage([&] { options.Check(); }), HasSubstr("must be above 0 and below 1, not"));
  }
  options = Options("sbi");
  options.fakes.sbi_swap = 1.5;
  EXPECT_THAT(CatchMessage([&] { options.Check(); }), HasSubstr("--sbi-swap: must be from 0 to 1, not 1.5"));
  options = Options("sbi");
  options.fakes.sbi_plain = -1;
  EXPECT_THAT(CatchMessage([&] { options.Check(); }), HasSubstr("--sbi-plain: must be from 0 to 1, not -1"));
  options = Options("shards");
  options.fakes.sbi_swap = 0.5;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--sbi-swap: is for fakes made on the fly alone");
}

}  // namespace
}  // namespace seam
