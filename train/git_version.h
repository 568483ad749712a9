#pragma once

#include <string>

namespace seam {

// What `git describe --always --dirty --tags` said of the sources that this program was built from; the
// release where they were no checkout. Defined by cmake/GitVersion.cmake.
std::string GitVersion();

}  // namespace seam
