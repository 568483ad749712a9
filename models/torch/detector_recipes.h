#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/torch/tensors.h"
#include "models/weights/plain_tensor.h"
#include "models/zoo/model_options.h"

namespace seam {

// A published detector whose file `seam models import` makes a checkpoint of, so that it scores as its
// authors' code does: a row of the table in detector_recipes.cc. Adding one is adding a row.
struct DetectorRecipe {
  std::string name;        // of --recipe: "sbi"
  std::string detector;    // for people
  std::string model = {};  // the network, and what it has other than its defaults; "" where `choose` tells it
  nlohmann::json variant = nlohmann::json::object();
  int size = -1;
  std::string source;  // whose names the rest has: WeightSource::name
  // Regular expressions: what of a name is replaced, in order; then the names that inference does not need.
  std::vector<std::pair<std::string, std::string>> rename = {};
  std::vector<std::string> ignore = {};
  // What tells its file from others: each of `signs` fits the begin of some name, none of `unless` of any.
  // No signs: the names are those of the plain network, and only the user knows.
  std::vector<std::string> signs = {}, unless = {};
  // Of a file whose tensors tell the network or what it sees: sets `model` and `input_channels` of what the
  // user has not given. UsageErrors.
  void (*choose)(const PlainTensors& tensors, ModelOptions* options) = nullptr;
  // A tensor that, where the file has it, is of this size along one side: detectors that differ in it alone
  // have the same names.
  struct SizeSign {
    std::string_view name;
    std::size_t side = 0;
    std::int64_t is = 0;
  };
  SizeSign size_sign = {};
  int fake_is = 1;  // which output, or which of two, means fake
  double margin = 0.3;
  std::string align = "none";
  double overlap = 0;  // of align "tiles": CropSpec::overlap and tiles
  std::string tiles = "mean";
  // How its authors make one score of a video, for people, and what Seam does otherwise than they.
  std::string aggregate = {}, differs = {};
  std::string aggregate_as = "mean";   // AggregateOptions::aggregate that does it, or comes nearest
  double band_low = 0, band_high = 0;  // scores that its authors call uncertain; none where they are equal
  std::string notice = {};             // licence
  // The labels of a config.json beside the file say which output means fake, and it tells heads and sizes.
  bool has_config = false;
  // Its file may hold the classifier alone (`weight`, `bias`): the backbone is in another.
  bool head_alone = false;
  // Brings weights to Seam's form where names alone do not: algebra that leaves the outputs as they are.
  void (*change)(TorchTensors* tensors) = nullptr;
  // SHA-256 of the published files, and what each is; may be empty.
  std::vector<std::pair<std::string, std::string>> published = {};
};

const std::vector<DetectorRecipe>& DetectorRecipes();
std::vector<std::string> RecipeNames();
// The row of a name, which must be there.
const DetectorRecipe& FindRecipe(const std::string& name);

// The recipes whose signs the names have, and the first name that each of the signs fits.
struct Recognised {
  const DetectorRecipe* recipe = nullptr;
  std::vector<std::string> because;
};
std::vector<Recognised> RecogniseDetector(const PlainTensors& tensors);

// The tensors without what all their names begin with, up to the first point: the attribute under which
// somebody's own class holds a published network. None where they share nothing.
std::optional<PlainTensors> WithoutSharedPrefix(const PlainTensors& tensors);

// Whether there is nothing but a dense layer of one output: `weight`, `bias`.
bool IsClassifierAlone(const PlainTensors& tensors);
// Such a classifier, named fc, beside the backbone that it is of.
PlainTensors WithBackbone(const PlainTensors& classifier, const PlainTensors& backbone);

// The tensors under the names of the recipe's source, without those that it ignores, changed. `ignored`
// becomes their number.
PlainTensors ApplyRecipe(const DetectorRecipe& recipe, const PlainTensors& tensors, std::size_t* ignored);

}  // namespace seam
