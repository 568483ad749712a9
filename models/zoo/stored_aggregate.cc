#include "models/zoo/stored_aggregate.h"

#include "models/weights/json_text.h"

namespace seam {

std::string StoredAggregate(const CheckpointInfo& info) {
  const nlohmann::json recipe = ParseJsonText(info.recipe);
  if (!recipe.is_object()) return "";
  const auto import = recipe.find("import");
  if (import == recipe.end() || !import->is_object()) return "";
  const auto name = import->find("aggregate_as");
  return name != import->end() && name->is_string() ? name->get<std::string>() : "";
}

}  // namespace seam
