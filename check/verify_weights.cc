#include <algorithm>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "check/verify.h"
#include "models/weights/safetensors.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/stored_network.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Weights that others publish and Seam uses.
struct PublicFile {
  const char* name;
  const char* sha256;
  const char* where;
};
constexpr PublicFile kPublicFiles[] = {
    {"retinaface.onnx", "cd1acf4887eff165497762346fcafbdec58f662a2ceb01e5edb979f54b9875b6",
     "mnet.25_v2.onnx of the npm package retinaface 0.0.6"},
};

// As `seam train` records its data: docs/training.md.
std::string DigestOfShards(const fs::path& folder, const std::string& split) {
  Sha256 sum;
  for (const fs::path& shard : FindShards(folder, split))
    sum.Update(fmt::format("{} {}\n", shard.filename().string(), Sha256OfFile(shard)));
  return sum.Finish();
}

void CompareData(const CheckpointInfo& info, const fs::path& folder, VerifyResult* result) {
  const auto recipe = nlohmann::json::parse(info.recipe, nullptr, false);
  for (const char* split : {"train", "val"}) {
    const nlohmann::json::json_pointer pointer(fmt::format("/data/{}/sha256", split));
    if (!recipe.is_object() || !recipe.contains(pointer)) {
      result->notes.push_back(fmt::format("the checkpoint does not say what its {} data were", split));
      continue;
    }
    try {
      if (recipe.at(pointer) == DigestOfShards(folder, split)) {
        result->there.push_back(
            fmt::format("the {} shards of {} are those it was trained with", split, folder.string()));
      } else {
        result->Add(FindingKind::kChanged, folder.string(),
                    fmt::format("its {} shards are not those of the checkpoint", split));
      }
    } catch (const Error& error) {
      result->Add(FindingKind::kMissing, folder.string(), error.what());
    }
  }
}

// The weights, by the digest that the checkpoint has of them.
void CheckData(const fs::path& file, VerifyResult* result) {
  const MappedFile bytes(file);
  const SafetensorsHeader header = ParseSafetensorsHeader(bytes.bytes(), file.string());
  const auto digest = header.metadata.find(kDataDigest);
  if (digest == header.metadata.end()) {
    result->notes.emplace_back("it is of an older version, and has no digest of its weights");
  } else if (digest->second == Sha256Of(bytes.bytes().substr(header.data_offset))) {
    result->there.emplace_back("weights with the SHA-256 that the checkpoint tells");
  } else {
    result->Add(FindingKind::kDamaged, file.filename().string(),
                "its weights have another SHA-256 than it tells");
  }
}

}  // namespace

VerifyResult VerifyWeights(const fs::path& file, const VerifyOptions& options) {
  VerifyResult result{file.string(), "weights", {}, {}, {}};
  const std::string name = file.filename().string(), digest = Sha256OfFile(file);
  if (file.extension() == ".safetensors") {
    result.what = "checkpoint";
    try {
      const StoredNetwork network = LoadNetwork(file);
      result.there.push_back(fmt::format("{} tensors, all finite, that fit the network {}",
                                         network.weights.size(), network.info.model));
      CheckData(file, &result);
      if (!options.data.empty()) CompareData(network.info, options.data, &result);
    } catch (const Error& error) {
      result.Add(FindingKind::kDamaged, name, error.what());
    }
  }
  result.there.push_back("SHA-256 " + digest);
  bool listed = false;
  for (const PublicFile& known : kPublicFiles) {
    if (digest == known.sha256) {
      result.there.push_back(fmt::format("is {}", known.where));
      listed = true;
    } else if (name == known.name) {
      result.Add(FindingKind::kChanged, name, fmt::format("is not {}", known.where));
      listed = true;
    }
  }
  const std::size_t before = result.there.size() + result.findings.size();
  CheckSums(file.has_parent_path() ? file.parent_path() : fs::path("."), name, &result);
  if (!listed && before == result.there.size() + result.findings.size())
    result.notes.emplace_back("no list of digests names it; " + name +
                              ".sha256 or SHA256SUMS beside it would");
  return result;
}

}  // namespace seam
