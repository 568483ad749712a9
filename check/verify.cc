#include "check/verify.h"

#include <map>
#include <regex>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/lines.h"
#include "base/lower_case.h"
#include "base/sha256.h"
#include "labels/layout.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxSumsBytes = std::uint64_t{64} << 20;

// The files of digests in a folder.
std::vector<fs::path> SumFiles(const fs::path& folder) {
  static const std::regex name("sha256sums?(\\.txt)?|.+\\.sha256", std::regex::icase);
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    if (std::regex_match(entry->path().filename().string(), name)) files.push_back(entry->path());
  }
  return files;
}

}  // namespace

void VerifyOptions::Register(Options* options) {
  std::vector<std::string> names = LayoutNames();
  names.insert(names.begin(), "auto");
  options->Add("dataset", &dataset, "how a tree of videos lies on disk", names);
  options->Add("data", &data, "of a checkpoint: the folder of shards that it should have been trained on");
  options->Add("open", &open, "open every video of a tree, which finds files without an index or a stream");
}

void CheckSums(const fs::path& folder, const std::string& only, VerifyResult* result) {
  static const std::regex line("([0-9a-fA-F]{64}) [ *](.+)");
  for (const fs::path& sums : SumFiles(folder)) {
    const std::string text = ReadFile(sums, kMaxSumsBytes);
    std::size_t good = 0;
    for (const NumberedLine& row : NumberedLines(text)) {
      std::match_results<std::string_view::const_iterator> match;
      if (!std::regex_match(row.text.begin(), row.text.end(), match, line)) {
        throw Error(sums.string(), fmt::format("line {}: is not 'SHA256  NAME'", row.number),
                    "sha256sum writes such files");
      }
      const std::string name = match[2].str();
      if (!only.empty() && name != only) continue;
      std::error_code ignored;
      const fs::path file = folder / name;
      if (!fs::is_regular_file(file, ignored)) {
        result->Add(FindingKind::kMissing, name, "named in " + sums.filename().string());
      } else if (Sha256OfFile(file) != LowerCase(match[1].str())) {
        result->Add(FindingKind::kDamaged, name, "another SHA-256 than in " + sums.filename().string());
      } else {
        ++good;
      }
    }
    if (good > 0)
      result->there.push_back(fmt::format("{} files with the SHA-256 of {}", good, sums.filename().string()));
  }
}

VerifyResult Verify(const fs::path& path, const VerifyOptions& options) {
  std::error_code code;
  if (!fs::exists(path, code)) throw Error(path.string(), "no such file or folder", "check the path");
  if (fs::is_directory(path, code)) {
    const bool shards = fs::exists(path / "dataset.json", code) || fs::exists(path / "part.json", code) ||
                        fs::exists(path / "manifest.jsonl", code) || fs::exists(path / ".work" / "job", code);
    return shards ? VerifyShards(path) : VerifyTree(path, options);
  }
  const std::string ending = LowerCase(path.extension().string());
  if (ending == ".safetensors" || ending == ".onnx") return VerifyWeights(path, options);
  if (ending == ".csv" || ending == ".jsonl") return VerifyScores(path);
  throw Error(path.string(), "is nothing that can be verified",
              "name a folder, a checkpoint (.safetensors, .onnx) or a score file (.csv, .jsonl)");
}

}  // namespace seam
