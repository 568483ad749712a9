#pragma once

#include <string>
#include <vector>

namespace seam {

// The commands of `seam retrieve`; -> the exit status.
int RetrieveIndex(const std::vector<std::string>& arguments);
int RetrieveQuery(const std::vector<std::string>& arguments);
int RetrieveDuplicates(const std::vector<std::string>& arguments);
int RetrieveRemove(const std::vector<std::string>& arguments);

}  // namespace seam
