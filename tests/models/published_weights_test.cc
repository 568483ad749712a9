// The published Meso-4 weights (github.com/DariusAf/MesoNet, weights/Meso4_DF.h5) on the four pictures that
// come with them: our Meso-4 computes what Keras does.

#include <turbojpeg.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <torch/utils.h>

#include <gtest/gtest.h>

#include "base/files.h"
#include "models/checkpoint.h"
#include "models/model.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

constexpr const char* kFixtures = "fixtures/mesonet";

// A flattened Keras model: NAME.json names the tensors, NAME.f32 holds them.
Tensors ReadFlattened(const std::string& stem) {
  const auto json = nlohmann::json::parse(ReadFile(SharedPath(stem + ".json")));
  const std::string bytes = ReadFile(SharedPath(stem + ".f32"));
  Tensors tensors;
  for (const auto& entry : json.at("tensors")) {
    auto tensor = torch::empty(entry.at("shape").get<std::vector<std::int64_t>>());
    std::memcpy(tensor.data_ptr(), bytes.data() + 4 * entry.at("offset_floats").get<std::size_t>(),
                tensor.nbytes());
    tensors[entry.at("name")] = tensor;
  }
  return tensors;
}

// Keras' names, layouts (HWIO kernels, [in, out] dense) and direction (1 is real) into ours.
Tensors FromKeras(const Tensors& keras) {
  Tensors tensors;
  for (int i = 0; i < 4; ++i) {
    const std::string ours = std::to_string(i + 1), theirs = std::to_string(5 + i);
    tensors["conv" + ours + ".weight"] = keras.at("conv2d_" + theirs + "/kernel:0").permute({3, 2, 0, 1});
    tensors["conv" + ours + ".bias"] = keras.at("conv2d_" + theirs + "/bias:0");
    tensors["norm" + ours + ".weight"] = keras.at("batch_normalization_" + theirs + "/gamma:0");
    tensors["norm" + ours + ".bias"] = keras.at("batch_normalization_" + theirs + "/beta:0");
    tensors["norm" + ours + ".running_mean"] = keras.at("batch_normalization_" + theirs + "/moving_mean:0");
    tensors["norm" + ours + ".running_var"] =
        keras.at("batch_normalization_" + theirs + "/moving_variance:0");
  }
  tensors["dense1.weight"] =
      keras.at("dense_3/kernel:0").view({8, 8, 16, 16}).permute({3, 2, 0, 1}).reshape({16, 1024});
  tensors["dense1.bias"] = keras.at("dense_3/bias:0");
  tensors["dense2.weight"] = -keras.at("dense_4/kernel:0").t();
  tensors["dense2.bias"] = -keras.at("dense_4/bias:0");
  return tensors;
}

// [3, H, W] uint8, with the accurate integer DCT that other decoders default to.
torch::Tensor DecodeJpeg(const std::string& bytes) {
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

// As Keras and Pillow do: the source pixel under the target pixel's centre.
torch::Tensor ResizeNearest(const torch::Tensor& picture, int size) {
  const auto indices = [&](std::int64_t in) {
    return ((torch::arange(size, torch::kDouble) + 0.5) * static_cast<double>(in) / size)
        .floor()
        .to(torch::kLong);
  };
  return picture.index_select(1, indices(picture.size(1))).index_select(2, indices(picture.size(2)));
}

// Between the centres of the four nearest pixels, without smoothing first, and not rounded.
torch::Tensor ResizeBilinear(const torch::Tensor& picture, int size) {
  return torch::upsample_bilinear2d(picture.to(torch::kFloat).unsqueeze(0), {size, size}, false)[0];
}

struct Golden {
  const char* picture;
  // P(real) of Meso4_DF and Meso4_F2F, computed once in double precision by another implementation; those of
  // Meso4_DF by nearest resize are what the authors' Keras code answers.
  double nearest_df, bilinear_df, nearest_f2f;
};

constexpr Golden kGolden[] = {
    {"df/df00204.jpg", 0.041412, 0.049870, 0.831237},
    {"df/df01254.jpg", 0.048694, 0.024872, 0.641100},
    {"real/real00240.jpg", 0.989748, 0.989748, 0.881023},
    {"real/real00772.jpg", 0.997702, 0.996640, 0.952439},
};

class PublishedWeightsTest : public testing::Test {
 protected:
  void Load(const std::string& name) {
    network_->eval();
    LoadWeights(FromKeras(ReadFlattened(std::string(kFixtures) + "/mesonet_keras/" + name)), name,
                network_.get());
  }

  double ProbabilityOfReal(const torch::Tensor& picture) {
    const torch::NoGradGuard no_grad;
    return 1 - network_->forward(picture.unsqueeze(0).unsqueeze(0)).sigmoid().item<double>();
  }

  static torch::Tensor Picture(const Golden& golden) {
    return DecodeJpeg(ReadFile(SharedPath(std::string(kFixtures) + "/test_images/" + golden.picture)));
  }

  std::shared_ptr<Model> network_ = MakeModel("meso4");
};

TEST_F(PublishedWeightsTest, DeepfakesWeightsScoreThePicturesAsKerasDoes) {
  SEAM_NEEDS_SHARED(kFixtures);
  Load("Meso4_DF");
  for (const auto& golden : kGolden) {
    EXPECT_NEAR(ProbabilityOfReal(ResizeNearest(Picture(golden), 256)), golden.nearest_df, 1e-5)
        << golden.picture;
  }
}

TEST_F(PublishedWeightsTest, BilinearResizeScoresAsTheReferenceDoes) {
  SEAM_NEEDS_SHARED(kFixtures);
  Load("Meso4_DF");
  for (const auto& golden : kGolden) {
    EXPECT_NEAR(ProbabilityOfReal(ResizeBilinear(Picture(golden), 256)), golden.bilinear_df, 1e-5)
        << golden.picture;
  }
}

TEST_F(PublishedWeightsTest, Face2FaceWeightsScoreThePicturesAsTheReferenceDoes) {
  SEAM_NEEDS_SHARED(kFixtures);
  Load("Meso4_F2F");
  for (const auto& golden : kGolden) {
    EXPECT_NEAR(ProbabilityOfReal(ResizeNearest(Picture(golden), 256)), golden.nearest_f2f, 1e-5)
        << golden.picture;
  }
}

}  // namespace
}  // namespace seam
