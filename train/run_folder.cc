#include "train/run_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/numbers.h"
#include "models/torch/tensors.h"
#include "models/weights/safetensors_header.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxRunJsonBytes = std::uint64_t{16} << 20;
constexpr char kStateFormat[] = "seam.train-state.1";

void Copy(const fs::path& from, const fs::path& to) { WriteFile(to, MappedFile(from).bytes()); }

// The number that stands under `key` in the file's metadata; 0 where there is none.
int EpochIn(const fs::path& path, const std::string& key) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return 0;
  const MappedFile file(path);
  const auto metadata = ParseSafetensorsHeader(file.bytes(), path.string()).metadata;
  const auto found = metadata.find(key);
  return found == metadata.end() ? 0 : ParseNumber<int>(found->second).value_or(0);
}

std::string Lacks(bool here, int epoch, const fs::path& file) {
  const std::string other = file.filename().string();
  if (here) return fmt::format("is of epoch {}, but {} of a later one; nothing was trained", epoch, other);
  return fmt::format("is missing, and {} shows that epochs were finished; nothing was trained", other);
}

}  // namespace

int TrainState::BestEpoch(const RowSchema& schema) const {
  const auto best = std::max_element(rows.begin(), rows.end(),
                                     [&](const auto& a, const auto& b) { return schema.IsBetter(b, a); });
  return best == rows.end() ? 0 : best->epoch;
}

std::vector<double> TrainState::Measures(const std::string& name) const {
  std::vector<double> values;
  for (const auto& row : rows) values.push_back(row.Measure(name));
  return values;
}

fs::path RunFolder::Epoch(int epoch) const { return path_ / fmt::format("epoch-{:04}.safetensors", epoch); }

bool RunFolder::HasRun() const {
  std::error_code ignored;
  for (const auto& file : {run(), state(), last(), best(), metrics(), Epoch(1)}) {
    if (fs::exists(file, ignored)) return true;
  }
  return false;
}

fs::path RunFolder::LatestEpoch() const {
  static const std::regex name(R"(epoch-(\d{4,9})\.safetensors)");
  fs::path latest;
  int epoch = 0;
  std::error_code code;
  for (fs::directory_iterator entry(path_, code), end; !code && entry != end; entry.increment(code)) {
    const std::string file = entry->path().filename().string();
    std::smatch match;
    if (!std::regex_match(file, match, name) || std::stoi(match[1]) <= epoch) continue;
    epoch = std::stoi(match[1]);
    latest = entry->path();
  }
  return latest;
}

bool RunFolder::HasState() const {
  std::error_code ignored;
  const bool here = fs::exists(state(), ignored);
  // These are written after the state, and the checkpoint of an epoch after the state of the one before.
  const int finished = here ? EpochIn(state(), "epoch") : 0;
  if (here && finished == 0) return true;  // no state: LoadState() tells
  const fs::path latest = LatestEpoch();
  const std::string hint = fmt::format(
      "put the run's own file back, or start anew with --overwrite; in a new --output, --init {} starts from "
      "its weights alone",
      last().string());
  if (!latest.empty() && EpochIn(latest, "seam.epoch") > finished + 1) {
    throw Error(state().string(), Lacks(here, finished, latest), hint);
  }
  for (const auto& file : {last(), best()}) {
    if (EpochIn(file, "seam.epoch") > finished)
      throw Error(state().string(), Lacks(here, finished, file), hint);
  }
  if (!here && fs::exists(metrics(), ignored)) {
    throw Error(state().string(), Lacks(here, finished, metrics()), hint);
  }
  return here;
}

void RunFolder::Prepare(bool all) const {
  const std::string names =
      R"((epoch-\d{4,}|last|best|last\.state)\.safetensors|metrics\.csv|val_parts\.csv|run\.json|)"
      R"(events\.out\.tfevents\.\d+\.seam\.\d+)";
  const std::regex unfinished("(" + names + R"()\.\d+\.tmp)");
  const std::regex finished(names);
  try {
    fs::create_directories(path_);
    std::vector<fs::path> remove;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (std::regex_match(name, unfinished) || (all && std::regex_match(name, finished))) {
        remove.push_back(entry.path());
      }
    }
    for (const auto& path : remove) fs::remove(path);
  } catch (const fs::filesystem_error& error) {
    throw Error(path_.string(), fmt::format("cannot be prepared: {}", error.code().message()),
                "--output names a folder that can be written");
  }
}

void RunFolder::WriteRun(const nlohmann::json& json) const { WriteFile(run(), json.dump(2) + "\n"); }

nlohmann::json RunFolder::ReadRun() const {
  std::error_code ignored;
  if (!fs::exists(run(), ignored)) {
    if (HasRun()) {
      throw Error(run().string(), "is missing, though a run has written here",
                  "put it back, or start anew with --overwrite");
    }
    throw Error(path_.string(), "holds no run to resume", "leave --resume out to start one");
  }
  auto json = nlohmann::json::parse(ReadFile(run(), kMaxRunJsonBytes), nullptr, false);
  if (!json.is_object() || !json.value("options", nlohmann::json()).is_object()) {
    throw Error(run().string(), "is not what `seam train` wrote", "--overwrite starts anew");
  }
  return json;
}

void RunFolder::Save(const Model& model, const CheckpointInfo& info, const TrainState& state) const {
  SaveCheckpoint(Epoch(state.epoch()), model, info);
  SaveTensors(this->state(), {state.tensors,
                              {{"format", kStateFormat},
                               {"epoch", fmt::format("{}", state.epoch())},
                               {"rows", ToJson(schema_, state.rows).dump()}}});
  Publish(state);
}

void RunFolder::Publish(const TrainState& state) const {
  if (state.rows.empty()) return;
  std::error_code ignored;
  // A user may have removed the files of old epochs; what last and best hold then stays.
  for (const auto& [epoch, path] :
       {std::pair(state.epoch(), last()), std::pair(state.BestEpoch(schema_), best())}) {
    if (fs::exists(Epoch(epoch), ignored)) Copy(Epoch(epoch), path);
  }
  WriteFile(metrics(), MetricsCsv(schema_, state.rows));
  const std::string of_parts = PartsCsv(schema_, state.rows);
  if (!of_parts.empty()) WriteFile(parts(), of_parts);
}

std::optional<TrainState> RunFolder::LoadState() const {
  if (!HasState()) return std::nullopt;
  TensorFile file = LoadTensors(state());
  TrainState loaded;
  if (file.metadata["format"] == kStateFormat) loaded.rows = ReadRows(schema_, file.metadata["rows"]);
  if (loaded.rows.empty() || file.metadata["epoch"] != fmt::format("{}", loaded.epoch())) {
    throw Error(state().string(), "is no training state that this Seam wrote", "--overwrite starts anew");
  }
  loaded.tensors = std::move(file.tensors);
  return loaded;
}

Checkpoint RunFolder::LoadEpoch(int epoch) const {
  std::error_code ignored;
  const bool own = fs::exists(Epoch(epoch), ignored);
  if (own || fs::exists(last(), ignored)) {
    Checkpoint checkpoint = LoadCheckpoint(own ? Epoch(epoch) : last());
    if (checkpoint.info.epoch == epoch) return checkpoint;
  }
  throw Error(state().string(),
              fmt::format("is of epoch {}, but the weights of that epoch are missing", epoch),
              fmt::format("put {} back, or start anew with --overwrite", Epoch(epoch).string()));
}

}  // namespace seam
