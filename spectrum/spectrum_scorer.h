#pragma once

#include <memory>

#include "models/networks/compiled_model.h"
#include "spectrum/spectrum_model.h"

namespace seam {

// A classifier of real and fake faces in the form in which networks score crops: pictures [n, 1, S, S, 3] ->
// the logit of P(fake). An Error names `subject` where the model has other classes or scores whole pictures.
// It does so, too, where a crop of the model's size does not give its features.
std::unique_ptr<CompiledModel> CompileSpectrum(SpectrumModel model, const std::string& subject);

}  // namespace seam
