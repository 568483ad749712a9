#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace seam::tensorboard {
class Event;
}

namespace seam {

// A file for TensorBoard: records in the framing of proto/tfrecord.h, each an Event (proto/event.proto). It
// grows event by event, each whole before the next begins; a run that is killed leaves half of its last event
// at most, which TensorBoard passes over. An Error names the file when it cannot be written. One thread.
//
//   EventFile file(folder, 1);
//   file.AddScalars(10, {{"train/loss", 0.5}});
class EventFile {
 public:
  // Begins a file in `folder` that TensorBoard reads after those that are there. What they say of steps from
  // `first_step` on is taken back.
  EventFile(const std::filesystem::path& folder, std::int64_t first_step);

  // Those that are NaN are left out.
  void AddScalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);
  void AddImage(std::int64_t step, const std::string& tag, const std::string& png, int width, int height);
  // Precision and recall at kPrThresholds thresholds from 0 to 1, evenly apart.
  void AddPrCurve(std::int64_t step, const std::string& tag, std::span<const double> scores,
                  std::span<const int> labels);

 private:
  void Write(std::int64_t step, tensorboard::Event* event);

  std::filesystem::path path_;
  std::ofstream file_;
};

constexpr int kPrThresholds = 201;

}  // namespace seam
