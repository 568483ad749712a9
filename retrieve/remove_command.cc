#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "retrieve/archive.h"
#include "retrieve/commands.h"

namespace seam {

int RetrieveRemove(const std::vector<std::string>& arguments) {
  std::vector<std::string> paths;
  std::string index;
  bool missing = false;
  Options options("seam retrieve remove", "PATH... --index INDEX [options]",
                  "take files out of an index; the files themselves stay",
                  "seam retrieve remove archive/2019 --index archive.index");
  options.AddPositional("path", &paths);
  options.Add("index", &index, "folder of the index");
  options.Add("missing", &missing, "take out all files that are no longer there");
  if (!options.Parse(arguments)) return kExitGood;
  if (index.empty()) throw UsageError("seam retrieve remove", "--index is missing", "--index INDEX");
  if (paths.empty() && !missing)
    throw UsageError("seam retrieve remove", "nothing to remove", "name files or folders, or --missing");
  Archive archive(index, Database::Access::kWrite);
  std::int64_t removed = 0;
  bool unknown = false;
  for (const std::string& path : paths) {
    const std::int64_t count = archive.Remove(path);
    if (count == 0) SayError(Error(path, "is not in the index"));
    unknown = unknown || count == 0;
    removed += count;
  }
  if (missing) removed += archive.RemoveMissing();
  archive.Commit();
  archive.Tidy();
  Say(fmt::format("{} files removed; {} files and {} vectors left", removed, archive.files(),
                  archive.entries()));
  if (!unknown) return kExitGood;
  return removed > 0 ? kExitSomeFailed : kExitFailed;
}

}  // namespace seam
