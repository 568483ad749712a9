// retrieve_bench FOLDER ROWS DIMENSION: made vectors in FOLDER (kept for the next run), their lists, and how
// long a query takes with and without lists. Vectors lie around ROWS / 200 random centres; queries are
// vectors of the index moved a little.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/program.h"
#include "retrieve/vector_search.h"

namespace seam {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kBlock = 50'000;
constexpr std::size_t kNear = 10;

// Of the wall, and of this process on all cores: on a busy machine the second tells more.
struct Times {
  std::vector<double> wall, cpu;
};

double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <class Work>
void Measure(Times* times, const Work& work) {
  const auto start = Clock::now();
  const double cpu = CpuSeconds();
  work();
  times->wall.push_back(SecondsSince(start));
  times->cpu.push_back(CpuSeconds() - cpu);
}

class Made {
 public:
  Made(std::int64_t rows, std::int64_t dimension) : dimension_(dimension) {
    centres_.resize(static_cast<std::size_t>(std::max<std::int64_t>(1, rows / 200) * dimension));
    for (float& value : centres_) value = normal_(random_);
  }
  std::vector<float> Next() {
    const std::size_t places = centres_.size() / static_cast<std::size_t>(dimension_);
    const std::size_t centre = std::uniform_int_distribution<std::size_t>(0, places - 1)(random_);
    std::vector<float> vector(static_cast<std::size_t>(dimension_));
    for (std::size_t i = 0; i < vector.size(); ++i)
      vector[i] = centres_[centre * vector.size() + i] + 0.5F * normal_(random_);
    Normalise(Metric::kCosine, &vector);
    return vector;
  }
  std::vector<float> NearTo(const float* row) {
    std::vector<float> vector(row, row + dimension_);
    const float noise = 0.3F / std::sqrt(static_cast<float>(dimension_));
    for (float& value : vector) value += noise * normal_(random_);
    Normalise(Metric::kCosine, &vector);
    return vector;
  }

 private:
  std::int64_t dimension_;
  std::mt19937_64 random_{7};
  std::normal_distribution<float> normal_;
  std::vector<float> centres_;
};

double Median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2] * 1000;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) throw UsageError("retrieve_bench", "FOLDER ROWS DIMENSION");
  const std::filesystem::path folder = arguments[0];
  const std::int64_t rows = std::stoll(arguments[1]), dimension = std::stoll(arguments[2]);
  std::filesystem::create_directories(folder);
  Made made(rows, dimension);
  VectorState state;
  state.dimension = dimension;
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(VectorFile(folder, state), missing);
  if (!missing && static_cast<std::int64_t>(bytes) == rows * dimension * 4) {
    state.rows = rows;
    if (std::filesystem::exists(ListFile(folder, state))) state.listed = rows;
  }
  while (state.rows < rows) {
    std::vector<float> block;
    for (std::int64_t i = 0; i < std::min(kBlock, rows - state.rows); ++i) {
      const std::vector<float> next = made.Next();
      block.insert(block.end(), next.begin(), next.end());
    }
    AppendVectors(folder, block, &state);
  }
  const auto start = Clock::now();
  const bool lists = ExtendLists(folder, &state);
  std::cout << fmt::format("{} x {}: lists {} in {:.1f} s\n", rows, dimension, lists ? "made" : "not needed",
                           SecondsSince(start));
  const VectorSearch search(folder, state);
  Times by_lists, exact;
  std::size_t found = 0, wanted = 0;
  for (int i = 0; i < 120; ++i) {
    const std::vector<float> query = made.NearTo(search.Row((i * 7919LL) % rows));
    std::vector<std::vector<Near>> quick, all;
    Measure(&by_lists, [&] { quick = search.Nearest(query.data(), 1, kNear); });
    if (i % 6 != 0) continue;
    Measure(&exact, [&] { all = search.Nearest(query.data(), 1, kNear, VectorSearch::Method::kExact); });
    for (const Near& near : all[0]) {
      ++wanted;
      found += std::any_of(quick[0].begin(), quick[0].end(), [&](const Near& a) { return a.row == near.row; })
                   ? 1
                   : 0;
    }
  }
  const auto words = [](const Times& times) {
    return fmt::format("{:.2f} ms ({:.2f} ms of computing)", Median(times.wall), Median(times.cpu));
  };
  std::cout << fmt::format("a query: {} as the index would, {} exact; recall at {} {:.3f}\n", words(by_lists),
                           words(exact), kNear, static_cast<double>(found) / static_cast<double>(wanted));
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }
