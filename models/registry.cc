#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "models/meso4.h"
#include "models/model.h"

namespace seam {
namespace {

template <class Network>
std::shared_ptr<Model> Make() {
  return std::make_shared<Network>();
}

}  // namespace

const std::vector<ModelEntry>& ModelRegistry() {
  static const std::vector<ModelEntry> registry = {
      {"meso4",
       "Afchar et al., MesoNet: a Compact Facial Video Forgery Detection Network, WIFS 2018, "
       "arXiv:1809.00888",
       &Make<Meso4>},
  };
  return registry;
}

std::shared_ptr<Model> MakeModel(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : ModelRegistry()) {
    if (entry.name == name) return entry.make();
    names.push_back(entry.name);
  }
  const std::string near = Nearest(name, names);
  throw UsageError(
      "model", fmt::format("'{}' is not a network that Seam knows", name),
      fmt::format("{}the networks are: {}", near.empty() ? "" : fmt::format("did you mean {}? ", near),
                  fmt::join(names, ", ")));
}

}  // namespace seam
