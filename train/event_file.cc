#include "train/event_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <regex>

#include <fmt/format.h>

#include "base/error.h"
#include "proto/event.pb.h"
#include "proto/tfrecord.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr char kFileVersion[] = "brain.Event:2";
constexpr int kFloat = 1;  // DT_FLOAT of tensorboard/compat/proto/types.proto
constexpr int kRgb = 3;

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads the files of a folder in the order of their names, which begin with a time in seconds.
fs::path NewPath(const fs::path& folder) {
  auto second = static_cast<std::int64_t>(Now());
  const std::regex pattern(R"(events\.out\.tfevents\.(\d{1,18})\..*)");
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::smatch match;
    const std::string name = entry.path().filename().string();
    if (std::regex_match(name, match, pattern))
      second = std::max(second, std::int64_t{std::stoll(match[1])} + 1);
  }
  return folder / fmt::format("events.out.tfevents.{:010}.seam.{}", second, getpid());
}

// The rows that the plugin pr_curves wants: true and false positives, true and false negatives, precision,
// recall. [6, kPrThresholds]
std::vector<float> PrRows(std::span<const double> scores, std::span<const int> labels) {
  constexpr std::size_t kCount = kPrThresholds;
  std::array<std::array<double, kCount + 1>, 2> from = {};  // how many of each class score at least i / 200
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double place = std::clamp(scores[i], 0.0, 1.0) * (kPrThresholds - 1);
    from[labels[i] == 1 ? 1 : 0][static_cast<std::size_t>(place)] += 1;
  }
  std::vector<float> rows(6 * kCount);
  for (std::size_t i = kCount; i-- > 0;) {
    for (auto& of_class : from) of_class[i] += of_class[i + 1];
  }
  for (std::size_t i = 0; i < kCount; ++i) {
    const double found = from[1][i], alarms = from[0][i], fakes = from[1][0], reals = from[0][0];
    const double precision = found + alarms > 0 ? found / (found + alarms) : 1;  // as TensorBoard has it
    const double recall = fakes > 0 ? found / fakes : 0;
    const std::array<double, 6> column = {found, alarms, reals - alarms, fakes - found, precision, recall};
    for (std::size_t row = 0; row < 6; ++row) rows[row * kCount + i] = static_cast<float>(column[row]);
  }
  return rows;
}

}  // namespace

EventFile::EventFile(const fs::path& folder, std::int64_t first_step)
    : path_(NewPath(folder)), file_(path_, std::ios::binary) {
  tensorboard::Event version, start;
  version.set_file_version(kFileVersion);
  Write(0, &version);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  Write(first_step, &start);
}

void EventFile::AddScalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  tensorboard::Event event;
  for (const auto& [tag, number] : scalars) {
    if (std::isnan(number)) continue;
    auto* value = event.mutable_summary()->add_value();
    value->set_tag(tag);
    value->set_simple_value(static_cast<float>(number));
  }
  if (event.has_summary()) Write(step, &event);
}

void EventFile::AddImage(std::int64_t step, const std::string& tag, const std::string& png, int width,
                         int height) {
  tensorboard::Event event;
  auto* value = event.mutable_summary()->add_value();
  value->set_tag(tag);
  auto* image = value->mutable_image();
  image->set_width(width);
  image->set_height(height);
  image->set_colorspace(kRgb);
  image->set_encoded_image_string(png);
  Write(step, &event);
}

void EventFile::AddPrCurve(std::int64_t step, const std::string& tag, std::span<const double> scores,
                           std::span<const int> labels) {
  tensorboard::Event event;
  auto* value = event.mutable_summary()->add_value();
  value->set_tag(tag);
  tensorboard::PrCurvePluginData plugin;
  plugin.set_num_thresholds(kPrThresholds);
  auto* data = value->mutable_metadata()->mutable_plugin_data();
  data->set_plugin_name("pr_curves");
  data->set_content(plugin.SerializeAsString());
  const std::vector<float> rows = PrRows(scores, labels);
  auto* tensor = value->mutable_tensor();
  tensor->set_dtype(kFloat);
  tensor->mutable_tensor_shape()->add_dim()->set_size(6);
  tensor->mutable_tensor_shape()->add_dim()->set_size(kPrThresholds);
  tensor->mutable_tensor_content()->resize(rows.size() * sizeof(float));
  std::memcpy(tensor->mutable_tensor_content()->data(), rows.data(), rows.size() * sizeof(float));
  Write(step, &event);
}

void EventFile::Write(std::int64_t step, tensorboard::Event* event) {
  event->set_wall_time(Now());
  event->set_step(step);
  const std::string record = FrameRecord(event->SerializeAsString());
  if (!file_.write(record.data(), static_cast<std::streamsize>(record.size())).flush()) {
    throw Error(path_.string(), "cannot be written",
                "is the disk full? --resume goes on; --events 0 writes no such file");
  }
}

}  // namespace seam
