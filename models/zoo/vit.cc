#include "models/zoo/vit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/numbers.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

struct Measures {
  const char* name;
  int width, depth, heads;
};

constexpr std::array<Measures, 3> kMeasures = {{
    {"vit_s", 384, 12, 6},
    {"vit_b", 768, 12, 12},
    {"vit_l", 1024, 24, 16},
}};

struct Flavour {
  const char* name;
  const char* act;
  double eps;
  bool first_norm, patch_bias, class_token;
  const char* pool;
  const char* rotary;
  int registers;
  bool layer_scale, positions;
};

constexpr std::array<Flavour, 6> kFlavours = {{
    {"timm", "gelu", 1e-6, false, true, true, "class", "none", 0, false, true},
    {"google", "gelu", 1e-12, false, true, true, "class", "none", 0, false, true},
    {"clip", "quick_gelu", 1e-5, true, false, true, "class", "none", 0, false, true},
    {"siglip", "gelu_tanh", 1e-6, false, true, false, "mean", "none", 0, false, true},
    {"pe", "gelu", 1e-5, true, false, true, "attention", "grid", 0, false, true},
    {"dinov3", "gelu", 1e-5, false, true, true, "class", "unit", 4, true, false},
}};

constexpr double kFirstLayerScale = 1e-5;

// What the options ask for.
struct Vit {
  int width = 0, depth = 0, heads = 0, mlp = 0, patch = 0, registers = 0, positions = 0, pool_heads = 0,
      projection = 0;
  std::string flavour, act, pool, rotary;
  double eps = 0;
  bool first_norm = false, patch_bias = false, class_token = false, layer_scale = false, unit = false;
};

bool Flag(const ModelOptions& options, const char* key, bool without) {
  return options.variant.contains(key) ? VariantFlag(options, key) : without;
}

// From 0 on.
int Count(const ModelOptions& options, const char* key, int without) {
  const auto found = options.variant.find(key);
  if (found != options.variant.end() && (*found == 0 || *found == "0")) return 0;
  return VariantNumber(options, key, without);
}

Vit Parse(const ModelOptions& options, int side) {
  CheckVariant(options,
               {"scale", "flavour",    "width",      "depth",       "heads",       "mlp",       "patch",
                "act",   "eps",        "first_norm", "patch_bias",  "class_token", "registers", "positions",
                "pool",  "pool_heads", "rotary",     "layer_scale", "projection",  "unit"});
  const auto* measures = std::find_if(kMeasures.begin(), kMeasures.end(), [&](const Measures& row) {
    return options.model.starts_with(row.name);
  });
  if (measures == kMeasures.end()) throw Error(options.model, "is no vision transformer");
  std::vector<std::string> names;
  for (const Flavour& row : kFlavours) names.emplace_back(row.name);
  const std::string name = VariantChoice(options, "flavour", "timm", names);
  const Flavour& flavour =
      *std::find_if(kFlavours.begin(), kFlavours.end(), [&](const Flavour& row) { return name == row.name; });
  constexpr int kMlpTimes = 4, kHeadWidth = 64;
  Vit vit;
  vit.flavour = name;
  vit.width = VariantNumber(options, "width", measures->width);
  vit.depth = VariantNumber(options, "depth", measures->depth);
  const bool usual = vit.width == measures->width;
  vit.heads = VariantNumber(options, "heads", usual ? measures->heads : std::max(1, vit.width / kHeadWidth));
  vit.mlp = VariantNumber(options, "mlp", kMlpTimes * vit.width);
  const std::string_view patch = std::string_view(options.model).substr(std::string_view("vit_s").size());
  vit.patch = VariantNumber(options, "patch", ParseNumber<int>(patch).value_or(16));
  vit.registers = Count(options, "registers", flavour.registers);
  vit.positions = Count(options, "positions", flavour.positions ? std::max(1, side / vit.patch) : 0);
  vit.pool_heads = VariantNumber(options, "pool_heads", std::max(1, vit.heads / 2));
  vit.projection = Count(options, "projection", 0);
  vit.act = VariantChoice(options, "act", flavour.act, {"gelu", "gelu_tanh", "quick_gelu"});
  vit.pool = VariantChoice(options, "pool", flavour.pool, {"class", "mean", "attention"});
  vit.rotary = VariantChoice(options, "rotary", flavour.rotary, {"none", "grid", "unit"});
  vit.eps = VariantReal(options, "eps", flavour.eps);
  vit.first_norm = Flag(options, "first_norm", flavour.first_norm);
  vit.patch_bias = Flag(options, "patch_bias", flavour.patch_bias);
  vit.class_token = Flag(options, "class_token", flavour.class_token);
  vit.layer_scale = Flag(options, "layer_scale", flavour.layer_scale);
  vit.unit = Flag(options, "unit", false);
  if (vit.pool == "class" && !vit.class_token && vit.registers == 0)
    throw UsageError("variant", "pool=class needs a class token", "pool=mean, or class_token=true");
  return vit;
}

// Of every token, [N, d / 2]: none for those of no place.
std::vector<float> Angles(const Vit& vit, const Shape& tokens) {
  if (vit.rotary == "none") return {};
  const int side = GridSide(tokens), quarter = vit.width / vit.heads / 4;
  if (quarter < 1 || vit.width / vit.heads % 4 != 0)
    throw UsageError("variant",
                     fmt::format("rotary wants heads of 4, 8, ... numbers, not {}", vit.width / vit.heads));
  const bool unit = vit.rotary == "unit";
  const double base = unit ? 100 : 10'000;
  const int trained = vit.positions > 0 ? vit.positions : side;
  const auto place = [&](int i) {
    return unit ? 2 * std::numbers::pi * (2 * (i + 0.5) / side - 1) : (i + 1.0) / side * trained;
  };
  std::vector<float> angles(static_cast<std::size_t>(tokens.lead) * static_cast<std::size_t>(2 * quarter), 0);
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      for (const int at : {unit ? row : column, unit ? column : row}) {
        for (int k = 0; k < quarter; ++k)
          angles.push_back(static_cast<float>(place(at) * std::pow(base, -static_cast<double>(k) / quarter)));
      }
    }
  }
  return angles;
}

class Builder {
 public:
  Builder(Graph* graph, const Vit& vit) : graph_(*graph), vit_(vit) {}

  int Run(int x) {
    x = Embed(x);
    const std::vector<float> angles = Angles(vit_, graph_[x].shape);
    for (int block = 0; block < vit_.depth; ++block) {
      const bool last = block + 1 == vit_.depth;
      x = Block(x, fmt::format("blocks.{}.", block), angles, last && vit_.pool == "class");
    }
    x = graph_.LayerNorm(x, "norm", vit_.eps);
    if (vit_.pool == "mean") x = graph_.MeanOverTime(x);
    if (vit_.pool == "attention") x = Pool(x);
    if (vit_.projection > 0) x = graph_.Linear(x, "projection", vit_.projection, false);
    return vit_.unit ? graph_.UnitLength(x) : x;
  }

 private:
  int Embed(int x) {
    x = graph_.Conv(
        x, "patch_embed",
        {.channels = vit_.width, .kernel = vit_.patch, .stride = vit_.patch, .bias = vit_.patch_bias});
    x = graph_.Tokens(x);
    if (vit_.registers > 0) x = graph_.Prepend(x, "registers", vit_.registers);
    if (vit_.class_token) x = graph_.Prepend(x, "class_token", 1);
    if (vit_.positions > 0) x = graph_.Positions(x, "positions", vit_.positions);
    return vit_.first_norm ? graph_.LayerNorm(x, "norm_pre", vit_.eps) : x;
  }

  // Of the last block nobody but the class token's answer is asked for: what is not needed is not worked out.
  int Block(int x, const std::string& name, const std::vector<float>& angles, bool only_first) {
    int y = graph_.LayerNorm(x, name + "norm1", vit_.eps);
    y = graph_.Linear(y, name + "attn.qkv", 3 * vit_.width);
    y = graph_.Attention(y, {.heads = vit_.heads, .angles = angles});
    if (only_first) {
      x = graph_.FirstStep(x);
      y = graph_.FirstStep(y);
    }
    x = graph_.Add(x, Scaled(graph_.Linear(y, name + "attn.proj", vit_.width), name + "ls1"));
    y = Mlp(graph_.LayerNorm(x, name + "norm2", vit_.eps), name + "mlp.");
    return graph_.Add(x, Scaled(y, name + "ls2"));
  }

  int Scaled(int x, const std::string& name) {
    return vit_.layer_scale ? graph_.ChannelScale(x, name, kFirstLayerScale) : x;
  }

  int Mlp(int x, const std::string& name) {
    x = graph_.Linear(x, name + "fc1", vit_.mlp);
    x = vit_.act == "gelu"        ? graph_.Gelu(x)
        : vit_.act == "gelu_tanh" ? graph_.GeluTanh(x)
                                  : graph_.QuickGelu(x);
    return graph_.Linear(x, name + "fc2", vit_.width);
  }

  // A learned query looks at all tokens; an MLP beside a shortcut follows.
  int Pool(int x) {
    x = graph_.Linear(x, "attn_pool.kv", 2 * vit_.width);
    x = graph_.AttentionPool(x, "attn_pool.query", vit_.pool_heads);
    x = graph_.Linear(x, "attn_pool.proj", vit_.width);
    return graph_.Add(x, Mlp(graph_.LayerNorm(x, "attn_pool.norm", vit_.eps), "attn_pool.mlp."));
  }

  Graph& graph_;
  const Vit& vit_;
};

}  // namespace

int VitBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  const Vit vit = Parse(options, (*graph)[pictures].shape.side());
  graph->set_init(Init::kNormal);
  return Builder(graph, vit).Run(ScalePictures(graph, pictures, options, "imagenet"));
}

nlohmann::json VitSizes(const ModelOptions& options) {
  constexpr int kUsualSide = 224;
  const Vit vit = Parse(options, options.size > 0 ? options.size : kUsualSide);
  return {{"width", vit.width},           {"depth", vit.depth},         {"mlp", vit.mlp},
          {"patch", vit.patch},           {"registers", vit.registers}, {"positions", vit.positions},
          {"projection", vit.projection}, {"flavour", vit.flavour}};
}

int VitClassifier(Graph* graph, int features, const ModelOptions& options) {
  graph->set_init(Init::kNormal);
  const int x = options.dropout > 0 ? graph->Dropout(features, options.dropout) : features;
  return graph->Linear(x, "head", 1);
}

}  // namespace seam
