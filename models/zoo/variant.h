#pragma once

#include <array>
#include <string>
#include <vector>

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// What ModelOptions::variant holds. A flag is true or false, a number an integer from 1 on, a real one
// positive; text that reads so counts as well. An Error for anything else.
bool VariantFlag(const ModelOptions& options, const std::string& key);
int VariantNumber(const ModelOptions& options, const std::string& key, int without);
double VariantReal(const ModelOptions& options, const std::string& key, double without);
// One of `choices`.
std::string VariantChoice(const ModelOptions& options, const std::string& key, const std::string& without,
                          const std::vector<std::string>& choices);

// Numbers apart by "/", "4/8/16", as text; `without` where the key is absent. An Error for another count.
std::vector<int> VariantNumbers(const ModelOptions& options, const std::string& key,
                                const std::vector<int>& without);

// Pictures of 0 to 255 as the network takes them, by the key `scale`, or `own` without it:
//   unit      v / 255
//   half      (v / 255 - 0.5) / 0.5
//   imagenet  (v / 255 - mean) / std of ImageNet: .485 .456 .406, .229 .224 .225
//   clip      the same with CLIP's: .48145466 .4578275 .40821073, .26862954 .26130258 .27577711
// -> the number of the node.
int ScalePictures(Graph* graph, int pictures, const ModelOptions& options, const std::string& own);
// The names above.
const std::vector<std::string>& ScaleNames();
// The name of (v / 255 - mean) / std; "" where it has none.
std::string ScaleNamed(const std::array<double, 3>& mean, const std::array<double, 3>& std);

// An Error for a key that is not among `known`.
void CheckVariant(const ModelOptions& options, const std::vector<std::string>& known);

}  // namespace seam
