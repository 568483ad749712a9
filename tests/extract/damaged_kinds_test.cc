// Damaged, cut and lying files of each kind beside mp4, jpg and png. Whatever is done to a file, it gives
// frames or an error of one line; it ends, and takes no memory that its size does not explain.

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "base/files.h"
#include "extract/media/media_kind.h"
#include "extract/media/video_reader.h"
#include "tests/extract/made_heif.h"
#include "tests/extract/made_video.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr char kFilm[] = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.24 -threads 1 ";
constexpr char kPicture[] = "-f lavfi -i testsrc2=size=64x48 -frames:v 1 ";

std::string Little(std::size_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

// A recording as Dahua's cameras write it: each frame between "DHAV" with its length, time and size, and
// "dhav".
std::string Dav(const std::string& stream) {
  // A delimiter stands before each frame.
  const std::string mark("\0\0\0\1\x09", 5);
  std::string file;
  std::size_t frame = 0;
  for (std::size_t at = stream.find(mark), next = 0; at != std::string::npos; at = next, ++frame) {
    next = stream.find(mark, at + 1);
    const std::string data = stream.substr(at, next == std::string::npos ? next : next - at);
    const std::string extra =
        std::string("\x80\0", 2) + Little(8, 1) + Little(6, 1) + std::string("\x81\0\x02", 3) + Little(25, 1);
    const std::size_t length = 24 + extra.size() + data.size() + 8;
    file += "DHAV" + std::string(frame == 0 ? "\xfd" : "\xfc") + std::string("\0\0\0", 3) + Little(frame, 4) +
            Little(length, 4) + Little(0x5A21A000, 4) + Little(frame * 40, 2) + Little(extra.size(), 1) +
            Little(0, 1) + extra + data + "dhav" + Little(length, 4);
  }
  return file;
}

struct Kind {
  const char* name;
  std::size_t frames;
  bool tells_its_end;  // whether a file that is cut in two is seen to be cut
  std::function<std::string()> make;
};

std::string Made(const char* name, const std::string& options) {
  const TemporaryFolder folder;
  return ReadFile(MakeVideo(folder / name, options));
}

std::vector<Kind> Kinds() {
  const auto film = [](const char* name, const std::string& options) {
    return [=] { return Made(name, kFilm + options); };
  };
  const auto picture = [](const char* name, const std::string& options) {
    return [=] { return Made(name, kPicture + options); };
  };
  const std::string large = "-f lavfi -i testsrc2=size=720x576:rate=25:duration=0.12 ";
  const std::string slow = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=0.6 ";
  return {
      {"wmv", 6, true, film("a.wmv", "-c:v wmv2")},
      {"asf", 6, true, film("a.asf", "-c:v msmpeg4")},
      {"mxf", 6, true, film("a.mxf", "-c:v mpeg2video -pix_fmt yuv422p")},
      {"dv", 3, true, [=] { return Made("a.dv", large + "-c:v dvvideo -pix_fmt yuv420p"); }},
      {"h264", 6, false, film("a.h264", "-c:v libx264 -bf 0 -pix_fmt yuv420p")},
      {"h265", 6, false,
       film("a.h265", "-c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:bframes=0")},
      {"dav", 6, true,
       [] { return Dav(Made("a.h264", kFilm + std::string("-c:v libx264 -bf 0 -x264-params aud=1"))); }},
      {"jp2", 1, true, picture("a.jp2", "-c:v jpeg2000 -pix_fmt rgb24")},
      {"j2k", 1, true, picture("a.j2k", "-c:v jpeg2000 -pix_fmt rgb24 -format j2k -f image2")},
      {"webp", 6, true, [=] { return Made("a.webp", slow + "-c:v libwebp_anim -lossless 1"); }},
      {"apng", 6, true, [=] { return Made("a.apng", slow + "-pix_fmt rgb24"); }},
      {"png", 1, true, picture("a.png", "-pix_fmt rgb24")},
      {"gif", 6, true, [=] { return Made("a.gif", slow); }},
      {"tiff", 1, true, picture("a.tiff", "-pix_fmt rgb24 -compression_algo lzw")},
      {"jls", 1, true, picture("a.jls", "-pix_fmt rgb24 -c:v jpegls")},
      {"ogv", 5, true, film("a.ogv", "-c:v libtheora")},  // the encoder leaves the last frame out
      {"depth", 6, true,
       [] {
         std::string both = Made("a.mov", kFilm + std::string("-map 0:v -map 0:v -c:v mjpeg"));
         return both.replace(both.rfind("vide", both.rfind("vmhd")), 4, "auxv");
       }},
      {"avif", 1, true, picture("a.avif", "-c:v libaom-av1 -cpu-used 8 -still-picture 1")},
      {"heic", 1, true,
       [] {
         MadeHeif heif;
         heif.picture = Noise(1, 128, 128)[0];
         heif.columns = heif.rows = 2;
         heif.shown = {120, 100};
         heif.turns = 1;
         return Encoded(heif);
       }},
      {"ivf", 6, false, film("a.ivf", "-c:v libvpx")},
      {"y4m", 6, false, film("a.y4m", "-pix_fmt yuv420p")},
      {"mj2", 6, true, film("a.mj2", "-c:v jpeg2000 -pix_fmt yuv420p -f mov")},
  };
}

// A few, so that no lie makes a test slow.
MediaLimits SmallLimits() {
  MediaLimits limits;
  limits.max_pixels = 1 << 20;
  return limits;
}

struct Seen {
  std::size_t frames = 0;
  std::string told;  // an error's words or the damage
};

// Both ways through a file, and what has to hold of each.
Seen See(const fs::path& path) {
  MediaLimits limits = SmallLimits();
  limits.isolation = "none";  // so that crashes and memory are this process's own
  Seen seen;
  const std::string error = CatchMessage([&] {
    VideoReader reader(path, limits);
    while (reader.Next()) {
      const VideoFrame frame = reader.Frame();
      EXPECT_LE(frame.size().area(), limits.max_pixels);
      EXPECT_EQ(frame.Picture().size(), frame.size());
      ++seen.frames;
    }
    seen.told = reader.damage();
  });
  const std::string scan = CatchMessage([&] { ScanVideo(path, limits); });
  for (const std::string& words : {error, scan}) {
    EXPECT_TRUE(words.empty() || words.starts_with(path.string() + ": ")) << words;
    EXPECT_EQ(words.find_first_of("\r\n\033"), std::string::npos) << words;
    EXPECT_LT(words.size(), path.string().size() + 300) << words;
  }
  LooksLikeMedia(path);
  if (!error.empty()) seen.told = error;
  return seen;
}

// The most memory that this process has held since the last call, in bytes above what it then held.
class MemoryPeak {
 public:
  MemoryPeak() : begin_(Reset()) {}
  std::int64_t Bytes() const { return Status("VmHWM:") - begin_; }

 private:
  static std::int64_t Reset() {
    std::ofstream("/proc/self/clear_refs") << 5;
    return Status("VmRSS:");
  }

  static std::int64_t Status(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      std::int64_t kibibytes = 0;
      if (word == field && status >> kibibytes) return kibibytes << 10;
    }
    return 0;
  }

  std::int64_t begin_;
};

constexpr std::int64_t kMostMemory = 300 << 20;

class DamagedKindsTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { whole_ = GetParam().make(); }

  Seen SeeBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;  // WriteFile() waits for the disk
    return See(path_);
  }

  std::string whole_;
  const TemporaryFolder folder_;
  const fs::path path_ = folder_ / "file";
};

TEST_P(DamagedKindsTest, WholeOnesAreRead) {
  const Seen seen = SeeBytes(whole_);
  EXPECT_EQ(seen.frames, GetParam().frames);
  EXPECT_EQ(seen.told, "");
}

TEST_P(DamagedKindsTest, CutOnesSayThatTheyAre) {
  const MemoryPeak memory;
  for (const int thousandth : {1, 5, 20, 50, 100, 250, 400, 500, 600, 750, 900, 950, 960}) {
    SCOPED_TRACE(thousandth);
    const std::size_t size = std::max<std::size_t>(whole_.size() * thousandth / 1000, 3);
    const Seen seen = SeeBytes(whole_.substr(0, size));
    EXPECT_LE(seen.frames, GetParam().frames);
    if (GetParam().tells_its_end) {
      EXPECT_NE(seen.told, "");
    }
  }
  EXPECT_LT(memory.Bytes(), kMostMemory);
}

TEST_P(DamagedKindsTest, TurnedBitsAreSurvived) {
  const MemoryPeak memory;
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    std::string bytes = whole_;
    // In the first rounds in the head, where sizes stand.
    const std::size_t reach = round < 30 ? std::min<std::size_t>(bytes.size(), 600) : bytes.size();
    for (int i = 0; i < 1 + round % 8; ++i) bytes[random() % reach] ^= static_cast<char>(1U << random() % 8);
    SeeBytes(bytes);
  }
  EXPECT_LT(memory.Bytes(), kMostMemory);
}

TEST_P(DamagedKindsTest, NumbersThatLieAreSurvived) {
  const MemoryPeak memory;
  const std::size_t reach = std::min<std::size_t>(whole_.size() - 4, 800);
  for (const std::string& lie : {std::string("\xff\xff\xff\xff"), std::string("\x7f\xff\xff\xff"),
                                 std::string("\0\0\0\0", 4), std::string("\x00\x00\xff\xff", 4)}) {
    for (std::size_t place = 0; place < reach; place += place < 128 ? 2 : 10) {
      SCOPED_TRACE(std::to_string(place) + " " + std::to_string(static_cast<unsigned char>(lie[0])));
      std::string bytes = whole_;
      bytes.replace(place, 4, lie);
      SeeBytes(bytes);
    }
  }
  EXPECT_LT(memory.Bytes(), kMostMemory);
}

// What no writer leaves: a head alone, the same file twice, zeros for its second half, another's end.
TEST_P(DamagedKindsTest, PatchworkIsSurvived) {
  const MemoryPeak memory;
  const std::string half = whole_.substr(0, whole_.size() / 2);
  for (const std::string& bytes :
       {half + std::string(half.size(), '\0'), half + std::string(half.size(), '\xff'), whole_ + whole_,
        half + whole_, std::string(64, '\0') + whole_, whole_ + std::string(1 << 20, '\0')}) {
    SCOPED_TRACE(bytes.size());
    SeeBytes(bytes);
  }
  EXPECT_LT(memory.Bytes(), kMostMemory);
}

INSTANTIATE_TEST_SUITE_P(Each, DamagedKindsTest, testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace seam
