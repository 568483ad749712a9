#include "spectrum/feature_set.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/json_text.h"
#include "models/weights/pickle.h"
#include "spectrum/numpy_file.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxClasses = 10'000;

void SetData(const NumpyArray& array, const std::string& subject, FeatureSet* set) {
  if (array.shape.empty() || array.shape.size() > 4)
    throw Error(subject, "its data is no table of features", "rows are pictures: [pictures, features ...]");
  set->shape.assign(array.shape.begin() + 1, array.shape.end());
  if (set->shape.empty()) set->shape = {1};
  set->values = array.Doubles(subject);
  set->labels.assign(static_cast<std::size_t>(array.shape[0]), -1);
  if (!std::all_of(set->values.begin(), set->values.end(), [](double value) { return std::isfinite(value); }))
    throw Error(subject, "holds numbers that are not finite");
}

// Classes count from 0 in order of the labels' numbers.
void SetLabels(const NumpyArray& array, const std::string& subject, FeatureSet* set) {
  const std::vector<double> labels = array.Doubles(subject);
  if (labels.size() != set->rows()) {
    throw Error(subject, fmt::format("has {} labels for {} rows", labels.size(), set->rows()));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!(labels[i] >= -1 && labels[i] < kMaxClasses) || labels[i] != std::floor(labels[i]))
      throw Error(subject, fmt::format("the label {} is no class", labels[i]), "classes are 0, 1, 2, ...");
    set->labels[i] = static_cast<int>(labels[i]);
  }
}

const NumpyArray& Required(const std::map<std::string, NumpyArray>& arrays, const std::string& name,
                           const std::string& subject) {
  const auto found = arrays.find(name);
  if (found == arrays.end())
    throw Error(subject, fmt::format("has no array '{}'", name),
                "numpy.savez(path, data=features, label=labels)");
  return found->second;
}

FeatureSet OfNpz(const fs::path& path) {
  const auto arrays = ReadNpz(path);
  const std::string subject = path.string();
  FeatureSet set;
  SetData(Required(arrays, "data", subject), subject, &set);
  SetLabels(Required(arrays, "label", subject), subject, &set);
  if (arrays.contains("path")) set.paths = arrays.at("path").Texts(subject);
  if (arrays.contains("classes")) set.classes = arrays.at("classes").Texts(subject);
  if (arrays.contains("recipe")) {
    const auto texts = arrays.at("recipe").Texts(subject);
    const auto recipe = ParseJsonText(texts.empty() ? "" : texts[0]);
    if (recipe.is_object()) set.recipe = recipe;
  }
  if (!set.paths.empty() && set.paths.size() != set.rows())
    throw Error(subject, fmt::format("has {} paths for {} rows", set.paths.size(), set.rows()));
  return set;
}

FeatureSet OfNpy(const fs::path& path) {
  FeatureSet set;
  SetData(ParseNpy(ReadFile(path), path.string()), path.string(), &set);
  for (const fs::path& beside :
       {fs::path(path).replace_extension(".labels.npy"), path.parent_path() / "labels.npy"}) {
    if (!fs::is_regular_file(beside)) continue;
    SetLabels(ParseNpy(ReadFile(beside), beside.string()), beside.string(), &set);
    break;
  }
  return set;
}

using Pickled = PickleValue::Ref;

bool IsObject(Pickled value, std::initializer_list<std::string_view> names) {
  return value != nullptr && value->kind == PickleValue::kObject &&
         std::find(names.begin(), names.end(), value->text) != names.end();
}

// The item of a tuple, or nullptr.
Pickled GetItem(Pickled tuple, std::size_t i) {
  const bool has = tuple != nullptr && tuple->kind == PickleValue::kTuple && i < tuple->items.size();
  return has ? tuple->items[i] : nullptr;
}

bool IsTrue(Pickled value) { return value != nullptr && value->number != 0; }

// Of numpy.dtype("f8", ...), whose state tells the order of bytes, as .npy files write it; "" for another
// object.
std::string ReadType(Pickled dtype) {
  if (!IsObject(dtype, {"numpy.dtype"}) || dtype->items.empty()) return "";
  const std::string& code = dtype->items[0]->text;
  const Pickled order = GetItem(dtype->state, 1);
  if (order != nullptr && order->text == ">") return ">" + code;
  return (code == "u1" || code == "i1" || code == "b1" ? "|" : "<") + code;
}

// Bytes as each protocol writes them: as such, as text of Python 2, or as _codecs.encode(text, "latin1").
std::optional<std::string> GetBytes(Pickled value) {
  if (value == nullptr) return std::nullopt;
  if (value->kind == PickleValue::kBytes || value->kind == PickleValue::kText) return value->text;
  if (!IsObject(value, {"_codecs.encode"}) || value->items.empty()) return std::nullopt;
  const std::string& text = value->items[0]->text;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    if ((first & 0xfcU) != 0xc0 || i + 1 == text.size()) return std::nullopt;
    bytes.push_back(
        static_cast<char>((first & 0x03U) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3fU)));
  }
  return bytes;
}

// A pickled array: made empty and given (version, shape, type, whether in Fortran's order, bytes) as its
// state, or, from protocol 5 on, made of (bytes, type, shape, order).
NumpyArray ToArray(Pickled value, const std::string& subject, const char* name) {
  Pickled shape = nullptr;
  std::string type;
  std::optional<std::string> bytes;
  bool in_c_order = false;
  if (IsObject(value, {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})) {
    shape = GetItem(value->state, 1);
    type = ReadType(GetItem(value->state, 2));
    in_c_order = !IsTrue(GetItem(value->state, 3));
    bytes = GetBytes(GetItem(value->state, 4));
  } else if (IsObject(value, {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"}) &&
             value->items.size() == 4) {
    bytes = GetBytes(value->items[0]);
    type = ReadType(value->items[1]);
    shape = value->items[2];
    in_c_order = value->items[3]->text == "C";
  }
  if (shape == nullptr || shape->kind != PickleValue::kTuple || type.empty() || !bytes)
    throw Error(subject, fmt::format("its '{}' is no NumPy array of numbers", name),
                "{\"data\": array, \"label\": array}");
  if (!in_c_order) throw Error(subject, fmt::format("its '{}' is in Fortran's order", name));
  NumpyArray array{type, {}, {}};
  for (const Pickled side : shape->items) array.shape.push_back(side->number);
  // Through the reader of .npy, which checks the type and that the bytes fit the shape.
  return ParseNpy(MakeNpyHeader(array) + *bytes, subject);
}

FeatureSet OfPickle(const fs::path& path) {
  const std::string bytes = ReadFile(path), subject = path.string();
  Pickle pickle(subject);
  std::string_view left = bytes;
  const PickleValue::Ref root = pickle.Read(&left);
  FeatureSet set;
  SetData(ToArray(Lookup(root, "data"), subject, "data"), subject, &set);
  SetLabels(ToArray(Lookup(root, "label"), subject, "label"), subject, &set);
  return set;
}

}  // namespace

std::size_t FeatureSet::width() const {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  return count;
}

std::vector<std::string> FeatureSet::ClassesOrNumbers() const {
  const int greatest = labels.empty() ? -1 : *std::max_element(labels.begin(), labels.end());
  std::vector<std::string> names = classes;
  while (static_cast<int>(names.size()) <= greatest) names.push_back(std::to_string(names.size()));
  return names;
}

FeatureSet FeatureSet::Subset(const std::vector<std::size_t>& chosen) const {
  FeatureSet set{shape, {}, {}, {}, classes, recipe};
  set.values.reserve(chosen.size() * width());
  for (const std::size_t i : chosen) {
    const auto from = row(i);
    set.values.insert(set.values.end(), from.begin(), from.end());
    set.labels.push_back(labels[i]);
    if (!paths.empty()) set.paths.push_back(paths[i]);
  }
  return set;
}

FeatureSet ReadFeatureSet(const fs::path& path, bool fake_is_zero) {
  const std::string ending = path.extension().string();
  FeatureSet set;
  if (ending == ".npz") {
    set = OfNpz(path);
  } else if (ending == ".npy") {
    set = OfNpy(path);
  } else if (ending == ".pkl") {
    set = OfPickle(path);
  } else {
    throw Error(path.string(), "is no file of features", "one ends in .npz, .npy or .pkl");
  }
  if (set.rows() == 0) throw Error(path.string(), "holds no features");
  if (fake_is_zero) {
    if (!set.classes.empty() && set.classes != std::vector<std::string>{"real", "fake"})
      throw Error(path.string(), "names its classes, so that nothing is to be turned round");
    for (int& label : set.labels) {
      if (label > 1) throw Error(path.string(), "has more than two classes: which is fake?");
      if (label >= 0) label = 1 - label;
    }
    set.classes = {"real", "fake"};
  }
  if (set.classes.empty() && std::set<int>(set.labels.begin(), set.labels.end()) == std::set<int>{0, 1})
    set.classes = {"real", "fake"};
  return set;
}

void WriteFeatureSet(const fs::path& path, const FeatureSet& set) {
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(set.rows())};
  shape.insert(shape.end(), set.shape.begin(), set.shape.end());
  NumpyArray data;
  if (set.shape.size() == 1) {
    data = NumpyArray::OfDoubles(shape, set.values.data());
  } else {
    data = NumpyArray::OfFloats(shape, std::vector<float>(set.values.begin(), set.values.end()).data());
  }
  const NumpyArray labels = NumpyArray::OfIntegers({set.labels.begin(), set.labels.end()});
  if (path.extension() == ".npy") {
    WriteFile(path, ToNpy(data));
    WriteFile(fs::path(path).replace_extension(".labels.npy"), ToNpy(labels));
    return;
  }
  if (path.extension() != ".npz")
    throw UsageError("--output", "must end in .npz or .npy", "--output features.npz");
  std::vector<std::pair<std::string, NumpyArray>> arrays = {{"data", data}, {"label", labels}};
  if (!set.paths.empty()) arrays.emplace_back("path", NumpyArray::OfTexts(set.paths));
  arrays.emplace_back("classes", NumpyArray::OfTexts(set.classes));
  arrays.emplace_back("recipe", NumpyArray::OfText(set.recipe.dump()));
  WriteNpz(path, arrays);
}

}  // namespace seam
