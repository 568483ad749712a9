#include "spectrum/torch/feature_task.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "base/sha256.h"
#include "models/torch/checkpoint.h"
#include "models/zoo/frequency.h"
#include "train/initial_model.h"
#include "train/process_place.h"

namespace seam {
namespace {

using Rows = std::span<const std::size_t>;

// [B, C, H, W], channels last in memory, as the rows lie.
torch::Tensor Maps(const FeatureSet& set, const std::vector<int>& map, Rows rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const torch::Tensor maps = torch::empty({count, map[0], map[1], map[2]}, torch::kFloat);
  auto* to = maps.data_ptr<float>();
  for (const std::size_t i : rows) {
    for (const double number : set.row(i)) *to++ = static_cast<float>(number);
  }
  return maps.permute({0, 3, 1, 2});
}

torch::Tensor Labels(const FeatureSet& set, Rows rows) {
  std::vector<std::int64_t> labels;
  for (const std::size_t i : rows) labels.push_back(set.labels[i]);
  return torch::tensor(labels, torch::kLong);
}

torch::Tensor Answers(Model* network, const torch::Tensor& maps) {
  const torch::Tensor weight = ListWeights(*network).begin()->second;
  return network->Run(maps.to(weight.device()), network->graph().answer());
}

// The sum of the cross entropies; one logit is that of class 1.
torch::Tensor CrossEntropy(const torch::Tensor& logits, const torch::Tensor& labels) {
  const torch::Tensor z = logits.to(torch::kFloat), wanted = labels.to(logits.device());
  if (z.size(1) == 1)
    return torch::binary_cross_entropy_with_logits(z.flatten(), wanted.to(torch::kFloat), {}, {},
                                                   at::Reduction::Sum);
  return torch::cross_entropy_loss(z, wanted, {}, at::Reduction::Sum);
}

class FeatureBatch : public TrainBatch {
 public:
  FeatureBatch(const FeatureSet& set, const std::vector<int>& map, double l2, std::vector<std::size_t> rows)
      : set_(set), map_(map), l2_(l2), rows_(std::move(rows)) {}

  std::int64_t samples() const override { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t progress() const override { return samples(); }
  std::vector<torch::Tensor> Forward(Model* network) const override {
    std::vector<torch::Tensor> answers = {Answers(network, Maps(set_, map_, rows_))};
    if (l2_ > 0) answers.push_back(l2_ * ListWeights(*network).at("dense1.weight").square().sum());
    return answers;
  }
  BatchLoss Loss(const std::vector<torch::Tensor>& answers) const override {
    const torch::Tensor loss = CrossEntropy(answers[0], Labels(set_, rows_));
    if (answers.size() == 1) return {loss, loss};
    return {loss + answers[1] * static_cast<double>(samples()), loss};
  }
  std::vector<std::string> InputNames() const override {
    std::vector<std::string> names;
    for (const std::size_t i : rows_)
      names.push_back(set_.paths.empty() ? fmt::format("row {}", i) : set_.paths[i]);
    return names;
  }

 private:
  const FeatureSet& set_;
  std::vector<int> map_;
  double l2_;
  std::vector<std::size_t> rows_;
};

// Batches of an epoch differ in size by one row at most, so that none is too small for batch norm.
class FeatureSource : public BatchSource {
 public:
  FeatureSource(const FeatureSet& set, std::vector<int> map, double l2, std::vector<std::size_t> order,
                std::size_t batch)
      : set_(set),
        map_(std::move(map)),
        l2_(l2),
        order_(std::move(order)),
        batches_((order_.size() + batch - 1) / batch) {}
  std::int64_t batches() const override { return static_cast<std::int64_t>(batches_); }
  std::int64_t progress() const override { return static_cast<std::int64_t>(order_.size()); }
  std::unique_ptr<TrainBatch> Next() override {
    if (next_ == batches_) return nullptr;
    const auto at = [&](std::size_t batch) {
      return order_.begin() + static_cast<std::ptrdiff_t>(order_.size() * batch / batches_);
    };
    ++next_;
    return std::make_unique<FeatureBatch>(set_, map_, l2_,
                                          std::vector<std::size_t>(at(next_ - 1), at(next_)));
  }

 private:
  const FeatureSet& set_;
  std::vector<int> map_;
  double l2_;
  std::vector<std::size_t> order_;
  std::size_t batches_, next_ = 0;
};

std::vector<std::size_t> Shuffled(std::vector<std::size_t> rows, std::mt19937_64 engine) {
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[Draw(&engine, i)]);
  return rows;
}

std::vector<std::size_t> AllRows(const FeatureSet& set) {
  std::vector<std::size_t> rows(set.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

nlohmann::json Facts(const FeatureSet& set, Rows rows) {
  std::string bytes;
  for (const std::size_t i : rows) {
    const auto row = set.row(i);
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size_bytes());
    bytes += std::to_string(set.labels[i]);
    if (bytes.size() > std::size_t{1} << 24) bytes = Sha256Of(bytes);
  }
  return {{"sha256", Sha256Of(bytes)}, {"rows", rows.size()}};
}

}  // namespace

FeatureTask::FeatureTask(const FeatureSet& set, const FeatureSet* val, ModelOptions network,
                         const ClassifierOptions& options)
    : set_(set),
      val_(val != nullptr ? *val : set),
      network_(std::move(network)),
      l2_(options.solver == "nn" ? options.l2 : 0),
      batch_(static_cast<std::size_t>(options.Batch())) {
  train_rows_ = AllRows(set);
  if (val != nullptr) {
    for (const std::size_t i : AllRows(*val)) {
      if (val->labels[i] >= 0) val_rows_.push_back(i);
    }
  } else {
    train_rows_ = Shuffled(train_rows_, MakeEngine(options.seed, Stream::kOrder));
    HoldOut(train_rows_.size() / 5);
  }
  if (val_rows_.empty() || train_rows_.size() < 2)
    throw Error("training features", "are too few for a network", "take five rows or more");
  schema_.unit = "rows";
  schema_.inputs = "pictures";
  schema_.measures = {"val_loss", "val_accuracy"};
  schema_.better = {{"val_loss", false}};
}

void FeatureTask::HoldOut(std::size_t count) {
  const auto picture = [&](std::size_t row) {
    return set_.paths.empty() ? std::to_string(row) : set_.paths[row];
  };
  std::map<std::string, std::size_t> rows;  // of each picture
  for (const std::size_t i : train_rows_) ++rows[picture(i)];
  std::set<std::string> held;
  std::size_t held_rows = 0;
  for (const std::size_t i : train_rows_) {
    if (held_rows >= count) break;
    if (held.insert(picture(i)).second) held_rows += rows[picture(i)];
  }
  for (const std::size_t i : std::exchange(train_rows_, {}))
    (held.contains(picture(i)) ? val_rows_ : train_rows_).push_back(i);
}

InitialModel FeatureTask::MakeNetwork(const std::string& init, std::uint64_t seed) const {
  return MakeInitialModel(network_, init, seed);
}

void FeatureTask::Open(const Model& /*network*/) {}

nlohmann::json FeatureTask::Describe() const {
  return {{"data", {{"train", Facts(set_, train_rows_)}, {"val", Facts(val_, val_rows_)}}}};
}

std::unique_ptr<BatchSource> FeatureTask::BeginEpoch(int epoch, std::uint64_t seed, const ProcessPlace& place,
                                                     const Model& /*network*/) {
  if (place.world > 1)
    throw Error("seam spectrum train", "trains in one process", "start it without torchrun or srun");
  return std::make_unique<FeatureSource>(
      set_, FindPowerMap(network_), l2_,
      Shuffled(train_rows_, MakeEngine(seed, Stream::kOrder, static_cast<std::uint64_t>(epoch))), batch_);
}

bool FeatureTask::Validate(Model* network, DataParallel* /*processes*/, const CancelToken& cancel,
                           EpochRow* row) {
  const torch::NoGradGuard no_grad;
  network->eval();
  double loss = 0;
  std::int64_t right = 0;
  for (std::size_t from = 0; from < val_rows_.size(); from += batch_) {
    if (cancel.Cancelled()) return false;
    const Rows rows(val_rows_.data() + from, std::min(batch_, val_rows_.size() - from));
    const torch::Tensor logits = Answers(network, Maps(val_, FindPowerMap(network_), rows)).to(torch::kCPU);
    const torch::Tensor labels = Labels(val_, rows);
    loss += CrossEntropy(logits, labels).item<double>();
    const torch::Tensor found =
        logits.size(1) == 1 ? (logits.flatten() > 0).to(torch::kLong) : logits.argmax(1);
    right += (found == labels).sum().item<std::int64_t>();
  }
  const auto count = static_cast<double>(val_rows_.size());
  row->measures = {{"val_loss", loss / count}, {"val_accuracy", static_cast<double>(right) / count}};
  return true;
}

void FeatureTask::FillCheckpoint(CheckpointInfo* info) const {
  info->crop.set_size(static_cast<std::uint32_t>(FindPowerMap(network_)[0]));
  info->crop.set_encoding("png");
}

std::string FeatureTask::Text(const EpochRow& row, int epochs) const {
  return fmt::format("epoch {}/{}: loss {:.4f}, val loss {:.4f}, val accuracy {:.4f}, {:.0f} s\n", row.epoch,
                     epochs, row.train_loss, row.Measure("val_loss"), row.Measure("val_accuracy"),
                     row.seconds);
}

}  // namespace seam
