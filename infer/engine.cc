#include "infer/engine.h"

#include <map>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

#include "extract/media/decoder_pool.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_aggregate.h"
#include "models/zoo/stored_network.h"

namespace seam {
namespace {

// Things by name, each made once, by the first that asks; others who want the same one wait for it, and
// nobody else.
template <class Thing>
class Shelf {
 public:
  template <class Make>
  std::shared_ptr<Thing> Get(const std::string& name, const Make& make) {
    std::shared_ptr<Place> place;
    {
      const std::lock_guard lock(mutex_);
      auto& found = places_[name];
      if (!found) found = std::make_shared<Place>();
      place = found;
    }
    const std::lock_guard lock(place->mutex);
    if (!place->thing) place->thing = make();
    return place->thing;
  }

 private:
  struct Place {
    std::mutex mutex;
    std::shared_ptr<Thing> thing;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Place>> places_;
};

}  // namespace

struct Engine::Impl {
  CompileOptions compile;
  const TorchParts* torch = nullptr;
  Shelf<const Predictor> networks;
  Shelf<const Ensemble> ensembles;
  Shelf<FaceTools> faces;
  std::shared_ptr<DecoderPool> decoders = std::make_shared<DecoderPool>();
};

Engine::Engine(const CompileOptions& compile, const TorchParts* torch) : impl_(std::make_unique<Impl>()) {
  impl_->compile = compile;
  impl_->torch = torch;
}

Engine::~Engine() = default;

std::shared_ptr<const Predictor> Engine::Network(const std::filesystem::path& checkpoint) {
  return impl_->networks.Get(checkpoint.string(), [&] {
    return std::make_shared<const Predictor>(checkpoint, impl_->compile, impl_->torch);
  });
}

std::shared_ptr<const Ensemble> Engine::Networks(const std::string& model) {
  return impl_->ensembles.Get(model, [&] {
    const std::vector<std::filesystem::path> files = CollectFiles(model);
    if (files.size() > 1) {
      std::vector<std::shared_ptr<const Predictor>> networks;
      for (const std::filesystem::path& file : files) networks.push_back(Network(file));
      return std::make_shared<const Ensemble>(model, std::move(networks));
    }
    const std::filesystem::path file = CheckpointFile(files.front());
    return IsEnsemble(file) ? std::make_shared<const Ensemble>(file, impl_->compile, impl_->torch)
                            : std::make_shared<const Ensemble>(Network(files.front()));
  });
}

std::shared_ptr<FaceTools> Engine::Faces(const DetectorOptions& detector, const LandmarkOptions& landmarks) {
  // By the values of their options, whichever they have.
  DetectorOptions of_detector = detector;
  LandmarkOptions of_landmarks = landmarks;
  Options values("", "", "", "");
  of_detector.Register(&values);
  of_landmarks.Register(&values);
  return impl_->faces.Get(values.ToJson().dump(),
                          [&] { return std::make_shared<FaceTools>(detector, landmarks); });
}

ScoreRequest Engine::Prepare(const InferSettings& settings, const Options& options) {
  ScoreRequest request;
  impl_->decoders->WarmUp(settings.media);
  request.networks = Networks(settings.model);
  const Ensemble& networks = *request.networks;
  request.extract = ExtractionFor(networks, settings, options);
  request.extract.media.decoders = impl_->decoders;
  request.score = settings.score;
  request.score.aggregates = AggregatesFor(networks, settings, options);
  request.score.aggregate = request.score.aggregates.front();
  request.rule = StoredVerdictRule(networks.info(), settings.threshold);
  request.notes = ListNotes(networks, request.extract, request.score.aggregates);
  return request;
}

CancelReason Engine::Score(const ScoreRequest& request, const CancelToken& cancel,
                           const std::function<void(std::size_t, VideoResult)>& done,
                           const VideoExtras& extras) {
  if (cancel.Cancelled()) return cancel.Reason();
  ExtractOptions extract = request.extract;
  extract.tools = Faces(extract.detector, extract.landmarks);
  extract.cancel = cancel;
  const bool whole =
      ScoreVideos(request.inputs, extract, request.score, request.rule, *request.networks, done, extras);
  return whole ? CancelReason::kNone : cancel.Reason();
}

}  // namespace seam
