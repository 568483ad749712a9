// What scoring costs with the default network, on one thread:
//
//   score_bench [Google Benchmark's options]
//
// extract_bench does the same for the stages before it. Ratios between the rows hold on a noisy machine,
// single figures do not.

#include <cstdio>

#include <benchmark/benchmark.h>
#include <opencv2/core.hpp>

#include "base/program.h"
#include "infer/predictor.h"
#include "infer/torch_parts.h"
#include "models/zoo/stored_network.h"

namespace seam {
namespace {

// Items are crops.
void BM_Score(benchmark::State& state) {
  const Predictor predictor("", {}, &LinkedTorchParts());
  const int side = static_cast<int>(predictor.info().crop.size());
  cv::Mat crop(side, side, CV_8UC3);
  cv::randu(crop, 0, 256);
  const std::vector<cv::Mat> pictures(static_cast<std::size_t>(state.range(0)), crop);
  for (auto _ : state) benchmark::DoNotOptimize(predictor.Score(pictures));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Score)->Arg(1)->Arg(16)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seam

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 1) {
    std::fprintf(stderr, "usage: score_bench [--benchmark_filter=...]\n");
    return 2;
  }
  cv::setNumThreads(1);
  seam::KeepLargeBlocks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
