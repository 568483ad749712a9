#include "proto/crop_spec.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

CropSpec Spec() {
  CropSpec crop;
  crop.set_size(256);
  crop.set_margin(0.3);
  crop.set_align("none");
  crop.set_detector("hog");
  crop.set_encoding("png");
  return crop;
}

TEST(CropSpecTest, FieldsThatAnOlderSeamDidNotWriteMeanWhatItDid) {
  CropSpec now = Spec(), old = Spec();
  old.clear_align();
  EXPECT_TRUE(SameCrop(now, old));
  EXPECT_EQ(FindProblem(old), "");
}

TEST(CropSpecTest, WhoseFacesTheyAreIsNoMatterOfHowTheyLook) {
  CropSpec all = Spec();
  all.set_faces("all");
  EXPECT_TRUE(SameCrop(all, Spec()));
  EXPECT_EQ(GetFaces(all), "all");
  EXPECT_EQ(GetFaces(Spec()), "largest");
}

TEST(CropSpecTest, EveryOtherFieldCounts) {
  CropSpec other = Spec();
  other.set_align("similarity");
  EXPECT_EQ(FindProblem(other), "");
  EXPECT_FALSE(SameCrop(other, Spec()));
  other = Spec();
  other.set_min_face(40);
  EXPECT_FALSE(SameCrop(other, Spec()));
  other = Spec();
  other.set_window_stride(2);
  EXPECT_FALSE(SameCrop(other, Spec()));
}

TEST(CropSpecTest, WhatThisSeamDoesNotKnowIsNamed) {
  CropSpec crop = Spec();
  crop.set_align("affine");
  EXPECT_EQ(FindProblem(crop), "faces aligned by 'affine'; none and similarity are known");
  crop = Spec();
  crop.set_faces("second");
  EXPECT_EQ(FindProblem(crop), "the faces 'second'; largest, centre and all are known");
  crop.set_faces("centre");
  EXPECT_EQ(FindProblem(crop), "");
}

}  // namespace
}  // namespace seam
