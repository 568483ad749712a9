// TIFF: the first picture of a file that is no smaller form of another, with libtiff. Some writers do not
// mark such forms.

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include <tiffio.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/media/exif.h"
#include "extract/media/pictures.h"

namespace seam {
namespace {

constexpr tmsize_t kMaxAllocation = tmsize_t{1} << 30;

struct Source {
  const InputFile& file;
  std::int64_t place = 0;
  std::string problem;  // the first that libtiff tells
};

tmsize_t Read(thandle_t handle, void* buffer, tmsize_t count) {
  auto& source = *static_cast<Source*>(handle);
  if (source.file.Stopped()) return -1;
  const std::int64_t there =
      source.file.Read(source.place, static_cast<std::uint8_t*>(buffer), static_cast<std::size_t>(count));
  source.place += std::max<std::int64_t>(there, 0);
  return there;
}

tmsize_t Write(thandle_t, void*, tmsize_t) { return -1; }

toff_t Seek(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<Source*>(handle);
  const std::int64_t from = whence == SEEK_CUR ? source.place : whence == SEEK_END ? source.file.size() : 0;
  source.place = from + static_cast<std::int64_t>(offset);
  return static_cast<toff_t>(source.place);
}

int Close(thandle_t) { return 0; }

toff_t Size(thandle_t handle) { return static_cast<toff_t>(static_cast<Source*>(handle)->file.size()); }

int Complain(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  std::string& problem = static_cast<Source*>(user)->problem;
  if (problem.empty()) {
    std::array<char, 256> words = {};
    std::vsnprintf(words.data(), words.size(), format, arguments);
    problem = Printable(words.data());
  }
  return 1;
}

int PassOver(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct Closer {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

class TiffPictures : public Pictures {
 public:
  TiffPictures(const InputFile& file, const MediaLimits& limits) : source_{file, 0, ""} {
    const std::unique_ptr<TIFFOpenOptions, Closer> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAllocation);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), Complain, &source_);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), PassOver, nullptr);
    // "m": not mapped into memory, where a file that shrinks meanwhile would end the program.
    tiff_.reset(TIFFClientOpenExt(file.path().c_str(), "rm", &source_, Read, Write, Seek, Close, Size,
                                  nullptr, nullptr, options.get()));
    if (!tiff_) Refuse(source_.problem);
    GoToPicture();
    const auto [width, height] = Sides();
    if (width == 0 || height == 0) Refuse("it names no size");
    CheckSize(file, limits, width, height);
    std::array<char, 1024> why = {};
    if (TIFFRGBAImageOK(tiff_.get(), why.data()) == 0) Refuse(why.data());
    size_ = cv::Size(static_cast<int>(width), static_cast<int>(height));
  }

  std::optional<VideoFrame> Next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    // The orientation is applied here: libtiff only mirrors.
    std::uint16_t orientation = ORIENTATION_TOPLEFT;
    TIFFGetFieldDefaulted(tiff_.get(), TIFFTAG_ORIENTATION, &orientation);
    std::array<char, 1024> why = {};
    TIFFRGBAImage image = {};
    if (TIFFRGBAImageBegin(&image, tiff_.get(), 0, why.data()) == 0) {
      damage_ = Printable(why.data());
      return std::nullopt;
    }
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    cv::Mat pixels(size_, CV_8UC4), rgb;  // libtiff's numbers hold red in their lowest byte
    const int read =
        TIFFRGBAImageGet(&image, pixels.ptr<std::uint32_t>(), static_cast<std::uint32_t>(size_.width),
                         static_cast<std::uint32_t>(size_.height));
    TIFFRGBAImageEnd(&image);
    if (!source_.problem.empty()) damage_ = "damaged: " + source_.problem;
    if (read == 0) return std::nullopt;
    cv::cvtColor(pixels, rgb, cv::COLOR_RGBA2RGB);
    return VideoFrame(rgb).Turned(OrientationOfTag(orientation).value_or(Orientation{}));
  }

 private:
  std::pair<std::uint32_t, std::uint32_t> Sides() const {
    std::uint32_t width = 0, height = 0;
    TIFFGetField(tiff_.get(), TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff_.get(), TIFFTAG_IMAGELENGTH, &height);
    return {width, height};
  }

  // To the first picture that is no smaller form of another: neither marked as one nor at most half as wide
  // and high as the largest.
  void GoToPicture() {
    constexpr int kMostPages = 1000;
    struct Page {
      tdir_t number;
      std::uint32_t width, height;
    };
    std::vector<Page> pages;
    for (int i = 0; i < kMostPages && !source_.file.Stopped(); ++i) {
      const auto [width, height] = Sides();
      if (!IsReduced()) pages.push_back({TIFFCurrentDirectory(tiff_.get()), width, height});
      if (TIFFReadDirectory(tiff_.get()) == 0) break;
    }
    if (pages.empty()) Refuse("it is a raw photograph, of which only a preview is there");
    const auto area = [](const Page& page) { return std::uint64_t{page.width} * page.height; };
    const Page largest = *std::max_element(pages.begin(), pages.end(),
                                           [&](const Page& a, const Page& b) { return area(a) < area(b); });
    const auto first = std::find_if(pages.begin(), pages.end(), [&](const Page& page) {
      return page.width > largest.width / 2 || page.height > largest.height / 2;
    });
    source_.problem.clear();  // of pages that do not matter
    if (TIFFSetDirectory(tiff_.get(), first == pages.end() ? largest.number : first->number) == 0)
      Refuse(source_.problem);
  }

  // Whether the picture is marked as a smaller form of another.
  bool IsReduced() const {
    std::uint32_t subfile = 0;
    TIFFGetField(tiff_.get(), TIFFTAG_SUBFILETYPE, &subfile);
    return (subfile & FILETYPE_REDUCEDIMAGE) != 0;
  }

  [[noreturn]] void Refuse(const std::string& why) const {
    throw Error(source_.file.path(), "is a tiff picture that cannot be read: " + Printable(why),
                "save it anew as png or jpg");
  }

  Source source_;
  std::unique_ptr<TIFF, Closer> tiff_;
  cv::Size size_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<Pictures> OpenTiff(const InputFile& file, const MediaLimits& limits) {
  return std::make_unique<TiffPictures>(file, limits);
}

}  // namespace seam
