#pragma once

#include <string>
#include <vector>

namespace seam {

// How videos are made worse on purpose, to see what a detector's scores are worth then. This is the table of
// names and levels; extract/faces/perturb.h does it.
struct PerturbationKind {
  const char* name;
  const char* code;       // DeeperForensics-1.0's name for it; "" for what is not of its suite
  const char* words;      // for people
  const char* parameter;  // what the numbers of the levels are
  std::vector<double> levels;
  bool of_file;  // the video is encoded anew; otherwise each frame is changed by itself
};

// The seven distortions of DeeperForensics-1.0 (Jiang et al., CVPR 2020) at its five levels, then others.
const std::vector<PerturbationKind>& Perturbations();

// One of them at a level. Level 1 is the mildest; 0: nothing is done.
struct Perturbation {
  std::string name;
  int level = 0;
  bool operator==(const Perturbation&) const = default;

  bool none() const { return level == 0; }
  const PerturbationKind& kind() const;
  double parameter() const { return kind().levels[static_cast<std::size_t>(level - 1)]; }
  std::string Text() const;   // "blur:3", as ParsePerturbation() reads it; "none"
  std::string Words() const;  // "Gaussian blur, level 3 (kernel of 13 pixels)"; "none"
};

// "NAME:LEVEL", or "none" or "" for nothing. `option` is the subject of the UsageError.
Perturbation ParsePerturbation(const std::string& option, const std::string& text);

// "all", "deeperforensics" (its seven), or a list of NAME (all its levels) and NAME:LEVEL with commas; each
// once, in the order of the table.
std::vector<Perturbation> ParsePerturbations(const std::string& option, const std::string& text);

}  // namespace seam
