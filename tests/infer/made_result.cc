#include "tests/infer/made_result.h"

#include <nlohmann/json.hpp>

#include "base/files.h"

#include "proto/picture.h"

namespace seam {

VideoResult MadeResult(const std::vector<std::vector<double>>& people, double first_seconds) {
  VideoResult result;
  ScoreRow& row = result.row;
  row.status = Status::kOk;
  result.size = {320, 240};
  for (std::size_t person = 0; person < people.size(); ++person) {
    TrackScore& track = row.people[static_cast<int>(person)];
    for (std::size_t i = 0; i < people[person].size(); ++i) {
      const auto second = static_cast<double>(i);
      const FaceBox box{static_cast<float>(20 + 10 * second), 100 * static_cast<float>(person) + 20, 40, 50};
      const SeenFace face{static_cast<std::int64_t>(25 * i), first_seconds + second, box, false};
      track.clips.push_back({{face}, people[person][i]});
    }
    row.frames = std::max(row.frames, static_cast<int>(people[person].size()));
    row.faces += static_cast<int>(people[person].size());
    ++row.tracks;
  }
  Judge(MakeVerdictRule(0.5, {}), AggregateOptions{}, &row);
  return result;
}

CropSpec MadeCropSpec() {
  CropSpec crop;
  crop.set_size(64);
  crop.set_encoding("png");
  return crop;
}

Evidence MadeEvidence(const VideoResult& result, int track, std::size_t clip) {
  const ClipScore& scored = result.row.people.at(track).clips.at(clip);
  Evidence evidence{track, scored.score, scored.faces};
  cv::Mat picture(64, 64, CV_8UC3);
  cv::RNG random(1);
  random.fill(picture, cv::RNG::UNIFORM, 0, 256);
  evidence.crops = {EncodePicture(picture.data, picture.step[0], MadeCropSpec())};
  evidence.frame = SmallJpeg(picture, 64, 80);
  return evidence;
}

void ForgetEnd(const std::string& score_file) {
  const std::string file = score_file + ".run.json";
  auto record = nlohmann::ordered_json::parse(ReadFile(file));
  record.erase("sha256");
  WriteFile(file, record.dump(1));
}

}  // namespace seam
