#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "proto/clip.pb.h"

namespace seam {

// A dataset folder of pictures made on the spot: real ones are smooth, fake ones have fine stripes.
struct MadeDataset {
  int train = 8, val = 4;  // clips; every other video is fake
  int clips_per_video = 1;
  int frames = 1;
  int size = 256;
  std::string encoding = "jpeg";
  std::string json = "{}";  // dataset.json; none is written when empty
  // Changes a clip before it is written. `number` counts from 0 in each split.
  std::function<void(const std::string& split, int number, Clip*)> change = nullptr;
};

void MakeDataset(const std::filesystem::path& folder, const MadeDataset& made);

// The bytes of a picture of one colour, encoded as `encoding` says.
std::string PlainPicture(int size, const std::string& encoding, int red, int green, int blue);

// Changes one byte of a file.
void Damage(const std::filesystem::path& path, std::uint64_t offset);

}  // namespace seam
