#include "tests/extract/made_heif.h"

#include <vector>

#include "extract/media/media_file.h"
#include "tests/extract/made_video.h"
#include "tests/support/support.h"

namespace seam {
namespace {

std::string Number(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::string Boxed(const std::string& name, const std::string& content) {
  return Number(content.size() + 8, 4) + name + content;
}

std::string FullBoxed(const std::string& name, int version, int flags, const std::string& content) {
  return Boxed(name, Number(static_cast<std::size_t>(version), 1) +
                         Number(static_cast<std::size_t>(flags), 3) + content);
}

std::string SizeProperty(cv::Size size) {
  return FullBoxed(
      "ispe", 0, 0,
      Number(static_cast<std::size_t>(size.width), 4) + Number(static_cast<std::size_t>(size.height), 4));
}

struct Coded {
  std::string configuration, picture;
};

// As the stream of an mp4 has it: with lengths before its units.
Coded Encode(const cv::Mat& tile) {
  const TemporaryFolder folder;
  MadeVideo video;
  video.codec = "libx265";
  video.encoder_options = "x265-params=log-level=none";
  video.pictures = {tile.clone()};
  Write(video, folder / "tile.mp4");
  MediaFile file(folder / "tile.mp4");
  const AvPtr<AVPacket> packet(av_packet_alloc());
  file.ReadPacket(packet.get());
  const AVCodecParameters& codec = *file.stream()->codecpar;
  const auto text = [](const std::uint8_t* bytes, int count) {
    return std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
  };
  return {text(codec.extradata, codec.extradata_size), text(packet->data, packet->size)};
}

struct Item {
  std::string type, data;
  std::vector<int> properties;  // their places in the list, from 1 on
  bool inside = false;          // its data stands in the index
};

std::string Index(const std::vector<Item>& items, const std::string& properties, std::size_t primary,
                  std::size_t data_begin) {
  std::string entries, places, uses, inside;
  std::size_t offset = data_begin;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    entries += FullBoxed("infe", 2, 0, Number(i + 1, 2) + Number(0, 2) + item.type + std::string(1, '\0'));
    places += Number(i + 1, 2) + Number(item.inside ? 1 : 0, 2) + Number(0, 2) + Number(1, 2) +
              Number(item.inside ? inside.size() : offset, 4) + Number(item.data.size(), 4);
    if (item.inside) {
      inside += item.data;
    } else {
      offset += item.data.size();
    }
    uses += Number(i + 1, 2) + Number(item.properties.size(), 1);
    for (const int property : item.properties) uses += Number(0x80U | static_cast<unsigned>(property), 1);
  }
  std::string content = FullBoxed("hdlr", 0, 0, Number(0, 4) + "pict" + std::string(13, '\0'));
  content += FullBoxed("pitm", 0, 0, Number(primary, 2));
  content += FullBoxed("iloc", 1, 0, Number(0x44, 1) + Number(0, 1) + Number(items.size(), 2) + places);
  content += FullBoxed("iinf", 0, 0, Number(items.size(), 2) + entries);
  if (items.size() > 1) {
    std::string tiles;
    for (std::size_t i = 1; i < items.size(); ++i) tiles += Number(i, 2);
    content +=
        FullBoxed("iref", 0, 0, Boxed("dimg", Number(primary, 2) + Number(items.size() - 1, 2) + tiles));
  }
  content +=
      Boxed("iprp", Boxed("ipco", properties) + FullBoxed("ipma", 0, 0, Number(items.size(), 4) + uses));
  if (!inside.empty()) content += Boxed("idat", inside);
  return FullBoxed("meta", 0, 0, content);
}

}  // namespace

std::string Encoded(const MadeHeif& heif) {
  const cv::Size tile(heif.picture.cols / heif.columns, heif.picture.rows / heif.rows);
  std::vector<Item> items;
  std::string data, properties;
  for (int row = 0; row < heif.rows; ++row) {
    for (int column = 0; column < heif.columns; ++column) {
      const Coded coded = Encode(heif.picture(cv::Rect({column * tile.width, row * tile.height}, tile)));
      if (properties.empty()) properties = Boxed("hvcC", coded.configuration) + SizeProperty(tile);
      items.push_back({"hvc1", coded.picture, {1, 2}, false});
      data += coded.picture;
    }
  }
  int last = 2;  // property
  if (items.size() > 1) {
    const cv::Size shown = heif.shown.empty() ? heif.picture.size() : heif.shown;
    properties += SizeProperty(shown);
    items.push_back({"grid",
                     Number(0, 2) + Number(static_cast<std::size_t>(heif.rows - 1), 1) +
                         Number(static_cast<std::size_t>(heif.columns - 1), 1) +
                         Number(static_cast<std::size_t>(shown.width), 2) +
                         Number(static_cast<std::size_t>(shown.height), 2),
                     {++last},
                     true});
  }
  if (heif.turns != 0) {
    properties += Boxed("irot", Number(static_cast<std::size_t>(heif.turns), 1));
    items.back().properties.push_back(++last);
  }
  if (heif.mirror >= 0) {
    properties += Boxed("imir", Number(static_cast<std::size_t>(heif.mirror), 1));
    items.back().properties.push_back(++last);
  }
  const std::string type = Boxed("ftyp", "heic" + Number(0, 4) + "mif1heic");
  const std::size_t begin = type.size() + Index(items, properties, items.size(), 0).size() + 8;
  return type + Index(items, properties, items.size(), begin) + Boxed("mdat", data);
}

}  // namespace seam
