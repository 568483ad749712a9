#include "spectrum/spectrum_model.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/weights/json_text.h"
#include "spectrum/dct.h"
#include "spectrum/numpy_file.h"

namespace seam {
namespace {

// What the model's file says of itself first.
constexpr const char* kFormat = "seam.spectrum.1";
constexpr double kMiddleGrey = 127.5;

void Scale(std::span<const double> row, const std::vector<double>& mean, const std::vector<double>& deviation,
           double* to) {
  for (std::size_t i = 0; i < row.size(); ++i) to[i] = (row[i] - mean[i]) / deviation[i];
}

}  // namespace

SpectrumModel SpectrumModel::Train(const FeatureSet& set, const ClassifierOptions& options) {
  SpectrumModel model;
  model.classes_ = set.ClassesOrNumbers();
  model.shape_ = set.shape;
  model.recipe_ = set.recipe;
  model.options_ = options.ToJson();
  const std::string kind = set.recipe.value("feature", "");
  if (options.solver == "prnu") {
    model.classifier_ = TrainClassifier(set, options);
    return model;
  }
  if (kind == "dct" || kind == "magnitude") {
    RunningMoments moments;
    for (std::size_t i = 0; i < set.rows(); ++i) {
      if (set.labels[i] >= 0) moments.Add(set.row(i));
    }
    model.mean_ = moments.mean();
    model.deviation_ = moments.PopulationDeviation();
    // A number that never changes says nothing.
    std::replace(model.deviation_.begin(), model.deviation_.end(), 0.0, 1.0);
  } else if (kind == "raw") {
    model.mean_.assign(set.width(), kMiddleGrey);
    model.deviation_.assign(set.width(), kMiddleGrey);
  }
  if (model.mean_.empty()) {
    model.classifier_ = TrainClassifier(set, options);
    return model;
  }
  FeatureSet scaled = set;
  for (std::size_t i = 0; i < set.rows(); ++i)
    Scale(set.row(i), model.mean_, model.deviation_, scaled.values.data() + i * set.width());
  model.classifier_ = TrainClassifier(scaled, options);
  return model;
}

void SpectrumModel::Save(const std::filesystem::path& path) const {
  nlohmann::json facts = options_;
  StoredArrays arrays;
  classifier_->Store(&arrays, &facts);
  if (!mean_.empty()) {
    const auto width = static_cast<std::int64_t>(mean_.size());
    arrays["feature_mean"] = {{width}, mean_};
    arrays["feature_deviation"] = {{width}, deviation_};
  }
  const nlohmann::json model = {{"format", kFormat},   {"classes", classes_}, {"shape", shape_},
                                {"features", recipe_}, {"classifier", facts}, {"options", options_}};
  std::vector<std::pair<std::string, NumpyArray>> members = {{"model", NumpyArray::OfText(model.dump())}};
  for (const auto& [name, array] : arrays)
    members.emplace_back(name, NumpyArray::OfDoubles(array.shape, array.values.data()));
  WriteNpz(path, members);
}

SpectrumModel SpectrumModel::Load(const std::filesystem::path& path) {
  const std::string subject = path.string();
  auto members = ReadNpz(path);
  const auto found = members.find("model");
  const auto texts = found == members.end() ? std::vector<std::string>() : found->second.Texts(subject);
  const nlohmann::json json = texts.size() == 1 ? ParseJsonText(texts[0]) : nlohmann::json();
  if (!json.is_object() || json.value("format", "") != kFormat || !json.contains("features") ||
      !json["features"].is_object() || !json.contains("classifier") || !json["classifier"].is_object())
    throw Error(subject, "is no model of seam spectrum", "seam spectrum train makes one");
  SpectrumModel model;
  try {
    json.at("classes").get_to(model.classes_);
    json.at("shape").get_to(model.shape_);
    model.recipe_ = json.at("features");
    model.options_ = json.at("options");
    StoredArrays arrays;
    for (auto& [name, array] : members) {
      if (name != "model") arrays[name] = {array.shape, array.Doubles(subject)};
    }
    model.classifier_ = RestoreClassifier(arrays, json.at("classifier"), subject);
    if (arrays.contains("feature_mean")) {
      model.mean_ = Stored(arrays, "feature_mean", 1, subject).values;
      model.deviation_ = Stored(arrays, "feature_deviation", 1, subject).values;
    }
  } catch (const nlohmann::json::exception&) {
    throw Error(subject, "its description is damaged", "train it again");
  }
  std::size_t width = 1;
  for (const std::int64_t side : model.shape_) {
    if (side < 1 || side > 1 << 24) throw Error(subject, "its shape makes no sense", "train it again");
    width *= static_cast<std::size_t>(side);
  }
  const bool scaled_well =
      model.mean_.empty() || (model.mean_.size() == width && model.deviation_.size() == width);
  if (!scaled_well || model.classes_.size() < 2)
    throw Error(subject, "its parts do not fit together", "train it again");
  // The classifier must take rows of this width.
  const auto shares = [&] {
    StoredArrays arrays;
    nlohmann::json facts;
    model.classifier_->Store(&arrays, &facts);
    for (const char* name : {"weights", "vectors", "points"}) {
      if (arrays.contains(name)) return static_cast<std::size_t>(arrays[name].shape[1]) == width;
    }
    const auto& fingerprints = arrays["fingerprints"].shape;
    return model.shape_.size() == 3 && fingerprints.size() == 3 && fingerprints[1] == model.shape_[0] &&
           fingerprints[2] == model.shape_[1] && model.shape_[2] == 3;
  }();
  if (!shares) throw Error(subject, "its classifier takes other features than it says", "train it again");
  return model;
}

void SpectrumModel::CheckFits(const FeatureSet& set, const std::string& subject) const {
  if (set.shape != shape_) {
    throw Error(subject,
                fmt::format("has rows of {}, the model takes {}", fmt::join(set.shape, " x "),
                            fmt::join(shape_, " x ")),
                "take the same --feature, --features and size of pictures as in training");
  }
  const std::string mine = recipe_.value("feature", ""), other = set.recipe.value("feature", mine);
  if (!mine.empty() && mine != other)
    throw Error(subject, fmt::format("holds {} features, the model takes {}", other, mine));
}

std::vector<double> SpectrumModel::Scaled(std::span<const double> row) const {
  std::vector<double> scaled(row.begin(), row.end());
  if (!mean_.empty()) Scale(row, mean_, deviation_, scaled.data());
  return scaled;
}

std::vector<double> SpectrumModel::Probabilities(std::span<const double> row) const {
  return mean_.empty() ? classifier_->Probabilities(row) : classifier_->Probabilities(Scaled(row));
}

int SpectrumModel::Predict(std::span<const double> row) const {
  return mean_.empty() ? classifier_->Predict(row) : classifier_->Predict(Scaled(row));
}

}  // namespace seam
