#include "spectrum/experiments/explain_command.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/progress.h"
#include "extract/faces/extract_faces.h"
#include "models/networks/compiled_model.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"
#include "proto/picture_codec.h"
#include "scores/calibration.h"
#include "spectrum/experiments/explain.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/experiments/picture_reader.h"
#include "spectrum/feature.h"
#include "spectrum/spectrum_model.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// A checkpoint of either kind, as one that gives pictures shares of classes.
struct Explained {
  std::vector<std::string> classes = {"real", "fake"};
  PictureScorer scorer;
  bool grey = false;   // the pictures it takes
  bool whole = false;  // without looking for a face
  CropSpec crop;
  std::shared_ptr<const SpectrumModel> spectrum;  // null: a network
};

Explained OfSpectrum(const std::string& path) {
  Explained explained;
  auto model = std::make_shared<const SpectrumModel>(SpectrumModel::Load(path));
  const FeatureOptions features = FeatureOptions::FromJson(model->recipe());
  explained.classes = model->classes();
  explained.whole = model->IsOfWholePictures() || !model->recipe().contains("crop");
  explained.grey = explained.whole && features.IsGrey();
  explained.crop = model->info().crop;
  explained.spectrum = model;
  explained.scorer = [model, features, path](const cv::Mat& picture) {
    const Features row = ComputeFeatures(picture, features);
    if (!row.problem.empty()) throw Error(path, row.problem);
    if (row.shape != model->shape())
      throw Error(path, "takes pictures of another size", "name a picture like those of its training");
    return model->Probabilities(row.values);
  };
  return explained;
}

// Of an ensemble the network of that name, or its first.
StoredNetwork LoadOne(const std::string& path, const std::string& name) {
  if (!IsEnsemble(path)) {
    if (!name.empty()) throw UsageError("--network", Printable(path) + " is one network", "leave it out");
    return LoadNetwork(path);
  }
  const EnsembleFile file(path);
  const auto& members = file.info().members;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < members.size(); ++i) {
    names.push_back(Printable(members[i].name));
    if (name.empty() || members[i].name == name) {
      if (name.empty())
        Say(fmt::format("{}: the network {} is explained; --network names another", Printable(path),
                        names[i]));
      return LoadNetwork(file.Checkpoint(i), path);
    }
  }
  throw UsageError("--network", "'" + Printable(name) + "' is no network of " + Printable(path),
                   fmt::format("choose from: {}", fmt::join(names, ", ")));
}

Explained OfNetwork(const std::string& path, const std::string& name) {
#ifdef SEAM_ONEDNN
  const StoredNetwork stored = LoadOne(path, name);
  if (stored.graph.frames() > 1)
    throw Error(path, "looks at windows of frames, not at single pictures",
                "name a network of single frames");
  std::shared_ptr<const CompiledModel> network =
      CompileForCpu(Fold(stored.graph, stored.weights), GetInput(stored.graph), {});
  Explained explained;
  explained.crop = stored.info.crop;
  explained.scorer = [network](const cv::Mat& picture) {
    const double fake = Sigmoid(network->Logits(picture.data, 1)[0]);
    return std::vector<double>{1 - fake, fake};
  };
  return explained;
#else
  throw Error(path, "holds a network, and this build without oneDNN explains classifiers of spectra alone");
#endif
}

// The face of a picture, cut out as the checkpoint says.
class FaceSink : public ClipSink {
 public:
  explicit FaceSink(cv::Mat* face) : face_(face) {}
  void Add(FaceClip clip) override {
    if (face_->empty()) *face_ = clip.frames.at(0).picture.clone();
  }
  void Finish(const VideoSummary&) override {}

 private:
  cv::Mat* face_;
};

cv::Mat FaceIn(const fs::path& path, const CropSpec& crop, ExtractOptions extract) {
  extract.crop.size = static_cast<int>(crop.size());
  extract.crop.margin = crop.margin();
  if (!crop.align().empty()) extract.crop.align = crop.align();
  if (!crop.detector().empty()) extract.detector.detector = crop.detector();
  if (crop.detect_size() > 0) extract.detector.detect_size = static_cast<int>(crop.detect_size());
  cv::Mat face;
  std::string reason;
  ExtractFaces(
      {VideoTask{.path = path}}, extract, [&](std::size_t) { return std::make_unique<FaceSink>(&face); },
      [&](std::size_t, const VideoSummary& summary, std::unique_ptr<ClipSink>) { reason = summary.reason; });
  if (face.empty()) throw Error(path.string(), reason.empty() ? "no face was found" : reason);
  return face;
}

void WritePicture(const fs::path& path, const cv::Mat& rgb) { WriteFile(path, EncodePng(MakeView(rgb))); }

// |w| of each coefficient, the mean over channels, of each output; only for a linear model of maps.
bool WriteWeights(const SpectrumModel& model, const fs::path& folder) {
  StoredArrays arrays;
  nlohmann::json facts;
  model.classifier().Store(&arrays, &facts);
  const auto found = arrays.find("weights");
  const auto& shape = model.shape();
  if (found == arrays.end() || shape.size() < 2) return false;
  const int height = static_cast<int>(shape[0]), width = static_cast<int>(shape[1]);
  const int channels = shape.size() == 3 ? static_cast<int>(shape[2]) : 1;
  const auto outputs = static_cast<std::size_t>(found->second.shape[0]);
  for (std::size_t k = 0; k < outputs; ++k) {
    cv::Mat map(height, width, CV_64F, cv::Scalar(0));
    const double* w = found->second.values.data() +
                      k * static_cast<std::size_t>(height) * static_cast<std::size_t>(width * channels);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < channels; ++c)
          map.at<double>(y, x) += std::abs(w[(y * width + x) * channels + c]) / channels;
      }
    }
    const std::string name = outputs == 1 ? "weights.png" : fmt::format("weights_{}.png", model.classes()[k]);
    WritePicture(folder / name, HeatMap(map));
  }
  return true;
}

}  // namespace

int SpectrumExplain(const std::vector<std::string>& arguments) {
  std::string path, network, output, of_class;
  int samples = 1000, segments = 60;
  bool mean = false;
  LimeOptions lime;
  ExtractOptions extract;
  std::vector<std::string> inputs;
  Options options("seam spectrum explain", "[PICTURE...] --model MODEL --output FOLDER [options]",
                  "which parts of a picture speak for a class, by any checkpoint (LIME)",
                  "seam spectrum explain face.jpg --model model.safetensors --output why");
  options.Add("model", &path, "a checkpoint: of spectra, or of networks of single frames");
  options.Add("network", &network,
              "of a file of several networks, the one that is explained; empty: the first");
  options.Add("output", &output,
              "folder: for each picture NAME.lime.png and NAME.lime.json, and of a linear model weights.png");
  options.Add("class", &of_class, "whose parts are painted; as a rule, that of the greatest share");
  options.Add("samples", &samples, "times that parts are hidden");
  options.Add("segments", &segments, "parts, about");
  options.Add("mean", &mean, "hide parts under their own mean, not under black");
  options.Add("seed", &lime.seed, "of what is hidden");
  options.AddPositional("picture", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  if (path.empty()) throw UsageError("--model", "is missing", "--model model.safetensors");
  if (output.empty()) throw UsageError("--output", "is missing", "--output why");
  if (samples < 10 || samples > 1'000'000) throw UsageError("--samples", "must be from 10 to 1000000");
  if (segments < 2 || segments > 10'000) throw UsageError("--segments", "must be from 2 to 10000");
  lime.samples = samples;
  if (mean) lime.hide.reset();
  const bool spectrum = !IsEnsemble(path) && ReadCheckpointHeader(path).IsSpectrum();
  if (spectrum && !network.empty())
    throw UsageError("--network", "has no meaning for a classifier of spectra");
  const Explained model = spectrum ? OfSpectrum(path) : OfNetwork(path, network);
  const auto named = std::find(model.classes.begin(), model.classes.end(), of_class);
  if (!of_class.empty() && named == model.classes.end())
    throw UsageError("--class", "'" + Printable(of_class) + "' is none of the model's");
  fs::create_directories(output);
  const bool has_weights = model.spectrum && WriteWeights(*model.spectrum, output);
  if (inputs.empty()) {
    if (!has_weights) throw UsageError("seam spectrum explain", "no picture named", "name a picture");
    return kExitGood;
  }
  const PictureReader pictures(extract.media);
  int failed = 0;
  for (const SpectrumInput& input : FindSpectrumInputs(inputs, "all", 0).inputs) {
    try {
      const cv::Mat picture =
          model.whole ? pictures.Read(input.path, model.grey) : FaceIn(input.path, model.crop, extract);
      const cv::Mat parts = Superpixels(picture, segments);
      const LimeExplanation found = ExplainPicture(picture, parts, model.scorer, lime);
      const auto c = static_cast<std::size_t>(
          of_class.empty() ? std::max_element(found.shares.begin(), found.shares.end()) - found.shares.begin()
                           : named - model.classes.begin());
      const LimeFit& fit = found.fits[c];
      const std::string stem = input.path.stem().string();
      WritePicture(fs::path(output) / (stem + ".lime.png"), PaintWeights(picture, parts, fit.weights));
      const nlohmann::json json = {{"picture", input.path.string()},
                                   {"model", path},
                                   {"class", model.classes[c]},
                                   {"share", found.shares[c]},
                                   {"weights", fit.weights},
                                   {"intercept", fit.intercept},
                                   {"r2", fit.r2},
                                   {"local", fit.local}};
      WriteFile(fs::path(output) / (stem + ".lime.json"),
                json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
      fmt::print("{}: {} {:.4f}, {} parts, the linear model explains {:.0f} % of it\n",
                 Printable(input.path.string()), Printable(model.classes[c]), found.shares[c],
                 fit.weights.size(), 100 * fit.r2);
    } catch (const Error& error) {
      SayError(error);
      ++failed;
    }
  }
  return failed == 0 ? kExitGood : kExitSomeFailed;
}

}  // namespace seam
