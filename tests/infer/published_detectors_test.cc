// Published detectors, from a file in their authors' container to a score: `seam models import` and `seam
// infer` as a user runs them.

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "scores/score_file.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

const std::string kTiny = "fixtures/detectors/tiny/";

struct Detector {
  const char* file;
  std::string options = "";  // what its names do not tell
};

void PrintTo(const Detector& detector, std::ostream* stream) { *stream << detector.file; }

class PublishedDetectorTest : public testing::TestWithParam<Detector> {
 protected:
  void SetUp() override {
    SEAM_NEEDS_SHARED(kTiny + "tiny.json");
    SEAM_NEEDS_DEMO_CLIP();
    golden_ =
        nlohmann::json::parse(ReadFile(SharedPath(kTiny + "tiny.json"))).at("files").at(GetParam().file);
  }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  void Import(const std::string& checkpoint, const std::string& more) const {
    const std::string options =
        GetParam().options.starts_with("--backbone")
            ? "--backbone " + SharedPath(kTiny + GetParam().options.substr(11)).string()
            : GetParam().options;
    const auto result =
        RunCommand("seam models import " + SharedPath(kTiny + GetParam().file).string() + " " + options +
                   " " + more + " --size " + golden_.at("side").dump() + " -o " + At(checkpoint));
    ASSERT_EQ(result.status, 0) << result.err;
  }

  ScoreRow Score(const std::string& checkpoint, const std::string& input) const {
    const auto result = RunCommand("seam infer --frames 3 --model " + At(checkpoint) + " " + Quoted(input) +
                                   " --output " + At("scores.csv") + " 2>&1");
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    const auto rows = ReadScoreFile(At("scores.csv"));
    return rows.empty() ? ScoreRow() : rows[0];
  }

  TemporaryFolder folder_;
  nlohmann::json golden_;
};

TEST_P(PublishedDetectorTest, AClipGetsAScoreWithTheCheckpointAlone) {
  Import("clip.safetensors", "");
  const ScoreRow row = Score("clip.safetensors", DemoClip().string());
  EXPECT_EQ(row.status, Status::kOk);
  ASSERT_TRUE(row.score.has_value());
  EXPECT_GE(*row.score, 0);
  EXPECT_LE(*row.score, 1);
  EXPECT_EQ(row.frames, 3);
}

// The authors' own answer: the golden picture as it is, in a file without losses.
TEST_P(PublishedDetectorTest, APictureOfTheNetworksSizeGetsItsAuthorsScore) {
  const int side = golden_.at("side");
  cv::Mat picture(side, side, CV_8UC3);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {  // OpenCV has blue first
        picture.at<cv::Vec3b>(y, x)[2 - c] = static_cast<std::uint8_t>(
            (7 * x + 13 * y + 29 * c + 3 * ((x * y) % 31) + 5 * ((x + 2 * y) % 17)) % 256);
      }
    }
  }
  cv::imwrite(At("picture.png"), picture);
  Import("picture.safetensors", "--align square");
  const ScoreRow row = Score("picture.safetensors", At("picture.png"));
  ASSERT_TRUE(row.score.has_value());
  double expected = golden_.at("p_fake")[0];
  if (std::string(GetParam().file).starts_with("polimi") &&
      golden_.contains("logits_with_efficientnet_pytorch_063"))  // of the version that they were trained with
    expected = 1 / (1 + std::exp(-golden_.at("logits_with_efficientnet_pytorch_063")[0][0].get<double>()));
  EXPECT_NEAR(*row.score, expected, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedDetectorTest,
    testing::Values(Detector{"sbi.tar"}, Detector{"dfb_xception.pth"}, Detector{"dfb_ffd.pth"},
                    Detector{"dfb_efficientnetb4.pth"}, Detector{"dfb_resnet34.pth"}, Detector{"dfb_ucf.pth"},
                    Detector{"dfb_spsl.pth"}, Detector{"dfb_f3net.pth"}, Detector{"dfb_srm.pth"},
                    Detector{"dfb_meso4.pth"}, Detector{"dfb_meso4Inception.pth"},
                    Detector{"dfdc_final_111_DeepFakeClassifier_tf_efficientnet_b7_ns_0_36"},
                    Detector{"polimi_EfficientNetB4_training.pth"}, Detector{"polimi_EfficientNetB4ST.pth"},
                    Detector{"polimi_EfficientNetAutoAttB4.pth"},
                    Detector{"polimi_EfficientNetAutoAttB4ST.pth"}, Detector{"polimi_Xception.pth"},
                    Detector{"ffpp_whole_module_legacy.p"},
                    Detector{"cnndetection_blur_jpg_prob0.5.pth", "--recipe cnndetection"},
                    Detector{"corvi2023_weights.pth", "--recipe corvi2023"}, Detector{"npr_NPR.pth"},
                    Detector{"effort_clip_L14.pth", "--variant heads=4"},
                    Detector{"ufd_training_checkpoint.pth", "--variant heads=4"},
                    Detector{"gend_clip_lightning.ckpt", "--variant heads=4"},
                    Detector{"gend_pe/model.safetensors", "--variant heads=4"},
                    Detector{"gend_dinov3/model.safetensors", "--variant heads=4"},
                    Detector{"commfor_checkpoint.pt", "--recipe communityforensics-384 --variant heads=4"},
                    Detector{"hf_vit_deepfake0_real1/model.safetensors"},
                    Detector{"hf_siglip_fake0_real1/model.safetensors"}),
    [](const auto& tested) {
      std::string name = tested.param.file;
      std::replace_if(
          name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

}  // namespace
}  // namespace seam
