#pragma once

namespace seam {

// Whether the processor multiplies bfloat16 natively. The rest of onednn_model.cc is CompileForCpu().
bool HasNativeBf16();

}  // namespace seam
