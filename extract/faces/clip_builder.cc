#include "extract/faces/clip_builder.h"

#include <algorithm>
#include <utility>

#include "extract/faces/thumbnail.h"

namespace seam {
namespace {

// On 34 clips of four datasets, neighbours are alike by 0.93 and more, frames ten apart by 0.56 and more;
// other footage by less than 0.33 in nine pairs of ten.
constexpr double kLeastLikeness = 0.5;
constexpr int kShrunkSide = 96, kLookSide = 24;

// The face that lies at `part` (0 to 1) of the way from one to another.
Face Between(const Face& before, const Face& after, float part) {
  Face face;
  face.box = {before.box.tl() * (1 - part) + after.box.tl() * part,
              cv::Size2f(before.box.width * (1 - part) + after.box.width * part,
                         before.box.height * (1 - part) + after.box.height * part)};
  face.has_landmarks = before.has_landmarks && after.has_landmarks;
  for (std::size_t i = 0; i < face.landmarks.size() && face.has_landmarks; ++i)
    face.landmarks[i] = before.landmarks[i] * (1 - part) + after.landmarks[i] * part;
  return face;
}

}  // namespace

bool IsLookedFor(int position, int length, int detect_every) {
  return position % detect_every == 0 || position == length - 1;
}

ClipBuilder::ClipBuilder(int length, int detect_every, const CropOptions& crop, bool cuts, TakeClip take,
                         std::vector<CropOptions> more)
    : length_(length),
      detect_every_(detect_every),
      crop_(crop),
      more_(std::move(more)),
      cuts_(cuts && length > 1),
      take_(std::move(take)) {}

void ClipBuilder::Add(const FrameSlot& slot, const FrameStamp& stamp, const VideoFrame& picture,
                      const std::vector<Face>& faces, const std::vector<int>& tracks,
                      const cv::Mat& thumbnail) {
  if (slot.window != window_) {
    window_ = slot.window;
    next_position_ = 0;
    people_.clear();
    held_.clear();
    look_.release();
  }
  // A frame that could not be decoded leaves a hole that nothing can fill.
  if (slot.position != next_position_) people_.clear();
  if (cuts_ && IsCut(picture)) {
    cuts_found_ += people_.empty() ? 0 : 1;
    people_.clear();
  }
  next_position_ = slot.position + 1;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    if (slot.position == 0) people_[tracks[i]].clip = {tracks[i], window_, {}, ""};
    const auto person = people_.find(tracks[i]);
    if (person == people_.end()) continue;
    FaceFrame frame{stamp, faces[i], {}, false, {}, thumbnail, picture.size()};
    CutOut(picture, &frame);
    if (!Continue(&person->second, std::move(frame), slot.position)) {
      people_.erase(person);
    } else if (slot.position == length_ - 1) {
      take_(std::move(person->second.clip));
      people_.erase(person);
    }
  }
  std::erase_if(people_, [&](const auto& entry) {
    const int held = static_cast<int>(entry.second.clip.frames.size());
    return CountLookedFor(held, next_position_) > kMaxInterpolated;
  });
  if (length_ == 1) return;
  held_.push_back({stamp, picture, thumbnail});
  const int longest_gap = (kMaxInterpolated + 1) * detect_every_ - 1;
  if (held_.size() > static_cast<std::size_t>(longest_gap)) held_.pop_front();
}

void ClipBuilder::CutOut(const VideoFrame& picture, FaceFrame* frame) const {
  frame->picture = CropFace(picture, frame->face, crop_);
  for (const CropOptions& crop : more_) frame->more_pictures.push_back(CropFace(picture, frame->face, crop));
}

bool ClipBuilder::IsCut(const VideoFrame& picture) {
  const cv::Mat before = std::exchange(look_, MakeThumbnail(picture.Shrunk(kShrunkSide), kLookSide));
  return !before.empty() && before.dot(look_) < kLeastLikeness;
}

bool ClipBuilder::Continue(Person* person, FaceFrame frame, int position) {
  std::vector<FaceFrame>& frames = person->clip.frames;
  if (!FillGap(person, frame, position - static_cast<int>(frames.size()))) return false;
  frames.push_back(std::move(frame));
  return true;
}

int ClipBuilder::CountLookedFor(int from, int to) const {
  int count = 0;
  for (int position = from; position < to; ++position)
    count += IsLookedFor(position, length_, detect_every_) ? 1 : 0;
  return count;
}

bool ClipBuilder::FillGap(Person* person, const FaceFrame& after, int missing) {
  std::vector<FaceFrame>& frames = person->clip.frames;
  const int from = static_cast<int>(frames.size()), not_found = CountLookedFor(from, from + missing);
  person->interpolated += not_found;
  if (not_found > kMaxInterpolated || person->interpolated > length_ * kMaxInterpolatedPart) return false;
  const std::size_t first = held_.size() - static_cast<std::size_t>(missing);
  for (int i = 0; i < missing; ++i) {
    const HeldFrame& held = held_[first + static_cast<std::size_t>(i)];
    const Face face = Between(frames.back().face, after.face, 1.0F / static_cast<float>(missing + 1 - i));
    frames.push_back({held.stamp, face, {}, true, {}, held.thumbnail, held.picture.size()});
    CutOut(held.picture, &frames.back());
  }
  return true;
}

}  // namespace seam
