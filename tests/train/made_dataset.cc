#include "tests/train/made_dataset.h"

#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "proto/shard.h"

namespace seam {
namespace {

std::string Encode(const cv::Mat& bgr, const std::string& encoding) {
  std::vector<unsigned char> bytes;
  if (encoding == "png")
    cv::imencode(".png", bgr, bytes);
  else
    cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 95});
  return {bytes.begin(), bytes.end()};
}

std::string Texture(const MadeDataset& made, bool fake, unsigned seed) {
  std::mt19937 random(seed);
  const int red = static_cast<int>(random() % 100) + 50, blue = static_cast<int>(random() % 100) + 50;
  cv::Mat picture(made.size, made.size, CV_8UC3);
  for (int y = 0; y < made.size; ++y) {
    for (int x = 0; x < made.size; ++x) {
      const int stripe = fake ? (x / 2 % 2) * 60 : 30;
      picture.at<cv::Vec3b>(y, x) = {cv::saturate_cast<uchar>(blue + stripe),
                                     cv::saturate_cast<uchar>(60 + (x + y) / 8 + stripe),
                                     cv::saturate_cast<uchar>(red + stripe)};
    }
  }
  // No two pictures are alike.
  picture(cv::Rect(0, 0, 8, 8)).setTo(cv::Scalar(random() % 256, random() % 256, random() % 256));
  picture(cv::Rect(8, 0, 8, 8)).setTo(cv::Scalar(random() % 256, random() % 256, random() % 256));
  return Encode(picture, made.encoding);
}

Clip MakeClip(const MadeDataset& made, const std::string& split, int number) {
  const int video = number / made.clips_per_video;
  const bool fake = video % 2 == 1;
  Clip clip;
  clip.set_video(fmt::format("{}/{}-{:04}.mp4", fake ? "fake" : "real", split, video));
  clip.set_dataset("made");
  clip.set_label(fake ? FAKE : REAL);
  clip.set_split(split);
  clip.set_group(clip.video());
  auto* crop = clip.mutable_crop();
  crop->set_size(static_cast<std::uint32_t>(made.size));
  crop->set_margin(0.3);
  crop->set_align("none");
  crop->set_detector("retinaface");
  crop->set_detect_size(320);
  crop->set_encoding(made.encoding);
  crop->set_quality(made.encoding == "png" ? 0 : 95);
  for (int i = 0; i < made.frames; ++i) {
    auto* frame = clip.add_frames();
    frame->set_index(static_cast<std::uint32_t>(number % made.clips_per_video * made.frames + i));
    const int seed = (split == "val" ? 1'000'000 : 0) + number * 100 + i;
    frame->set_image(Texture(made, fake, static_cast<unsigned>(seed)));
  }
  return clip;
}

}  // namespace

void MakeDataset(const std::filesystem::path& folder, const MadeDataset& made) {
  std::filesystem::create_directories(folder);
  for (const std::string split : {"train", "val"}) {
    ShardWriter writer(folder, split, std::uint64_t{1} << 20);
    for (int number = 0; number < (split == "train" ? made.train : made.val); ++number) {
      Clip clip = MakeClip(made, split, number);
      if (made.change) made.change(split, number, &clip);
      writer.Add(std::move(clip));
    }
    writer.Finish();
  }
  if (!made.json.empty()) WriteFile(folder / "dataset.json", made.json);
}

std::string PlainPicture(int size, const std::string& encoding, int red, int green, int blue) {
  return Encode(cv::Mat(size, size, CV_8UC3, cv::Scalar(blue, green, red)), encoding);
}

void Damage(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 0x55));
}

}  // namespace seam
