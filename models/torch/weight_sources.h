#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/networks/graph.h"

namespace seam {

// A library or project that publishes weights of networks that Seam has, under names of its own.
struct WeightSource {
  std::string name;                   // of --source
  std::vector<std::string> families;  // beginnings of the models' names
  // Names that the weight `ours` of `graph` may have there, the likeliest first.
  std::vector<std::string> (*theirs)(const std::string& ours, const Graph& graph);
  // Publishes backbones for everything: how a detector that was made of one is fed, nobody tells.
  bool library = false;
  bool keras = false;  // layouts HWIO and [in, out], features flattened with channels last
  // Which output means fake: 0 or 1, or -1 where the source alone does not tell.
  int fake_is = -1;
  // What its networks have, unless the user says otherwise.
  nlohmann::json variant = nlohmann::json::object();
  int size = -1;
  double margin = 0.3;  // of the faces that they were trained on, about
};

// Every source; adding one is adding a row.
const std::vector<WeightSource>& WeightSources();

// Keras numbers its layers through a whole session: "conv2d_5/kernel:0" may be the first. -> the names with
// each kind of layer numbered from 1, "conv2d_1/kernel", as `theirs` has them.
std::vector<std::string> RenumberKeras(const std::vector<std::string>& names);

}  // namespace seam
