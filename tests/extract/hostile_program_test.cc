// `seam extract` over a folder of files as no player writes them.

#include <map>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/faces/extract_faces.h"
#include "extract/media/video_reader.h"
#include "labels/manifest.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr char kOptions[] = " --detector hog --detect-size 400 --frames 2 --split 1,0,0 --size 64 ";

struct Expected {
  std::string status;
  std::string reason;  // a part of it
};

// Makes files in a folder and remembers what has to become of them.
class HostileFolder {
 public:
  explicit HostileFolder(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    VideoReader demo(DemoClip());
    demo.Next();
    cv::resize(demo.Frame().Picture(), face_, cv::Size(400, 300), 0, 0, cv::INTER_AREA);
  }

  // A video of the face.
  MadeVideo Faces(const std::string& container = "mp4", const std::string& codec = "mpeg4") const {
    MadeVideo video;
    video.container = container;
    video.codec = codec;
    video.pictures.assign(12, face_);
    return video;
  }

  void Add(const std::string& name, const MadeVideo& video, const Expected& expected) {
    Write(video, folder_ / name);
    expected_["real/" + Named(name)] = expected;
  }

  void Add(const std::string& name, const std::string& bytes, const Expected& expected) {
    WriteFile(folder_ / name, bytes);
    expected_["real/" + Named(name)] = expected;
  }

  // The bytes of a video, which does not stay in the folder.
  std::string GetBytes(const MadeVideo& video) const {
    const fs::path path = folder_ / "made.tmp";
    Write(video, path);
    std::string bytes = ReadFile(path);
    fs::remove(path);
    return bytes;
  }

  const cv::Mat& face() const { return face_; }
  fs::path path(const std::string& name) const { return folder_ / name; }
  const std::map<std::string, Expected>& expected() const { return expected_; }

 private:
  // As ids have it.
  static std::string Named(const std::string& name) {
    return name == "latin\xe9.mp4" ? "latin\\xe9.mp4" : name;
  }

  fs::path folder_;
  cv::Mat face_;
  std::map<std::string, Expected> expected_;
};

void AddCutFiles(HostileFolder* files) {
  const auto cut = [&](const std::string& whole, int percent) {
    return whole.substr(0, whole.size() * static_cast<std::size_t>(percent) / 100);
  };
  const std::string whole = files->GetBytes(files->Faces());
  MadeVideo front = files->Faces();
  front.muxer_options = "movflags=faststart";
  const std::string faststart = files->GetBytes(front);
  files->Add("empty.mp4", "", {"unreadable", "is empty (0 bytes)"});
  files->Add("text.mp4", "no video\n", {"unreadable", "is not a video or picture that Seam knows"});
  for (const int percent : {1, 50, 99}) {
    files->Add("cut" + std::to_string(percent) + ".mp4", cut(whole, percent), {"unreadable", ""});
  }
  files->Add("no-moov.mp4", whole.substr(0, whole.find("moov") - 4), {"unreadable", "has no index (moov)"});
  files->Add("front1.mp4", cut(faststart, 1), {"unreadable", ""});
  files->Add("front50.mp4", cut(faststart, 50), {"damaged", "cut off"});
  files->Add("front99.mp4", cut(faststart, 99), {"damaged", ""});
}

void AddOddTimesAndSizes(HostileFolder* files) {
  MadeVideo video = files->Faces("avi");
  files->Add("count.avi", video, {"ok", ""});
  std::string lie = ReadFile(files->path("count.avi"));
  lie.replace(lie.find("avih") + 8 + 16, 4, "\xff\xff\x00\x00", 4);
  lie.replace(lie.find("strh") + 8 + 32, 4, "\xff\xff\x00\x00", 4);
  files->Add("count.avi", lie, {"ok", ""});
  video = files->Faces("matroska");
  video.times = {0, 10, 20, 500, 520, 530, 2000, 2010, 2500, 2600, 2700, 2710};
  files->Add("uneven.mkv", video, {"ok", ""});
  video.times = {0, 0, 0, 40, 40, 40, 80, 80, 80, 120, 120, 120};
  files->Add("equal.mkv", video, {"ok", ""});
  video = files->Faces();
  video.times = {-240, -200, -160, -120, -80, -40, 0, 40, 80, 120, 160, 200};
  files->Add("negative.mp4", video, {"ok", ""});
  video = files->Faces("mpegts", "mpeg2video");
  for (std::size_t i = 6; i < 12; ++i) cv::resize(files->face(), video.pictures[i], cv::Size(480, 360));
  files->Add("size.ts", video, {"ok", ""});
  for (const char* pixels : {"yuv420p10le", "yuv422p", "yuva420p"}) {
    video = files->Faces("matroska", "ffv1");
    video.pixels = pixels;
    video.pictures.resize(2);
    files->Add(std::string(pixels) + ".mkv", video, {"ok", ""});
  }
  for (cv::Mat& picture : video.pictures) picture = picture(cv::Rect(0, 0, 399, 299)).clone();
  files->Add("odd.mkv", video, {"ok", ""});
}

void AddTurned(HostileFolder* files) {
  constexpr std::int32_t k1 = 1 << 16;
  const struct {
    const char* name;
    int code;  // of cv::rotate; none: -1
    std::array<std::int32_t, 4> abcd;
  } cases[] = {{"turn90.mp4", cv::ROTATE_90_COUNTERCLOCKWISE, {0, k1, -k1, 0}},
               {"turn180.mp4", cv::ROTATE_180, {-k1, 0, 0, -k1}},
               {"turn270.mp4", cv::ROTATE_90_CLOCKWISE, {0, -k1, k1, 0}},
               {"flip.mp4", -1, {k1, 0, 0, -k1}}};
  for (const auto& [name, code, abcd] : cases) {
    MadeVideo video = files->Faces();
    cv::Mat stored;
    if (code >= 0) {
      cv::rotate(files->face(), stored, code);
    } else {
      cv::flip(files->face(), stored, 0);
    }
    video.pictures.assign(4, stored);
    video.display_matrix = {abcd[0], abcd[1], 0, abcd[2], abcd[3], 0, 0, 0, 1 << 30};
    files->Add(name, video, {"ok", ""});
  }
}

void AddOtherKinds(HostileFolder* files) {
  MadeVideo video = files->Faces();
  video.pictures.resize(1);
  files->Add("one.mp4", video, {"ok", ""});
  MadeVideo sound;
  sound.container = "mov";
  sound.sound = true;
  files->Add("sound.mp4", sound, {"unreadable", "has no video stream"});
  cv::Mat bgr;
  cv::cvtColor(files->face(), bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> jpeg;
  cv::imencode(".jpg", bgr, jpeg);
  files->Add("picture.mp4", std::string(jpeg.begin(), jpeg.end()), {"ok", ""});
  files->Add("hls.mp4", "#EXTM3U\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n", {"unreadable", ""});
  files->Add("concat.mp4", "ffconcat version 1.0\nfile /etc/hostname\n", {"unreadable", ""});
  files->Add("list.mp4", "file '/etc/hostname'\n", {"unreadable", ""});
  files->Add("sdp.mp4", "v=0\nm=video 5004 RTP/AVP 33\n", {"unreadable", ""});
  std::string hurt = files->GetBytes(files->Faces("matroska"));
  for (std::size_t i = hurt.size() / 4; i < hurt.size() / 4 + 3000; ++i) hurt[i] = static_cast<char>(i * 7);
  files->Add("hurt.mkv", hurt, {"damaged", "damaged"});
  for (const char* name : {"line\nbreak.mp4", "\xc3\xbcn\xc3\xaf \xe2\x98\x83.mp4", "--help.mp4", "-i.mp4",
                           "latin\xe9.mp4", "frame%03d.mp4"}) {
    files->Add(name, files->Faces(), {"ok", ""});
  }
}

TEST(HostileProgramTest, EveryFileHasARowWithItsStatusAndTheRunGoesOn) {
  SEAM_NEEDS_DEMO_CLIP();
  const TemporaryFolder folder;
  HostileFolder files(folder / "in/real");
  AddCutFiles(&files);
  AddOddTimesAndSizes(&files);
  AddTurned(&files);
  AddOtherKinds(&files);
  const auto run = [&](const std::string& output, const std::string& jobs) {
    return RunCommand("seam-extract --allow-leak --input " + Quoted((folder / "in").string()) + " --output " +
                      Quoted((folder / output).string()) + kOptions + "--jobs " + jobs);
  };
  const CommandResult result = run("out", "2");
  EXPECT_EQ(result.status, 3) << result.err;
  const auto rows = ReadManifest(folder / "out/manifest.jsonl");
  EXPECT_EQ(rows.size(), files.expected().size());
  for (const ManifestRow& row : rows) {
    SCOPED_TRACE(row.video + ": " + row.reason);
    ASSERT_EQ(files.expected().count(row.video), 1U);
    const Expected& expected = files.expected().at(row.video);
    EXPECT_EQ(GetName(row.status), expected.status);
    EXPECT_NE(row.reason.find(expected.reason), std::string::npos);
    EXPECT_EQ(row.reason.empty(), row.status == Status::kOk);
    if (row.status == Status::kOk) {
      EXPECT_EQ(row.clips, row.video == "real/one.mp4" || row.video == "real/picture.mp4" ? 1 : 2);
    }
    if (row.status == Status::kDamaged) {
      EXPECT_GE(row.clips, 1);
    }
    if (row.video == "real/hurt.mkv") {
      EXPECT_GT(row.damaged, 0);
    }
  }
  EXPECT_EQ(run("alone", "1").status, 3);
  for (const char* name : {"manifest.jsonl", "train-00000-of-00001.tfrecord"}) {
    EXPECT_TRUE(ReadFile(folder / "out" / name) == ReadFile(folder / "alone" / name)) << name;
  }
}

// A film strip of a few frames and then a terabyte of zeros, which take no room on the disk.
fs::path EndlessFile(const fs::path& path) {
  MadeVideo video;
  video.container = "mpeg";
  video.codec = "mpeg2video";
  video.pictures = Noise(10, 96, 64);
  Write(video, path);
  fs::resize_file(path, std::uintmax_t{1} << 40);
  return path;
}

class NoClips : public ClipSink {
 public:
  void Add(FaceClip) override {}
  void Finish(const VideoSummary&) override {}
};

TEST(HostileProgramTest, AVideoThatTakesTooLongIsGivenUpAndTold) {
  const TemporaryFolder folder;
  ExtractOptions options;
  options.detector.detector = "hog";
  options.media.max_seconds = 0.3;
  std::vector<VideoSummary> summaries;
  ExtractFaces(
      {{EndlessFile(folder / "endless.mpg")}}, options,
      [](std::size_t) { return std::make_unique<NoClips>(); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
        summaries.push_back(summary);
      });
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].status, Status::kTimeout);
  EXPECT_EQ(summaries[0].reason, "given up after 0.3 seconds");
  EXPECT_NE(summaries[0].hint.find("--max-seconds"), std::string::npos);
  EXPECT_TRUE(IsFailure(summaries[0].status));
}

TEST(HostileProgramTest, AnInterruptEndsALongScan) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "in/real");
  EndlessFile(folder / "in/real/endless.mpg");
  const std::string out = Quoted((folder / "out").string());
  const CommandResult result =
      RunCommand("seam-extract --input " + Quoted((folder / "in").string()) + " --output " + out + kOptions +
                 " & pid=$!; while kill -0 $pid && [ ! -e " + out +
                 "/.work/job ]; do sleep 0.01; done; sleep 0.1; kill -TERM $pid; wait $pid");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("stopped; what is done is kept\nhint: the same command with --resume goes on"),
            std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace seam
