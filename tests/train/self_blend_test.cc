#include "train/data/self_blend.h"

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "tests/train/made_face.h"

namespace seam {
namespace {

constexpr int kSize = 256;
constexpr float kWidth = 150;

SelfBlendDraw MakeDraw(std::uint64_t seed) {
  auto engine = MakeEngine(seed, Stream::kBlend);
  return DrawSelfBlend(&engine);
}

SelfBlender MakeBlender(const SelfBlendDraw& draw, const cv::Point2f& middle = {128, 135}) {
  return {draw, {MadeFace(middle, kWidth)}, kSize};
}

struct Made {
  cv::Mat real, fake;
};

Made Make(const SelfBlendDraw& draw, const cv::Mat& picture) {
  Made made{picture.clone(), picture.clone()};
  MakeReal(draw, &made.real);
  MakeBlender(draw).MakeFake(0, &made.fake);
  return made;
}

double Difference(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask = {}) {
  return cv::norm(a, b, cv::NORM_INF, mask.empty() ? cv::noArray() : cv::InputArray(mask));
}

TEST(SelfBlendTest, DrawIsAFunctionOfTheEngine) {
  EXPECT_EQ(MakeDraw(1), MakeDraw(1));
  EXPECT_FALSE(MakeDraw(1) == MakeDraw(2));
  const cv::Mat picture = MadePicture(kSize);
  const Made first = Make(MakeDraw(3), picture), second = Make(MakeDraw(3), picture);
  EXPECT_EQ(Difference(first.real, second.real), 0);
  EXPECT_EQ(Difference(first.fake, second.fake), 0);
}

TEST(SelfBlendTest, DrawsAreSpreadAsPublished) {
  std::map<double, int> ratios;
  std::map<MaskShape, int> shapes;
  int of_source = 0, shrunk = 0;
  constexpr int kDraws = 1200;
  for (int i = 0; i < kDraws; ++i) {
    const SelfBlendDraw draw = MakeDraw(static_cast<std::uint64_t>(i));
    ++ratios[draw.ratio];
    ++shapes[draw.mask.shape];
    of_source += draw.change_source ? 1 : 0;
    shrunk += draw.colour.shrink > 0 ? 1 : 0;
    EXPECT_GE(draw.mask.scale, 0.95);
    EXPECT_LE(draw.mask.scale, 1 / 0.95);
    EXPECT_LE(std::abs(draw.mask.x), 0.06);
    EXPECT_LE(std::abs(draw.mask.y), 0.036);
  }
  const auto near = [](int count, double share) { return std::abs(count - share * kDraws) < 0.05 * kDraws; };
  EXPECT_TRUE(near(ratios[0.25], 1.0 / 6) && near(ratios[0.5], 1.0 / 6) && near(ratios[0.75], 1.0 / 6) &&
              near(ratios[1], 0.5));
  EXPECT_EQ(shapes.size(), 4U);
  for (const auto& [shape, count] : shapes) EXPECT_TRUE(near(count, 0.25)) << count;
  EXPECT_TRUE(near(of_source, 0.5) && near(shrunk, 0.5));
}

TEST(SelfBlendTest, RealAndFakeDifferInsideTheMaskAlone) {
  const cv::Mat picture = MadePicture(kSize);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const SelfBlendDraw draw = MakeDraw(seed);
    const Made made = Make(draw, picture);
    const cv::Mat weights = MakeBlender(draw).Weights(0);
    EXPECT_EQ(Difference(made.real, made.fake, weights == 0), 0) << seed;
    EXPECT_GT(Difference(made.real, made.fake, weights > 0), 0) << seed;
    EXPECT_EQ(Difference(picture, made.real) == 0, draw.change_source) << seed;
  }
}

TEST(SelfBlendTest, RatioIsTheGreatestWeight) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const SelfBlendDraw draw = MakeDraw(seed);
    double most = 0;
    cv::minMaxLoc(MakeBlender(draw).Weights(0), nullptr, &most);
    EXPECT_NEAR(most, 255 * draw.ratio, 1.5) << seed;
  }
}

// Only the blending is left when nothing is changed, moved or deformed: the picture stays as it is.
TEST(SelfBlendTest, APictureBlendedIntoItselfUnchangedIsItself) {
  SelfBlendDraw draw = MakeDraw(5);
  draw.colour = {};
  draw.colour.sharpen = 0;
  draw.mask.scale = 1;
  draw.mask.x = draw.mask.y = 0;
  const cv::Mat picture = MadePicture(kSize);
  EXPECT_EQ(Difference(Make(draw, picture).fake, picture), 0);
}

TEST(SelfBlendTest, XrayIsWhereHalfOfEachPictureShows) {
  const auto xray_of = [](const SelfBlendDraw& draw) {
    cv::Mat picture = MadePicture(kSize), xray;
    MakeBlender(draw).MakeFake(0, &picture, nullptr, &xray);
    return xray;
  };
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SelfBlendDraw draw = MakeDraw(seed);
    draw.ratio = 1;
    const cv::Mat mask = MakeBlender(draw).Weights(0), xray = xray_of(draw);
    for (int i = 0; i < kSize * kSize; ++i) {
      const double m = mask.data[i] / 255.0;
      ASSERT_NEAR(xray.data[i], 255 * 4 * m * (1 - m), 1) << seed;
    }
    draw.ratio = 0.25;
    EXPECT_EQ(Difference(xray_of(draw), xray), 0) << "the ratio moves no edge";
  }
}

TEST(SelfBlendTest, SharesOfSwapsAndPlainOnesAreKept) {
  FakesOptions options;
  options.sbi_swap = 0.3;
  options.sbi_plain = 0.6;
  int swaps = 0, plain = 0;
  constexpr int kDraws = 1000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    EXPECT_FALSE(MakeDraw(i).swap);
    auto engine = MakeEngine(i, Stream::kBlend);
    const SelfBlendDraw draw = DrawSelfBlend(&engine, options);
    EXPECT_EQ(draw.mask, MakeDraw(i).mask) << "the shares change nothing else";
    EXPECT_EQ(draw.ratio, MakeDraw(i).ratio);
    swaps += draw.swap ? 1 : 0;
    plain += draw.colour.shrink == 0 && draw.colour.sharpen == 0 ? 1 : 0;
  }
  EXPECT_NEAR(swaps, 0.3 * kDraws, 0.05 * kDraws);
  EXPECT_NEAR(plain, 0.6 * kDraws, 0.05 * kDraws);
}

TEST(SelfBlendTest, ShareOfMouthsIsKeptAndChangesNoOther) {
  FakesOptions options;
  options.sbi_mouth = 0.4;
  options.sbi_swap = 0.5;
  int mouths = 0;
  constexpr int kDraws = 1000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    EXPECT_FALSE(MakeDraw(i).mouth.has_value());
    auto engine = MakeEngine(i, Stream::kBlend);
    const SelfBlendDraw draw = DrawSelfBlend(&engine, options);
    if (draw.mouth) {
      ++mouths;
      EXPECT_FALSE(draw.swap) << "the mouth is the person's own";
    } else {
      EXPECT_EQ(draw.mask, MakeDraw(i).mask);
      EXPECT_EQ(draw.ratio, MakeDraw(i).ratio);
    }
  }
  EXPECT_NEAR(mouths, 0.4 * kDraws, 0.05 * kDraws);
}

TEST(SelfBlendTest, MouthChangesTheLowerFaceAlone) {
  FakesOptions options;
  options.sbi_mouth = 1;
  const FacePoints points = MadeFace({128, 135}, kWidth);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto engine = MakeEngine(seed, Stream::kBlend);
    SelfBlendDraw draw = DrawSelfBlend(&engine, options);
    draw.colour = {};
    const cv::Mat picture = MadePicture(kSize);
    cv::Mat fake = picture.clone();
    SelfBlender(draw, {points}, kSize).MakeFake(0, &fake);
    const int eyes = cvRound(points[19].y);
    EXPECT_EQ(Difference(fake.rowRange(0, eyes), picture.rowRange(0, eyes)), 0) << seed;
    EXPECT_GT(Difference(fake, picture), 0) << seed;
  }
}

// A mark on the lower lip goes where the draw moves it, one on the brow stays.
TEST(MouthTest, OpensDownwards) {
  const FacePoints points = MadeFace({128, 135}, kWidth);
  const auto row_of_mark = [&](const cv::Mat& picture, const cv::Point2f& mark) {
    cv::Mat column;
    cv::extractChannel(picture.colRange(cvRound(mark.x), cvRound(mark.x) + 1), column, 0);
    cv::Point brightest;
    cv::minMaxLoc(column, nullptr, nullptr, nullptr, &brightest);
    return brightest.y;
  };
  for (const auto& [point, moves] : {std::pair(std::size_t{57}, true), std::pair(std::size_t{19}, false)}) {
    cv::Mat picture(kSize, kSize, CV_8UC3, cv::Scalar::all(60));
    cv::circle(picture, points[point], 2, cv::Scalar::all(250), cv::FILLED);
    const MouthDraw draw{.opens = 0.08};
    const int moved = row_of_mark(WithMouth(draw, picture, points), points[point]) - cvRound(points[point].y);
    if (moves) {
      EXPECT_GT(moved, 0.04 * kWidth);
      EXPECT_LT(moved, 0.09 * kWidth);
    } else {
      EXPECT_NEAR(moved, 0, 2);  // the mark is five rows high
    }
  }
}

class SwapTest : public testing::Test {
 protected:
  // The donor, and what has its place in a grey picture.
  static cv::Mat Swapped(const SelfBlendDraw& draw, const DonorFace& donor) {
    cv::Mat fake(kSize, kSize, CV_8UC3, kGrey);
    MakeBlender(draw).MakeFake(0, &fake, &donor);
    return fake;
  }

  static SelfBlendDraw PlainDraw(double match) {
    SelfBlendDraw draw;
    draw.swap = true;
    draw.ratio = 0.25;  // of swaps it is 1 all the same
    draw.match = match;
    draw.change_source = true;
    return draw;
  }

  static inline const cv::Scalar kGrey = cv::Scalar(100, 110, 120);
};

TEST_F(SwapTest, TheDonorsPointsComeToLieOnThePictures) {
  const FacePoints points = MadeFace({110, 140}, 90), wanted = MadeFace({128, 135}, kWidth);
  for (const std::size_t point : {std::size_t{30}, std::size_t{36}, std::size_t{54}}) {
    DonorFace donor{cv::Mat::zeros(kSize, kSize, CV_8UC3), points};
    cv::circle(donor.picture, points[point], 3, cv::Scalar::all(255), cv::FILLED);
    cv::Mat grey, bright;
    cv::cvtColor(Swapped(PlainDraw(0), donor), grey, cv::COLOR_RGB2GRAY);
    cv::threshold(grey, bright, 200, 255, cv::THRESH_BINARY);
    const cv::Moments moments = cv::moments(bright, true);
    ASSERT_GT(moments.m00, 0) << point;
    EXPECT_NEAR(moments.m10 / moments.m00, wanted[point].x, 1.5) << point;
    EXPECT_NEAR(moments.m01 / moments.m00, wanted[point].y, 1.5) << point;
  }
}

TEST_F(SwapTest, TheDonorsColoursGoAsFarAsTheDrawSays) {
  const cv::Scalar green(20, 200, 40);
  const FacePoints face = MadeFace({128, 135}, kWidth);
  const DonorFace donor{cv::Mat(kSize, kSize, CV_8UC3, green), face};
  for (const double match : {0.0, 0.5, 1.0}) {
    SelfBlendDraw draw = PlainDraw(match);
    const cv::Mat fake = Swapped(draw, donor);
    draw.ratio = 1;
    const cv::Mat weights = MakeBlender(draw).Weights(0);
    const cv::Scalar inside = cv::mean(fake, weights == 255), outside = cv::mean(fake, weights == 0);
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(inside[i], green[i] + match * (kGrey[i] - green[i]), 1) << match;
      EXPECT_EQ(outside[i], kGrey[i]);
    }
  }
}

// A donor of noise gets the target's deviation as far as the draw says, from its own.
TEST_F(SwapTest, TheDonorsContrastGoesAsFarAsTheDrawSays) {
  const FacePoints face = MadeFace({128, 135}, kWidth);
  const auto noise = [](double deviation, std::uint64_t seed) {
    cv::Mat picture(kSize, kSize, CV_8UC3);
    cv::RNG random(seed);
    random.fill(picture, cv::RNG::NORMAL, 128, deviation);
    return picture;
  };
  for (const double match : {0.0, 0.5, 1.0}) {
    SelfBlendDraw draw = PlainDraw(match);
    draw.mask.field = 0;
    cv::Mat fake = noise(10, 1);
    const DonorFace donor{noise(30, 2), face};
    MakeBlender(draw).MakeFake(0, &fake, &donor);
    draw.ratio = 1;
    cv::Scalar mean, deviation;
    cv::meanStdDev(fake, mean, deviation, MakeBlender(draw).Weights(0) == 255);
    EXPECT_NEAR(deviation[1], 30 + match * (10 - 30), 1.5) << match;
  }
}

TEST(FitAffineTest, FindsTheMapAndWhatItLeaves) {
  const FacePoints from = MadeFace({128, 135}, kWidth);
  const cv::Matx23d map(0.8, 0.1, 20, -0.2, 1.1, 5);
  FacePoints to;
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i] = cv::Point2f(cv::Vec2f(map * cv::Vec3d(from[i].x, from[i].y, 1)));
  const AffineFit fit = FitAffine(from, to);
  EXPECT_LT(cv::norm(fit.map, map, cv::NORM_INF), 1e-3);
  EXPECT_LT(fit.residual, 1e-5);
  to[30].x += 40;  // a nose that looks elsewhere
  EXPECT_GT(FitAffine(from, to).residual, 0.01);
}

TEST(BlendMaskTest, LiesInsideTheFaceAndItsBlur) {
  const FacePoints face = MadeFace({128, 135}, kWidth);
  std::vector<cv::Point2f> hull;
  cv::convexHull(face, hull);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SelfBlendDraw draw = MakeDraw(seed);
    if (draw.mask.shape == MaskShape::kForehead) continue;
    draw.mask.scale = 1;
    draw.mask.x = draw.mask.y = 0;
    // The blur widens what the erosion narrowed; the deformation moves an edge by three deviations at most;
    // kernels are odd in the smaller picture that the mask is made in.
    const double wider = kWidth * (std::max(0.0, draw.mask.blur / 2) + 3 * 1.16 / 190) + 5;
    const cv::Mat weights = MakeBlender(draw).Weights(0);
    std::vector<cv::Point> inside;
    cv::findNonZero(weights, inside);
    ASSERT_FALSE(inside.empty()) << seed;
    for (const cv::Point& point : inside)
      ASSERT_GT(cv::pointPolygonTest(hull, cv::Point2f(point), true), -wider) << seed << " " << point;
  }
}

TEST(BlendMaskTest, ForeheadReachesAboveTheBrows) {
  SelfBlendDraw draw = MakeDraw(5);
  draw.mask.scale = 1;
  draw.mask.y = 0;
  const auto top = [&](MaskShape shape) {
    draw.mask.shape = shape;
    return cv::boundingRect(MakeBlender(draw).Weights(0)).y;
  };
  EXPECT_LT(top(MaskShape::kForehead) + 15, top(MaskShape::kHull));
  EXPECT_GT(top(MaskShape::kForehead), 10);
}

TEST(BlendMaskTest, ShapesCoverDifferentParts) {
  SelfBlendDraw draw = MakeDraw(6);
  std::set<int> areas;
  for (int shape = 0; shape < kMaskShapes; ++shape) {
    draw.mask.shape = static_cast<MaskShape>(shape);
    areas.insert(cv::countNonZero(MakeBlender(draw).Weights(0)));
  }
  EXPECT_EQ(areas.size(), 4U);
  EXPECT_GT(*areas.begin(), 2000);
}

// The edge of a mask that is made twice as large is the same, scaled.
TEST(BlendMaskTest, IsTheSameInCropsOfAnotherSize) {
  const SelfBlendDraw draw = MakeDraw(7);
  const cv::Mat small = SelfBlender(draw, {MadeFace({128, 135}, kWidth)}, kSize).Weights(0);
  const cv::Mat large = SelfBlender(draw, {MadeFace({256.5F, 270.5F}, 2 * kWidth)}, 2 * kSize).Weights(0);
  cv::Mat shrunk;
  cv::resize(large, shrunk, small.size(), 0, 0, cv::INTER_AREA);
  EXPECT_LT(cv::norm(small, shrunk, cv::NORM_L1) / (kSize * kSize), 2);
}

TEST(BlendMaskTest, FollowsTheFaceThroughAWindow) {
  const cv::Point2f first(120, 130), moved(128, 134);  // by what is whole in the small picture, nearly
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const SelfBlendDraw draw = MakeDraw(seed);
    const SelfBlender blender(draw, {MadeFace(first, kWidth), MadeFace(moved, kWidth)}, kSize);
    const cv::Mat one = blender.Weights(0), other = blender.Weights(1);
    EXPECT_GT(cv::norm(one, other, cv::NORM_L1), 0) << seed;
    const cv::Rect from(20, 20, 200, 200);
    const cv::Mat followed = other(from + cv::Point(moved - first));
    EXPECT_LT(cv::norm(one(from), followed, cv::NORM_L1) / from.area(), 1.5) << seed;
  }
}

TEST(BlendMaskTest, PointsAtTheCropsEdgeAndBeyondAreNoTrouble) {
  const cv::Mat picture = MadePicture(64);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    cv::Mat fake = picture.clone();
    SelfBlender(MakeDraw(seed), {MadeFace({50, 60}, 80)}, 64).MakeFake(0, &fake);
    SelfBlender(MakeDraw(seed), {MadeFace({-500, 900}, 3)}, 64).MakeFake(0, &fake);
  }
}

Clip MakeClip(const FacePoints& points, int frames = 1) {
  Clip clip;
  clip.mutable_crop()->set_size(kSize);
  for (int i = 0; i < frames; ++i) SetPoints(points, clip.add_frames());
  return clip;
}

TEST(FacePointsTest, AFaceIsGoodAndComesBackAsItWas) {
  const FacePoints face = MadeFace({128, 135}, kWidth);
  const Clip clip = MakeClip(face, 3);
  EXPECT_EQ(StateOfPoints(clip), PointsState::kGood);
  const auto points = ReadPoints(clip, 1, 2);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1], face);
}

TEST(FacePointsTest, OneFrameWithoutPointsMakesThemMissing) {
  Clip clip = MakeClip(MadeFace({128, 135}, kWidth), 3);
  clip.mutable_frames(2)->clear_dense_landmarks();
  EXPECT_EQ(StateOfPoints(clip), PointsState::kMissing);
  clip.mutable_frames(2)->add_dense_landmarks(3);
  EXPECT_EQ(StateOfPoints(clip), PointsState::kMissing);
}

TEST(FacePointsTest, WhatIsNoUprightFaceInTheCropIsImplausible) {
  const FacePoints face = MadeFace({128, 135}, kWidth);
  const auto changed = [&](const std::function<cv::Point2f(cv::Point2f)>& change) {
    FacePoints points = face;
    for (cv::Point2f& point : points) point = change(point);
    return StateOfPoints(MakeClip(points));
  };
  EXPECT_EQ(changed([](auto p) { return p; }), PointsState::kGood);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(p.x, 256 - p.y); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(256 - p.x, p.y); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(p.x + 200, p.y); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(p.x / 100, p.y / 100); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto) { return cv::Point2f(100, 100); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(std::nanf(""), p.y); }), PointsState::kImplausible);
  EXPECT_EQ(changed([](auto p) { return cv::Point2f(1e30F, p.y); }), PointsState::kImplausible);
}

}  // namespace
}  // namespace seam
