#include "infer/video_section.h"

#include <cctype>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/base64.h"
#include "base/error.h"
#include "infer/draw.h"
#include "infer/model_card.h"
#include "infer/verdict_words.h"
#include "labels/label.h"
#include "pages/page.h"
#include "pages/score_chart.h"
#include "pages/table.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr int kCropSide = 160, kQuality = 82;

std::string ImageHtml(const std::string& jpeg, const std::string& words) {
  return fmt::format("<img alt=\"{}\" src=\"data:image/jpeg;base64,{}\">", Safe(words), Base64(jpeg));
}

// The whole frame with the face's box over it.
std::string FrameHtml(const Evidence& evidence, const cv::Size& size, std::string_view verdict) {
  const FaceBox& box = evidence.faces[evidence.shown].box;
  const std::string rect = fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", box.x,
                                       box.y, box.width, box.height);
  return fmt::format(
      "<div class=\"frame\">{0}<svg viewBox=\"0 0 {1} {2}\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\">"
      "<rect class=\"box under\" {3}/><rect class=\"box {4}\" {3}/></svg></div>",
      ImageHtml(evidence.frame, "the whole frame"), size.width, size.height, rect, verdict);
}

std::string FaceHtml(const Evidence& evidence, const VideoResult& result, const SectionOptions& options) {
  const auto track = result.row.people.find(evidence.track);
  std::optional<Verdict> judged;
  if (track != result.row.people.end()) judged = DecideVerdict(options.rule, result.row, track->second);
  const std::string_view verdict = judged ? GetName(*judged) : "short";
  const cv::Mat crop = DecodeCrop(evidence.crops[evidence.shown], options.crop);
  std::string pictures;
  if (!evidence.frame.empty()) pictures += FrameHtml(evidence, result.size, verdict);
  pictures += ImageHtml(SmallJpeg(crop, kCropSide, kQuality), "the face as the network saw it");
  if (!evidence.heat.values.empty()) {
    pictures += ImageHtml(SmallJpeg(WithHeat(crop, evidence.heat), kCropSide, kQuality),
                          "the same with the places that speak for fake lit up");
  }
  const std::string when =
      evidence.faces.size() == 1
          ? "at " + ToClock(evidence.faces[0].pts_seconds)
          : fmt::format("window from {} to {}", ToClock(evidence.faces.front().pts_seconds),
                        ToClock(evidence.faces.back().pts_seconds));
  return fmt::format(
      "<figure class=\"face\"><div class=\"pictures\">{}</div><figcaption><strong>{:.3f}</strong> {} "
      "#{}{}, {}, frame {}</figcaption></figure>\n",
      pictures, evidence.score, result.row.tiles.empty() ? "person" : "tile", evidence.track + 1,
      judged ? "" : " (too brief to count)", when, evidence.faces[evidence.shown].index);
}

std::string PicturesHtml(const VideoResult& result, const SectionOptions& options) {
  if (result.evidence.empty()) return "";
  const bool heat = !result.evidence.front().heat.values.empty(), tiles = !result.row.tiles.empty();
  std::string html = fmt::format(
      "<h4>Most suspicious {}</h4>\n<p class=\"dim\">The whole frame, the {} as the network saw it{}. The "
      "number "
      "is the score of that {} alone.</p>\n<div class=\"strip\">\n",
      result.evidence.front().faces.size() > 1 ? "windows"
      : tiles                                  ? "tiles"
                                               : "faces",
      tiles ? "tile" : "face",
      heat ? ", and where it looked: the lighter, the more a place speaks for fake (Grad-CAM; dark where "
             "nothing does)"
           : "",
      result.evidence.front().faces.size() > 1 ? "window"
      : tiles                                  ? "tile"
                                               : "face");
  for (const Evidence& evidence : result.evidence) html += FaceHtml(evidence, result, options);
  return html + "</div>\n";
}

std::string PeopleHtml(const VideoResult& result, const VerdictRule& rule) {
  constexpr std::size_t kMostPeople = 50;
  const TrackScores& people = result.row.people;
  if (people.size() < 2) return "";
  std::string html =
      "<div class=\"wide\"><table><thead><tr><th>person</th><th>verdict</th><th class=\"n\">score</th>"
      "<th>seen</th><th class=\"n\">scored</th></tr></thead><tbody>\n";
  std::size_t count = 0;
  for (const auto& [number, track] : people) {
    if (++count > kMostPeople) break;
    const auto verdict = DecideVerdict(rule, result.row, track);
    html += fmt::format(
        "<tr><td>#{}</td><td>{}</td><td class=\"n\">{}</td><td>{} to {}</td>"
        "<td class=\"n\">{}</td></tr>\n",
        number + 1, verdict ? VerdictHtml(*verdict) : "seen too briefly to count",
        track.counts ? fmt::format("{:.4f}", track.score) : "–", ToClock(track.first().pts_seconds),
        ToClock(track.last().pts_seconds), track.clips.size());
  }
  html += "</tbody></table></div>\n";
  if (people.size() > kMostPeople)
    html += fmt::format("<p class=\"dim\">and {} more people</p>\n", people.size() - kMostPeople);
  return html;
}

// A map of the picture: the darker a tile, the more suspicious; the most suspicious one is framed.
std::string TilesHtml(const VideoResult& result) {
  constexpr int kHeight = 240;
  const ClipScore* worst = WorstTile(result.row);
  if (worst == nullptr) return "";
  const auto rect = [](const FaceBox& box) {
    return fmt::format("x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"", box.x, box.y, box.width,
                       box.height);
  };
  std::string html = fmt::format(
      "<h4>Where the tiles lie</h4>\n<p class=\"dim\">Each has the colour of its score: none at 0, full at "
      "1. "
      "{}</p>\n<svg viewBox=\"0 0 {} {}\" height=\"{}\" role=\"img\" aria-label=\"scores of the tiles\">\n",
      Safe(WorstTileWords(result.row)), result.size.width, result.size.height, kHeight);
  for (const auto& [number, tile] : result.row.people) {
    // Neighbours overlap, and add up.
    html += fmt::format("<rect {} fill=\"#ff4d3d\" fill-opacity=\"{:.3f}\"/>\n", rect(tile.first().box),
                        tile.score / 2);
  }
  html += fmt::format("<rect class=\"box under\" {0}/><rect class=\"box fake\" {0}/></svg>\n",
                      rect(worst->faces.front().box));
  return html;
}

// What each of several networks says, of the video and of each person.
std::string NetworksHtml(const ScoreRow& row) {
  constexpr std::size_t kMostPeople = 50;
  if (row.networks.empty() || !row.score) return "";
  std::string html = "<h4>What each network says</h4>\n<div class=\"wide\"><table><thead><tr><th>of</th>";
  for (const NetworkScore& network : row.networks)
    html += fmt::format("<th class=\"n\">{}</th>", Safe(network.name));
  html += "<th class=\"n\">fused</th></tr></thead><tbody>\n";
  const auto cell = [](const std::optional<double>& score) {
    return fmt::format("<td class=\"n\">{}</td>", score ? fmt::format("{:.4f}", *score) : "–");
  };
  html += "<tr><td>the video</td>";
  for (const NetworkScore& network : row.networks) html += cell(network.score);
  html += cell(row.score) + "</tr>\n";
  std::size_t count = 0;
  for (const auto& [number, track] : row.people) {
    if (row.people.size() < 2 || !row.tiles.empty() || !track.counts || ++count > kMostPeople) continue;
    html += fmt::format("<tr><td>person #{}</td>", number + 1);
    for (const double score : track.networks) html += cell(score);
    html += cell(track.score) + "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string FileFacts(const VideoResult& result) {
  const ScoreRow& row = result.row;
  std::vector<std::pair<std::string, std::string>> facts;
  std::error_code failure;
  const auto bytes = fs::file_size(row.path, failure);
  if (!failure) facts.emplace_back("file", fmt::format("{} bytes", bytes));
  if (!result.file_sha256.empty()) facts.emplace_back("SHA-256", result.file_sha256);
  if (row.frames_decoded > 0) {
    facts.emplace_back("picture", fmt::format("{} x {} pixels", result.size.width, result.size.height));
    facts.emplace_back("looked at",
                       fmt::format("{} of at least {} decoded, over {:.2f} seconds",
                                   DescribeCount(row.frames, "frame"), row.frames_decoded, row.seconds));
  }
  if (row.label) facts.emplace_back("known to be", std::string(GetName(*row.label)));
  return facts.empty() ? "" : FactsHtml(facts);
}

}  // namespace

VideoSection MakeSection(const std::string& id, const VideoResult& result, const fs::path& annotated,
                         const SectionOptions& options) {
  const ScoreRow& row = result.row;
  VideoSection section;
  section.head = fmt::format("<section class=\"video\" id=\"{}\"><header><h3>{}</h3>{}", id, Safe(row.path),
                             VerdictHtml(*row.verdict));
  if (row.score) section.head += fmt::format("<span class=\"score\">{:.4f}</span>", *row.score);
  if (!annotated.empty()) {
    section.head +=
        fmt::format("<a href=\"{}\">annotated {}</a>", EscapeHtml(LinkTo(annotated, options.folder)),
                    annotated.extension() == ".mp4" ? "video" : "picture");
  }
  section.head += "</header>\n<ul class=\"why\">\n";
  for (const std::string& words :
       VerdictWords(result, options.rule, options.aggregate, options.crop.detector() == "whole"))
    section.head += "<li>" + Safe(words) + "</li>\n";
  if (options.earlier)
    section.head +=
        "<li>An earlier run scored it (--resume): its faces and curves are not in this page.</li>\n";
  section.head += "</ul>\n";
  section.pictures = PicturesHtml(result, options);
  section.tail = NetworksHtml(row);
  if (!row.tiles.empty()) {
    section.tail += TilesHtml(result);
  } else if (!row.people.empty()) {
    section.tail += "<h4>Scores over time</h4>\n" +
                    ScoreChart(row.people, options.rule,
                               fmt::format("scores over time of {}",
                                           DescribeCount(static_cast<std::int64_t>(row.people.size()),
                                                         row.people.size() == 1 ? "person" : "people"))) +
                    PeopleHtml(result, options.rule);
  }
  section.tail +=
      FileFacts(result) + "<p class=\"up\"><a href=\"#top\">back to the table</a></p>\n</section>\n";
  return section;
}

std::string VerdictHtml(Verdict verdict) {
  const std::string_view words = verdict == Verdict::kNoFace ? "no face" : GetName(verdict);
  return fmt::format("<span class=\"verdict {}\">{}</span>", GetName(verdict), words);
}

std::string LinkTo(const fs::path& path, const fs::path& folder) {
  const fs::path relative = fs::absolute(path).lexically_normal().lexically_relative(
      fs::absolute(folder.empty() ? "." : folder).lexically_normal());
  std::string link = "./";  // a first part with a colon would be a scheme
  for (const char c : relative.string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos;
    link += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return link;
}

}  // namespace seam
