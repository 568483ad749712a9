#include "models/weights/pickle.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using namespace std::string_literals;

const std::string kStart = "\x80\x02";

std::string MessageFor(const std::string& bytes) {
  return CatchMessage([&] {
    Pickle pickle("file");
    std::string_view rest = bytes;
    pickle.Read(&rest);
  });
}

TEST(PickleTest, PlainDataIsRead) {
  // {"epoch": 3, "list": [1.5, None, True], "big": -2}
  const std::string bytes = kStart + "}(X\5\0\0\0epochK\3X\4\0\0\0list]("s + "G\x3f\xf8\0\0\0\0\0\0N\x88"s +
                            "eX\3\0\0\0bigJ\xfe\xff\xff\xffu.rest"s;
  Pickle pickle("file");
  std::string_view rest = bytes;
  const auto root = pickle.Read(&rest);
  EXPECT_EQ(rest, "rest");
  EXPECT_EQ(Lookup(root, "epoch")->number, 3);
  EXPECT_EQ(Lookup(root, "big")->number, -2);
  const auto list = Lookup(root, "list");
  ASSERT_EQ(list->items.size(), 3U);
  EXPECT_EQ(list->items[0]->fraction, 1.5);
  EXPECT_EQ(list->items[1]->kind, PickleValue::kNone);
  EXPECT_EQ(Lookup(root, "absent"), nullptr);
}

TEST(PickleTest, FunctionsAreRefusedByName) {
  EXPECT_EQ(
      MessageFor(kStart + "cos\nsystem\nX\2\0\0\0id\x85R."s),
      "file: its pickle asks for 'os.system'; only plain data and tensors are read, and nothing is ever run");
  EXPECT_EQ(
      MessageFor("\x80\4\x8c\2os\x8c\6system\x93."s),
      "file: its pickle asks for 'os.system'; only plain data and tensors are read, and nothing is ever run");
}

TEST(PickleTest, FunctionsThatRunTextAreRefusedByName) {
  for (const char* name : {"eval", "exec", "compile", "__import__", "open"}) {
    EXPECT_EQ(MessageFor(kStart + "c__builtin__\n" + name + "\n."),
              "file: its pickle asks for '__builtin__." + std::string(name) +
                  "'; only plain data and tensors are read, and nothing is ever run");
  }
  EXPECT_NE(MessageFor(kStart + "cos.path\njoin\n."), "");
  EXPECT_NE(MessageFor(kStart + "(ios\nsystem\n."), "");
}

// {"args": argparse.Namespace(lr=3), "loss": numpy's scalar, "level": an enumeration, "a": 1}
TEST(PickleTest, ObjectsOfUnknownClassesAreKeptAndDoNothing) {
  const std::string bytes =
      kStart + "}(X\4\0\0\0argscargparse\nNamespace\n)\x81}X\2\0\0\0lrK\3sb"s +
      "X\4\0\0\0losscnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\2\0\0\0f8K\0K\1\x87R"s +
      "(K\3X\1\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC\2ab\x86R"s +
      "X\5\0\0\0levelc__builtin__\ngetattr\ncproject.config\nLevel\nX\4\0\0\0HIGH\x86R"s + "X\1\0\0\0aK\1u."s;
  Pickle pickle("file");
  std::string_view rest = bytes;
  const auto root = pickle.Read(&rest);
  const auto args = Lookup(root, "args");
  EXPECT_EQ(args->kind, PickleValue::kObject);
  EXPECT_EQ(args->text, "argparse.Namespace");
  ASSERT_NE(args->state, nullptr);
  EXPECT_EQ(Lookup(args->state, "lr")->number, 3);
  EXPECT_EQ(Lookup(root, "loss")->text, "numpy.core.multiarray.scalar");
  EXPECT_EQ(Lookup(root, "loss")->items.size(), 2U);
  EXPECT_EQ(Lookup(root, "level")->text, "__builtin__.getattr");
  EXPECT_EQ(Lookup(root, "a")->number, 1);
}

TEST(PickleTest, OrderedDictsOfPython2AreDicts) {
  const std::string bytes = kStart + "ccollections\nOrderedDict\n](](X\1\0\0\0aK\7ee\x85R."s;
  Pickle pickle("file");
  std::string_view rest = bytes;
  EXPECT_EQ(Lookup(pickle.Read(&rest), "a")->number, 7);
}

TEST(PickleTest, AttributesOfWhatHasNoneAreAnError) {
  EXPECT_EQ(MessageFor(kStart + "]}b."), "file: damaged pickle, at byte 5: attributes for what has none");
  EXPECT_EQ(MessageFor(kStart + "}}\x81."), "file: damaged pickle, at byte 5: an object of no class");
}

// Each storage keeps its key: one key of a megabyte, used again and again, must not fill the memory.
TEST(PickleTest, LongKeysOfStoragesAreAnError) {
  const std::string length("\0\0\x10\0", 4), key(1 << 20, 'k');
  EXPECT_EQ(
      MessageFor(kStart + "(X\7\0\0\0storagectorch\nFloatStorage\nX"s + length + key + "X\3\0\0\0cpuK\4tQ."s)
          .substr(0, 6 + 15),
      "file: damaged pickle,");
}

TEST(PickleTest, OtherProtocolsAreRefused) {
  EXPECT_EQ(MessageFor("\x80\1."), "file: its pickle is of protocol 1, not 2 to 5");
  EXPECT_EQ(MessageFor("\x80\6."), "file: its pickle is of protocol 6, not 2 to 5");
  EXPECT_EQ(MessageFor("(lp0\n."), "file: damaged pickle, at byte 1: it does not begin with a protocol");
}

TEST(PickleTest, EveryTruncationIsAnError) {
  const std::string bytes = kStart + "}(X\1\0\0\0aK\1X\1\0\0\0b]K\2au."s;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(MessageFor(bytes.substr(0, length)), "") << length;
  }
  EXPECT_EQ(MessageFor(bytes), "");
}

TEST(PickleTest, LengthsBeyondTheFileAreErrors) {
  EXPECT_EQ(MessageFor(kStart + "X\xff\xff\xff\xff."s),
            "file: damaged pickle, at byte 7: it ends in the middle");
  EXPECT_EQ(MessageFor("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff."s),
            "file: damaged pickle, at byte 11: it ends in the middle");
}

TEST(PickleTest, EmptyStackMemoAndMarksAreErrors) {
  EXPECT_EQ(MessageFor(kStart + "."),
            "file: damaged pickle, at byte 3: it ends with more or less than one object");
  EXPECT_EQ(MessageFor(kStart + "0."), "file: damaged pickle, at byte 3: a value is missing");
  EXPECT_EQ(MessageFor(kStart + "u."), "file: damaged pickle, at byte 3: a mark is missing");
  EXPECT_EQ(MessageFor(kStart + "h\7."), "file: damaged pickle, at byte 4: a memo that was never filled");
  EXPECT_EQ(MessageFor(kStart + "N(0."), "file: damaged pickle, at byte 5: a value is missing");
}

TEST(PickleTest, AListThatHoldsItselfEnds) { EXPECT_EQ(MessageFor(kStart + "]q\0h\0a."s), ""); }

TEST(PickleTest, MoreValuesThanNetworksHaveAreAnError) {
  EXPECT_EQ(MessageFor(kStart + std::string(1'000'001, 'N')),
            "file: its pickle holds more than 1000000 values");
}

TEST(PickleTest, DeepNestingNeitherRecursesNorFails) {
  std::string bytes = kStart + "]";
  bytes += std::string(200'000, ']') + std::string(200'000, 'a') + ".";
  EXPECT_EQ(MessageFor(bytes), "");
}

TEST(PickleTest, EveryFlippedBitIsReadOrAnError) {
  const std::string bytes =
      kStart +
      "}(X\1\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
      "X\1\0\0\0000X\3\0\0\0cpuK\4tQK\0K\2K\2\x86K\2K\1\x86\x89}tRu."s;
  ASSERT_EQ(MessageFor(bytes), "");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_EQ(MessageFor(changed).find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace seam
