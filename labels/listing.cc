#include "labels/listing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/files.h"
#include "base/lines.h"
#include "base/lower_case.h"
#include "base/options.h"
#include "base/words.h"
#include "labels/label.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxListBytes = std::uint64_t{64} << 20;
constexpr std::size_t kShown = 6;
// What the containers of films hold when it is sound alone.
constexpr auto kSoundEndings = std::to_array<std::string_view>(
    {".m4a", ".m4b", ".m4r", ".m4p", ".aac", ".mp3", ".mp2", ".wav", ".wma", ".oga", ".ogg", ".opus", ".spx",
     ".flac", ".mka", ".weba", ".amr", ".aif", ".aiff"});
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors put it before the text

std::vector<std::string> SplitParts(const std::string& id) {
  std::vector<std::string> parts(1);
  for (const char c : id) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// Also in folders inside.
bool HoldsFile(const fs::path& folder) {
  std::error_code code;
  for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) return true;
  }
  return false;
}

// "real" for "real_frames": without what says the kind of file where the rest is a label, "" for the kind
// alone.
std::string WithoutKinds(const std::string& folder) {
  std::string kept, word;
  for (const char c : folder + " ") {
    if (c != ' ' && c != '_' && c != '-') {
      word += c;
      continue;
    }
    if (!word.empty() && !IsKindFolder(word)) kept += (kept.empty() ? "" : " ") + word;
    word.clear();
  }
  return IsKindFolder(folder) ? "" : LabelOfWord(LowerCase(kept)) ? kept : folder;
}

// The first `count` parts, without what says what kind of file is in them.
std::string FindFootage(const std::vector<std::string>& parts, std::size_t count, const std::string& name) {
  std::string footage;
  for (std::size_t i = 0; i < count; ++i) {
    if (const std::string kept = WithoutKinds(parts[i]); !kept.empty()) footage += kept + "/";
  }
  return name.empty() ? footage : footage + name + "/";
}

}  // namespace

void AddByContent(const MediaTest& is_media, std::vector<fs::path>* others, std::vector<fs::path>* files) {
  const auto is_sound = [](const fs::path& path) {
    const std::string ending = LowerCase(path.extension().string());
    return std::find(kSoundEndings.begin(), kSoundEndings.end(), ending) != kSoundEndings.end();
  };
  const auto media = std::stable_partition(others->begin(), others->end(), [&](const fs::path& path) {
    return is_sound(path) || !is_media(path);
  });
  if (media == others->end()) return;
  files->insert(files->end(), media, others->end());
  others->erase(media, others->end());
  std::sort(files->begin(), files->end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
}

Tree::Tree(const fs::path& root, const MediaTest& by_content) : root_(root) {
  std::vector<fs::path> others;
  const auto add = [&](const fs::path& path, std::vector<File>* files) {
    files->push_back({path, SplitParts(Utf8Id(path.lexically_relative(root).generic_string())), false});
  };
  std::vector<fs::path> media = ListMediaFiles(root, nullptr, &others);
  if (by_content) AddByContent(by_content, &others, &media);
  for (const fs::path& path : media) add(path, &media_);
  for (const fs::path& path : others) add(path, &others_);
  LeaveOutFrames();
}

void Tree::LeaveOutFrames() {
  static const std::regex numbered("(.+)[-_ ](frame|img|face)?[-_ ]?[0-9]+", std::regex::icase);
  std::set<std::string> footage;
  for (const File& file : media_) {
    const std::string& name = file.parts.back();
    if (!IsPictureFile(name))
      footage.insert(FindFootage(file.parts, file.parts.size() - 1, fs::path(name).stem()));
  }
  const auto is_frame = [&](const File& file) {
    if (footage.empty() || !IsPictureFile(file.parts.back())) return false;
    const std::size_t folders = file.parts.size() - 1;
    for (std::size_t count = 1; count <= folders; ++count) {
      if (!IsKindFolder(file.parts[count - 1]) && footage.count(FindFootage(file.parts, count, "")) > 0)
        return true;
    }
    const std::string stem = fs::path(file.parts.back()).stem();
    std::smatch match;
    if (footage.count(FindFootage(file.parts, folders, stem)) > 0)
      return true;  // also a film's poster beside it
    return folders > 0 && WithoutKinds(file.parts[folders - 1]) != file.parts[folders - 1] &&
           std::regex_match(stem, match, numbered) &&
           footage.count(FindFootage(file.parts, folders, match[1].str())) > 0;
  };
  std::vector<File> kept;
  for (File& file : media_) {
    if (!is_frame(file)) {
      kept.push_back(std::move(file));
    } else if (frames_++ == 0) {
      frames_example_ = fmt::format("{}", fmt::join(file.parts, "/"));
    }
  }
  media_ = std::move(kept);
}

Video Tree::Take(File* file, Label label) {
  file->taken = true;
  Video video;
  video.id = fmt::format("{}", fmt::join(file->parts, "/"));
  video.path = file->path;
  video.label = label;
  return video;
}

void Tree::TellLeftOut(const std::string& where, Listing* listing) const {
  const auto left = [](const File& file) { return !file.taken; };
  if (const auto first = std::find_if(media_.begin(), media_.end(), left); first != media_.end()) {
    const std::size_t count = std::count_if(first, media_.end(), left);
    listing->lost = fmt::format("{} {} outside {} and {} left out, such as {}", Counted(count, "media file"),
                                count == 1 ? "lies" : "lie", where, count == 1 ? "is" : "are",
                                fmt::join(first->parts, "/"));
    listing->warnings.push_back(fmt::format("{}: {}", root_.string(), listing->lost));
  }
  if (frames_ > 0) {
    listing->notes.push_back(fmt::format("{} left out, such as {}: the video of the same footage is taken",
                                         Counted(frames_, "picture"), frames_example_));
  }
  std::map<std::string, std::size_t> kinds;
  std::size_t count = 0;
  for (const File& file : others_) {
    if (file.taken) continue;
    ++kinds[LowerCase(fs::path(file.parts.back()).extension().string())];
    ++count;
  }
  if (count == 0) return;
  listing->warnings.push_back(fmt::format("{}: {} {} neither video nor picture and passed over: {}",
                                          root_.string(), Counted(count, "file"), count == 1 ? "is" : "are",
                                          ListKinds(kinds)));
}

bool IsKindFolder(const std::string& name) {
  static const std::set<std::string> kinds = {"videos", "video", "frames", "frame", "images",
                                              "image",  "faces", "crops",  "clips"};
  return kinds.count(LowerCase(name)) > 0;
}

void NoteEmptyClass(const fs::path& root, const std::string& folder, Label label, Listing* listing) {
  const auto has_label = [&](const Video& video) { return video.label == label; };
  if (!listing->lost.empty() || !HoldsFile(root / folder)) return;
  if (std::any_of(listing->videos.begin(), listing->videos.end(), has_label)) return;
  listing->lost = fmt::format("{}/ holds no {}", folder, label == FAKE ? "fake" : "real");
}

std::string NameAt(const std::vector<std::string>& parts, std::size_t at) {
  while (at + 1 < parts.size() && IsKindFolder(parts[at])) ++at;
  return at + 1 == parts.size() ? fs::path(parts[at]).stem().string() : parts[at];
}

std::string Shown(const fs::path& root) {
  std::set<std::string> names;
  std::error_code code;
  if (!fs::is_directory(root, code)) return "a file";
  for (fs::directory_iterator entry(root, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool folder = entry->is_directory(ignored);
    names.insert(Utf8Id(entry->path().filename().string()) + (folder ? "/" : ""));
  }
  if (names.empty()) return "nothing";
  std::string shown;
  std::size_t count = 0;
  for (const auto& name : names) {
    if (count == kShown) return fmt::format("{} and {} more", shown, names.size() - kShown);
    shown += (count++ > 0 ? ", " : "") + name;
  }
  return shown;
}

std::string Counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string ListKinds(const std::map<std::string, std::size_t>& counts) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  for (const auto& [kind, count] : counts) sorted.emplace_back(count, kind);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < sorted.size() && i < kShown; ++i) {
    const std::string& kind = sorted[i].second;
    shown.push_back(fmt::format("{} {}", sorted[i].first, kind.empty() ? "without an ending" : kind));
  }
  if (sorted.size() > kShown) shown.push_back("and others");
  return fmt::format("{}", fmt::join(shown, ", "));
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    words.push_back(Trimmed(text.substr(start, end - start)));
    start = end + 1;
  }
  return words;
}

std::set<std::string> ChooseAmong(const std::string& option, const std::vector<std::string>& words,
                                  const std::vector<std::string>& allowed) {
  if (words.empty()) return {allowed.begin(), allowed.end()};
  std::set<std::string> chosen;
  for (const std::string& word : words) {
    const auto found = std::find_if(allowed.begin(), allowed.end(), [&](const std::string& name) {
      return LowerCase(name) == LowerCase(word);
    });
    if (found == allowed.end()) {
      const std::string near = Nearest(word, allowed);
      throw UsageError(option, fmt::format("'{}' is not a choice", word),
                       near.empty() ? fmt::format("choose from: {}", fmt::join(allowed, ", "))
                                    : fmt::format("did you mean {}?", near));
    }
    chosen.insert(*found);
  }
  return chosen;
}

void OfficialList::Add(const fs::path& where, const std::string& name, const std::string& split) {
  const auto [known, added] = splits_.emplace(name, split);
  if (added || known->second == split) return;
  throw Error(where.string(), fmt::format("'{}' is in the split {} and in {}", name, known->second, split),
              "take the dataset's own lists, unchanged");
}

std::string OfficialList::Find(const std::string& name) {
  const auto found = splits_.find(name);
  if (found == splits_.end()) return "";
  found_.insert(name);
  return found->second;
}

void OfficialList::TellAbsent(const std::string& lists, std::size_t unlisted, Listing* listing) const {
  const auto absent = std::find_if(splits_.begin(), splits_.end(),
                                   [&](const auto& entry) { return found_.count(entry.first) == 0; });
  if (absent != splits_.end()) {
    listing->warnings.push_back(fmt::format("{}: {} of the {} names in it have no file here, such as {}",
                                            lists, splits_.size() - found_.size(), splits_.size(),
                                            absent->first));
  }
  if (unlisted > 0 && !empty()) {
    listing->warnings.push_back(
        fmt::format("{}: does not name {} of the dataset", lists, Counted(unlisted, "video")));
  }
}

std::vector<std::pair<std::size_t, std::string>> ReadLines(const fs::path& path) {
  const std::string text = ReadFile(path, kMaxListBytes);
  std::vector<std::pair<std::size_t, std::string>> lines;
  const std::size_t start = text.starts_with(kByteOrderMark) ? 3 : 0;
  for (const auto& [number, line] : NumberedLines(std::string_view(text).substr(start)))
    lines.emplace_back(number, Trimmed(std::string(line)));
  return lines;
}

}  // namespace seam
