#include "models/networks/variant.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace seam {
namespace {

// The value as a command line would give it: "true", "16".
std::optional<std::string> Text(const ModelOptions& options, const std::string& key) {
  const auto found = options.variant.find(key);
  if (found == options.variant.end()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

[[noreturn]] void Refuse(const ModelOptions& options, const std::string& key, const std::string& text,
                         const std::string& wanted) {
  throw UsageError("variant", fmt::format("{}={} makes no sense for {}", key, text, options.model),
                   fmt::format("{} is {}", key, wanted));
}

}  // namespace

bool VariantFlag(const ModelOptions& options, const std::string& key) {
  const auto text = Text(options, key);
  if (!text || *text == "false" || *text == "0") return false;
  if (*text == "true" || *text == "1") return true;
  Refuse(options, key, *text, "true or false");
}

int VariantNumber(const ModelOptions& options, const std::string& key, int without) {
  const auto text = Text(options, key);
  if (!text) return without;
  int value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || stop != end || value < 1 || value > 65'536) {
    Refuse(options, key, *text, "a number from 1 to 65536");
  }
  return value;
}

void CheckVariant(const ModelOptions& options, const std::vector<std::string>& known) {
  for (const auto& [key, value] : options.variant.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw UsageError("variant", fmt::format("{} does not know '{}'", options.model, key),
                     known.empty() ? std::string("it has no variants")
                                   : fmt::format("it knows: {}", fmt::join(known, ", ")));
  }
}

}  // namespace seam
