#include "train/event_file.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/files.h"
#include "proto/tfrecord.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

// A field of a message as it stands on the wire: a decoder that shares nothing with the writer's messages.
// The numbers in these tests are those of TensorBoard's own messages.
struct Field {
  int number = 0;
  std::uint64_t value = 0;  // of a varint, or the bits of a fixed one
  std::string_view bytes;   // of a string or a message
};

std::uint64_t TakeVarint(std::string_view* bytes) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view Take(std::string_view* bytes, std::size_t count) {
  const auto taken = bytes->substr(0, count);
  bytes->remove_prefix(count);
  return taken;
}

std::vector<Field> Fields(std::string_view bytes) {
  std::vector<Field> fields;
  while (!bytes.empty()) {
    const std::uint64_t key = TakeVarint(&bytes);
    Field field;
    field.number = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        field.value = TakeVarint(&bytes);
        break;
      case 1:
        field.value = LoadLittle64(Take(&bytes, 8));
        break;
      case 2:
        field.bytes = Take(&bytes, TakeVarint(&bytes));
        break;
      case 5:
        field.value = LoadLittle32(Take(&bytes, 4));
        break;
      default:
        ADD_FAILURE() << "wire type " << (key & 7);
        return fields;
    }
    fields.push_back(field);
  }
  return fields;
}

// The only field of that number.
Field At(std::string_view message, int number) {
  std::vector<Field> found;
  for (const Field& field : Fields(message)) {
    if (field.number == number) found.push_back(field);
  }
  EXPECT_EQ(found.size(), 1U) << "field " << number;
  return found.empty() ? Field{} : found[0];
}

float FloatAt(std::string_view message, int number) {
  const auto bits = static_cast<std::uint32_t>(At(message, number).value);
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

class EventFileTest : public testing::Test {
 protected:
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_.path())) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }
  // The events of a file; checks the framing.
  std::vector<std::string> Events(const fs::path& path) const {
    const std::string bytes = ReadFile(path);
    std::string_view rest = bytes;
    std::vector<std::string> events;
    while (!rest.empty()) {
      const auto header = Take(&rest, 12);
      EXPECT_EQ(LoadLittle32(header.substr(8)), MaskedCrc32c(header.substr(0, 8)));
      events.emplace_back(Take(&rest, LoadLittle64(header)));
      EXPECT_EQ(LoadLittle32(Take(&rest, 4)), MaskedCrc32c(events.back()));
    }
    return events;
  }

  TemporaryFolder folder_;
};

TEST_F(EventFileTest, BeginsWithItsVersionAndAStart) {
  { EventFile file(folder_.path(), 7); }
  ASSERT_EQ(Files().size(), 1U);
  EXPECT_THAT(Files()[0].filename().string(),
              testing::MatchesRegex("events\\.out\\.tfevents\\.[0-9]{10}\\.seam\\.[0-9]+"));
  const auto events = Events(Files()[0]);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(At(events[0], 3).bytes, "brain.Event:2");
  EXPECT_EQ(At(events[1], 2).value, 7U);               // step
  EXPECT_EQ(At(At(events[1], 7).bytes, 1).value, 1U);  // session_log.status: START
  double wall_time = 0;
  const std::uint64_t bits = At(events[0], 1).value;
  std::memcpy(&wall_time, &bits, sizeof(wall_time));
  EXPECT_GT(wall_time, 1.6e9);
}

TEST_F(EventFileTest, ScalarsHaveTagStepAndValueAndNoNan) {
  {
    EventFile file(folder_.path(), 1);
    file.AddScalars(300, {{"train/loss", 0.5}, {"val/eer", std::nan("")}, {"val/auc", 0.75}});
    file.AddScalars(301, {{"val/eer", std::nan("")}});
  }
  const auto events = Events(Files()[0]);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(At(events[2], 2).value, 300U);
  const auto values = Fields(At(events[2], 5).bytes);  // summary.value
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].number, 1);
  EXPECT_EQ(At(values[0].bytes, 1).bytes, "train/loss");
  EXPECT_EQ(FloatAt(values[0].bytes, 2), 0.5F);
  EXPECT_EQ(At(values[1].bytes, 1).bytes, "val/auc");
  EXPECT_EQ(FloatAt(values[1].bytes, 2), 0.75F);
}

TEST_F(EventFileTest, ImageHasItsSizeAndBytes) {
  { EventFile(folder_.path(), 1).AddImage(1, "train/first_batch", "not really a PNG", 640, 200); }
  const auto events = Events(Files()[0]);
  ASSERT_EQ(events.size(), 3U);
  const auto value = At(At(events[2], 5).bytes, 1).bytes;
  const auto image = At(value, 4).bytes;
  EXPECT_EQ(At(image, 1).value, 200U);
  EXPECT_EQ(At(image, 2).value, 640U);
  EXPECT_EQ(At(image, 3).value, 3U);  // RGB
  EXPECT_EQ(At(image, 4).bytes, "not really a PNG");
}

TEST_F(EventFileTest, PrCurveCountsAtEachThreshold) {
  {
    EventFile(folder_.path(), 1)
        .AddPrCurve(5, "val/videos", std::vector{0.1, 0.5, 0.5, 0.9}, std::vector{0, 0, 1, 1});
  }
  const auto value = std::string(At(At(Events(Files()[0])[2], 5).bytes, 1).bytes);
  EXPECT_EQ(At(value, 1).bytes, "val/videos");
  const auto plugin = std::string(At(At(value, 9).bytes, 1).bytes);
  EXPECT_EQ(At(plugin, 1).bytes, "pr_curves");
  const auto content = std::string(At(plugin, 2).bytes);
  EXPECT_EQ(Fields(content).size(), 1U);  // version 0 is not written
  EXPECT_EQ(At(content, 2).value, 201U);
  const auto tensor = std::string(At(value, 8).bytes);
  EXPECT_EQ(At(tensor, 1).value, 1U);  // DT_FLOAT
  std::vector<std::uint64_t> shape;
  for (const Field& dim : Fields(At(tensor, 2).bytes)) {
    EXPECT_EQ(dim.number, 2);
    shape.push_back(At(dim.bytes, 1).value);
  }
  EXPECT_THAT(shape, ElementsAre(6U, 201U));
  std::vector<float> numbers(6 * 201);
  ASSERT_EQ(At(tensor, 4).bytes.size(), numbers.size() * sizeof(float));
  std::memcpy(numbers.data(), At(tensor, 4).bytes.data(), numbers.size() * sizeof(float));
  const auto column = [&](std::size_t i) {
    std::vector<float> found;
    for (std::size_t row = 0; row < 6; ++row) found.push_back(numbers[row * 201 + i]);
    return found;
  };
  // True and false positives, true and false negatives, precision, recall.
  EXPECT_THAT(column(0), ElementsAre(2, 2, 0, 0, 0.5F, 1));
  EXPECT_THAT(column(21), ElementsAre(2, 1, 1, 0, 2 / 3.0F, 1));
  EXPECT_THAT(column(100), ElementsAre(2, 1, 1, 0, 2 / 3.0F, 1));  // 0.5 itself counts
  EXPECT_THAT(column(101), ElementsAre(1, 0, 2, 1, 1, 0.5F));
  EXPECT_THAT(column(200), ElementsAre(0, 0, 2, 2, 1, 0));
}

TEST_F(EventFileTest, LaterFileIsReadLaterAndSaysWhereItBegins) {
  { EventFile(folder_.path(), 1).AddScalars(20, {{"first", 1}}); }
  { EventFile file(folder_.path(), 11); }
  const auto files = Files();  // by name, as TensorBoard reads them
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(Events(files[0]).size(), 3U);
  EXPECT_EQ(At(Events(files[1])[1], 2).value, 11U);
}

}  // namespace
}  // namespace seam
