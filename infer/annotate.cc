#include "infer/annotate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "extract/media/media_kind.h"
#include "extract/media/sound_track.h"
#include "extract/media/video_reader.h"
#include "extract/media/video_writer.h"
#include "infer/annotated_paths.h"
#include "infer/draw.h"
#include "labels/video.h"
#include "proto/picture_codec.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Everybody in a video, ready to be drawn at any time.
class People {
 public:
  People(const ScoreRow& row, const VerdictRule& rule) {
    const double step = UsualStep(row.people);
    for (const auto& [number, track] : row.people) {
      const auto verdict = DecideVerdict(rule, row, track);
      const std::string words =
          verdict ? fmt::format("{} {:.2f}", GetName(*verdict), track.score) : "seen too briefly to count";
      people_.push_back({TrackPath(track, step), fmt::format("#{} {}", number + 1, words),
                         ChooseColour(verdict), track.counts && track.clips.size() > 1});
    }
  }

  void DrawAt(double seconds, cv::Mat* picture) const {
    for (const Person& person : people_) {
      const auto place = person.path.At(seconds, picture->size());
      if (!place) continue;
      const std::string here = person.here ? fmt::format(" (here {:.2f})", place->score) : "";
      DrawBox(place->box, person.label + here, person.colour, picture);
    }
  }

 private:
  struct Person {
    TrackPath path;
    std::string label;
    cv::Scalar colour;
    bool here;  // whether the score of the moment is told
  };
  std::vector<Person> people_;
};

// The whole picture as large as it can be in `area`, black beside it.
void FitInto(cv::Mat area, const cv::Mat& picture) {
  const double scale =
      std::min(static_cast<double>(area.cols) / picture.cols, static_cast<double>(area.rows) / picture.rows);
  const cv::Size fitted(std::clamp(cvRound(picture.cols * scale), 1, area.cols),
                        std::clamp(cvRound(picture.rows * scale), 1, area.rows));
  area.setTo(cv::Scalar::all(0));
  const cv::Rect place({(area.cols - fitted.width) / 2, (area.rows - fitted.height) / 2}, fitted);
  cv::resize(picture, area(place), fitted, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
}

// When the first and the last frame are shown; where the container does not tell, when faces were seen.
std::pair<double, double> FindSpan(const fs::path& path, const MediaLimits& limits, const Deadline& deadline,
                                   const TrackScores& tracks) {
  const VideoScan scan = ScanVideo(path, limits, deadline);
  if (!scan.times.empty()) return {scan.times.front(), scan.times.back()};
  double last = 0;
  for (const auto& [number, track] : tracks) last = std::max(last, track.last().pts_seconds);
  return {0, last};
}

}  // namespace

Annotator::Annotator(const fs::path& folder, const std::vector<fs::path>& inputs, const VerdictRule& rule,
                     const MediaLimits& limits, std::vector<std::string> notes, CancelToken cancel)
    : inputs_(inputs),
      outputs_(AnnotatedPaths(folder, inputs)),
      rule_(rule),
      notes_(fmt::format("{}", fmt::join(notes, "; "))),
      limits_(limits),
      cancel_(std::move(cancel)) {
  RefuseToOverwrite(outputs_, inputs_);
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) throw Error(folder.string(), "cannot be made: " + failure.message(), "check the path");
}

std::string Annotator::Annotate(std::size_t video, const VideoResult& result) const {
  std::error_code failure;
  fs::create_directories(outputs_[video].parent_path(), failure);  // what is wrong, the writer will say
  try {
    if (!IsStill(inputs_[video])) return AnnotateVideo(video, result);
    AnnotatePicture(video, result);
    return "";
  } catch (const cv::Exception& error) {
    throw Error(inputs_[video].string(), "cannot be annotated: " + error.err);
  }
}

void Annotator::AnnotatePicture(std::size_t video, const VideoResult& result) const {
  VideoReader reader(inputs_[video], limits_);
  const auto stamp = reader.Next();
  if (!stamp) throw Error(inputs_[video].string(), "no frame could be decoded");
  cv::Mat picture = reader.Frame().Turned(TurnAt(result.turns, stamp->pts_seconds)).Picture().clone();
  People(result.row, rule_).DrawAt(stamp->pts_seconds, &picture);
  DrawNotes(notes_, 0, &picture);
  constexpr int kQuality = 92;
  const PixelView view = MakeView(picture);
  const bool is_png = outputs_[video].extension() == ".png" || outputs_[video].extension() == ".PNG";
  WriteFile(outputs_[video], is_png ? EncodePng(view) : EncodeJpeg(view, kQuality, JpegSampling::k420));
}

std::string Annotator::AnnotateVideo(std::size_t video, const VideoResult& result) const {
  const Deadline deadline(limits_.max_seconds, cancel_);
  const auto [first, last] = FindSpan(inputs_[video], limits_, deadline, result.row.people);
  const People people(result.row, rule_);
  VideoReader reader(inputs_[video], limits_, deadline);
  SoundTrack sound(inputs_[video], limits_, deadline);
  std::optional<VideoWriter> writer;
  std::optional<ScoreStrip> strip;
  cv::Mat page;  // the picture with the strip below it
  cv::Size size;
  while (const auto stamp = reader.Next()) {
    if (cancel_.Cancelled()) return "";
    cv::Mat picture = reader.Frame().Turned(TurnAt(result.turns, stamp->pts_seconds)).Picture();
    if (!writer) {
      size = picture.size();
      strip.emplace(size.width, result.row, rule_, first, last, notes_);
      page = cv::Mat(size.height + strip->height(), size.width, CV_8UC3);
      VideoWriterOptions options;
      options.sound = &sound;
      options.threads = 2;  // several videos share the cores; and the bytes then depend on no machine
      options.comment = notes_;
      writer.emplace(outputs_[video], page.size(), options);
    }
    cv::Mat upper = page.rowRange(0, size.height);
    if (picture.size() == size) {
      picture.copyTo(upper);
      people.DrawAt(stamp->pts_seconds, &upper);
    } else {
      picture = picture.clone();
      people.DrawAt(stamp->pts_seconds, &picture);
      FitInto(upper, picture);
    }
    strip->DrawAt(stamp->pts_seconds, page.rowRange(size.height, page.rows));
    writer->Add(page, stamp->pts_seconds);
  }
  if (cancel_.Cancelled()) return "";
  if (deadline.Passed()) {
    throw Error(inputs_[video].string(),
                fmt::format("was not annotated within {:g} seconds", limits_.max_seconds),
                "--max-seconds allows more");
  }
  if (!writer) throw Error(inputs_[video].string(), "no frame could be decoded");
  writer->Commit();
  return sound.problem().empty() ? "" : "sound is left out of the annotated video: " + sound.problem();
}

}  // namespace seam
