#include "labels/faceforensics.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "labels/split.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

constexpr char kName[] = "faceforensics++";

class FaceForensicsTest : public ::testing::Test {
 protected:
  void AddLists() {
    tree_.Write("splits/train.json", R"([["071", "054"], ["087", "081"]])");
    tree_.Write("splits/val.json", R"([["720", "672"]])");
    tree_.Write("splits/test.json", R"([["953", "974"]])");
  }
  static std::string Fake(const std::string& method, const std::string& name) {
    return "manipulated_sequences/" + method + "/c23/videos/" + name + ".mp4";
  }
  static std::string Real(const std::string& name) {
    return "original_sequences/youtube/c23/videos/" + name + ".mp4";
  }
  static Names Ids(const Listing& listing) {
    Names ids;
    for (const Video& video : listing.videos) ids.push_back(video.id);
    return ids;
  }
  static bool Says(const Names& lines, const std::string& words) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }

  MadeTree tree_;
};

TEST_F(FaceForensicsTest, OriginalsAndFakesStandInTheSplitOfTheirPair) {
  AddLists();
  tree_.Add({Real("071"), Real("672"), Real("953"), Fake("Deepfakes", "071_054"),
             Fake("NeuralTextures", "054_071"), Fake("FaceShifter", "720_672"), Fake("FaceSwap", "974_953")});
  const auto videos = tree_.List(kName).videos;
  ASSERT_EQ(videos.size(), 7U);
  EXPECT_EQ(Find(videos, Real("071")).split, "train");
  EXPECT_EQ(Find(videos, Real("071")).label, REAL);
  EXPECT_EQ(Find(videos, Real("071")).method, "");
  EXPECT_EQ(Find(videos, Real("672")).split, "val");
  EXPECT_EQ(Find(videos, Real("953")).split, "test");
  EXPECT_EQ(Find(videos, Fake("Deepfakes", "071_054")).split, "train");
  EXPECT_EQ(Find(videos, Fake("Deepfakes", "071_054")).label, FAKE);
  EXPECT_EQ(Find(videos, Fake("Deepfakes", "071_054")).dataset, kName);
  EXPECT_EQ(Find(videos, Fake("NeuralTextures", "054_071")).method, "NeuralTextures");
  EXPECT_EQ(Find(videos, Fake("NeuralTextures", "054_071")).keys, (Names{"054", "071"}));
  EXPECT_EQ(Find(videos, Fake("FaceShifter", "720_672")).split, "val");
  EXPECT_EQ(Find(videos, Fake("FaceSwap", "974_953")).split, "test");
}

TEST_F(FaceForensicsTest, AllSixMethodsAndBothKindsOfOriginalsAreListed) {
  for (const char* method : {"Deepfakes", "Face2Face", "FaceSwap", "FaceShifter", "NeuralTextures"})
    tree_.Add({Fake(method, "071_054")});
  tree_.Add({Fake("DeepFakeDetection", "01_11__talking_against_wall__9229VVZ3"), Real("071"),
             "original_sequences/actors/c23/videos/01__kitchen_pan.mp4"});
  const auto listing = tree_.List(kName);
  std::set<std::string> methods;
  for (const Video& video : listing.videos) methods.insert(video.method);
  EXPECT_EQ(listing.videos.size(), 8U);
  EXPECT_EQ(methods.size(), 7U) << "six, and none for originals";
}

TEST_F(FaceForensicsTest, CompressionsOfOneVideoAreOneGroupWhateverTheirFoldersAreCalled) {
  tree_.Add({"original_sequences/youtube/c0/videos/071.mp4", "original_sequences/youtube/raw/videos/071.mp4",
             "original_sequences/youtube/hq/videos/071.mp4", "original_sequences/youtube/c40/videos/071.mp4",
             "original_sequences/youtube/lq/videos/054.mp4"});
  auto videos = tree_.List(kName).videos;
  AssignGroups(&videos);
  std::set<std::string> groups;
  for (const Video& video : videos) groups.insert(video.group);
  EXPECT_EQ(videos.size(), 5U);
  EXPECT_EQ(groups.size(), 2U);
}

TEST_F(FaceForensicsTest, CompressionChoosesByEitherName) {
  tree_.Add({"original_sequences/youtube/c0/videos/071.mp4", "original_sequences/youtube/hq/videos/071.mp4",
             "original_sequences/youtube/c40/videos/071.mp4"});
  const auto listed = [&](const std::string& compression) {
    LayoutOptions options = Dataset(kName);
    options.compression = compression;
    return Ids(tree_.List(options));
  };
  EXPECT_EQ(listed("raw"), Names{"original_sequences/youtube/c0/videos/071.mp4"});
  EXPECT_EQ(listed("c23"), Names{"original_sequences/youtube/hq/videos/071.mp4"});
  EXPECT_EQ(listed("lq, c0").size(), 2U);
  EXPECT_EQ(listed("").size(), 3U);
  LayoutOptions options = Dataset(kName);
  options.compression = "c24";
  EXPECT_EQ(tree_.Message(options), "--compression: 'c24' is not a choice");
  EXPECT_EQ(tree_.Hint(options), "did you mean c23?");
}

TEST_F(FaceForensicsTest, MethodsChooseFakesAndTheirOriginals) {
  const std::string actor = "original_sequences/actors/c23/videos/01__kitchen_pan.mp4";
  const std::string dfd = Fake("DeepFakeDetection", "01_11__kitchen_pan__9229VVZ3");
  tree_.Add({Real("071"), Fake("Deepfakes", "071_054"), Fake("FaceSwap", "071_054"), actor, dfd});
  LayoutOptions options = Dataset(kName);
  options.methods = "deepfakes";
  EXPECT_EQ(Ids(tree_.List(options)), (Names{Fake("Deepfakes", "071_054"), Real("071")}));
  EXPECT_TRUE(Says(tree_.List(options).notes, "3 files left out by --compression or --methods"));
  options.methods = "DeepFakeDetection";
  EXPECT_EQ(Ids(tree_.List(options)), (Names{dfd, actor}));
  options.methods = "Deepfake";
  EXPECT_EQ(tree_.Message(options), "--methods: 'Deepfake' is not a choice");
  EXPECT_EQ(tree_.Hint(options), "did you mean Deepfakes?");
}

TEST_F(FaceForensicsTest, MasksAreNeverListed) {
  tree_.Add({Fake("Deepfakes", "071_054"), "manipulated_sequences/Deepfakes/c23/masks/videos/071_054.mp4"});
  const Listing listing = tree_.List(kName);
  EXPECT_EQ(Ids(listing), Names{Fake("Deepfakes", "071_054")});
  EXPECT_TRUE(Says(listing.notes, "masks/: 1 file passed over"));
}

TEST_F(FaceForensicsTest, PicturesBelongToTheVideoOfTheirFolder) {
  AddLists();
  tree_.Add({"original_sequences/youtube/c23/images/071/0001.png"});
  const auto videos = tree_.List(kName).videos;
  ASSERT_EQ(videos.size(), 1U);
  EXPECT_EQ(videos[0].keys, Names{"071"});
  EXPECT_EQ(videos[0].split, "train");
}

TEST_F(FaceForensicsTest, WhatIsNamedAndAbsentOrPresentAndInNoListIsToldAndCounted) {
  AddLists();
  tree_.Add({Real("071"), Fake("FaceSwap", "071_071"), Real("999"), Real("my video"),
             "original_sequences/tiktok/c23/videos/1.mp4"});
  const Listing listing = tree_.List(kName);
  EXPECT_TRUE(Says(listing.warnings, "splits: 7 of the 8 names in it have no file here, such as 054"));
  EXPECT_TRUE(Says(listing.warnings, "splits: does not name 1 video of the dataset"));
  EXPECT_TRUE(
      Says(listing.warnings, "1 video named otherwise than the dataset's, such as " + Real("my video")));
  EXPECT_TRUE(Says(listing.warnings, "1 media file lies outside the folders of the dataset and is left out"));
  EXPECT_EQ(Find(listing.videos, Real("999")).split, "");
}

TEST_F(FaceForensicsTest, WithoutListsItSaysThatTheSplitIsItsOwn) {
  tree_.Add({Real("071")});
  EXPECT_TRUE(Says(tree_.List(kName).warnings, "the split is Seam's own and not the published one"));
}

TEST_F(FaceForensicsTest, BadListsAreErrors) {
  AddLists();
  tree_.Add({Real("071")});
  tree_.Write("splits/val.json", R"([["720", "071"]])");
  EXPECT_EQ(tree_.Message(Dataset(kName)),
            tree_.Name("splits/val.json") + ": '071' is in the split train and in val");
  for (const char* text : {"", "{}", "[[\"1\"]]", "[[1, 2]]", "[[\"1\", \"2\"]"}) {
    tree_.Write("splits/val.json", text);
    EXPECT_EQ(tree_.Message(Dataset(kName)),
              tree_.Name("splits/val.json") + ": is no JSON list of pairs of ids");
  }
  std::filesystem::remove(tree_.path() / "splits/val.json");
  EXPECT_EQ(tree_.Message(Dataset(kName)), tree_.Name("splits") + ": lacks val.json");
}

TEST_F(FaceForensicsTest, ActorsAreGroupsWhereTheyFallApart) {
  const std::string originals = "original_sequences/actors/c23/videos/";
  tree_.Add({originals + "01__kitchen_pan.mp4", originals + "02__walk.mp4", originals + "03__walk.mp4",
             Fake("DeepFakeDetection", "01_11__hug__9229VVZ3")});
  const Listing listing = tree_.List(kName);
  EXPECT_EQ(Find(listing.videos, originals + "01__kitchen_pan.mp4").keys, Names{"actor 01"});
  EXPECT_EQ(Find(listing.videos, Fake("DeepFakeDetection", "01_11__hug__9229VVZ3")).keys,
            (Names{"actor 01", "actor 11"}));
  EXPECT_TRUE(Says(listing.notes, "4 videos in groups by actors"));
}

TEST_F(FaceForensicsTest, ActorsWhoAllHangTogetherAreDividedByScene) {
  const std::string originals = "original_sequences/actors/c23/videos/";
  tree_.Add({originals + "01__hug.mp4", originals + "02__hug.mp4", originals + "02__walk.mp4",
             Fake("DeepFakeDetection", "01_02__hug__9229VVZ3"),
             Fake("DeepFakeDetection", "02_01__walk__ABCDEFGH")});
  auto videos = tree_.List(kName).videos;
  EXPECT_EQ(Find(videos, Fake("DeepFakeDetection", "01_02__hug__9229VVZ3")).keys, Names{"01__hug"});
  EXPECT_EQ(Find(videos, Fake("DeepFakeDetection", "01_02__hug__9229VVZ3")).people,
            (Names{"actor 01", "actor 02"}));
  AssignGroups(&videos);
  std::set<std::string> groups;
  for (const Video& video : videos) groups.insert(video.group);
  EXPECT_EQ(groups.size(), 3U);
}

TEST_F(FaceForensicsTest, OptionsThatLeaveNothingSayHowMuchIsThere) {
  tree_.Add({Real("071"), Fake("Deepfakes", "071_054")});
  LayoutOptions options = Dataset(kName);
  options.compression = "raw";
  EXPECT_EQ(tree_.Message(options),
            tree_.path().string() + ": --compression and --methods leave no video: 2 files of others");
}

TEST_F(FaceForensicsTest, MasksWithoutACompressionArePassedOver) {
  tree_.Add({Real("071"), Fake("Deepfakes", "071_054"),
             "manipulated_sequences/Deepfakes/masks/videos/071_054.mp4"});
  const Listing listing = tree_.List(kName);
  EXPECT_EQ(Ids(listing), (Names{Fake("Deepfakes", "071_054"), Real("071")}));
  EXPECT_TRUE(Says(listing.notes, "masks/: 1 file passed over"));
}

// What is handed on lies flat.
TEST(FlatFaceForensicsTest, AFolderForEachMethodBesideTheOriginalsIsRecognised) {
  const struct {
    std::vector<std::string> files;
    std::string original;
  } cases[] = {
      {{"FaceForensics++_C23/original/000.mp4", "FaceForensics++_C23/Deepfakes/000_003.mp4",
        "FaceForensics++_C23/NeuralTextures/003_000.mp4",
        "FaceForensics++_C23/DeepFakeDetection/01_02__exit_phone_room__YVGY8LOK.mp4",
        "FaceForensics++_C23/csv/Deepfakes.csv"},
       "original/000.mp4"},
      {{"ff/Real/000/0001.png", "ff/deepfakes/000_003/0001.png", "ff/neural_textures/003_000/0001.png"},
       "Real/000/0001.png"},
      {{"ff/original_sequences/000.mp4", "ff/manipulated_sequences/Deepfakes/000_003.mp4",
        "ff/manipulated_sequences/NeuralTextures/003_000.mp4"},
       "original_sequences/000.mp4"},
      {{"ff/original_sequences/youtube/000.avi", "ff/manipulated_sequences/Deepfakes/000_003.avi",
        "ff/manipulated_sequences/NeuralTextures/videos/003_000.avi"},
       "original_sequences/youtube/000.avi"},
      {{"ff/original/000.mp4", "ff/manipulated_sequences/Deepfakes/000_003.mp4",
        "ff/manipulated_sequences/NeuralTextures/003_000.mp4"},
       "original/000.mp4"},
      {{"ff/original_sequences/youtube/raw/videos/000.mp4", "ff/Manipulated/Deepfakes/raw/videos/000_003.mp4",
        "ff/Manipulated/NeuralTextures/raw/videos/003_000.mp4"},
       "original_sequences/youtube/raw/videos/000.mp4"},
      {{"ff/youtube/c40/videos/000.mp4", "ff/DF/c40/videos/000_003.mp4", "ff/NT/c40/videos/003_000.mp4"},
       "youtube/c40/videos/000.mp4"},
  };
  for (const auto& [files, original] : cases) {
    MadeTree tree;
    tree.Add(files);
    LayoutOptions options;
    const std::filesystem::path root = tree.path() / files[0].substr(0, files[0].find('/'));
    const auto& layout = ChooseLayout(options, root);
    ASSERT_EQ(layout.name, "faceforensics++") << files[0];
    const Listing listing = ListDataset(layout, options, root);
    const Video real = Find(listing.videos, original);
    EXPECT_EQ(real.label, REAL);
    EXPECT_EQ(real.keys, std::vector<std::string>{"000"});
    for (const Video& video : listing.videos) {
      if (video.method != "Deepfakes" && video.method != "NeuralTextures") continue;
      EXPECT_EQ(video.label, FAKE);
      EXPECT_EQ(std::set<std::string>(video.keys.begin(), video.keys.end()),
                (std::set<std::string>{"000", "003"}));
      EXPECT_EQ(video.footage == real.footage, video.keys.front() == "000") << video.footage;
    }
    EXPECT_GE(listing.videos.size(), 3U);
  }
}

TEST(FlatFaceForensicsTest, CopiesOfTheActorsVideosAreRecognised) {
  MadeTree tree;
  tree.Add({"DFD_original sequences/01__exit_phone_room.mp4",
            "DFD_manipulated_sequences/DFD_manipulated_sequences/01_02__exit_phone_room__YVGY8LOK.mp4"});
  const Listing listing = tree.List(LayoutOptions());
  ASSERT_EQ(listing.videos.size(), 2U);
  EXPECT_EQ(listing.videos[0].dataset, "faceforensics++");
  EXPECT_EQ(listing.videos[0].label, FAKE);
  EXPECT_EQ(listing.videos[0].method, "DeepFakeDetection");
  EXPECT_EQ(listing.videos[1].label, REAL);
  EXPECT_EQ(listing.videos[0].footage, listing.videos[1].footage);
}

TEST(FlatFaceForensicsTest, TheRootsNameTellsTheCompression) {
  MadeTree tree;
  tree.Add({"FaceForensics++_C23/original/000.mp4", "FaceForensics++_C23/Deepfakes/000_003.mp4"});
  LayoutOptions options;
  options.compression = "c40";
  const std::filesystem::path root = tree.path() / "FaceForensics++_C23";
  EXPECT_NE(
      CatchMessage([&] { ListDataset(ChooseLayout(options, root), options, root); }).find("leave no video"),
      std::string::npos);
  options.compression = "c23";
  EXPECT_EQ(ListDataset(ChooseLayout(options, root), options, root).videos.size(), 2U);
}

TEST(FlatFaceForensicsTest, FoldersOfSplitsHold) {
  MadeTree tree;
  tree.Add({"train/original/000.mp4", "train/Deepfakes/000_003.mp4", "test/original/010.mp4",
            "test/Face2Face/010_011.mp4"});
  const Listing listing = tree.List(LayoutOptions());
  EXPECT_EQ(listing.videos.front().dataset, "faceforensics++");
  for (const Video& video : listing.videos) EXPECT_TRUE(video.id.starts_with(video.split + "/")) << video.id;
}

TEST(FlatFaceForensicsTest, FramesOfVideosThatAreThereAreLeftOut) {
  MadeTree tree;
  const std::string real = "original_sequences/youtube/c23/", fake = "manipulated_sequences/Deepfakes/c23/";
  tree.Add({real + "videos/000.mp4", real + "frames/000/000.png", real + "frames/000/001.png",
            fake + "videos/000_003.mp4", fake + "frames/000_003/000.png", fake + "frames/003_000/000.png"});
  const Listing listing = tree.List(LayoutOptions());
  ASSERT_EQ(listing.videos.size(), 3U) << "and the frames whose video is not there";
  EXPECT_EQ(Find(listing.videos, fake + "frames/003_000/000.png").method, "Deepfakes");
  ASSERT_FALSE(listing.notes.empty());
  EXPECT_EQ(listing.notes.back(), "3 pictures left out, such as " + fake +
                                      "frames/000_003/000.png: the video of the same footage is taken");
}

}  // namespace
}  // namespace seam
