#include "models/weights/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace seam {

const std::vector<std::pair<std::string, DType>> kSafetensorsDtypes = {
    {"BOOL", DType::kBool},   {"U8", DType::kUint8},    {"I8", DType::kInt8},     {"I16", DType::kInt16},
    {"I32", DType::kInt32},   {"I64", DType::kInt64},   {"F16", DType::kFloat16}, {"BF16", DType::kBfloat16},
    {"F32", DType::kFloat32}, {"F64", DType::kFloat64},
};

namespace {

constexpr std::size_t kLengthBytes = 8;

Error Damaged(const std::string& subject, const std::string& what) {
  return Error(subject, "damaged safetensors file: " + what, "fetch or write the file again");
}

// Takes the header's JSON piece by piece, so that nothing is built that the format does not have: an object
// of objects, one of them __metadata__ with strings, each other with dtype, shape and data_offsets. That also
// bounds the nesting.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(SafetensorsHeader* header) : header_(header) {}

  const std::string& problem() const { return problem_; }

  bool null() override { return Misplaced("null"); }
  bool boolean(bool) override { return Misplaced("true or false"); }
  bool number_integer(number_integer_t) override { return Misplaced("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return Misplaced("a fraction or a huge number");
  }
  bool binary(binary_t&) override { return Misplaced("bytes"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape) {
      if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) return TooLarge();
      auto& shape = header_->tensors.back().shape;
      if (shape.size() == kMaxDimensions) {
        return Fail(fmt::format("tensor {} has more than {} dimensions", Shown(name_), kMaxDimensions));
      }
      shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ != Place::kOffsets) return Misplaced("a number");
    if (offsets_ == 2) return Fail(fmt::format("tensor {} has more than two data_offsets", Shown(name_)));
    (offsets_++ == 0 ? header_->tensors.back().begin : header_->tensors.back().end) = value;
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadata) {
      header_->metadata.emplace(key_, value);
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") return Misplaced("a string");
    const auto known = std::find_if(kSafetensorsDtypes.begin(), kSafetensorsDtypes.end(),
                                    [&](const auto& dtype) { return dtype.first == value; });
    if (known == kSafetensorsDtypes.end()) {
      return Fail(fmt::format("tensor {} has the unknown dtype {}", Shown(name_), Shown(value)));
    }
    header_->tensors.back().dtype = known->second;
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && name_ == "__metadata__") {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      if (header_->tensors.size() == kMaxTensors)
        return Fail(fmt::format("more than {} tensors", kMaxTensors));
      place_ = Place::kTensor;
      header_->tensors.emplace_back().name = name_;
      seen_.clear();
      offsets_ = 0;
    } else {
      return Misplaced("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    key_ = value;
    if (place_ == Place::kTop) {
      name_ = value;
      return names_.insert(value).second || Fail(fmt::format("the name {} stands twice", Shown(value)));
    }
    if (place_ == Place::kMetadata) {
      if (header_->metadata.count(value) > 0) {
        return Fail(fmt::format("the key {} stands twice in __metadata__", Shown(value)));
      }
      return header_->metadata.size() < kMaxTensors ||
             Fail(fmt::format("more than {} entries in __metadata__", kMaxTensors));
    }
    if (value != "dtype" && value != "shape" && value != "data_offsets") {
      return Fail(fmt::format("tensor {} has the unknown field {}", Shown(name_), Shown(value)));
    }
    return seen_.insert(value).second || Fail(fmt::format("tensor {} has {} twice", Shown(name_), value));
  }

  bool end_object() override {
    if (place_ == Place::kTensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (seen_.count(field) == 0) return Fail(fmt::format("tensor {} has no {}", Shown(name_), field));
      }
    }
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kTensor || key_ == "dtype") return Misplaced("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2) {
      return Fail(fmt::format("tensor {} has fewer than two data_offsets", Shown(name_)));
    }
    place_ = Place::kTensor;
    return true;
  }

  // The library's words quote the text around the place, at any length.
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Fail(fmt::format("the header is not JSON, at byte {}", kLengthBytes + position - 1));
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kTensor, kShape, kOffsets };

  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool TooLarge() { return Fail(fmt::format("the shape of tensor {} is too large", Shown(name_))); }

  bool Misplaced(const char* what) {
    if (place_ == Place::kMetadata) {
      return Fail(fmt::format("{} of __metadata__ is {}, not a string", Shown(key_), what));
    }
    if (place_ == Place::kTop)
      return Fail(fmt::format("the entry {} is {}, not an object", Shown(name_), what));
    return Fail(fmt::format("tensor {} has {} where its {} should be", Shown(name_), what, key_));
  }

  SafetensorsHeader* header_;
  Place place_ = Place::kOutside;
  std::string name_, key_;                 // the last key of the top object, and of any
  std::unordered_set<std::string> names_;  // keys of the top object
  std::unordered_set<std::string> seen_;   // fields of this tensor
  int offsets_ = 0;
  std::string problem_;
};

// Bytes of a tensor. A zero counts as one for the test of overflow, as LibTorch computes strides in the same
// way.
std::uint64_t TensorBytes(const TensorEntry& entry, const std::string& subject) {
  std::uint64_t bound = FindSize(entry.dtype);
  std::uint64_t bytes = bound;
  for (const std::int64_t side : entry.shape) {
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(side, 1));
    if (bound > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor) {
      throw Damaged(subject, fmt::format("the shape of tensor {} is too large", Shown(entry.name)));
    }
    bound *= factor;
    bytes *= static_cast<std::uint64_t>(side);
  }
  return bytes;
}

// Puts the tensors in order of their bytes.
void CheckLayout(std::uint64_t data_bytes, const std::string& subject, std::vector<TensorEntry>* tensors) {
  for (const auto& entry : *tensors) {
    const std::uint64_t bytes = TensorBytes(entry, subject);
    if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
      throw Damaged(
          subject,
          fmt::format("tensor {} takes {} bytes by dtype and shape, but its data_offsets are {} to {}",
                      Shown(entry.name), bytes, entry.begin, entry.end));
    }
  }
  std::sort(tensors->begin(), tensors->end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t expected = 0;
  for (const auto& entry : *tensors) {
    if (entry.begin != expected) {
      throw Damaged(subject, fmt::format("tensor {} begins at {}, {} the bytes before it, which end at {}",
                                         Shown(entry.name), entry.begin,
                                         entry.begin < expected ? "inside" : "not after", expected));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    throw Damaged(subject, fmt::format("its tensors take {} bytes, but {} bytes of data are there{}",
                                       expected, data_bytes, expected > data_bytes ? "; it is cut off" : ""));
  }
}

std::uint64_t HeaderBytes(std::string_view file, const std::string& subject) {
  if (file.size() <= kLengthBytes || file[kLengthBytes] != '{') {
    // A zip archive (torch.save since PyTorch 1.6), or a pickle of protocol 2 to 5 (before that).
    const bool zip = file.substr(0, 4) == std::string_view("PK\x03\x04", 4);
    const bool pickle = file.size() > 2 && file[0] == '\x80' && file[1] >= 2 && file[1] <= 5;
    if (zip || pickle) {
      throw Error(subject, "is a PyTorch file, not a safetensors file",
                  "`seam models import` makes a checkpoint of it, and runs none of its code");
    }
    throw Error(subject, "is not a safetensors file", "name a .safetensors file that `seam train` wrote");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    throw Damaged(subject,
                  fmt::format("a header of {} bytes, more than the {} allowed", length, kMaxHeaderBytes));
  }
  if (length > file.size() - kLengthBytes) {
    throw Damaged(subject,
                  fmt::format("a header of {} bytes in a file of {}; it is cut off", length, file.size()));
  }
  return length;
}

}  // namespace

SafetensorsHeader ParseSafetensorsHeader(std::string_view file, const std::string& subject) {
  const std::uint64_t length = HeaderBytes(file, subject);
  const std::string_view json = file.substr(kLengthBytes, length);
  // nlohmann-json takes a zero byte for the end of the text and would not see what follows.
  if (const auto zero = json.find('\0'); zero != std::string_view::npos) {
    throw Damaged(subject, fmt::format("the header is not JSON, at byte {}", kLengthBytes + zero));
  }
  SafetensorsHeader header;
  HeaderReader reader(&header);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) throw Damaged(subject, reader.problem());
  header.data_offset = kLengthBytes + length;
  CheckLayout(file.size() - header.data_offset, subject, &header.tensors);
  return header;
}

std::string Shown(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  if (name.size() <= kLongest) return fmt::format("'{}'", name);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
    --end;  // not inside a UTF-8 sequence
  return fmt::format("'{}...'", name.substr(0, end));
}

}  // namespace seam
