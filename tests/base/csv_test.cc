#include "base/csv.h"

#include <gtest/gtest.h>

#include "base/csv_table.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(CsvTest, EveryKindOfFieldComesBackAsItWas) {
  const Rows rows = {{"plain", "", "a,b", "say \"so\"", "\"", "two\nlines", "win\r\ndows", " spaces "},
                     {"", ""},
                     {"ü", "x"}};
  std::string text;
  for (const auto& row : rows) text += CsvLine(row);
  EXPECT_EQ(ParseCsv(text, "file"), rows);
}

TEST(CsvTest, OnlyFieldsThatNeedItAreQuoted) {
  EXPECT_EQ(CsvLine({"a b", "c,d", "e\"f"}), "a b,\"c,d\",\"e\"\"f\"\n");
}

TEST(CsvTest, ByteOrderMarkCrlfAndEmptyLinesAreAccepted) {
  EXPECT_EQ(ParseCsv("\xef\xbb\xbfpath,label\r\n\r\na.mp4,1\r\n\n", "file"),
            (Rows{{"path", "label"}, {"a.mp4", "1"}}));
}

TEST(CsvTest, LastLineNeedsNoLineEnd) {
  EXPECT_EQ(ParseCsv("a,b\nc,", "file"), (Rows{{"a", "b"}, {"c", ""}}));
}

TEST(CsvTest, RowsKnowTheirLinesPastEmptyOnesAndLineEndsInFields) {
  std::vector<std::size_t> lines;
  ParseCsv("a,b\n\n\"two\nlines\",c\n\nd,e\n", "file", &lines);
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 3, 6}));
}

TEST(CsvTest, EmptyTextHasNoRows) { EXPECT_EQ(ParseCsv("", "file"), Rows()); }

TEST(CsvTest, QuoteInsideAnUnquotedFieldIsText) {
  EXPECT_EQ(ParseCsv("5\" disk,b\n", "file"), (Rows{{"5\" disk", "b"}}));
}

TEST(CsvTest, UnclosedQuoteNamesTheLineWhereItOpened) {
  EXPECT_EQ(CatchMessage([] { ParseCsv("a,b\n\"two\nlines\",c\nd,\"e\nf\n", "scores.csv"); }),
            "scores.csv: line 4: a quote is never closed");
}

TEST(CsvTableTest, LinesThatEndAsOnOldMacsAreLines) {
  const CsvTable table("labels.csv", "path,label\ra.mp4,1\rb.mp4,0\r");
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table.Field(1, "path"), "b.mp4");
  EXPECT_EQ(table.Field(1, "label"), "0");
}

TEST(CsvTableTest, Utf32IsNamedWithAndWithoutItsMarkInBothOrders) {
  const auto written = [](const std::u32string& text, bool big) {
    std::string bytes;
    for (const char32_t point : text)
      for (int i = 0; i < 4; ++i) bytes += static_cast<char>(point >> 8 * (big ? 3 - i : i));
    return bytes;
  };
  for (const std::u32string text : {U"path,label\na.mp4,1\n", U"\ufeffpath,label\na.mp4,1\n"})
    for (const bool big : {false, true}) {
      const std::string message = CatchMessage([&] { CsvTable("labels.csv", written(text, big)); });
      EXPECT_EQ(message.find("labels.csv: is a table in UTF-32"), 0U) << message;
    }
}

}  // namespace
}  // namespace seam
