#include "spectrum/experiments/perturb_command.h"

#include <atomic>
#include <filesystem>
#include <mutex>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/progress.h"
#include "proto/picture_codec.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/experiments/picture_change.h"
#include "spectrum/experiments/picture_reader.h"
#include "spectrum/feature.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

}  // namespace

int SpectrumPerturb(const std::vector<std::string>& arguments) {
  PictureChangeOptions change;
  std::string output, split = "all";
  int num_files = 0;
  std::vector<std::string> inputs;
  Options options("seam spectrum perturb", "FOLDER... --change NAME --output FOLDER [options]",
                  "a set of pictures with noise, blur, cropping or JPEG, as a set of its own",
                  "seam spectrum perturb data/test --change combined --output data/test_combined");
  options.Add("output", &output, "new folder: CLASS/NAME_000000.png and so on, in the order of the inputs");
  options.Add("split", &split, "of inputs that have splits", {"all", "train", "val", "test"});
  options.Add("num-files", &num_files, "take the first so many files of each class; 0: all");
  change.Register(&options);
  options.AddPositional("folder", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  change.Check();
  if (change.none()) throw UsageError("--change", "is missing", "--change noise");
  if (inputs.empty())
    throw UsageError("seam spectrum perturb", "no folder named", "name a folder of pictures");
  if (output.empty()) throw UsageError("--output", "is missing", "name a new folder");
  if (num_files < 0) throw UsageError("--num-files", "must not be negative");
  if (fs::exists(output) && !fs::is_empty(output))
    throw Error(output, "is there already", "remove it or name another --output");
  const SpectrumInputs found = FindSpectrumInputs(inputs, split, static_cast<std::size_t>(num_files));
  fs::create_directories(output);
  for (const std::string& name : found.classes) fs::create_directories(fs::path(output) / name);
  const PictureReader pictures;
  std::atomic<int> bad = 0;
  std::mutex mutex;
  Progress progress("perturb", static_cast<std::int64_t>(found.inputs.size()), "pictures");
  tbb::parallel_for(std::size_t{0}, found.inputs.size(), [&](std::size_t i) {
    if (Interrupted()) return;
    const SpectrumInput& input = found.inputs[i];
    try {
      if (input.kind != SpectrumInput::Kind::kPicture) throw Error(input.path.string(), "is no picture");
      const cv::Mat picture = pictures.Read(input.path, false);
      const fs::path folder = input.label < 0
                                  ? fs::path(output)
                                  : fs::path(output) / found.classes[static_cast<std::size_t>(input.label)];
      const cv::Mat changed = Changed(picture, change, input.path.filename().string(), i);
      WriteFile(folder / fmt::format("{}_{:06}.png", change.change, i), EncodePng(MakeView(changed)));
    } catch (const Error& error) {
      const std::lock_guard lock(mutex);
      SayWarning(Printable(error.what()));
      ++bad;
    }
    progress.Advance();
  });
  if (Interrupted()) {
    SayWarning(fmt::format("interrupted; {} is not complete: remove it and start again", output));
    return kExitFailed;
  }
  Say(fmt::format("{}: {} pictures", Printable(output), std::ssize(found.inputs) - bad));
  return bad == 0 ? kExitGood : kExitSomeFailed;
}

}  // namespace seam
