#include "retrieve/match_page.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/files.h"
#include "pages/page.h"

namespace seam {
namespace {

std::string MakeFigure(const Thumbnail& thumbnail) {
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
  page.Write(PageBegin(title, title) + "<p class=\"dim\">" + Safe(summary) + "</p>\n");
  for (const ThumbnailRow& row : rows) {
    page.Write("<div class=\"matches\">\n" + MakeFigure(row.first));
    for (const Thumbnail& other : row.others) page.Write(MakeFigure(other));
    page.Write("</div>\n");
  }
  page.Write(PageEnd());
  page.Commit();
}

}  // namespace seam
