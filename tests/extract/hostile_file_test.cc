// Files as no player writes them, made at run time.

#include <sys/inotify.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_video.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Frames {
  std::vector<FrameStamp> stamps;
  std::vector<cv::Mat> pictures;
  std::string damage;
};

Frames ReadAll(const fs::path& path) {
  VideoReader reader(path);
  Frames frames;
  while (const auto stamp = reader.Next()) {
    frames.stamps.push_back(*stamp);
    frames.pictures.push_back(reader.Frame().Picture());
  }
  frames.damage = reader.damage();
  return frames;
}

std::string MessageFor(const fs::path& path, const MediaLimits& limits = {}) {
  const std::string message = CatchMessage([&] { const VideoReader reader(path, limits); });
  EXPECT_TRUE(message.empty() || message.starts_with(path.string() + ": ")) << message;
  return message.substr(std::min(message.size(), path.string().size() + 2));
}

MadeVideo NoiseVideo(int frames, const std::string& container = "mp4", const std::string& codec = "mpeg4") {
  MadeVideo video;
  video.container = container;
  video.codec = codec;
  video.pictures = Noise(frames, 96, 64);
  return video;
}

// The place of `mark` in `bytes`, which must be there.
std::size_t FindPlace(const std::string& bytes, const std::string& mark, std::size_t from = 0) {
  const std::size_t place = bytes.find(mark, from);
  EXPECT_NE(place, std::string::npos) << mark;
  return place;
}

void PutLittle32(std::string* bytes, std::size_t place, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) bytes->at(place + i) = static_cast<char>(number >> (8 * i));
}

void PutBig32(std::string* bytes, std::size_t place, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) bytes->at(place + i) = static_cast<char>(number >> (24 - 8 * i));
}

std::uint32_t Big32(const std::string& bytes, std::size_t place) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes.at(place + i));
  return number;
}

TEST(HostileFileTest, CutFilesAreUnreadableOrDamagedAndNeverWhole) {
  const TemporaryFolder folder;
  const struct {
    const char* name;
    const char* container;
    const char* codec;
  } cases[] = {{"a.mp4", "mp4", "mpeg4"}, {"a.mov", "mov", "mpeg4"}, {"a.mkv", "matroska", "mpeg4"},
               {"a.avi", "avi", "mpeg4"}, {"a.flv", "flv", "flv"},   {"a.ts", "mpegts", "mpeg2video"},
               {"a.gif", "gif", "gif"}};
  for (const auto& [name, container, codec] : cases) {
    MadeVideo video = NoiseVideo(20, container, codec);
    if (std::string(codec) == "gif") video.pixels = "rgb8";
    Write(video, folder / name);
    EXPECT_EQ(ScanVideo(folder / name).damage, "") << name;
    EXPECT_EQ(ReadAll(folder / name).stamps.size(), 20U) << name;
    const std::string whole = ReadFile(folder / name);
    for (const int percent : {1, 50, 99}) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(percent));
      const fs::path cut = folder / (std::string("cut-") + name);
      // Between two packets of a ts nothing shows; this is inside one.
      WriteFile(cut,
                whole.substr(0, std::max<std::size_t>(whole.size() * percent / 100 / 188 * 188, 188) + 77));
      std::string reason = MessageFor(cut);
      if (reason.empty()) reason = ScanVideo(cut).damage;
      EXPECT_NE(reason, "");
    }
  }
}

TEST(HostileFileTest, AnMp4WithoutItsIndexSaysSo) {
  const TemporaryFolder folder;
  Write(NoiseVideo(10), folder / "whole.mp4");
  const std::string whole = ReadFile(folder / "whole.mp4");
  WriteFile(folder / "cut.mp4", whole.substr(0, FindPlace(whole, "moov") - 4));
  EXPECT_EQ(MessageFor(folder / "cut.mp4"),
            "has no index (moov): the recording or the copy of it was not finished");
}

TEST(HostileFileTest, FrameCountsAndDurationsInHeadersAreNotBelieved) {
  const TemporaryFolder folder;
  Write(NoiseVideo(12, "avi"), folder / "a.avi");
  Write(NoiseVideo(12, "mp4"), folder / "a.mp4");
  const std::string avi = ReadFile(folder / "a.avi"), mp4 = ReadFile(folder / "a.mp4");
  for (const std::uint32_t lie : {0U, 3U, 100'000U}) {
    SCOPED_TRACE(lie);
    std::string bytes = avi;
    PutLittle32(&bytes, FindPlace(bytes, "avih") + 8 + 16, lie);  // dwTotalFrames
    PutLittle32(&bytes, FindPlace(bytes, "strh") + 8 + 32, lie);  // dwLength
    WriteFile(folder / "lie.avi", bytes);
    EXPECT_EQ(ReadAll(folder / "lie.avi").stamps.size(), 12U);
    EXPECT_EQ(ScanVideo(folder / "lie.avi").damage, "");
    bytes = mp4;
    PutBig32(&bytes, FindPlace(bytes, "mvhd") + 4 + 16, lie);  // the durations of film and stream
    PutBig32(&bytes, FindPlace(bytes, "mdhd") + 4 + 16, lie);
    WriteFile(folder / "lie.mp4", bytes);
    EXPECT_EQ(ReadAll(folder / "lie.mp4").stamps.size(), 12U);
    EXPECT_EQ(ScanVideo(folder / "lie.mp4").damage, "");
  }
}

TEST(HostileFileTest, AnIndexThatPromisesTooMuchIsDamageAndWhatIsThereIsRead) {
  const TemporaryFolder folder;
  Write(NoiseVideo(12, "mp4"), folder / "a.mp4");
  std::string bytes = ReadFile(folder / "a.mp4");
  // The last of the frames' sizes becomes larger than the file.
  const std::size_t sizes = FindPlace(bytes, "stsz");
  ASSERT_EQ(Big32(bytes, sizes + 12), 12U);
  PutBig32(&bytes, sizes + 16 + 11 * 4, 1U << 29);
  WriteFile(folder / "b.mp4", bytes);
  const Frames frames = ReadAll(folder / "b.mp4");
  EXPECT_GE(frames.stamps.size(), 11U);
  EXPECT_NE(frames.damage, "");
}

TEST(HostileFileTest, TimesMayBeUnevenEqualOrBelowZero) {
  const TemporaryFolder folder;
  const struct {
    const char* name;
    std::vector<std::int64_t> times;
  } cases[] = {{"uneven", {0, 10, 500, 520, 2000, 2010}},
               {"equal", {0, 40, 40, 40, 80, 120}},
               {"negative", {-200, -160, -120, -80, -40, 0}}};
  for (const auto& [name, times] : cases) {
    for (const char* container : {"mp4", "matroska"}) {
      SCOPED_TRACE(std::string(name) + " " + container);
      if (std::string(name) == "equal" && std::string(container) == "mp4") continue;  // the muxer refuses
      MadeVideo video = NoiseVideo(6, container);
      video.times = times;
      Write(video, folder / "a");
      const Frames frames = ReadAll(folder / "a");
      if (times[0] < 0 && std::string(container) == "mp4") {
        // Its edit list says that the film begins at 0: what lies before is not shown.
        EXPECT_EQ(frames.stamps.size(), 1U);
        EXPECT_EQ(frames.damage, "");
        continue;
      }
      ASSERT_EQ(frames.stamps.size(), 6U);
      EXPECT_EQ(frames.damage, "");
      for (std::size_t i = 1; i < 6; ++i) {
        const double step = frames.stamps[i].pts_seconds - frames.stamps[i - 1].pts_seconds;
        EXPECT_NEAR(step, static_cast<double>(times[i] - times[i - 1]) / 1000, 2e-3) << i;
      }
      EXPECT_EQ(ScanVideo(folder / "a").packets, 6);
    }
  }
}

TEST(HostileFileTest, EveryTurnAndMirrorComesOutUpright) {
  const TemporaryFolder folder;
  const cv::Mat upright = QuarteredPicture(96, 64);
  constexpr std::int32_t k1 = 1 << 16;
  // x' = a x + c y, y' = b x + d y, in the order a b u, c d v, x y w: what turns the stored picture upright.
  const struct {
    const char* name;
    int code;    // of cv::rotate, or none: -1
    int mirror;  // of cv::flip, or none: 2; both as they are stored
    std::array<std::int32_t, 4> abcd;
  } cases[] = {{"90", cv::ROTATE_90_COUNTERCLOCKWISE, 2, {0, k1, -k1, 0}},
               {"180", cv::ROTATE_180, 2, {-k1, 0, 0, -k1}},
               {"270", cv::ROTATE_90_CLOCKWISE, 2, {0, -k1, k1, 0}},
               {"left and right", -1, 1, {-k1, 0, 0, k1}},
               {"top and bottom", -1, 0, {k1, 0, 0, -k1}}};
  for (const auto& [name, code, mirror, abcd] : cases) {
    SCOPED_TRACE(name);
    cv::Mat stored = upright.clone();
    if (code >= 0) cv::rotate(upright, stored, code);
    if (mirror != 2) cv::flip(upright, stored, mirror);
    ASSERT_NE(QuarterColours(stored), "rgbw");
    MadeVideo video;
    video.pictures = {stored, stored};
    video.display_matrix = {abcd[0], abcd[1], 0, abcd[2], abcd[3], 0, 0, 0, 1 << 30};
    Write(video, folder / "a.mp4");
    const Frames frames = ReadAll(folder / "a.mp4");
    ASSERT_EQ(frames.pictures.size(), 2U);
    EXPECT_EQ(frames.pictures[0].size(), cv::Size(96, 64));
    EXPECT_EQ(QuarterColours(frames.pictures[0]), "rgbw");
  }
}

TEST(HostileFileTest, TheSizeMayChangeInTheMiddle) {
  const TemporaryFolder folder;
  MadeVideo video;
  video.container = "mpegts";
  video.codec = "mpeg2video";
  for (int i = 0; i < 5; ++i) video.pictures.push_back(QuarteredPicture(96, 64));
  for (int i = 0; i < 5; ++i) video.pictures.push_back(QuarteredPicture(64, 128));
  Write(video, folder / "a.ts");
  const Frames frames = ReadAll(folder / "a.ts");
  // The decoder loses the one that it held back when the size changed.
  ASSERT_GE(frames.pictures.size(), 9U);
  EXPECT_EQ(frames.pictures.front().size(), cv::Size(96, 64));
  EXPECT_EQ(frames.pictures.back().size(), cv::Size(64, 128));
  EXPECT_EQ(QuarterColours(frames.pictures.front()), "rgbw");
  EXPECT_EQ(QuarterColours(frames.pictures.back()), "rgbw");
}

TEST(HostileFileTest, DeepWideAndTransparentPixelsAndOddSizesAreRead) {
  const TemporaryFolder folder;
  for (const char* pixels : {"yuv420p10le", "yuv422p", "yuv422p10le", "yuva420p", "yuva444p10le", "bgra",
                             "gray", "gray10le", "yuv411p"}) {
    for (const cv::Size size : {cv::Size(96, 64), cv::Size(97, 65), cv::Size(17, 3)}) {
      SCOPED_TRACE(std::string(pixels) + " " + std::to_string(size.width));
      MadeVideo video;
      video.container = "matroska";
      video.codec = "ffv1";
      video.pixels = pixels;
      video.pictures = {QuarteredPicture(size.width, size.height)};
      Write(video, folder / "a.mkv");
      const Frames frames = ReadAll(folder / "a.mkv");
      ASSERT_EQ(frames.pictures.size(), 1U);
      EXPECT_EQ(frames.pictures[0].size(), size);
      EXPECT_EQ(frames.pictures[0].type(), CV_8UC3);
      if (size.height > 3 && std::string(pixels).find("gray") != 0) {
        EXPECT_EQ(QuarterColours(frames.pictures[0]), "rgbw");
      }
    }
  }
}

TEST(HostileFileTest, OneFrameIsAVideoAndSoundAloneIsNone) {
  const TemporaryFolder folder;
  Write(NoiseVideo(1), folder / "one.mp4");
  EXPECT_EQ(ReadAll(folder / "one.mp4").stamps.size(), 1U);
  MadeVideo sound;
  sound.container = "mov";
  sound.sound = true;
  Write(sound, folder / "sound.mp4");
  EXPECT_EQ(MessageFor(folder / "sound.mp4"), "has no video stream");
}

TEST(HostileFileTest, APictureCalledMp4IsAPicture) {
  const TemporaryFolder folder;
  cv::Mat picture;
  cv::cvtColor(QuarteredPicture(96, 64), picture, cv::COLOR_RGB2BGR);
  for (const char* ending : {".jpg", ".png", ".webp", ".bmp"}) {
    std::vector<std::uint8_t> bytes;
    ASSERT_TRUE(cv::imencode(ending, picture, bytes));
    WriteFile(folder / "a.mp4", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const Frames frames = ReadAll(folder / "a.mp4");
    ASSERT_EQ(frames.pictures.size(), 1U) << ending;
    EXPECT_EQ(QuarterColours(frames.pictures[0]), "rgbw") << ending;
    EXPECT_EQ(frames.damage, "") << ending;
  }
}

TEST(HostileFileTest, DamageInTheMiddleIsCountedAndTheRestRead) {
  const TemporaryFolder folder;
  for (const char* container : {"mp4", "matroska", "avi", "mpegts"}) {
    SCOPED_TRACE(container);
    Write(NoiseVideo(30, container, std::string(container) == "mpegts" ? "mpeg2video" : "mpeg4"),
          folder / "a");
    std::string bytes = ReadFile(folder / "a");
    for (std::size_t i = bytes.size() / 3; i < bytes.size() / 3 + 4000; ++i)
      bytes[i] = static_cast<char>(i * 7);
    WriteFile(folder / "hurt", bytes);
    VideoReader reader(folder / "hurt");
    double last = 0, first = -1;
    int frames = 0;
    while (const auto stamp = reader.Next()) {
      if (first < 0) first = stamp->pts_seconds;
      last = stamp->pts_seconds;
      ++frames;
    }
    EXPECT_GE(frames, 15);
    EXPECT_NEAR(last - first, 29 * 0.04, 0.05);
    EXPECT_GT(reader.damaged_packets() + reader.damaged_frames(), 0);
    EXPECT_NE(reader.damage(), "");
  }
}

// Tells whether anybody has opened a file.
class OpenWatch {
 public:
  explicit OpenWatch(const fs::path& path) : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(inotify_add_watch(descriptor_, path.c_str(), IN_OPEN | IN_ACCESS), 0);
  }
  ~OpenWatch() { close(descriptor_); }
  OpenWatch(const OpenWatch&) = delete;
  OpenWatch& operator=(const OpenWatch&) = delete;
  bool WasOpened() const {
    std::array<char, 4096> events;
    return read(descriptor_, events.data(), events.size()) > 0;
  }

 private:
  int descriptor_;
};

TEST(HostileFileTest, APlaylistOpensNoOtherFile) {
  const TemporaryFolder folder;
  const fs::path secret = folder / "secret.ts";
  Write(NoiseVideo(10, "mpegts", "mpeg2video"), secret);
  const OpenWatch watch(secret);
  const std::string name = secret.string();
  const std::string texts[] = {
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + name + "\n#EXT-X-ENDLIST\n",
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + name + "\n#EXT-X-ENDLIST\n",
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
      "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"" + name + "\"\n#EXTINF:1,\ndata:video/mp2t;base64,R0A=\n",
      "ffconcat version 1.0\nfile '" + name + "'\n",
      "ffconcat version 1.0\nfile secret.ts\n",
      "file '" + name + "'\n",
      "concat:" + name + "|" + name,
      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
      "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
      "type=\"static\"><Period><AdaptationSet>"
      "<Representation id=\"1\" bandwidth=\"1\"><BaseURL>" +
          name +
          "</BaseURL></Representation></AdaptationSet>"
          "</Period></MPD>",
      "[playlist]\nFile1=" + name + "\n",
      "<?xml version=\"1.0\"?><playlist><trackList><track><location>file://" + name +
          "</location></track></trackList>"
          "</playlist>",
  };
  for (const std::string& text : texts) {
    WriteFile(folder / "list.mp4", text);
    EXPECT_NE(MessageFor(folder / "list.mp4"), "") << text;
  }
  // Names that libavformat would take for protocols and patterns.
  for (const char* called : {"concat:secret.ts|secret.ts", "file:secret.ts", "secret%s.ts", "data:,x"}) {
    WriteFile(folder / called, "no video");
    EXPECT_EQ(MessageFor(folder / called), "is not a video or picture that Seam knows");
  }
  EXPECT_FALSE(watch.WasOpened());
  std::ifstream(secret).get();
  EXPECT_TRUE(watch.WasOpened()) << "the watch sees nothing here";
}

// The mp4 with `more` behind the place of an entry in its table of other files, all boxes around it larger.
std::string WithDataReference(std::string bytes, const std::string& entry) {
  std::size_t start = 0, end = bytes.size();
  for (const char* box : {"moov", "trak", "mdia", "minf", "dinf", "dref"}) {
    const std::size_t name = FindPlace(bytes, box, start);
    EXPECT_LT(name, end);
    PutBig32(&bytes, name - 4, Big32(bytes, name - 4) - 12 + static_cast<std::uint32_t>(entry.size()));
    start = name;
  }
  return bytes.replace(start + 12, 12, entry);  // behind version and count: the one entry, "itself"
}

TEST(HostileFileTest, AnMp4WhoseDataLiesInAnotherFileOpensItNot) {
  const TemporaryFolder folder;
  const fs::path secret = folder / "secret.mp4";
  Write(NoiseVideo(10), secret);
  const OpenWatch watch(secret);
  // A Macintosh alias: 150 bytes that do not matter, then records of (type, length, text); 2 is the path.
  std::string alias(16 + 150, '\0');
  alias.replace(4, 4, "alis");
  PutBig32(&alias, 12, 0);
  const std::string path = secret.string();
  for (const char type : {'\2', '\x12'}) {
    alias += {'\0', type, '\0', static_cast<char>(path.size())};
    alias += path + (path.size() % 2 == 1 ? std::string(1, '\0') : "");
  }
  alias += {'\xff', '\xff', '\0', '\0'};
  PutBig32(&alias, 0, static_cast<std::uint32_t>(alias.size()));
  std::string url(12, '\0');
  url.replace(4, 4, "url ");
  url += "file://" + path + '\0';
  PutBig32(&url, 0, static_cast<std::uint32_t>(url.size()));
  for (const std::string& entry : {alias, url}) {
    WriteFile(folder / "a.mp4", WithDataReference(ReadFile(secret), entry));
    watch.WasOpened();  // by this test
    CatchMessage([&] { ReadAll(folder / "a.mp4"); });
    EXPECT_FALSE(watch.WasOpened());
  }
}

TEST(HostileFileTest, EachLimitIsToldWithItsOption) {
  const TemporaryFolder folder;
  MadeVideo video = NoiseVideo(10, "matroska");
  video.sound = true;
  Write(video, folder / "a.mkv");
  const auto refused = [&](const MediaLimits& limits) {
    return MessageFor(folder / "a.mkv", limits) + " / " +
           CatchHint([&] { const VideoReader reader(folder / "a.mkv", limits); });
  };
  MediaLimits limits;
  limits.max_pixels = 96 * 64 - 1;
  EXPECT_EQ(refused(limits), "has frames of 96x64 pixels / --max-pixels allows 6143");
  limits = {};
  limits.max_duration = 0.2;
  EXPECT_EQ(refused(limits), "says that it lasts 0 seconds / --max-duration allows 0.2");
  limits = {};
  limits.max_streams = 1;
  EXPECT_NE(refused(limits).find("more than 1 streams (--max-streams)"), std::string::npos)
      << refused(limits);
  limits = {};
  limits.max_pixels = 96 * 64;
  limits.max_streams = 2;
  limits.max_duration = 0.5;
  EXPECT_EQ(MessageFor(folder / "a.mkv", limits), "");
}

// A few bytes that unfold into gigabytes.
TEST(HostileFileTest, APictureBombIsRefusedBeforeItIsUnpacked) {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> png;
  ASSERT_TRUE(cv::imencode(".png", cv::Mat(8, 8, CV_8UC3), png));
  std::string bytes(png.begin(), png.end());
  // The header's width and height, and its checksum (CRC-32 of "IHDR" and 13 bytes).
  PutBig32(&bytes, 16, 30'000);
  PutBig32(&bytes, 20, 30'000);
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  PutBig32(&bytes, 29, ~crc);
  WriteFile(folder / "bomb.png", bytes);
  const Frames frames = ReadAll(folder / "bomb.png");
  EXPECT_EQ(frames.stamps.size(), 0U);
  EXPECT_NE(frames.damage, "");
}

TEST(HostileFileTest, LimitsThatMakeNoSenseAreRefused) {
  const auto message = [](const auto& change) {
    MediaLimits limits;
    change(&limits);
    return CatchMessage([&] { limits.Check(); });
  };
  EXPECT_EQ(message([](MediaLimits*) {}), "");
  EXPECT_EQ(message([](MediaLimits* limits) { limits->max_pixels = 0; }),
            "--max-pixels: must be at least 1, not 0");
  EXPECT_EQ(message([](MediaLimits* limits) { limits->max_streams = 0; }),
            "--max-streams: must be at least 1, not 0");
  EXPECT_EQ(message([](MediaLimits* limits) { limits->probe_bytes = 100; }),
            "--probe-size: must be from 4096 to 1073741824, not 100");
  EXPECT_EQ(message([](MediaLimits* limits) { limits->max_duration = -1; }),
            "--max-duration: must be at least 0, not -1");
  EXPECT_EQ(message([](MediaLimits* limits) { limits->max_seconds = -1; }),
            "--max-seconds: must be at least 0, not -1");
}

}  // namespace
}  // namespace seam
