#pragma once

#include <cstdint>
#include <string>

#include "proto/picture.h"
#include "train/dataset.h"
#include "train/epoch_plan.h"

namespace seam {

// 1 is fake.
int LabelOf(const ClipDataset& dataset, const EpochPlan::Sample& sample);

// Makes the clip that a sample stands for: reads its record, decodes the frames of its window, does to them
// what the sample's kind says, then augments. What comes out hangs on the sample and its plan alone. One
// thread at a time; one object for each.
class ClipMaker {
 public:
  // Both must outlive it.
  ClipMaker(const ClipDataset& dataset, const EpochPlan& plan) : dataset_(dataset), plan_(plan) {}

  // Writes the clip as RGB to `pixels`, [T, S, S, 3] bytes where T is plan.frames. Returns what is wrong with
  // the record or a picture (`frame 3 of fake/a.mp4: not a JPEG picture`), or "".
  std::string Make(const EpochPlan::Sample& sample, std::uint8_t* pixels);

 private:
  std::string Decode(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels);
  std::string Blend(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels) const;
  void Augment(const EpochPlan::Sample& sample, std::uint8_t* pixels) const;

  const ClipDataset& dataset_;
  const EpochPlan& plan_;
  PictureDecoder decoder_;
};

}  // namespace seam
