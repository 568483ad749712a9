#include "infer/draw.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
// A person who is missing for longer than so many steps has gone.
constexpr double kLongestGap = 2.5;
const cv::Scalar kWhite(255, 255, 255), kBlack(16, 16, 20), kDim(150, 152, 160), kPale(205, 207, 212);

double TextScale(int side) { return std::clamp(side / 1500.0, 0.35, 2.0); }

int TextWidth(double scale) { return std::max(1, cvRound(scale * 1.6)); }

int LineWidth(int side) { return std::clamp(side / 320, 1, 8); }

double Seconds(const ClipScore& clip) { return clip.faces.front().pts_seconds; }

}  // namespace

cv::Scalar ChooseColour(std::optional<Verdict> verdict) {
  if (verdict == Verdict::kFake) return {214, 40, 40};
  if (verdict == Verdict::kUncertain) return {245, 158, 11};
  if (verdict == Verdict::kReal) return {22, 150, 70};
  return {140, 140, 148};
}

TrackPath::TrackPath(const TrackScore& track, double step_seconds) : step_(step_seconds) {
  for (const ClipScore& clip : track.clips) {
    for (const SeenFace& face : clip.faces) {
      const FaceBox& box = face.box;
      points_.push_back({face.pts_seconds,
                         {box.x, box.y, box.width, box.height},
                         clip.score,
                         {face.frame_size.width, face.frame_size.height}});
    }
  }
  // Windows may overlap.
  std::stable_sort(points_.begin(), points_.end(),
                   [](const Point& a, const Point& b) { return a.seconds < b.seconds; });
}

cv::Rect2f TrackPath::Point::BoxIn(const cv::Size& picture) const {
  if (picture.empty() || frame.empty() || picture == frame) return box;
  const float x = static_cast<float>(picture.width) / static_cast<float>(frame.width),
              y = static_cast<float>(picture.height) / static_cast<float>(frame.height);
  return {box.x * x, box.y * y, box.width * x, box.height * y};
}

std::optional<TrackPath::Place> TrackPath::At(double seconds, const cv::Size& picture) const {
  const auto after = std::lower_bound(points_.begin(), points_.end(), seconds,
                                      [](const Point& point, double time) { return point.seconds < time; });
  const double hold = step_ / 2;
  const bool at_end = after == points_.end(), at_begin = after == points_.begin();
  if (!at_end && !at_begin) {
    const Point &from = *std::prev(after), &to = *after;
    const double gap = to.seconds - from.seconds;
    if (gap <= step_ * kLongestGap) {
      const auto part = static_cast<float>(gap > 0 ? (seconds - from.seconds) / gap : 0);
      const cv::Rect2f first = from.BoxIn(picture), second = to.BoxIn(picture);
      const cv::Rect2f box(first.tl() * (1 - part) + second.tl() * part,
                           cv::Size2f(first.width * (1 - part) + second.width * part,
                                      first.height * (1 - part) + second.height * part));
      return Place{box, part < 0.5F ? from.score : to.score};
    }
  }
  if (!at_begin && seconds - std::prev(after)->seconds <= hold)
    return Place{std::prev(after)->BoxIn(picture), std::prev(after)->score};
  if (!at_end && after->seconds - seconds <= hold) return Place{after->BoxIn(picture), after->score};
  return std::nullopt;
}

double UsualStep(const TrackScores& tracks) {
  std::vector<double> times, steps;
  for (const auto& [number, track] : tracks) {
    for (const ClipScore& clip : track.clips) times.push_back(Seconds(clip));
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

void DrawBox(const cv::Rect2f& box, const std::string& label, const cv::Scalar& colour, cv::Mat* picture) {
  const int side = std::max(picture->cols, picture->rows), line = LineWidth(side);
  const cv::Rect whole(cvRound(box.x), cvRound(box.y), cvRound(box.width), cvRound(box.height));
  cv::rectangle(*picture, whole, kBlack, line + 2, cv::LINE_AA);  // seen on any ground
  cv::rectangle(*picture, whole, colour, line, cv::LINE_AA);
  const double scale = TextScale(side);
  int below = 0;
  const cv::Size text = cv::getTextSize(label, kFont, scale, TextWidth(scale), &below);
  const int pad = line + 2, height = text.height + below + pad;
  const bool above = whole.y - height >= 0;
  const int left = std::clamp(whole.x, 0, std::max(0, picture->cols - text.width - 2 * pad));
  const int top = above ? whole.y - height : std::min(whole.br().y, picture->rows - height);
  cv::rectangle(*picture, cv::Rect(left, top, text.width + 2 * pad, height), colour, cv::FILLED);
  cv::putText(*picture, label, {left + pad, top + text.height + pad / 2 + 1}, kFont, scale, kWhite,
              TextWidth(scale), cv::LINE_AA);
}

void DrawNotes(const std::string& notes, int top, cv::Mat* picture) {
  if (notes.empty()) return;
  const double scale = TextScale(picture->cols) * 0.8;
  int below = 0;
  const auto size_of = [&](const std::string& text) {
    return cv::getTextSize(text, kFont, scale, 1, &below);
  };
  constexpr int kPad = 3;
  std::string words = "not as trained: " + notes;
  for (std::size_t left = words.size(); left > 0 && size_of(words).width > picture->cols - 2 * kPad;)
    words = words.substr(0, --left) + "...";
  const cv::Size text = size_of(words);
  const cv::Rect bar(0, top, text.width + 2 * kPad, text.height + below + kPad);
  cv::rectangle(*picture, bar, kBlack, cv::FILLED);
  cv::putText(*picture, words, {kPad, top + text.height + 1}, kFont, scale, kPale, 1, cv::LINE_AA);
}

ScoreStrip::ScoreStrip(int width, const ScoreRow& row, const VerdictRule& rule, double first_seconds,
                       double last_seconds, const std::string& notes)
    : first_(first_seconds), last_(std::max(last_seconds, first_seconds + 1e-3)) {
  curves_ = std::clamp(width / 10, 40, 200) / 2 * 2;
  const int below = notes.empty() ? 0 : std::max(14, cvRound(TextScale(width) * 36)) / 2 * 2;
  strip_ = cv::Mat(curves_ + below, width, CV_8UC3, kBlack);
  if (rule.HasBand()) {
    const cv::Rect band(cv::Point(0, Y(rule.band_high)), cv::Point(width, Y(rule.band_low) + 1));
    strip_(band & cv::Rect({}, strip_.size())) = cv::Scalar(70, 52, 16);
  }
  cv::line(strip_, {0, Y(rule.threshold)}, {width, Y(rule.threshold)}, kDim, 1);
  for (const auto& [number, track] : row.people)
    DrawTrack(track, ChooseColour(DecideVerdict(rule, row, track)));
  const double scale = TextScale(width) * 0.9;
  const std::string words =
      fmt::format("fake from {:.2f} on{}", rule.threshold, row.people.empty() ? "; no face was scored" : "");
  const cv::Point at(4, std::max(Y(rule.threshold) - 3, curves_ / 3));
  cv::putText(strip_, words, at, kFont, scale, kBlack, 4, cv::LINE_AA);  // apart from the curves below it
  cv::putText(strip_, words, at, kFont, scale, kPale, 1, cv::LINE_AA);
  DrawNotes(notes, curves_, &strip_);
}

int ScoreStrip::X(double seconds) const {
  return cvRound((seconds - first_) / (last_ - first_) * (strip_.cols - 1));
}

int ScoreStrip::Y(double score) const {
  const int pad = 3;
  return pad + cvRound((1 - score) * (curves_ - 1 - 2 * pad));
}

void ScoreStrip::DrawTrack(const TrackScore& track, const cv::Scalar& colour) {
  const int line = LineWidth(strip_.cols);
  std::optional<cv::Point> before;
  for (const ClipScore& clip : track.clips) {
    const double middle = (Seconds(clip) + clip.faces.back().pts_seconds) / 2;
    const cv::Point at(X(middle), Y(clip.score));
    if (before) cv::line(strip_, *before, at, colour, line, cv::LINE_AA);
    cv::circle(strip_, at, line + 1, colour, cv::FILLED, cv::LINE_AA);
    before = at;
  }
}

void ScoreStrip::DrawAt(double seconds, cv::Mat band) const {
  strip_.copyTo(band);
  const int x = std::clamp(X(seconds), 0, strip_.cols - 1);
  cv::line(band, {x, 0}, {x, curves_}, kWhite, LineWidth(strip_.cols));
}

}  // namespace seam
