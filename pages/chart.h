#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace seam {

struct Axis {
  enum class Scale {
    kLinear,
    kLog,
    kProbit
  };  // kProbit: the normal distribution's quantiles, as DET plots have
  std::string title;
  double low = 0, high = 1;
  std::vector<double> ticks;
  Scale scale = Scale::kLinear;
  std::vector<std::string> names;  // of the positions 0, 1, ... instead of numbers at ticks
};

struct Series {
  enum class Style { kLine, kBars, kPoints, kBand };  // kBand: a line, and its intervals as an area
  std::string name;                                   // in the legend; empty: not in it
  Style style = Style::kLine;
  std::vector<std::pair<double, double>> points;
  std::vector<std::pair<double, double>> intervals;  // low and high of y, one for each point, or none
  double bar_width = 0.8;                            // in units of x
};

// A picture of series over two axes. What lies outside the axes is cut off.
struct Chart {
  std::string file;  // name without an ending: "roc"
  std::string title;
  Axis x, y;
  std::vector<Series> series;
  bool diagonal = false;  // a thin line from corner to corner: chance, or perfect calibration
};

// Coloured cells with their texts; NaN cells are left white. Colours run from 0.5 (white) to 1 and to 0.
struct HeatMap {
  std::string file, title;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> values;
  std::vector<std::vector<std::string>> texts;
};

// A matrix of numbers as one coloured pixel each, such as a mean spectrum, with a bar that tells the colours.
struct Field {
  enum class Colours {
    kSequential,  // dark to light from `low` to `high`
    kDiverging    // orange, white in the middle, blue
  };
  std::string file, title;
  int rows = 0, columns = 0;
  std::vector<double> values;  // [rows, columns], the first row on top
  double low = 0, high = 1;    // values beyond are drawn as these
  Colours colours = Colours::kSequential;
};

// As an SVG document (text as outlines, nothing loaded from elsewhere), and as a PNG file, written whole.
// Drawn by Cairo; texts need a font on the machine. Errors name the file.
std::string ToSvg(const Chart& chart);
std::string ToSvg(const HeatMap& map);
std::string ToSvg(const Field& field);
void WritePng(const Chart& chart, const std::filesystem::path& path);
void WritePng(const HeatMap& map, const std::filesystem::path& path);
void WritePng(const Field& field, const std::filesystem::path& path);

}  // namespace seam
