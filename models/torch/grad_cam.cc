#include "models/torch/grad_cam.h"

#include <torch/autograd.h>
#include <torch/utils.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/run_node.h"

namespace seam {
namespace {

using Tensors = std::vector<torch::Tensor>;

// Runs the graph's nodes [first, last] on what the nodes before have answered.
void RunNodes(const Graph& graph, const std::map<std::string, torch::Tensor>& weights, int first, int last,
              Tensors* values) {
  for (int i = first; i <= last; ++i) {
    const Node& node = graph[i];
    Tensors inputs;
    for (const int input : node.inputs) inputs.push_back((*values)[static_cast<std::size_t>(input)]);
    const auto weight = [&](const std::string& suffix) {
      return weights.at(node.name + "." + suffix).detach();
    };
    (*values)[static_cast<std::size_t>(i)] = RunNode(node, inputs, weight, {.training = false});
  }
}

// x / its greatest number, for each row; rows of zeros stay.
torch::Tensor DividedByGreatest(const torch::Tensor& rows) {
  const torch::Tensor greatest = rows.amax(1, true);
  return rows / greatest.masked_fill(greatest == 0, 1);
}

// A sequence's tokens of places as a map; maps as they are.
torch::Tensor Map(const torch::Tensor& x, const Shape& shape) {
  if (shape.steps == 0) return x;
  const int side = GridSide(shape);
  return x.slice(1, shape.lead).transpose(1, 2).reshape({x.size(0), x.size(2), side, side});
}

}  // namespace

// Of a transformer the last sequence that is normalised: what follows of the last block is worked out for the
// class token alone, where it is that which the head sees.
int FindLastMap(const Graph& graph) {
  for (int i = graph.answer(); i > 0; --i) {
    const Node& node = graph[i];
    const bool tokens = node.op == Op::kLayerNorm && node.shape.steps > 0;
    if (!node.head && (tokens || node.shape.side() > 1)) return i;
  }
  throw Error("network", "no step of it has places to show");
}

torch::Tensor GradCam(const Model& model, const torch::Tensor& clips) {
  const Graph& graph = model.graph();
  const int place = FindLastMap(graph);
  const auto at = static_cast<std::size_t>(place);
  const auto weights = ListWeights(model);
  Tensors values(graph.nodes().size());
  {
    const torch::NoGradGuard inference;
    torch::Tensor pictures = clips.flatten(0, 1);
    if (!weights.empty()) pictures = pictures.to(weights.begin()->second.options());
    values[0] = pictures;
    RunNodes(graph, weights, 1, place, &values);
  }
  const torch::AutoGradMode gradients(true);
  const torch::Tensor map = values[at].detach().requires_grad_();  // [N * T, C, side, side], or tokens
  values[at] = map;
  RunNodes(graph, weights, place + 1, graph.answer(), &values);
  // Clips, and pictures of an image network, do not depend on each other: the gradient of the sum holds each
  // one's own.
  const torch::Tensor gradient = torch::autograd::grad({values.back().sum()}, {map}).front();

  const torch::NoGradGuard inference;
  const Shape& shape = graph[place].shape;
  const torch::Tensor importance = Map(gradient, shape).mean({2, 3}, true);          // equation 1
  torch::Tensor maps = torch::relu((importance * Map(map.detach(), shape)).sum(1));  // equation 2
  const std::int64_t rows = graph.frames() > 1 ? clips.size(0) : maps.size(0);
  maps = DividedByGreatest(maps.reshape({rows, -1}));
  const int side = GridSide(shape);
  return maps.to(torch::kCPU, torch::kFloat).reshape({clips.size(0), clips.size(1), side, side});
}

}  // namespace seam
