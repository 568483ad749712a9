#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "base/cancel.h"
#include "base/options.h"
#include "extract/faces/extract_faces.h"
#include "retrieve/archive.h"

namespace seam {

class Predictor;

// Makes the vectors of files as a recipe says.
class VectorMaker {
 public:
  struct Settings {
    int frames = 16;            // of each video, evenly in time
    int jobs = 0;               // threads at work; 0: one per core
    std::string faces = "all";  // see FaceChoice
    MediaLimits media;
    void Register(Options* options);
  };

  // What a file gave. `problem` where it gave nothing, and what to do about it.
  struct Result {
    std::vector<NewEntry> entries;
    std::string problem, hint;
    bool failed = false;  // it could not be read; otherwise nothing was to be seen in it
  };

  // `model`: the checkpoint, of several networks in one file the first; empty: Seam's own. Throws as
  // Predictor() does; a network of windows is a UsageError.
  VectorMaker(FeatureKind kind, Region region, const std::string& model, Settings settings);
  ~VectorMaker();
  VectorMaker(VectorMaker&&) noexcept;

  // What an index records of it.
  ArchiveRecipe recipe() const;

  using Done = std::function<void(std::size_t, Result)>;
  // `done` gets the files' results one at a time, in their order. Returns false where `cancel` ended it:
  // then the last files have no result. Files that fail are results, not exceptions.
  bool Make(const std::vector<std::filesystem::path>& files, const CancelToken& cancel,
            const Done& done) const;

 private:
  std::vector<float> ComputeVector(const cv::Mat& picture) const;
  NewEntry FindEntry(Place place, const cv::Mat& picture) const;
  bool MakeOfFaces(const std::vector<std::filesystem::path>& files, const CancelToken& cancel,
                   const Done& done) const;
  bool MakeOfWhole(const std::vector<std::filesystem::path>& files, const CancelToken& cancel,
                   const Done& done) const;
  Result LookAtWhole(const std::filesystem::path& file, const CancelToken& cancel) const;

  class Sink;
  FeatureKind kind_;
  Region region_;
  Settings settings_;
  std::filesystem::path model_file_;
  std::shared_ptr<const Predictor> network_;  // for kNetwork
};

}  // namespace seam
