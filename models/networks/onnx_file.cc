#include "models/networks/onnx_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

// Limits on what is accepted.
constexpr std::uint64_t kMaxFileBytes = 0x7fffffff;              // of a protobuf message
constexpr int kMaxNodes = 20'000;                                // and as many constants
constexpr std::int64_t kMaxMapNumbers = std::int64_t{1} << 27;   // of one result
constexpr std::size_t kMaxWeightNumbers = std::size_t{1} << 28;  // of all, those that are used twice twice
constexpr int kMinOpset = 7, kMaxOpset = 21;

using Dims = std::vector<std::int64_t>;

// A constant: its numbers are kept as doubles, which hold float32 and the integers of shapes alike.
struct Constant {
  Dims dims;
  std::vector<double> numbers;
};

// Greater ones, with which exporters say 'to the end', are cut.
std::int64_t Whole(double number) {
  constexpr double kMost = 1LL << 53;
  return static_cast<std::int64_t>(std::clamp(number, -kMost, kMost));
}

// The numbers of `tensor`. `what` names it in errors.
Constant ReadConstant(const onnx::TensorProto& tensor, const std::string& subject, const std::string& what) {
  const auto bad = [&](const std::string& problem) { return Error(subject, what + ": " + problem); };
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0)
    throw bad("its numbers lie in another file, which Seam does not open");
  Constant constant;
  std::uint64_t count = 1;
  for (const std::int64_t dim : tensor.dims()) {
    if (dim < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(dim), &count))
      throw bad(fmt::format("its shape [{}] makes no sense", fmt::join(tensor.dims(), ", ")));
    constant.dims.push_back(dim);
  }
  const std::string& raw = tensor.raw_data();
  const auto check = [&](std::uint64_t there, std::uint64_t bytes) {
    if (there % bytes != 0 || there / bytes != count)
      throw bad(
          fmt::format("has the shape [{}], but {} numbers", fmt::join(constant.dims, ", "), there / bytes));
  };
  const auto take = [&](auto zero, const auto& field) {
    using Number = decltype(zero);
    if (raw.empty()) {
      check(static_cast<std::uint64_t>(field.size()), 1);
      constant.numbers.assign(field.begin(), field.end());
      return;
    }
    check(raw.size(), sizeof(Number));
    constant.numbers.reserve(count);
    for (std::size_t at = 0; at < raw.size(); at += sizeof(Number)) {
      Number number;
      std::memcpy(&number, raw.data() + at, sizeof(Number));
      constant.numbers.push_back(static_cast<double>(number));
    }
  };
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      take(float(), tensor.float_data());
      break;
    case onnx::TensorProto::INT64:
      take(std::int64_t(), tensor.int64_data());
      break;
    case onnx::TensorProto::INT32:
      take(std::int32_t(), tensor.int32_data());
      break;
    default:
      throw bad(fmt::format("is of type {}; Seam reads float32", tensor.data_type()));
  }
  for (const double number : constant.numbers) {
    if (!std::isfinite(number)) throw bad("has a number that is not finite");
  }
  return constant;
}

}  // namespace

struct OnnxFile::Parsed {
  std::string subject;
  onnx::ModelProto model;
  std::map<std::string, std::shared_ptr<const Constant>> constants;
  std::map<std::string, int> makers;  // by value: the number of the node that makes it
  std::string input;
  Dims input_dims;  // 0: any
  std::int64_t opset = 0;
};

namespace {

// What a value of the file is, while the graph is made of it.
struct Value {
  int node = -1;                             // of the graph
  std::shared_ptr<const Constant> constant;  // or this
  bool sigmoid = false;                      // the node's sigmoid: x * sigmoid(x) becomes a step of its own
  int pad_before = 0, pad_after = 0;         // the node with zeros around it
};

class Reader {
 public:
  explicit Reader(const OnnxFile::Parsed& file) : file_(file), from_(file.model.graph()) {}

  OnnxNetwork Run(int height, int width, std::vector<std::string> outputs) {
    try {
      values_[file_.input].node = graph().Input(height, width);
      if (outputs.empty()) {
        for (const auto& output : from_.output()) outputs.push_back(output.name());
      }
      for (const int i : NeededFor(outputs)) ReadNode(from_.node(i));
      for (const std::string& output : outputs) graph().Output(output, FindNode(Find(output)));
      CheckWeights();
    } catch (const Error& error) {
      // The graph's own errors name the node.
      if (std::string(error.what()).starts_with(file_.subject)) throw;
      throw Error(file_.subject, error.what());
    }
    return std::move(made_);
  }

 private:
  Graph& graph() { return made_.graph; }

  [[noreturn]] void Fail(const std::string& problem) const {
    const std::string what =
        now_ == nullptr ? "" : fmt::format("{} {}: ", now_->op_type(), Shown(now_->output(0)));
    throw Error(file_.subject, what + problem);
  }

  // The nodes that the outputs need, in the order of the file, which is that of their work.
  std::set<int> NeededFor(const std::vector<std::string>& outputs) const {
    std::set<int> needed;
    std::vector<std::string> open = outputs;
    while (!open.empty()) {
      const std::string name = std::move(open.back());
      open.pop_back();
      const auto maker = file_.makers.find(name);
      if (maker == file_.makers.end()) {
        if (name != file_.input && file_.constants.count(name) == 0)
          Fail(fmt::format("has no value {}", Shown(name)));
        continue;
      }
      if (!needed.insert(maker->second).second) continue;
      for (const auto& input : from_.node(maker->second).input()) {
        if (!input.empty()) open.push_back(input);
      }
    }
    return needed;
  }

  const Value& Find(const std::string& name) {
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    const auto constant = file_.constants.find(name);
    if (constant == file_.constants.end()) Fail(fmt::format("needs {}, which comes after it", Shown(name)));
    values_[name].constant = constant->second;
    return values_[name];
  }

  bool Has(int i) const { return i < now_->input_size() && !now_->input(i).empty(); }

  const Value& Input(int i) {
    if (!Has(i)) Fail(fmt::format("lacks its input {}", i));
    return Find(now_->input(i));
  }

  int FindNode(const Value& value) {
    if (value.constant) Fail("works on a constant, which Seam's networks do not");
    if (value.pad_before != 0 || value.pad_after != 0)
      Fail("zeros around a map are known before convolutions alone");
    return value.sigmoid ? graph().Sigmoid(value.node) : value.node;
  }

  int Node(int i) { return FindNode(Input(i)); }

  const Constant& ConstantAt(int i) {
    const Value& value = Input(i);
    if (!value.constant) Fail(fmt::format("its input {} is not a constant", i));
    return *value.constant;
  }

  const onnx::AttributeProto* Attribute(std::string_view name) const {
    for (const auto& attribute : now_->attribute()) {
      if (attribute.name() == name) return &attribute;
    }
    return nullptr;
  }

  std::int64_t Int(std::string_view name, std::int64_t otherwise) const {
    const auto* attribute = Attribute(name);
    return attribute == nullptr ? otherwise : attribute->i();
  }

  double Float(std::string_view name, double otherwise) const {
    const auto* attribute = Attribute(name);
    const double value = attribute == nullptr ? otherwise : static_cast<double>(attribute->f());
    if (!std::isfinite(value)) Fail(fmt::format("its {} is not finite", name));
    return value;
  }

  std::string Text(std::string_view name, const std::string& otherwise) const {
    const auto* attribute = Attribute(name);
    return attribute == nullptr ? otherwise : attribute->s();
  }

  // An attribute of older versions, an input of newer ones; empty where there is neither.
  Dims Integers(std::string_view name, int input) {
    if (const auto* attribute = Attribute(name)) return {attribute->ints().begin(), attribute->ints().end()};
    if (input < 0 || !Has(input)) return {};
    Dims integers;
    for (const double number : ConstantAt(input).numbers) integers.push_back(Whole(number));
    return integers;
  }

  // A number of an attribute that is used as an int.
  int Small(std::string_view name, std::int64_t value) const {
    constexpr int kMost = 1 << 16;
    if (value < 0 || value > kMost) Fail(fmt::format("its {} of {} makes no sense", name, value));
    return static_cast<int>(value);
  }

  // Of two equal numbers, one an axis.
  int Square(std::string_view name, int otherwise) {
    const Dims both = Integers(name, -1);
    if (both.empty()) return otherwise;
    if (both.size() != 2 || both[0] != both[1])
      Fail(fmt::format("its {} [{}] differ by axis, which Seam's networks do not have", name,
                       fmt::join(both, ", ")));
    return Small(name, both[0]);
  }

  // Of [top, left, bottom, right].
  void SetPads(const Dims& pads, int* before, int* after) const {
    if (pads.empty()) return;
    if (pads.size() != 4 || pads[0] != pads[1] || pads[2] != pads[3])
      Fail(fmt::format("its pads [{}] differ by axis, which Seam's networks do not have",
                       fmt::join(pads, ", ")));
    *before = Small("pads", pads[0]);
    *after = Small("pads", pads[2]);
  }

  ConvSpec Window() {
    ConvSpec spec;
    const std::string automatic = Text("auto_pad", "NOTSET");
    if (automatic != "NOTSET" && automatic != "VALID")
      Fail(fmt::format("auto_pad {} is not known", Shown(automatic)));
    spec.kernel = Square("kernel_shape", 0);
    spec.stride = Square("strides", 1);
    spec.dilation = Square("dilations", 1);
    SetPads(Integers("pads", -1), &spec.pad_before, &spec.pad_after);
    return spec;
  }

  // Keeps a weight of the graph's node that is made next.
  void Keep(const std::string& name, const Constant& constant) {
    weight_numbers_ += constant.numbers.size();
    if (weight_numbers_ > kMaxWeightNumbers) Fail("the network's weights are too many");
    made_.weights[name].assign(constant.numbers.begin(), constant.numbers.end());
  }

  std::string Name() const { return now_->output(0); }

  void Answer(int node) {
    if (graph()[node].shape.numbers() > kMaxMapNumbers) Fail("its result is too large");
    Answer(Value{.node = node, .constant = {}});
  }
  void Answer(Value value) { values_[now_->output(0)] = std::move(value); }
  void Answer(Constant constant) {
    Value value;
    value.constant = std::make_shared<const Constant>(std::move(constant));
    Answer(std::move(value));
  }

  void ReadNode(const onnx::NodeProto& node);

  void ReadConv() {
    const Value x = Input(0);
    const Constant& weight = ConstantAt(1);
    if (x.constant || x.sigmoid) Fail("takes a map");
    ConvSpec spec = Window();
    if (weight.dims.size() != 4 || weight.dims[2] != weight.dims[3])
      Fail(fmt::format("weights [{}] are not those of square kernels", fmt::join(weight.dims, ", ")));
    spec.channels = Small("number of channels", weight.dims[0]);
    spec.kernel = spec.kernel == 0 ? Small("kernel", weight.dims[2]) : spec.kernel;
    spec.groups = Small("group", Int("group", 1));
    spec.pad_before += x.pad_before;
    spec.pad_after += x.pad_after;
    spec.bias = Has(2);
    const int y = graph().Conv(x.node, Name(), spec);
    Keep(Name() + ".weight", weight);
    if (spec.bias) Keep(Name() + ".bias", ConstantAt(2));
    Answer(y);
  }

  void ReadGemm() {
    if (Float("alpha", 1) != 1 || Float("beta", 1) != 1 || Int("transA", 0) != 0)
      Fail("alpha, beta and transA are not known");
    Constant weight = ConstantAt(1);
    if (weight.dims.size() != 2) Fail("takes a matrix of weights");
    if (Int("transB", 0) == 0) weight = Transposed(weight);
    const int y = graph().Linear(Node(0), Name(), Small("number of channels", weight.dims[0]), Has(2));
    Keep(Name() + ".weight", weight);
    if (Has(2)) Keep(Name() + ".bias", ConstantAt(2));
    Answer(y);
  }

  static Constant Transposed(const Constant& matrix) {
    const auto rows = static_cast<std::size_t>(matrix.dims[0]),
               columns = static_cast<std::size_t>(matrix.dims[1]);
    Constant turned = {{matrix.dims[1], matrix.dims[0]}, std::vector<double>(matrix.numbers.size())};
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < columns; ++k)
        turned.numbers[k * rows + i] = matrix.numbers[i * columns + k];
    }
    return turned;
  }

  void ReadBatchNorm() {
    if (Int("training_mode", 0) != 0) Fail("is in training");
    const int y = graph().BatchNorm(Node(0), Name(), {.eps = Float("epsilon", 1e-5)});
    const char* const members[] = {".weight", ".bias", ".running_mean", ".running_var"};
    for (int i = 0; i < 4; ++i) Keep(Name() + members[i], ConstantAt(i + 1));
    for (const float variance : made_.weights[Name() + ".running_var"]) {
      if (variance < 0) Fail("has a variance below 0");
    }
    Answer(y);
  }

  void ReadRelu() { Answer(graph().Relu(Node(0))); }
  // ReLU6, or ReLU where there is no upper bound.
  void ReadClip() {
    const auto bound = [&](int i, const char* attribute, double otherwise) {
      if (!Has(i)) return Float(attribute, otherwise);
      const Constant& constant = ConstantAt(i);
      if (constant.numbers.size() != 1) Fail("takes bounds of one number");
      return constant.numbers[0];
    };
    constexpr double kNone = std::numeric_limits<float>::max();
    const double least = bound(1, "min", -kNone), most = bound(2, "max", kNone);
    if (least != 0 || (most != 6 && most < kNone)) Fail("is known from 0 to 6 and from 0 on alone");
    Answer(most == 6 ? graph().Relu6(Node(0)) : graph().Relu(Node(0)));
  }
  void ReadLeakyRelu() { Answer(graph().LeakyRelu(Node(0), Float("alpha", 0.01))); }

  void ReadSigmoid() {
    Value value;
    value.node = Node(0);
    value.sigmoid = true;
    Answer(std::move(value));
  }

  void ReadSame() { Answer(Value(Input(0))); }

  // Of two results, or of a result and a constant: a number, or one for each channel.
  void ReadAdd() {
    if (TakesConstant()) return Shift(-1);
    const int a = Node(0), b = Node(1);
    Answer(graph().Add(a, b));
  }

  void ReadSub() {
    if (!TakesConstant() || Input(0).constant) Fail("only a constant can be taken from a result");
    Shift(1);
  }

  void ReadMul() {
    if (TakesConstant()) return Multiply(false);
    const Value a = Input(0), b = Input(1);
    for (const auto& [x, gate] : {std::pair(a, b), std::pair(b, a)}) {
      if (gate.sigmoid && !x.sigmoid && gate.node == x.node) return Answer(graph().Silu(x.node));
    }
    const int first = FindNode(a), second = FindNode(b);
    const bool turned = graph()[first].shape.is_vector() && !graph()[second].shape.is_vector();
    Answer(turned ? graph().Scale(second, first) : graph().Scale(first, second));
  }

  void ReadDiv() {
    if (!TakesConstant() || Input(0).constant) Fail("results are divided by constants alone");
    Multiply(true);
  }

  bool TakesConstant() { return (Input(0).constant == nullptr) != (Input(1).constant == nullptr); }

  // The constant of the two inputs, as one number for each channel of the other, whose node is *x.
  std::vector<float> PerChannel(int* x) {
    const int at = Input(0).constant ? 0 : 1;
    *x = Node(1 - at);
    const Constant& constant = ConstantAt(at);
    const auto channels = static_cast<std::size_t>(graph()[*x].shape.channels);
    if (constant.numbers.size() == 1)
      return std::vector<float>(channels, static_cast<float>(constant.numbers[0]));
    const Dims& dims = constant.dims;
    const auto axis = static_cast<std::ptrdiff_t>(dims.size()) - 3;
    if (axis < 0 || constant.numbers.size() != channels ||
        static_cast<std::size_t>(dims[static_cast<std::size_t>(axis)]) != channels)
      Fail(fmt::format("the constant [{}] is neither one number nor one for each channel",
                       fmt::join(dims, ", ")));
    return {constant.numbers.begin(), constant.numbers.end()};
  }

  void Shift(float sign) {
    int x = 0;
    std::vector<float> mean = PerChannel(&x);
    for (float& each : mean) each *= sign;
    const std::vector<float> std(mean.size(), 1.0F);
    Answer(graph().Normalise(x, std::move(mean), std));
  }

  void Multiply(bool divides) {
    int x = 0;
    std::vector<float> std = PerChannel(&x);
    for (float& each : std) each = divides ? each : 1 / each;
    if (std::any_of(std.begin(), std.end(), [](float each) { return !std::isfinite(each) || each == 0; }))
      Fail("multiplies by 0 or divides by it");
    const std::vector<float> mean(std.size(), 0.0F);
    Answer(graph().Normalise(x, mean, std::move(std)));
  }

  void ReadConcat() {
    if (Input(0).constant) return JoinConstants();
    const std::int64_t axis = Int("axis", 1);
    std::vector<int> parts;
    for (int i = 0; i < now_->input_size(); ++i) parts.push_back(Node(i));
    if (axis != 1 && axis != 1 - Rank(graph()[parts[0]].shape)) Fail("joins along the channels alone");
    Answer(graph().Concat(parts));
  }

  void JoinConstants() {
    Constant joined;
    for (int i = 0; i < now_->input_size(); ++i) {
      const Constant& part = ConstantAt(i);
      if (part.dims.size() != 1) Fail("joins lists of constants alone");
      joined.numbers.insert(joined.numbers.end(), part.numbers.begin(), part.numbers.end());
    }
    if (joined.numbers.size() > kMaxListed) Fail("makes a list that is too long");
    joined.dims = {static_cast<std::int64_t>(joined.numbers.size())};
    Answer(std::move(joined));
  }

  // Of the values of the file: vectors are [B, C].
  static std::int64_t Rank(const Shape& shape) { return shape.is_vector() ? 2 : 4; }

  void ReadMaxPool() {
    const ConvSpec spec = Window();
    if (Int("ceil_mode", 0) != 0 || spec.dilation != 1 || now_->output_size() > 1)
      Fail("ceil_mode, dilations and indices are not known");
    Answer(graph().MaxPool(Node(0), spec.kernel, spec.stride, spec.pad_before, spec.pad_after));
  }

  void ReadAveragePool() {
    const ConvSpec spec = Window();
    if (Int("ceil_mode", 0) != 0 || spec.dilation != 1 || spec.pad_before != 0 || spec.pad_after != 0)
      Fail("ceil_mode, dilations and padding are not known");
    Answer(graph().AveragePool(Node(0), spec.kernel, spec.stride));
  }

  void ReadPRelu() {
    const int y = graph().ChannelPrelu(Node(0), Name());
    const Constant& slopes = ConstantAt(1);
    const auto channels = static_cast<std::size_t>(graph()[y].shape.channels);
    if (slopes.numbers.size() != channels) Fail("takes a slope for each channel");
    Keep(Name() + ".weight", slopes);
    Answer(y);
  }

  void ReadSign() { Answer(graph().Sign(Node(0))); }

  void ReadGlobalAveragePool() { Answer(graph().GlobalAveragePool(Node(0))); }

  void ReadReduceMean() {
    Dims axes = Integers("axes", 1);
    for (std::int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
    std::sort(axes.begin(), axes.end());
    if (axes != Dims{2, 3}) Fail("means are taken of whole maps alone");
    Answer(graph().GlobalAveragePool(Node(0)));
  }

  void ReadFlatten() {
    if (Int("axis", 1) != 1) Fail("flattens from the channels on alone");
    Answer(graph().Flatten(Node(0)));
  }

  // To a vector, or of one.
  void ReadReshape() {
    const int x = Node(0);
    Dims wanted = Integers("shape", 1);
    const Shape& shape = graph()[x].shape;
    const Dims dims = {1, shape.channels, shape.height, shape.width};
    for (std::size_t i = 0; i < wanted.size() && i < dims.size(); ++i) {
      if (wanted[i] == 0) wanted[i] = dims[i];
    }
    const bool to_vector = wanted.size() == 2 && (wanted[1] == -1 || wanted[1] == shape.numbers());
    const bool same = shape.is_vector() && wanted.size() == 4 && wanted[2] == 1 && wanted[3] == 1 &&
                      (wanted[1] == -1 || wanted[1] == shape.channels);
    if (!to_vector && !same) Fail(fmt::format("to [{}] is not known", fmt::join(wanted, ", ")));
    Answer(to_vector && !shape.is_vector() ? graph().Flatten(x) : x);
  }

  void ReadPad() {
    Value value = Input(0);
    if (value.constant || value.sigmoid) Fail("takes a map");
    if (Text("mode", "constant") != "constant" || Float("value", 0) != 0 ||
        (Has(2) && ConstantAt(2).numbers != std::vector<double>{0}))
      Fail("pads with zeros alone");
    const Dims pads = Integers("pads", 1);
    if (pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0)
      Fail(fmt::format("its pads [{}] are not of maps", fmt::join(pads, ", ")));
    int before = 0, after = 0;
    SetPads({pads[2], pads[3], pads[6], pads[7]}, &before, &after);
    value.pad_before += before;
    value.pad_after += after;
    Answer(std::move(value));
  }

  // Resize, and Upsample before it: each number becomes a square.
  void ReadResize() {
    const bool resizes = now_->op_type() == "Resize" && file_.opset > 10;
    const std::string way = Text("coordinate_transformation_mode", resizes ? "half_pixel" : "asymmetric");
    const std::string nearest = Text("nearest_mode", resizes ? "round_prefer_floor" : "floor");
    const bool known =
        (way == "asymmetric" && nearest == "floor") ||
        ((way == "half_pixel" || way == "pytorch_half_pixel") && nearest.starts_with("round_prefer"));
    if (Text("mode", "nearest") != "nearest" || !known) Fail("takes the nearest number alone");
    const int x = Node(0);
    const Shape& shape = graph()[x].shape;
    std::vector<double> scales;
    if (const auto* attribute = Attribute("scales")) {
      scales.assign(attribute->floats().begin(), attribute->floats().end());
    } else if (const int at = resizes ? 2 : 1; Has(at)) {
      scales = ConstantAt(at).numbers;
    }
    if (scales.empty() && resizes && Has(3)) {
      scales = ConstantAt(3).numbers;  // sizes
      const double dims[] = {1, static_cast<double>(shape.channels), static_cast<double>(shape.height),
                             static_cast<double>(shape.width)};
      for (std::size_t i = 0; i < scales.size() && i < 4; ++i) scales[i] /= dims[i];
    }
    if (scales.size() != 4 || scales[0] != 1 || scales[1] != 1 || scales[2] != scales[3] ||
        !(scales[2] >= 1) || scales[2] > kMaxListed || scales[2] != std::floor(scales[2]))
      Fail(fmt::format("by [{}] is not known", fmt::join(scales, ", ")));
    Answer(graph().Upsample(x, static_cast<int>(scales[2])));
  }

  void ReadShape() {
    const Shape& shape = graph()[Node(0)].shape;
    Constant constant;
    constant.numbers = {1, static_cast<double>(shape.channels)};
    if (!shape.is_vector()) {
      constant.numbers.push_back(shape.height);
      constant.numbers.push_back(shape.width);
    }
    constant.dims = {static_cast<std::int64_t>(constant.numbers.size())};
    Answer(std::move(constant));
  }

  // Of a list, or of a map where it cuts nothing away.
  void ReadSlice() {
    const Dims starts = Integers("starts", 1), ends = Integers("ends", 2), steps = Integers("steps", 4);
    Dims axes = Integers("axes", 3);
    for (std::size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    if (starts.size() != ends.size() || axes.size() != starts.size() ||
        std::any_of(steps.begin(), steps.end(), [](std::int64_t step) { return step != 1; }))
      Fail("is not known");
    if (Input(0).constant) {
      const Constant& list = ConstantAt(0);
      if (starts.size() != 1 || list.dims.size() != 1 || axes[0] != 0) Fail("cuts lists of constants alone");
      const auto inside = [&](std::int64_t at) {
        return std::clamp<std::int64_t>(at < 0 ? at + list.dims[0] : at, 0, list.dims[0]);
      };
      const std::int64_t first = inside(starts[0]), last = std::max(first, inside(ends[0]));
      return Answer(Constant{{last - first}, {list.numbers.begin() + first, list.numbers.begin() + last}});
    }
    const int x = Node(0);
    const Shape& shape = graph()[x].shape;
    const Dims dims = {1, shape.channels, shape.height, shape.width};
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::int64_t axis = axes[i] + (axes[i] < 0 ? 4 : 0);
      if (axis < 0 || axis > 3 || starts[i] != 0 || ends[i] < dims[static_cast<std::size_t>(axis)])
        Fail("would cut a map");
    }
    Answer(x);
  }

  void ReadGather() {
    const Constant& list = ConstantAt(0);
    const Constant& places = ConstantAt(1);
    if (Int("axis", 0) != 0 || list.dims.size() != 1 || places.dims.size() > 1)
      Fail("takes from lists alone");
    Constant taken;
    taken.dims = places.dims;
    for (const double place : places.numbers) {
      const double at = place < 0 ? place + static_cast<double>(list.dims[0]) : place;
      if (!(at >= 0 && at < static_cast<double>(list.dims[0]))) Fail("takes what is not there");
      taken.numbers.push_back(list.numbers[static_cast<std::size_t>(at)]);
    }
    Answer(std::move(taken));
  }

  // Of single numbers.
  void ReadUnsqueeze() {
    Constant constant = ConstantAt(0);
    if (constant.numbers.size() != 1) Fail("is known of single numbers alone");
    constant.dims = {1};
    Answer(std::move(constant));
  }

  // Of a vector that is a map of one pixel.
  void ReadSqueeze() {
    const int x = Node(0);
    if (!graph()[x].shape.is_vector()) Fail("is known of vectors alone");
    Answer(x);
  }

  void ReadCast() {
    if (!Input(0).constant) Fail("the network's numbers stay float32");
    Answer(Value(Input(0)));
  }

  void ReadConstantNode() {
    const auto* attribute = Attribute("value");
    if (attribute == nullptr || !attribute->has_t()) Fail("holds no tensor");
    Answer(ReadConstant(attribute->t(), file_.subject, Shown(Name())));
  }

  // Each weight that the graph needs is there, and of as many numbers.
  void CheckWeights() const {
    for (const WeightSpec& spec : ListWeights(made_.graph)) {
      const std::vector<float>& weight = made_.weights.at(spec.name);
      std::size_t count = 1;
      for (const std::int64_t side : spec.shape) count *= static_cast<std::size_t>(side);
      if (weight.size() != count) {
        throw Error(file_.subject, fmt::format("{} has {} numbers, not the {} of [{}]", Shown(spec.name),
                                               weight.size(), count, fmt::join(spec.shape, ", ")));
      }
    }
  }

  static constexpr std::size_t kMaxListed = 64;  // numbers of a list of constants that the file computes

  const OnnxFile::Parsed& file_;
  const onnx::GraphProto& from_;
  OnnxNetwork made_;
  std::map<std::string, Value> values_;
  const onnx::NodeProto* now_ = nullptr;
  std::size_t weight_numbers_ = 0;
};

// The operators, by ONNX's names.
void Reader::ReadNode(const onnx::NodeProto& node) {
  static const std::map<std::string_view, void (Reader::*)()> operators = {
      {"Add", &Reader::ReadAdd},
      {"AveragePool", &Reader::ReadAveragePool},
      {"BatchNormalization", &Reader::ReadBatchNorm},
      {"Cast", &Reader::ReadCast},
      {"Concat", &Reader::ReadConcat},
      {"Constant", &Reader::ReadConstantNode},
      {"Conv", &Reader::ReadConv},
      {"Div", &Reader::ReadDiv},
      {"Dropout", &Reader::ReadSame},
      {"Flatten", &Reader::ReadFlatten},
      {"Gather", &Reader::ReadGather},
      {"Gemm", &Reader::ReadGemm},
      {"GlobalAveragePool", &Reader::ReadGlobalAveragePool},
      {"Identity", &Reader::ReadSame},
      {"Clip", &Reader::ReadClip},
      {"LeakyRelu", &Reader::ReadLeakyRelu},
      {"MaxPool", &Reader::ReadMaxPool},
      {"Mul", &Reader::ReadMul},
      {"PRelu", &Reader::ReadPRelu},
      {"Pad", &Reader::ReadPad},
      {"ReduceMean", &Reader::ReadReduceMean},
      {"Relu", &Reader::ReadRelu},
      {"Reshape", &Reader::ReadReshape},
      {"Resize", &Reader::ReadResize},
      {"Shape", &Reader::ReadShape},
      {"Sigmoid", &Reader::ReadSigmoid},
      {"Sign", &Reader::ReadSign},
      {"Slice", &Reader::ReadSlice},
      {"Squeeze", &Reader::ReadSqueeze},
      {"Sub", &Reader::ReadSub},
      {"Unsqueeze", &Reader::ReadUnsqueeze},
      {"Upsample", &Reader::ReadResize},
  };
  now_ = &node;
  const auto found = operators.find(node.op_type());
  const bool own = node.domain().empty() || node.domain() == "ai.onnx";
  if (!own || found == operators.end()) {
    Fail(fmt::format("Seam's networks have no such operator{}", own ? "" : " of " + Shown(node.domain())));
  }
  (this->*found->second)();
  now_ = nullptr;
}

// Of the one input that is no constant.
void FindInput(const onnx::GraphProto& graph, OnnxFile::Parsed* parsed) {
  const std::string& subject = parsed->subject;
  for (const auto& input : graph.input()) {
    if (parsed->constants.count(input.name()) > 0)
      continue;  // a weight with a default, as old files have them
    if (!parsed->input.empty()) throw Error(subject, "the network takes several inputs; Seam's take one");
    const auto& type = input.type().tensor_type();
    if (type.elem_type() != onnx::TensorProto::FLOAT) throw Error(subject, "the network takes no float32");
    parsed->input = input.name();
    for (const auto& dim : type.shape().dim()) parsed->input_dims.push_back(dim.dim_value());
  }
  if (parsed->input.empty()) throw Error(subject, "the network takes no input");
  const Dims& dims = parsed->input_dims;
  if (dims.size() != 4 || (dims[1] != 3 && dims[1] != 0)) {
    throw Error(subject,
                fmt::format("the network takes [{}], not pictures [B, 3, H, W]", fmt::join(dims, ", ")));
  }
}

}  // namespace

OnnxFile::OnnxFile(const std::filesystem::path& path)
    : OnnxFile(ReadFile(path, kMaxFileBytes), path.string()) {}

OnnxFile::OnnxFile(const std::string& bytes, const std::string& subject) {
  auto parsed = std::make_unique<Parsed>();
  parsed->subject = subject;
  onnx::ModelProto& model = parsed->model;
  if (!model.ParseFromString(bytes) || !model.has_graph() || model.graph().node_size() == 0)
    throw Error(parsed->subject, "is not an ONNX file");
  onnx::GraphProto& graph = *model.mutable_graph();
  for (const auto& opset : model.opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") parsed->opset = opset.version();
  }
  if (parsed->opset < kMinOpset || parsed->opset > kMaxOpset) {
    throw Error(parsed->subject, fmt::format("has operators of version {}; Seam reads {} to {}",
                                             parsed->opset, kMinOpset, kMaxOpset));
  }
  if (graph.node_size() > kMaxNodes || graph.initializer_size() > kMaxNodes || graph.input_size() > kMaxNodes)
    throw Error(parsed->subject, "has too many nodes");
  for (const auto& tensor : graph.initializer()) {
    if (!parsed->constants
             .emplace(tensor.name(), std::make_shared<const Constant>(
                                         ReadConstant(tensor, parsed->subject, Shown(tensor.name()))))
             .second)
      throw Error(parsed->subject, fmt::format("{} stands twice", Shown(tensor.name())));
  }
  graph.clear_initializer();
  FindInput(graph, parsed.get());
  for (int i = 0; i < graph.node_size(); ++i) {
    if (graph.node(i).output_size() == 0) throw Error(parsed->subject, "has a node without a result");
    for (const auto& output : graph.node(i).output()) {
      if (output.empty()) continue;
      if (output == parsed->input || parsed->constants.count(output) > 0 ||
          !parsed->makers.emplace(output, i).second)
        throw Error(parsed->subject, fmt::format("{} stands twice", Shown(output)));
    }
  }
  parsed_ = std::move(parsed);
}

OnnxFile::~OnnxFile() = default;

OnnxNetwork OnnxFile::Network(int height, int width, const std::vector<std::string>& outputs) const {
  return Reader(*parsed_).Run(height, width, outputs);
}

OnnxNetwork OnnxFile::Network() const {
  const Dims& dims = parsed_->input_dims;
  constexpr std::int64_t kMost = 1 << 16;
  if (dims[2] < 1 || dims[3] < 1 || dims[2] > kMost || dims[3] > kMost)
    throw Error(parsed_->subject, "does not say how large its pictures are");
  return Network(static_cast<int>(dims[2]), static_cast<int>(dims[3]));
}

std::string OnnxForSide(const std::filesystem::path& path, int side) {
  onnx::ModelProto model;
  if (!model.ParseFromString(ReadFile(path, kMaxFileBytes)) || !model.has_graph())
    throw Error(path.string(), "is not an ONNX file");
  OnnxFile::Parsed parsed;
  parsed.subject = path.string();
  onnx::GraphProto& graph = *model.mutable_graph();
  for (const auto& tensor : graph.initializer()) parsed.constants.emplace(tensor.name(), nullptr);
  FindInput(graph, &parsed);
  for (auto& input : *graph.mutable_input()) {
    if (input.name() != parsed.input) continue;
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    for (const int axis : {2, 3}) shape.mutable_dim(axis)->set_dim_value(side);
  }
  return model.SerializeAsString();
}

}  // namespace seam
