#include "evaluate/evaluation_page.h"

#include "evaluate/evaluation_text.h"
#include "evaluate/plots.h"
#include "pages/page.h"
#include "pages/table.h"

namespace seam {
namespace {

std::string RobustnessOf(const std::vector<Robustness>& all) {
  if (all.empty()) return "";
  std::string html =
      "<h2>Robustness</h2>\n<p>Every video, real and fake alike, was made worse in the same way "
      "before it was scored.</p>\n";
  for (const Robustness& each : all) {
    html += WideHtml(HtmlOf(TableOf(each)));
    const HeatMap map = HeatMapOf(each, "");
    html += WideHtml(SvgImage(SvgOf(map), map.title));
  }
  html += "<div class=\"plots\">\n";
  for (const Chart& chart : PlotsOf(all)) html += SvgImage(SvgOf(chart), chart.title);
  return html + "</div>\n";
}

}  // namespace

std::string HtmlOf(const EvaluationReport& report) {
  std::string html = PageBegin("Seam: evaluation", "What the scores are worth");
  for (const auto& warning : report.warnings) html += NoteHtml("", warning);
  if (report.cross) {
    html += "<h2>Cross-test</h2>\n" + WideHtml(HtmlOf(TableOf(*report.cross)));
    const HeatMap map = HeatMapOf(*report.cross);
    html += WideHtml(SvgImage(SvgOf(map), map.title));
  }
  if (report.comparison) {
    html += "<h2>Comparison</h2>\n" + ListHtml(FactsOf(*report.comparison));
    html += WideHtml(HtmlOf(TableOf(*report.comparison)));
  }
  html += RobustnessOf(report.robustness);
  for (const auto& evaluation : report.evaluations) {
    html += "<h2>" + Safe(evaluation.subject) + "</h2>\n" + ListHtml(FactsOf(evaluation));
    for (const auto& table : TablesOf(evaluation)) html += WideHtml(HtmlOf(table));
  }
  html += "<h2>Plots</h2>\n<div class=\"plots\">\n";
  for (const Chart& chart : PlotsOf(report.evaluations)) html += SvgImage(SvgOf(chart), chart.title);
  return html + "</div>\n" + PageEnd();
}

}  // namespace seam
