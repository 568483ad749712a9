#include "train/optimizer.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>

#include "models/torch/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

// Two dense layers on the mean colour: enough for an optimiser.
Graph TinyGraph(int hidden) {
  Graph graph;
  int x = graph.Normalise(graph.Input(8), {0, 0, 0}, {255, 255, 255});
  x = graph.Flatten(graph.GlobalAveragePool(x));
  graph.BeginHead(x);
  graph.Linear(graph.Relu(graph.Linear(x, "first", hidden)), "second", 1);
  return graph;
}

class TinyModel : public Model {
 public:
  explicit TinyModel(int hidden = 4) : Model(ModelOptions(), TinyGraph(hidden)) {}
};

void TakeSteps(int steps, Model* model, Optimizer* optimizer) {
  for (int i = 0; i < steps; ++i) {
    const auto clips = torch::full({2, 1, 3, 8, 8}, 100 + i, torch::kFloat);
    optimizer->ZeroGrad();
    model->forward(clips).sum().backward();
    optimizer->Step(0.01);
  }
}

TEST(OptimizerTest, WeightDecayLeavesBiasesAlone) {
  TinyModel model;
  Optimizer optimizer({.weight_decay = 0.5}, &model);
  const auto before = model.named_parameters();
  std::map<std::string, torch::Tensor> old;
  for (const auto& parameter : before) old[parameter.key()] = parameter.value().detach().clone();
  (model.forward(torch::ones({1, 1, 3, 8, 8})) * 0).sum().backward();  // a gradient of zero
  optimizer.Step(0.1);
  for (const auto& parameter : before) {
    const double factor = parameter.value().dim() > 1 ? 0.95 : 1;
    EXPECT_TRUE(torch::allclose(parameter.value(), old[parameter.key()] * factor)) << parameter.key();
  }
}

TEST(OptimizerTest, RestoredStateGoesOnAsIfNeverLeft) {
  at::manual_seed(1);
  TinyModel model, copy;
  Optimizer optimizer({}, &model);
  TakeSteps(3, &model, &optimizer);
  LoadWeights(ListWeights(model), "copy", &copy);
  Optimizer restored({}, &copy);
  restored.SetState(optimizer.State(), "state");
  TakeSteps(3, &model, &optimizer);
  TakeSteps(3, &copy, &restored);
  for (const auto& [name, tensor] : ListWeights(model)) {
    EXPECT_TRUE(torch::equal(tensor, ListWeights(copy).at(name))) << name;
  }
}

TEST(OptimizerTest, StateOfAnotherModelIsAnError) {
  TinyModel model, wider(5);
  Optimizer optimizer({}, &model), other({}, &wider);
  TakeSteps(1, &model, &optimizer);
  auto state = optimizer.State();
  EXPECT_THAT(CatchMessage([&] { other.SetState(state, "FILE"); }), HasSubstr("FILE: the tensor exp_avg."));
  state.erase("exp_avg_sq.first.bias");
  EXPECT_EQ(CatchMessage([&] { optimizer.SetState(state, "FILE"); }),
            "FILE: the tensor exp_avg_sq.first.bias is missing");
  state = optimizer.State();
  state["step.third.bias"] = torch::tensor(1, torch::kLong);
  EXPECT_THAT(CatchMessage([&] { optimizer.SetState(state, "FILE"); }),
              HasSubstr("step.third.bias belongs to no parameter"));
}

TEST(OptimizerTest, SgdWithMomentumByHand) {
  TinyModel model;
  Optimizer optimizer({.optimizer = "sgd", .momentum = 0.5, .weight_decay = 0}, &model);
  auto bias = model.named_parameters()["second.bias"];
  const double start = bias.item<double>();
  TakeSteps(1, &model, &optimizer);  // the gradient of the sum of two logits is 2
  EXPECT_NEAR(start - bias.item<double>(), 0.01 * 2, 1e-6);
  TakeSteps(1, &model, &optimizer);
  EXPECT_NEAR(start - bias.item<double>(), 0.01 * (2 + 3), 1e-6);  // 0.5 * 2 + 2
}

TEST(OptimizerTest, NesterovLooksAhead) {
  TinyModel model;
  Optimizer optimizer({.optimizer = "sgd", .momentum = 0.5, .nesterov = true, .weight_decay = 0}, &model);
  auto bias = model.named_parameters()["second.bias"];
  const double start = bias.item<double>();
  TakeSteps(1, &model, &optimizer);
  EXPECT_NEAR(start - bias.item<double>(), 0.01 * (2 + 0.5 * 2), 1e-6);
}

TEST(OptimizerTest, SgdDecaysWhatAdamWDoes) {
  TinyModel model;
  Optimizer optimizer({.optimizer = "sgd", .weight_decay = 0.5}, &model);
  std::map<std::string, torch::Tensor> old;
  for (const auto& parameter : model.named_parameters())
    old[parameter.key()] = parameter.value().detach().clone();
  (model.forward(torch::ones({1, 1, 3, 8, 8})) * 0).sum().backward();
  optimizer.Step(0.1);
  for (const auto& parameter : model.named_parameters()) {
    const double factor = parameter.value().dim() > 1 ? 0.95 : 1;
    EXPECT_TRUE(torch::allclose(parameter.value(), old[parameter.key()] * factor)) << parameter.key();
  }
}

TEST(OptimizerTest, StateOfAnotherOptimizerIsAnError) {
  TinyModel model;
  Optimizer adamw({}, &model), sgd({.optimizer = "sgd"}, &model);
  TakeSteps(1, &model, &sgd);
  EXPECT_THAT(CatchMessage([&] { adamw.SetState(sgd.State(), "FILE"); }),
              HasSubstr("FILE: the tensor momentum_buffer.first.bias belongs to no parameter"));
}

}  // namespace
}  // namespace seam
