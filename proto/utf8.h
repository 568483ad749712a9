#pragma once

#include <cstddef>
#include <string_view>

namespace seam {

// How many bytes the code point at the start of `text` takes, or 0 where none stands there: UTF-8 as RFC 3629
// has it, without overlong forms and surrogates. Protobuf's strings and JSON hold nothing else; names of
// files may.
std::size_t Utf8Length(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace seam
