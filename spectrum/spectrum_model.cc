#include "spectrum/spectrum_model.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/weights/json_text.h"
#include "models/weights/safetensors.h"
#include "models/zoo/frequency.h"
#include "spectrum/running_moments.h"

namespace seam {
namespace {

constexpr double kMiddleGrey = 127.5;

void Scale(std::span<const double> row, const std::vector<double>& mean, const std::vector<double>& deviation,
           double* to) {
  for (std::size_t i = 0; i < row.size(); ++i) to[i] = (row[i] - mean[i]) / deviation[i];
}

// How the faces were cut out that features were taken of. Of whole pictures, and where a file of another
// program does not say, it tells nothing.
CropSpec ReadCrop(const nlohmann::json& recipe) {
  CropSpec crop;
  const auto found = recipe.find("crop");
  if (found != recipe.end() && google::protobuf::util::JsonStringToMessage(found->dump(), &crop).ok())
    return crop;
  crop.set_size(128);
  crop.set_encoding("png");
  return crop;
}

StoredArray ToArray(const PlainTensor& tensor, const std::string& subject) {
  if (tensor.dtype != DType::kFloat64) throw Error(subject, "is not of float64", "train it again");
  StoredArray array{tensor.shape, std::vector<double>(tensor.elements())};
  std::memcpy(array.values.data(), tensor.bytes().data(), tensor.bytes().size());
  const bool finite =
      std::all_of(array.values.begin(), array.values.end(), [](double v) { return std::isfinite(v); });
  if (!finite) throw Error(subject, "holds numbers that are not finite", "train it again");
  return array;
}

}  // namespace

SpectrumModel SpectrumModel::Train(const FeatureSet& set, const ClassifierOptions& options,
                                   NetworkTrainer trainer, NetworkTraining training) {
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
  const auto scaled = [&](const FeatureSet& from) {
    FeatureSet to = from;
    for (std::size_t i = 0; i < from.rows() && !model.mean_.empty(); ++i)
      Scale(from.row(i), model.mean_, model.deviation_, to.values.data() + i * from.width());
    return to;
  };
  FeatureSet val;
  if (training.val != nullptr) {
    val = scaled(*training.val);
    training.val = &val;
  }
  model.classifier_ = model.mean_.empty() ? TrainClassifier(set, options, trainer, training)
                                          : TrainClassifier(scaled(set), options, trainer, training);
  return model;
}

std::string SpectrumModel::Name() const { return "spectrum_" + options_.value("solver", "classifier"); }

bool SpectrumModel::IsDetector() const { return classes_ == std::vector<std::string>{"real", "fake"}; }

void SpectrumModel::Save(const std::filesystem::path& path, CheckpointInfo info) const {
  nlohmann::json facts = options_;
  StoredArrays arrays;
  classifier_->Store(&arrays, &facts);
  if (!mean_.empty()) {
    const auto width = static_cast<std::int64_t>(mean_.size());
    arrays["feature_mean"] = {{width}, mean_};
    arrays["feature_deviation"] = {{width}, deviation_};
  }
  info.model = Name();
  info.crop = ReadCrop(recipe_);
  CheckInfo(info, info.model, static_cast<int>(info.crop.size()), path.string());
  Safetensors file{{}, CheckpointMetadata(info)};
  file.metadata[kSpectrumKey] = nlohmann::json({{"classes", classes_},
                                                {"shape", shape_},
                                                {"features", recipe_},
                                                {"classifier", facts},
                                                {"options", options_}})
                                    .dump();
  for (const auto& [name, array] : arrays) {
    const std::string_view bytes(reinterpret_cast<const char*>(array.values.data()),
                                 array.values.size() * sizeof(double));
    file.tensors[name] = CopyTensor(DType::kFloat64, array.shape, bytes);
  }
  SaveSafetensors(path, file);
}

SpectrumModel SpectrumModel::Load(const std::filesystem::path& path) {
  const std::string subject = path.string();
  CheckpointHeader header = ReadCheckpointHeader(path);
  if (!header.IsSpectrum())
    throw Error(subject, "is no classifier of the frequency domain", "seam spectrum train makes one");
  CheckInfo(header.info, header.info.model, static_cast<int>(header.info.crop.size()), subject);
  const nlohmann::json json = ParseJsonText(header.metadata.at(kSpectrumKey));
  SpectrumModel model;
  model.info_ = std::move(header.info);
  try {
    json.at("classes").get_to(model.classes_);
    json.at("shape").get_to(model.shape_);
    model.recipe_ = json.at("features");
    model.options_ = json.at("options");
    const nlohmann::json& facts = json.at("classifier");
    if (!model.recipe_.is_object() || !model.options_.is_object() || !facts.is_object())
      throw Error(subject, "its description is damaged", "train it again");
    StoredArrays arrays;
    for (const auto& [name, tensor] : LoadSafetensors(path).tensors)
      arrays[name] = ToArray(tensor, subject + ": " + name);
    model.classifier_ = RestoreClassifier(arrays, facts, subject);
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
    if (facts.contains("network")) {
      const std::vector<int> map = FindPowerMap(ModelOptions::FromJson(facts["network"], subject));
      return static_cast<std::size_t>(map[0]) * map[1] * map[2] == width;
    }
    for (const char* name : {"weights", "vectors", "points"}) {
      if (arrays.contains(name)) return static_cast<std::size_t>(arrays[name].shape[1]) == width;
    }
    const auto& fingerprints = arrays["fingerprints"].shape;
    return model.shape_.size() == 3 && fingerprints.size() == 3 && fingerprints[1] == model.shape_[0] &&
           fingerprints[2] == model.shape_[1] && model.shape_[2] == 3;
  }();
  if (!shares) throw Error(subject, "its classifier takes other features than it says", "train it again");
  if (model.classifier_->Probabilities(std::vector<double>(width)).size() != model.classes_.size())
    throw Error(subject, "its classifier tells another number of classes", "train it again");
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
