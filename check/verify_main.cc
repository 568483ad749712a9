#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "check/verify.h"

namespace seam {
namespace {

int Run(const std::vector<std::string>& arguments) {
  Options options("seam verify", "DATASET|CHECKPOINT|SCORES... [options]",
                  "check files against their digests and the public lists", "seam verify shards");
  std::vector<std::string> paths;
  VerifyOptions settings;
  bool json = false, all = false;
  options.AddPositional("path", &paths);
  settings.Register(&options);
  options.Add("all", &all, "show every finding, not the first ten of a kind");
  options.Add("json", &json, "print JSON");
  if (!options.Parse(arguments)) return kExitGood;
  if (paths.empty())
    throw UsageError("seam verify", "takes a path", "name a dataset, a checkpoint or a score file");
  constexpr std::size_t kMostShown = 10;
  bool good = true;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string& path : paths) {
    const VerifyResult result = Verify(path, settings);
    good = good && result.IsGood();
    if (json) {
      list.push_back(VerifyJson(result));
    } else {
      fmt::print("{}", VerifyText(result, all ? 0 : kMostShown));
    }
  }
  if (json) fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return good ? kExitGood : kExitSomeFailed;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }
