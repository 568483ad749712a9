#pragma once

#include <string>

#include "retrieve/archive.h"
#include "retrieve/vector_maker.h"

namespace seam {

// What makes vectors as those of an index are. `model`: the checkpoint where the user names one; empty: where
// it was when the index was made. An Error where it is another one.
VectorMaker MakerFor(const ArchiveRecipe& recipe, const std::string& model,
                     const VectorMaker::Settings& settings);

}  // namespace seam
