#include "spectrum/experiments/class_measures.h"

#include <cmath>

#include <gtest/gtest.h>

namespace seam {
namespace {

const Measured& Find(const Slice& slice, const char* key) { return slice.metrics[MetricIndex(key)]; }

TEST(ClassMeasuresTest, TheMacroAucIsTheMeanOfEachClassAgainstTheRest) {
  // By hand: class 0 against the rest is right in 3 of 4 pairs, class 1 in 3 of 3, class 2 in 2 of 3.
  const ClassScores scores{
      {{0.6, 0.1, 0.3}, {0.3, 0.2, 0.5}, {0.2, 0.7, 0.1}, {0.4, 0.2, 0.4}}, {0, 0, 1, 2}, {0, 2, 1, 0}};
  EXPECT_DOUBLE_EQ(MacroAuc(scores), (3.0 / 4 + 1 + 2.0 / 3) / 3);
  const Slice slice = MeasureClasses("made", scores, {.resamples = 200});
  EXPECT_EQ(slice.inputs, 4);
  EXPECT_DOUBLE_EQ(Find(slice, "accuracy").value, 0.5);
  EXPECT_DOUBLE_EQ(Find(slice, "auc").value, MacroAuc(scores));
  EXPECT_TRUE(std::isnan(Find(slice, "eer").value));
  // Both inputs of class 0 may be drawn right or wrong; the others are alone in their class.
  EXPECT_DOUBLE_EQ(Find(slice, "accuracy").interval.low, 0.25);
  EXPECT_DOUBLE_EQ(Find(slice, "accuracy").interval.high, 0.75);
}

TEST(ClassMeasuresTest, AClassThatIsMissingIsLeftOut) {
  const ClassScores scores{{{0.6, 0.3, 0.1}, {0.2, 0.7, 0.1}}, {0, 1}, {0, 1}};
  EXPECT_DOUBLE_EQ(MacroAuc(scores), 1);
  EXPECT_TRUE(std::isnan(MacroAuc({{{1.0, 0.0}}, {0}, {0}})));
}

}  // namespace
}  // namespace seam
