#include "base/csv.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(MessageOf([] { ParseCsv("a,b\n\"two\nlines\",c\nd,\"e\nf\n", "scores.csv"); }),
            "scores.csv: line 4: a quote is never closed");
}

}  // namespace
}  // namespace seam
