#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/options.h"

namespace seam {

// How the frames of a window become one logit.
struct TemporalOptions {
  std::string head = "none";  // none: frames one by one; mean: of their features; lstm
  int frames = 5;             // T of a window; none takes any
  // lstm. System 003 of the field (hidden 128, 5 layers, window 5) is beside the defaults in docs/models.md.
  int hidden = 128, layers = 1;
  double dropout = 0;  // between its layers
  bool bidirectional = false;
  std::string steps = "last";  // last, mean: which of its outputs the classifier sees
  int projection = 0;          // dropout, a dense layer to so many numbers and LeakyReLU before it; 0: none
};

// Everything that decides a network's graph: a checkpoint keeps it as JSON. Numbers of -1 and texts that are
// empty stand for the network's own default.
struct ModelOptions {
  std::string model = "meso4";
  int size = -1;                       // side of the input
  std::string input_channels = "rgb";  // what it sees of a picture: transforms/picture_channels.h
  double dropout = -1;                 // before the classifier's dense layers
  TemporalOptions temporal;
  // What one family alone knows, as KEY=VALUE,...: docs/models.md. Published weights ask for them.
  nlohmann::json variant = nlohmann::json::object();
  std::string variant_text;  // --variant, for Check() to read

  // --model, --size, --input-channels, --dropout, --temporal, --variant ...
  void Register(Options* options);
  // Reads what --variant was given, too. UsageErrors.
  void Check();
  // The same but for what the network itself refuses, for those who do not know yet which it is.
  void CheckAlone();
  // Only what differs from the defaults, so that equal networks have equal texts. From JSON: an Error names
  // what is unknown or of another type.
  nlohmann::json ToJson() const;
  static ModelOptions FromJson(const nlohmann::json& json, const std::string& subject);
};

}  // namespace seam
