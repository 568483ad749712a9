#include "proto/crop_spec.h"

#include <cmath>
#include <set>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include "base/error.h"

namespace seam {
namespace {

// What decides the pixels of a crop.
CropSpec ToPicture(CropSpec crop) {
  if (crop.align().empty()) crop.set_align("none");
  crop.clear_faces();
  crop.clear_tiles();
  return crop;
}

}  // namespace

std::string FindProblem(const CropSpec& crop) {
  if (crop.size() < 1 || crop.size() > 8192) return fmt::format("crops of {} pixels", crop.size());
  if (!std::isfinite(crop.margin()) || crop.margin() < 0 || crop.margin() > 10) {
    return fmt::format("a margin of {}", crop.margin());
  }
  const std::set<std::string> aligns = {"",       "none",    "similarity", "portrait",
                                        "centre", "shorter", "square",     "tiles"};
  if (aligns.count(crop.align()) == 0) {
    return fmt::format("faces aligned by '{}'; none and similarity are known", crop.align());
  }
  if (!(crop.overlap() >= 0 && crop.overlap() <= kMostOverlap))
    return fmt::format("tiles that overlap by {}", crop.overlap());
  const std::string faces = GetFaces(crop);
  if (faces != "largest" && faces != "centre" && faces != "all")
    return fmt::format("the faces '{}'; largest, centre and all are known", faces);
  if (crop.encoding() != "jpeg" && crop.encoding() != "png") {
    return fmt::format("pictures encoded as '{}'; jpeg and png are known", crop.encoding());
  }
  if (crop.encoding() == "jpeg" && (crop.quality() < 1 || crop.quality() > 100)) {
    return fmt::format("a JPEG quality of {}", crop.quality());
  }
  if (!(crop.detect_threshold() >= 0 && crop.detect_threshold() <= 1)) {
    return fmt::format("a detection threshold of {}", crop.detect_threshold());
  }
  return "";
}

bool SameCrop(const CropSpec& a, const CropSpec& b) {
  return google::protobuf::util::MessageDifferencer::Equals(ToPicture(a), ToPicture(b));
}

std::string GetFaces(const CropSpec& crop) { return crop.faces().empty() ? "largest" : crop.faces(); }

std::string TileRule(const CropSpec& crop) {
  if (crop.align() != "tiles") return "";
  return crop.tiles().empty() ? "mean" : crop.tiles();
}

std::string CropSpecJson(const CropSpec& crop) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
#if GOOGLE_PROTOBUF_VERSION >= 5026000  // the option's new name
  options.always_print_fields_with_no_presence = true;
#else
  options.always_print_primitive_fields = true;
#endif
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(crop, &json, options).ok()) {
    throw Error("", "a crop specification cannot be written as JSON");
  }
  return json;
}

}  // namespace seam
