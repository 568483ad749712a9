#include "retrieve/maker_for.h"

#include <filesystem>

#include "base/error.h"
#include "base/sha256.h"

namespace seam {

VectorMaker MakerFor(const ArchiveRecipe& recipe, const std::string& model,
                     const VectorMaker::Settings& settings) {
  if (recipe.kind == FeatureKind::kNetwork) {
    const std::string& file = model.empty() ? recipe.model_file : model;
    const std::string hint = "name the checkpoint that the index was made with by --model";
    if (!std::filesystem::exists(file)) throw Error(file, "the index's checkpoint is missing", hint);
    if (Sha256OfFile(file) != recipe.model_sha256)
      throw Error(file, "is not the checkpoint that the index was made with", hint);
    return VectorMaker(recipe.kind, recipe.region, file, settings);
  }
  return VectorMaker(recipe.kind, recipe.region, model, settings);
}

}  // namespace seam
