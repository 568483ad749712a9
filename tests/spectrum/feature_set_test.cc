#include "spectrum/feature_set.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "spectrum/numpy_file.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using namespace std::string_literals;

FeatureSet Small() {
  FeatureSet set;
  set.shape = {3};
  set.values = {1, 2.5, -3, 4, 5, 1e-300};
  set.labels = {0, 1};
  set.paths = {"a/ü.png", "b.png"};
  set.classes = {"real", "fake"};
  set.recipe = {{"feature", "azimuthal"}};
  return set;
}

TEST(FeatureSetTest, ComesBackFromItsFileAsItWas) {
  const TemporaryFolder folder;
  WriteFeatureSet(folder / "f.npz", Small());
  const FeatureSet set = ReadFeatureSet(folder / "f.npz");
  EXPECT_EQ(set.shape, Small().shape);
  EXPECT_EQ(set.values, Small().values);
  EXPECT_EQ(set.labels, Small().labels);
  EXPECT_EQ(set.paths, Small().paths);
  EXPECT_EQ(set.classes, Small().classes);
  EXPECT_EQ(set.recipe, Small().recipe);
}

TEST(FeatureSetTest, AnNpyFileKeepsItsLabelsBeside) {
  const TemporaryFolder folder;
  WriteFeatureSet(folder / "f.npy", Small());
  const FeatureSet set = ReadFeatureSet(folder / "f.npy");
  EXPECT_EQ(set.values, Small().values);
  EXPECT_EQ(set.labels, Small().labels);
}

// What pickle.dumps({"data": numpy.array([[1., 2.]]), "label": numpy.array([1.])}, 3) writes.
std::string PickledArray(const std::string& key, const std::string& shape, const std::string& bytes) {
  return "X"s + static_cast<char>(key.size()) + "\0\0\0"s + key +
         "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"s + "C\1b\x87R(K\1"s + shape +
         "cnumpy\ndtype\nX\2\0\0\0f8\x89\x88\x87R(K\3X\1\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"s +
         "C"s + static_cast<char>(bytes.size()) + bytes + "tb"s;
}
const std::string kOne = "\0\0\0\0\0\0\xf0\x3f"s, kTwo = "\0\0\0\0\0\0\0\x40"s;

TEST(FeatureSetTest, PublishedPicklesAreReadWithoutBeingRun) {
  const TemporaryFolder folder;
  WriteFile(folder / "f.pkl", "\x80\3}("s + PickledArray("data", "K\1K\2\x86", kOne + kTwo) +
                                  PickledArray("label", "K\1\x85", kOne) + "u."s);
  const FeatureSet set = ReadFeatureSet(folder / "f.pkl");
  EXPECT_EQ(set.shape, std::vector<std::int64_t>{2});
  EXPECT_EQ(set.values, (std::vector<double>{1, 2}));
  EXPECT_EQ(set.labels, std::vector<int>{1});
  EXPECT_EQ(ReadFeatureSet(folder / "f.pkl", true).labels, std::vector<int>{0});
  // Another length than the shape says.
  WriteFile(folder / "g.pkl", "\x80\3}("s + PickledArray("data", "K\2K\2\x86", kOne + kTwo) +
                                  PickledArray("label", "K\1\x85", kOne) + "u."s);
  EXPECT_NE(CatchMessage([&] { ReadFeatureSet(folder / "g.pkl"); }).find("shorter or longer"),
            std::string::npos);
  WriteFile(folder / "h.pkl", "\x80\2cos\nsystem\nX\2\0\0\0id\x85R."s);
  EXPECT_NE(CatchMessage([&] { ReadFeatureSet(folder / "h.pkl"); }).find("os.system"), std::string::npos);
}

TEST(FeatureSetTest, DamagedAndStrangeArraysAreRefused) {
  const std::string whole = ToNpy(NumpyArray::OfIntegers({1, 2, 3}));
  EXPECT_EQ(ParseNpy(whole, "f").Integers("f"), (std::vector<std::int64_t>{1, 2, 3}));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(CatchMessage([&] { ParseNpy(whole.substr(0, length), "f"); }), "") << length;
  std::string objects = whole;
  objects.replace(objects.find("'<i8'"), 5, "'|O' ");
  EXPECT_NE(CatchMessage([&] { ParseNpy(objects, "f"); }).find("type |O"), std::string::npos);
}

TEST(FeatureSetTest, ANumberThatIsNotFiniteIsRefused) {
  const TemporaryFolder folder;
  FeatureSet set = Small();
  set.values[1] = std::numeric_limits<double>::quiet_NaN();
  WriteFeatureSet(folder / "f.npz", set);
  EXPECT_NE(CatchMessage([&] { ReadFeatureSet(folder / "f.npz"); }).find("not finite"), std::string::npos);
}

}  // namespace
}  // namespace seam
