#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/zoo/stored_network.h"
#include "scores/calibration.h"

namespace seam {

// As LoadNetwork(path), of a file's bytes; `subject` names it in errors.
StoredNetwork LoadNetwork(std::string_view file, const std::string& subject);

// A file that holds several checkpoints whole, and how their scores become one: docs/checkpoints.md. It is a
// .safetensors file; each checkpoint is a tensor of bytes.
struct EnsembleInfo {
  struct Member {
    std::string name;   // for people and score files
    double weight = 1;  // of its logit, not negative; see Fusion
    bool operator==(const Member&) const = default;
  };
  std::vector<Member> members;
  double bias = 0;
  double threshold = 0.5;  // of the fused score
  std::optional<Calibration> calibration = {};
  bool operator==(const EnsembleInfo&) const = default;
};

// Of the file's metadata; no checkpoint has it.
inline constexpr const char* kEnsembleKey = "seam.ensemble";

// Names of checkpoint files for people, each of its own: "best" of best.safetensors, "best-2" of another.
std::vector<std::string> NetworkNames(const std::vector<std::filesystem::path>& checkpoints);

// The mean of the logits.
EnsembleInfo ComputeMean(const std::vector<std::string>& names);

// An Error, which names `subject`, where it has too few or too many members, or odd numbers.
void CheckEnsemble(const EnsembleInfo& info, const std::string& subject);
constexpr std::size_t kMostNetworks = 16;

// As JSON of {"networks": [{"name", "weight"}], "bias", "threshold", "calibration"}, and back: an Error where
// the text is none. `names`: of the networks that the text does not name.
std::string EnsembleJson(const EnsembleInfo& info);
EnsembleInfo ParseEnsemble(const std::string& text, const std::string& subject,
                           const std::vector<std::string>& names = {});

// Writes the file whole or not at all. Each of `checkpoints` is one of Seam's; they take clips of as many
// frames, equally far apart. An Error otherwise.
void WriteEnsemble(const std::filesystem::path& path, const EnsembleInfo& info,
                   const std::vector<std::filesystem::path>& checkpoints);

// An Error where networks cannot see the same clips. `names`: of the networks, as many.
void CheckTogether(const std::vector<std::string>& names, const std::vector<const CheckpointInfo*>& infos,
                   const std::vector<int>& frames);

// Such a file, opened. An Error when it is damaged.
class EnsembleFile {
 public:
  explicit EnsembleFile(const std::filesystem::path& path);
  ~EnsembleFile();

  const EnsembleInfo& info() const { return info_; }
  // The bytes of member `i`'s checkpoint, as long as this lives: for LoadNetwork().
  std::string_view Checkpoint(std::size_t i) const { return checkpoints_.at(i); }
  // For errors: the file and the member's name.
  std::string Subject(std::size_t i) const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<class MappedFile> file_;
  EnsembleInfo info_;
  std::vector<std::string_view> checkpoints_;
};

// Whether the file is one, as its header says. False where it cannot be read.
bool IsEnsemble(const std::filesystem::path& path);

}  // namespace seam
