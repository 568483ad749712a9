#include "extract/dataset/dry_run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "extract/dataset/dataset_counts.h"
#include "proto/picture.h"

namespace seam {

namespace {

constexpr std::size_t kSample = 8;  // videos

// What the extraction will cost, by a sample of the videos.
struct Cost {
  std::size_t sampled = 0, failed = 0;  // of the sampled ones
  double bytes = 0;                     // of all shards
  double seconds = 0;
};

// Counts what the clips of a video would take.
class CountingSink : public ClipSink {
 public:
  explicit CountingSink(const CropSpec& spec) : spec_(spec) {}

  void Add(FaceClip clip) override {
    for (const FaceFrame& frame : clip.frames) {
      const cv::Mat& picture = frame.picture;
      tracks_[clip.track] += static_cast<double>(EncodePicture(picture.data, picture.step[0], spec_).size() +
                                                 sizeof(cv::Point2f) * frame.dense_landmarks.size()) +
                             kAround;
    }
  }

  void Finish(const VideoSummary& summary) override {
    for (const int track : summary.kept) bytes_ += tracks_[track];
  }

  double bytes() const { return bytes_; }

 private:
  static constexpr double kAround = 300;  // of a frame beside its picture: names, box, crop settings, framing

  const CropSpec& spec_;
  std::map<int, double> tracks_;
  double bytes_ = 0;
};

// Evenly over the sizes of the files that would be read.
std::vector<std::filesystem::path> Sample(const std::vector<const Video*>& videos) {
  std::vector<std::pair<std::uintmax_t, std::string>> by_size;
  for (const Video* video : videos) {
    std::error_code code;
    const auto size = std::filesystem::file_size(video->path, code);
    by_size.emplace_back(code ? 0 : size, video->path.string());
  }
  std::sort(by_size.begin(), by_size.end());
  std::vector<std::filesystem::path> sample;
  const std::size_t count = std::min(kSample, by_size.size());
  for (std::size_t i = 0; i < count; ++i)
    sample.emplace_back(by_size[(2 * i + 1) * by_size.size() / (2 * count)].second);
  return sample;
}

Cost Measure(const std::vector<const Video*>& videos, const ExtractOptions& extract,
             const DatasetWriterOptions& writer) {
  const std::vector<std::filesystem::path> sample = Sample(videos);
  Cost cost;
  if (sample.empty()) return cost;
  const CropSpec spec = writer.WithEncoding(extract.Spec());
  double bytes = 0;
  const auto start = std::chrono::steady_clock::now();
  Progress progress("measure", static_cast<std::int64_t>(sample.size()), "videos");
  const bool whole = ExtractFaces(
      {sample.begin(), sample.end()}, extract,
      [&](std::size_t) { return std::make_unique<CountingSink>(spec); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
        cost.failed += IsFailure(summary.status) ? 1 : 0;
        bytes += static_cast<const CountingSink&>(*sink).bytes();
        progress.Advance();
      });
  if (!whole) throw Error("seam extract", "stopped", "--dry-run extracts a few videos to measure");
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  const double scale = static_cast<double>(videos.size()) / static_cast<double>(sample.size());
  cost.sampled = sample.size();
  cost.bytes = bytes * scale;
  cost.seconds = passed.count() * scale;
  return cost;
}

struct Groups {
  std::size_t count = 0, largest = 0;
  std::string name;  // of the largest
};

Groups CountGroups(const std::vector<const Video*>& videos) {
  std::map<std::string, std::size_t> sizes;
  Groups groups;
  for (const Video* video : videos) ++sizes[video->group];
  for (const auto& [name, size] : sizes) {
    if (size <= groups.largest) continue;
    groups.largest = size;
    groups.name = name;
  }
  groups.count = sizes.size();
  return groups;
}

// As the manifest would have them, but for what the extraction finds.
std::vector<DatasetCount> Counts(const DatasetPlan& plan) {
  std::vector<ManifestRow> rows;
  for (const Video& video : plan.videos) {
    ManifestRow row;
    row.split = video.split;
    row.label = video.label == FAKE ? "fake" : "real";
    row.method = video.method;
    row.status = video.status.empty() ? Status::kPlanned : ReadStatus(video.status);
    rows.push_back(std::move(row));
  }
  return CountRows(rows);
}

std::string Duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return seconds < 5400 ? fmt::format("{:.0f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

std::string Size(double bytes) {
  constexpr double kMega = 1e6, kGiga = 1e9;
  return bytes < kGiga ? fmt::format("{:.1f} MB", bytes / kMega) : fmt::format("{:.1f} GB", bytes / kGiga);
}

void PrintText(const DatasetPlan& plan, const Groups& groups, const Cost& cost) {
  const std::vector<DatasetCount> counts = Counts(plan);
  std::size_t method = 6, status = 6;
  for (const DatasetCount& count : counts) {
    method = std::max(method, Printable(count.method).size());
    status = std::max(status, count.status.size());
  }
  const auto line = [&](const auto&... c) { fmt::print("{:<6} {:<5} {:<{}} {:<{}} {:>8}\n", c...); };
  const auto shown = [](const std::string& text) { return text.empty() ? "-" : Printable(text); };
  line("split", "label", "method", method, "status", status, "videos");
  for (const DatasetCount& count : counts) {
    line(shown(count.split), count.label, shown(count.method), method, count.status, status, count.videos);
  }
  line("all", "", "", method, "", status, plan.videos.size());
  fmt::print("layout: {}\ngroups: {}, the largest of {}: {}\n", plan.layout, groups.count,
             Counted(groups.largest, "video"), Printable(groups.name));
  fmt::print("expected: {} of shards, in {} on this machine; measured on {}{}\n", Size(cost.bytes),
             Duration(cost.seconds), Counted(cost.sampled, "video"),
             cost.failed == 0 ? "" : fmt::format(", {} of them unreadable or damaged", cost.failed));
}

}  // namespace

void PrintDryRun(const DatasetPlan& plan, const ExtractOptions& extract, const DatasetWriterOptions& writer,
                 bool json) {
  std::vector<const Video*> videos;
  for (const Video& video : plan.videos) {
    if (video.status.empty()) videos.push_back(&video);
  }
  const Groups groups = CountGroups(videos);
  const Cost cost = Measure(videos, extract, writer);
  if (!json) return PrintText(plan, groups, cost);
  nlohmann::ordered_json answer = plan.facts;
  answer["counts"] = CountsJson(Counts(plan));
  answer["groups"] = {
      {"count", groups.count}, {"largest", groups.name}, {"videos_in_largest", groups.largest}};
  answer["expected"] = {{"bytes", cost.bytes},
                        {"seconds", cost.seconds},
                        {"videos_measured", cost.sampled},
                        {"videos_failed", cost.failed}};
  fmt::print("{}\n", answer.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace seam
