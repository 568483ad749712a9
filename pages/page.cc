#include "pages/page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/version.h"
#include "pages/page_style.h"
#include "pages/table.h"

namespace seam {

std::string PageBegin(const std::string& title, const std::string& heading) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
      "'unsafe-inline'\">\n<title>{}</title>\n<style>{}</style></head>\n<body id=\"top\">\n<h1>{}</h1>\n",
      Safe(title), kPageStyle, Safe(heading));
}

std::string PageEnd(bool sortable) {
  const std::string script = sortable ? fmt::format("<script>{}</script>\n", kPageScript) : "";
  return fmt::format("<p><small>Seam {}</small></p>\n{}</body></html>\n", Version(), script);
}

std::string Safe(const std::string& text) { return EscapeHtml(Printable(text)); }

std::string SvgImage(const std::string& svg, const std::string& title) {
  return fmt::format("<img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">\n", Safe(title), Base64(svg));
}

std::string ListHtml(const std::vector<std::string>& texts) {
  std::string html = "<ul>\n";
  for (const std::string& text : texts) html += "<li>" + Safe(text) + "</li>\n";
  return html + "</ul>\n";
}

std::string NoteHtml(const std::string& begin, const std::string& text) {
  const std::string bold = begin.empty() ? "" : "<strong>" + Safe(begin) + "</strong> ";
  return "<p class=\"note\">" + bold + Safe(text) + "</p>\n";
}

std::string WideHtml(const std::string& html) { return "<div class=\"wide\">" + html + "</div>\n"; }

}  // namespace seam
