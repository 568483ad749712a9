#pragma once

#include <string>
#include <vector>

#include "models/networks/model_options.h"

namespace seam {

// What ModelOptions::variant holds. A flag is true or false, a number an integer; text that reads so counts
// as well. An Error for anything else.
bool VariantFlag(const ModelOptions& options, const std::string& key);
int VariantNumber(const ModelOptions& options, const std::string& key, int without);

// An Error for a key that is not among `known`.
void CheckVariant(const ModelOptions& options, const std::vector<std::string>& known);

}  // namespace seam
