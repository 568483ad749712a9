#include "labels/manifest.h"

#include <fstream>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

ManifestRow FullRow() {
  ManifestRow row;
  row.video = "fake/a \"b\"\n.mp4";
  row.file = "/data/caf\xc3\xa9.mp4";
  row.label = "fake";
  row.method = "FaceSwap";
  row.split = "train";
  row.group = "fake/a";
  row.status = Status::kDamaged;
  row.reason = "Invalid data";
  row.frames_decoded = 100;
  row.damaged = 3;
  row.frames = 10;
  row.faces = 9;
  row.tracks = 1;
  row.clips = 2;
  row.small_faces = 4;
  row.windows_dropped = 1;
  row.interpolated = 5;
  row.boxes_from = "real/a.mp4";
  row.seconds = 4.04;
  return row;
}

std::string MessageFor(const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder / "manifest.jsonl", std::ios::binary) << text;
  const auto message = CatchMessage([&] { ReadManifest(folder / "manifest.jsonl"); });
  const std::string file = (folder / "manifest.jsonl").string() + ": ";
  EXPECT_TRUE(message.empty() || message.starts_with(file)) << message;
  return message.substr(message.empty() ? 0 : file.size());
}

TEST(ManifestTest, ALineHasEveryFieldInOrder) {
  EXPECT_EQ(ManifestLine(FullRow()),
            "{\"video\":\"fake/a \\\"b\\\"\\n.mp4\",\"file\":\"/data/caf\xc3\xa9.mp4\",\"label\":\"fake\","
            "\"method\":\"FaceSwap\",\"split\":\"train\",\"group\":\"fake/a\",\"status\":\"damaged\","
            "\"reason\":\"Invalid "
            "data\",\"boxes_from\":\"real/a.mp4\",\"frames_decoded\":100,\"damaged\":3,\"frames\":10,"
            "\"faces\":9,\"tracks\":1,\"clips\":2,\"small_faces\":4,\"windows_dropped\":1,\"interpolated\":5,"
            "\"seconds\":4.04}\n");
}

TEST(ManifestTest, RowsComeBack) {
  const TemporaryFolder folder;
  const std::string line = ManifestLine(FullRow());
  WriteFile(folder / "manifest.jsonl", line + "\n" + line);
  const auto rows = ReadManifest(folder / "manifest.jsonl");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].video, FullRow().video);
  EXPECT_EQ(rows[1].clips, 2);
  EXPECT_EQ(ManifestLine(rows[1]), line);
}

TEST(ManifestTest, WhatAVerdictRestsOnComesBack) {
  ManifestRow row = FullRow();
  row.cautions = {HdrFilm("PQ"), LargerLook(960)};
  const ManifestRow back = ParseManifestRow("m", ManifestLine(row));
  EXPECT_EQ(back.cautions, row.cautions);
  EXPECT_EQ(ListReasons(back),
            "Invalid data; an HDR film (PQ): its colours were mapped to the usual range; the face was found "
            "only at a second look, at 960 pixels");
}

TEST(ManifestTest, BytesThatAreNotUtf8AreWrittenAsText) {
  ManifestRow row = FullRow();
  row.file = "/data/\xff\xfe.mp4";
  EXPECT_NE(ManifestLine(row).find("\"/data/\\\\xff\\\\xfe.mp4\""), std::string::npos) << ManifestLine(row);
}

TEST(ManifestTest, ADurationThatIsNoNumberIsWrittenAsZero) {
  ManifestRow row = FullRow();
  row.seconds = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(ManifestLine(row).ends_with("\"seconds\":0.0}\n")) << ManifestLine(row);
}

TEST(ManifestTest, MissingFieldsAreEmptyAndUnknownOnesPassedOver) {
  const TemporaryFolder folder;
  WriteFile(folder / "manifest.jsonl", R"({"video":"a","status":"ok","colour":[1,{"deep":2}]})");
  const auto rows = ReadManifest(folder / "manifest.jsonl");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].frames, 0);
  EXPECT_EQ(rows[0].split, "");
}

TEST(ManifestTest, ErrorsNameTheLine) {
  const std::string good = ManifestLine(FullRow());
  EXPECT_TRUE(MessageFor(good + "\n{\"video\":").starts_with("line 3: not JSON: "))
      << MessageFor(good + "\n{\"video\":");
  EXPECT_EQ(MessageFor("[1]\n"), "line 1: not a JSON object");
  EXPECT_EQ(MessageFor(R"({"video":7,"status":"ok"})"), "line 1: 'video' is not a text");
  EXPECT_EQ(MessageFor(R"({"video":"a","status":"ok","frames":-1})"), "line 1: 'frames' is not a count");
  EXPECT_EQ(MessageFor(R"({"video":"a","status":"ok","clips":3000000000})"),
            "line 1: 'clips' is not a count");
  EXPECT_EQ(MessageFor(R"({"video":"a","status":"ok","clips":"3"})"), "line 1: 'clips' is not a count");
  EXPECT_EQ(MessageFor(R"({"video":"a","status":"ok","seconds":-1})"), "line 1: 'seconds' is not a duration");
  EXPECT_EQ(MessageFor(R"({"status":"ok"})"), "line 1: 'video' is missing");
  EXPECT_EQ(MessageFor(R"({"video":"a"})"), "line 1: 'status' is missing");
  EXPECT_EQ(MessageFor(R"({"video":"a","status":"fine"})"),
            "line 1: the status 'fine' is unknown to this Seam");
}

TEST(ManifestTest, ATruncatedManifestIsAnError) {
  const std::string good = ManifestLine(FullRow());
  for (std::size_t length = 1; length + 1 < good.size(); ++length) {
    EXPECT_NE(MessageFor(good.substr(0, length)), "") << length;
  }
}

TEST(ManifestTest, ALineThatNeverEndsIsAnErrorAndNotMuchMemory) {
  EXPECT_EQ(MessageFor(std::string(2 << 20, '[')), "line 1: longer than 1048576 bytes");
}

}  // namespace
}  // namespace seam
