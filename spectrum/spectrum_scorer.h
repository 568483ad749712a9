#pragma once

#include <memory>

#include "models/networks/compiled_model.h"
#include "spectrum/spectrum_model.h"

namespace seam {

// A classifier of real and fake faces in the form in which networks score crops: pictures [n, 1, S, S, 3] ->
// the logit of P(fake). An Error names `subject` where the model tells other classes, looks at whole
// pictures, or takes features that a crop of its size does not give.
std::unique_ptr<CompiledModel> CompileSpectrum(SpectrumModel model, const std::string& subject);

}  // namespace seam
