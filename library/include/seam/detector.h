#pragma once

// Seam as a C++ library: a video in, a verdict out. docs/library.md is its manual, and says what a score is
// worth. This header includes the standard library alone. <seam/detector_c.h> is the same for C.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace seam {

// What Seam says of one video or picture.
struct Detection {
  enum class Verdict { kFake, kUncertain, kReal, kNoFace, kError };

  // In pixels of the upright frame, which it may overhang.
  struct Box {
    double x = 0, y = 0, width = 0, height = 0;
  };

  // One score of the network: of a frame, or of a window of frames.
  struct Moment {
    double begin_seconds = 0, end_seconds = 0;  // in the video's own time; equal for a frame
    double score = 0;                           // P(fake)
    Box box;                                    // of the face, in the first frame
  };

  struct Person {
    int number = 0;               // as in the files that `seam infer` writes
    double score = 0;             // P(fake), of all moments together
    bool counts = true;           // seen in enough frames to decide the video's score
    bool decides = false;         // the video's score is this person's
    std::vector<Moment> moments;  // in order of time, at least one
  };

  Verdict verdict = Verdict::kError;
  std::optional<double> score;        // P(fake), from 0 to 1; none where nothing could be scored
  std::optional<double> probability;  // calibrated, where the network can tell
  double threshold = 0;               // a score from here on is called fake
  // "ok", "damaged", "no_face", "unreadable", "timeout" and so on: docs/scores.md lists them.
  std::string status;
  std::string reason;  // why the status is not "ok", and what to keep in mind; one line, or empty
  std::string hint;    // what to do about that; may be empty
  // Why the verdict is what it is, in sentences for people.
  std::vector<std::string> explanation;
  std::vector<Person> people;  // those who were scored, in order of their numbers
  // The line that `seam infer --jsonl` writes of this video, without a line end.
  std::string json;
};

// "fake", "uncertain", "real", "no_face", "error".
const char* GetName(Detection::Verdict verdict);

// The detector cannot be made. what() is one line, and hint() says what to do; it may be empty.
class DetectorError : public std::runtime_error {
 public:
  DetectorError(const std::string& what, std::string hint);
  ~DetectorError() override;
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// Loads a network once and scores any number of videos, each with the score that `seam infer` gives it.
//
//   const seam::Detector detector({"--frames=16"});
//   const seam::Detection found = detector.Score("clip.mp4");
//   if (found.verdict == seam::Detection::Verdict::kFake) ...
//
// It prints nothing and changes nothing of the process. Files are decoded in processes of their own, in a
// sandbox (seam-decode, which is installed with the library). Score() may be called from several threads at
// once; each call has as many threads at work as --jobs says.
class Detector {
 public:
  // `options`: those of `seam infer` that scores depend on, such as "--model=FILE", "--threshold=eer" or
  // "--max-seconds=60". Throws DetectorError where one is unknown or wrong or is about outputs, and where the
  // network or the face detector is missing or damaged.
  explicit Detector(const std::vector<std::string>& options = {});
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  // A video that cannot be read or has no face is a Detection with a status, never an exception. Throws only
  // what the machine lacks: std::bad_alloc, or DetectorError where seam-decode cannot be run.
  Detection Score(const std::string& path) const;

  // Several videos, faster than one after the other: they share batches and threads. `done` gets each, in
  // their order, one at a time, on any thread. What `done` throws ends the call and comes out of it.
  void Score(const std::vector<std::string>& paths,
             const std::function<void(std::size_t, Detection)>& done) const;

  // Where the options make scores differ from what the threshold was fitted on; a line each.
  const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
