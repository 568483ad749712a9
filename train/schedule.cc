#include "train/schedule.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

// What is left of the learning rate when a share `done` of the steps after the warm-up is, from 0 to below 1.
double Cosine(double done) { return 0.5 * (1 + std::cos(std::numbers::pi * done)); }
double Linear(double done) { return 1 - done; }
double Constant(double /*done*/) { return 1; }

struct Kind {
  const char* name;
  double (*left)(double done);
};

constexpr std::array<Kind, 5> kKinds = {{{"cosine", &Cosine},
                                         {"linear", &Linear},
                                         {"plateau", &Constant},
                                         {"step", &Constant},
                                         {"constant", &Constant}}};

double Left(const std::string& name, double done) {
  for (const Kind& kind : kKinds) {
    if (name == kind.name) return kind.left(done);
  }
  throw UsageError("--schedule", fmt::format("'{}' is not a choice", name));
}

int Plateaus(const std::vector<double>& losses, int patience) {
  double least = std::numeric_limits<double>::infinity();
  int plateaus = 0, waited = 0;
  for (const double loss : losses) {
    if (loss < least) {
      least = loss;
      waited = 0;
    } else if (++waited == patience) {
      ++plateaus;
      waited = 0;
    }
  }
  return plateaus;
}

}  // namespace

void ScheduleOptions::Register(Options* options) {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  options->Add("lr", &lr, "learning rate at its greatest", Above(0, "1e-3 suits most networks"));
  options->Add("schedule", &schedule, "of the learning rate", names);
  options->Add("warmup", &warmup, "share of all steps over which the learning rate rises",
               Between(0, 1, "0.03 is usual, 0 for none"));
  options->Add("plateau-factor", &plateau_factor, "of the learning rate, where val loss stands still",
               {0, 1, "0.1 to 0.5 are usual", true, true});
  options->Add("plateau-patience", &plateau_patience, "epochs without a lower val loss that are a plateau",
               Between(1, 9999, "2 to 10 are usual"));
  options->Add("step-factor", &step_factor, "of the learning rate, every --step-epochs",
               {0, 1, "0.05 to 0.5 are usual", true, true});
  options->Add("step-epochs", &step_epochs, "epochs between two steps of --schedule step",
               Between(1, 9999, "5 to 30 are usual"));
  options->Add("binary-decay", &binary_decay,
               "of the temperature of binary weights, from epoch to epoch; 1: it stays",
               {0, 1, "0.9 is usual", true, false});
}

void ScheduleOptions::Check() const { CheckDeclared(*this); }

double LearningRate(const ScheduleOptions& options, std::int64_t step, std::int64_t total,
                    const std::vector<double>& past_losses) {
  double lr = options.lr;
  if (options.schedule == "plateau")
    lr *= std::pow(options.plateau_factor, Plateaus(past_losses, options.plateau_patience));
  if (options.schedule == "step")
    lr *= std::pow(options.step_factor, static_cast<int>(past_losses.size()) / options.step_epochs);
  const auto rising = static_cast<std::int64_t>(std::ceil(options.warmup * static_cast<double>(total)));
  if (step < rising) return lr * static_cast<double>(step + 1) / static_cast<double>(rising);
  const double done = static_cast<double>(step - rising) / static_cast<double>(total - rising);
  return lr * Left(options.schedule, done);
}

}  // namespace seam
