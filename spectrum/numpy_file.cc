#include "spectrum/numpy_file.h"

#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/zip_file.h"

namespace seam {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMaxHeader = 1 << 20, kMaxAxes = 32;

Error Damaged(const std::string& subject, const std::string& what) {
  return Error(subject, "damaged .npy: " + what, "write it again with numpy.save()");
}

// Bytes of an element of `type`; 0 for a type that is not read.
std::size_t FindWidth(const std::string& type) {
  static const std::vector<std::pair<std::string, std::size_t>> numbers = {
      {"<f8", 8}, {"<f4", 4}, {"|u1", 1}, {"|i1", 1}, {"|b1", 1}, {"<i2", 2},
      {"<u2", 2}, {"<i4", 4}, {"<u4", 4}, {"<i8", 8}, {"<u8", 8},
  };
  for (const auto& [name, width] : numbers) {
    if (type == name) return width;
  }
  if (type.size() > 2 && type.size() < 9 && type.compare(0, 2, "<U") == 0 &&
      std::all_of(type.begin() + 2, type.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return 4 * static_cast<std::size_t>(std::stoul(type.substr(2)));
  }
  return 0;
}

bool IsText(const std::string& type) { return type.compare(0, 2, "<U") == 0; }

// The code points of UTF-8; what is none becomes U+FFFD.
std::u32string CodePoints(const std::string& text) {
  std::u32string points;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80       ? 1
                               : first >> 5 == 6  ? 2
                               : first >> 4 == 14 ? 3
                               : first >> 3 == 30 ? 4
                                                  : 0;
    if (length == 0 || i + length > text.size()) {
      points.push_back(0xfffd);
      ++i;
      continue;
    }
    char32_t point = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k)
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    points.push_back(point);
    i += length;
  }
  return points;
}

void AppendUtf8(char32_t point, std::string* text) {
  if (point > 0x10ffff) point = 0xfffd;
  if (point < 0x80) {
    text->push_back(static_cast<char>(point));
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  text->push_back(static_cast<char>((0xff00 >> (more + 1) & 0xff) | point >> (6 * more)));
  for (int k = more - 1; k >= 0; --k) text->push_back(static_cast<char>(0x80 | (point >> (6 * k) & 0x3f)));
}

NumpyArray OfUtf32(const std::vector<std::string>& texts, std::vector<std::int64_t> shape) {
  std::vector<std::u32string> points;
  std::size_t longest = 1;
  for (const auto& text : texts) {
    points.push_back(CodePoints(text));
    longest = std::max(longest, points.back().size());
  }
  NumpyArray array{fmt::format("<U{}", longest), std::move(shape), {}};
  array.bytes.resize(texts.size() * longest * 4);
  for (std::size_t i = 0; i < points.size(); ++i)
    std::memcpy(&array.bytes[i * longest * 4], points[i].data(), points[i].size() * 4);
  return array;
}

template <class To, class From>
std::vector<To> Converted(const std::string& bytes) {
  std::vector<To> result(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < result.size(); ++i) {
    From value;
    std::memcpy(&value, &bytes[i * sizeof(From)], sizeof(From));
    result[i] = static_cast<To>(value);
  }
  return result;
}

template <class To>
std::vector<To> ReadNumbers(const NumpyArray& array, const std::string& subject) {
  const auto& [type, shape, bytes] = array;
  if (type == "<f8") return Converted<To, double>(bytes);
  if (type == "<f4") return Converted<To, float>(bytes);
  if (type == "|u1" || type == "|b1") return Converted<To, std::uint8_t>(bytes);
  if (type == "|i1") return Converted<To, std::int8_t>(bytes);
  if (type == "<i2") return Converted<To, std::int16_t>(bytes);
  if (type == "<u2") return Converted<To, std::uint16_t>(bytes);
  if (type == "<i4") return Converted<To, std::int32_t>(bytes);
  if (type == "<u4") return Converted<To, std::uint32_t>(bytes);
  if (type == "<i8") return Converted<To, std::int64_t>(bytes);
  if (type == "<u8") return Converted<To, std::uint64_t>(bytes);
  throw Error(subject, fmt::format("holds texts ({}), not numbers", Printable(type)));
}

// The text between `key`'s value's quotes or brackets.
std::string_view ValueIn(std::string_view header, std::string_view key, char open, char close,
                         const std::string& subject) {
  const auto at = header.find(key);
  const auto from = at == std::string_view::npos ? at : header.find(open, at + key.size());
  const auto to = from == std::string_view::npos ? from : header.find(close, from + 1);
  if (to == std::string_view::npos) throw Damaged(subject, fmt::format("its header has no {}", key));
  return header.substr(from + 1, to - from - 1);
}

std::vector<std::int64_t> ShapeIn(std::string_view text, const std::string& subject) {
  std::vector<std::int64_t> shape;
  std::int64_t number = -1;
  for (const char c : std::string(text) + ",") {
    if (c >= '0' && c <= '9') {
      number = std::max<std::int64_t>(number, 0) * 10 + (c - '0');
      if (number > std::int64_t{1} << 40) throw Damaged(subject, "its shape is too large");
    } else if (c == ',') {
      if (number >= 0) shape.push_back(number);
      number = -1;
    } else if (c != ' ' && c != 'L') {
      throw Damaged(subject, "its shape is no list of numbers");
    }
  }
  if (shape.size() > kMaxAxes) throw Damaged(subject, "its shape has too many axes");
  return shape;
}

// Whether the elements' bytes are exactly `have`, without overflow.
bool Fits(const std::vector<std::int64_t>& shape, std::size_t width, std::size_t have) {
  std::size_t need = width;
  for (const std::int64_t side : shape) {
    if (side == 0) return have == 0;
    if (need > have / static_cast<std::size_t>(side)) return false;
    need *= static_cast<std::size_t>(side);
  }
  return need == have;
}

}  // namespace

std::size_t NumpyArray::elements() const {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

NumpyArray NumpyArray::OfDoubles(std::vector<std::int64_t> shape, const double* values) {
  NumpyArray array{"<f8", std::move(shape), {}};
  array.bytes.assign(reinterpret_cast<const char*>(values), array.elements() * sizeof(double));
  return array;
}

NumpyArray NumpyArray::OfFloats(std::vector<std::int64_t> shape, const float* values) {
  NumpyArray array{"<f4", std::move(shape), {}};
  array.bytes.assign(reinterpret_cast<const char*>(values), array.elements() * sizeof(float));
  return array;
}

NumpyArray NumpyArray::OfIntegers(const std::vector<std::int64_t>& values) {
  NumpyArray array{"<i8", {static_cast<std::int64_t>(values.size())}, {}};
  array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int64_t));
  return array;
}

NumpyArray NumpyArray::OfTexts(const std::vector<std::string>& texts) {
  return OfUtf32(texts, {static_cast<std::int64_t>(texts.size())});
}

NumpyArray NumpyArray::OfText(const std::string& text) { return OfUtf32({text}, {}); }

std::vector<double> NumpyArray::Doubles(const std::string& subject) const {
  return ReadNumbers<double>(*this, subject);
}
std::vector<float> NumpyArray::Floats(const std::string& subject) const {
  return ReadNumbers<float>(*this, subject);
}
std::vector<std::int64_t> NumpyArray::Integers(const std::string& subject) const {
  return ReadNumbers<std::int64_t>(*this, subject);
}

std::vector<std::string> NumpyArray::Texts(const std::string& subject) const {
  if (!IsText(type)) throw Error(subject, fmt::format("holds {}, not texts", Printable(type)));
  const std::size_t width = FindWidth(type);
  std::vector<std::string> texts(elements());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t k = 0; k < width; k += 4) {
      char32_t point = 0;
      std::memcpy(&point, &bytes[i * width + k], 4);
      if (point != 0) AppendUtf8(point, &texts[i]);
    }
  }
  return texts;
}

std::string MakeNpyHeader(const NumpyArray& array) {
  std::string shape;
  for (const std::int64_t side : array.shape) shape += fmt::format("{}, ", side);
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  if (array.shape.size() == 1) shape.pop_back();
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", array.type, shape);
  const std::size_t fixed = kMagic.size() + 4;
  text.append(kAlignment - (fixed + text.size() + 1) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

std::string ToNpy(const NumpyArray& array) { return MakeNpyHeader(array) + array.bytes; }

NumpyArray ParseNpy(std::string_view bytes, const std::string& subject) {
  if (bytes.size() < 12 || bytes.substr(0, kMagic.size()) != kMagic)
    throw Damaged(subject, "it does not begin as one");
  const int version = bytes[6];
  const std::size_t prefix = version == 1 ? 10 : 12;
  const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(bytes[at])}; };
  std::size_t length = byte(8) | byte(9) << 8;
  if (version != 1) length |= byte(10) << 16 | byte(11) << 24;
  if (version < 1 || version > 3 || length > kMaxHeader || prefix + length > bytes.size())
    throw Damaged(subject, "its header ends beyond the file");
  const std::string_view header = bytes.substr(prefix, length);
  NumpyArray array;
  const auto descr = header.find("'descr'");
  const auto bracket = descr == std::string_view::npos ? descr : header.find_first_of("'[", descr + 7);
  if (bracket != std::string_view::npos && header[bracket] == '[')
    throw Error(subject, "holds records, not numbers", "save a plain array with numpy.save()");
  array.type = std::string(ValueIn(header, "'descr':", '\'', '\'', subject));
  if (!array.type.empty() && array.type[0] == '=') array.type[0] = '<';
  if (FindWidth(array.type) == 0) {
    throw Error(subject, fmt::format("holds elements of type {}", Printable(array.type)),
                "numbers in little-endian order are read; objects, which are pickled, never are");
  }
  const auto order = header.find("'fortran_order'");
  if (order == std::string_view::npos) throw Damaged(subject, "its header has no order");
  if (header.substr(order + 15, 8).find("True") != std::string_view::npos)
    throw Error(subject, "is in Fortran's order", "save numpy.ascontiguousarray(array)");
  array.shape = ShapeIn(ValueIn(header, "'shape'", '(', ')', subject), subject);
  if (!Fits(array.shape, FindWidth(array.type), bytes.size() - prefix - length))
    throw Damaged(subject, "it is shorter or longer than its shape says");
  array.bytes = bytes.substr(prefix + length);
  return array;
}

void WriteNpz(const std::filesystem::path& path,
              const std::vector<std::pair<std::string, NumpyArray>>& arrays) {
  // The library keeps pointers into these until it closes.
  std::vector<std::string> members;
  int problem = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &problem);
  const auto fail = [&](const std::string& words) {
    if (zip != nullptr) zip_discard(zip);
    throw Error(path.string(), "cannot be written: " + Printable(words));
  };
  if (zip == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, problem);
    fail(zip_error_strerror(&error));
  }
  members.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    members.push_back(ToNpy(array));
    zip_source_t* source = zip_source_buffer(zip, members.back().data(), members.back().size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(zip, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0 || zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0 ||
        // Equal arrays are to give equal files.
        zip_file_set_dostime(zip, static_cast<zip_uint64_t>(index), 0, 0x21, 0) != 0) {
      fail(zip_strerror(zip));
    }
  }
  if (zip_close(zip) != 0) fail(zip_strerror(zip));
}

std::map<std::string, NumpyArray> ReadNpz(const std::filesystem::path& path) {
  const MappedFile file(path);
  const ZipFile zip(file.bytes(), path.string());
  std::map<std::string, NumpyArray> arrays;
  for (const auto& [name, size] : zip.members()) {
    const std::string subject = path.string() + ": " + Printable(name);
    const std::string stem = name.ends_with(".npy") ? name.substr(0, name.size() - 4) : name;
    arrays[stem] = ParseNpy(zip.Read(name), subject);
  }
  return arrays;
}

}  // namespace seam
