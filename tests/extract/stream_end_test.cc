// Files that are cut just between two packets, which their containers tell by other things than a broken one.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "extract/faces/extract_faces.h"
#include "extract/media/video_reader.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr char kFilm[] =
    "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -f lavfi -i sine=duration=2 -threads 1 -bitexact ";

class NoClips : public ClipSink {
  void Add(FaceClip /*clip*/) override {}
  void Finish(const VideoSummary& /*summary*/) override {}
};

class StreamEndTest : public testing::Test {
 protected:
  std::string Made(const std::string& name, const std::string& options) const {
    return ReadFile(MakeVideo(folder_ / name, kFilm + options));
  }

  // What is said of a file of these bytes.
  std::string Told(const std::string& bytes) const {
    const fs::path path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << bytes;
    MediaLimits limits;
    limits.isolation = "none";
    VideoReader reader(path, limits);
    int frames = 0;
    while (reader.Next()) ++frames;
    EXPECT_GT(frames, 0);
    EXPECT_EQ(ScanVideo(path, limits).damage.find("cut off") == std::string::npos,
              reader.damage().find("cut off") == std::string::npos);
    return reader.damage();
  }
  bool IsCut(const std::string& bytes) const { return Told(bytes).find("cut off") != std::string::npos; }

  // Where `mark` stands in the file's later half.
  static std::vector<std::size_t> Places(const std::string& bytes, std::string_view mark) {
    std::vector<std::size_t> places;
    for (std::size_t at = bytes.find(mark, bytes.size() / 2); at != std::string::npos;
         at = bytes.find(mark, at + 1))
      places.push_back(at);
    return places;
  }

  const TemporaryFolder folder_;
};

TEST_F(StreamEndTest, ZerosBehindATransportStreamAreNoPartOfIt) {
  const std::string whole = Made("a.ts", "-c:v libx264 -c:a aac");
  EXPECT_EQ(Told(whole + std::string(40000, '\0')), "");
  EXPECT_TRUE(IsCut(whole.substr(0, whole.size() - 100)));
  EXPECT_EQ(Told(whole.substr(100)), "") << "the rest of a packet at the beginning";
  EXPECT_TRUE(IsCut(whole.substr(100, whole.size() - 200)));
  EXPECT_TRUE(IsCut(whole.substr(0, whole.size() - 188 * 40) + std::string(40000, '\0')));
}

TEST_F(StreamEndTest, TransportStreamCutBetweenPackets) {
  for (const std::string codec : {"-c:v libx264 -c:a aac", "-c:v mpeg2video -c:a mp2"}) {
    SCOPED_TRACE(codec);
    const std::string whole = Made("a.ts", codec);
    EXPECT_EQ(Told(whole), "");
    constexpr std::size_t kPacket = 188;
    const std::size_t packets = whole.size() / kPacket;
    int cut = 0, tried = 0;
    for (std::size_t count = packets / 2; count < packets - 1; count += packets / 37, ++tried)
      cut += IsCut(whole.substr(0, count * kPacket)) ? 1 : 0;
    // Behind a frame's last packet nothing is missing but what comes after.
    EXPECT_GE(cut, tried * 3 / 5);
    EXPECT_GT(tried, 15);
  }
}

TEST_F(StreamEndTest, TransportStreamsOfCamerasAndCablesAreWhole) {
  EXPECT_EQ(Told(Made("a.m2ts", "-c:v libx264 -c:a ac3")), "");
  EXPECT_EQ(Told(Made("a.ts", "-c:v libx264 -an")), "");
}

TEST_F(StreamEndTest, PacketsMissingInTheMiddleOfATransportStream) {
  const std::string whole = Made("a.ts", "-c:v libx264 -c:a aac");
  const std::size_t middle = whole.size() / 376 * 188;
  EXPECT_NE(Told(whole.substr(0, middle) + whole.substr(middle + 20 * 188)), "");
}

TEST_F(StreamEndTest, ProgramStreamCutBetweenPacks) {
  for (const std::string kind : {"-c:v mpeg2video -c:a mp2 -f vob", "-c:v mpeg1video -c:a mp2 -f mpeg",
                                 "-c:v mpeg2video -flags +ilme+ildct -c:a mp2 -f dvd"}) {
    SCOPED_TRACE(kind);
    const std::string whole = Made("a.mpg", "-b:v 3M " + kind);
    EXPECT_EQ(Told(whole), "");
    const std::vector<std::size_t> packs = Places(whole, "\0\0\1\xBA"sv);
    ASSERT_GT(packs.size(), 20U);
    int cut = 0, tried = 0;
    for (std::size_t i = 0; i < packs.size(); i += packs.size() / 19, ++tried)
      cut += IsCut(whole.substr(0, packs[i])) ? 1 : 0;
    if (kind.find("mpeg1video") == std::string::npos) {
      EXPECT_GE(cut, tried * 3 / 5);
    }
    // In the middle of a pack.
    EXPECT_TRUE(IsCut(whole.substr(0, packs[5] + 100)));
  }
}

TEST_F(StreamEndTest, OggCutBetweenPages) {
  const std::string whole = Made("a.ogv", "-c:v libtheora -c:a libvorbis");
  EXPECT_EQ(Told(whole), "");
  const std::vector<std::size_t> pages = Places(whole, "OggS\0"sv);
  ASSERT_GT(pages.size(), 3U);
  for (const std::size_t page : {pages[0], pages[1], pages[pages.size() / 2]})
    EXPECT_TRUE(IsCut(whole.substr(0, page))) << page;
  EXPECT_TRUE(IsCut(whole.substr(0, pages[1] + 40)));
}

TEST_F(StreamEndTest, FlvCutBetweenTags) {
  const std::string whole = Made("a.flv", "-c:v flv1 -c:a aac");
  EXPECT_EQ(Told(whole), "");
  // Tag by tag; its size stands behind each.
  std::vector<std::size_t> tags;
  for (std::size_t at = 13; at + 15 < whole.size();) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(whole[at + i]));
    };
    at += 15 + (byte(1) << 16U | byte(2) << 8U | byte(3));
    tags.push_back(at);
  }
  ASSERT_GT(tags.size(), 40U);
  for (const std::size_t tag : {tags.size() / 2, tags.size() - 9, tags.size() - 2})
    EXPECT_TRUE(IsCut(whole.substr(0, tags[tag]))) << tag;
}

TEST_F(StreamEndTest, AviCutBetweenChunks) {
  const std::string whole = Made("a.avi", "-c:v mpeg4 -an");
  EXPECT_EQ(Told(whole), "");
  const std::vector<std::size_t> chunks = Places(whole, "00dc"sv);
  ASSERT_GT(chunks.size(), 10U);
  EXPECT_TRUE(IsCut(whole.substr(0, chunks[3])));
  // Of two RIFFs, the second is cut off.
  std::string second = "RIFF" + std::string("\0\1\0\0", 4) + "AVIX";
  EXPECT_TRUE(IsCut(whole + second));
  EXPECT_FALSE(IsCut(whole + second + std::string(256 - 4, '\0')));
}

TEST_F(StreamEndTest, FragmentedMp4CutBetweenFragmentsAndPackets) {
  const std::string whole =
      Made("a.mp4",
           "-c:v libx264 -g 10 -an -movflags +dash+frag_keyframe+empty_moov+default_base_moof+global_sidx");
  EXPECT_EQ(Told(whole), "");
  const std::vector<std::size_t> fragments = Places(whole, "moof"sv);
  ASSERT_GE(fragments.size(), 2U);
  for (const std::size_t fragment : fragments) EXPECT_TRUE(IsCut(whole.substr(0, fragment - 4))) << fragment;
  // Without an index of fragments: inside one.
  const std::string plain = Made("b.mp4", "-c:v libx264 -g 25 -an -movflags +frag_keyframe+empty_moov");
  EXPECT_EQ(Told(plain), "");
  const std::vector<std::size_t> data = Places(plain, "mdat"sv);
  ASSERT_FALSE(data.empty());
  for (const std::size_t more : {1000U, 2000U, 5000U}) EXPECT_NE(Told(plain.substr(0, data[0] + more)), "");
}

TEST_F(StreamEndTest, FramesThatWereSkippedAreToldAsNotLookedAt) {
  const fs::path path = folder_ / "cut.mp4";
  const std::string whole = Made("a.mp4", "-c:v libx264 -g 10 -an -movflags +faststart");
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() * 9 / 10);
  ExtractOptions options;
  options.sample.frames = 2;
  options.detector.detector = "whole";
  std::string reason;
  ExtractFaces(
      {VideoTask{.path = path}}, options, [](std::size_t) { return std::make_unique<NoClips>(); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) { reason = summary.reason; });
  EXPECT_NE(reason.find("cut off"), std::string::npos) << reason;
  EXPECT_NE(reason.find("frames not looked at: "), std::string::npos) << reason;
}

// As a screen recorder leaves it that was ended by force.
TEST_F(StreamEndTest, LiveMatroskaCutInsideABlock) {
  const std::string whole = Made("a.mkv", "-c:v libx264 -c:a aac -live 1");
  EXPECT_EQ(Told(whole), "");
  int cut = 0;
  for (int i = 0; i < 12; ++i)
    cut += IsCut(whole.substr(0, whole.size() * (60 + 3 * static_cast<std::size_t>(i)) / 100)) ? 1 : 0;
  EXPECT_GE(cut, 11);
}

}  // namespace
}  // namespace seam
