#pragma once

#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "scores/aggregate.h"
#include "scores/verdict.h"

namespace seam {

// What is drawn into annotated videos. Colours are RGB; a verdict is always written, too, since not everybody
// sees colours.

// Red for fake, amber for uncertain, green for real, else grey.
cv::Scalar ChooseColour(std::optional<Verdict> verdict);

// Where one person is and what the network said, at any time between the frames that were looked at.
class TrackPath {
 public:
  // `step_seconds`: usual time between the clips of the video. A person who was missing for longer than some
  // of it is not drawn in between.
  TrackPath(const TrackScore& track, double step_seconds);

  struct Place {
    cv::Rect2f box;
    double score = 0;  // of the clip nearest in time
  };
  // Boxes lie on the straight line between those found before and after; at the ends of a stay they stand
  // still for half a step. They are told for a frame of the size `picture`, as parts of which they were
  // found; empty: as they were found.
  std::optional<Place> At(double seconds, const cv::Size& picture = {}) const;

 private:
  struct Point {
    double seconds;
    cv::Rect2f box;
    double score;
    cv::Size frame;

    cv::Rect2f BoxIn(const cv::Size& picture) const;
  };
  double step_;
  std::vector<Point> points_;  // by time
};

// The median time between the clips of a video, over all people; 0 when there is but one.
double UsualStep(const TrackScores& tracks);

// A box with a label above it (below where there is no room), in lines that fit the picture's size.
void DrawBox(const cv::Rect2f& box, const std::string& label, const cv::Scalar& colour, cv::Mat* picture);

// What differs from the network's training, as one line that begins at `top`; cut off where it is too long.
// Nothing where `notes` is empty.
void DrawNotes(const std::string& notes, int top, cv::Mat* picture);

// The scores of everybody over time: a band for the bottom of a video.
class ScoreStrip {
 public:
  // From `first_seconds` to `last_seconds` of the video; `notes` as in DrawNotes().
  ScoreStrip(int width, const ScoreRow& row, const VerdictRule& rule, double first_seconds,
             double last_seconds, const std::string& notes = "");
  int height() const { return strip_.rows; }
  // The strip with a line at `seconds`, into `band` [height(), width, 3].
  void DrawAt(double seconds, cv::Mat band) const;

 private:
  int X(double seconds) const;
  int Y(double score) const;
  void DrawTrack(const TrackScore& track, const cv::Scalar& colour);

  double first_, last_;
  int curves_ = 0;  // height of the curves; the notes stand below
  cv::Mat strip_;
};

}  // namespace seam
