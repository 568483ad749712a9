#include "spectrum/classifier.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "base/files.h"
#include "spectrum/experiments/experiment.h"
#include "spectrum/principal_components.h"
#include "spectrum/spectrum_model.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// Rows of two numbers around the corners of a square, a class each.
FeatureSet Corners(int classes, int rows) {
  FeatureSet set;
  set.shape = {2};
  for (int i = 0; i < rows; ++i) {
    const int label = i % classes;
    set.values.push_back((label % 2) * 4 + 0.6 * std::sin(1.7 * i));
    set.values.push_back((label / 2) * 4 + 0.6 * std::cos(2.3 * i));
    set.labels.push_back(label);
  }
  for (int c = 0; c < classes; ++c) set.classes.push_back(std::string(1, static_cast<char>('A' + c)));
  if (classes == 2) set.classes = {"real", "fake"};
  return set;
}

class EverySolver : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Solvers, EverySolver,
                         testing::Values("svm", "logistic", "log", "lasso", "ridge", "elastic", "eigenfaces",
                                         "knn", "kmeans"));

TEST_P(EverySolver, TellsClassesThatLieApartAndComesBackFromItsFile) {
  const TemporaryFolder folder;
  for (const int classes : {2, 4}) {
    const FeatureSet train = Corners(classes, 40), test = Corners(classes, 60);
    ClassifierOptions options;
    options.solver = GetParam();
    options.l1 = options.l2 = 1e-3;
    options.cost = 10;
    options.variance = 0.99;
    const SpectrumModel model = SpectrumModel::Train(train, options);
    EXPECT_EQ(TestModel(model, test).right, 60) << classes;
    model.Save(folder / "m.safetensors", {});
    const SpectrumModel again = SpectrumModel::Load(folder / "m.safetensors");
    EXPECT_EQ(again.classes(), train.ClassesOrNumbers());
    for (std::size_t i = 0; i < test.rows(); ++i) {
      const auto before = model.Probabilities(test.row(i)), after = again.Probabilities(test.row(i));
      double sum = 0;
      ASSERT_EQ(before.size(), static_cast<std::size_t>(classes));
      for (std::size_t c = 0; c < before.size(); ++c) {
        EXPECT_NEAR(before[c], after[c], 1e-12);
        sum += after[c];
      }
      EXPECT_NEAR(sum, 1, 1e-9);
      EXPECT_EQ(model.Predict(test.row(i)), again.Predict(test.row(i)));
    }
  }
}

TEST_P(EverySolver, LearnsTheSameFromTheSame) {
  ClassifierOptions options;
  options.solver = GetParam();
  const FeatureSet train = Corners(2, 40);
  const auto a = SpectrumModel::Train(train, options), b = SpectrumModel::Train(train, options);
  for (std::size_t i = 0; i < train.rows(); ++i)
    EXPECT_EQ(a.Probabilities(train.row(i)), b.Probabilities(train.row(i)));
}

TEST(ClassifierTest, OneClassIsNothingToLearn) {
  FeatureSet set = Corners(2, 10);
  std::fill(set.labels.begin(), set.labels.end(), 1);
  EXPECT_NE(CatchMessage([&] { TrainClassifier(set, {}); }).find("fewer than two classes"),
            std::string::npos);
}

TEST(ClassifierTest, RidgeOfOneNumberIsWhereItsDerivativeIsZero) {
  // Rows -1 (class 0) and 1 (class 1): the mean cross entropy is ln(1 + e^-w), so w solves 1 / (1 + e^w) = 2
  // l2 w.
  FeatureSet set;
  set.shape = {1};
  set.values = {-1, 1};
  set.labels = {0, 1};
  ClassifierOptions options;
  options.solver = "ridge";
  options.l2 = 0.05;
  StoredArrays arrays;
  nlohmann::json facts;
  TrainClassifier(set, options)->Store(&arrays, &facts);
  const double w = arrays["weights"].values[0];
  EXPECT_NEAR(1 / (1 + std::exp(w)), 2 * 0.05 * w, 1e-9);
  EXPECT_NEAR(arrays["bias"].values[0], 0, 1e-9);
  // With a penalty of |w| of more than its slope of 1/2 at 0 the weight stays 0.
  options.solver = "lasso";
  options.l1 = 0.6;
  TrainClassifier(set, options)->Store(&arrays, &facts);
  EXPECT_EQ(arrays["weights"].values[0], 0);
}

TEST(ClassifierTest, NeighboursVoteAndTiesGoToTheFirstClass) {
  FeatureSet set;
  set.shape = {1};
  set.values = {0, 1, 3};
  set.labels = {1, 0, 0};
  ClassifierOptions options;
  options.solver = "knn";
  const std::vector<double> place = {0.4};
  EXPECT_EQ(TrainClassifier(set, options)->Predict(place), 1);
  options.neighbours = 2;
  EXPECT_EQ(TrainClassifier(set, options)->Predict(place), 0);
  options.neighbours = 3;
  EXPECT_NEAR(TrainClassifier(set, options)->Probabilities(place)[0], 2.0 / 3, 1e-12);
}

TEST(ClassifierTest, FingerprintsOfPicturesTellTheirSource) {
  FeatureSet train, test;
  for (int i = 0; i < 12; ++i) {
    FeatureSet& set = i < 8 ? train : test;
    const cv::Mat picture = SourcePicture(64, 64, i % 2, i / 2);
    set.values.insert(set.values.end(), picture.datastart, picture.dataend);
    set.labels.push_back(i % 2);
  }
  train.shape = test.shape = {64, 64, 3};
  ClassifierOptions options;
  options.solver = "prnu";
  options.residual = {3, 0.5};
  EXPECT_EQ(TestModel(SpectrumModel::Train(train, options), test).right, 4);
}

TEST(PrincipalComponentsTest, FindTheDirectionOfALine) {
  // Points along (3, 4) / 5 with a little across.
  std::vector<double> rows;
  for (int i = 0; i < 10; ++i) {
    const double t = i - 4.5, s = i % 2 == 0 ? 0.01 : -0.01;
    rows.insert(rows.end(), {1 + 0.6 * t - 0.8 * s, 2 + 0.8 * t + 0.6 * s});
  }
  const auto found = FindPrincipalComponents(rows, 2, 0.9);
  ASSERT_EQ(found.count(), 1U);
  EXPECT_NEAR(std::abs(found.components[0] * 0.6 + found.components[1] * 0.8), 1, 1e-6);
  EXPECT_NEAR(found.variance[0], 82.5 / 9, 1e-3);
  EXPECT_EQ(FindPrincipalComponents(rows, 2, 0.9999999).count(), 2U);
  // More columns than rows: the same points with zeros behind.
  std::vector<double> wide;
  for (std::size_t i = 0; i < 10; ++i) {
    wide.insert(wide.end(), {rows[2 * i], rows[2 * i + 1]});
    wide.resize(wide.size() + 20);
  }
  const auto same = FindPrincipalComponents(wide, 22, 0.9);
  ASSERT_EQ(same.count(), 1U);
  EXPECT_NEAR(same.variance[0], found.variance[0], 1e-9);
  EXPECT_NEAR(std::abs(same.components[0]), std::abs(found.components[0]), 1e-9);
}

std::vector<double> RawDoubles(const std::string& name) {
  const std::string bytes = ReadFile(SharedPath("fixtures/spectrum/durall/" + name));
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

struct SvmGolden {
  const char* name;
  const char* kernel;
  double objective, rho;
  std::size_t support_vectors;
  double accuracy;
};

TEST(SvmTest, ThePublishedOptimaAreReached) {
  SEAM_NEEDS_SHARED("fixtures/spectrum/durall/svm_golden.txt");
  for (const SvmGolden& golden :
       {SvmGolden{"celeba_low_1000", "rbf", -39.742454, 0.590092, 14, 1},
        {"celeba_low_1000", "linear", -27.601512, -18.166301, 44, 0.997},
        {"deepfakedetection_test_1000", "rbf", -915.659498, 1.072892, 221, 0.906},
        {"deepfakedetection_test_1000", "linear", -301.239982, 0.033873, 331, 0.784}}) {
    const auto data = RawDoubles(std::string(golden.name) + ".data.f64"),
               labels = RawDoubles(std::string(golden.name) + ".label.f64");
    const std::size_t width = data.size() / labels.size();
    FeatureSet train, test;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      FeatureSet& set = i % 2 == 0 ? train : test;
      set.values.insert(set.values.end(), data.begin() + static_cast<std::ptrdiff_t>(i * width),
                        data.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
      set.labels.push_back(static_cast<int>(labels[i]));
    }
    train.shape = test.shape = {static_cast<std::int64_t>(width)};
    ClassifierOptions options;
    options.kernel = golden.kernel;
    options.probability = false;
    const SpectrumModel model = SpectrumModel::Train(train, options);
    StoredArrays arrays;
    nlohmann::json facts;
    model.classifier().Store(&arrays, &facts);
    const auto& vectors = arrays["vectors"];
    const auto& coefficients = arrays["coefficients"].values;
    EXPECT_EQ(coefficients.size(), golden.support_vectors);
    EXPECT_NEAR(std::abs(arrays["rho"].values[0]), std::abs(golden.rho), 2e-3);
    // The dual's value: half of a'Qa less the sum of a, with a_i y_i as coefficients.
    double objective = 0;
    for (std::size_t i = 0; i < coefficients.size(); ++i) {
      objective -= std::abs(coefficients[i]);
      for (std::size_t j = 0; j < coefficients.size(); ++j) {
        double squares = 0, dot = 0;
        for (std::size_t k = 0; k < width; ++k) {
          const double a = vectors.values[i * width + k], b = vectors.values[j * width + k];
          squares += (a - b) * (a - b);
          dot += a * b;
        }
        objective += 0.5 * coefficients[i] * coefficients[j] *
                     (std::string(golden.kernel) == "rbf" ? std::exp(-0.86 * squares) : dot);
      }
    }
    EXPECT_NEAR(objective, golden.objective, 2e-3);
    EXPECT_NEAR(TestModel(model, test).accuracy(), golden.accuracy, 1e-9) << golden.name << golden.kernel;
  }
}

// The data of the fixtures' eigenfaces_knn_001.json.
FeatureSet WaveRows(int rows, int first, double scale) {
  FeatureSet set;
  set.shape = {48};
  for (int i = 0; i < rows; ++i) {
    const int label = i % 3, k = i + first;
    for (int j = 0; j < 48; ++j) {
      set.values.push_back(scale * std::sin(0.05 * j * (1 + label) + 0.3) + 2 * std::sin(1.7 * k + 0.21 * j) +
                           1.2 * std::cos(2.3 * k - 0.37 * j) + 0.8 * std::sin(12.9898 * k + 78.233 * j) +
                           0.5 * std::sin(3.1 * k * ((j % 7) + 1)));
    }
    set.labels.push_back(label);
  }
  return set;
}

TEST(EigenfacesTest, ThePublishedComponentsAndOptimaAreReached) {
  SEAM_NEEDS_SHARED("fixtures/frequency/eigenfaces_knn_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/eigenfaces_knn_001.json").string());
  const FeatureSet train = WaveRows(60, 0, 3), test = WaveRows(45, 1000, 3);
  for (const auto& expected : golden["eigenfaces"]) {
    ClassifierOptions options;
    options.solver = "eigenfaces";
    options.variance = expected["target_variance"];
    const auto found = FindPrincipalComponents(train.values, 48, options.variance);
    ASSERT_EQ(found.count(), expected["components"].get<std::size_t>());
    for (std::size_t i = 0; i < found.count(); ++i)
      EXPECT_NEAR(found.variance[i], expected["explained_variance"][i].get<double>(), 1e-9);
    for (const auto& svm : expected["svm"]) {
      options.cost = svm["C"];
      const auto model = TrainClassifier(train, options);
      StoredArrays arrays;
      nlohmann::json facts;
      model->Store(&arrays, &facts);
      for (std::size_t c = 0; c < 3; ++c) {
        double decision = arrays["bias"].values[c];
        for (std::size_t j = 0; j < 48; ++j)
          decision += arrays["weights"].values[c * 48 + j] * test.row(0)[j];
        EXPECT_NEAR(decision, svm["decision_first_test_row"][c].get<double>(), 1e-5);
      }
      for (std::size_t i = 0; i < test.rows(); ++i)
        EXPECT_EQ(model->Predict(test.row(i)), svm["test_predictions"][i].get<int>());
    }
  }
}

TEST(NeighboursTest, ThePublishedVotesAreReached) {
  SEAM_NEEDS_SHARED("fixtures/frequency/eigenfaces_knn_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/eigenfaces_knn_001.json").string());
  const FeatureSet train = WaveRows(60, 0, 0.9), test = WaveRows(45, 1000, 0.9);
  for (const auto& expected : golden["knn"]["results"]) {
    ClassifierOptions options;
    options.solver = "knn";
    options.neighbours = expected["k"];
    const auto model = TrainClassifier(train, options);
    for (std::size_t i = 0; i < test.rows(); ++i)
      EXPECT_EQ(model->Predict(test.row(i)), expected["predictions"][i].get<int>());
  }
}

TEST(RidgeTest, ThePublishedOptimaAreReached) {
  SEAM_NEEDS_SHARED("fixtures/frequency/ridge_optimum_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/ridge_optimum_001.json").string());
  const FeatureSet train = WaveRows(60, 0, 0.9);
  ClassifierOptions options;
  options.solver = "ridge";
  options.max_iterations = 200'000;
  StoredArrays arrays;
  nlohmann::json facts;
  for (const auto& expected : golden["binary"]) {
    FeatureSet binary = train;
    for (int& label : binary.labels) label = label == 0 ? 1 : 0;
    options.l2 = expected["lambda"];
    TrainClassifier(binary, options)->Store(&arrays, &facts);
    for (std::size_t j = 0; j < 8; ++j)
      EXPECT_NEAR(arrays["weights"].values[j], expected["weights_first8"][j].get<double>(), 1e-7);
    EXPECT_NEAR(arrays["bias"].values[0], expected["bias"].get<double>(), 1e-7);
  }
  for (const auto& expected : golden["softmax3"]) {
    options.l2 = expected["lambda"];
    TrainClassifier(train, options)->Store(&arrays, &facts);
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(arrays["weights"].values[c * 48], expected["weights_first_feature"][c].get<double>(), 1e-7);
  }
}

}  // namespace
}  // namespace seam
