#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "extract/faces/crop.h"
#include "extract/faces/face_detector.h"
#include "extract/faces/frame_sampling.h"
#include "extract/media/video_frame.h"
#include "extract/media/video_reader.h"

namespace seam {

// The face of one person in one frame.
struct FaceFrame {
  FrameStamp stamp;
  Face face;
  cv::Mat picture;  // RGB [size, size, 3]
  // No face was found, or none was looked for (detect_every): box and landmarks lie between the neighbours',
  // the score is 0.
  bool interpolated = false;
  std::vector<cv::Point2f> dense_landmarks = {};  // in pixels of the picture; empty unless asked for
  // The whole frame made smaller, RGB, shared by its faces; only where ExtractOptions::thumbnails asks for
  // it.
  cv::Mat thumbnail = {};
  cv::Size frame_size = {};  // of the whole frame that the box lies in: it may change in the middle of a film
  // The same face cut out in other ways, see ExtractOptions::more_crops.
  std::vector<cv::Mat> more_pictures = {};
};

// The crops of one person, in order of time: those of a window, or a single one.
struct FaceClip {
  int track = 0;            // number of the person in the video, from 0
  std::int64_t window = 0;  // number of the window (or single frame) in the video, from 0
  std::vector<FaceFrame> frames;
  std::string boxes_from;  // id of the video that told the faces; empty: they were found in this one
};

// A gap of so many frames of a window is filled with interpolated faces, and no more than this part of the
// window.
constexpr int kMaxInterpolated = 3;
constexpr double kMaxInterpolatedPart = 0.25;

// Whether faces are looked for in the frame at `position` of a window of `length` frames.
bool IsLookedFor(int position, int length, int detect_every);

// Makes clips of tracked faces. A clip holds every frame of its window. A person gives no clip who is missing
// at the window's beginning or end, or for longer than a gap may be. At a cut every person's window ends,
// since somebody else may appear in the same position. Frames in which faces are not looked for count towards
// no gap. One thread. Memory holds the crops of the running window and the frames of the longest gap that can
// be filled.
class ClipBuilder {
 public:
  using TakeClip = std::function<void(FaceClip)>;

  // `length`: frames of a window. `cuts`: whether to look for cuts. `more`: FaceFrame::more_pictures.
  ClipBuilder(int length, int detect_every, const CropOptions& crop, bool cuts, TakeClip take,
              std::vector<CropOptions> more = {});

  // The faces of the next frame wanted and their tracks. Clips are given away in the order of the faces.
  void Add(const FrameSlot& slot, const FrameStamp& stamp, const VideoFrame& picture,
           const std::vector<Face>& faces, const std::vector<int>& tracks, const cv::Mat& thumbnail = {});

  // How many windows ended at a cut.
  int cuts() const { return cuts_found_; }

 private:
  struct HeldFrame {
    FrameStamp stamp;
    VideoFrame picture;
    cv::Mat thumbnail;
  };
  struct Person {
    FaceClip clip;
    int interpolated = 0;
  };

  void CutOut(const VideoFrame& picture, FaceFrame* frame) const;
  // Whether there is a cut between the last frame of the window and this one.
  bool IsCut(const VideoFrame& picture);
  // Whether the person's clip now holds every frame up to this one.
  bool Continue(Person* person, FaceFrame frame, int position);
  bool FillGap(Person* person, const FaceFrame& after, int missing);
  // Of the positions [from, to) those in which faces were looked for.
  int CountLookedFor(int from, int to) const;

  int length_, detect_every_;
  CropOptions crop_;
  std::vector<CropOptions> more_;
  bool cuts_;
  TakeClip take_;
  std::int64_t window_ = -1;
  int next_position_ = 0;
  cv::Mat look_;                  // of the window's last frame
  std::map<int, Person> people_;  // by track
  std::deque<HeldFrame> held_;    // the last frames, for gaps
  int cuts_found_ = 0;
};

}  // namespace seam
