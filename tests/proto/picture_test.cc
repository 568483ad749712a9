#include "proto/picture.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

using testing::StartsWith;

constexpr int kSide = 32;
constexpr std::size_t kRow = std::size_t{3} * kSide;

using Pixels = std::vector<std::uint8_t>;

CropSpec Spec(const std::string& encoding, int size = kSide) {
  CropSpec crop;
  crop.set_size(static_cast<std::uint32_t>(size));
  crop.set_encoding(encoding);
  crop.set_quality(encoding == "jpeg" ? 95 : 0);
  return crop;
}

// Red rises to the right, green downwards; blue is a step in the middle. No side, no channel is like another.
Pixels Picture() {
  Pixels pixels;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(7 * x));
      pixels.push_back(static_cast<std::uint8_t>(5 * y));
      pixels.push_back(x < kSide / 2 ? 40 : 120);
    }
  }
  return pixels;
}

std::string Encoded(const std::string& encoding) {
  return EncodePicture(Picture().data(), kRow, Spec(encoding));
}

// What is wrong with `bytes`, or "".
std::string FindProblem(const std::string& bytes, const CropSpec& crop) {
  PictureDecoder decoder;
  Pixels pixels(std::size_t{3} * crop.size() * crop.size());
  return decoder.Decode(bytes, crop, pixels.data());
}

Pixels Decoded(const std::string& bytes, const CropSpec& crop) {
  PictureDecoder decoder;
  Pixels pixels(kRow * kSide);
  EXPECT_EQ(decoder.Decode(bytes, crop, pixels.data()), "");
  return pixels;
}

TEST(PictureTest, PngComesBackExactly) { EXPECT_EQ(Decoded(Encoded("png"), Spec("png")), Picture()); }

TEST(PictureTest, JpegComesBackCloseInEveryChannel) {
  const Pixels before = Picture(), after = Decoded(Encoded("jpeg"), Spec("jpeg"));
  double sum = 0;
  int most = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const int difference = std::abs(before[i] - after[i]);
    sum += difference;
    most = std::max(most, difference);
  }
  EXPECT_LT(sum / static_cast<double>(before.size()), 2.0);
  EXPECT_LE(most, 16);
}

TEST(PictureTest, LowerQualityIsASmallerFile) {
  CropSpec rough = Spec("jpeg");
  rough.set_quality(20);
  EXPECT_LT(EncodePicture(Picture().data(), kRow, rough).size(), Encoded("jpeg").size());
}

TEST(PictureTest, RowsMayBePartOfAWiderPicture) {
  const Pixels picture = Picture();
  Pixels wide(2 * kRow * kSide, 255);
  for (std::size_t y = 0; y < kSide; ++y)
    std::copy_n(picture.begin() + static_cast<std::ptrdiff_t>(y * kRow), kRow,
                wide.begin() + static_cast<std::ptrdiff_t>(2 * y * kRow));
  for (const char* encoding : {"jpeg", "png"})
    EXPECT_EQ(EncodePicture(wide.data(), 2 * kRow, Spec(encoding)), Encoded(encoding)) << encoding;
}

TEST(PictureTest, AnotherSizeThanTheCropSpecsIsTold) {
  for (const char* encoding : {"jpeg", "png"}) {
    EXPECT_EQ(FindProblem(Encoded(encoding), Spec(encoding, 16)),
              "the picture is 32x32, but its CropSpec says 16x16");
    EXPECT_EQ(FindProblem(Encoded(encoding), Spec(encoding, 64)),
              "the picture is 32x32, but its CropSpec says 64x64");
  }
}

// Before anything of that size is allocated.
TEST(PictureTest, HugeSizeInTheHeaderIsTold) {
  std::string png = Encoded("png");
  png.replace(16, 8, std::string("\0\0\x80\0\0\0\x80\0", 8));
  EXPECT_EQ(FindProblem(png, Spec("png")), "the picture is 32768x32768, but its CropSpec says 32x32");
}

TEST(PictureTest, OtherBytesAreTold) {
  for (const std::string bytes : {"", "x", "not a picture, but long enough to be one"}) {
    EXPECT_THAT(FindProblem(bytes, Spec("jpeg")), StartsWith("not a JPEG picture: ")) << bytes;
    EXPECT_EQ(FindProblem(bytes, Spec("png")), "not a PNG picture") << bytes;
  }
}

TEST(PictureTest, OtherEncodingThanTheCropSpecsIsTold) {
  EXPECT_THAT(FindProblem(Encoded("png"), Spec("jpeg")), StartsWith("not a JPEG picture: "));
  EXPECT_EQ(FindProblem(Encoded("jpeg"), Spec("png")), "not a PNG picture");
}

TEST(PictureTest, CutOffPictureIsTold) {
  const std::string jpeg = Encoded("jpeg"), png = Encoded("png");
  EXPECT_THAT(FindProblem(jpeg.substr(0, jpeg.size() - 20), Spec("jpeg")),
              StartsWith("a damaged JPEG picture: "));
  EXPECT_THAT(FindProblem(png.substr(0, 40), Spec("png")), StartsWith("a damaged PNG picture: "));
}

TEST(PictureTest, DecoderIsGoodAfterACutOffPicture) {
  PictureDecoder decoder;
  const std::string jpeg = Encoded("jpeg");
  Pixels pixels(kRow * kSide);
  EXPECT_NE(decoder.Decode(jpeg.substr(0, jpeg.size() - 20), Spec("jpeg"), pixels.data()), "");
  EXPECT_EQ(decoder.Decode(jpeg, Spec("jpeg"), pixels.data()), "");
  EXPECT_EQ(pixels, Decoded(jpeg, Spec("jpeg")));
}

TEST(PictureTest, UnknownEncodingIsAnErrorThatNamesTheKnown) {
  EXPECT_EQ(CatchMessage([] { Encoded("webp"); }),
            "crops cannot be encoded as 'webp'; jpeg and png are known");
  EXPECT_EQ(FindProblem(Encoded("png"), Spec("webp")), "encoding 'webp' is unknown; jpeg and png are read");
}

}  // namespace
}  // namespace seam
