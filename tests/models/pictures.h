#pragma once

#include <filesystem>

#include <torch/types.h>

namespace seam {

// Pictures as the published scores were computed on them.

// [3, H, W] uint8, with the accurate integer DCT that other decoders default to.
torch::Tensor ReadJpeg(const std::filesystem::path& path);

// As Keras and Pillow do: the source pixel under the target pixel's centre.
torch::Tensor ResizeNearest(const torch::Tensor& picture, int size);

// Between the centres of the four nearest pixels, without smoothing first, and not rounded.
torch::Tensor ResizeBilinear(const torch::Tensor& picture, int size);

}  // namespace seam
