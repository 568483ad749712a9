#include "extract/dataset/part.h"

#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/numbers.h"

namespace seam {

namespace {

constexpr int kMostParts = 1'000'000;

// The number in an environment variable; none where it is not set or empty.
std::optional<int> NumberIn(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  const auto number = ParseNumber<int>(text);
  if (!number) throw UsageError("--shard", fmt::format("{}={} is not a number", variable, text));
  return number;
}

Part Checked(Part part, const std::string& source) {
  if (part.count >= 1 && part.count <= kMostParts && part.index >= 1 && part.index <= part.count) return part;
  throw UsageError("--shard", fmt::format("{} is not one of its parts", source),
                   "I/N: parts are counted from 1, as in 1/4, 2/4, 3/4, 4/4");
}

std::optional<Part> SlurmPart(std::optional<int> count) {
  const auto id = NumberIn("SLURM_ARRAY_TASK_ID");
  if (!id) return std::nullopt;
  const auto in_all = NumberIn("SLURM_ARRAY_TASK_COUNT");
  if (count && in_all && *count != *in_all) {
    throw UsageError("--shard",
                     fmt::format("auto/{} does not fit SLURM_ARRAY_TASK_COUNT={}", *count, *in_all),
                     "give auto alone");
  }
  if (!count) count = in_all;
  if (!count) {
    throw UsageError("--shard", "SLURM_ARRAY_TASK_COUNT is not set", "give the number of parts: auto/N");
  }
  const auto least = NumberIn("SLURM_ARRAY_TASK_MIN"), step = NumberIn("SLURM_ARRAY_TASK_STEP");
  const int first = least.value_or(0), stride = step.value_or(1);
  const std::string source =
      fmt::format("task {} of an array of {} from {} on in steps of {}", *id, *count, first, stride);
  if (stride < 1 || *id < first || (*id - first) % stride != 0) return Checked({0, *count}, source);
  return Checked({(*id - first) / stride + 1, *count}, source);
}

std::optional<Part> KubernetesPart(std::optional<int> count) {
  const auto index = NumberIn("JOB_COMPLETION_INDEX");
  if (!index) return std::nullopt;
  if (!count) count = NumberIn("JOB_COMPLETION_COUNT");
  if (!count) {
    throw UsageError("--shard", "JOB_COMPLETION_INDEX does not tell how many parts there are",
                     "give the job's completions: auto/N, or set JOB_COMPLETION_COUNT");
  }
  if (*index < 0 || *index >= *count) {
    return Checked({0, *count}, fmt::format("JOB_COMPLETION_INDEX={} of {}", *index, *count));
  }
  return Checked({*index + 1, *count}, "JOB_COMPLETION_INDEX");
}

}  // namespace

std::vector<std::size_t> GatherVideos(const Part& part, const std::vector<Video>& videos) {
  std::unordered_map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < videos.size(); ++i) numbers.emplace(videos[i].id, i);
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < videos.size(); ++i) {
    const auto real = numbers.find(videos[i].real);
    const std::size_t turn = real == numbers.end() ? i : real->second;
    if (turn % static_cast<std::size_t>(part.count) == static_cast<std::size_t>(part.index - 1))
      ours.push_back(i);
  }
  return ours;
}

std::optional<Part> ParsePart(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto wrong = [&] {
    return UsageError("--shard", fmt::format("'{}' is not I/N", text),
                      "--shard 2/8 does the second of eight parts; auto asks the job array, auto/N too");
  };
  const std::size_t slash = text.find('/');
  const std::string first = text.substr(0, slash);
  std::optional<int> count;
  if (slash != std::string::npos) {
    count = ParseNumber<int>(std::string_view(text).substr(slash + 1));
    if (!count) throw wrong();
  }
  if (first == "auto") {
    if (auto part = SlurmPart(count)) return part;
    if (auto part = KubernetesPart(count)) return part;
    throw UsageError("--shard", "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set",
                     "auto is for job arrays; give I/N elsewhere");
  }
  const auto index = ParseNumber<int>(first);
  if (!index || !count) throw wrong();
  return Checked({*index, *count}, text);
}

}  // namespace seam
