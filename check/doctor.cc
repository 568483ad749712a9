#include "check/doctor.h"

#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/sibling.h"
#include "base/version.h"
#include "extract/faces/face_detector.h"
#include "extract/media/media_support.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"
#ifdef SEAM_ONEDNN
#include "models/networks/onednn_model.h"
#endif

namespace seam {

namespace fs = std::filesystem;

namespace {

// Whether this program stands where packages put programs, and so is mended by packages.
bool IsPackaged() { return FindProgram("doctor").parent_path() == "/usr/bin"; }

std::string Install(const std::string& packages) { return "sudo apt-get install " + packages; }

void ExamineProgramFiles(std::vector<Examined>* all) {
  struct Program {
    const char* verb;
    const char* why;  // what people miss without it
    Health without;
  };
  constexpr Program kPrograms[] = {
      {"extract", "makes datasets", Health::kMissing},
      {"infer", "scores videos", Health::kMissing},
      {"evaluate", "measures scores", Health::kMissing},
      {"serve", "the page and the HTTP API", Health::kOptional},
      {"client", "sends files to a server", Health::kOptional},
      {"spectrum", "classifiers of frequencies", Health::kOptional},
      {"train", "trains networks; needs LibTorch", Health::kOptional},
      {"score", "scores shards; needs LibTorch", Health::kOptional},
      {"models", "imports, exports and shows checkpoints; needs LibTorch", Health::kOptional},
      {"infer-torch", "heat maps and GPUs in seam infer; needs LibTorch", Health::kOptional},
  };
  for (const Program& program : kPrograms) {
    if (HasSibling(program.verb)) {
      all->push_back({"programs", program.verb, Health::kGood, program.why, ""});
    } else {
      const bool torch = std::string(program.why).find("LibTorch") != std::string::npos;
      all->push_back(
          {"programs", program.verb, program.without, fmt::format("not installed: {}", program.why),
           IsPackaged() ? Install(torch ? "seam-train" : "seam") : "scripts/setup.sh && make build"});
    }
  }
}

// One line for all that are there, and one for each that is not.
void ExamineCodecs(const std::string& group, const std::vector<CodecSupport>& codecs,
                   const std::set<std::string>& needed, const std::string& package,
                   std::vector<Examined>* all) {
  std::vector<std::string> there, not_there;
  for (const CodecSupport& codec : codecs) {
    if (codec.there) {
      there.push_back(codec.name);
    } else if (needed.count(codec.name) > 0) {
      all->push_back({group, codec.name, Health::kMissing, "the installed library was built without it",
                      Install(package)});
    } else {
      not_there.push_back(codec.name);
    }
  }
  if (!there.empty())
    all->push_back({group, "there", Health::kGood, fmt::format("{}", fmt::join(there, " ")), ""});
  if (!not_there.empty())
    all->push_back({group, "not there", Health::kOptional, fmt::format("{}", fmt::join(not_there, " ")), ""});
}

void ExamineMedia(std::vector<Examined>* all) {
  const MediaSupport media = FindMediaSupport();
  ExamineCodecs("decoders", media.decoders, {"h264", "hevc", "mpeg4", "vp9", "mjpeg", "png"},
                "libavcodec-extra", all);
  ExamineCodecs("pictures", media.pictures, {"HEIC", "AVIF"}, "libheif1", all);
  const bool any = std::any_of(media.encoders.begin(), media.encoders.end(),
                               [](const auto& codec) { return codec.there; });
  ExamineCodecs("encoders", media.encoders, {}, "", all);
  if (!any)
    all->push_back({"encoders", "none", Health::kMissing, "seam infer --annotate cannot write videos",
                    Install("libavcodec59")});
}

void ExamineDetectors(std::vector<Examined>* all) {
  for (const std::string& name : DetectorNames()) {
    DetectorOptions options;
    options.detector = name;
    try {
      MakeFaceDetector(options);
      all->push_back({"detectors", name, Health::kGood, "ready", ""});
    } catch (const Error& error) {
      const bool usual = name == DetectorOptions().detector;
      all->push_back({"detectors", name, usual ? Health::kMissing : Health::kOptional, error.what(),
                      usual ? (IsPackaged() ? "sudo apt-get install --reinstall seam" : "scripts/setup.sh")
                            : error.hint()});
    }
  }
}

void ExamineNetwork(std::vector<Examined>* all) {
  const char* name = "default.safetensors";
  const fs::path file = FindShare(name);
  const std::string mend =
      IsPackaged() ? "sudo apt-get install --reinstall seam" : "git checkout share/default.safetensors";
  if (file.empty()) {
    all->push_back({"networks", name, Health::kMissing, "the default network is missing", mend});
    return;
  }
  try {
    std::vector<std::string> models;
    if (IsEnsemble(file)) {
      const EnsembleFile networks(file);
      for (std::size_t i = 0; i < networks.info().members.size(); ++i)
        models.push_back(LoadNetwork(networks.Checkpoint(i), networks.Subject(i)).info.model);
    } else {
      models.push_back(LoadNetwork(file).info.model);
    }
    all->push_back({"networks", name, Health::kGood,
                    fmt::format("{}, {}", fmt::join(models, " and "), file.string()), ""});
  } catch (const Error& error) {
    all->push_back({"networks", name, Health::kMissing, error.what(), mend});
  }
#ifdef SEAM_ONEDNN
  all->push_back({"networks", "oneDNN", Health::kGood, "runs networks and face detectors", ""});
#else
  all->push_back({"networks", "oneDNN", Health::kOptional,
                  "this build is without it: slower kernels run instead", "scripts/setup.sh && make build"});
#endif
}

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  }
  return "of unknown name";
}

std::vector<std::string> InstructionSets() {
  std::vector<std::string> sets;
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  const std::pair<const char*, bool> known[] = {
      {"SSE4.2", __builtin_cpu_supports("sse4.2") != 0},
      {"AVX", __builtin_cpu_supports("avx") != 0},
      {"AVX2", __builtin_cpu_supports("avx2") != 0},
      {"FMA", __builtin_cpu_supports("fma") != 0},
      {"AVX-512", __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0},
      {"AVX-512 VNNI", __builtin_cpu_supports("avx512vnni") != 0},
      {"AVX-512 BF16", __builtin_cpu_supports("avx512bf16") != 0}};
  for (const auto& [name, there] : known) {
    if (there) sets.emplace_back(name);
  }
#endif
  return sets;
}

void ExamineProcessor(std::vector<Examined>* all) {
  const std::vector<std::string> sets = InstructionSets();
  all->push_back({"processor", "model", Health::kGood,
                  fmt::format("{}, {} threads", ProcessorName(), std::thread::hardware_concurrency()), ""});
  const bool fast = std::find(sets.begin(), sets.end(), "AVX2") != sets.end();
  all->push_back({"processor", "instruction sets", sets.empty() || fast ? Health::kGood : Health::kOptional,
                  sets.empty() ? "not known for this architecture"
                               : fmt::format("{}{}", fmt::join(sets, ", "),
                                             fast ? "" : "; without AVX2 networks are slow"),
                  ""});
#ifdef SEAM_ONEDNN
  const bool native = HasNativeBf16();
  all->push_back(
      {"processor", "bf16", native ? Health::kGood : Health::kOptional,
       native ? "native: --precision bf16 is fast" : "not native: --precision bf16 gains nothing here", ""});
#endif
}

// How seam infer's isolation of decoders can work: by the kernel's word.
void ExamineKernel(std::vector<Examined>* all) {
#ifdef SYS_landlock_create_ruleset
  constexpr unsigned kAskForVersion = 1;
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  all->push_back({"kernel", "Landlock", version > 0 ? Health::kGood : Health::kOptional,
                  version > 0 ? fmt::format("version {}", version)
                              : "not there: a process cannot give up its view of files",
                  ""});
#endif
  std::ifstream file("/proc/sys/kernel/seccomp/actions_avail");
  std::string actions;
  std::getline(file, actions);
  all->push_back({"kernel", "seccomp", actions.empty() ? Health::kOptional : Health::kGood,
                  actions.empty() ? "not there: a process cannot give up system calls" : "there", ""});
}

// What `seam models torch --json` says, where that program is there.
std::optional<nlohmann::json> AskTorch() {
  if (!HasSibling("models")) return std::nullopt;
  const SiblingOutput output("models", {"torch", "--json"});
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(output.fd(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

void ExamineTorch(std::vector<Examined>* all) {
  const std::string mend = IsPackaged() ? Install("seam-train") : "scripts/setup.sh && make build";
  const auto torch = AskTorch();
  if (!torch) {
    all->push_back({"LibTorch", "version", Health::kOptional,
                    HasSibling("models") ? "cannot be loaded" : "not there: no training, heat maps or GPUs",
                    mend});
  } else {
    all->push_back({"LibTorch", "version", Health::kGood, torch->value("version", "unknown"), ""});
    all->push_back({"LibTorch", "BLAS", Health::kGood, torch->value("blas", "unknown"), ""});
  }
  const int gpus = torch ? torch->value("cuda_devices", 0) : 0;
  std::error_code ignored;
  const bool driver = fs::exists("/proc/driver/nvidia/version", ignored);
  if (gpus > 0) {
    all->push_back({"GPU", "CUDA", Health::kGood, fmt::format("{} devices: --device cuda", gpus), ""});
  } else {
    all->push_back({"GPU", "CUDA", Health::kOptional,
                    driver ? "there is a GPU, but this LibTorch is without CUDA: everything runs on the CPU"
                           : "no NVIDIA driver: everything runs on the CPU",
                    driver ? "build Seam with a LibTorch that has CUDA (docs/building.md)" : ""});
  }
}

std::string GetName(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kOptional:
      return "optional";
    case Health::kMissing:
      return "missing";
  }
  return "";
}

}  // namespace

std::vector<Examined> Examine() {
  std::vector<Examined> all;
  ExamineProgramFiles(&all);
  ExamineMedia(&all);
  ExamineDetectors(&all);
  ExamineNetwork(&all);
  ExamineProcessor(&all);
  ExamineKernel(&all);
  ExamineTorch(&all);
  return all;
}

std::vector<LoadedLibrary> LoadedLibraries() {
  std::map<std::string, std::string> found;
  const auto add = [](dl_phdr_info* info, std::size_t, void* data) {
    static const std::regex pattern("(lib[^/]*?)\\.so.*");
    std::error_code failure;
    const fs::path file = fs::canonical(info->dlpi_name, failure);
    std::smatch match;
    const std::string name = fs::path(info->dlpi_name).filename().string(), real = file.filename().string();
    if (!failure && std::regex_match(name, match, pattern))
      (*static_cast<std::map<std::string, std::string>*>(data))[match[1].str()] = real;
    return 0;
  };
  dl_iterate_phdr(add, &found);
  std::vector<LoadedLibrary> libraries;
  for (const auto& [name, file] : found) libraries.push_back({name, file});
  return libraries;
}

nlohmann::ordered_json DoctorJson(const std::vector<Examined>& all,
                                  const std::vector<LoadedLibrary>& libraries) {
  nlohmann::ordered_json json = {
      {"version", Version()}, {"good", true}, {"examined", nlohmann::json::array()}};
  for (const Examined& row : all) {
    if (row.health == Health::kMissing) json["good"] = false;
    json["examined"].push_back({{"group", row.group},
                                {"name", row.name},
                                {"health", GetName(row.health)},
                                {"words", row.words},
                                {"mend", row.mend}});
  }
  json["libraries"] = nlohmann::ordered_json::object();
  for (const LoadedLibrary& library : libraries) json["libraries"][library.name] = library.file;
  return json;
}

std::string DoctorText(const std::vector<Examined>& all, const std::vector<LoadedLibrary>& libraries) {
  static const std::set<std::string> told = {"libavcodec",  "libavformat", "libdlib",     "libdnnl",
                                             "libheif",     "libonnx",     "libopenblas", "libopencv_core",
                                             "libprotobuf", "libtbb",      "libtiff",     "libwebp"};
  std::string text = fmt::format("seam {}\n", Version()), group;
  for (const Examined& row : all) {
    if (row.group != group) text += fmt::format("\n{}\n", group = row.group);
    const char* mark = row.health == Health::kGood ? "  " : row.health == Health::kOptional ? " -" : "!!";
    text += fmt::format("{} {:<20}{}\n", mark, row.name, Printable(row.words));
    if (!row.mend.empty()) text += fmt::format("   {:<20}to mend it: {}\n", "", Printable(row.mend));
  }
  text += "\nlibraries\n";
  for (const LoadedLibrary& library : libraries) {
    if (told.count(library.name) > 0) text += fmt::format("   {:<20}{}\n", library.name, library.file);
  }
  const auto bad = std::count_if(all.begin(), all.end(),
                                 [](const Examined& row) { return row.health == Health::kMissing; });
  return text + (bad == 0 ? "\nNothing that Seam needs is missing.\n"
                          : fmt::format("\n{} things are missing, marked !!.\n", bad));
}

}  // namespace seam
