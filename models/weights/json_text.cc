#include "models/weights/json_text.h"

namespace seam {

nlohmann::json ParseJsonText(const std::string& text) {
  constexpr int kMaxDepth = 64;
  bool deep = false;
  const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    deep = deep || depth > kMaxDepth;
    return !deep;
  };
  auto json = nlohmann::json::parse(text, shallow, false);
  return deep ? nlohmann::json(nlohmann::json::value_t::discarded) : json;
}

}  // namespace seam
