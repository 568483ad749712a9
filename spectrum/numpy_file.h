#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seam {

// An array as NumPy's .npy files hold it (numpy.lib.format, versions 1 to 3): header and bytes. Reading takes
// numbers of any width and texts in little-endian order, never pickled objects.
struct NumpyArray {
  // As in the header: "<f8", "<f4", "|u1", "<i8", "<U12" (UTF-32), ...
  std::string type;
  std::vector<std::int64_t> shape;
  std::string bytes;  // in C order

  std::size_t elements() const;

  static NumpyArray OfDoubles(std::vector<std::int64_t> shape, const double* values);
  static NumpyArray OfFloats(std::vector<std::int64_t> shape, const float* values);
  static NumpyArray OfIntegers(const std::vector<std::int64_t>& values);
  static NumpyArray OfTexts(const std::vector<std::string>& texts);
  static NumpyArray OfText(const std::string& text);  // without axes

  // As numbers; an Error names `subject` when it holds none.
  std::vector<double> Doubles(const std::string& subject) const;
  std::vector<float> Floats(const std::string& subject) const;
  std::vector<std::int64_t> Integers(const std::string& subject) const;
  std::vector<std::string> Texts(const std::string& subject) const;
};

std::string ToNpy(const NumpyArray& array);
// Without the array's bytes: they follow.
std::string MakeNpyHeader(const NumpyArray& array);
// An Error for what is damaged or holds objects.
NumpyArray ParseNpy(std::string_view bytes, const std::string& subject);

// A .npz file: numpy.load(path)[name]. Written whole or not at all; members are stored, not compressed.
// Arrays are taken by value: their bytes are the file's.
void WriteNpz(const std::filesystem::path& path,
              const std::vector<std::pair<std::string, NumpyArray>>& arrays);
std::map<std::string, NumpyArray> ReadNpz(const std::filesystem::path& path);

}  // namespace seam
