#include "models/torch/vit_names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace seam {
namespace {

using Rule = std::pair<std::regex, const char*>;

// In order. Names that several libraries use mean the same in all of them.
const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> made;
    const std::pair<const char*, const char*> texts[] = {
        // Blocks and what is in them.
        {R"(^(transformer\.resblocks|(encoder\.)?layers?)\.(\d+)\.)", "blocks.$3."},
        {R"(^(blocks\.\d+\.)(ln_|layer_norm)([12])\.)", "$1norm$3."},
        {R"(^(blocks\.\d+\.)layernorm_before\.)", "$1norm1."},
        {R"(^(blocks\.\d+\.)layernorm_after\.)", "$1norm2."},
        {R"(^(blocks\.\d+\.)attn\.in_proj_(weight|bias)$)", "$1attn.qkv.$2"},
        {R"(^(blocks\.\d+\.)attention\.output\.dense\.)", "$1attn.proj."},
        {R"(^(blocks\.\d+\.)attention\.attention\.)", "$1attn."},
        {R"(^(blocks\.\d+\.)(self_attn|attention)\.)", "$1attn."},
        {R"(^(blocks\.\d+\.)attn\.(out|o)_proj\.)", "$1attn.proj."},
        {R"(^(blocks\.\d+\.)attn\.(q_proj|query)\.)", "$1attn.q."},
        {R"(^(blocks\.\d+\.)attn\.(k_proj|key)\.)", "$1attn.k."},
        {R"(^(blocks\.\d+\.)attn\.(v_proj|value)\.)", "$1attn.v."},
        {R"(^(blocks\.\d+\.)(mlp\.c_fc|mlp\.up_proj|intermediate\.dense)\.)", "$1mlp.fc1."},
        {R"(^(blocks\.\d+\.)(mlp\.c_proj|mlp\.down_proj|output\.dense)\.)", "$1mlp.fc2."},
        {R"(^(blocks\.\d+\.)layer_scale([12])\.lambda1$)", "$1ls$2.weight"},
        {R"(^(blocks\.\d+\.)ls([12])\.gamma$)", "$1ls$2.weight"},
        // What is before and after them.
        {R"(^conv1\.weight$)", "patch_embed.weight"},
        {R"(^(embeddings\.patch_embeddings\.projection|embeddings\.patch_embeddings?|patch_embed\.proj)\.)",
         "patch_embed."},
        {R"(^(class_embedding|embeddings\.class_embedding|embeddings\.cls_token|cls_token)$)",
         "class_token.weight"},
        {R"(^(embeddings\.register_tokens|reg_token)$)", "registers.weight"},
        {R"(^(positional_embedding|embeddings\.position_embedding\.weight|embeddings\.position_embeddings|pos_embed)$)",
         "positions.weight"},
        {R"(^(ln_pre|pre_layrnorm)\.)", "norm_pre."},
        {R"(^(ln_post|post_layernorm|layernorm|fc_norm)\.)", "norm."},
        {R"(^visual_projection\.)", "projection."},
    };
    for (const auto& [pattern, replacement] : texts) made.emplace_back(std::regex(pattern), replacement);
    return made;
  }();
  return rules;
}

// Of CLIP the half that sees pictures may be marked.
std::string Bare(const std::string& name) {
  constexpr std::string_view kVision = "vision.";
  return name.starts_with(kVision) ? name.substr(kVision.size()) : name;
}

std::string Renamed(const std::string& given) {
  std::string name = Bare(given);
  for (const auto& [pattern, replacement] : Rules())
    name = std::regex_replace(name, pattern, replacement, std::regex_constants::format_first_only);
  return name;
}

const torch::Tensor* Find(const TorchTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

bool IsMatrix(const torch::Tensor* tensor) { return tensor != nullptr && tensor->dim() == 2; }

// weight_main + U_residual diag(S_residual) V_residual: Yan et al., "Orthogonal Subspace Decomposition for
// Generalizable AI-Generated Image Detection", ICML 2025.
void JoinResiduals(TorchTensors* tensors) {
  const std::string main = ".weight_main";
  std::vector<std::string> layers;
  for (const auto& [name, tensor] : *tensors) {
    if (name.ends_with(main)) layers.push_back(name.substr(0, name.size() - main.size()));
  }
  for (const std::string& layer : layers) {
    const torch::Tensor *weight = Find(*tensors, layer + main), *u = Find(*tensors, layer + ".U_residual"),
                        *s = Find(*tensors, layer + ".S_residual"),
                        *v = Find(*tensors, layer + ".V_residual");
    const bool fits = IsMatrix(weight) && IsMatrix(u) && IsMatrix(v) && s != nullptr && s->dim() == 1 &&
                      u->size(0) == weight->size(0) && v->size(1) == weight->size(1) &&
                      u->size(1) == s->size(0) && v->size(0) == s->size(0);
    if (!fits) continue;
    const auto exact = [](const torch::Tensor* tensor) { return tensor->to(torch::kDouble); };
    const torch::Tensor joined = exact(weight) + (exact(u) * exact(s)).matmul(exact(v));
    for (const char* part : {".weight_main", ".U_residual", ".S_residual", ".V_residual"})
      tensors->erase(layer + part);
    tensors->emplace(layer + ".weight", joined.to(torch::kFloat));
  }
}

// [heads * width, ...]: row i and row i + width / 2 of each head become 2i and 2i + 1.
torch::Tensor PairsAsNeighbours(const torch::Tensor& rows, std::int64_t heads) {
  if (heads < 1 || rows.size(0) % (2 * heads) != 0) return rows;
  auto shape = rows.sizes().vec();
  return rows.reshape({heads, 2, rows.size(0) / heads / 2, -1}).transpose(1, 2).reshape(shape).contiguous();
}

void JoinQueriesKeysAndValues(int heads, bool halves, TorchTensors* tensors) {
  for (int block = 0;; ++block) {
    const std::string name = fmt::format("blocks.{}.attn.", block);
    if (Find(*tensors, name + "q.weight") == nullptr) break;
    for (const char* leaf : {"weight", "bias"}) {
      std::vector<torch::Tensor> parts;
      for (const char* part : {"q.", "k.", "v."}) {
        const torch::Tensor *found = Find(*tensors, name + part + leaf),
                            *like = Find(*tensors, name + "v." + leaf);
        if (found == nullptr && like == nullptr) break;
        torch::Tensor rows = found != nullptr ? *found : torch::zeros_like(*like);
        const bool turned = halves && part[0] != 'v' && rows.dim() > 0;
        if (turned) rows = PairsAsNeighbours(rows, heads > 0 ? heads : rows.size(0) / 64);
        parts.push_back(rows.to(torch::kFloat));
        tensors->erase(name + part + leaf);
      }
      if (parts.size() == 3) tensors->emplace(name + "qkv." + leaf, torch::cat(parts));
    }
  }
}

void WorkOutQuery(TorchTensors* tensors) {
  const torch::Tensor *latent = Find(*tensors, "attn_pool.latent"),
                      *weight = Find(*tensors, "attn_pool.q.weight"),
                      *bias = Find(*tensors, "attn_pool.q.bias");
  if (latent == nullptr || !IsMatrix(weight) || bias == nullptr || latent->numel() != weight->size(1)) return;
  const torch::Tensor query =
      weight->to(torch::kDouble).mv(latent->flatten().to(torch::kDouble)) + bias->to(torch::kDouble);
  for (const char* part : {"latent", "q.weight", "q.bias"}) tensors->erase(std::string("attn_pool.") + part);
  tensors->emplace("attn_pool.query.weight", query.to(torch::kFloat));
}

int FindSide(std::int64_t places) {
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(places))));
  return std::int64_t{side} * side == places ? side : 0;
}

// By the names of the file.
std::string FindFlavour(const std::vector<std::string>& names) {
  const auto has = [&](const char* part) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return name.find(part) != std::string::npos; });
  };
  if (has("attn_pool.")) return "pe";
  if (has("layer_scale1.lambda1") && has("register_tokens")) return "dinov3";
  if (has("pre_layrnorm.") || has("ln_pre.") || has("norm_pre.")) return "clip";
  if (has("layernorm_before.")) return "google";
  if (has("layer_norm1.") && !has("class_embedding")) return "siglip";
  return "";
}

}  // namespace

void UseVitNames(int heads, TorchTensors* tensors) {
  JoinResiduals(tensors);
  const bool halves = std::any_of(tensors->begin(), tensors->end(), [](const auto& tensor) {
    return tensor.first.ends_with("layer_scale1.lambda1");
  });
  TorchTensors renamed;
  for (const auto& [given, tensor] : *tensors) {
    if (Bare(given) == "proj" && tensor.dim() == 2) {  // features times it, not it times features
      renamed.emplace("projection.weight", tensor.t().contiguous());
    } else if (!renamed.emplace(Renamed(given), tensor).second) {
      renamed.emplace(given, tensor);  // stays strange, and is named
    }
  }
  for (const char* name : {"class_token.weight", "registers.weight", "positions.weight"}) {
    const auto found = renamed.find(name);
    if (found == renamed.end() || found->second.dim() == 2) continue;
    torch::Tensor& tensor = found->second;
    if (tensor.dim() == 1) tensor = tensor.unsqueeze(0);
    if (tensor.dim() == 3 && tensor.size(0) == 1) tensor = tensor.squeeze(0);
  }
  JoinQueriesKeysAndValues(heads, halves, &renamed);
  WorkOutQuery(&renamed);
  *tensors = std::move(renamed);
}

nlohmann::json VitVariant(const TorchTensors& tensors) {
  std::vector<std::string> names;
  std::map<std::string, torch::Tensor> own;
  for (const auto& [name, tensor] : tensors) {
    names.push_back(name);
    own.emplace(Bare(name) == "proj" ? "projection" : Renamed(name), tensor);
  }
  const torch::Tensor *patches = Find(own, "patch_embed.weight"), *positions = Find(own, "positions.weight"),
                      *registers = Find(own, "registers.weight"), *up = Find(own, "blocks.0.mlp.fc1.weight"),
                      *projection = Find(own, "projection");
  if (patches == nullptr || patches->dim() != 4) return nlohmann::json::object();
  nlohmann::json variant = {{"width", patches->size(0)}, {"patch", patches->size(2)}};
  if (const std::string flavour = FindFlavour(names); !flavour.empty()) variant["flavour"] = flavour;
  int depth = 0;
  while (Find(own, fmt::format("blocks.{}.norm1.weight", depth)) != nullptr) ++depth;
  if (depth > 0) variant["depth"] = depth;
  if (IsMatrix(up)) variant["mlp"] = up->size(0);
  if (projection != nullptr && projection->dim() == 2) variant["projection"] = projection->size(1);
  if (const torch::Tensor* turned = Find(own, "projection.weight"); IsMatrix(turned))
    variant["projection"] = turned->size(0);
  if (registers != nullptr && registers->dim() > 1)
    variant["registers"] = registers->size(registers->dim() - 2);
  if (positions != nullptr && positions->dim() > 1) {
    const std::int64_t rows = positions->size(positions->dim() - 2),
                       lead = Find(own, "class_token.weight") != nullptr ? 1 : 0;
    if (const int side = FindSide(rows - lead); side > 0) variant["positions"] = side;
  }
  return variant;
}

}  // namespace seam
