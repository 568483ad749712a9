#include "spectrum/experiments/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "spectrum/azimuthal.h"
#include "spectrum/experiments/picture_reader.h"
#include "spectrum/feature.h"

namespace seam {
namespace {

// Pictures that are worked on before their numbers are added up in order.
constexpr std::size_t kBlock = 32;

struct Spectra {
  Features dct;
  std::vector<double> azimuthal;
  std::string problem;
};

Spectra ComputeSpectra(const PictureReader& pictures, const std::filesystem::path& path,
                       const FeatureOptions& dct, const FeatureOptions& azimuthal) {
  Spectra spectra;
  try {
    const cv::Mat picture = pictures.Read(path, dct.grey);
    spectra.dct = ComputeFeatures(picture, dct);
    Features curve = ComputeFeatures(dct.grey ? picture : pictures.Read(path, true), azimuthal);
    spectra.azimuthal = std::move(curve.values);
    spectra.problem = !spectra.dct.problem.empty() ? path.string() + ": " + spectra.dct.problem
                      : !curve.problem.empty()     ? path.string() + ": " + curve.problem
                                                   : "";
  } catch (const Error& error) {
    spectra.problem = error.what();
  }
  return spectra;
}

// The least and the greatest of the channel's numbers in all sets.
class Limits {
 public:
  void Take(double value) {
    if (!std::isfinite(value)) return;
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }
  void Apply(Field* field) const {
    field->low = low_;
    field->high = high_;
    if (field->colours == Field::Colours::kDiverging) {
      field->high = std::max(std::abs(low_), std::abs(high_));
      field->low = -field->high;
    }
  }

 private:
  double low_ = std::numeric_limits<double>::infinity(), high_ = -std::numeric_limits<double>::infinity();
};

// One quantity of one channel of some sets, drawn with shared limits.
class FieldRow {
 public:
  FieldRow(const std::vector<std::int64_t>& shape, std::size_t channel, Field::Colours colours)
      : rows_(static_cast<int>(shape[0])),
        columns_(static_cast<int>(shape[1])),
        channels_(static_cast<std::size_t>(shape[2])),
        channel_(channel),
        colours_(colours) {}

  template <class Number>
  void Add(const std::string& file, const std::string& title, const Number& number) {
    Field field{file + Suffix(), title + Words(), rows_, columns_, {}, 0, 1, colours_};
    const auto count = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_);
    for (std::size_t i = 0; i < count; ++i) {
      field.values.push_back(number(i * channels_ + channel_));
      limits_.Take(field.values.back());
    }
    fields_.push_back(std::move(field));
  }

  void Finish(std::vector<Field>* fields) {
    for (Field& field : fields_) {
      limits_.Apply(&field);
      fields->push_back(std::move(field));
    }
  }

 private:
  std::string Suffix() const { return channels_ == 1 ? "" : std::string("_") + Name(); }
  std::string Words() const { return channels_ == 1 ? "" : std::string(", ") + Name(); }
  const char* Name() const { return channel_ == 0 ? "red" : channel_ == 1 ? "green" : "blue"; }

  int rows_, columns_;
  std::size_t channels_, channel_;
  Field::Colours colours_;
  Limits limits_;
  std::vector<Field> fields_;
};

std::vector<double> EvenTicks(double low, double high) {
  const double raw = (high - low) / 5, power = std::pow(10, std::floor(std::log10(raw)));
  const double step = power * (raw / power > 5 ? 10 : raw / power > 2 ? 5 : raw / power > 1 ? 2 : 1);
  std::vector<double> ticks;
  for (double tick = std::ceil(low / step) * step; tick <= high; tick += step)
    ticks.push_back(std::abs(tick) < step / 2 ? 0 : tick);
  return ticks;
}

Chart MakeCurves(const std::vector<SpectrumStatistics>& sets) {
  Chart chart;
  chart.file = "azimuthal";
  chart.title = "azimuthal mean of 20 ln |F|, and its deviation over pictures";
  Limits limits;
  double low = std::numeric_limits<double>::infinity(), high = -low, end = 1;
  for (const SpectrumStatistics& set : sets) {
    Series series{set.name, Series::Style::kBand, {}, {}, 0};
    const auto deviation = set.azimuthal.PopulationDeviation();
    for (std::size_t i = 0; i < deviation.size(); ++i) {
      const double mean = set.azimuthal.mean()[i];
      series.points.emplace_back(static_cast<double>(i) + 1, mean);
      series.intervals.emplace_back(mean - deviation[i], mean + deviation[i]);
      low = std::min(low, mean - deviation[i]);
      high = std::max(high, mean + deviation[i]);
    }
    end = std::max(end, static_cast<double>(deviation.size()));
    chart.series.push_back(std::move(series));
  }
  chart.x = {"distance from frequency 0", 1, end, EvenTicks(1, end), Axis::Scale::kLinear, {}};
  chart.y = {"20 ln |F|", low, high, EvenTicks(low, high), Axis::Scale::kLinear, {}};
  return chart;
}

}  // namespace

SpectrumStatistics SummariseSpectra(const std::string& name, const std::vector<SpectrumInput>& pictures,
                                    const StatisticsOptions& options) {
  FeatureOptions dct, azimuthal;
  dct.kind = "dct";
  dct.grey = options.grey;
  dct.middle = azimuthal.middle = options.middle;
  azimuthal.features = 0;
  azimuthal.centre = false;
  SpectrumStatistics result;
  result.name = name;
  const std::size_t count = options.amount > 0
                                ? std::min(pictures.size(), static_cast<std::size_t>(options.amount))
                                : pictures.size();
  Progress progress(name, static_cast<std::int64_t>(count), "pictures");
  const PictureReader reader;
  for (std::size_t first = 0; first < count; first += kBlock) {
    std::vector<Spectra> block(std::min(kBlock, count - first));
    tbb::parallel_for(std::size_t{0}, block.size(), [&](std::size_t i) {
      if (!Interrupted()) block[i] = ComputeSpectra(reader, pictures[first + i].path, dct, azimuthal);
    });
    if (Interrupted()) throw Error(name, "interrupted");
    for (std::size_t i = 0; i < block.size(); ++i) {
      Spectra& spectra = block[i];
      if (spectra.problem.empty() && result.shape.empty()) result.shape = spectra.dct.shape;
      if (spectra.problem.empty() && spectra.dct.shape != result.shape)
        spectra.problem =
            pictures[first + i].path.string() + ": is of another size than the first picture; see --middle";
      if (!spectra.problem.empty()) {
        result.bad.push_back(spectra.problem);
        continue;
      }
      result.dct.Add(std::span<const double>(spectra.dct.values));
      result.azimuthal.Add(std::span<const double>(spectra.azimuthal));
    }
    progress.Advance(static_cast<std::int64_t>(block.size()));
  }
  if (result.dct.count() == 0) throw Error(name, "holds no picture that can be used");
  return result;
}

StatisticsPictures MakePictures(const std::vector<SpectrumStatistics>& sets) {
  StatisticsPictures result;
  const SpectrumStatistics& reference = sets.at(0);
  for (const SpectrumStatistics& set : sets) {
    if (set.shape != reference.shape) {
      throw Error(set.name, fmt::format("has pictures of another size than {}", reference.name),
                  "--middle takes the middle of each");
    }
  }
  const auto channels = static_cast<std::size_t>(reference.shape[2]);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    FieldRow mean(reference.shape, channel, Field::Colours::kSequential), deviation = mean, absolute = mean,
                                                                          ratio = mean;
    FieldRow difference(reference.shape, channel, Field::Colours::kDiverging);
    const auto& from = reference.dct.mean();
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const SpectrumStatistics& set = sets[s];
      const std::string file = fmt::format("{}_{}", s, set.name),
                        against = fmt::format("{} against {}", set.name, reference.name);
      const auto& means = set.dct.mean();
      const auto deviations = set.dct.PopulationDeviation();
      mean.Add("mean_" + file, "mean log DCT: " + set.name, [&](std::size_t i) { return means[i]; });
      deviation.Add("deviation_" + file, "deviation of the log DCT: " + set.name,
                    [&](std::size_t i) { return deviations[i]; });
      if (s == 0) continue;
      difference.Add("difference_" + file, "difference of means: " + against,
                     [&](std::size_t i) { return means[i] - from[i]; });
      absolute.Add("absolute_" + file, "absolute difference: " + against,
                   [&](std::size_t i) { return std::abs(means[i] - from[i]); });
      ratio.Add("ratio_" + file, "ratio of means: " + against, [&](std::size_t i) {
        // Around a mean of 0 a ratio says nothing.
        return std::abs(from[i]) > 0.05 ? std::clamp(means[i] / from[i], -1.0, 3.0)
                                        : std::numeric_limits<double>::quiet_NaN();
      });
    }
    for (FieldRow* row : {&mean, &deviation, &difference, &absolute, &ratio}) row->Finish(&result.fields);
  }
  result.curves.push_back(MakeCurves(sets));
  result.table = {
      "sets",
      {"set", "pictures", "left out", "mean log DCT", "mean difference to the first", "greatest difference"},
      {}};
  for (const SpectrumStatistics& set : sets) {
    double sum = 0, apart = 0, greatest = 0;
    const auto& means = set.dct.mean();
    for (std::size_t i = 0; i < means.size(); ++i) {
      const double distance = std::abs(means[i] - reference.dct.mean()[i]);
      sum += means[i];
      apart += distance;
      greatest = std::max(greatest, distance);
    }
    const auto numbers = static_cast<double>(means.size());
    result.table.rows.push_back({set.name, std::to_string(set.dct.count()), std::to_string(set.bad.size()),
                                 fmt::format("{:.4f}", sum / numbers), fmt::format("{:.4f}", apart / numbers),
                                 fmt::format("{:.4f}", greatest)});
  }
  return result;
}

}  // namespace seam
