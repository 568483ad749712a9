#include "tests/models/pictures.h"

#include <turbojpeg.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <torch/utils.h>

#include "base/files.h"

namespace seam {

torch::Tensor ReadJpeg(const std::filesystem::path& path) {
  const std::string bytes = ReadFile(path);
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &subsampling, &colours) != 0) {
    throw std::runtime_error("not a JPEG");
  }
  const auto picture = torch::empty({height, width, 3}, torch::kByte);
  if (tjDecompress2(decoder.get(), data, bytes.size(), picture.data_ptr<unsigned char>(), width, 0, height,
                    TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    throw std::runtime_error("damaged JPEG");
  }
  return picture.permute({2, 0, 1});
}

torch::Tensor ResizeNearest(const torch::Tensor& picture, int size) {
  const auto indices = [&](std::int64_t in) {
    return ((torch::arange(size, torch::kDouble) + 0.5) * static_cast<double>(in) / size)
        .floor()
        .to(torch::kLong);
  };
  return picture.index_select(1, indices(picture.size(1))).index_select(2, indices(picture.size(2)));
}

torch::Tensor ResizeBilinear(const torch::Tensor& picture, int size) {
  return torch::upsample_bilinear2d(picture.to(torch::kFloat).unsqueeze(0), {size, size}, false)[0];
}

}  // namespace seam
