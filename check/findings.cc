#include "check/findings.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

constexpr FindingKind kKinds[] = {FindingKind::kMissing, FindingKind::kExtra, FindingKind::kDamaged,
                                  FindingKind::kChanged};

}  // namespace

std::string GetName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kMissing:
      return "missing";
    case FindingKind::kExtra:
      return "extra";
    case FindingKind::kDamaged:
      return "damaged";
    case FindingKind::kChanged:
      return "changed";
  }
  return "";
}

void VerifyResult::Add(FindingKind kind, std::string file, std::string why) {
  findings.push_back({kind, std::move(file), std::move(why)});
}

std::size_t VerifyResult::Count(FindingKind kind) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& row) { return row.kind == kind; }));
}

bool VerifyResult::IsGood() const { return Count(FindingKind::kExtra) == findings.size(); }

nlohmann::ordered_json VerifyJson(const VerifyResult& result) {
  nlohmann::ordered_json json = {{"path", result.path},     {"what", result.what},
                                 {"good", result.IsGood()}, {"there", result.there},
                                 {"notes", result.notes},   {"findings", nlohmann::json::array()}};
  for (const Finding& finding : result.findings)
    json["findings"].push_back(
        {{"kind", GetName(finding.kind)}, {"file", finding.file}, {"why", finding.why}});
  return json;
}

std::string VerifyText(const VerifyResult& result, std::size_t most) {
  std::string text = fmt::format("{}: {}\n", Printable(result.path), result.what);
  for (const std::string& line : result.there) text += fmt::format("  there: {}\n", Printable(line));
  for (const FindingKind kind : kKinds) {
    std::size_t shown = 0;
    for (const Finding& finding : result.findings) {
      if (finding.kind != kind || (most > 0 && shown == most)) continue;
      text += fmt::format("  {}: {}{}{}\n", GetName(kind), Printable(finding.file),
                          finding.why.empty() ? "" : ": ", Printable(finding.why));
      ++shown;
    }
    if (result.Count(kind) > shown)
      text += fmt::format("  {}: {} more (--all shows them)\n", GetName(kind), result.Count(kind) - shown);
  }
  for (const std::string& line : result.notes) text += fmt::format("  note: {}\n", Printable(line));
  return text + fmt::format("  {}: {} missing, {} extra, {} damaged, {} changed\n",
                            result.IsGood() ? "good" : "NOT GOOD", result.Count(FindingKind::kMissing),
                            result.Count(FindingKind::kExtra), result.Count(FindingKind::kDamaged),
                            result.Count(FindingKind::kChanged));
}

}  // namespace seam
