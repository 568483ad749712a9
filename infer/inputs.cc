#include "infer/inputs.h"

#include <fnmatch.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lower_case.h"
#include "extract/media/media_kind.h"
#include "labels/folder_layout.h"
#include "labels/listing.h"
#include "labels/video.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// What is found, and lines about what is not taken.
struct Gathered {
  std::vector<Input> inputs;
  std::vector<std::string> notes;
};

// By its name, where `options` say how those of fakes begin. Else that of the first folder below `root` on
// the way to the file that has one, as `seam extract` reads a tree; else that of the nearest folder around
// `root`.
std::optional<Label> FindLabel(const fs::path& root, const fs::path& file, const ListOptions& options) {
  if (!options.label_prefix.empty())
    return file.filename().native().starts_with(options.label_prefix) ? FAKE : REAL;
  if (!options.label_folders) return std::nullopt;
  std::error_code ignored;
  Label label = REAL;
  const fs::path inside = file.lexically_relative(root).parent_path();
  for (const fs::path& folder : inside) {
    if (LabelOfFolder(folder.string(), &label)) return label;
  }
  fs::path folder =
      fs::weakly_canonical(fs::is_directory(root, ignored) ? root : root.parent_path(), ignored);
  for (; folder.has_filename(); folder = folder.parent_path()) {
    if (LabelOfFolder(folder.filename().string(), &label)) return label;
  }
  return std::nullopt;
}

void TellOthers(const fs::path& folder, const std::vector<fs::path>& others, Gathered* all) {
  if (others.empty()) return;
  std::map<std::string, std::size_t> kinds;
  for (const fs::path& path : others) ++kinds[LowerCase(path.extension().string())];
  all->notes.push_back(fmt::format("{}: {} {} neither video nor picture and passed over: {}", folder.string(),
                                   Counted(others.size(), "file"), others.size() == 1 ? "is" : "are",
                                   ListKinds(kinds)));
}

void AddFolder(const fs::path& folder, const ListOptions& options, Gathered* all) {
  std::vector<Input>* const inputs = &all->inputs;
  std::vector<std::pair<fs::path, std::string>> unreadable;
  try {
    std::vector<fs::path> others;
    std::vector<fs::path> files = ListMediaFiles(folder, &unreadable, &others);
    if (!options.recursive) {
      const auto deeper = [&](const fs::path& path) {
        return path.lexically_relative(folder).has_parent_path();
      };
      std::erase_if(files, deeper);
      std::erase_if(others, deeper);
      unreadable.clear();
    }
    AddByContent(LooksLikeMedia, &others, &files);
    TellOthers(folder, others, all);
    for (const fs::path& file : files) {
      inputs->push_back({file, FindLabel(folder, file, options), "", ""});
    }
    for (const auto& [path, words] : unreadable)
      inputs->push_back({path, {}, "cannot be listed: " + words, "check the permissions"});
    if (files.empty() && unreadable.empty()) {
      inputs->push_back({folder, {}, "holds no video or picture", "name a folder with videos in it"});
    }
  } catch (const Error& error) {
    inputs->push_back({folder, {}, "cannot be listed", error.hint()});
  }
}

bool IsPattern(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

std::vector<fs::path> ListEntries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    entries.push_back(folder / entry->path().filename());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// Adds what below `base` matches the parts of a pattern from `part` on. Hidden entries match only a part that
// begins with a dot, and ** follows no links.
void Expand(const fs::path& base, const std::vector<std::string>& parts, std::size_t part,
            std::vector<fs::path>* found) {
  std::error_code ignored;
  if (part == parts.size()) {
    if (fs::exists(base, ignored)) found->push_back(base);
    return;
  }
  if (!IsPattern(parts[part])) return Expand(base / parts[part], parts, part + 1, found);
  const bool any_depth = parts[part] == "**";
  // A ** at the end stands for all files.
  if (any_depth && part + 1 < parts.size()) Expand(base, parts, part + 1, found);
  for (const fs::path& entry : ListEntries(base)) {
    const std::string name = entry.filename().string();
    const bool folder = fs::is_directory(entry, ignored);
    if (any_depth) {
      if (name.starts_with('.')) continue;
      if (folder && !fs::is_symlink(entry, ignored)) Expand(entry, parts, part, found);
      if (!folder && part + 1 == parts.size()) found->push_back(entry);
    } else if (fnmatch(parts[part].c_str(), name.c_str(), FNM_PERIOD) == 0 &&
               (folder || part + 1 == parts.size())) {
      Expand(entry, parts, part + 1, found);
    }
  }
}

std::vector<fs::path> ListMatches(const fs::path& pattern) {
  std::vector<std::string> parts;
  for (const fs::path& part : pattern.relative_path()) {
    if (!part.empty()) parts.push_back(part.string());
  }
  std::vector<fs::path> found;
  Expand(pattern.root_path(), parts, 0, &found);
  return found;
}

void AddNamed(const std::string& name, const ListOptions& options, Gathered* all) {
  std::vector<Input>* const inputs = &all->inputs;
  std::error_code failure;
  if (fs::is_directory(name, failure)) return AddFolder(name, options, all);
  const bool there = fs::exists(name, failure);
  if (!there && IsPattern(name)) {
    const std::vector<fs::path> matches = ListMatches(name);
    for (const fs::path& match : matches) {
      if (fs::is_directory(match, failure)) {
        AddFolder(match, options, all);
      } else {
        inputs->push_back({match, FindLabel(match, match, options), "", ""});
      }
    }
    if (matches.empty()) inputs->push_back({name, {}, "the pattern matches nothing", "check the path"});
    return;
  }
  const std::string problem = there ? "" : failure ? failure.message() : "no such file or folder";
  inputs->push_back({name, FindLabel(name, name, options), problem, "check the path"});
}

}  // namespace

std::vector<std::string> NamesIn(std::string_view list) {
  const bool lines = list.find('\0') == std::string_view::npos;
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(lines ? '\n' : '\0'), list.size());
    std::string_view name = list.substr(0, end);
    if (lines && name.ends_with('\r')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

std::vector<Input> ListInputs(const std::vector<std::string>& named, const ListOptions& options,
                              std::vector<std::string>* notes) {
  Gathered all;
  for (const std::string& name : named) {
    if (name != "-") {
      AddNamed(name, options, &all);
      continue;
    }
    const std::string list{std::istreambuf_iterator<char>(std::cin), {}};
    const std::vector<std::string> names = NamesIn(list);
    for (const std::string& each : names) AddNamed(each, options, &all);
    if (names.empty())
      all.inputs.push_back({"-", {}, "standard input names nothing", "write a path on each line"});
  }
  std::vector<Input> inputs;
  std::set<fs::path> seen;
  std::error_code nameless;  // an empty name has no absolute form
  for (Input& input : all.inputs) {
    if (seen.insert(fs::absolute(input.path, nameless).lexically_normal()).second)
      inputs.push_back(std::move(input));
  }
  if (notes != nullptr) *notes = std::move(all.notes);
  return inputs;
}

}  // namespace seam
