#include "proto/clip_bounds.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "proto/shard.h"
#include "proto/tfrecord.h"

namespace seam {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

enum class Kind { kClip, kFrame, kLeaf };

Kind KindOfField(Kind parent, int field) {
  if (parent == Kind::kClip && field == Clip::kFramesFieldNumber) return Kind::kFrame;
  return Kind::kLeaf;
}

bool IsMessage(Kind parent, int field) {
  if (parent == Kind::kClip) return field == Clip::kFramesFieldNumber || field == Clip::kCropFieldNumber;
  return parent == Kind::kFrame && field == Frame::kBoxFieldNumber;
}

// Walks the fields of one message, and counts them down in *left.
bool Walk(Kind kind, CodedInputStream* stream, std::size_t* left) {
  while (const std::uint32_t tag = stream->ReadTag()) {
    const auto type = WireFormatLite::GetTagWireType(tag);
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if ((*left)-- == 0 || field == 0) return false;
    if (type == WireFormatLite::WIRETYPE_START_GROUP || type == WireFormatLite::WIRETYPE_END_GROUP)
      return false;
    if (type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED && IsMessage(kind, field)) {
      std::uint32_t length = 0;
      if (!stream->ReadVarint32(&length) || length > kMaxRecordBytes) return false;
      const auto outer = stream->PushLimit(static_cast<int>(length));
      if (stream->BytesUntilLimit() != static_cast<int>(length)) return false;
      if (!Walk(KindOfField(kind, field), stream, left) || stream->BytesUntilLimit() != 0) return false;
      stream->PopLimit(outer);
    } else if (!WireFormatLite::SkipField(stream, tag)) {
      return false;
    }
  }
  return stream->ConsumedEntireMessage();
}

}  // namespace

bool ClipWithinBounds(std::string_view bytes) {
  if (bytes.size() > kMaxRecordBytes) return false;
  const auto size = static_cast<int>(bytes.size());
  CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), size);
  const auto outer = stream.PushLimit(size);
  std::size_t left = kMaxClipFields;
  const bool good = Walk(Kind::kClip, &stream, &left);
  stream.PopLimit(outer);
  return good;
}

}  // namespace seam
