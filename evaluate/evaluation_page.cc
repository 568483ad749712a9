#include "evaluate/evaluation_page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/version.h"
#include "evaluate/evaluation_text.h"
#include "evaluate/plots.h"
#include "pages/table.h"

namespace seam {
namespace {

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Seam: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 1240px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1em 0; font-size: .88em; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3em 0; white-space: nowrap; }
th, td { border-bottom: 1px solid #ddd; padding: .25em .5em; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.warning { background: #fff1d6; border-left: 4px solid #d97706; padding: .6em 1em; }
.plots { display: flex; flex-wrap: wrap; gap: 1em; } .plots img { width: calc(50% - .6em); min-width: min(100%, 480px); box-sizing: border-box; border: 1px solid #eee; }
.wide { overflow-x: auto; } .wide img { max-width: 100%; }
</style></head><body>
<h1>What the scores are worth</h1>
)";

// As a picture of its own, so that the names inside one SVG cannot meet those of another.
std::string ImageOf(const std::string& svg, const std::string& title) {
  return fmt::format("<img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">\n", EscapeHtml(Printable(title)),
                     Base64(svg));
}

std::string ListOf(const std::vector<std::string>& facts) {
  std::string html = "<ul>\n";
  for (const auto& fact : facts) html += "<li>" + EscapeHtml(Printable(fact)) + "</li>\n";
  return html + "</ul>\n";
}

std::string Wide(const std::string& html) { return "<div class=\"wide\">" + html + "</div>\n"; }

std::string RobustnessOf(const std::vector<Robustness>& all) {
  if (all.empty()) return "";
  std::string html =
      "<h2>Robustness</h2>\n<p>Every video, real and fake alike, was made worse in the same way "
      "before it was scored.</p>\n";
  for (const Robustness& each : all) {
    html += Wide(HtmlOf(TableOf(each)));
    const HeatMap map = HeatMapOf(each, "");
    html += Wide(ImageOf(SvgOf(map), map.title));
  }
  html += "<div class=\"plots\">\n";
  for (const Chart& chart : PlotsOf(all)) html += ImageOf(SvgOf(chart), chart.title);
  return html + "</div>\n";
}

}  // namespace

std::string HtmlOf(const EvaluationReport& report) {
  std::string html = kHead;
  for (const auto& warning : report.warnings)
    html += "<p class=\"warning\">" + EscapeHtml(Printable(warning)) + "</p>\n";
  if (report.cross) {
    html += "<h2>Cross-test</h2>\n" + Wide(HtmlOf(TableOf(*report.cross)));
    const HeatMap map = HeatMapOf(*report.cross);
    html += Wide(ImageOf(SvgOf(map), map.title));
  }
  if (report.comparison) {
    html += "<h2>Comparison</h2>\n" + ListOf(FactsOf(*report.comparison));
    html += Wide(HtmlOf(TableOf(*report.comparison)));
  }
  html += RobustnessOf(report.robustness);
  for (const auto& evaluation : report.evaluations) {
    html += "<h2>" + EscapeHtml(Printable(evaluation.subject)) + "</h2>\n" + ListOf(FactsOf(evaluation));
    for (const auto& table : TablesOf(evaluation)) html += Wide(HtmlOf(table));
  }
  html += "<h2>Plots</h2>\n<div class=\"plots\">\n";
  for (const Chart& chart : PlotsOf(report.evaluations)) html += ImageOf(SvgOf(chart), chart.title);
  return html + fmt::format("</div>\n<p><small>Seam {}</small></p>\n</body></html>\n", Version());
}

}  // namespace seam
