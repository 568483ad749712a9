// Networks that look at whole pictures: no faces are looked for.

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "extract/faces/whole_picture.h"
#include "infer/predictor.h"
#include "scores/score_file.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class WholePicturesTest : public ::testing::Test {
 protected:
  // A checkpoint that looks at all of a picture, by tiles of 256 pixels.
  std::string TileCheckpoint(const std::string& rule) const {
    CheckpointInfo info;
    info.crop.set_size(256);
    info.crop.set_align("tiles");
    info.crop.set_overlap(0.25);
    info.crop.set_tiles(rule);
    info.crop.set_detector("whole");
    info.crop.set_detect_size(320);
    info.crop.set_encoding("png");
    return WriteCheckpoint(folder_ / "tiles.safetensors", ModelOptions(), info, 7).string();
  }

  // What the network says of each tile.
  std::vector<double> ScoresOfTiles(const cv::Mat& picture, const std::string& checkpoint) const {
    const Predictor predictor(checkpoint, CompileOptions{}, Parts());
    std::vector<double> scores;
    for (const cv::Rect& tile : TilesIn(picture.size(), 0, 256, 0.25))
      scores.push_back(predictor.Score({CutTile(picture(tile), 0, 256)})[0]);
    return scores;
  }

  static cv::Mat Read(const std::string& path) {
    cv::Mat picture;
    cv::cvtColor(cv::imread(path), picture, cv::COLOR_BGR2RGB);
    return picture;
  }

  ScoreRow ScoreOf(const std::string& options) const {
    const CommandResult result = RunCommand("seam infer --output " + At("s.csv") + " " + options);
    EXPECT_EQ(result.status, 0) << result.err;
    const auto rows = ReadScoreFile(At("s.csv"));
    EXPECT_EQ(rows.size(), 1U);
    return rows.at(0);
  }

  // A checkpoint that sees the middle of a picture whose shorter side became 288 pixels.
  std::string Checkpoint() const {
    CheckpointInfo info;
    info.crop.set_size(256);
    info.crop.set_margin(0.125);
    info.crop.set_align("shorter");
    info.crop.set_detector("whole");
    info.crop.set_detect_size(320);
    info.crop.set_encoding("png");
    return WriteCheckpoint(folder_ / "whole.safetensors", ModelOptions(), info, 7).string();
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(WholePicturesTest, APictureWithoutAFaceHasItsScore) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=500x333:rate=1:duration=1 -frames:v 1");
  const CommandResult result = RunCommand("seam infer --model " + Checkpoint() + " " + At("p.png") +
                                          " --output " + At("s.csv") + " --report " + At("page.html"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].status, Status::kOk);
  EXPECT_EQ(rows[0].reason, "");  // wider than high, and not taken for turned
  cv::Mat picture;
  cv::cvtColor(cv::imread(At("p.png")), picture, cv::COLOR_BGR2RGB);
  const Predictor predictor(At("whole.safetensors"), CompileOptions{}, Parts());
  const double wanted = predictor.Score({CutWholePicture(picture, "shorter", 0.125, 256)})[0];
  ASSERT_TRUE(rows[0].score.has_value());
  EXPECT_NEAR(*rows[0].score, wanted, 1e-6);
  const std::string page = ReadFile(At("page.html"));
  EXPECT_THAT(page, testing::HasSubstr("no faces were looked for"));
  EXPECT_THAT(page, testing::HasSubstr("looks at whole pictures alone"));
}

TEST_F(WholePicturesTest, AVideoIsOneThingWhateverItShows) {
  MakeVideo(At("cuts.mp4"),
            "-f lavfi -i testsrc2=size=320x240:rate=10:duration=1 -f lavfi -i "
            "mandelbrot=size=320x240:rate=10 -filter_complex "
            "'[1:v]trim=duration=1[m];[0:v][m]concat=n=2:v=1[v]' -map '[v]'");
  const CommandResult result = RunCommand("seam infer --frames 8 --model " + Checkpoint() + " " +
                                          At("cuts.mp4") + " --output " + At("s.csv"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto rows = ReadScoreFile(At("s.csv"));
  EXPECT_EQ(rows.at(0).tracks, 1);
  EXPECT_EQ(rows.at(0).frames, 8);
  EXPECT_EQ(rows.at(0).faces, 8);
}

TEST_F(WholePicturesTest, ALargePictureIsScoredByTilesAndTheWorstOneIsTold) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=700x500:rate=1:duration=1 -frames:v 1");
  const std::string model = TileCheckpoint("max");
  const std::vector<double> scores = ScoresOfTiles(Read(At("p.png")), model);
  ASSERT_EQ(scores.size(), 12U);
  const CommandResult result =
      RunCommand("seam infer --model " + model + " " + At("p.png") + " --output " + At("s.csv") +
                 " --jsonl " + At("s.jsonl") + " --report " + At("page.html"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto worst = std::max_element(scores.begin(), scores.end());
  const cv::Rect tile = TilesIn({700, 500}, 0, 256, 0.25)[static_cast<std::size_t>(worst - scores.begin())];
  const ScoreRow row = ReadScoreFile(At("s.csv")).at(0);
  EXPECT_NEAR(row.score.value(), *worst, 1e-6);
  EXPECT_EQ(row.reason, "");
  const std::string where = fmt::format("256 x 256 pixels at ({}, {})", tile.x, tile.y);
  EXPECT_THAT(result.out, testing::HasSubstr(where));
  EXPECT_THAT(ReadFile(At("s.csv")),
              testing::HasSubstr(fmt::format("x={}; y={}; width=256; height=256; frame=0;", tile.x, tile.y)));
  const auto json = nlohmann::json::parse(ReadFile(At("s.jsonl")));
  EXPECT_EQ(json.at("worst_tile").at("box"), nlohmann::json({tile.x, tile.y, 256.0, 256.0}));
  EXPECT_NEAR(json.at("worst_tile").at("score").get<double>(), *worst, 1e-6);
  EXPECT_EQ(json.at("tracks").size(), scores.size());
  EXPECT_EQ(json.at("aggregate"), "mean, tiles: max");
  const std::string page = ReadFile(At("page.html"));
  EXPECT_THAT(page, testing::HasSubstr("Where the tiles lie"));
  EXPECT_THAT(page, testing::HasSubstr(where));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("person #")));
}

TEST_F(WholePicturesTest, TheCheckpointSaysHowTilesAreJoinedAndTheUserMayDiffer) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=700x300:rate=1:duration=1 -frames:v 1");
  const std::string model = TileCheckpoint("");
  std::vector<double> scores = ScoresOfTiles(Read(At("p.png")), model);
  ASSERT_EQ(scores.size(), 8U);
  const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) / 8;
  EXPECT_NEAR(ScoreOf("--model " + model + " " + At("p.png")).score.value(), mean, 1e-6);
  std::sort(scores.rbegin(), scores.rend());
  const ScoreRow other = ScoreOf("--tiles top-2 --model " + model + " " + At("p.png"));
  EXPECT_NEAR(other.score.value(), (scores[0] + scores[1]) / 2, 1e-6);
  EXPECT_EQ(other.note, "the tiles' scores are joined by top-2, but the threshold is for mean");
  EXPECT_THAT(RunCommand("seam infer --tiles most --model " + model + " " + At("p.png")).err,
              testing::HasSubstr("--tiles: 'most' is unknown"));
}

TEST_F(WholePicturesTest, ANetworkOfWholePicturesLooksByTilesWhereItIsTold) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=700x300:rate=1:duration=1 -frames:v 1");
  const std::string model = Checkpoint();
  const std::vector<double> scores = ScoresOfTiles(Read(At("p.png")), model);
  const ScoreRow row = ScoreOf("--tiles mean --overlap 0.25 --model " + model + " " + At("p.png"));
  EXPECT_NEAR(row.score.value(), std::accumulate(scores.begin(), scores.end(), 0.0) / 8, 1e-6);
  EXPECT_THAT(row.note, testing::HasSubstr(
                            "seen by tiles, in their own pixels, but the network was trained on 'shorter'"));
  EXPECT_THAT(RunCommand("seam infer --overlap 0.25 --model " + model + " " + At("p.png")).err,
              testing::HasSubstr("add --tiles mean"));
  MakeCheckpoint(folder_ / "face.safetensors");
  const CommandResult faces =
      RunCommand("seam infer --tiles mean --model " + At("face.safetensors") + " " + At("p.png"));
  EXPECT_EQ(faces.status, kExitUsage);
  EXPECT_THAT(faces.err, testing::HasSubstr("this one takes faces"));
}

// A photograph that a telephone stored on its side, a screenshot with transparency, a picture of 24
// megapixels.
TEST_F(WholePicturesTest, TilesLieInThePictureAsItIsShown) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=600x400:rate=1:duration=1 -frames:v 1");
  const std::string model = TileCheckpoint("max");
  std::vector<uchar> jpeg;
  ASSERT_TRUE(cv::imencode(".jpg", cv::imread(At("p.png")), jpeg, {cv::IMWRITE_JPEG_QUALITY, 95}));
  // An EXIF part whose one tag is the orientation, 6: to be turned clockwise.
  const std::string exif(
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "MM\0\x2A\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      36);
  const std::string bytes(jpeg.begin(), jpeg.end());
  WriteFile(At("turned.jpg"), bytes.substr(0, 2) + exif + bytes.substr(2));
  const ScoreRow turned = ScoreOf("--model " + model + " --jsonl " + At("s.jsonl") + " " + At("turned.jpg"));
  EXPECT_TRUE(turned.score.has_value());
  const auto tracks = nlohmann::json::parse(ReadFile(At("s.jsonl"))).at("tracks");
  // 400 wide and 600 high as it is shown.
  EXPECT_EQ(tracks.back().at("frames").at(0).at("box"), nlohmann::json({144.0, 344.0, 256.0, 256.0}));

  MakeVideo(At("screen.png"),
            "-f lavfi -i testsrc2=size=390x844:rate=1:duration=1 -frames:v 1 -pix_fmt rgba");
  const std::vector<double> scores = ScoresOfTiles(Read(At("screen.png")), model);
  EXPECT_NEAR(ScoreOf("--model " + model + " " + At("screen.png")).score.value(),
              *std::max_element(scores.begin(), scores.end()), 1e-6);

  MakeVideo(At("huge.png"), "-f lavfi -i testsrc2=size=6000x4000:rate=1:duration=1 -frames:v 1");
  const ScoreRow huge = ScoreOf("--model " + model + " " + At("huge.png"));
  EXPECT_EQ(huge.tracks, 31 * 21);
  EXPECT_TRUE(huge.score.has_value());
}

// The evaluation that Faster Than Lies publishes: names that begin with F are fake; F1, accuracy, confusion
// and how many its authors call uncertain.
TEST_F(WholePicturesTest, OneCommandEvaluatesAFolderWhoseNamesTellTheLabels) {
  CheckpointInfo info;
  info.crop.set_size(256);
  info.crop.set_align("square");
  info.crop.set_detector("whole");
  info.crop.set_encoding("png");
  info.recipe = R"({"import": {"band": [0.2, 0.8]}})";
  const std::string model = WriteCheckpoint(folder_ / "band.safetensors", ModelOptions(), info, 7).string();
  std::filesystem::create_directories(folder_ / "pictures");
  const char* const names[] = {"F1.png", "F2.png", "R1.png", "real_F.png", "fake.png"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    MakeVideo(
        (folder_ / "pictures" / names[i]).string(),
        fmt::format("-f lavfi -i mandelbrot=size=256x256:start_scale={}:rate=1 -frames:v 1", 3.0 / (1 + i)));
  }
  const CommandResult result = RunCommand("seam evaluate --json --keep " + At("kept") + " --model " + model +
                                          " " + At("pictures") + " --label-prefix F");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  int uncertain = 0, right = 0, rows = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "kept")) {
    const std::string kind = file.path().extension().string();
    if (kind != ".csv" && kind != ".jsonl") continue;
    for (const ScoreRow& row : ReadScoreFile(file.path())) {
      ++rows;
      const bool fake = std::filesystem::path(row.path).filename().string()[0] == 'F';
      EXPECT_EQ(row.label, fake ? FAKE : REAL) << row.path;
      const bool in_band = *row.score >= 0.2 && *row.score < 0.8;
      EXPECT_EQ(row.verdict == Verdict::kUncertain, in_band) << row.path;
      uncertain += in_band ? 1 : 0;
      right += (*row.score >= 0.5) == fake ? 1 : 0;
    }
  }
  EXPECT_EQ(rows, 5);
  EXPECT_GT(uncertain, 0);
  EXPECT_EQ(json.at("uncertain"), uncertain);
  EXPECT_DOUBLE_EQ(json.at("videos").at("accuracy").get<double>(), right / 5.0);
  EXPECT_TRUE(json.at("videos").contains("f1"));
  const auto& confusion = json.at("videos").at("confusion");
  EXPECT_EQ(confusion.at("tp").get<int>() + confusion.at("fn").get<int>(), 2);
  EXPECT_EQ(confusion.at("fp").get<int>() + confusion.at("tn").get<int>(), 3);
}

#ifdef SEAM_HAS_SCORE
TEST_F(WholePicturesTest, ShardsOfTilesAreScoredAsThePicturesThemselves) {
  for (const char* label : {"real", "fake"}) {
    const std::filesystem::path folder = folder_ / "pictures" / "test" / label;
    std::filesystem::create_directories(folder);
    MakeVideo((folder / (std::string(label) + ".png")).string(),
              fmt::format("-f lavfi -i {}=size=700x500:rate=1 -frames:v 1",
                          label == std::string("real") ? "testsrc2" : "mandelbrot"));
  }
  const std::string model = TileCheckpoint("top-2");
  CommandResult result = RunCommand("seam extract --input " + At("pictures") + " --output " + At("shards") +
                                    " --detector whole --align tiles --margin 0 --overlap 0.25 --size 256 "
                                    "--encoding png --faces largest");
  ASSERT_EQ(result.status, 0) << result.err;
  result = RunCommand("seam score --force --model " + model + " --data " + At("shards") + " --output " +
                      At("shards.jsonl"));
  ASSERT_EQ(result.status, 0) << result.err;
  result = RunCommand("seam infer --model " + model + " " + At("pictures") + " --jsonl " + At("files.jsonl"));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto of_shards = ReadScoreFile(At("shards.jsonl")), of_files = ReadScoreFile(At("files.jsonl"));
  ASSERT_EQ(of_shards.size(), 2U);
  ASSERT_EQ(of_files.size(), 2U);
  for (const ScoreRow& shard : of_shards) {
    const auto file = std::find_if(of_files.begin(), of_files.end(), [&](const ScoreRow& row) {
      return std::filesystem::path(row.path).filename() == std::filesystem::path(shard.path).filename();
    });
    ASSERT_NE(file, of_files.end()) << shard.path;
    EXPECT_EQ(shard.tracks, 12);
    EXPECT_EQ(shard.frame_scores.size(), 12U);
    EXPECT_EQ(shard.aggregate, "mean, tiles: top-2");
    EXPECT_NEAR(shard.score.value(), file->score.value(), 1e-6);
  }
}
#endif

TEST_F(WholePicturesTest, ASmallPictureIsNoSmallFace) {
  MakeVideo(At("p.png"), "-f lavfi -i testsrc2=size=32x32:rate=1:duration=1 -frames:v 1");
  EXPECT_EQ(ScoreOf("--model " + Checkpoint() + " " + At("p.png")).reason, "");
  EXPECT_EQ(ScoreOf("--model " + TileCheckpoint("mean") + " " + At("p.png")).reason, "");
}

TEST_F(WholePicturesTest, PicturesAndFacesAreNotFused) {
  SEAM_NEEDS_DEMO_CLIP();
  MakeCheckpoint(folder_ / "face.safetensors");
  const CommandResult result = RunCommand("seam infer --model " + At("face.safetensors") + "," +
                                          Checkpoint() + " " + Quoted(DemoClip().string()));
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, testing::HasSubstr("whole: takes single frames of whole pictures, and face takes"));
}

}  // namespace
}  // namespace seam
