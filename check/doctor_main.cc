#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "check/doctor.h"

namespace seam {
namespace {

int Run(const std::vector<std::string>& arguments) {
  Options options("seam doctor", "[--json]", "what this installation can do, and what is missing",
                  "seam doctor");
  bool json = false;
  options.Add("json", &json, "print JSON");
  if (!options.Parse(arguments)) return kExitGood;
  const std::vector<Examined> all = Examine();
  const std::vector<LoadedLibrary> libraries = LoadedLibraries();
  if (json) {
    fmt::print("{}\n",
               DoctorJson(all, libraries).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", DoctorText(all, libraries));
  }
  const bool missing =
      std::any_of(all.begin(), all.end(), [](const Examined& row) { return row.health == Health::kMissing; });
  return missing ? kExitSomeFailed : kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
