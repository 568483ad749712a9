#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace seam {

// What a network may see of a picture. The gradient, the FFT and the local binary pattern are those of
// "Faster Than Lies" (Lanzino et al., CVPR Workshops 2024): of a grey in which the weights of red and blue
// are exchanged, as their code has it, and divided by 255.
enum class PictureChannel : std::uint8_t {
  kRgb,       // three: v / 255
  kGrey,      // .299 R + .587 G + .114 B in whole numbers, as OpenCV 4.6 rounds it; / 255
  kGradient,  // sqrt(dx^2 + dy^2) of Sobel's derivatives over 7 x 7 pixels, mirrored at the edges; / 255
  kFft,       // 20 ln(|F| + 1e-9) of the Fourier transform F, frequency 0 in the middle; / 255
  kLbp,       // LocalBinaryPattern(), 0 to 3; / 255
  kDct,       // ln(|X| + 1e-12) of OrthonormalDct() of kGrey, 0..255
  kPhase,  // real part of the inverse Fourier transform of F / |F|, where F is the transform of the mean of
           // R, G and B, v / 127.5 - 1: Liu et al., "Spatial-Phase Shallow Learning", CVPR 2021, section 3.2
};

// Shares of red, green and blue in a grey, in 32,768ths, rounded to the nearest. OpenCV's code for BGR, given
// RGB, has them the other way round.
inline constexpr std::array<int, 3> kGreyOfRgb = {9798, 19235, 3735}, kGreyOfBgr = {3735, 19235, 9798};
inline constexpr double kGreyScale = 32768, kWhite = 255;

// "rgb", "grey", "gradient", "fft", "lbp", "dct", "phase": in the order of the values.
const std::vector<std::string>& PictureChannelNames();

// Names with commas between them. A UsageError of `subject` for one that is unknown or stands twice.
std::vector<PictureChannel> ParsePictureChannels(const std::string& text, const std::string& subject);

// How many numbers of a pixel they are.
int CountNumbers(const std::vector<PictureChannel>& channels);

// `picture`: RGB bytes [height, width, 3]. `to`: floats [height, width, CountNumbers()], in the order of
// `channels`. Any number of threads may call it at once.
void ComputeChannels(const std::uint8_t* picture, int height, int width,
                     const std::vector<PictureChannel>& channels, float* to);

}  // namespace seam
