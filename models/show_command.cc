#include "models/show_command.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "base/sha256.h"
#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "models/weights/safetensors.h"
#include "models/zoo/ensemble_file.h"
#include "proto/crop_spec.h"

namespace seam {
namespace {

// How the network scales pictures of 0..255 itself.
nlohmann::json Scaling(const Graph& graph) {
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::kNormalise) return {{"mean", node.mean}, {"std", node.std}};
  }
  return nullptr;
}

// What every checkpoint tells.
nlohmann::json Common(const std::string& path, const CheckpointInfo& info) {
  const auto metadata = CheckpointMetadata(info);
  const auto held = metadata.find("seam.calibration");
  return {{"file", path},
          {"sha256", Sha256OfFile(path)},
          {"model", info.model},
          {"crop", nlohmann::json::parse(CropSpecJson(info.crop))},
          {"fake_is", 1},
          {"threshold", info.threshold},
          {"calibration", held == metadata.end() ? nlohmann::json() : nlohmann::json::parse(held->second)},
          {"epoch", info.epoch},
          {"metrics", nlohmann::json::parse(info.metrics)},
          {"notice", info.notice},
          {"recipe", nlohmann::json::parse(info.recipe)}};
}

// A classifier of the frequency domain: its tensors are its parameters.
nlohmann::json DescribeSpectrum(const std::string& path, const CheckpointHeader& header) {
  nlohmann::json shown = Common(path, header.info);
  shown["spectrum"] = nlohmann::json::parse(header.metadata.at(kSpectrumKey), nullptr, false);
  if (!shown["spectrum"].is_object()) throw Error(path, "its description is damaged", "train it again");
  std::size_t numbers = 0;
  for (const auto& [name, tensor] : LoadSafetensors(path).tensors) numbers += tensor.elements();
  shown["parameters"] = numbers;
  return shown;
}

nlohmann::json Describe(const std::string& path) {
  const CheckpointHeader header = ReadCheckpointHeader(path);
  if (header.IsSpectrum()) return DescribeSpectrum(path, header);
  const Checkpoint checkpoint = LoadCheckpoint(path);
  const CheckpointInfo& info = checkpoint.info;
  const Model& model = *checkpoint.model;
  nlohmann::json shown = Common(path, info);
  shown.update({{"options", model.options().ToJson()},
                {"paper", FindModel(info.model).paper},
                {"parameters", CountTrainable(model)},
                {"multiply_adds", CountMultiplyAdds(model.graph())},
                {"input",
                 {{"size", model.input().size},
                  {"frames", model.input().frames},
                  {"scaling", Scaling(model.graph())}}}});
  return shown;
}

void PrintLine(const std::string& name, const std::string& value) {
  if (!value.empty()) std::cout << fmt::format("{:<15}{}\n", name, Printable(value));
}

// The leaves of an object, a line each: "data.train.sha256".
void PrintLeaves(const std::string& name, const nlohmann::json& json) {
  const auto flat = json.is_structured() && !json.empty() ? json.flatten() : nlohmann::json::object();
  for (const auto& [pointer, value] : flat.items()) {
    std::string key = pointer.substr(1);
    for (char& letter : key) letter = letter == '/' ? '.' : letter;
    std::cout << fmt::format("{:<15}{} = {}\n", name, Printable(key),
                             Printable(value.is_string() ? value.get<std::string>() : value.dump()));
  }
}

// An ensemble: how it fuses, and each of its networks.
nlohmann::json DescribeEnsemble(const std::string& path) {
  const EnsembleFile file(path);
  const auto how = nlohmann::json::parse(EnsembleJson(file.info()));
  nlohmann::json shown = {{"file", path},
                          {"sha256", Sha256OfFile(path)},
                          {"fake_is", 1},
                          {"threshold", file.info().threshold},
                          {"calibration", how.value("calibration", nlohmann::json())},
                          {"bias", file.info().bias},
                          {"networks", nlohmann::json::array()}};
  for (std::size_t i = 0; i < file.info().members.size(); ++i) {
    const EnsembleInfo::Member& member = file.info().members[i];
    const CheckpointInfo info = LoadNetwork(file.Checkpoint(i), file.Subject(i)).info;
    shown["networks"].push_back({{"name", member.name},
                                 {"weight", member.weight},
                                 {"sha256", Sha256Of(std::string(file.Checkpoint(i)))},
                                 {"model", info.model},
                                 {"crop", nlohmann::json::parse(CropSpecJson(info.crop))},
                                 {"threshold", info.threshold},
                                 {"notice", info.notice}});
  }
  return shown;
}

void PrintEnsemble(const nlohmann::json& shown) {
  PrintLine("file", shown["file"]);
  PrintLine("sha256", shown["sha256"]);
  PrintLine("output", fmt::format("P(fake) of {} networks, fused; fake from {} on", shown["networks"].size(),
                                  shown["threshold"].get<double>()));
  PrintLine("bias", shown["bias"].dump());
  PrintLeaves("calibration", shown["calibration"]);
  for (const auto& network : shown["networks"]) PrintLeaves("network", network);
}

void PrintNetwork(const nlohmann::json& shown) {
  const auto& input = shown["input"];
  const int frames = input["frames"];
  PrintLine("network",
            fmt::format("{}, {} parameters, {} multiply-adds", shown["model"].get<std::string>(),
                        shown["parameters"].get<std::int64_t>(), shown["multiply_adds"].get<std::int64_t>()));
  PrintLine("paper", shown["paper"]);
  PrintLine("options", shown["options"].dump());
  PrintLine("input",
            fmt::format("{0}x{0} RGB, {1}", input["size"].get<int>(),
                        frames == 1 ? "single frames" : fmt::format("windows of {} frames", frames)));
  PrintLine("scaling", input["scaling"].dump());
}

void PrintSpectrum(const nlohmann::json& shown) {
  const nlohmann::json& spectrum = shown["spectrum"];
  PrintLine("classifier", fmt::format("{}, {} numbers", shown["model"].get<std::string>(),
                                      shown["parameters"].get<std::int64_t>()));
  for (const char* part : {"classes", "shape", "classifier", "features"})
    PrintLine(part, spectrum.value(part, nlohmann::json()).dump());
}

void Print(const nlohmann::json& shown) {
  PrintLine("file", shown["file"]);
  PrintLine("sha256", shown["sha256"]);
  if (shown.contains("spectrum")) {
    PrintSpectrum(shown);
  } else {
    PrintNetwork(shown);
  }
  PrintLeaves("crop", shown["crop"]);
  PrintLine("output", fmt::format("P(fake); fake from {} on", shown["threshold"].get<double>()));
  PrintLeaves("calibration", shown["calibration"]);
  PrintLine("epoch", std::to_string(shown["epoch"].get<int>()));
  PrintLeaves("metrics", shown["metrics"]);
  PrintLine("notice", shown["notice"]);
  PrintLeaves("recipe", shown["recipe"]);
}

}  // namespace

int ShowModel(const std::vector<std::string>& arguments) {
  Options options("seam models show", "FILE [--json]", "what a checkpoint says of itself",
                  "seam models show runs/first/best.safetensors");
  std::vector<std::string> files;
  bool json = false;
  options.AddPositional("file", &files);
  options.Add("json", &json, "print JSON");
  if (!options.Parse(arguments)) return kExitGood;
  if (files.size() != 1) throw UsageError("seam models show", "takes one file", "name a checkpoint");
  const bool ensemble = IsEnsemble(files[0]);
  const auto shown = ensemble ? DescribeEnsemble(files[0]) : Describe(files[0]);
  if (json) {
    std::cout << shown.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else if (ensemble) {
    PrintEnsemble(shown);
  } else {
    Print(shown);
  }
  return kExitGood;
}

}  // namespace seam
