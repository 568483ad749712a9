// Files as torch.save() lays them out, written byte by byte: no Python at hand.

#include "models/weights/torch_file.h"

#include <zip.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/models/floats.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using namespace std::string_literals;

std::string Text(const std::string& text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  return "X" + std::string(reinterpret_cast<const char*>(&size), 4) + text;
}

// A [2, 2] view, by `stride`, of storage `key` of four floats.
std::string Tensor(const std::string& key, const std::string& stride = "K\2K\1\x86", char first = 0) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\nFloatStorage\n" + Text(key) +
         Text("cpu") + "K\4tQK" + std::string(1, first) + "K\2K\2\x86" + stride + "\x89}tR";
}

std::string Dict(const std::string& entries) { return "}(" + entries + "u"; }
std::string Pickled(const std::string& object) { return "\x80\2" + object + "."; }

std::string Numbers(std::vector<float> numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
}

using Members = std::vector<std::pair<std::string, std::string>>;

std::string Zip(const Members& members, zip_int32_t method = ZIP_CM_STORE) {
  TemporaryFolder folder;
  const std::string path = (folder / "a.zip").string();
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const auto& [name, bytes] : members) {
    auto* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const auto index = zip_file_add(archive, name.c_str(), source, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
  }
  zip_close(archive);
  return ReadFile(path);
}

std::string Legacy(const std::string& object, const std::string& storages) {
  return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3."s +
         Pickled(Dict(Text("little_endian") + "\x88")) + Pickled(object) + Pickled("](" + Text("0") + "e") +
         storages;
}

std::string Count(std::uint64_t count) {
  return std::string(reinterpret_cast<const char*>(&count), sizeof(count));
}

class TorchFileTest : public testing::Test {
 protected:
  static PlainTensors Load(const std::string& bytes) { return ReadTorchFile(bytes, "file").tensors; }
  // Without the file's name.
  static std::string CatchError(const std::string& bytes) {
    const std::string message = CatchMessage([&] { Load(bytes); });
    return message.starts_with("file: ") ? message.substr(6) : message;
  }
  std::string MakeZip(const std::string& object) {
    return Zip({{"a/data.pkl", Pickled(object)}, {"a/data/0", Numbers({1, 2, 3, 4})}});
  }
};

TEST_F(TorchFileTest, ZipFormatIsRead) {
  const auto tensors = Load(MakeZip(Dict(Text("w") + Tensor("0"))));
  ASSERT_EQ(tensors.count("w"), 1U);
  EXPECT_EQ(tensors.at("w").shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(ToFloats(tensors.at("w")), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(TorchFileTest, LegacyFormatIsRead) {
  const auto tensors = Load(Legacy(Dict(Text("w") + Tensor("0")), Count(4) + Numbers({1, 2, 3, 4})));
  EXPECT_EQ(tensors.at("w").shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(ToFloats(tensors.at("w")), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(TorchFileTest, TransposedViewsKeepTheirOrder) {
  const auto tensors = Load(MakeZip(Dict(Text("w") + Tensor("0", "K\1K\2\x86"))));
  EXPECT_EQ(ToFloats(tensors.at("w")), (std::vector<float>{1, 3, 2, 4}));
}

TEST_F(TorchFileTest, ViewsOfOneStorageShareItsMemory) {
  const auto tensors = Load(MakeZip(Dict(Text("a") + Tensor("0") + Text("b") + Tensor("0"))));
  EXPECT_EQ(tensors.at("a").data.get(), tensors.at("b").data.get());
}

// Each takes memory of its own: a small file could ask for all there is.
TEST_F(TorchFileTest, ManyTransposedViewsOfOneStorageAreAnError) {
  const std::string storage(1 << 20, '\0');
  const auto error = [&](int views) {
    std::string entries;
    for (int i = 0; i < views; ++i) {
      entries += Text("w" + std::to_string(i)) + "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") +
                 "ctorch\nFloatStorage\n" + Text("0") + Text("cpu") +
                 "J\0\0\4\0tQK\0M\0\2M\0\2\x86K\1M\0\2\x86\x89}tR"s;
    }
    return CatchError(Zip({{"a/data.pkl", Pickled(Dict(entries))}, {"a/data/0", storage}}));
  };
  EXPECT_EQ(error(4), "");
  EXPECT_EQ(error(5), "damaged PyTorch file: its tensors are together far larger than it is");
}

TEST_F(TorchFileTest, StateDictsAreFoundBesideAnOptimizer) {
  const std::string optimizer = Dict(Text("state") + Dict("K\1" + Dict(Text("exp_avg") + Tensor("0"))));
  for (const char* key : {"state_dict", "model", "model_state_dict", "net"}) {
    const auto tensors = Load(MakeZip(Dict(Text("optimizer") + optimizer + Text("epoch") + "K\7" + Text(key) +
                                           Dict(Text("w") + Tensor("0")))));
    EXPECT_EQ(tensors.size(), 1U) << key;
    EXPECT_EQ(tensors.count("w"), 1U) << key;
  }
}

TEST_F(TorchFileTest, LegacyFormatOfALaterProtocolIsRead) {
  const std::string number = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  std::string bytes = Legacy(Dict(Text("w") + Tensor("0")), Count(4) + Numbers({1, 2, 3, 4}));
  bytes.replace(0, 2 + number.size(), "\x80\4\x95\x0d\0\0\0\0\0\0\0"s + number);
  EXPECT_EQ(Load(bytes).count("w"), 1U);
}

// Searched anew from each of its seven entries, to a depth of four, it would take minutes.
TEST_F(TorchFileTest, ADictThatHoldsItselfIsSearchedOnce) {
  std::string entries, links;
  for (const char* key : {"state_dict", "model", "net", "network", "module", "weights", "model_state_dict"}) {
    links += Text(key) + "h\0"s;
  }
  for (int i = 0; i < 100'000; ++i) entries += "K\1N";
  EXPECT_TRUE(CatchError(MakeZip("}q\0("s + entries + links + "u"))
                  .starts_with("has no state dict, a dict of tensors by name; it has 'state_dict', "));
}

TEST_F(TorchFileTest, ViewsOutsideTheirStorageAreErrors) {
  const auto error = [&](const std::string& stride, char first) {
    return CatchError(MakeZip(Dict(Text("w") + Tensor("0", stride, first))));
  };
  EXPECT_EQ(error("K\2K\1\x86", 1), "damaged PyTorch file: tensor 'w' lies outside its storage");
  EXPECT_EQ(error("K\4K\1\x86", 0), "damaged PyTorch file: tensor 'w' lies outside its storage");
  EXPECT_EQ(error("\x8a\x8\xff\xff\xff\xff\xff\xff\xff\x7fK\1\x86", 0),
            "damaged PyTorch file: tensor 'w' lies outside its storage");
  EXPECT_EQ(error("J\xff\xff\xff\xffK\1\x86", 0).substr(0, 14), "damaged pickle");
}

TEST_F(TorchFileTest, WeightsAreFoundUnderTheNamesThatPeopleUse) {
  for (const char* key : {"state_dict_ema", "params", "ema", "checkpoint", "model_ema", "generator"}) {
    const auto dict = ReadTorchFile(MakeZip(Dict(Text(key) + Dict(Text("w") + Tensor("0")))), "file");
    EXPECT_EQ(dict.tensors.count("w"), 1U) << key;
    EXPECT_EQ(dict.key, key);
    EXPECT_EQ(dict.others, std::vector<std::string>{});
  }
}

TEST_F(TorchFileTest, OfSeveralSetsThePlainOneIsTakenAndTheOthersAreTold) {
  const std::string two = Text("w") + Tensor("0") + Text("b") + Tensor("0");
  const std::string bytes =
      MakeZip(Dict(Text("ema") + Dict(Text("module") + Dict(two)) + Text("optimizer") + Dict(two) +
                   Text("state_dict") + Dict(two) + Text("state_dict_ema") + Dict(two)));
  const auto dict = ReadTorchFile(bytes, "file");
  EXPECT_EQ(dict.key, "state_dict");
  EXPECT_EQ(dict.others, (std::vector<std::string>{"'ema.module'", "'state_dict_ema'"}));
  EXPECT_EQ(ReadTorchFile(bytes, "file", "ema.module").key, "ema.module");
  EXPECT_EQ(CatchMessage([&] { ReadTorchFile(bytes, "file", "emma"); }),
            "--key: file has no weights at 'emma'");
  EXPECT_EQ(CatchHint([&] { ReadTorchFile(bytes, "file", "emma"); }),
            "it has them at 'state_dict', 'ema.module', 'state_dict_ema'");
}

// A module with a parameter and one inside it with a buffer, as torch.save(model) pickles them.
TEST_F(TorchFileTest, WholeModulesAreWalked) {
  const auto module = [](const std::string& type, const std::string& parameters, const std::string& buffers,
                         const std::string& modules) {
    return "cnet\n" + type + "\n)\x81" +
           Dict(Text("training") + "\x89" + Text("_parameters") + Dict(parameters) + Text("_buffers") +
                Dict(buffers) + Text("_modules") + Dict(modules)) +
           "b";
  };
  const std::string parameter = "ctorch._utils\n_rebuild_parameter\n(" + Tensor("0") +
                                "\x88"
                                "ccollections\nOrderedDict\n)RtR";
  const std::string inside = module("Norm", Text("bias") + "N", Text("mean") + Tensor("0"), "");
  const std::string whole = module("Net", Text("w") + parameter, "", Text("norm") + inside);
  for (const std::string& bytes : {MakeZip(whole), MakeZip(Dict(Text("model") + whole)),
                                   Legacy(whole, Count(4) + Numbers({1, 2, 3, 4}))}) {
    const auto tensors = Load(bytes);
    EXPECT_EQ(tensors.size(), 2U);
    EXPECT_EQ(tensors.count("w"), 1U);
    EXPECT_EQ(tensors.count("norm.mean"), 1U);
  }
}

// Old files hold the classes of a module outside the pickle, with their source text.
TEST_F(TorchFileTest, ClassesOutsideThePickleAreNames) {
  const std::string type =
      "(" + Text("module") + "cnet\nNet\n" + Text("net.py") + Text("class Net: pass") + "tQ";
  const std::string whole =
      type + ")\x81" + Dict(Text("_parameters") + Dict(Text("w") + Tensor("0")) + Text("_modules") + "}") +
      "b";
  EXPECT_EQ(Load(Legacy(whole, Count(4) + Numbers({1, 2, 3, 4}))).count("w"), 1U);
}

TEST_F(TorchFileTest, AModuleThatHoldsItselfIsAnError) {
  const std::string loop = "cnet\nNet\n)\x81q\1" + Dict(Text("_modules") + Dict(Text("a") + "h\1")) + "b";
  EXPECT_EQ(CatchError(MakeZip(loop)), "damaged PyTorch file: its modules are too deep or too many");
}

TEST_F(TorchFileTest, CompressedMembersAreRefused) {
  EXPECT_EQ(CatchError(Zip({{"a/data.pkl", std::string(1'000'000, 'N')}}, ZIP_CM_DEFLATE)),
            "its member 'a/data.pkl' is compressed");
}

TEST_F(TorchFileTest, OverlappingMembersAreAnError) {
  std::string bytes = MakeZip(Dict(Text("w") + Tensor("0")));
  // The lengths in the central directory, of the last member, grow beyond the file.
  const auto entry = bytes.rfind("PK\1\2");
  for (const std::size_t at : {entry + 22, entry + 26}) bytes[at] = '\x7f';
  EXPECT_TRUE(CatchError(bytes).starts_with("damaged zip file: ")) << CatchError(bytes);
}

TEST_F(TorchFileTest, AFalseChecksumIsAnError) {
  std::string bytes = MakeZip(Dict(Text("w") + Tensor("0")));
  bytes[bytes.find(Numbers({1, 2, 3, 4}))] = '\1';
  EXPECT_EQ(CatchError(bytes), "damaged zip file: 'a/data/0' cannot be read whole");
}

TEST_F(TorchFileTest, StoragesOfAnotherLengthAreErrors) {
  EXPECT_EQ(CatchError(
                Zip({{"a/data.pkl", Pickled(Dict(Text("w") + Tensor("0")))}, {"a/data/0", Numbers({1, 2})}})),
            "damaged PyTorch file: 'a/data/0' has 8 bytes, not 4 elements");
  EXPECT_EQ(CatchError(Zip({{"a/data.pkl", Pickled(Dict(Text("w") + Tensor("0")))}})),
            "damaged PyTorch file: 'a/data/0' is missing");
  EXPECT_EQ(CatchError(Legacy(Dict(Text("w") + Tensor("0")), Count(std::uint64_t{1} << 62))),
            "damaged PyTorch file: it ends among the storages");
}

TEST_F(TorchFileTest, OtherFilesAreRefusedByName) {
  EXPECT_EQ(CatchError(std::string(257, '\0') + "ustar" + std::string(250, '\0')),
            "is in the tar format of PyTorch before 0.1.10, which is not read");
  EXPECT_EQ(CatchError(Zip({{"word/document.xml", "x"}})),
            "is a zip file, but not of PyTorch: it has no data.pkl");
  EXPECT_EQ(CatchError("hello"), "is no file of torch.save()");
  EXPECT_EQ(CatchError(Pickled("}")), "is no file of torch.save()");
  EXPECT_EQ(
      CatchError(Pickled("cposix\nsystem\n(" + Text("id") + "tR")),
      "its pickle asks for 'posix.system'; only plain data and tensors are read, and nothing is ever run");
  EXPECT_EQ(CatchError(MakeZip(Dict(Text("epoch") + "K\7"))),
            "has no state dict, a dict of tensors by name; it has 'epoch'");
}

TEST_F(TorchFileTest, EveryTruncationIsAnError) {
  for (const std::string& whole : {MakeZip(Dict(Text("w") + Tensor("0"))),
                                   Legacy(Dict(Text("w") + Tensor("0")), Count(4) + Numbers({1, 2, 3, 4}))}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_NE(CatchError(whole.substr(0, length)), "") << length;
    }
  }
}

TEST_F(TorchFileTest, EveryFlippedBitIsReadOrAnError) {
  for (const std::string& whole : {MakeZip(Dict(Text("w") + Tensor("0"))),
                                   Legacy(Dict(Text("w") + Tensor("0")), Count(4) + Numbers({1, 2, 3, 4}))}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
      EXPECT_EQ(CatchError(changed).find('\n'), std::string::npos) << i;
    }
  }
}

TEST_F(TorchFileTest, PublishedLegacyFilesAreRead) {
  SEAM_NEEDS_SHARED("fixtures/mesonet");
  const auto maragori =
      LoadTorchFile(SharedPath("fixtures/mesonet/maragori_meso4/checkpoint-39.pth.tar")).tensors;
  EXPECT_EQ(maragori.at("linear.1.weight").shape, (std::vector<std::int64_t>{16, 784}));
  const auto hongguliu = LoadTorchFile(SharedPath("fixtures/mesonet/hongguliu_meso4/best.pkl")).tensors;
  EXPECT_EQ(hongguliu.at("fc2.weight").shape, (std::vector<std::int64_t>{2, 16}));
}

}  // namespace
}  // namespace seam
