#include "models/torch/norm_chain.h"

#include <vector>

namespace seam {

NormChain FindNormChain(const Graph& graph, int node) {
  std::vector<int> users(graph.nodes().size());
  for (const Node& user : graph.nodes()) {
    for (const int input : user.inputs) ++users[static_cast<std::size_t>(input)];
  }
  const int count = static_cast<int>(graph.nodes().size());
  // Whether `next` uses the node before it, and nothing else does.
  const auto follows = [&](int next, Op op) {
    return next < count && graph[next].op == op && graph[next].inputs == std::vector<int>{next - 1} &&
           users[static_cast<std::size_t>(next - 1)] == 1;
  };
  NormChain chain{.first = node, .norm = node, .last = node - 1};
  if (graph[node].op == Op::kRelu && follows(node + 1, Op::kBatchNorm)) {
    chain.relu_before = true;
    chain.norm = node + 1;
  } else if (graph[node].op != Op::kBatchNorm) {
    return chain;
  }
  chain.last = chain.norm;
  const int next = chain.norm + 1;
  if (follows(next, Op::kRelu)) chain.after = Activation::kRelu;
  if (follows(next, Op::kSilu)) chain.after = Activation::kSilu;
  if (follows(next, Op::kMaxPool)) {
    const ConvSpec& pool = graph[next].conv;
    if (pool.kernel == pool.stride && pool.pad_before == 0 && pool.pad_after == 0 && pool.kernel > 1 &&
        graph[chain.norm].shape.side() % pool.kernel == 0) {
      chain.pool = pool.kernel;
    }
  }
  if (chain.after != Activation::kNone || chain.pool > 1) chain.last = next;
  return chain;
}

}  // namespace seam
