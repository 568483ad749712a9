// score VIDEO...: prints the verdict of each video with its reasons, and for each person the score and the
// times.

#include <seam/detector.h>

#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<std::string> videos(argv + 1, argv + argc);
  if (videos.empty()) {
    std::fprintf(stderr, "usage: %s VIDEO...\n", argv[0]);
    return 2;
  }
  try {
    const seam::Detector detector({"--frames=16"});
    for (const std::string& video : videos) {
      const seam::Detection found = detector.Score(video);
      std::printf("%s: %s", video.c_str(), seam::GetName(found.verdict));
      if (found.score) std::printf(", score %.17g", *found.score);
      std::printf("\n");
      if (!found.reason.empty()) std::printf("  %s\n", found.reason.c_str());
      for (const std::string& sentence : found.explanation) std::printf("  %s\n", sentence.c_str());
      for (const seam::Detection::Person& person : found.people) {
        std::printf("  person %d: %.4f, from %.2f s to %.2f s\n", person.number, person.score,
                    person.moments.front().begin_seconds, person.moments.back().end_seconds);
      }
    }
  } catch (const seam::DetectorError& error) {
    std::fprintf(stderr, "error: %s\nhint: %s\n", error.what(), error.hint().c_str());
    return 1;
  }
  return 0;
}
