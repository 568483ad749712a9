#include "pages/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>

#include <cairo-svg.h>
#include <cairo.h>
#include <fmt/format.h>
#include <boost/math/distributions/normal.hpp>

#include "base/error.h"
#include "base/files.h"
#include "pages/palette.h"

namespace seam {
namespace {

constexpr double kWidth = 560, kHeight = 400, kLeft = 64, kRight = 16, kTop = 36, kBottom = 52;
constexpr double kFont = 12, kPngScale = 2;

struct Freer {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

void Check(cairo_surface_t* surface, const std::string& subject) {
  const cairo_status_t status = cairo_surface_status(surface);
  if (status != CAIRO_STATUS_SUCCESS)
    throw Error(subject, fmt::format("cannot be drawn: {}", cairo_status_to_string(status)));
}

// A Cairo context with the few strokes that charts are made of.
class Pen {
 public:
  explicit Pen(cairo_surface_t* surface, double scale) : context_(cairo_create(surface)) {
    cairo_scale(get(), scale, scale);
    cairo_set_source_rgb(get(), 1, 1, 1);
    cairo_paint(get());
    cairo_select_font_face(get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(get(), kFont);
  }

  cairo_t* get() const { return context_.get(); }

  void Set(const Colour& colour, double alpha = 1) const {
    cairo_set_source_rgba(get(), colour.red, colour.green, colour.blue, alpha);
  }

  void Line(double x0, double y0, double x1, double y1, double width) const {
    cairo_set_line_width(get(), width);
    cairo_move_to(get(), x0, y0);
    cairo_line_to(get(), x1, y1);
    cairo_stroke(get());
  }

  double FindWidth(const std::string& text) const {
    cairo_text_extents_t extents;
    cairo_text_extents(get(), text.c_str(), &extents);
    return extents.x_advance;
  }

  // `anchor`: 0 the text begins at x, 0.5 is centred, 1 ends there.
  void Text(double x, double y, const std::string& text, double anchor = 0) const {
    cairo_move_to(get(), x - anchor * FindWidth(text), y);
    cairo_show_text(get(), text.c_str());
  }

  void TextUpwards(double x, double y, const std::string& text) const {
    cairo_save(get());
    cairo_translate(get(), x, y);
    cairo_rotate(get(), -std::acos(-1.0) / 2);
    Text(0, 0, text, 0.5);
    cairo_restore(get());
  }

 private:
  std::unique_ptr<cairo_t, Freer> context_;
};

double Stretched(const Axis& axis, double value) {
  if (axis.scale == Axis::Scale::kLog) return std::log10(std::max(value, axis.low));
  if (axis.scale == Axis::Scale::kProbit)
    return boost::math::quantile(boost::math::normal(), std::clamp(value, axis.low, axis.high));
  return value;
}

// 0 at the axis' low end, 1 at its high one.
double Place(const Axis& axis, double value) {
  const double low = Stretched(axis, axis.low), high = Stretched(axis, axis.high);
  return (Stretched(axis, value) - low) / (high - low);
}

// Draws one chart.
class ChartDrawing {
 public:
  ChartDrawing(const Chart& chart, const Pen& pen) : chart_(chart), pen_(pen) {}

  void Draw() const {
    pen_.Set({0.1, 0.1, 0.1});
    pen_.Text(kWidth / 2, 20, chart_.title, 0.5);
    DrawAxes();
    cairo_save(pen_.get());
    cairo_rectangle(pen_.get(), kLeft - 1, kTop - 1, kWidth - kLeft - kRight + 2,
                    kHeight - kTop - kBottom + 2);
    cairo_clip(pen_.get());
    if (chart_.diagonal) {
      pen_.Set({0.6, 0.6, 0.6});
      pen_.Line(kLeft, kHeight - kBottom, kWidth - kRight, kTop, 1);
    }
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      SetDash(i);
      DrawSeries(chart_.series[i], PaletteColour(i));
    }
    SetDash(0);
    cairo_restore(pen_.get());
    DrawLegend();
  }

 private:
  double X(double value) const { return kLeft + Place(chart_.x, value) * (kWidth - kLeft - kRight); }
  double Y(double value) const {
    return kHeight - kBottom - Place(chart_.y, value) * (kHeight - kTop - kBottom);
  }

  static std::string TickText(double tick) { return fmt::format("{:g}", tick); }

  void DrawAxes() const {
    for (const double tick : chart_.x.ticks) {
      pen_.Set({0.87, 0.87, 0.87});
      pen_.Line(X(tick), kTop, X(tick), kHeight - kBottom, 0.8);
      pen_.Set({0.1, 0.1, 0.1});
      pen_.Text(X(tick), kHeight - kBottom + 16, TickText(tick), 0.5);
    }
    for (const double tick : chart_.y.ticks) {
      pen_.Set({0.87, 0.87, 0.87});
      pen_.Line(kLeft, Y(tick), kWidth - kRight, Y(tick), 0.8);
      pen_.Set({0.1, 0.1, 0.1});
      pen_.Text(kLeft - 6, Y(tick) + 4, TickText(tick), 1);
    }
    for (std::size_t i = 0; i < chart_.x.names.size(); ++i)
      pen_.Text(X(static_cast<double>(i)), kHeight - kBottom + 16, Fitting(chart_.x.names[i]), 0.5);
    pen_.Line(kLeft, kTop, kLeft, kHeight - kBottom, 1);
    pen_.Line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, 1);
    pen_.Text((kLeft + kWidth - kRight) / 2, kHeight - 14, chart_.x.title, 0.5);
    pen_.TextUpwards(16, (kTop + kHeight - kBottom) / 2, chart_.y.title);
  }

  // A name cut to the room that each has.
  std::string Fitting(std::string name) const {
    const double room = (kWidth - kLeft - kRight) / static_cast<double>(chart_.x.names.size()) - 4;
    if (pen_.FindWidth(name) <= room) return name;
    while (name.size() > 1 && pen_.FindWidth(name + ".") > room) name.pop_back();
    return name + ".";
  }

  // Where the colours begin anew, lines are broken.
  void SetDash(std::size_t series) const {
    constexpr double kDash[] = {6, 4};
    cairo_set_dash(pen_.get(), kDash, series < kPaletteSize ? 0 : 2, 0);
  }

  void DrawSeries(const Series& series, const Colour& colour) const {
    pen_.Set(colour);
    if (series.style == Series::Style::kBand) {
      DrawBand(series, colour);
      return DrawLine(series);
    }
    for (std::size_t i = 0; i < series.intervals.size(); ++i) {
      const double x = X(series.points[i].first);
      pen_.Line(x, Y(series.intervals[i].first), x, Y(series.intervals[i].second), 1.5);
    }
    if (series.style == Series::Style::kLine) return DrawLine(series);
    for (const auto& [x, y] : series.points) {
      if (series.style == Series::Style::kBars) {
        const double half = series.bar_width / 2;
        pen_.Set(colour, 0.55);
        cairo_rectangle(pen_.get(), X(x - half), Y(y), X(x + half) - X(x - half), Y(chart_.y.low) - Y(y));
      } else {
        cairo_arc(pen_.get(), X(x), Y(y), 4, 0, 2 * std::acos(-1.0));
      }
      cairo_fill(pen_.get());
    }
  }

  void DrawBand(const Series& series, const Colour& colour) const {
    const std::size_t count = std::min(series.points.size(), series.intervals.size());
    for (std::size_t i = 0; i < count; ++i)
      cairo_line_to(pen_.get(), X(series.points[i].first), Y(series.intervals[i].first));
    for (std::size_t i = count; i-- > 0;)
      cairo_line_to(pen_.get(), X(series.points[i].first), Y(series.intervals[i].second));
    pen_.Set(colour, 0.2);
    cairo_fill(pen_.get());
    pen_.Set(colour);
  }

  void DrawLine(const Series& series) const {
    cairo_set_line_width(pen_.get(), 2);
    cairo_set_line_join(pen_.get(), CAIRO_LINE_JOIN_ROUND);
    for (const auto& [x, y] : series.points) cairo_line_to(pen_.get(), X(x), Y(y));
    cairo_stroke(pen_.get());
  }

  void DrawLegend() const {
    // Where the series leave room: bars stand at the bottom, and bands, which are of spectra, fall.
    const bool on_top = !chart_.series.empty() && (chart_.series[0].style == Series::Style::kBars ||
                                                   chart_.series[0].style == Series::Style::kBand);
    double y = on_top ? kTop + 16.0 * static_cast<double>(chart_.series.size()) : kHeight - kBottom - 10;
    for (std::size_t i = chart_.series.size(); i-- > 0;) {
      const std::string& name = chart_.series[i].name;
      if (name.empty()) continue;
      pen_.Set({1, 1, 1}, 0.8);
      cairo_rectangle(pen_.get(), kWidth - kRight - pen_.FindWidth(name) - 34, y - 11,
                      pen_.FindWidth(name) + 32, 15);
      cairo_fill(pen_.get());
      pen_.Set({0.1, 0.1, 0.1});
      pen_.Text(kWidth - kRight - 30, y, name, 1);
      pen_.Set(PaletteColour(i));
      SetDash(i);
      pen_.Line(kWidth - kRight - 26, y - 4, kWidth - kRight - 6, y - 4, 3);
      SetDash(0);
      y -= 16;
    }
  }

  const Chart& chart_;
  const Pen& pen_;
};

constexpr double kCellWidth = 176, kCellHeight = 34, kNames = 190, kHead = 64;

double FindWidth(const HeatMap& map) {
  return kNames + kCellWidth * static_cast<double>(map.columns.size()) + 16;
}
double FindHeight(const HeatMap& map) {
  return kHead + kCellHeight * static_cast<double>(map.rows.size()) + 16;
}

// White at a half, blue towards 1, orange towards 0.
Colour HeatColour(double value) {
  const Colour end = value >= 0.5 ? Colour{0.35, 0.65, 0.9} : Colour{0.95, 0.6, 0.3};
  const double share = std::min(1.0, std::abs(value - 0.5) * 2);
  return {1 - share * (1 - end.red), 1 - share * (1 - end.green), 1 - share * (1 - end.blue)};
}

void DrawHeatMap(const HeatMap& map, const Pen& pen) {
  pen.Set({0.1, 0.1, 0.1});
  pen.Text(FindWidth(map) / 2, 20, map.title, 0.5);
  for (std::size_t column = 0; column < map.columns.size(); ++column)
    pen.Text(kNames + kCellWidth * (static_cast<double>(column) + 0.5), kHead - 8, map.columns[column], 0.5);
  for (std::size_t row = 0; row < map.rows.size(); ++row) {
    const double y = kHead + kCellHeight * static_cast<double>(row);
    pen.Set({0.1, 0.1, 0.1});
    pen.Text(kNames - 8, y + kCellHeight / 2 + 4, map.rows[row], 1);
    for (std::size_t column = 0; column < map.columns.size(); ++column) {
      const double x = kNames + kCellWidth * static_cast<double>(column), value = map.values[row][column];
      pen.Set(std::isnan(value) ? Colour{1, 1, 1} : HeatColour(value));
      cairo_rectangle(pen.get(), x + 1, y + 1, kCellWidth - 2, kCellHeight - 2);
      cairo_fill(pen.get());
      pen.Set({0.1, 0.1, 0.1});
      pen.Text(x + kCellWidth / 2, y + kCellHeight / 2 + 4, map.texts[row][column], 0.5);
    }
  }
}

constexpr double kFieldSide = 384, kFieldTop = 36, kFieldLeft = 16, kFieldBar = 16, kFieldRight = 104;

// From 0 to 1: near black, violet, red, orange, near white, each lighter than the last.
Colour SequentialColour(double share) {
  constexpr std::array<Colour, 5> kStops = {
      {{0.02, 0.01, 0.08}, {0.34, 0.06, 0.43}, {0.74, 0.22, 0.33}, {0.98, 0.56, 0.04}, {0.99, 1, 0.75}}};
  const double place = share * (kStops.size() - 1);
  const std::size_t stop = std::min(static_cast<std::size_t>(place), kStops.size() - 2);
  const double t = place - static_cast<double>(stop);
  const Colour &a = kStops[stop], &b = kStops[stop + 1];
  return {a.red + t * (b.red - a.red), a.green + t * (b.green - a.green), a.blue + t * (b.blue - a.blue)};
}

Colour FieldColour(const Field& field, double value) {
  if (std::isnan(value)) return {1, 1, 1};
  const double range = field.high - field.low;
  const double share = range > 0 ? std::clamp((value - field.low) / range, 0.0, 1.0) : 0.5;
  return field.colours == Field::Colours::kDiverging ? HeatColour(share) : SequentialColour(share);
}

// Pixels of `rows` x `columns`, stretched over a rectangle without smoothing.
template <class ColourAt>
void DrawPixels(const Pen& pen, int rows, int columns, double x, double y, double width, double height,
                const ColourAt& colour_at) {
  const std::unique_ptr<cairo_surface_t, Freer> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows));
  Check(surface.get(), "chart");
  unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  const auto byte = [](double share) { return static_cast<std::uint32_t>(std::lround(255 * share)); };
  for (int row = 0; row < rows; ++row) {
    auto* pixels = reinterpret_cast<std::uint32_t*>(data + static_cast<std::ptrdiff_t>(row) * stride);
    for (int column = 0; column < columns; ++column) {
      const Colour colour = colour_at(row, column);
      pixels[column] = byte(colour.red) << 16 | byte(colour.green) << 8 | byte(colour.blue);
    }
  }
  cairo_surface_mark_dirty(surface.get());
  cairo_save(pen.get());
  cairo_translate(pen.get(), x, y);
  cairo_scale(pen.get(), width / columns, height / rows);
  cairo_set_source_surface(pen.get(), surface.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(pen.get()), CAIRO_FILTER_NEAREST);
  cairo_paint(pen.get());
  cairo_restore(pen.get());
}

double FindWidth(const Field&) { return kFieldLeft + kFieldSide + kFieldRight; }
double FindHeight(const Field&) { return kFieldTop + kFieldSide + 16; }

void Draw(const Field& field, const Pen& pen) {
  if (field.rows < 1 || field.columns < 1 ||
      field.values.size() != static_cast<std::size_t>(field.rows) * static_cast<std::size_t>(field.columns)) {
    throw Error(field.file, "has no numbers to draw");
  }
  pen.Set({0.1, 0.1, 0.1});
  pen.Text(FindWidth(field) / 2, 20, field.title, 0.5);
  const double scale = kFieldSide / std::max(field.rows, field.columns);
  const double width = scale * field.columns, height = scale * field.rows;
  DrawPixels(pen, field.rows, field.columns, kFieldLeft, kFieldTop, width, height, [&](int row, int column) {
    return FieldColour(field,
                       field.values[static_cast<std::size_t>(row) * static_cast<std::size_t>(field.columns) +
                                    static_cast<std::size_t>(column)]);
  });
  constexpr int kSteps = 256;
  const double bar = kFieldLeft + kFieldSide + 16;
  DrawPixels(pen, kSteps, 1, bar, kFieldTop, kFieldBar, kFieldSide, [&](int row, int) {
    return FieldColour(field, field.high - (field.high - field.low) * row / (kSteps - 1));
  });
  pen.Set({0.1, 0.1, 0.1});
  constexpr int kTicks = 4;
  for (int i = 0; i <= kTicks; ++i) {
    const double value = field.high - (field.high - field.low) * i / kTicks;
    pen.Text(bar + kFieldBar + 6, kFieldTop + kFieldSide * i / kTicks + 4, fmt::format("{:.4g}", value));
  }
}

void Draw(const Chart& chart, const Pen& pen) { ChartDrawing(chart, pen).Draw(); }
void Draw(const HeatMap& map, const Pen& pen) { DrawHeatMap(map, pen); }
double FindWidth(const Chart&) { return kWidth; }
double FindHeight(const Chart&) { return kHeight; }

cairo_status_t Append(void* text, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

template <class Picture>
std::string Svg(const Picture& picture) {
  std::string svg;
  const std::unique_ptr<cairo_surface_t, Freer> surface(
      cairo_svg_surface_create_for_stream(&Append, &svg, FindWidth(picture), FindHeight(picture)));
  Draw(picture, Pen(surface.get(), 1));
  cairo_surface_finish(surface.get());
  Check(surface.get(), picture.file);
  return svg;
}

template <class Picture>
void Png(const Picture& picture, const std::filesystem::path& path) {
  const std::unique_ptr<cairo_surface_t, Freer> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(kPngScale * FindWidth(picture)),
                                 static_cast<int>(kPngScale * FindHeight(picture))));
  Draw(picture, Pen(surface.get(), kPngScale));
  Check(surface.get(), path.string());
  std::string png;
  cairo_surface_write_to_png_stream(surface.get(), &Append, &png);
  WriteFile(path, png);
}

}  // namespace

std::string ToSvg(const Chart& chart) { return Svg(chart); }
std::string ToSvg(const HeatMap& map) { return Svg(map); }
std::string ToSvg(const Field& field) { return Svg(field); }
void WritePng(const Chart& chart, const std::filesystem::path& path) { Png(chart, path); }
void WritePng(const HeatMap& map, const std::filesystem::path& path) { Png(map, path); }
void WritePng(const Field& field, const std::filesystem::path& path) { Png(field, path); }

}  // namespace seam
