#pragma once

#include <string>
#include <string_view>

namespace seam::serve {

// A file of the page or the API's description, built into the program from serve/web/.
struct WebFile {
  const char* name;
  const char* type;  // its media type
  std::string_view bytes;
};

// nullptr where there is none of that name.
const WebFile* FindWebFile(const std::string& name);

}  // namespace seam::serve
