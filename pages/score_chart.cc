#include "pages/score_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "pages/palette.h"
#include "pages/table.h"

namespace seam {
namespace {

// In units of the SVG's own.
constexpr double kWidth = 720, kHeight = 200, kLeft = 34, kRight = 96, kTop = 10, kBottom = 26;
constexpr std::size_t kMostPoints = 400;

// Dashes tell people apart in grey.
constexpr std::array<const char*, kPaletteSize> kDashes = {"",    "7 3", "2 3",    "9 3 2 3",
                                                           "4 4", "1 2", "6 2 1 2"};

struct Stroke {
  std::string colour;
  const char* dashes;
};

Stroke ChooseStroke(std::size_t person) {
  return {CssColour(PaletteColour(person)), kDashes[person % kPaletteSize]};
}

constexpr std::size_t kMostNamed = 8;  // people beside the chart

struct Point {
  double seconds, score;
};

double MiddleTime(const ClipScore& clip) {
  return (clip.faces.front().pts_seconds + clip.faces.back().pts_seconds) / 2;
}

// Of each of equally many neighbours the lowest and the highest.
std::vector<Point> ThinnedOut(const TrackScore& track) {
  std::vector<Point> points;
  for (const ClipScore& clip : track.clips) points.push_back({MiddleTime(clip), clip.score});
  if (points.size() <= kMostPoints) return points;
  const std::size_t parts = kMostPoints / 2;
  const auto lower = [](const Point& a, const Point& b) { return a.score < b.score; };
  std::vector<Point> thin;
  for (std::size_t part = 0; part < parts; ++part) {
    const auto at = [&](std::size_t i) {
      return points.begin() + static_cast<std::ptrdiff_t>(i * points.size() / parts);
    };
    auto [low, high] = std::minmax_element(at(part), at(part + 1), lower);
    if (high < low) std::swap(low, high);
    thin.push_back(*low);
    if (low != high) thin.push_back(*high);
  }
  return thin;
}

class TimeChart {
 public:
  TimeChart(const TrackScores& tracks, const VerdictRule& rule) : tracks_(tracks), rule_(rule) {
    first_ = std::numeric_limits<double>::infinity();
    last_ = -first_;
    for (const auto& [number, track] : tracks) {
      first_ = std::min(first_, track.first().pts_seconds);
      last_ = std::max(last_, track.last().pts_seconds);
    }
    if (tracks.empty()) first_ = last_ = 0;
    if (last_ - first_ < 1e-3) {
      first_ -= 0.5;
      last_ += 0.5;
    }
  }

  std::string Draw(const std::string& title) {
    svg_ = fmt::format(
        "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" "
        "font-size=\"11\" font-family=\"inherit\">",
        kWidth, kHeight, EscapeHtml(title));
    DrawGround();
    std::size_t person = 0;
    for (const auto& [number, track] : tracks_) DrawTrack(number, track, person++);
    Text(kLeft + 4, Y(rule_.threshold) + (rule_.threshold > 0.9 ? 13 : -4),
         fmt::format("fake from {:.3f} on", rule_.threshold), "class=\"dim halo\"");
    if (tracks_.size() > kMostNamed) {
      Text(kWidth - kRight + 6, kTop + 10 + 14 * static_cast<double>(kMostNamed),
           fmt::format("and {} more", tracks_.size() - kMostNamed));
    }
    return svg_ + "</svg>\n";
  }

 private:
  double X(double seconds) const {
    return kLeft + (seconds - first_) / (last_ - first_) * (kWidth - kLeft - kRight);
  }
  static double Y(double score) { return kTop + (1 - score) * (kHeight - kTop - kBottom); }

  void Text(double x, double y, const std::string& words, const char* more = "") {
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>", x, y, more, EscapeHtml(words));
  }

  void DrawGround() {
    const double right = kWidth - kRight;
    svg_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"ground\"/>", kLeft, kTop,
                        right - kLeft, kHeight - kTop - kBottom);
    if (rule_.HasBand()) {
      svg_ += fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\" class=\"band\"/>",
                          kLeft, Y(rule_.band_high), right - kLeft, Y(rule_.band_low) - Y(rule_.band_high));
    }
    for (const double tick : {0.0, 0.5, 1.0}) {
      Text(kLeft - 6, Y(tick) + 4, fmt::format("{}", tick), "text-anchor=\"end\"");
    }
    svg_ += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"threshold\"/>", kLeft,
                        right, Y(rule_.threshold), Y(rule_.threshold));
    Text(kLeft, kHeight - 8, ToClock(first_));
    Text(right, kHeight - 8, ToClock(last_), "text-anchor=\"end\"");
    Text((kLeft + right) / 2, kHeight - 8, "time", "text-anchor=\"middle\" class=\"dim\"");
  }

  void DrawTrack(int number, const TrackScore& track, std::size_t person) {
    const Stroke stroke = ChooseStroke(person);
    const std::vector<Point> points = ThinnedOut(track);
    svg_ += fmt::format(
        "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\" stroke-dasharray=\"{}\"{} points=\"",
        stroke.colour, stroke.dashes, track.counts ? "" : " opacity=\".45\"");
    for (const Point& point : points) svg_ += fmt::format("{:.1f},{:.1f} ", X(point.seconds), Y(point.score));
    svg_ += "\"/>";
    constexpr std::size_t kMostDots = 80;
    for (std::size_t i = 0; i < points.size() && points.size() <= kMostDots; ++i) {
      svg_ += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\" fill=\"{}\"><title>{}: {:.3f}</title>"
          "</circle>",
          X(points[i].seconds), Y(points[i].score), stroke.colour, ToClock(points[i].seconds),
          points[i].score);
    }
    if (person < kMostNamed) DrawName(number, track, person, stroke);
  }

  void DrawName(int number, const TrackScore& track, std::size_t person, const Stroke& stroke) {
    const double x = kWidth - kRight + 6, y = kTop + 10 + 14 * static_cast<double>(person);
    svg_ += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\" stroke-width=\"2\" "
        "stroke-dasharray=\"{4}\"/>",
        x, x + 20, y - 4, stroke.colour, stroke.dashes);
    Text(x + 25, y,
         fmt::format("#{} {}", number + 1, track.counts ? fmt::format("{:.2f}", track.score) : "too brief"));
  }

  const TrackScores& tracks_;
  const VerdictRule& rule_;
  double first_ = 0, last_ = 0;
  std::string svg_;
};

}  // namespace

std::string ScoreChart(const TrackScores& tracks, const VerdictRule& rule, const std::string& title) {
  return TimeChart(tracks, rule).Draw(title);
}

std::string ToClock(double seconds) {
  const auto tenths = static_cast<long long>(std::llround(std::max(seconds, 0.0) * 10));
  const long long minutes = tenths / 600, hours = minutes / 60;
  const double rest = static_cast<double>(tenths % 600) / 10;
  if (hours > 0) return fmt::format("{}:{:02}:{:04.1f}", hours, minutes % 60, rest);
  return fmt::format("{}:{:04.1f}", minutes, rest);
}

}  // namespace seam
