#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace seam {

// The features of many pictures with their labels: what classifiers learn from.
struct FeatureSet {
  std::vector<std::int64_t> shape;  // of one row
  std::vector<double> values;       // [rows, width()]
  std::vector<int> labels;          // by `classes`; -1 where it is not known
  std::vector<std::string> paths;   // of each row's picture; of a video's several
  std::vector<std::string> classes;
  nlohmann::json recipe = nlohmann::json::object();  // FeatureOptions::ToJson() and what else was chosen

  std::size_t rows() const { return labels.size(); }
  std::size_t width() const;
  std::span<const double> row(std::size_t i) const { return {values.data() + i * width(), width()}; }
  std::vector<std::string> ClassesOrNumbers() const;

  // Those of these rows.
  FeatureSet Subset(const std::vector<std::size_t>& rows) const;
};

// Reads what the name's ending says:
//   .npz  arrays `data` and `label`, and maybe `path`, `classes` and `recipe` (Seam's own, or any
//   numpy.savez()) .npy  the data alone; labels from labels.npy in the same folder, where there is one .pkl
//   {"data": array, "label": array} as the frequency solver's authors publish, through a reader that runs
//   nothing
// The frequency solver counts 0 as fake and 1 as real: `fake_is_zero` turns a set of two classes round.
FeatureSet ReadFeatureSet(const std::filesystem::path& path, bool fake_is_zero = false);

// As .npz (numpy.load(path)["data"]) or, where the name ends in .npy, the data there and labels beside it as
// NAME.labels.npy. Azimuthal features are float64, others float32.
void WriteFeatureSet(const std::filesystem::path& path, const FeatureSet& set);

}  // namespace seam
