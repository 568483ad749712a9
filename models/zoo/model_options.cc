#include "models/zoo/model_options.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/numbers.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/registry.h"
#include "transforms/picture_channels.h"

namespace seam {
namespace {

const std::vector<std::string> kHeads = {"none", "mean", "lstm"};
const std::vector<std::string> kSteps = {"last", "mean"};

// Beyond these a checkpoint asks for more memory than a network needs.
constexpr int kMaxSize = 4096, kMaxFrames = 512, kMaxHidden = 8192, kMaxLayers = 32;

// What is wrong, and with which option.
struct Problem {
  std::string option, text, hint;
};

std::optional<Problem> CheckRange(const char* option, int value, int least, int greatest, const char* hint) {
  if (value >= least && value <= greatest) return std::nullopt;
  return Problem{option, fmt::format("{} is not {} to {}", value, least, greatest), hint};
}

std::optional<Problem> BadShare(const char* option, double value) {
  if (value >= 0 && value < 1) return std::nullopt;
  return Problem{option, fmt::format("{:g} is not from 0 to below 1", value), "0.5 is usual, 0 for none"};
}

std::optional<Problem> BadChoice(const char* option, const std::string& value,
                                 const std::vector<std::string>& choices) {
  for (const auto& choice : choices) {
    if (value == choice) return std::nullopt;
  }
  return Problem{option, fmt::format("{} is not a choice", Shown(value)),
                 fmt::format("choose from: {}", fmt::join(choices, ", "))};
}

// Options of the LSTM that stand at another value than the default, although there is none.
std::optional<Problem> Unneeded(const TemporalOptions& given) {
  const TemporalOptions fresh;
  const char* option = given.hidden != fresh.hidden                 ? "lstm-hidden"
                       : given.layers != fresh.layers               ? "lstm-layers"
                       : given.dropout != fresh.dropout             ? "lstm-dropout"
                       : given.bidirectional != fresh.bidirectional ? "lstm-bidirectional"
                       : given.steps != fresh.steps                 ? "lstm-steps"
                       : given.projection != fresh.projection       ? "lstm-projection"
                                                                    : nullptr;
  if (option != nullptr) return Problem{option, "there is no LSTM", "add --temporal lstm"};
  if (given.head == "none" && given.frames != fresh.frames) {
    return Problem{"window", "the network looks at single frames", "add --temporal mean or --temporal lstm"};
  }
  return std::nullopt;
}

std::optional<Problem> FindProblem(const TemporalOptions& temporal) {
  if (auto problem = BadChoice("temporal", temporal.head, kHeads)) return problem;
  if (auto problem = BadChoice("lstm-steps", temporal.steps, kSteps)) return problem;
  if (temporal.head != "lstm") {
    if (auto problem = Unneeded(temporal)) return problem;
  }
  if (auto problem = CheckRange("window", temporal.frames, 1, kMaxFrames, "5 to 32 are usual"))
    return problem;
  if (auto problem = CheckRange("lstm-hidden", temporal.hidden, 1, kMaxHidden, "128 is usual"))
    return problem;
  if (auto problem = CheckRange("lstm-layers", temporal.layers, 1, kMaxLayers, "1 or 2 are usual"))
    return problem;
  if (auto problem = CheckRange("lstm-projection", temporal.projection, 0, kMaxHidden, "0 for none"))
    return problem;
  return BadShare("lstm-dropout", temporal.dropout);
}

std::optional<Problem> FindProblem(const ModelOptions& options) {
  if (options.size != -1) {
    if (auto problem = CheckRange("size", options.size, 8, kMaxSize, "-1 for the network's own"))
      return problem;
  }
  if (options.dropout != -1) {
    if (auto problem = BadShare("dropout", options.dropout)) return problem;
  }
  return FindProblem(options.temporal);
}

// A value as JSON has it: true, 16, or text.
nlohmann::json VariantValue(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  if (const auto number = ParseNumber<int>(text)) return *number;
  return text;
}

nlohmann::json ParseVariant(const std::string& text) {
  nlohmann::json variant = nlohmann::json::object();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == part.size()) {
      throw UsageError("--variant", fmt::format("{} is not KEY=VALUE", Shown(part)),
                       "docs/models.md lists the keys of each network");
    }
    const auto [place, fresh] =
        variant.emplace(part.substr(0, equals), VariantValue(part.substr(equals + 1)));
    if (!fresh) throw UsageError("--variant", fmt::format("{} stands twice", Shown(place.key())));
    begin = end + 1;
  }
  return variant;
}

// Puts the value of `key`, if there is one, into `member`, and takes it out of `json`.
class Reader {
 public:
  Reader(nlohmann::json json, std::string subject, std::string prefix)
      : json_(std::move(json)), subject_(std::move(subject)), prefix_(std::move(prefix)) {
    if (!json_.is_object()) Refuse("", "is no JSON object");
  }

  [[noreturn]] void Refuse(const std::string& key, const std::string& problem) const {
    throw Error(subject_, fmt::format("bad network options: {}{}{} {}", prefix_,
                                      key.empty() || prefix_.empty() ? "" : ".", key, problem));
  }

  template <class T>
  void Read(const char* key, T* member) {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    if (!Fits(*found, member)) Refuse(key, "is of another type");
    *member = found->get<T>();
    json_.erase(found);
  }

  nlohmann::json Take(const char* key) {
    const auto found = json_.find(key);
    if (found == json_.end()) return nlohmann::json::object();
    nlohmann::json value = std::move(*found);
    json_.erase(found);
    return value;
  }

  void Finish() const {
    if (!json_.empty()) Refuse(Shown(json_.begin().key()), "is unknown to this Seam");
  }

 private:
  static bool Fits(const nlohmann::json& value, const std::string*) { return value.is_string(); }
  static bool Fits(const nlohmann::json& value, const bool*) { return value.is_boolean(); }
  static bool Fits(const nlohmann::json& value, const double*) { return value.is_number(); }
  static bool Fits(const nlohmann::json& value, const int*) {
    return value.is_number_integer() && value >= -1 && value <= 1'000'000;
  }

  nlohmann::json json_;
  std::string subject_, prefix_;
};

template <class T>
void Put(nlohmann::json* json, const char* key, const T& value, const T& otherwise) {
  if (value != otherwise) (*json)[key] = value;
}

}  // namespace

void ModelOptions::Register(Options* options) {
  options->Add("model", &model, fmt::format("network: {}", fmt::join(ModelNames(), ", ")));
  options->Add("size", &size, "side of the crops it takes; -1: the network's own");
  options->Add("input-channels", &input_channels,
               fmt::format("what the network sees of a picture, with commas between: {}",
                           fmt::join(PictureChannelNames(), ", ")));
  options->Add("dropout", &dropout, "before its dense layers; -1: the network's own");
  options->Add("variant", &variant_text, "KEY=VALUE,...: options of one family of networks (docs/models.md)");
  options->Add("temporal", &temporal.head, "how the frames of a window become one output", kHeads);
  options->Add("window", &temporal.frames, "frames of a window, with --temporal");
  options->Add("lstm-hidden", &temporal.hidden, "numbers an LSTM layer remembers");
  options->Add("lstm-layers", &temporal.layers, "LSTM layers");
  options->Add("lstm-dropout", &temporal.dropout, "between LSTM layers");
  options->Add("lstm-bidirectional", &temporal.bidirectional, "an LSTM that reads windows backwards, too");
  options->Add("lstm-steps", &temporal.steps, "what of the LSTM's outputs the classifier sees", kSteps);
  options->Add("lstm-projection", &temporal.projection,
               "features are brought to so many numbers before the LSTM; 0: as they are");
}

void ModelOptions::Check() {
  CheckAlone();
  MakeGraph(*this);
}

void ModelOptions::CheckAlone() {
  FindModel(model);
  ParsePictureChannels(input_channels, "--input-channels");
  if (!variant_text.empty()) variant = ParseVariant(variant_text);
  const auto problem = FindProblem(*this);
  if (problem) throw UsageError("--" + problem->option, problem->text, problem->hint);
}

nlohmann::json ModelOptions::ToJson() const {
  const ModelOptions fresh;
  nlohmann::json json = nlohmann::json::object(), within = nlohmann::json::object();
  Put(&within, "head", temporal.head, fresh.temporal.head);
  if (temporal.head != "none") within["frames"] = temporal.frames;
  Put(&within, "hidden", temporal.hidden, fresh.temporal.hidden);
  Put(&within, "layers", temporal.layers, fresh.temporal.layers);
  Put(&within, "dropout", temporal.dropout, fresh.temporal.dropout);
  Put(&within, "bidirectional", temporal.bidirectional, fresh.temporal.bidirectional);
  Put(&within, "steps", temporal.steps, fresh.temporal.steps);
  Put(&within, "projection", temporal.projection, fresh.temporal.projection);
  json["model"] = model;
  Put(&json, "size", size, FindModel(model).size);
  if (size == -1) json.erase("size");
  Put(&json, "input_channels", input_channels, fresh.input_channels);
  Put(&json, "dropout", dropout, fresh.dropout);
  if (!variant.empty()) json["variant"] = variant;
  if (!within.empty()) json["temporal"] = within;
  return json;
}

ModelOptions ModelOptions::FromJson(const nlohmann::json& json, const std::string& subject) {
  ModelOptions options;
  Reader reader(json, subject, "");
  reader.Read("model", &options.model);
  reader.Read("size", &options.size);
  reader.Read("input_channels", &options.input_channels);
  reader.Read("dropout", &options.dropout);
  options.variant = reader.Take("variant");
  Reader within(reader.Take("temporal"), subject, "temporal");
  within.Read("head", &options.temporal.head);
  within.Read("frames", &options.temporal.frames);
  within.Read("hidden", &options.temporal.hidden);
  within.Read("layers", &options.temporal.layers);
  within.Read("dropout", &options.temporal.dropout);
  within.Read("bidirectional", &options.temporal.bidirectional);
  within.Read("steps", &options.temporal.steps);
  within.Read("projection", &options.temporal.projection);
  within.Finish();
  reader.Finish();
  if (!options.variant.is_object()) reader.Refuse("variant", "is no JSON object");
  for (const auto& [key, value] : options.variant.items()) {
    if (value.is_structured() || value.is_null()) reader.Refuse("variant", "holds more than keys and values");
  }
  const auto problem = FindProblem(options);
  if (problem) reader.Refuse(problem->option, problem->text);
  return options;
}

}  // namespace seam
