#pragma once

#include <string>
#include <vector>

namespace seam {

// The frame that every page of Seam's stands in: head, style, rules of what it may load (nothing), heading,
// and at the end the version. What stands between them is HTML. A page whose table has the id "inputs" and
// whose `sortable` is set can be sorted and filtered where scripts run.
//
//   page.Write(PageBegin("Seam: evaluation", "What the scores are worth"));
//   page.Write(...);
//   page.Write(PageEnd());
std::string PageBegin(const std::string& title, const std::string& heading);
std::string PageEnd(bool sortable = false);

// Any text, a file's name included, as it may stand in HTML: printable and escaped.
std::string Safe(const std::string& text);

// An SVG document as a picture of its own, so that its names cannot meet those of another.
std::string SvgImage(const std::string& svg, const std::string& title);
// A list of texts with bullets.
std::string ListHtml(const std::vector<std::string>& texts);
// What readers must not miss; `begin` is set in bold.
std::string NoteHtml(const std::string& begin, const std::string& text);
// HTML that may be wider than the page: it scrolls by itself.
std::string WideHtml(const std::string& html);

}  // namespace seam
