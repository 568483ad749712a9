#include <algorithm>
#include <cstdint>

#include "base/error.h"
#include "extract/faces/extract_faces.h"
#include "extract/faces/whole_picture.h"

namespace seam {

void FaceChoice::Register(Options* options) {
  options->Add(
      "faces", &faces,
      "whose faces: the person who takes most of the pictures, the one nearest to their middle, or all",
      {"largest", "centre", "all"});
  options->Add("min-face", &min_face, "pass over faces whose shorter side has fewer pixels",
               Between(0, 100'000));
}

void FaceChoice::Check() const { CheckDeclared(*this); }

void ExtractOptions::Register(Options* options) {
  sample.Register(options);
  detector.Register(options);
  choice.Register(options);
  crop.Register(options);
  landmarks.Register(options);
  media.Register(options);
  options->Add("jobs", &jobs, "threads at work (0: one per core)", Between(0, 4096));
}

namespace {

bool TilesAlike(const CropOptions& a, const CropOptions& b) {
  return a.align == b.align && a.overlap == b.overlap &&
         TileSide(a.margin, a.size) == TileSide(b.margin, b.size);
}

}  // namespace

void ExtractOptions::Check() const {
  CheckDeclared(*this);
  landmarks.Check(crop);
  const bool whole = detector.detector == kWholePicture;
  if (whole != IsWholePictureAlign(crop.align)) {
    throw UsageError("--align",
                     whole ? crop.align + " is for faces, and --detector whole takes pictures"
                           : crop.align + " is for pictures, and faces are looked for",
                     whole ? "--align centre, shorter, square or tiles" : "--detector whole takes pictures");
  }
  const auto other_tiles = [&](const CropOptions& more) {
    return more.align == kTiles && !TilesAlike(more, crop);
  };
  if (std::any_of(more_crops.begin(), more_crops.end(), other_tiles)) {
    throw UsageError("--model", "the networks take tiles of different sizes", "score with each by itself");
  }
  if (crop.overlap > 0 && !TakesTiles())
    throw UsageError("--overlap", "is of tiles, and there are none",
                     "--detector whole --align tiles makes some");
  if (!whole && crop.align != "none" && !FindsLandmarks(detector.detector)) {
    throw UsageError("--align",
                     crop.align + " needs landmarks, which " + detector.detector + " does not find",
                     "take --detector retinaface or yunet");
  }
}

bool ExtractOptions::TakesTiles() const { return crop.align == kTiles; }

CropSpec ExtractOptions::Spec() const {
  CropSpec spec;
  spec.set_size(static_cast<std::uint32_t>(crop.size));
  spec.set_margin(crop.margin);
  spec.set_align(crop.align);
  spec.set_detector(detector.detector);
  spec.set_detect_size(static_cast<std::uint32_t>(detector.EffectiveSize()));
  spec.set_detect_threshold(detector.detect_threshold);
  spec.set_min_face(static_cast<std::uint32_t>(choice.min_face));
  spec.set_faces(TakesTiles() ? "all" : choice.faces);
  spec.set_overlap(crop.overlap);
  if (sample.window > 1) spec.set_window_stride(static_cast<std::uint32_t>(sample.window_stride));
  return spec;
}

}  // namespace seam
