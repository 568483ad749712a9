#include "models/networks/compile_options.h"

namespace seam {

void CompileOptions::Register(Options* options) {
  options->Add("precision", &precision, "of the network: fp32; bf16: faster, less exact; auto: fp32",
               {"auto", "fp32", "bf16"});
  options->Add("device", &device, "cpu, cuda, or auto: cuda where there is one", {"auto", "cpu", "cuda"});
}

}  // namespace seam
