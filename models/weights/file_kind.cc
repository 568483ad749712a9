#include "models/weights/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lower_case.h"
#include "models/weights/safetensors.h"

namespace seam {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  const char *is, *hint;
};

constexpr const char* kExport = "save its weights as PyTorch, Keras HDF5 or .safetensors";
constexpr const char* kUnpack = "unpack it, and name the file of weights inside";

constexpr std::array<Magic, 12> kMagics = {{
    {0, "\x1f\x8b"sv, "is packed by gzip", kUnpack},
    {0, "\x28\xb5\x2f\xfd"sv, "is packed by zstd", kUnpack},
    {0,
     "\xfd"
     "7zXZ"sv,
     "is packed by xz", kUnpack},
    {0, "BZh"sv, "is packed by bzip2", kUnpack},
    {0, "7z\xbc\xaf"sv, "is a 7z archive", kUnpack},
    {0, "Rar!"sv, "is a RAR archive", kUnpack},
    {0, "\x93NUMPY"sv, "is a NumPy array", kExport},
    {4, "TFL3"sv, "is a TensorFlow Lite network", kExport},
    {0, "%PDF"sv, "is a PDF document", "name the file of weights"},
    {0, "\xff\xd8\xff"sv, "is a JPEG picture", "name the file of weights"},
    {0, "\x89PNG"sv, "is a PNG picture", "name the file of weights"},
    {4, "ftyp"sv, "is a video", "name the file of weights"},
}};

// ONNX is a protobuf whose first field, the version, is a small number, and whose next names the producer.
bool LooksLikeOnnx(std::string_view bytes) {
  return bytes.size() > 4 && bytes[0] == '\x08' && bytes[1] > 0 && bytes[1] < 32 && bytes[2] == '\x12' &&
         static_cast<std::size_t>(bytes[3]) + 4 < bytes.size();
}

// The members of a zip file are named in it as they are.
std::optional<FileKind> KindOfZip(std::string_view bytes) {
  if (!bytes.starts_with("PK\3\4")) return std::nullopt;
  const auto has = [&](std::string_view name) { return bytes.find(name) != std::string_view::npos; };
  if (has("data.pkl")) return std::nullopt;
  if (has("model.weights.h5"))
    return FileKind{"is a Keras 3 archive (.keras)", "unzip it, and name the model.weights.h5 inside"};
  if (has("xl/workbook.xml") || has("word/document.xml"))
    return FileKind{"is an office document", "name the file of weights"};
  if (has(".npy")) return FileKind{"is an archive of NumPy arrays (.npz)", kExport};
  return FileKind{"is a zip archive, but none of torch.save()'s", kUnpack};
}

}  // namespace

bool LooksLikeTorchFile(std::string_view bytes) {
  if (LooksLikeSafetensors(bytes)) return false;
  return bytes.starts_with("PK\3\4"sv) || bytes.starts_with("\x80"sv) ||
         (bytes.size() > 262 && bytes.substr(257, 5) == "ustar");
}

bool LooksLikeHdf5(std::string_view bytes) { return bytes.starts_with("\x89HDF\r\n\x1a\n"sv); }

std::optional<FileKind> KindOfNoWeights(std::string_view bytes) {
  if (bytes.empty()) return FileKind{"is empty", "fetch it again"};
  if (LooksLikeSafetensors(bytes)) return std::nullopt;
  if (std::all_of(bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 4096)),
                  [](char c) { return c == 0; }))
    return FileKind{"begins with nothing but zeros", "its download did not end; fetch it again"};
  constexpr std::size_t kLooked = 512;
  std::string_view start = bytes.substr(0, kLooked);
  if (start.starts_with("\xef\xbb\xbf")) start.remove_prefix(3);
  if (start.starts_with("version https://git-lfs"))
    return FileKind{"is a Git LFS pointer, not the weights themselves",
                    "`git lfs pull` in its repository fetches them"};
  const std::size_t text = start.find_first_not_of(" \t\r\n");
  const std::string lower = LowerCase(std::string(text == std::string_view::npos ? "" : start.substr(text)));
  if (lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<head") ||
      lower.starts_with("<?xml") || lower.starts_with("<script"))
    return FileKind{
        "is a web page, not weights",
        "a download that asks for a login or a click gives such a page; fetch the file in a browser"};
  for (const Magic& magic : kMagics) {
    if (bytes.size() > magic.at && bytes.substr(magic.at).starts_with(magic.bytes))
      return FileKind{magic.is, magic.hint};
  }
  if (LooksLikeOnnx(bytes)) return FileKind{"is an ONNX file, which Seam writes but does not read", kExport};
  if (auto zip = KindOfZip(bytes)) return zip;
  const auto printable = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : byte == '\t' || byte == '\n' || byte == '\r';
  };
  constexpr std::size_t kShown = 60;
  if (std::all_of(start.begin(), start.end(), printable) && !lower.starts_with("{")) {
    return FileKind{fmt::format("is text, not weights: it begins with '{}'",
                                Printable(std::string(start.substr(0, std::min(start.find('\n'), kShown))))),
                    "name the file of weights"};
  }
  return std::nullopt;
}

}  // namespace seam
