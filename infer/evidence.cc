#include "infer/evidence.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "proto/picture.h"
#include "proto/picture_codec.h"

namespace seam {
namespace {

constexpr std::size_t kMostPeople = 24;  // of whom at least one face is kept until the end
// Of the frames kept: they are shown at half of this or less.
constexpr int kFrameSide = 400, kFrameQuality = 78;

// Before `b`, of two of one track; equal scores by time, so that the order of the threads does not matter.
bool IsBefore(const Evidence& a, const Evidence& b) {
  const auto key = [](const Evidence& each) {
    return std::tuple(-each.score, each.track, each.faces.front().index);
  };
  return key(a) < key(b);
}

// The best of each track first, then the others; each by score. Returns how many are their track's best.
std::size_t SortByWorth(std::vector<Evidence>* kept) {
  std::sort(kept->begin(), kept->end(), IsBefore);
  std::vector<int> seen;
  std::stable_partition(kept->begin(), kept->end(), [&](const Evidence& each) {
    const bool first = std::find(seen.begin(), seen.end(), each.track) == seen.end();
    if (first) seen.push_back(each.track);
    return first;
  });
  return seen.size();
}

}  // namespace

void EvidenceKeeper::Offer(Evidence found, const std::vector<cv::Mat>& crops, const cv::Mat& thumbnail) {
  const int track = found.track;
  const auto time = found.faces.front().index;
  const auto is_found = [&](const Evidence& each) {
    return each.track == track && each.faces.front().index == time;
  };
  {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(found));
    // Who decides the video's score is known at its end, and need not have the greatest score of one face.
    const std::size_t people = std::min(SortByWorth(&kept_), kMostPeople);
    kept_.resize(std::min(kept_.size(), std::max(most_, people)));
    if (std::none_of(kept_.begin(), kept_.end(), is_found)) return;
  }
  // Few come so far; meanwhile others need not wait.
  std::vector<std::string> encoded;
  for (const cv::Mat& crop : crops) encoded.push_back(EncodePicture(crop.data, crop.step[0], crop_));
  std::string frame = thumbnail.empty() ? "" : SmallJpeg(thumbnail, kFrameSide, kFrameQuality);
  const std::lock_guard lock(mutex_);
  const auto place = std::find_if(kept_.begin(), kept_.end(), is_found);
  if (place == kept_.end()) return;
  place->crops = std::move(encoded);
  place->frame = std::move(frame);
}

std::vector<Evidence> EvidenceKeeper::Take(const TrackScores& tracks) {
  const std::lock_guard lock(mutex_);
  std::vector<Evidence> taken = std::move(kept_);
  kept_.clear();
  std::erase_if(taken, [&](const Evidence& each) { return !tracks.contains(each.track); });
  // People who count before those who do not, the most suspicious first, so that the one who decided is
  // there.
  SortByWorth(&taken);
  const auto counts = [&](const Evidence& each) { return tracks.at(each.track).counts; };
  std::stable_partition(taken.begin(), taken.end(), counts);
  const auto decided =
      std::max_element(taken.begin(), taken.end(), [&](const Evidence& a, const Evidence& b) {
        const TrackScore &of_a = tracks.at(a.track), &of_b = tracks.at(b.track);
        return std::pair(of_a.counts, of_a.score) < std::pair(of_b.counts, of_b.score);
      });
  if (decided != taken.end()) std::rotate(taken.begin(), decided, decided + 1);
  taken.resize(std::min(taken.size(), most_));
  std::sort(taken.begin(), taken.end(), IsBefore);
  return taken;
}

std::string SmallJpeg(const cv::Mat& picture, int side, int quality) {
  const int longer = std::max(picture.cols, picture.rows);
  cv::Mat small = picture;
  if (longer > side) {
    const double factor = static_cast<double>(side) / longer;
    cv::resize(picture, small, {}, factor, factor, cv::INTER_AREA);
  }
  return EncodeJpeg(MakeView(small), quality, JpegSampling::k420);
}

cv::Mat DecodeCrop(const std::string& encoded, const CropSpec& crop) {
  const auto side = static_cast<int>(crop.size());
  cv::Mat picture(side, side, CV_8UC3);
  PictureDecoder decoder;
  const std::string problem = decoder.Decode(encoded, crop, picture.data);
  if (!problem.empty()) throw Error("", "a crop cannot be decoded: " + problem);
  return picture;
}

cv::Mat WithHeat(const cv::Mat& crop, const LookMap& heat) {
  constexpr float kMostCover = 0.65F;
  cv::Mat map(heat.side, heat.side, CV_32F), large, bytes, colours;
  std::copy(heat.values.begin(), heat.values.end(), map.ptr<float>());
  cv::resize(map, large, crop.size(), 0, 0, cv::INTER_LINEAR);
  large.convertTo(bytes, CV_8U, 255);
  cv::applyColorMap(bytes, colours, cv::COLORMAP_INFERNO);  // BGR
  cv::Mat covered(crop.size(), CV_8UC3);
  for (int y = 0; y < crop.rows; ++y) {
    for (int x = 0; x < crop.cols; ++x) {
      const float cover = kMostCover * std::sqrt(large.at<float>(y, x));
      const auto& seen = crop.at<cv::Vec3b>(y, x);
      const auto& colour = colours.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        const float mixed =
            (1 - cover) * static_cast<float>(seen[c]) + cover * static_cast<float>(colour[2 - c]);
        covered.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<std::uint8_t>(mixed);
      }
    }
  }
  return covered;
}

}  // namespace seam
