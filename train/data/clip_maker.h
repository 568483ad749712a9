#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "proto/picture.h"
#include "train/data/dataset.h"
#include "train/data/epoch_plan.h"
#include "train/data/face_points.h"

namespace seam {

// 1 is fake.
int FindLabel(const ClipDataset& dataset, const EpochPlan::Sample& sample);

// Makes the clip that a sample stands for: reads its record, decodes the frames of its window, does to them
// what the sample's kind says, then augments. What comes out depends on the sample and its plan alone. One
// thread at a time; one object for each.
class ClipMaker {
 public:
  // Both must outlive it.
  ClipMaker(const ClipDataset& dataset, const EpochPlan& plan) : dataset_(dataset), plan_(plan) {}

  // Writes the clip as RGB to `pixels`, [T, S, S, 3] bytes where T is plan.frames. Returns what is wrong with
  // the record or a picture (`frame 3 of fake/a.mp4: not a JPEG picture`), or "". With plan.xray_side X it
  // writes to `xray`, [T, X, X], where the clip is blended: 0 nowhere, 1 in the middle of an edge
  // (SelfBlender has the formula), kUnknown all over a fake that is stored.
  std::string Make(const EpochPlan::Sample& sample, std::uint8_t* pixels, float* xray = nullptr);
  static constexpr float kUnknown = -1;

 private:
  std::string Decode(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels);
  std::string Blend(const Clip& clip, const EpochPlan::Sample& sample, const Augmentation& augmentation,
                    std::uint8_t* pixels, float* xray);
  std::optional<Clip> FindDonor(const EpochPlan::Sample& sample, const FacePoints& points,
                                std::mt19937_64* engine) const;
  void Augment(const EpochPlan::Sample& sample, const Augmentation& augmentation, std::uint8_t* pixels) const;

  const ClipDataset& dataset_;
  const EpochPlan& plan_;
  PictureDecoder decoder_;
  std::vector<std::uint8_t> donor_;  // pixels of the donor's window
};

}  // namespace seam
