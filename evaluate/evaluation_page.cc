#include "evaluate/evaluation_page.h"

#include "evaluate/evaluation_text.h"
#include "evaluate/plots.h"
#include "pages/page.h"
#include "pages/table.h"

namespace seam {
namespace {

std::string RobustnessSection(const std::vector<Robustness>& all) {
  if (all.empty()) return "";
  std::string html =
      "<h2>Robustness</h2>\n<p>Every video, real and fake alike, was made worse in the same way "
      "before it was scored.</p>\n";
  for (const Robustness& each : all) {
    html += WideHtml(ToHtml(ToTable(each)));
    const HeatMap map = MakeHeatMap(each, "");
    html += WideHtml(SvgImage(ToSvg(map), map.title));
  }
  html += "<div class=\"plots\">\n";
  for (const Chart& chart : MakePlots(all)) html += SvgImage(ToSvg(chart), chart.title);
  return html + "</div>\n";
}

}  // namespace

std::string ToHtml(const EvaluationReport& report) {
  std::string html = PageBegin("Seam: evaluation", "What the scores are worth");
  for (const auto& warning : report.warnings) html += NoteHtml("", warning);
  if (report.cross) {
    html += "<h2>Cross-test</h2>\n" + WideHtml(ToHtml(ToTable(*report.cross)));
    const HeatMap map = MakeHeatMap(*report.cross);
    html += WideHtml(SvgImage(ToSvg(map), map.title));
  }
  if (report.comparison) {
    html += "<h2>Comparison</h2>\n" + ListHtml(ListFacts(*report.comparison));
    html += WideHtml(ToHtml(ToTable(*report.comparison)));
  }
  html += RobustnessSection(report.robustness);
  for (const auto& evaluation : report.evaluations) {
    html += "<h2>" + Safe(evaluation.subject) + "</h2>\n" + ListHtml(ListFacts(evaluation));
    for (const auto& table : ToTables(evaluation)) html += WideHtml(ToHtml(table));
  }
  for (const Table& table : report.tables) html += WideHtml(ToHtml(table));
  if (report.evaluations.empty()) return html + PageEnd();
  html += "<h2>Plots</h2>\n<div class=\"plots\">\n";
  for (const Chart& chart : MakePlots(report.evaluations)) html += SvgImage(ToSvg(chart), chart.title);
  return html + "</div>\n" + PageEnd();
}

}  // namespace seam
