#include "retrieve/match_page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/files.h"
#include "pages/page_style.h"
#include "pages/table.h"

namespace seam {
namespace {

constexpr const char* kStyle =
    ".row { display: flex; flex-wrap: wrap; gap: 12px; padding: 12px 0; border-bottom: 1px solid "
    "var(--line); "
    "} .row figure { margin: 0; width: 150px; font-size: .8em; overflow-wrap: anywhere; } .row img { "
    "display: "
    "block; width: 112px; height: 112px; object-fit: contain; background: #111; border-radius: 4px; } .row "
    "figure:first-child { border-right: 2px solid var(--line); padding-right: 12px; width: 164px; }";

std::string Safe(const std::string& text) { return EscapeHtml(Printable(text)); }

std::string FigureOf(const Thumbnail& thumbnail) {
  std::string html =
      fmt::format("<figure><img alt=\"{0}\" src=\"data:image/jpeg;base64,{1}\"><figcaption>{0}",
                  Safe(thumbnail.title), Base64(thumbnail.jpeg));
  for (const std::string& line : thumbnail.lines) html += "<br><small>" + Safe(line) + "</small>";
  return html + "</figcaption></figure>\n";
}

}  // namespace

void WriteThumbnailPage(const std::filesystem::path& path, const std::string& title,
                        const std::string& summary, const std::vector<ThumbnailRow>& rows) {
  AtomicFile page(path);
  page.Write(
      fmt::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta http-equiv=\""
                  "Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
                  "'unsafe-inline'\">\n<title>{0}</title>\n<style>{1}\n{2}</style></head>\n<body>\n"
                  "<h1>{0}</h1>\n<p class=\"dim\">{3}</p>\n",
                  Safe(title), kPageStyle, kStyle, Safe(summary)));
  for (const ThumbnailRow& row : rows) {
    page.Write("<div class=\"row\">\n" + FigureOf(row.first));
    for (const Thumbnail& other : row.others) page.Write(FigureOf(other));
    page.Write("</div>\n");
  }
  page.Write("</body></html>\n");
  page.Commit();
}

}  // namespace seam
