#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seam {

// The program of a verb of `seam`: seam-VERB in the folder of this very program.
std::filesystem::path ProgramOf(const std::string& verb);

// Runs it and waits; returns its exit status. Its standard output is thrown away, its talk goes where ours
// goes. An Error when it is not there, cannot be run, or was killed by a signal.
int RunSibling(const std::string& verb, const std::vector<std::string>& arguments);

}  // namespace seam
