// What each stage from a video to a score costs, on one thread:
//
//   stage_bench VIDEO [Google Benchmark's options]
//
// Ratios between the rows hold on a noisy machine, single figures do not.

#include <cstdio>

#include <benchmark/benchmark.h>

#include "base/program.h"
#include "extract/crop.h"
#include "extract/face_detector.h"
#include "extract/video_reader.h"
#include "infer/predictor.h"
#include "proto/picture.h"

namespace seam {
namespace {

std::string video;

cv::Mat FirstPicture() {
  VideoReader reader(video);
  reader.Next();
  return reader.Frame().Picture();
}

CropSpec JpegSpec() {
  CropSpec spec;
  spec.set_size(256);
  spec.set_encoding("jpeg");
  spec.set_quality(95);
  return spec;
}

cv::Mat Crop() {
  const cv::Mat picture = FirstPicture();
  return CropSquare(picture, cv::Rect2f({}, cv::Size2f(picture.size())), 0.3, 256);
}

// Items are frames.
void BM_Scan(benchmark::State& state) {
  std::int64_t frames = 0;
  for (auto _ : state) frames += static_cast<std::int64_t>(ScanVideo(video).times.size());
  state.SetItemsProcessed(frames);
}

void BM_Decode(benchmark::State& state) {
  std::int64_t frames = 0;
  for (auto _ : state) {
    VideoReader reader(video);
    while (reader.Next()) ++frames;
  }
  state.SetItemsProcessed(frames);
}

void BM_Convert(benchmark::State& state) {
  VideoReader reader(video);
  reader.Next();
  for (auto _ : state) benchmark::DoNotOptimize(reader.Frame().Picture());
  state.SetItemsProcessed(state.iterations());
}

void BM_Detect(benchmark::State& state, const std::string& name) {
  DetectorOptions options;
  options.detector = name;
  const auto detector = MakeFaceDetector(options);
  const cv::Mat picture = FirstPicture();
  for (auto _ : state) benchmark::DoNotOptimize(detector->Detect(picture));
  state.SetItemsProcessed(state.iterations());
}

void BM_Crop(benchmark::State& state) {
  const cv::Mat picture = FirstPicture();
  const cv::Rect2f box(static_cast<float>(picture.cols) / 4, static_cast<float>(picture.rows) / 4,
                       static_cast<float>(picture.cols) / 2, static_cast<float>(picture.rows) / 2);
  for (auto _ : state) benchmark::DoNotOptimize(CropSquare(picture, box, 0.3, 256));
  state.SetItemsProcessed(state.iterations());
}

void BM_Encode(benchmark::State& state) {
  const cv::Mat crop = Crop();
  const CropSpec spec = JpegSpec();
  for (auto _ : state) benchmark::DoNotOptimize(EncodePicture(crop.data, crop.step[0], spec));
  state.SetItemsProcessed(state.iterations());
}

void BM_Score(benchmark::State& state) {
  const Predictor predictor("");
  const std::vector<cv::Mat> pictures(static_cast<std::size_t>(state.range(0)), Crop());
  for (auto _ : state) benchmark::DoNotOptimize(predictor.Score(pictures));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Scan)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Decode)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Convert)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Detect, retinaface, std::string("retinaface"))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Detect, hog, std::string("hog"))->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Crop)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Encode)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Score)->Arg(1)->Arg(16)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seam

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: stage_bench VIDEO [--benchmark_filter=...]\n");
    return 2;
  }
  seam::video = argv[1];
  cv::setNumThreads(1);
  seam::KeepLargeBlocks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
