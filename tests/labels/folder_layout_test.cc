#include "labels/folder_layout.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "labels/split.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class FolderLayoutTest : public testing::Test {
 protected:
  void Make(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      fs::create_directories((folder_ / name).parent_path());
      WriteFile(folder_ / name, "x");
    }
  }
  Listing Listed(const fs::path& root, const std::string& group_by = "") {
    LayoutOptions options;
    options.dataset = "folder";
    options.group_by = group_by;
    return ListDataset(ChooseLayout(options, root), options, root);
  }
  std::vector<Video> List(const std::string& group_by = "") {
    return Listed(folder_.path(), group_by).videos;
  }
  std::string Message(const std::string& group_by = "") {
    return CatchMessage([&] { List(group_by); });
  }
  std::string Hint(const std::string& group_by = "") {
    return CatchHint([&] { List(group_by); });
  }
  std::string Root() const { return folder_.path().string(); }

  TemporaryFolder folder_;
};

using Keys = std::vector<std::string>;

TEST_F(FolderLayoutTest, LabelsByFolderAndNamesMethodsInsideFake) {
  Make({"real/a.mp4", "real/actors/b.mp4", "fake/a.mp4", "fake/FaceSwap/c23/a.mp4"});
  const auto videos = List();
  ASSERT_EQ(videos.size(), 4U);
  EXPECT_EQ(videos[0].id, "fake/FaceSwap/c23/a.mp4");
  EXPECT_EQ(videos[0].path, folder_ / "fake/FaceSwap/c23/a.mp4");
  EXPECT_EQ(videos[0].label, FAKE);
  EXPECT_EQ(videos[0].method, "FaceSwap");
  EXPECT_EQ(videos[0].split, "");
  EXPECT_EQ(videos[1].id, "fake/a.mp4");
  EXPECT_EQ(videos[1].method, "");
  EXPECT_EQ(videos[2].id, "real/a.mp4");
  EXPECT_EQ(videos[2].label, REAL);
  EXPECT_EQ(videos[3].method, "") << "folders inside real/ are no methods";
}

TEST_F(FolderLayoutTest, KnowsTheOtherNamesOfTheFolders) {
  Make({"0_real/a.mp4", "1_fake/b.mp4", "Original/c.mp4", "MANIPULATED/d.mp4"});
  std::vector<Label> labels;
  for (const auto& video : List()) labels.push_back(video.label);
  EXPECT_EQ(labels, (std::vector<Label>{REAL, FAKE, FAKE, REAL}));
}

TEST_F(FolderLayoutTest, AWordOfTheNameSaysTheLabel) {
  const std::pair<const char*, int> names[] = {{"Real", 0},
                                               {"Deepfake", 1},
                                               {"DeepFakes", 1},
                                               {"real_videos", 0},
                                               {"FakeImages", 1},
                                               {"training_real", 0},
                                               {"AI-generated", 1},
                                               {"Pristine", 0},
                                               {"synthetic", 1},
                                               {"1_fake", 1},
                                               {"real_and_fake", -1},
                                               {"Celeb-real", -1},
                                               {"youtube", -1},
                                               {"videos", -1},
                                               {"manipulated_sequences", -1},
                                               {"reality", -1},
                                               {"ai", 1},
                                               {"nature", 0},
                                               {"untampered", 0},
                                               {"FF_Real", 0},
                                               {"spoof", 1},
                                               {"real ai", -1}};
  for (const auto& [name, wanted] : names) {
    Label label = REAL;
    const bool known = LabelOfFolder(name, &label);
    EXPECT_EQ(known ? (label == FAKE ? 1 : 0) : -1, wanted) << name;
  }
}

TEST_F(FolderLayoutTest, ALostClassIsAnError) {
  Make({"Real/a.mp4", "Real/b.mp4", "Neural/a.mp4"});
  EXPECT_EQ(Message(),
            Root() +
                ": only real videos were found, 2 of them, and 1 media file lies outside the folders "
                "of a label and is left out, such as Neural/a.mp4");
  fs::remove_all(folder_ / "Neural");
  EXPECT_EQ(List().size(), 2U) << "reals alone, with nothing left out, may be what is wanted";
  Make({"Fake/a.xyz"});
  EXPECT_EQ(Message(), Root() + ": only real videos were found, 2 of them, and Fake/ holds no fake");
}

TEST_F(FolderLayoutTest, PicturesOfAVideoThatIsThereAreLeftOut) {
  Make({"real/videos/a.mp4", "real/frames/a/0001.png", "real/frames/a/0002.png", "real/frames/c/0001.png",
        "fake/b.mp4", "fake/b/0001.jpg", "fake/faces/b_0001.jpg", "fake/photo_12.jpg"});
  const Listing listing = Listed(folder_.path());
  std::vector<std::string> ids;
  for (const auto& video : listing.videos) ids.push_back(video.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"fake/b.mp4", "fake/photo_12.jpg", "real/frames/c/0001.png",
                                           "real/videos/a.mp4"}));
  EXPECT_EQ(listing.notes.back(),
            "4 pictures left out, such as fake/b/0001.jpg: the video of the same footage is taken");
  EXPECT_EQ(listing.videos[0].method, "") << "videos/ and frames/ are no methods";
}

TEST_F(FolderLayoutTest, FramesInFoldersOfTheirOwnAndPostersAreLeftOut) {
  Make({"real/a.mp4", "real/a.jpg", "real_frames/a/0001.png", "fake/video_1.mp4", "fake/image_1.jpg",
        "fake-faces/video_1/0001.png", "fake-faces/c/0001.png"});
  const Listing listing = Listed(folder_.path());
  std::vector<std::string> ids;
  for (const auto& video : listing.videos) ids.push_back(video.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"fake-faces/c/0001.png", "fake/image_1.jpg", "fake/video_1.mp4",
                                           "real/a.mp4"}));
  EXPECT_EQ(listing.notes.back().substr(0, 19), "3 pictures left out");
}

TEST_F(FolderLayoutTest, TakesTheSplitsOfTheFolders) {
  Make({"train/real/a.jpg", "train/fake/m/a.jpg", "val/real/b.jpg", "test/1_fake/c.jpg"});
  const auto videos = List();
  ASSERT_EQ(videos.size(), 4U);
  EXPECT_EQ(videos[0].split, "test");
  EXPECT_EQ(videos[1].split, "train");
  EXPECT_EQ(videos[1].method, "m");
  EXPECT_EQ(videos[3].split, "val");
}

TEST_F(FolderLayoutTest, TakesValidationForVal) {
  Make({"train/real/a.jpg", "valid/fake/a.jpg", "Validation/fake/b.jpg"});
  for (const auto& video : List()) EXPECT_EQ(video.split, video.id.starts_with("train") ? "train" : "val");
}

TEST_F(FolderLayoutTest, TheFoldersOfLabelsMaySayTheSplit) {
  Make({"real_train/1/a.mp4", "fake_train/1/b.mp4", "real_test/2/c.mp4", "fake_test/2/d.mp4"});
  for (const Video& video : List()) {
    EXPECT_EQ(video.split, video.id.find("train") < 10 ? "train" : "test") << video.id;
    EXPECT_EQ(video.label, video.id.starts_with("fake") ? FAKE : REAL) << video.id;
    EXPECT_EQ(video.method, "") << "a number is no method";
  }
  EXPECT_EQ(List().size(), 4U);
  // One split alone is no division.
  for (const char* name : {"real_train", "fake_train", "real_test", "fake_test"})
    fs::remove_all(folder_ / name);
  Make({"training_real/a.mp4", "training_fake/b.mp4"});
  for (const Video& video : List()) EXPECT_EQ(video.split, "");
}

TEST_F(FolderLayoutTest, TakesTrainingAndTestingForSplits) {
  Make({"Training/real/a.mp4", "Training/fake/b.mp4", "Testing/real/c.mp4", "Testing/fake/d.mp4"});
  for (const Video& video : List())
    EXPECT_EQ(video.split, video.id.starts_with("Training") ? "train" : "test") << video.id;
}

TEST_F(FolderLayoutTest, TheStemIsTheKeyOfRealAndFake) {
  Make({"real/a.b.mp4", "fake/x/a.b.avi"});
  for (const auto& video : List()) EXPECT_EQ(video.keys, Keys{"a.b"});
}

TEST_F(FolderLayoutTest, NumbersThatStartAnewInASplitAreNoLeak) {
  Make({"train/real/1.jpg", "train/fake/1.jpg", "val/real/1.jpg"});
  WriteFile(folder_ / "val/real/1.jpg", "another");
  auto videos = List();
  AssignGroups(&videos);
  EXPECT_TRUE(FindLeaks(videos).empty());
  EXPECT_EQ(videos[0].group, videos[1].group);
}

TEST_F(FolderLayoutTest, GroupByHoldsAcrossSplits) {
  Make({"train/real/id1_7.jpg", "val/real/id1_9.jpg"});
  auto videos = List("id[0-9]+");
  AddContentKeys(&videos);
  AssignGroups(&videos);
  EXPECT_EQ(FindLeaks(videos).size(), 2U);  // the person, and the equal bytes
}

TEST_F(FolderLayoutTest, GroupByTakesAllMatchesWithoutCaptureGroups) {
  Make({"fake/id3_id17_0001.mp4"});
  EXPECT_EQ(List("id[0-9]+")[0].keys, (Keys{"id3", "id17"}));
}

TEST_F(FolderLayoutTest, GroupByTakesCaptureGroupsWhereThereAreSome) {
  Make({"fake/id3_id17_0001.mp4"});
  EXPECT_EQ(List("^(id[0-9]+)_(?:id[0-9]+_)?([0-9]+)")[0].keys, (Keys{"id3", "0001"}));
}

TEST_F(FolderLayoutTest, GroupByDoesNotSeeTheExtension) {
  Make({"fake/481_469.mp4", "real/other.mp4"});
  const auto videos = List("[0-9]+");
  EXPECT_EQ(videos[0].keys, (Keys{"481", "469"}));
  EXPECT_EQ(videos[1].keys, Keys{"other"});
}

TEST_F(FolderLayoutTest, ANameThatGroupByDoesNotMatchKeepsItsStem) {
  Make({"real/id3_1.mp4", "real/other.mp4"});
  EXPECT_EQ(List("id[0-9]+")[1].keys, Keys{"other"});
}

TEST_F(FolderLayoutTest, GroupByThatMatchesNothingIsAnError) {
  Make({"real/a.mp4"});
  EXPECT_EQ(Message("id[0-9]+"), "--group-by: 'id[0-9]+' matches no file name");
  EXPECT_EQ(Hint("id[0-9]+"), "it is matched against names without their extension, such as a");
}

TEST_F(FolderLayoutTest, ABadGroupByIsAUsageErrorInTheLibrarysWords) {
  Make({"real/a.mp4"});
  try {
    List("([0-9]+");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), kExitUsage);
    EXPECT_TRUE(std::string(error.what()).starts_with("--group-by: '([0-9]+' is not a regular expression: "));
    EXPECT_NE(std::string(error.what()).find("Mismatched '('"), std::string::npos) << error.what();
  }
}

TEST_F(FolderLayoutTest, AWrongRootShowsWhatWasExpectedAndFound) {
  Make({"celebs/a.mp4", "b.mp4", "readme.txt"});
  EXPECT_EQ(Message(), Root() + ": is no tree of the dataset folder");
  EXPECT_EQ(Hint(),
            "expected real/ and fake/, or train/, val/ and test/ that hold them; found: b.mp4, celebs/, "
            "readme.txt");
}

TEST_F(FolderLayoutTest, AWrongRootWithManyFilesShowsSome) {
  for (int i = 0; i < 9; ++i) Make({std::string(1, static_cast<char>('a' + i)) + ".mp4"});
  EXPECT_TRUE(Hint().ends_with("found: a.mp4, b.mp4, c.mp4, d.mp4, e.mp4, f.mp4 and 3 more")) << Hint();
}

TEST_F(FolderLayoutTest, AnEmptyFolderIsAnError) {
  EXPECT_EQ(Message(), Root() + ": is no tree of the dataset folder");
  EXPECT_TRUE(Hint().ends_with("found: nothing")) << Hint();
}

TEST_F(FolderLayoutTest, EmptyClassFoldersAreAnError) {
  fs::create_directories(folder_ / "real");
  fs::create_directories(folder_ / "fake");
  EXPECT_TRUE(Hint().ends_with("found: fake/, real/")) << Hint();
}

TEST_F(FolderLayoutTest, OneClassAloneIsAllowed) {
  Make({"real/a.mp4"});
  fs::create_directories(folder_ / "fake");
  EXPECT_EQ(List().size(), 1U);
}

TEST_F(FolderLayoutTest, ClassesBesideSplitsAreAnError) {
  Make({"train/real/a.mp4", "real/b.mp4"});
  EXPECT_EQ(Message(),
            Root() + ": some videos lie in a split (train/real/a.mp4), others do not (real/b.mp4)");
}

TEST_F(FolderLayoutTest, SplitsInsideClassesAreAnError) {
  Make({"real/train/a.mp4", "fake/train/b.mp4"});
  EXPECT_EQ(Message(), Root() + ": the split is inside the class (fake/train); it has to be train/fake");
}

TEST_F(FolderLayoutTest, WarnsOfFilesThatLieElsewhere) {
  Make({"real/a.mp4", "fake/a.mp4", "masks/a.png", "b.mp4"});
  const Listing listing = Listed(folder_.path());
  EXPECT_EQ(listing.videos.size(), 2U);
  EXPECT_EQ(
      listing.warnings,
      Keys{Root() + ": 2 media files lie outside the folders of a label and are left out, such as b.mp4"});
}

TEST_F(FolderLayoutTest, WarnsOnceOfFilesThatAreNoMediaWithTheirKinds) {
  Make({"real/a.mp4", "real/b.txt", "fake/a.mp4", "fake/c.TXT", "fake/d.docx", "fake/e"});
  EXPECT_EQ(
      Listed(folder_.path()).warnings,
      Keys{Root() +
           ": 4 files are neither video nor picture and passed over: 2 .txt, 1 without an ending, 1 .docx"});
}

TEST_F(FolderLayoutTest, VideosThatSeamCannotReadAreListedToBeTold) {
  Make({"real/a.mp4", "fake/b.wmv", "fake/c.VOB"});
  const Listing listing = Listed(folder_.path());
  EXPECT_EQ(listing.videos.size(), 3U);
  EXPECT_TRUE(listing.warnings.empty());
}

TEST_F(FolderLayoutTest, IdsDoNotDependOnHowTheRootIsWritten) {
  Make({"real/a.mp4"});
  for (const std::string& root : {Root(), Root() + "/", Root() + "/real/..", Root() + "/./"}) {
    EXPECT_EQ(Listed(root).videos.at(0).id, "real/a.mp4") << root;
  }
}

TEST_F(FolderLayoutTest, NamesThatAreNotUtf8StayApart) {
  Make({"real/a\xff.mp4", "real/a\\xff.mp4"});
  const auto videos = List();
  ASSERT_EQ(videos.size(), 2U);
  EXPECT_EQ(videos[0].id, "real/a\\x5cxff.mp4");
  EXPECT_EQ(videos[1].id, "real/a\\xff.mp4");
  EXPECT_EQ(ReadFile(videos[1].path), "x");
}

class SharedFacesTest : public FolderLayoutTest {};

TEST_F(SharedFacesTest, SplitsAndLabelsAreRecognised) {
  SEAM_NEEDS_SHARED("data/faces");
  auto videos = Listed(SharedPath("data/faces")).videos;
  const auto count = [&](const std::string& split, Label label) {
    return std::count_if(videos.begin(), videos.end(),
                         [&](const Video& video) { return video.split == split && video.label == label; });
  };
  EXPECT_EQ(count("train", REAL), 5000);
  EXPECT_EQ(count("train", FAKE), 5000);
  EXPECT_EQ(count("val", REAL), 750);
  EXPECT_EQ(count("val", FAKE), 750);
  AssignGroups(&videos);
  EXPECT_TRUE(FindLeaks(videos).empty());
}

TEST_F(FolderLayoutTest, NumberedPicturesOfAFolderAreOneVideo) {
  Make({"real/anna/0001.png", "real/anna/0002.png", "real/bea/frame_0001.JPG", "fake/DF/anna/0001.png",
        "real/0003.png", "real/bea/portrait.png", "real/bea/0001.mp4"});
  const Listing listing = Listed(folder_.path());
  std::vector<std::string> keys;
  for (const auto& video : listing.videos) keys.push_back(video.keys.at(0));
  EXPECT_EQ(keys, (Keys{"anna", "0003", "anna", "anna", "0001", "bea", "portrait"}));
  EXPECT_EQ(listing.notes, (Keys{"4 numbered pictures in 3 folders, such as fake/DF/anna: the pictures of a "
                                 "folder count as one video's"}));
  EXPECT_EQ(List("^.")[2].keys, Keys{"a"}) << "--group-by sees the folder's name";
}

TEST_F(FolderLayoutTest, FramesOfOneVideoStayInOneSplit) {
  for (int video = 0; video < 12; ++video) {
    for (int frame = 0; frame < 5; ++frame)
      Make({"real/v" + std::to_string(video) + "/" + std::to_string(frame) + ".png"});
  }
  auto videos = List();
  AssignGroups(&videos);
  AssignSplits(SplitOptions(), kSplits, &videos);
  std::set<std::pair<fs::path, std::string>> splits;
  for (const auto& video : videos) splits.emplace(fs::path(video.id).parent_path(), video.split);
  EXPECT_EQ(splits.size(), 12U);
}

TEST_F(FolderLayoutTest, AFileAsRootIsToldAsSuch) {
  Make({"real/a.mp4"});
  EXPECT_NE(CatchHint([&] { Listed(folder_ / "real/a.mp4"); }).find("; found: a file"), std::string::npos);
}

}  // namespace
}  // namespace seam
