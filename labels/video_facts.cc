#include "labels/video_facts.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace seam {
namespace {

constexpr struct {
  Status status;
  const char* name;
} kStatuses[] = {{Status::kOk, "ok"},
                 {Status::kDamaged, "damaged"},
                 {Status::kNoFace, "no_face"},
                 {Status::kNoWindow, "no_window"},
                 {Status::kTooShort, "too_short"},
                 {Status::kUnreadable, "unreadable"},
                 {Status::kTimeout, "timeout"},
                 {Status::kCrashed, "crashed"},
                 {Status::kNoClip, "no_clip"},
                 {Status::kOfficialOverlap, "official_overlap"},
                 {Status::kPlanned, "planned"}};

constexpr struct {
  CautionKind kind;
  const char* name;
} kCautions[] = {{CautionKind::kFewFrames, "few_frames"},
                 {CautionKind::kLargerLook, "larger_look"},
                 {CautionKind::kHdr, "hdr"},
                 {CautionKind::kTurned, "turned"},
                 {CautionKind::kSmallFace, "small_face"},
                 {CautionKind::kDrawn, "drawn"}};

}  // namespace

std::string_view GetName(Status status) {
  for (const auto& entry : kStatuses) {
    if (entry.status == status) return entry.name;
  }
  return "";
}

Status ReadStatus(std::string_view name) {
  for (const auto& entry : kStatuses) {
    if (entry.name == name) return entry.status;
  }
  return Status::kOther;
}

bool IsFailure(Status status) {
  return status == Status::kUnreadable || status == Status::kDamaged || status == Status::kTimeout ||
         status == Status::kCrashed || status == Status::kTooShort;
}

std::string_view GetName(CautionKind kind) {
  for (const auto& entry : kCautions) {
    if (entry.kind == kind) return entry.name;
  }
  return "other";
}

Caution FewFrames(int seen, int looked_at) {
  return {CautionKind::kFewFrames, fmt::format("seen in {} of {} frames", seen, looked_at)};
}

Caution LargerLook(int detect_size) {
  return {CautionKind::kLargerLook,
          fmt::format("the face was found only at a second look, at {} pixels", detect_size)};
}

Caution HdrFilm(std::string_view transfer) {
  return {CautionKind::kHdr,
          fmt::format("an HDR film ({}): its colours were mapped to the usual range", transfer)};
}

Caution TurnedPicture(int degrees) {
  return {CautionKind::kTurned,
          fmt::format("the picture was turned by {} degrees to stand upright", degrees)};
}

Caution TurnedFrames(int turned, int looked_at) {
  return {CautionKind::kTurned,
          fmt::format("in {} of {} frames the picture was turned to stand upright", turned, looked_at)};
}

Caution SmallFace(int pixels) {
  return {CautionKind::kSmallFace, fmt::format("the face is very small: {} pixels", pixels)};
}

Caution DrawnFace() {
  return {CautionKind::kDrawn,
          "the face looks drawn, as in a cartoon (flat colours between hard lines): the score is about "
          "photographs and films of people"};
}

void AddCaution(Caution caution, std::vector<Caution>* cautions) {
  const bool there = std::any_of(cautions->begin(), cautions->end(),
                                 [&](const Caution& each) { return each.kind == caution.kind; });
  if (!there) cautions->push_back(std::move(caution));
}

nlohmann::ordered_json CautionsJson(const std::vector<Caution>& cautions) {
  auto list = nlohmann::ordered_json::array();
  for (const Caution& caution : cautions)
    list.push_back({{"kind", GetName(caution.kind)}, {"words", caution.words}});
  return list;
}

std::vector<Caution> ReadCautions(const nlohmann::json& json) {
  std::vector<Caution> cautions;
  if (!json.is_array()) return cautions;
  for (const auto& each : json) {
    const bool whole = each.is_object() && each.contains("kind") && each["kind"].is_string() &&
                       each.contains("words") && each["words"].is_string();
    if (!whole) continue;
    const auto name = each["kind"].get<std::string>();
    const auto* entry = std::find_if(std::begin(kCautions), std::end(kCautions),
                                     [&](const auto& known) { return known.name == name; });
    const bool known = entry != std::end(kCautions);
    cautions.push_back({known ? entry->kind : CautionKind::kOther, each["words"].get<std::string>()});
  }
  return cautions;
}

std::string ListReasons(const VideoFacts& facts) {
  std::string reasons = facts.reason;
  for (const Caution& caution : facts.cautions) reasons += (reasons.empty() ? "" : "; ") + caution.words;
  return reasons;
}

}  // namespace seam
