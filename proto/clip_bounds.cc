#include "proto/clip_bounds.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <string>

#include "proto/shard.h"
#include "proto/tfrecord.h"
#include "proto/utf8.h"

namespace seam {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

bool Walk(const Descriptor& type, CodedInputStream* stream, std::size_t* left);

// The bytes of a field, from their length on.
bool WalkBytes(const FieldDescriptor* field, CodedInputStream* stream, std::size_t* left) {
  std::uint32_t unsigned_length = 0;
  if (!stream->ReadVarint32(&unsigned_length) || unsigned_length > kMaxRecordBytes) return false;
  const int length = static_cast<int>(unsigned_length);
  if (length > stream->BytesUntilLimit()) return false;
  if (field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE) {
    const auto outer = stream->PushLimit(length);
    if (!Walk(*field->message_type(), stream, left)) return false;
    stream->PopLimit(outer);
    return true;
  }
  if (field != nullptr && field->type() == FieldDescriptor::TYPE_STRING) {
    std::string text;
    return stream->ReadString(&text, length) && IsUtf8(text);
  }
  return stream->Skip(length);
}

// The fields of one message up to the stream's limit; each counts down *left.
bool Walk(const Descriptor& type, CodedInputStream* stream, std::size_t* left) {
  while (const std::uint32_t tag = stream->ReadTag()) {
    const auto wire = WireFormatLite::GetTagWireType(tag);
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (number == 0 || *left == 0) return false;
    --*left;
    if (wire == WireFormatLite::WIRETYPE_START_GROUP || wire == WireFormatLite::WIRETYPE_END_GROUP)
      return false;
    const bool walked = wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED
                            ? WalkBytes(type.FindFieldByNumber(number), stream, left)
                            : WireFormatLite::SkipField(stream, tag);
    if (!walked) return false;
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
  const bool good = Walk(*Clip::descriptor(), &stream, &left);
  stream.PopLimit(outer);
  return good;
}

}  // namespace seam
