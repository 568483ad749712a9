#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace seam {

// How it stands with one thing that this installation needs or can use.
enum class Health : std::uint8_t {
  kGood,
  kOptional,  // missing, and Seam works without it
  kMissing,   // missing, and something that people expect fails
};

// One line of `seam doctor`.
struct Examined {
  std::string group;  // "decoders", "detectors", "processor", ...
  std::string name;
  Health health = Health::kGood;
  std::string words;  // what it is, or what is wrong
  std::string mend;   // the command that mends it; empty: none
};

// A shared library of this process: the name of its file has its version.
struct LoadedLibrary {
  std::string name, file;
};

// Everything that this installation can do. Looks at the machine, loads each face detector and the default
// network once, and asks the programs beside this one; changes nothing.
std::vector<Examined> Examine();

// The libraries that this process has loaded, by name.
std::vector<LoadedLibrary> LoadedLibraries();

nlohmann::ordered_json DoctorJson(const std::vector<Examined>& all,
                                  const std::vector<LoadedLibrary>& libraries);
std::string DoctorText(const std::vector<Examined>& all, const std::vector<LoadedLibrary>& libraries);

}  // namespace seam
