#include "models/weights/weights_pipe.h"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// What is received of what `send` writes, up to `max_bytes`.
template <class Send>
ReceivedWeights Through(const Send& send, std::uint64_t max_bytes = 1000) {
  int ends[2] = {};
  EXPECT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    send(ends[1]);
    close(ends[1]);
  });
  ReceivedWeights weights;
  std::exception_ptr error;
  try {
    weights = ReceiveWeights(ends[0], "file", "bad: ", max_bytes);
  } catch (...) {
    error = std::current_exception();
  }
  writer.join();
  close(ends[0]);
  if (error) std::rethrow_exception(error);
  return weights;
}

std::string Bytes(const std::vector<std::uint64_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(std::uint64_t)};
}

std::string ProblemWith(const std::string& bytes) {
  return CatchMessage([&] {
    Through([&](int out) {
      EXPECT_EQ(write(out, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    });
  });
}

TEST(WeightsPipeTest, TensorsComeAsTheyWent) {
  const float numbers[] = {1.5F, -2, 3, 4};
  const std::string_view bytes(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  const ReceivedWeights weights = Through([&](int out) {
    WeightsSender sender(out);
    sender.Key("ema.module");
    sender.Other("state_dict");
    sender.Tensor("a.weight", DType::kFloat32, {2, 2}, bytes);
    sender.Tensor("steps", DType::kInt64, {}, bytes.substr(0, 8));
    sender.Tensor("none", DType::kFloat16, {3, 0, 7}, "");
    sender.End();
  });
  EXPECT_EQ(weights.key, "ema.module");
  EXPECT_EQ(weights.others, std::vector<std::string>{"state_dict"});
  ASSERT_EQ(weights.tensors.size(), 3U);
  EXPECT_EQ(weights.tensors.at("a.weight").bytes(), bytes);
  EXPECT_EQ(weights.tensors.at("a.weight").shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(weights.tensors.at("steps").dtype, DType::kInt64);
  EXPECT_EQ(weights.tensors.at("none").elements(), 0U);
}

TEST(WeightsPipeTest, ProblemsComeAsErrorsOfTheFileOrOfTheCommand) {
  const auto told = [](ExitCode exit_code) {
    return [=](int out) { WeightsSender(out).Problem("--key: no such", "look\nagain", exit_code); };
  };
  try {
    Through(told(kExitUsage));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "--key: no such");
    EXPECT_EQ(error.exit_code(), kExitUsage);
    EXPECT_EQ(error.hint(), "look\\nagain");
  }
  EXPECT_EQ(CatchMessage([&] { Through(told(kExitFailed)); }), "file: bad: --key: no such");
}

TEST(WeightsPipeTest, NonsenseIsAnErrorAndTakesNoMemory) {
  const std::string broken = "file: bad: its reader broke down, as damaged or hostile files make it";
  const std::string name = Bytes({1}) + "w";
  EXPECT_EQ(ProblemWith(""), broken);                                             // gone at once
  EXPECT_EQ(ProblemWith(Bytes({77})), broken);                                    // no such message
  EXPECT_EQ(ProblemWith(Bytes({1, 1ULL << 60})), broken);                         // a name of a petabyte
  EXPECT_EQ(ProblemWith(Bytes({1}) + name + Bytes({99, 0})), broken);             // no such type
  EXPECT_EQ(ProblemWith(Bytes({1}) + name + Bytes({8, 1, 1ULL << 40})), broken);  // more than allowed
  EXPECT_EQ(ProblemWith(Bytes({1}) + name + Bytes({8, 2, 1ULL << 33, 1ULL << 33})), broken);
  EXPECT_EQ(ProblemWith(Bytes({1}) + name + Bytes({8, 2, 0, 1ULL << 40, 5})), broken);
  EXPECT_EQ(ProblemWith(Bytes({1}) + name + Bytes({8, 1, 4, 0})), broken);  // ends in the middle
  const std::string whole = Bytes({1}) + name + Bytes({8, 0}) + "1234";
  EXPECT_EQ(ProblemWith(whole + whole + Bytes({5})), broken);  // one name twice
}

}  // namespace
}  // namespace seam
