#include "extract/media/media_support.h"

#include <libheif/heif.h>

#include "base/comma_list.h"
#include "extract/media/av.h"
#include "extract/media/media_kind.h"
#include "extract/media/video_writer.h"

namespace seam {

MediaSupport FindMediaSupport() {
  MediaSupport support;
  for (const std::string& name : SplitAtCommas(ListedDecoders()))
    support.decoders.push_back({name, avcodec_find_decoder_by_name(name.c_str()) != nullptr});
  for (const std::string& name : VideoEncoderNames())
    support.encoders.push_back({name, avcodec_find_encoder_by_name(name.c_str()) != nullptr});
  support.pictures = {{"HEIC", heif_have_decoder_for_format(heif_compression_HEVC) != 0},
                      {"AVIF", heif_have_decoder_for_format(heif_compression_AV1) != 0}};
  return support;
}

}  // namespace seam
