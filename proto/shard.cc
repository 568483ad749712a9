#include "proto/shard.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "proto/clip_bounds.h"
#include "proto/tfrecord.h"
#include "proto/utf8.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr char kCopyAgain[] = "extract again, or copy the file again";

std::string ShardName(const std::string& prefix, std::size_t index, std::size_t count) {
  return fmt::format("{}-{:05}-of-{:05}.tfrecord", prefix, index, count);
}

std::string At(const std::string& what, std::uint64_t offset) {
  return fmt::format("{}, at byte {}", what, offset);
}

void CheckTexts(const fs::path& folder, const Clip& clip) {
  const auto& crop = clip.crop();
  for (const auto* text : {&clip.video(), &clip.dataset(), &clip.method(), &clip.split(), &clip.group(),
                           &crop.align(), &crop.detector(), &crop.encoding()}) {
    if (IsUtf8(*text)) continue;
    throw Error(folder.string(),
                fmt::format("a clip of '{}' cannot be written: '{}' is not UTF-8", clip.video(), *text),
                "rename the file");
  }
}

// The names of the shards in a folder by split, and of how many theirs say they are one.
struct ShardNames {
  std::set<std::string> names;
  std::set<std::size_t> counts;
};

std::map<std::string, ShardNames> NamesIn(const fs::path& folder) {
  std::error_code code;
  const std::regex pattern("(.+)-[0-9]{5,9}-of-([0-9]{5,9})\\.tfrecord");
  std::map<std::string, ShardNames> splits;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    std::smatch match;
    if (!std::regex_match(name, match, pattern)) continue;
    splits[match[1]].names.insert(name);
    splits[match[1]].counts.insert(std::stoul(match[2]));
  }
  if (code)
    throw Error(folder.string(), "cannot be read: " + code.message(),
                "name a folder that `seam extract` wrote");
  return splits;
}

}  // namespace

ShardWriter::ShardWriter(fs::path folder, std::string prefix, std::uint64_t shard_bytes,
                         AtomicFile::Durability durability)
    : folder_(std::move(folder)),
      prefix_(std::move(prefix)),
      shard_bytes_(shard_bytes),
      durability_(durability) {}

ShardWriter::~ShardWriter() {
  std::error_code ignored;
  for (const auto& part : parts_) fs::remove(part, ignored);
}

void ShardWriter::Add(Clip clip) {
  clip.set_format_version(kClipFormatVersion);
  clip.set_last_of_shard(true);  // as long as the clip gets
  CheckTexts(folder_, clip);
  if (clip.ByteSizeLong() > kMaxRecordBytes) {
    throw Error(
        folder_.string(),
        fmt::format("a clip of '{}' cannot be written: {} bytes, more than the {} that a record may have",
                    clip.video(), clip.ByteSizeLong(), kMaxRecordBytes),
        "take fewer or smaller frames a clip");
  }
  WritePending(false);
  pending_ = std::move(clip);
}

void ShardWriter::WritePending(bool last_of_all) {
  if (!pending_) return;
  if (current_ == nullptr) {
    current_path_ = folder_ / fmt::format("{}-{:05}.{}.part", prefix_, parts_.size(), getpid());
    current_ = std::make_unique<AtomicFile>(current_path_);
  }
  const std::uint64_t framed = kRecordHeaderBytes + pending_->ByteSizeLong() + kRecordFooterBytes;
  const bool last = last_of_all || current_->size() + framed >= shard_bytes_;
  pending_->set_last_of_shard(last);
  current_->Write(FrameRecord(pending_->SerializeAsString()));
  pending_.reset();
  if (!last) return;
  current_->Commit(durability_);
  current_.reset();
  parts_.push_back(current_path_);
}

std::vector<fs::path> ShardWriter::Finish() {
  WritePending(true);
  std::vector<fs::path> shards;
  for (const auto& part : parts_) {
    const fs::path shard = folder_ / ShardName(prefix_, shards.size(), parts_.size());
    std::error_code code;
    fs::rename(part, shard, code);
    if (code)
      throw Error(shard.string(), "cannot be written: " + code.message(), "check the folder's permissions");
    shards.push_back(shard);
  }
  parts_.clear();
  return shards;
}

ShardReader::ShardReader(fs::path path, OnDamage on_damage) : path_(std::move(path)), file_(path_) {
  auto problem = Walk();
  if (!problem) problem = ProblemOfEnd(on_damage);
  if (!problem) return;
  if (on_damage == kThrow) throw Error(path_.string(), problem->what, problem->hint);
  broken_ = problem->what;
}

std::optional<ShardReader::Problem> ShardReader::Walk() {
  const std::string_view bytes = file_.bytes();
  if (bytes.empty()) return Problem{"is empty, not a shard", kCopyAgain};
  for (std::uint64_t start = 0; start < bytes.size();) {
    if (auto problem = ProblemOfFrame(bytes.substr(start), start)) return problem;
    const std::uint64_t length = LoadLittle64(bytes.substr(start));
    records_.push_back({start + kRecordHeaderBytes, length});
    // Walking must not bring a large shard into memory.
    constexpr std::size_t kRecordsAtOnce = 256;
    if (records_.size() % kRecordsAtOnce == 0) file_.DropPages();
    start += kRecordHeaderBytes + length + kRecordFooterBytes;
  }
  return std::nullopt;
}

std::optional<ShardReader::Problem> ShardReader::ProblemOfEnd(OnDamage on_damage) const {
  Clip last;
  if (auto problem = ReadInto(size() - 1, &last)) {
    // Only the record is damaged: TryRead() says so, and the shard may be whole.
    return on_damage == kThrow ? problem : std::nullopt;
  }
  if (last.last_of_shard()) return std::nullopt;
  return Problem{At("truncated after a record that is not the shard's last", file_.bytes().size()),
                 kCopyAgain};
}

std::optional<ShardReader::Problem> ShardReader::ProblemOfFrame(std::string_view left, std::uint64_t start) {
  if (left.size() >= kRecordHeaderBytes && MaskedCrc32c(left.substr(0, 8)) != LoadLittle32(left.substr(8))) {
    if (start > 0) return Problem{At("the length checksum does not match", start), kCopyAgain};
    return Problem{
        At("is not a shard, or its first length is damaged: the length checksum does not match", start),
        "name a .tfrecord file of `seam extract`, or copy the file again"};
  }
  if (left.size() < kRecordHeaderBytes) {
    return Problem{
        At(start > 0 ? "truncated header of a record" : "is not a shard, or truncated in its first header",
           start),
        kCopyAgain};
  }
  const std::uint64_t length = LoadLittle64(left);
  if (length > kMaxRecordBytes) {
    return Problem{
        At(fmt::format("a record of {} bytes, more than the {} allowed", length, kMaxRecordBytes), start),
        kCopyAgain};
  }
  if (left.size() - kRecordHeaderBytes < length + kRecordFooterBytes) {
    return Problem{At(fmt::format("truncated record: {} of {} bytes are there",
                                  left.size() - kRecordHeaderBytes, length + kRecordFooterBytes),
                      start),
                   kCopyAgain};
  }
  return std::nullopt;
}

std::optional<ShardReader::Problem> ShardReader::ReadInto(std::size_t index, Clip* clip) const {
  const Record& record = records_.at(index);
  const std::uint64_t start = record.offset - kRecordHeaderBytes;
  const std::string_view bytes = file_.bytes().substr(record.offset, record.length);
  if (MaskedCrc32c(bytes) != LoadLittle32(file_.bytes().substr(record.offset + record.length))) {
    return Problem{At("the data checksum does not match", start), kCopyAgain};
  }
  const bool parsed =
      ClipWithinBounds(bytes) && clip->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!parsed || clip->format_version() == 0) {
    return Problem{At("the record is not a Clip message", start), "name a .tfrecord file of `seam extract`"};
  }
  if (clip->format_version() != kClipFormatVersion) {
    throw Error(
        path_.string(),
        At(fmt::format("written in format version {} while this Seam reads {}", clip->format_version(),
                       kClipFormatVersion),
           start),
        clip->format_version() > kClipFormatVersion ? "use a newer Seam, or extract again" : "extract again");
  }
  return std::nullopt;
}

Clip ShardReader::Read(std::size_t index) const {
  Clip clip;
  if (const auto problem = ReadInto(index, &clip)) throw Error(path_.string(), problem->what, problem->hint);
  return clip;
}

std::optional<Clip> ShardReader::TryRead(std::size_t index, std::string* problem) const {
  std::optional<Clip> clip(std::in_place);
  if (const auto found = ReadInto(index, &*clip)) {
    *problem = found->what;
    clip.reset();
  }
  return clip;
}

std::set<std::string> ListSplits(const fs::path& folder) {
  std::set<std::string> splits;
  for (const auto& [split, shards] : NamesIn(folder)) splits.insert(split);
  return splits;
}

std::vector<fs::path> FindShards(const fs::path& folder, const std::string& split) {
  auto [names, counts] = NamesIn(folder)[split];
  if (names.empty()) {
    const auto others = ListSplits(folder);
    throw Error(folder.string(),
                fmt::format("holds no shards of '{}' ({}-00000-of-....tfrecord)", split, split),
                others.empty() ? "name a folder that `seam extract` wrote"
                               : fmt::format("it holds shards of: {}", fmt::join(others, ", ")));
  }
  if (counts.size() > 1) {
    throw Error(folder.string(),
                fmt::format("holds two sets of '{}' shards, of {} and of {}", split, *counts.begin(),
                            *counts.rbegin()),
                "remove the shards of the older run");
  }
  std::vector<fs::path> shards;
  for (std::size_t i = 0; i < *counts.begin(); ++i) {
    const std::string name = ShardName(split, i, *counts.begin());
    if (names.erase(name) == 0) throw Error((folder / name).string(), "is missing from its set", kCopyAgain);
    shards.push_back(folder / name);
  }
  if (!names.empty())
    throw Error((folder / *names.begin()).string(), "does not belong to its set", "remove it");
  return shards;
}

}  // namespace seam
