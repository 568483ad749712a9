#include "retrieve/vector_search.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

std::vector<float> MadeVectors(std::int64_t rows, std::int64_t dimension, Metric metric, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> vectors;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::vector<float> vector(static_cast<std::size_t>(dimension));
    for (float& value : vector) value = normal(random);
    Normalise(metric, &vector);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  return vectors;
}

std::vector<std::int64_t> ListRows(const std::vector<Near>& found) {
  std::vector<std::int64_t> rows;
  for (const Near& near : found) rows.push_back(near.row);
  return rows;
}

// The plain way: all values by their definition, sorted.
std::vector<Near> ByDefinition(const std::vector<float>& vectors, const float* query,
                               const VectorState& state, bool nearest) {
  std::vector<Near> all;
  for (std::int64_t row = 0; row < state.rows; ++row) {
    double product = 0, distance = 0;
    for (std::int64_t i = 0; i < state.dimension; ++i) {
      const double a = query[i], b = vectors[static_cast<std::size_t>(row * state.dimension + i)];
      product += a * b;
      distance += (a - b) * (a - b);
    }
    all.push_back({row, static_cast<float>(state.metric == Metric::kCosine ? product : std::sqrt(distance))});
  }
  std::sort(all.begin(), all.end(), [&](const Near& a, const Near& b) {
    return nearest ? IsNearer(state.metric, a.value, b.value) : IsNearer(state.metric, b.value, a.value);
  });
  return all;
}

class VectorSearchTest : public testing::TestWithParam<Metric> {
 protected:
  void SetUp() override {
    state_.metric = GetParam();
    state_.dimension = 24;
    vectors_ = MadeVectors(3000, 24, state_.metric);
    AppendVectors(folder_.path(), vectors_, &state_);
  }

  TemporaryFolder folder_;
  VectorState state_;
  std::vector<float> vectors_;
};

TEST_P(VectorSearchTest, NearestAndFarthestAreThoseByTheDefinition) {
  ASSERT_EQ(state_.rows, 3000);
  const VectorSearch search(folder_.path(), state_);
  const std::vector<float> queries = MadeVectors(3, 24, state_.metric, 2);
  const auto nearest = search.Nearest(queries.data(), 3, 7);
  const auto farthest = search.Farthest(queries.data(), 3, 7);
  for (std::size_t q = 0; q < 3; ++q) {
    const auto near = ByDefinition(vectors_, queries.data() + q * 24, state_, true);
    const auto far = ByDefinition(vectors_, queries.data() + q * 24, state_, false);
    ASSERT_EQ(nearest[q].size(), 7U);
    ASSERT_EQ(farthest[q].size(), 7U);
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(nearest[q][i].row, near[i].row);
      EXPECT_NEAR(nearest[q][i].value, near[i].value, 1e-5);
      EXPECT_EQ(farthest[q][i].row, far[i].row);
      EXPECT_NEAR(farthest[q][i].value, far[i].value, 1e-5);
    }
  }
}

TEST_P(VectorSearchTest, TheSameVectorIsAtDistanceZeroOrCosineOne) {
  const VectorSearch search(folder_.path(), state_);
  const auto found = search.Nearest(search.Row(1234), 1, 1);
  EXPECT_EQ(found[0][0].row, 1234);
  EXPECT_NEAR(found[0][0].value, state_.metric == Metric::kCosine ? 1 : 0, 1e-6);
}

TEST_P(VectorSearchTest, DeletedRowsAreNotFound) {
  const VectorSearch all(folder_.path(), state_);
  const auto before = ListRows(all.Nearest(all.Row(5), 1, 4)[0]);
  const VectorSearch search(folder_.path(), state_, {5, before[2]});
  EXPECT_EQ(ListRows(search.Nearest(search.Row(5), 1, 2)[0]),
            (std::vector<std::int64_t>{before[1], before[3]}));
}

TEST_P(VectorSearchTest, AskingForMoreThanThereIsGivesAll) {
  const VectorSearch search(folder_.path(), state_, {0});
  EXPECT_EQ(search.Nearest(vectors_.data(), 1, 5000)[0].size(), 2999U);
}

TEST_P(VectorSearchTest, WhatWasWrittenAndNotRecordedIsOverwritten) {
  VectorState lost = state_;
  AppendVectors(folder_.path(), MadeVectors(10, 24, state_.metric, 3), &lost);  // a run that was killed here
  const std::vector<float> next = MadeVectors(10, 24, state_.metric, 4);
  AppendVectors(folder_.path(), next, &state_);
  const VectorSearch search(folder_.path(), state_);
  EXPECT_EQ(std::vector<float>(search.Row(3000), search.Row(3000) + 240), next);
}

TEST_P(VectorSearchTest, AFileThatIsTooShortIsAnError) {
  VectorState wrong = state_;
  wrong.rows = 3001;
  EXPECT_THAT(CatchMessage([&] { const VectorSearch search(folder_.path(), wrong); }),
              HasSubstr("is shorter than"));
}

INSTANTIATE_TEST_SUITE_P(, VectorSearchTest, testing::Values(Metric::kCosine, Metric::kEuclidean),
                         [](const auto& metric) { return std::string(GetName(metric.param)); });

// As many numbers as it takes for lists, of few rows, so that k-means is quick.
TEST(VectorListsTest, ManyVectorsAreFoundThroughListsAndNewOnesBesideThem) {
  const TemporaryFolder folder;
  VectorState state;
  state.dimension = 16384;
  const std::int64_t rows = kExactNumbers / state.dimension + 1;
  const std::vector<float> vectors = MadeVectors(rows, state.dimension, state.metric);
  AppendVectors(folder.path(), vectors, &state);
  VectorState few = state;
  few.rows = 100;
  EXPECT_FALSE(ExtendLists(folder.path(), &few));
  ASSERT_TRUE(ExtendLists(folder.path(), &state));
  EXPECT_EQ(state.listed, rows);
  EXPECT_FALSE(ExtendLists(folder.path(), &state));
  AppendVectors(folder.path(), MadeVectors(3, state.dimension, state.metric, 9), &state);
  const VectorSearch search(folder.path(), state, {7});
  for (const std::int64_t row : {std::int64_t{0}, std::int64_t{1000}, rows - 1, rows, rows + 2}) {
    const auto found = search.Nearest(search.Row(row), 1, 3);
    EXPECT_EQ(found[0][0].row, row);
    EXPECT_NEAR(found[0][0].value, 1, 1e-5);
  }
  EXPECT_NE(search.Nearest(search.Row(7), 1, 1)[0][0].row, 7);
  WriteFile(ListFile(folder.path(), state), "no lists");
  EXPECT_THAT(CatchMessage([&] { const VectorSearch broken(folder.path(), state); }),
              HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace seam
