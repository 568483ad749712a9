#include "labels/layout.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/labels/made_tree.h"

namespace seam {
namespace {

TEST(ChooseLayoutTest, AutoRecognisesEachDatasetAndSaysWhy) {
  const struct {
    std::vector<std::string> files;
    std::string name, why;
  } cases[] = {
      {{"manipulated_sequences/Deepfakes/c23/videos/000_003.mp4"},
       "faceforensics++",
       "manipulated_sequences/"},
      {{"original_sequences/youtube/c23/videos/000.mp4"}, "faceforensics++", "original_sequences/"},
      {{"Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id1_0000.mp4"}, "celeb-df-v1", "nobody from id17 on"},
      {{"Celeb-real/id0_0000.mp4", "Celeb-synthesis/id59_id1_0000.mp4"}, "celeb-df-v2", "with id59"},
      {{"manipulated_videos/end_to_end/000_M101.mp4"}, "deeperforensics-1.0", "manipulated_videos/"},
      {{"part_0/a.mp4", "part_0/metadata.json"}, "dfdc", "has part_0/metadata.json"},
      {{"real/0001.mp4", "fake/0001_fake.mp4"}, "uadfv", "fake/NNNN_fake beside real/NNNN"},
      {{"real/0001.mp4", "fake/0001.mp4"}, "folder", "has fake/"},
      {{"train/real/a.mp4", "test/fake/b.mp4"}, "folder", "has test/fake/"},
  };
  for (const auto& [files, name, why] : cases) {
    MadeTree tree;
    tree.Add(files);
    for (const std::string& file : files) {
      if (file.ends_with("metadata.json")) tree.Write(file, R"({"a.mp4": {"label": "REAL"}})");
    }
    testing::internal::CaptureStderr();
    EXPECT_EQ(ChooseLayout(LayoutOptions(), tree.path()).name, name);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(said.starts_with("dataset: " + name + ", because ")) << said;
    EXPECT_NE(said.find(why + "\n"), std::string::npos) << said;
  }
}

TEST(ChooseLayoutTest, AutoTellsTheVersionsOfCelebDfApartByTheTestList) {
  MadeTree tree;
  tree.Add({"Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id1_0000.mp4"});
  std::string list;
  for (int i = 0; i < 100; ++i) list += "1 Celeb-real/id0_0000.mp4\n";
  tree.Write("List_of_testing_videos.txt", list);
  EXPECT_EQ(ChooseLayout(LayoutOptions(), tree.path()).name, "celeb-df-v1");
  MadeTree part;  // of version 2, with its part of the list
  part.Add({"Celeb-real/id30_0002.mp4", "Celeb-synthesis/id30_id61_0002.mp4"});
  part.Write("List_of_testing_videos.txt", "1 Celeb-real/id30_0002.mp4\n");
  EXPECT_EQ(ChooseLayout(LayoutOptions(), part.path()).name, "celeb-df-v2");
  tree.Write("List_of_testing_videos.txt", list + "1 Celeb-real/id0_0000.mp4\n");
  EXPECT_EQ(ChooseLayout(LayoutOptions(), tree.path()).name, "celeb-df-v2");
}

TEST(ChooseLayoutTest, AnUnknownNameListsTheLayouts) {
  const auto choose = [] { ChooseLayout(Dataset("imagenet"), "/"); };
  EXPECT_EQ(CatchMessage(choose), "--dataset: 'imagenet' is not a dataset layout");
  EXPECT_EQ(CatchHint(choose),
            "choose from: auto, celeb-df-v1, celeb-df-v2, challenge, cifake, coco-fake, csv, "
            "deeperforensics-1.0, dfdc, dffd, "
            "faceforensics++, folder, list, named, uadfv");
}

TEST(ChooseLayoutTest, AnOptionOfAnotherLayoutIsAUsageError) {
  MadeTree tree;
  tree.Add({"real/a.mp4", "fake/b.mp4"});
  const struct {
    std::string LayoutOptions::*member;
    std::string name, owner;
  } cases[] = {{&LayoutOptions::compression, "compression", "faceforensics++"},
               {&LayoutOptions::methods, "methods", "faceforensics++"},
               {&LayoutOptions::variants, "variants", "deeperforensics-1.0"},
               {&LayoutOptions::reals, "reals", "deeperforensics-1.0 or coco-fake"},
               {&LayoutOptions::csv, "csv", "csv"}};
  for (const auto& [member, name, owner] : cases) {
    LayoutOptions options = Dataset("folder");
    options.*member = "x";
    EXPECT_EQ(tree.Message(options), "--" + name + ": has no meaning for the dataset folder");
    EXPECT_EQ(tree.Hint(options), "it belongs to --dataset " + owner);
  }
  LayoutOptions options;
  options.methods = "Deepfakes";
  EXPECT_EQ(tree.Message(options), "--methods: has no meaning for the dataset folder") << "recognised, too";
}

TEST(ChooseLayoutTest, ARootThatIsTooHighNamesTheFolderBelow) {
  MadeTree tree;
  tree.Add({"sets/Celeb-DF/Celeb-real/id0_0000.mp4", "sets/readme.txt"});
  for (const char* root : {"sets", "."}) {
    const auto choose = [&] { ChooseLayout(Dataset("celeb-df-v2"), tree.path() / root); };
    EXPECT_EQ(CatchMessage(choose),
              (tree.path() / root).string() + ": is no tree of the dataset celeb-df-v2");
    const std::string hint = CatchHint(choose);
    EXPECT_TRUE(
        hint.starts_with("expected Celeb-real/, YouTube-real/, Celeb-synthesis/ and "
                         "List_of_testing_videos.txt; found: "))
        << hint;
    EXPECT_TRUE(hint.ends_with("sets/Celeb-DF instead")) << hint;
  }
}

TEST(ChooseLayoutTest, ARootThatIsTooDeepNamesTheFolderAbove) {
  MadeTree tree;
  tree.Add({"ff/manipulated_sequences/Deepfakes/c23/videos/000_003.mp4"});
  for (const char* root : {"ff/manipulated_sequences", "ff/manipulated_sequences/Deepfakes/c23/videos"}) {
    const std::string hint = CatchHint([&] { ChooseLayout(LayoutOptions(), tree.path() / root); });
    EXPECT_TRUE(hint.ends_with("ff (faceforensics++) instead")) << hint;
  }
}

TEST(ChooseLayoutTest, AutoSaysWhatItFoundWhereItKnowsNothing) {
  MadeTree tree;
  tree.Add({"celebs/a.mp4", "b.mp4"});
  EXPECT_EQ(tree.Message(LayoutOptions()), tree.path().string() + ": is no dataset that Seam recognises");
  EXPECT_EQ(tree.Hint(LayoutOptions()),
            "expected real/ and fake/, or train/, val/ and test/ that hold them, or what --dataset names; "
            "found: b.mp4, celebs/");
}

TEST(ChooseLayoutTest, AStrayMetadataFileIsNoDfdc) {
  MadeTree tree;
  tree.Write("x/metadata.json", R"({"title": "holidays"})");
  tree.Add({"real/a.mp4", "fake/b.mp4"});
  EXPECT_EQ(ChooseLayout(LayoutOptions(), tree.path()).name, "folder");
}

TEST(ChooseLayoutTest, AMissingRootIsAnError) {
  EXPECT_EQ(CatchMessage([] { ChooseLayout(LayoutOptions(), "/nowhere"); }),
            "/nowhere: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace seam
