#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace seam {

// What can be wrong with a file that `seam verify` knows of.
enum class FindingKind : std::uint8_t {
  kMissing,  // a list names it, and it is not there
  kExtra,    // it is there, and no list names it
  kDamaged,  // its bytes do not fit its digest, or cannot be read
  kChanged,  // it is whole, but not the file that another one was made with
};

// "missing", "extra", "damaged", "changed".
std::string GetName(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::kMissing;
  std::string file;
  std::string why;  // one line
};

// What `seam verify` says of one path.
struct VerifyResult {
  std::string path;
  std::string what;                // "dataset of shards", "tree of celeb-df-v2", "checkpoint", "score file"
  std::vector<std::string> there;  // what was checked and is whole, a line each
  std::vector<std::string> notes;  // what could not be checked, and why
  std::vector<Finding> findings;

  void Add(FindingKind kind, std::string file, std::string why = {});
  std::size_t Count(FindingKind kind) const;
  // Extra files harm nobody: a path that has only these is good.
  bool IsGood() const;
};

nlohmann::ordered_json VerifyJson(const VerifyResult& result);
// Lines for people. At most `most` findings of a kind are shown, and the rest is counted; 0 shows all.
std::string VerifyText(const VerifyResult& result, std::size_t most);

}  // namespace seam
