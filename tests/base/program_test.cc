#include "base/program.h"

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "base/error.h"

namespace seam {
namespace {

struct Ending {
  int status = -1;
  std::string err;
};

Ending GetEnding(const std::function<int()>& body) {
  std::string name = "seam-test";
  char* argv[] = {name.data(), nullptr};
  testing::internal::CaptureStderr();
  Ending ending;
  ending.status = RunProgram(1, argv, [&](const auto&) { return body(); });
  ending.err = testing::internal::GetCapturedStderr();
  return ending;
}

TEST(RunProgramTest, StatusOfTheBodyIsTheProgramsToo) {
  EXPECT_EQ(GetEnding([] { return 3; }).status, 3);
}

TEST(RunProgramTest, ErrorIsALineAndAHint) {
  const auto ending = GetEnding([]() -> int { throw UsageError("--jobs", "is too many", "take fewer"); });
  EXPECT_EQ(ending.status, kExitUsage);
  EXPECT_EQ(ending.err, "error: --jobs: is too many\nhint: take fewer\n");
}

TEST(RunProgramTest, FailureOfTheFileSystemNamesTheFileAndIsNoFaultOfSeam) {
  const auto ending = GetEnding([] {
    std::filesystem::create_directories("/dev/null/shards");
    return 0;
  });
  EXPECT_EQ(ending.status, kExitFailed);
  EXPECT_EQ(ending.err, "error: /dev/null/shards: Not a directory\n");
}

TEST(RunProgramTest, FailureOfTheFileSystemWithoutAFileIsALineToo) {
  const auto ending = GetEnding([]() -> int {
    throw std::filesystem::filesystem_error("no file", std::make_error_code(std::errc::no_space_on_device));
  });
  EXPECT_EQ(ending.err, "error: No space left on device\n");
}

TEST(RunProgramTest, AnyOtherExceptionIsAFaultOfSeam) {
  const auto ending = GetEnding([]() -> int { throw std::logic_error("odd"); });
  EXPECT_EQ(ending.status, kExitFailed);
  EXPECT_EQ(ending.err, "error: unexpected: odd\nhint: this is a fault of seam; please report it\n");
}

}  // namespace
}  // namespace seam
