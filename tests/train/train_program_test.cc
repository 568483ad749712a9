#include <gmock/gmock.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "evaluate/calibration.h"
#include "models/torch/checkpoint.h"
#include "proto/event.pb.h"
#include "proto/shard.h"
#include "proto/tfrecord.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"
#include "tests/train/made_face.h"
#include "tests/train/train_program.h"
#include "train/classifier/validation.h"
#include "train/data/dataset.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

using TrainProgramTest = TrainProgram;

TEST_F(TrainProgramTest, LearnsToTellTwoTexturesApart) {
  Make({.train = 64, .val = 32});
  const auto result = Train("--epochs 4 --lr 0.003 --augment flip");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, ContainsRegex("epoch 4/4: train loss [0-9.]+, val loss [0-9.]+, "
                                        "val AUC frame [0-9.]+, video [0-9.]+\n"));
  const auto best = LoadCheckpoint(run() / "best.safetensors");
  EXPECT_EQ(best.info.model, "meso4");
  EXPECT_EQ(best.info.crop.detector(), "retinaface");
  EXPECT_THAT(best.info.recipe, AllOf(HasSubstr("\"sha256\""), HasSubstr("\"lr\":0.003")));
  const auto position = best.info.metrics.find("\"val_auc_frame\":");
  ASSERT_NE(position, std::string::npos) << best.info.metrics;
  EXPECT_GE(std::stod(best.info.metrics.substr(position + 16)), 0.95) << result.out;
  for (const char* file : {"epoch-0001.safetensors", "epoch-0004.safetensors", "last.safetensors",
                           "last.state.safetensors", "metrics.csv", "run.json"}) {
    EXPECT_TRUE(fs::exists(run() / file)) << file;
  }
}

TEST_F(TrainProgramTest, SwapsAndXraysTrainTheSameInOneGoAndResumed) {
  Make({.train = 16, .val = 4, .size = 96, .change = [](const std::string&, int, Clip* clip) {
          SetPoints(MadeFace({48, 48}, 60), clip->mutable_frames(0));
        }});
  const std::string recipe =
      "--size 96 --fakes both --sbi-swap 0.7 --sbi-plain 0.5 --schedule constant --warmup 0 --epochs ";
  const auto whole = Train(recipe + "2 --xray 1", "whole");
  ASSERT_EQ(whole.status, 0) << whole.err;
  ASSERT_EQ(Train(recipe + "1 --xray 1 --workers 2", "parts").status, 0);
  ASSERT_EQ(Train("--resume --epochs 2", "parts").status, 0);
  ExpectSameWeights(run("whole") / "last.safetensors", run("parts") / "last.safetensors");
  ASSERT_EQ(Train(recipe + "2", "blind").status, 0);
  const auto one = ListWeights(*LoadCheckpoint(run("whole") / "last.safetensors").model);
  const auto other = ListWeights(*LoadCheckpoint(run("blind") / "last.safetensors").model);
  ASSERT_EQ(one.size(), other.size()) << "the map adds no weights";
  EXPECT_FALSE(torch::equal(one.begin()->second, other.at(one.begin()->first)));
}

TEST_F(TrainProgramTest, EveryCheckpointHoldsACalibrationOfVal) {
  Make({.train = 16, .val = 12, .clips_per_video = 2, .size = 32});
  const auto result = RunCommand("seam-train --data " + Quoted(data().string()) + " --output " +
                                 Quoted(run().string()) + " --size 32 --epochs 2 --threads 1");
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* file : {"epoch-0001.safetensors", "best.safetensors", "last.safetensors"}) {
    const auto info = LoadCheckpoint(run() / file).info;
    ASSERT_TRUE(info.calibration) << file;
    EXPECT_EQ(info.threshold, info.calibration->threshold_eer);
    EXPECT_LE(info.calibration->band_low, info.threshold);
    EXPECT_GE(info.calibration->band_high, info.threshold);
    EXPECT_EQ(info.calibration->real, 3);
    EXPECT_EQ(info.calibration->fake, 3);
    EXPECT_THAT(info.metrics, AllOf(HasSubstr("\"val_auc_video_low\""), HasSubstr("\"val_eer_frame\"")));
  }
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("\n  frames "), HasSubstr("\n  videos "), HasSubstr("a video is fake from ")));
  EXPECT_THAT(result.err, AllOf(HasSubstr("rough: 3 real videos are few (below 20); 3 fake videos are few"),
                                ContainsRegex("crops/s, [0-9:]+.*, loss [0-9.]+, memory [0-9.]+ [MG]B")));
}

TEST_F(TrainProgramTest, RecordTellsTheSourceAndTheMachine) {
  Make({.train = 4, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1").status, 0);
  const std::string record = Bytes("run", "run.json");
  EXPECT_THAT(record,
              AllOf(ContainsRegex("\"git\": \"[A-Za-z0-9._+/-]+\""), ContainsRegex("\"memory_bytes\": [1-9]"),
                    HasSubstr("\"gpus\": ["), HasSubstr("\"processor\": "), HasSubstr("\"sha256\": ")));
  const auto info = LoadCheckpoint(run() / "last.safetensors").info;
  EXPECT_THAT(info.recipe,
              AllOf(HasSubstr("\"git\":"), Not(HasSubstr("memory_bytes")), Not(HasSubstr("events"))));
}

// The event files of a run, in the order of their names.
std::vector<std::string> EventFiles(const fs::path& run) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("events.out.tfevents.")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<tensorboard::Event> ReadEvents(const fs::path& path) {
  const std::string bytes = ReadFile(path);
  std::vector<tensorboard::Event> events;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t length = LoadLittle64(std::string_view(bytes).substr(at));
    tensorboard::Event event;
    EXPECT_TRUE(event.ParseFromString(bytes.substr(at + 12, length)));
    events.push_back(event);
    at += 12 + length + 4;
  }
  return events;
}

// "step tag" of every value.
std::vector<std::string> Points(const std::vector<tensorboard::Event>& events) {
  std::vector<std::string> points;
  for (const auto& event : events) {
    for (const auto& value : event.summary().value())
      points.push_back(std::to_string(event.step()) + " " + value.tag());
  }
  return points;
}

TEST_F(TrainProgramTest, EventsShowBatchesAndEpochs) {
  Make({.train = 24, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 2 --events 2").status, 0);  // 3 batches an epoch
  ASSERT_EQ(EventFiles(run()).size(), 1U);
  const auto events = ReadEvents(run() / EventFiles(run())[0]);
  const auto points = Points(events);
  for (const char* point :
       {"1 train/first_batch", "1 train/batch_loss", "2 train/lr", "6 train/batch_loss", "3 val/auc_video",
        "3 val/auc_video_low", "6 val/loss", "6 val/videos", "6 val/frames"})
    EXPECT_THAT(points, testing::Contains(point));
  EXPECT_THAT(points, Not(testing::Contains("3 train/batch_loss")));
  for (const auto& event : events) {
    for (const auto& value : event.summary().value()) {
      if (value.tag() != "train/first_batch") continue;
      const std::string& png = value.image().encoded_image_string();
      const cv::Mat sheet = cv::imdecode(std::vector<uchar>(png.begin(), png.end()), cv::IMREAD_COLOR);
      EXPECT_EQ(sheet.cols, value.image().width());
      EXPECT_EQ(sheet.rows, value.image().height());
    }
  }
}

TEST_F(TrainProgramTest, ResumedRunTakesBackTheEventsOfTheEpochThatWasLost) {
  Make({.train = 24, .val = 4, .size = 32});
  const std::string options = "--size 32 --events 1 --schedule constant --warmup 0 ";
  StopAfterAnEpoch(Command(options + "--epochs 1000"), "KILL");
  const int kept = LoadCheckpoint(run() / "last.safetensors").info.epoch;
  ASSERT_EQ(Train("--resume --epochs " + std::to_string(kept + 2)).status, 0);
  const auto files = EventFiles(run());
  ASSERT_EQ(files.size(), 2U);
  const auto later = ReadEvents(run() / files[1]);
  ASSERT_GE(later.size(), 2U);
  ASSERT_EQ(later[1].session_log().status(), tensorboard::SessionLog::START);
  EXPECT_EQ(later[1].step(), 3 * kept + 1);
  EXPECT_THAT(Points(later), AllOf(testing::Contains(std::to_string(3 * kept + 1) + " train/batch_loss"),
                                   Not(testing::Contains(std::to_string(3 * kept) + " val/loss"))));
}

TEST_F(TrainProgramTest, EventsCanBeLeftOutAndAreOverwritten) {
  Make({.train = 8, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1").status, 0);
  EXPECT_EQ(EventFiles(run()).size(), 1U);
  WriteFile(run() / "events.out.tfevents.1.mine", "another program's");
  ASSERT_EQ(Train("--size 32 --epochs 1 --overwrite --events 0").status, 0);
  EXPECT_EQ(EventFiles(run()), std::vector<std::string>{"events.out.tfevents.1.mine"});
}

TEST_F(TrainProgramTest, SameSeedGivesTheSameWeightsAndAnotherDoesNot) {
  Make({.train = 16, .val = 4});
  ASSERT_EQ(Train("--epochs 1 --workers 1", "a").status, 0);
  ASSERT_EQ(Train("--epochs 1 --workers 3", "b").status, 0);
  ASSERT_EQ(Train("--epochs 1 --seed 2", "c").status, 0);
  ExpectSameWeights(run("a") / "last.safetensors", run("b") / "last.safetensors");
  const auto a = ListWeights(*LoadCheckpoint(run("a") / "last.safetensors").model);
  const auto c = ListWeights(*LoadCheckpoint(run("c") / "last.safetensors").model);
  EXPECT_FALSE(torch::equal(a.at("conv1.weight"), c.at("conv1.weight")));
}

TEST_F(TrainProgramTest, LossThatIsNoNumberStopsAndKeepsTheLastCheckpoint) {
  Make({.train = 24, .val = 4});
  ASSERT_EQ(Train("--epochs 1", "good").status, 0);
  const auto result = Train("--epochs 3 --lr 1e30 --warmup 0");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              AllOf(ContainsRegex("the loss is -?(nan|inf) in epoch 1, batch 2 \\(videos "),
                    HasSubstr("/train-0"), HasSubstr("hint: a lower --lr helps; no epoch was kept")));
  EXPECT_FALSE(fs::exists(run() / "last.safetensors"));
}

TEST_F(TrainProgramTest, RunIsNotOverwrittenUnasked) {
  Make({.train = 8, .val = 4});
  ASSERT_EQ(Train("--epochs 1").status, 0);
  ExpectError(Train("--epochs 1"), 1, "holds a run already",
              "--resume goes on with it, --overwrite removes it");
  EXPECT_EQ(Train("--epochs 2 --overwrite").status, 0);
  EXPECT_EQ(LoadCheckpoint(run() / "last.safetensors").info.epoch, 2);
}

// 20 videos of one dataset and 4 of another: these count a quarter as much, not a fifth.
TEST_F(TrainProgramTest, EachDatasetOfValCountsInTheCalibration) {
  Make({.train = 64, .val = 20});
  MadeDataset made{.train = 4, .val = 4};
  made.change = [](const std::string& split, int, Clip* clip) {
    clip->set_dataset("other");
    if (split == "val")
      clip->set_label(clip->label() == REAL ? FAKE : REAL);     // nothing that it learns is true of it
    clip->mutable_frames(0)->mutable_image()->append("other");  // behind the JPEG's end
  };
  MakeDataset(folder_ / "other", made);
  ASSERT_EQ(
      RunCommand("seam-train --quiet --epochs 4 --lr 0.003 --augment flip --batch 8 --threads 1 --data " +
                 Quoted(data().string() + "," + (folder_ / "other").string()) + " --output " +
                 Quoted(run().string()))
          .status,
      0);
  const auto checkpoint = LoadCheckpoint(run() / "last.safetensors");
  const ClipDataset val({{data(), 1}, {folder_ / "other", 1}}, "val", ClipDataset::kStrict);
  const auto scores = ScoreClips(val, {}, checkpoint.model.get());
  ASSERT_TRUE(scores);
  const auto videos = VideoScores(val, *scores);
  const auto expected =
      Calibrate(videos.scores, videos.labels, DatasetWeights(videos.labels, videos.datasets));
  EXPECT_GT(std::abs(Calibrate(videos.scores, videos.labels).temperature - expected.temperature), 0.01);
  ASSERT_TRUE(checkpoint.info.calibration);
  EXPECT_NEAR(checkpoint.info.calibration->temperature, expected.temperature, 1e-4);
  EXPECT_NEAR(checkpoint.info.calibration->threshold_eer, expected.threshold_eer, 1e-6);
  EXPECT_NEAR(checkpoint.info.calibration->band_low, expected.band_low, 1e-6);
  EXPECT_NEAR(checkpoint.info.calibration->band_high, expected.band_high, 1e-6);
}

// Of two folders one may hold everybody's faces; the threshold is for those of val.
TEST_F(TrainProgramTest, FoldersMayDifferInWhoseFacesTheyHold) {
  Make({.train = 8, .val = 4, .size = 32});
  MadeDataset made{.train = 8, .val = 0, .size = 32};
  made.change = [](const std::string&, int, Clip* clip) {
    clip->set_dataset("other");
    clip->mutable_crop()->set_faces("all");
    clip->mutable_frames(0)->mutable_image()->append("other");
  };
  MakeDataset(folder_ / "other", made);
  const std::string output = " --output " + Quoted(run().string());
  ASSERT_EQ(RunCommand("seam-train --quiet --size 32 --epochs 1 --data " +
                       Quoted((folder_ / "other").string() + "," + data().string()) + output)
                .status,
            0);
  EXPECT_NE(LoadCheckpoint(run() / "last.safetensors").info.crop.faces(), "all");
  EXPECT_THAT(Bytes("run", "run.json"), HasSubstr("\"faces\": \"all\""));
}

// An option that came later than the run: it had none.
TEST_F(TrainProgramTest, ResumeRefusesAnOptionThatTheRunDoesNotKnow) {
  Make({.train = 8, .val = 4});
  ASSERT_EQ(Train("--epochs 1").status, 0);
  auto record = nlohmann::json::parse(Bytes("run", "run.json"));
  ASSERT_EQ(record.at("options").erase("augment-warp"), 1U);
  WriteFile(run() / "run.json", record.dump());
  ExpectError(Train("--resume --epochs 2 --augment-warp 1"), 2,
              "--augment-warp: was given, but the run was made by a Seam that did not know it",
              "leave it out");
  EXPECT_EQ(Train("--resume --epochs 2").status, 0);
}

TEST_F(TrainProgramTest, ResumeRefusesOtherOptionsAndOtherData) {
  Make({.train = 8, .val = 4});
  ExpectError(Train("--resume"), 1, "holds no run to resume", "leave --resume out");
  ASSERT_EQ(Train("--epochs 1").status, 0);
  ExpectError(Train("--resume --lr 0.5"), 2, "--lr: 0.5 was given, but the run was made with 0.001",
              "leave it out");
  ExpectError(Train("--resume --overwrite"), 2, "--resume: contradicts --overwrite", "one of them");
  Make({.train = 10, .val = 4});
  ExpectError(Train("--resume"), 1, "made with other shards of the split 'train'", "--data");
}

TEST_F(TrainProgramTest, NothingIsWrittenWhenTheDataDoesNotFit) {
  Make({.train = 8, .val = 4, .size = 64});
  ExpectError(Train(""), 1, "the crops are 64x64, but meso4 takes 256x256",
              "extract the dataset with --size 256");
  EXPECT_FALSE(fs::exists(run()));
}

TEST_F(TrainProgramTest, TemporalNetworkTrainsOnWindowsOfLongerClips) {
  Make({.train = 8, .val = 4, .frames = 4, .size = 32});
  const std::string options = "--size 32 --temporal lstm --lstm-hidden 4 --epochs 1 --window ";
  const auto result = Train(options + "3");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(LoadCheckpoint(run() / "best.safetensors").model->input().frames, 3);
  ExpectError(Train(options + "5", "long"), 1, "the clips have 4 frames, but meso4 looks at windows of 5",
              "smaller --window");
}

TEST_F(TrainProgramTest, PatienceEndsTheRunAndMorePatienceGoesOn) {
  Make({.train = 8, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "first").status, 0);
  // Nothing changes, so that no epoch is better than the first.
  ASSERT_EQ(Train("--size 32 --epochs 9 --lr 1e-30 --freeze-backbone 9 --patience 2 --init " +
                  Quoted((run("first") / "last.safetensors").string()))
                .status,
            0);
  EXPECT_EQ(LoadCheckpoint(run() / "last.safetensors").info.epoch, 3);
  const auto again = RunCommand("seam-train --resume --output " + Quoted(run().string()));
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.err, HasSubstr("no epoch was better than epoch 1 for 2 epochs (--patience 2)"));
  EXPECT_EQ(LoadCheckpoint(run() / "last.safetensors").info.epoch, 3);
  ASSERT_EQ(Train("--resume --patience 3").status, 0);
  EXPECT_EQ(LoadCheckpoint(run() / "last.safetensors").info.epoch, 4);
}

TEST_F(TrainProgramTest, WhatTheMachineHasNotIsAnError) {
  Make({.train = 4, .val = 4, .size = 32});
  ExpectError(Train("--size 32 --device cpu --precision fp16"), 1, "--precision: fp16 needs a CUDA device",
              "fp32 works everywhere");
}

TEST_F(TrainProgramTest, MissingDataIsAnError) {
  ExpectError(Train(""), 1, "no such folder", "seam extract");
  fs::create_directories(data());
  WriteFile(data() / "dataset.json", "{}");
  ExpectError(Train(""), 1, "holds no shards of 'train'", "seam extract");
  Make({.train = 8, .val = 0});
  ExpectError(Train(""), 1, "holds no shards of 'val'", "it holds shards of: train");
}

TEST_F(TrainProgramTest, OneClassAloneIsAnError) {
  MadeDataset made{.train = 4, .val = 4};
  made.change = [](const std::string& split, int, Clip* clip) {
    if (split == "train") clip->set_label(REAL);
  };
  Make(made);
  ExpectError(Train(""), 1, "all 4 clips of the split 'train' are real", "need real and fake clips");
  made.change = [](const std::string& split, int, Clip* clip) {
    if (split == "val") clip->set_label(FAKE);
  };
  Make(made);
  ExpectError(Train(""), 1, "all 4 clips of the split 'val' are fake", "need real and fake clips");
}

TEST_F(TrainProgramTest, LeakingDatasetIsRefusedUnlessAllowed) {
  Make({.train = 8, .val = 4, .json = R"({"leaks": true})"});
  ExpectError(Train("--epochs 1"), 1, "its splits share footage or people", "--allow-leak");
  const auto allowed = Train("--epochs 1 --allow-leak");
  EXPECT_EQ(allowed.status, 0);
  EXPECT_THAT(allowed.err, AllOf(HasSubstr("warning: "), HasSubstr("the metrics on val mean little")));
}

TEST_F(TrainProgramTest, GroupInTwoSplitsIsRefused) {
  MadeDataset made{.train = 8, .val = 4};
  made.change = [](const std::string&, int number, Clip* clip) {
    if (number == 1) clip->set_group("actor 7");
  };
  Make(made);
  ExpectError(Train(""), 1, "the group 'actor 7' stands in train and in val", "--allow-leak");
}

TEST_F(TrainProgramTest, SeveralFoldersAreRecordedAndComparedWhenItGoesOn) {
  const auto other = [&](int train) {
    MadeDataset made{.train = train, .val = 2, .size = 32};
    made.change = [](const std::string&, int, Clip* clip) {
      clip->set_dataset("other");
      clip->mutable_frames(0)->mutable_image()->append("other");  // behind the JPEG's end
    };
    MakeDataset(folder_ / "other", made);
  };
  Make({.train = 8, .val = 4, .size = 32});
  other(6);
  const std::string both = "--data " + Quoted(data().string() + "," + (folder_ / "other").string()) +
                           " --output " + Quoted(run().string());
  const auto result = RunCommand(
      "seam-train --quiet --size 32 --epochs 1 --batch 4 --balance method --pairs "
      "--data-weights 1,2 " +
      both);
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string json = Bytes("run", "run.json");
  EXPECT_THAT(json, AllOf(HasSubstr("\"folders\""), HasSubstr("\"weight\": 2.0"),
                          HasSubstr("\"data-weights\": \"1,2\"")));
  EXPECT_EQ(RunCommand("seam-train --quiet --resume --epochs 2 --output " + Quoted(run().string())).status,
            0);
  // Of each epoch, a line for each dataset; what was measured before the run went on stays.
  EXPECT_THAT(Bytes("run", "val_parts.csv"),
              ContainsRegex("^epoch,part,real,fake,val_auc_video,val_auc_video_low,val_auc_video_high,"
                            "val_auc_frame\n1,made,2,2,.*\n1,other,1,1,.*\n2,made,.*\n2,other,.*\n$"));
  EXPECT_THAT(result.out, ContainsRegex("part +reals +fakes +AUC of videos +of frames\n  made +2 +2 +[01]"));
  other(7);
  ExpectError(RunCommand("seam-train --quiet --resume " + both), 1,
              "made with other shards of the split 'train': those of folder 2 of --data differ", "--data");
  ExpectError(RunCommand("seam-train --quiet --resume --data " + Quoted(data().string()) + " --output " +
                         Quoted(run().string())),
              2, "--data-weights: 2 weights for 1 folders", "one for each folder");
}

TEST_F(TrainProgramTest, DamagedShardsAndPicturesAreLeftOutAndRecorded) {
  MadeDataset made{.train = 12, .val = 4, .size = 32};
  made.change = [](const std::string& split, int number, Clip* clip) {
    if (split == "train" && number == 1) clip->mutable_frames(0)->set_image("no picture");
  };
  Make(made);
  const auto shard = FindShards(data(), "train").front();
  Damage(shard, fs::file_size(shard) / 2);
  const auto result = Train("--size 32 --epochs 2");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 of 12 records are damaged and left out"),
                                HasSubstr("record 1: frame 0 of fake/train-0001.mp4: not a JPEG picture")));
  EXPECT_EQ(result.err.find("record 1:"), result.err.rfind("record 1:"));  // once in two epochs
  EXPECT_THAT(Bytes("run", "run.json"),
              AllOf(HasSubstr("\"left_out\": 1"), HasSubstr("\"bad_pictures\": 1")));
  ExpectError(Train("--size 32 --epochs 1 --strict-data", "strict"), 1, "the data checksum does not match",
              "copy the file again");
}

TEST_F(TrainProgramTest, BadOptionsAreUsageErrors) {
  Make({.train = 2, .val = 2, .size = 32});
  ExpectError(Train("--epochs 0"), 2, "--epochs: must be from 1 to 9999, not 0", "usual");
  ExpectError(Train("--augment-jpeg 2"), 2, "--augment-jpeg: 2 is not a probability", "from 0 to 1");
  ExpectError(Train("--balance all"), 2, "--balance: 'all' is not a choice", "none, class, method");
  ExpectError(RunCommand("seam-train --data x --output y --pairs --batch 5"), 2,
              "--pairs: cannot fill batches of 5", "even --batch");
  ExpectError(Train("--augment wild"), 2, "--augment: 'wild' is not a choice", "strong");
  ExpectError(RunCommand("seam-train --data x --output y --batch 0"), 2,
              "--batch: must be from 1 to 65536, not 0", "usual");
  ExpectError(Train("--lr=-1"), 2, "--lr: must be above 0, not -1", "1e-3");
  ExpectError(Train("--weight-decay=-1"), 2, "--weight-decay: must be at least 0, not -1", "usual");
  ExpectError(Train("--events=-1"), 2, "--events: must be from 0 to 1000000, not -1", "10 is usual");
  ExpectError(Train("--warmup 2"), 2, "--warmup: must be from 0 to 1, not 2", "usual");
  ExpectError(Train("--schedule steps"), 2, "--schedule: 'steps' is not a choice", "cosine, linear, plateau");
  ExpectError(Train("--plateau-factor 1"), 2, "--plateau-factor: must be above 0 and below 1, not 1", "0.1");
  ExpectError(Train("--plateau-patience 0"), 2, "--plateau-patience: must be from 1 to 9999, not 0", "usual");
  ExpectError(Train("--optimizer adam"), 2, "--optimizer: 'adam' is not a choice", "adamw, sgd");
  ExpectError(Train("--momentum 1"), 2, "--momentum: must be from 0 to below 1, not 1", "0.9");
  ExpectError(Train("--nesterov"), 2, "--nesterov: is of sgd alone", "--optimizer sgd");
  ExpectError(Train("--nesterov --optimizer sgd --momentum 0"), 2, "there is no momentum", "--momentum 0.9");
  ExpectError(Train("--sam-rho=-1"), 2, "--sam-rho: must be at least 0, not -1", "0.05 is usual");
  ExpectError(Train("--xray=-1"), 2, "--xray: must be at least 0, not -1", "usual");
  ExpectError(Train("--xray 1"), 2, "--xray: nothing says where stored fakes are blended", "--fakes sbi");
  ExpectError(Train("--clip-norm=-1"), 2, "--clip-norm: must be at least 0, not -1", "usual");
  ExpectError(Train("--label-smoothing 1"), 2, "--label-smoothing: must be from 0 to below 1, not 1",
              "usual");
  ExpectError(Train("--ema 1"), 2, "--ema: must be from 0 to below 1, not 1", "0.9999");
  ExpectError(Train("--accumulate 0"), 2, "--accumulate: must be from 1 to 65536, not 0", "1 steps");
  ExpectError(Train("--patience=-1"), 2, "--patience: must be from 0 to 9999, not -1", "usual");
  ExpectError(Train("--freeze-backbone 2"), 2, "the backbone would keep its random weights", "--init");
  ExpectError(Train("--precision fp8"), 2, "--precision: 'fp8' is not a choice", "bf16, fp16, auto");
  ExpectError(Train("--model meso5"), 2, "'meso5' is not a network", "meso4");
  ExpectError(RunCommand("seam-train --output x"), 2, "--data: missing", "seam extract");
  ExpectError(RunCommand("seam-train --data x"), 2, "--output: missing", "folder");
}

TEST_F(TrainProgramTest, PreviewShowsBothClassesAndTrainsNothing) {
  Make({.train = 6, .val = 2, .frames = 2, .size = 64});
  const auto sheet = folder_ / "sheet.png";
  const auto result =
      RunCommand("seam-train --data " + Quoted(data().string()) + " --preview " + Quoted(sheet.string()));
  ASSERT_EQ(result.status, 0) << result.err;
  const cv::Mat picture = cv::imread(sheet.string());
  ASSERT_FALSE(picture.empty());
  const cv::Vec3b real = picture.at<cv::Vec3b>(2, 2);
  EXPECT_GT(real[1], real[2]);  // green for real
  int red = 0;
  for (int x = 0; x < picture.cols; ++x) red += picture.at<cv::Vec3b>(2, x)[2] > 200 ? 1 : 0;
  EXPECT_GT(red, 256);  // red for fake, in the same row of the sheet
  EXPECT_FALSE(fs::exists(run()));
}

TEST_F(TrainProgramTest, HelpListsTheOptions) {
  const auto result = RunCommand("seam-train --help");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("--data"), HasSubstr("--resume"), HasSubstr("seam train --data")));
}

}  // namespace
}  // namespace seam
