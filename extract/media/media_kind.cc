#include "extract/media/media_kind.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

extern "C" {
#include <libavutil/dovi_meta.h>
}

#include "base/error.h"
#include "extract/media/av.h"
#include "extract/media/boxes.h"
#include "extract/media/jpeg_file.h"
#include "extract/media/pictures.h"
#include "labels/video.h"

namespace seam {
namespace {

// Names of libavformat's demuxers. A demuxer that opens other files (hls, concat, dash, sdp, image2) must
// never stand here.
constexpr auto kContainers = std::to_array<std::string_view>({
    // films
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "flv",
    "ogg",
    "asf",
    "mxf",
    "dhav",
    "mpjpeg",
    "ivf",
    "yuv4mpegpipe",
    // pictures; those of tiff, HEIF and animated webp are not libav's (pictures.h)
    "gif",
    "apng",
    "jpeg_pipe",
    "png_pipe",
    "webp_pipe",
    "bmp_pipe",
    "j2k_pipe",
});

// Streams without a container, as they left an encoder. They have no magic number, so a few bytes that look
// like one are not enough.
constexpr auto kStreams =
    std::to_array<std::string_view>({"mjpeg", "h264", "hevc", "mpegvideo", "m4v", "obu", "dv"});

// Names of libavcodec's decoders, as its codec_whitelist wants them.
constexpr const char* kDecoders =
    "h264,hevc,libdav1d,av1,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,h263,mjpeg,"
    "msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1,mss2,flv,vp6,vp6a,vp6f,svq3,theora,"
    "prores,dnxhd,dvvideo,jpeg2000,cfhd,v210,ffv1,huffyuv,ffvhuff,utvideo,rawvideo,"
    "qtrle,flashsv,flashsv2,camtasia,"
    "gif,png,apng,webp,bmp";

// What the four letters or the number of a codec mean that this libavcodec does not know, or that say more
// than its name.
struct CodecName {
  std::string_view tag, words;
};
constexpr CodecName kCodecNames[] = {
    {"vvc1", "VVC (H.266)"},  {"vvi1", "VVC (H.266)"},  {"evc1", "EVC"},       {"lvc1", "LCEVC"},
    {"avs3", "AVS3"},         {"apv1", "APV"},          {"jxl ", "JPEG XL"},   {"x264", "H.264"},
    {"dvh1", "Dolby Vision"}, {"dvhe", "Dolby Vision"}, {"RV40", "RealVideo"}, {"av3a", "AV3A"},
};
constexpr std::uint32_t kVvcInTransportStream = 0x33, kSampleAesInTransportStream = 0xDB;

std::string Letters(std::uint32_t tag) {
  std::string letters;
  for (int shift = 0; shift < 32; shift += 8) letters += static_cast<char>(tag >> shift & 0xFF);
  return letters;
}

// The name that a matroska file gives to its codec ("V_MPEGI/ISO/VVC"); "" where none is near the beginning.
std::string MatroskaCodec(const InputFile& file) {
  constexpr std::size_t kLooked = 1 << 16;
  const std::string head = file.BytesAt(0, kLooked);
  const std::size_t place = head.find("V_");
  if (place == std::string::npos) return "";
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.";
  return head.substr(place, std::min(head.find_first_not_of(kAllowed, place), head.size()) - place);
}

// Whether most packets of a transport stream are scrambled (ISO/IEC 13818-1, 2.4.3.3).
bool IsScrambled(const InputFile& file) {
  constexpr std::size_t kLooked = 1 << 20, kSync = 0x47;
  const std::string head = file.BytesAt(0, kLooked);
  for (const std::size_t step : {188, 192, 204}) {
    const std::size_t first = step == 192 ? 4 : 0;
    std::size_t packets = 0, scrambled = 0;
    for (std::size_t at = first; at + 4 <= head.size() && head[at] == kSync; at += step) {
      ++packets;
      scrambled += (head[at + 3] & 0x80) != 0 ? 1 : 0;
    }
    if (packets > 2) return scrambled * 2 > packets;
  }
  return false;
}

// Whether an mp4's index describes video as encrypted (ISO/IEC 23001-7): libavformat hides that where it
// finds the way it was coded before.
bool HasEncryptedVideo(const InputFile& file) {
  constexpr std::int64_t kLooked = 1 << 20;
  const std::optional<FileBox> index = FindBox(file, "moov");
  if (!index) return false;
  const std::string bytes =
      file.BytesAt(index->offset, static_cast<std::size_t>(std::min(index->size, kLooked)));
  const std::size_t entry = bytes.find("encv", std::min(bytes.find("stsd"), bytes.size()));
  return entry != std::string::npos && bytes.find("sinf", entry) != std::string::npos;
}

// The two objects of an ASF header that say so.
bool HasAsfProtection(const InputFile& file) {
  constexpr std::string_view kObjects[] = {
      std::string_view("\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e", 16),
      std::string_view("\x14\xe6\x8a\x29\x22\x26\x17\x4c\xb9\x35\xda\xe0\x7e\xe9\x28\x9c", 16)};
  constexpr std::size_t kLooked = 1 << 16;
  const std::string head = file.BytesAt(0, kLooked);
  return std::any_of(std::begin(kObjects), std::end(kObjects),
                     [&](std::string_view object) { return head.find(object) != std::string::npos; });
}

// Whether an elementary stream begins with a parameter set or delimiter of VVC (ITU-T H.266, 7.3.1.2).
bool IsVvcStream(std::string_view head) {
  const std::size_t zeros = std::min(head.find_first_not_of('\0'), head.size());
  if (zeros < 2 || zeros > 3 || head.size() < zeros + 3 || head[zeros] != 1 || head[zeros + 1] != 0)
    return false;
  const int type = static_cast<unsigned char>(head[zeros + 2]) >> 3;
  return (type >= 12 && type <= 15) || type == 20;
}

constexpr std::size_t kProbed = 1 << 16;

bool IsJpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

// The container on the list that a file's first bytes are surely of; nullptr where there is none.
const AVInputFormat* ListedContainer(std::string bytes) {
  const auto size = static_cast<int>(bytes.size());
  bytes.resize(bytes.size() + AVPROBE_PADDING_SIZE);
  AVProbeData data = {"", reinterpret_cast<unsigned char*>(bytes.data()), size, nullptr};
  int score = 0;
  const AVInputFormat* container = av_probe_input_format3(&data, 1, &score);
  const bool sure = container != nullptr && score > AVPROBE_SCORE_RETRY && IsListed(*container, score);
  return sure ? container : nullptr;
}

}  // namespace

bool IsListed(const AVInputFormat& container, int score) {
  const auto among = [&](const auto& names) {
    return std::find(names.begin(), names.end(), container.name) != names.end();
  };
  return among(kContainers) || (among(kStreams) && score > AVPROBE_SCORE_RETRY);
}

const char* ListedDecoders() { return kDecoders; }

std::string CodecWords(const InputFile& file, const AVInputFormat& container,
                       const AVCodecParameters& codec) {
  const std::string tag = Letters(codec.codec_tag);
  for (const auto& [known, words] : kCodecNames) {
    if (tag == known) return std::string(words);
  }
  const std::string_view name = container.name;
  if (codec.codec_id != AV_CODEC_ID_NONE) {
    const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec.codec_id);
    const bool told = descriptor != nullptr && descriptor->long_name != nullptr;
    return told ? descriptor->long_name : avcodec_get_name(codec.codec_id);
  }
  if (name == "mpegts" && codec.codec_tag == kVvcInTransportStream) return "VVC (H.266)";
  if (name.starts_with("matroska")) {
    const std::string id = MatroskaCodec(file);
    if (id == "V_MPEGI/ISO/VVC") return "VVC (H.266)";
    if (!id.empty()) return id;
  }
  const bool letters = std::all_of(tag.begin(), tag.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return letters ? "'" + tag + "'" : "";
}

bool IsEncrypted(const InputFile& file, const AVInputFormat& container, const AVStream& stream,
                 const AVPacket* first) {
  const std::string_view name = container.name;
  const std::uint32_t tag = stream.codecpar->codec_tag;
  if (first != nullptr && av_packet_get_side_data(first, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr)
    return true;
  if (name.starts_with("mov")) return Letters(tag) == "drmi" || HasEncryptedVideo(file);
  if (name.starts_with("matroska"))
    return av_stream_get_side_data(&stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, nullptr) != nullptr;
  if (name == "mpegts") return tag == kSampleAesInTransportStream || IsScrambled(file);
  return name == "asf" && HasAsfProtection(file);
}

bool HasOwnColours(const AVStream& stream) {
  constexpr int kHevcAlone = 5, kAv1 = 10;
  const std::uint8_t* side = av_stream_get_side_data(&stream, AV_PKT_DATA_DOVI_CONF, nullptr);
  if (side == nullptr) return false;
  const auto& told = *reinterpret_cast<const AVDOVIDecoderConfigurationRecord*>(side);
  return told.dv_profile == kHevcAlone ||
         (told.dv_profile == kAv1 && told.dv_bl_signal_compatibility_id == 0);
}

std::string UnreadKind(std::string_view head) {
  if (IsVvcStream(head)) return "VVC (H.266)";
  if (head.starts_with("\xff\x0a") || head.substr(0, 12).ends_with("JXL \r\n\x87\n")) return "JPEG XL";
  if (head.substr(0, 8).ends_with("JXL ")) return "JPEG XL";
  return "";
}

bool LooksLikeMedia(const std::filesystem::path& path) {
  try {
    const std::string bytes = InputFile(path).BytesAt(0, kProbed);
    return IsJpeg(bytes) || KindOfPictures(bytes) != PictureKind::kNone || ListedContainer(bytes) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

bool IsStill(const std::filesystem::path& path) {
  try {
    const InputFile file(path);
    const std::string bytes = file.BytesAt(0, kProbed);
    if (IsJpeg(bytes)) return !LookIntoJpeg(file).is_film;
    switch (KindOfPictures(bytes)) {
      case PictureKind::kTiff:
        return true;
      case PictureKind::kHeif:
        return !IsHeifFilm(file);
      case PictureKind::kWebpAnimation:
        return false;
      case PictureKind::kNone:
        break;
    }
    const AVInputFormat* container = ListedContainer(bytes);
    return container == nullptr ? IsPictureFile(path) : std::string_view(container->name).ends_with("_pipe");
  } catch (const Error&) {
    return IsPictureFile(path);
  }
}

}  // namespace seam
