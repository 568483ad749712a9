#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <opencv2/core.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "evaluate/truth.h"
#include "extract/media/exif.h"
#include "extract/media/file_end.h"
#include "extract/media/input_file.h"
#include "extract/media/jpeg_file.h"
#include "labels/manifest.h"
#include "models/networks/onnx_file.h"
#include "models/weights/pickle.h"
#include "models/weights/safetensors.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/torch_file.h"
#include "models/weights/zip_file.h"
#include "models/zoo/ensemble_file.h"
#include "proto/picture_codec.h"
#include "proto/shard.h"
#include "scores/score_file.h"
#include "spectrum/numpy_file.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

// Whether the reader took it.
template <class Read>
bool Try(const Read& read) {
  try {
    read();
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The bytes as a file that lies in memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
    while (!bytes.empty()) {
      const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
      if (written <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  fs::path path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

bool Unpickle(std::string_view bytes) {
  return Try([&] {
    while (!bytes.empty()) Pickle("input").Read(&bytes);
  });
}

bool ReadShard(std::string_view bytes) {
  const MemoryFile file(bytes);
  bool whole = false;
  for (const auto damage : {ShardReader::kThrow, ShardReader::kTolerate}) {
    whole = Try([&] {
              const ShardReader shard(file.path(), damage);
              for (std::size_t i = 0; i < shard.size(); ++i) {
                std::string problem;
                shard.TryRead(i, &problem);
              }
            }) ||
            whole;
  }
  return whole;
}

// As much of a picture as fits into a megabyte.
bool ReadPicture(std::string_view bytes) {
  constexpr std::int64_t kMost = 1 << 18;
  const PictureHead head = ReadPictureHead(bytes);
  if (head.width <= 0 || head.height <= 0 || head.width > kMost / head.height) return false;
  for (const int channels : {1, 3}) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(head.width * head.height * channels));
    if (!DecodePixels(bytes, channels, pixels.data()).empty()) return false;
  }
  return true;
}

bool LookAtMedia(std::string_view bytes) {
  if (bytes.empty()) return false;
  const MemoryFile memory(bytes);
  return Try([&] {
    const InputFile file(memory.path());
    for (const char* container : {"avi", "webp_pipe", "flv", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm",
                                  "asf", "mxf", "dv", "dhav", "png_pipe", "mpegts", "mpeg", "ogg", "gif"})
      IsCutOff(container, file);
    LookIntoJpeg(file);
    ExifOrientation(file);
  });
}

bool ReadSettings(std::string_view bytes) {
  const MemoryFile file(bytes);
  return Try([&] {
    std::string text;
    int number = 0;
    double share = 0;
    bool flag = false;
    Options options("fuzz", "[options]", "reads settings", "fuzz");
    options.Add("text", &text, "a text");
    options.Add("number", &number, "a number", Between(0, 9));
    options.Add("share", &share, "a share", Between(0, 1));
    options.Add("flag", &flag, "on or off");
    options.Parse({"--config", file.path().string()});
  });
}

std::string Little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::string ShardSeed() {
  const TemporaryFolder folder;
  ShardWriter writer(folder.path(), "train", 1 << 20);
  for (int i = 0; i < 3; ++i) {
    Clip clip;
    clip.set_video(fmt::format("v{}", i));
    clip.add_frames()->set_image("jpeg");
    writer.Add(clip);
  }
  return ReadFile(writer.Finish().front());
}

std::string Picture(bool png) {
  cv::Mat picture(9, 12, CV_8UC3);
  cv::randu(picture, 0, 255);
  return png ? EncodePng(MakeView(picture)) : EncodeJpeg(MakeView(picture), 80, JpegSampling::k420);
}

std::string SafetensorsSeed() {
  const std::string header =
      R"({"__metadata__":{"seam.format":"1"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  return Little(header.size(), 8) + header + std::string(8, '\x3f');
}

std::string NpySeed() {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  return "\x93NUMPY\1\0"s + Little(header.size() + 1, 2) + header + "\n" + std::string(16, '\0');
}

// {"state_dict": {"w": 1.5}} in protocol 2.
std::string PickleSeed() { return "\x80\2}X\n\0\0\0state_dict}X\1\0\0\0wG?\xf8\0\0\0\0\0\0ss."s; }

std::string PickledText(const std::string& text) { return "X" + Little(text.size(), 4) + text; }

// {"w": a tensor of 2 x 2} in the format before PyTorch 1.6.
std::string TorchSeed() {
  const auto pickled = [](const std::string& object) { return "\x80\2" + object + "."; };
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v2\n((" + PickledText("storage") +
                             "ctorch\nFloatStorage\n" + PickledText("0") + PickledText("cpu") + "K\4NtQK" +
                             std::string(1, '\0') + "K\2K\2\x86K\2K\1\x86\x89}tR";
  return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3."s +
         pickled("}(" + PickledText("little_endian") + "\x88u") +
         pickled("}(" + PickledText("w") + tensor + "u") + pickled("](" + PickledText("0") + "e") +
         Little(4, 8) + std::string(16, '\0');
}

// A field of protobuf whose value is text or another message.
std::string Field(int number, const std::string& value) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(value.size()) + value;
}
std::string Field(int number, int value) {
  return std::string(1, static_cast<char>(number << 3)) + static_cast<char>(value);
}

// i [1, 3, 4, 4] -> Relu -> o.
std::string OnnxSeed() {
  const auto value = [](const std::string& name) {
    std::string shape;
    for (const int side : {1, 3, 4, 4}) shape += Field(1, Field(1, side));
    return Field(1, name) + Field(2, Field(1, Field(1, 1) + Field(2, shape)));
  };
  const std::string node = Field(1, "i") + Field(2, "o") + Field(4, "Relu");
  return Field(1, 8) +
         Field(7, Field(1, node) + Field(2, "g") + Field(11, value("i")) + Field(12, value("o"))) +
         Field(8, Field(2, 13));
}

std::vector<std::string> MediaSeeds() {
  std::string transport;
  for (int i = 0; i < 6; ++i) {
    std::string packet = "G\x41\0"s + static_cast<char>(0x10 + i) + "\0\0\1\xE0\0\0\x80\0\0"s;
    packet.resize(188, '\x55');
    transport += packet;
  }
  const std::string program =
      "\0\0\1\xBA\x44\0\4\0\4\1\0\0\3\xf8\0\0\1\xE0\0\x10\x80\0\0\0\0\1\xB3\x14\0\xf0"s +
      "\0\0\1\0\0\0\1\xB5\x8f\xff\xf3\0\0\1\1\xaa"s;
  const std::string ogg = "OggS\0\2"s + std::string(20, '\0') + "\1\4abcd";
  const std::string flv = "FLV\1\1\0\0\0\x09\0\0\0\0\x12\0\0\x20"s + std::string(7, '\0') +
                          std::string(
                              "\0\x08"
                              "filesize\0\x40\x59\0\0\0\0\0\0",
                              19);
  const std::string matroska = std::string(
      "\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x1F\x43\xB6\x75\x84\xE7\x81\1"
      "\xA3",
      26);
  std::string mp4 = std::string(
                        "\0\0\0\x08"
                        "ftyp\0\0\0\x2csidx\0\0\0\0\0\0\0\1\0\0\3\xe8",
                        28) +
                    std::string(8, '\0') + "\0\0\0\1\0\0\0\x40\0\0\0\1\x90\0\0\0"s;
  return {transport,      program,      ogg, flv, matroska, mp4, "RIFF" + Little(100, 4) + "AVI LIST",
          Picture(false), Picture(true)};
}

std::string ScoreSeed(ScoreFileForm form) {
  ScoreRow row;
  row.path = "a/b.mp4";
  row.score = 0.25;
  return ScoreFileHeader(form) + ScoreFileLine(row, form);
}

}  // namespace

const std::vector<FuzzTarget>& FuzzTargets() {
  static const std::vector<FuzzTarget> targets = {
      {"csv", [](std::string_view bytes) { return Try([&] { ParseCsv(bytes, "input"); }); },
       [] {
         return std::vector<std::string>{"a,b\n\"x,\"\"y\",2\n", "\xef\xbb\xbfpath;label\r\na.mp4;1\r\n"};
       }},
      {"scores",
       [](std::string_view bytes) {
         const MemoryFile file(bytes);
         bool taken = false;
         for (const auto form : {ScoreFileForm::kCsv, ScoreFileForm::kJsonLines})
           taken = Try([&] { ReadScoreFile(file.path(), form); }) || taken;
         return taken;
       },
       [] {
         return std::vector<std::string>{ScoreSeed(ScoreFileForm::kCsv),
                                         ScoreSeed(ScoreFileForm::kJsonLines)};
       }},
      {"labels",
       [](std::string_view bytes) {
         const MemoryFile file(bytes);
         return Try([&] { ReadTruth(file.path()); });
       },
       [] { return std::vector<std::string>{"path,label,split\na.mp4,fake,test\n"}; }},
      {"manifest", [](std::string_view bytes) { return Try([&] { ParseManifestRow("input", bytes); }); },
       [] {
         ManifestRow row;
         row.video = "a.mp4";
         row.status = Status::kOk;
         return std::vector<std::string>{ManifestLine(row)};
       }},
      {"settings", ReadSettings,
       [] { return std::vector<std::string>{"text = a b # c\nnumber = 3\nshare = 0.5\nflag = true\n"}; }},
      {"shard", ReadShard, [] { return std::vector<std::string>{ShardSeed()}; }},
      {"safetensors",
       [](std::string_view bytes) {
         const bool taken = Try([&] { ParseSafetensorsHeader(bytes, "input"); });
         Try([&] { LoadNetwork(bytes, "input"); });
         return taken;
       },
       [] { return std::vector<std::string>{SafetensorsSeed()}; }},
      {"onnx",
       [](std::string_view bytes) { return Try([&] { OnnxFile(std::string(bytes), "input").Network(); }); },
       [] { return std::vector<std::string>{OnnxSeed()}; }},
      {"pickle", Unpickle, [] { return std::vector<std::string>{PickleSeed()}; }},
      {"torch",
       [](std::string_view bytes) {
         const bool taken = Try([&] { ReadTorchFile(bytes, "input"); });
         Try([&] {
           const ZipFile zip(bytes, "input");
           for (const auto& [name, length] : zip.members()) Unpickle(zip.Read(name));
         });
         return taken;
       },
       [] { return std::vector<std::string>{TorchSeed()}; }},
      {"numpy",
       [](std::string_view bytes) {
         const bool taken = Try([&] { ParseNpy(bytes, "input"); });
         const MemoryFile file(bytes);
         Try([&] { ReadNpz(file.path()); });
         return taken;
       },
       [] { return std::vector<std::string>{NpySeed()}; }},
      {"picture", ReadPicture,
       [] {
         return std::vector<std::string>{Picture(false), Picture(true)};
       }},
      {"media", LookAtMedia, MediaSeeds},
  };
  return targets;
}

}  // namespace seam
