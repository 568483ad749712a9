#include "spectrum/experiments/statistics_command.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/progress.h"
#include "pages/page.h"
#include "pages/table.h"
#include "spectrum/experiments/statistics.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct PictureSet {
  std::string name;
  std::vector<SpectrumInput> pictures;
};

// Fit for a file's name.
std::string SafeName(std::string name) {
  for (char& c : name) {
    if (c == '/' || c == ' ' || static_cast<unsigned char>(c) < 32) c = '-';
  }
  return name.empty() ? "set" : name;
}

// "A,B,C" where all are folders are so many sets; else the text is one, PATH or PATH,NAME.
std::vector<std::string> SetsIn(const std::string& text) {
  const std::vector<std::string> parts = SplitPaths(text);
  const bool all =
      std::all_of(parts.begin(), parts.end(), [](const std::string& part) { return fs::is_directory(part); });
  return all && !fs::exists(text) ? parts : std::vector<std::string>{text};
}

// PATH or PATH,NAME: its pictures, a set for each class where its folders tell classes.
void AddSets(const std::string& text, const std::string& split, std::vector<PictureSet>* sets) {
  const auto comma = text.rfind(',');
  const bool named = comma != std::string::npos && !fs::exists(text);
  const std::string path = named ? text.substr(0, comma) : text;
  fs::path plain = fs::path(path).lexically_normal();
  if (!plain.has_filename()) plain = plain.parent_path();
  const std::string name = named ? text.substr(comma + 1) : plain.filename().string();
  const SpectrumInputs found = FindSpectrumInputs({path}, split, 0);
  std::map<int, PictureSet> by_class;
  for (const SpectrumInput& input : found.inputs) {
    if (input.kind != SpectrumInput::Kind::kPicture) continue;
    by_class[input.label].pictures.push_back(input);
  }
  for (auto& [label, set] : by_class) {
    const std::string& kind = label >= 0 ? found.classes[static_cast<std::size_t>(label)] : name;
    set.name = SafeName(by_class.size() == 1 ? name : kind == name || label < 0 ? kind : name + "-" + kind);
    sets->push_back(std::move(set));
  }
}

std::string MakePage(const StatisticsPictures& pictures) {
  std::string html = PageBegin("Seam: spectra", "Mean spectra");
  html += WideHtml(ToHtml(pictures.table)) + "<div class=\"plots\">\n";
  for (const Chart& chart : pictures.curves) html += SvgImage(ToSvg(chart), chart.title);
  html +=
      "</div>\n<h2>Cosine transform</h2>\n<p>Low frequencies are at the top left.</p>\n<div "
      "class=\"plots\">\n";
  for (const Field& field : pictures.fields) html += SvgImage(ToSvg(field), field.title);
  return html + "</div>\n" + PageEnd();
}

template <class Picture>
void WriteBoth(const Picture& picture, const fs::path& folder) {
  WriteFile(folder / (picture.file + ".svg"), ToSvg(picture));
  WritePng(picture, folder / (picture.file + ".png"));
}

}  // namespace

int SpectrumStatisticsCommand(const std::vector<std::string>& arguments) {
  StatisticsOptions statistics;
  std::string output = "statistics", split = "all";
  std::vector<std::string> inputs;
  Options options("seam spectrum statistics", "SET[,NAME]...|SET,SET,... [--output FOLDER] [options]",
                  "the mean spectra of sets of pictures, as pictures and one page",
                  "seam spectrum statistics photos,camera generated,generator --output spectra");
  options.Add("output", &output, "folder for index.html and each picture as SVG and PNG");
  options.Add("grey", &statistics.grey, "one channel instead of three");
  options.Add("middle", &statistics.middle, "take the middle square of so many pixels; 0: the whole picture");
  options.Add("amount", &statistics.amount, "take the first so many pictures of each set; 0: all");
  options.Add("split", &split, "of inputs that have splits", {"all", "train", "val", "test"});
  options.AddPositional("set", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  if (inputs.empty())
    throw UsageError("seam spectrum statistics", "no set named", "name folders of pictures");
  if (statistics.amount < 0 || statistics.middle < 0) throw UsageError("--amount", "must not be negative");
  std::vector<PictureSet> sets;
  for (const std::string& input : inputs) {
    for (const std::string& set : SetsIn(input)) AddSets(set, split, &sets);
  }
  if (sets.empty()) throw Error(inputs[0], "holds no picture");
  std::vector<SpectrumStatistics> found;
  std::size_t bad = 0;
  for (const PictureSet& set : sets) {
    found.push_back(SummariseSpectra(set.name, set.pictures, statistics));
    for (const std::string& problem : found.back().bad) SayWarning(Printable(problem));
    bad += found.back().bad.size();
  }
  const StatisticsPictures pictures = MakePictures(found);
  fs::create_directories(output);
  for (const Field& field : pictures.fields) WriteBoth(field, output);
  for (const Chart& chart : pictures.curves) WriteBoth(chart, output);
  WriteFile(fs::path(output) / "index.html", MakePage(pictures));
  fmt::print("{}", ToText(pictures.table));
  return bad == 0 ? kExitGood : kExitSomeFailed;
}

}  // namespace seam
