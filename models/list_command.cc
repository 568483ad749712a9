#include "models/list_command.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "models/torch/model.h"

namespace seam {
namespace {

nlohmann::json Describe(const ModelEntry& entry) {
  ModelOptions options;
  options.model = entry.name;
  const Graph graph = MakeGraph(options);
  return {{"name", entry.name},
          {"parameters", CountTrainable(graph)},
          {"multiply_adds", CountMultiplyAdds(graph)},
          {"size", entry.size},
          {"features", graph[graph.features()].shape.channels},
          {"paper", entry.paper}};
}

// 27977 -> 27,977
std::string Grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

}  // namespace

int ListModels(const std::vector<std::string>& arguments) {
  Options options("seam models list", "[--json]", "the networks that Seam knows", "seam models list");
  bool json = false;
  options.Add("json", &json, "print JSON");
  if (!options.Parse(arguments)) return kExitGood;
  nlohmann::json all = nlohmann::json::array();
  for (const auto& entry : ModelRegistry()) all.push_back(Describe(entry));
  if (json) {
    std::cout << all.dump(2) << "\n";
    return kExitGood;
  }
  std::cout << fmt::format("{:<17}{:>13}{:>17}  {:<8}{}\n", "name", "parameters", "multiply-adds", "input",
                           "paper");
  for (const auto& row : all) {
    std::cout << fmt::format("{:<17}{:>13}{:>17}  {:<8}{}\n", row["name"].get<std::string>(),
                             Grouped(row["parameters"]), Grouped(row["multiply_adds"]),
                             row["size"].get<int>(), row["paper"].get<std::string>());
  }
  return kExitGood;
}

}  // namespace seam
