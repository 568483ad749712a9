// Files as Keras lays them out, written with the HDF5 library.

#include "models/weights/keras_h5.h"

#include <hdf5.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/models/floats.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Sides = std::vector<hsize_t>;

class KerasH5Test : public testing::Test {
 protected:
  void SetUp() override { Create(); }
  void TearDown() override { Close(); }

  void Create() {
    Close();
    file_ = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    groups_ = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(groups_, 1);
  }
  void Close() {
    if (file_ < 0) return;
    H5Pclose(groups_);
    H5Fclose(file_);
    file_ = -1;
  }

  // A dataset of 0, 1, 2, ..., stored as `type`; without `written`, its numbers are never written.
  void Add(const std::string& name, const Sides& sides, hid_t type = H5T_IEEE_F32LE,
           hid_t plist = H5P_DEFAULT, bool written = true) {
    const hid_t space = H5Screate_simple(static_cast<int>(sides.size()), sides.data(), nullptr);
    const hid_t set = H5Dcreate2(file_, name.c_str(), type, space, groups_, plist, H5P_DEFAULT);
    ASSERT_GE(set, 0) << name;
    if (written) {
      std::vector<float> numbers(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
      H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data());
    }
    H5Dclose(set);
    H5Sclose(space);
  }

  PlainTensors Load() {
    Close();
    return LoadKerasH5(path_);
  }
  // Without the file's name.
  std::string Error() {
    const std::string message = CatchMessage([&] { Load(); });
    const std::string subject = path_.string() + ": ";
    return message.starts_with(subject) ? message.substr(subject.size()) : message;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "weights.h5";
  hid_t file_ = -1, groups_ = -1;
};

// What Keras 3 writes into .weights.h5.
TEST_F(KerasH5Test, NumberedWeightsOfKeras3HaveTheNamesOfTheirClass) {
  for (const char* layer : {"conv2d", "conv2d_1", "dense"}) {
    Add(std::string("layers/") + layer + "/vars/0", {1, 2});
    Add(std::string("layers/") + layer + "/vars/1", {2});
  }
  for (const char* weight : {"0", "1", "2", "3"})
    Add(std::string("layers/batch_normalization/vars/") + weight, {2});
  Add("layers/separable_conv2d/vars/1", {2});
  Add("layers/dropout/seed_generator/vars/0", {2}, H5T_STD_U32LE, H5P_DEFAULT, false);
  Add("optimizer/vars/0", {1}, H5T_STD_I64LE, H5P_DEFAULT, false);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : Load()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "batch_normalization/beta:0", "batch_normalization/gamma:0",
                       "batch_normalization/moving_mean:0", "batch_normalization/moving_variance:0",
                       "conv2d/bias:0", "conv2d/kernel:0", "conv2d_1/bias:0", "conv2d_1/kernel:0",
                       "dense/bias:0", "dense/kernel:0", "separable_conv2d/pointwise_kernel:0"}));
}

TEST_F(KerasH5Test, WeightsAreReadByLayerAndName) {
  Add("conv2d_5/conv2d_5/kernel:0", {3, 3, 2, 4});
  Add("dense/model/dense/bias:0", {7}, H5T_IEEE_F64BE);
  const auto tensors = Load();
  ASSERT_EQ(tensors.size(), 2U);
  const auto& kernel = tensors.at("conv2d_5/kernel:0");
  EXPECT_EQ(kernel.shape, (std::vector<std::int64_t>{3, 3, 2, 4}));
  EXPECT_EQ(ToFloats(kernel).at(((1 * 3 + 2) * 2 + 1) * 4 + 3), 24 + 16 + 4 + 3);
  EXPECT_EQ(ToFloats(tensors.at("dense/bias:0")).at(6), 6);
}

TEST_F(KerasH5Test, OfAWholeModelOnlyTheWeightsAreRead) {
  Add("model_weights/dense/dense/bias:0", {2});
  Add("optimizer_weights/Adam/dense/m:0", {2});
  const auto tensors = Load();
  EXPECT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors.count("dense/bias:0"), 1U);
}

TEST_F(KerasH5Test, PackedWeightsAreRead) {
  const hid_t packed = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 16;
  H5Pset_chunk(packed, 1, &chunk);
  H5Pset_shuffle(packed);
  H5Pset_deflate(packed, 6);
  Add("a/kernel:0", {64}, H5T_IEEE_F32LE, packed);
  H5Pclose(packed);
  EXPECT_EQ(ToFloats(Load().at("a/kernel:0")).at(63), 63);
}

TEST_F(KerasH5Test, LinksAreNotFollowed) {
  H5Lcreate_soft("/elsewhere", file_, "weights", H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_EQ(Error(), "bad HDF5 file: 'weights' is a link to somewhere else, which is not followed");
  Create();
  H5Lcreate_external("/etc/passwd", "/a", file_, "weights", H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_EQ(Error(), "bad HDF5 file: 'weights' is a link to somewhere else, which is not followed");
}

TEST_F(KerasH5Test, NumbersInOtherFilesAreNotRead) {
  const hid_t outside = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(outside, (folder_ / "other").c_str(), 0, 16);
  Add("a/bias:0", {4}, H5T_IEEE_F32LE, outside);
  H5Pclose(outside);
  EXPECT_EQ(Error(), "bad HDF5 file: the data of 'a/bias:0' are in another file");
}

TEST_F(KerasH5Test, OtherPackingIsNamed) {
  const hid_t packed = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 4;
  H5Pset_chunk(packed, 1, &chunk);
  H5Pset_nbit(packed);
  Add("a/bias:0", {4}, H5T_IEEE_F32LE, packed);
  H5Pclose(packed);
  EXPECT_EQ(Error(), "bad HDF5 file: 'a/bias:0' is packed by filter 5; gzip and shuffle are read");
}

TEST_F(KerasH5Test, OtherTypesAreErrors) {
  Add("a/bias:0", {4}, H5T_STD_I32LE);
  EXPECT_EQ(Error(), "bad HDF5 file: 'a/bias:0' does not hold floating-point numbers");
}

TEST_F(KerasH5Test, ShapesThatNoNetworkHasAreErrors) {
  Add("a/bias:0", Sides(9, 1));
  EXPECT_EQ(Error(), "bad HDF5 file: the shape of 'a/bias:0' is damaged");
  Create();
  Add("a/bias:0", {0, 4});
  EXPECT_EQ(Error(), "bad HDF5 file: the shape of 'a/bias:0' is empty or too large");
}

TEST_F(KerasH5Test, ASmallFileCannotAskForMuchMemory) {
  Add("a/bias:0", {1ULL << 40}, H5T_IEEE_F32LE, H5P_DEFAULT, false);
  EXPECT_EQ(Error(), "bad HDF5 file: the shape of 'a/bias:0' is empty or too large");
  Create();
  Add("a/bias:0", {1U << 27}, H5T_IEEE_F32LE, H5P_DEFAULT, false);
  EXPECT_EQ(Error(), "bad HDF5 file: 'a/bias:0' would unpack to far more than there is");
}

TEST_F(KerasH5Test, DeepGroupsAreAnError) {
  Add("1/2/3/4/5/6/7/8/9/10/bias:0", {4});
  EXPECT_EQ(Error(), "bad HDF5 file: its groups are damaged or too deep");
}

TEST_F(KerasH5Test, AGroupThatHoldsItselfIsAnError) {
  Add("a/bias:0", {4});
  H5Lcreate_hard(file_, "/a", file_, "/a/a", H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_EQ(Error(), "bad HDF5 file: its groups are damaged or too deep");
}

TEST_F(KerasH5Test, TwoWeightsOfOneNameAreAnError) {
  Add("a/dense/bias:0", {4});
  Add("b/dense/bias:0", {4});
  EXPECT_EQ(Error(), "bad HDF5 file: 'dense/bias:0' stands twice");
}

TEST_F(KerasH5Test, TruncatedFilesAreErrors) {
  Add("a/bias:0", {64});
  Add("b/bias:0", {64});
  Close();
  const std::string whole = ReadFile(path_);
  for (std::size_t length = 8; length < whole.size(); length += 1 + whole.size() / 40) {
    WriteFile(path_, whole.substr(0, length));
    EXPECT_TRUE(Error().starts_with("bad HDF5 file: ")) << length << " " << Error();
  }
  WriteFile(path_, whole.substr(0, 8) + "no more than the first bytes");
  EXPECT_EQ(Error(), "bad HDF5 file: cannot be read as HDF5");
}

TEST_F(KerasH5Test, FlippedBitsAreReadOrAnError) {
  Add("a/bias:0", {16});
  Close();
  const std::string whole = ReadFile(path_);
  for (std::size_t i = 0; i < whole.size(); i += 1 + whole.size() / 100) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    WriteFile(path_, changed);
    EXPECT_EQ(Error().find('\n'), std::string::npos) << i;
  }
}

}  // namespace
}  // namespace seam
