#include "models/weights/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>

#include <fmt/format.h>

#include "base/error.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

using Value = PickleValue;
using Ref = PickleValue::Ref;

// Enough for large networks with their optimizer's state, and little memory.
constexpr std::size_t kMaxValues = 1'000'000, kMaxTensorDimensions = 8, kMaxKeyBytes = 100;
constexpr const char* kStateDictHint =
    "bring a state dict: in Python, torch.save(model.state_dict(), FILE), or save it as .safetensors";

// torch.<name>, the type of a storage's elements.
constexpr std::array<std::pair<std::string_view, DType>, 10> kStorages = {{
    {"torch.FloatStorage", DType::kFloat32},
    {"torch.DoubleStorage", DType::kFloat64},
    {"torch.HalfStorage", DType::kFloat16},
    {"torch.BFloat16Storage", DType::kBfloat16},
    {"torch.LongStorage", DType::kInt64},
    {"torch.IntStorage", DType::kInt32},
    {"torch.ShortStorage", DType::kInt16},
    {"torch.CharStorage", DType::kInt8},
    {"torch.ByteStorage", DType::kUint8},
    {"torch.BoolStorage", DType::kBool},
}};

constexpr std::string_view kOrderedDict = "collections.OrderedDict", kSize = "torch.Size",
                           kTensor = "torch._utils._rebuild_tensor_v2",
                           kParameter = "torch._utils._rebuild_parameter",
                           kParameterWithState = "torch._utils._rebuild_parameter_with_state",
                           kSubclass = "torch._tensor._rebuild_from_type_v2";

// What only an attack has in a file of weights. Nothing is run in any case; this is told.
constexpr std::array<std::string_view, 24> kHostileModules = {
    "os",     "posix",   "nt",        "subprocess", "sys",     "socket",   "shutil",   "runpy",
    "pty",    "ctypes",  "importlib", "webbrowser", "asyncio", "code",     "timeit",   "pdb",
    "pickle", "marshal", "http",      "urllib",     "pip",     "commands", "requests", "bdb"};
constexpr std::array<std::string_view, 9> kHostileBuiltins = {
    "eval", "exec", "execfile", "compile", "open", "__import__", "input", "breakpoint", "apply"};

bool IsHostile(std::string_view module, std::string_view name) {
  const auto has = [](const auto& names, std::string_view wanted) {
    return std::find(names.begin(), names.end(), wanted) != names.end();
  };
  if (module == "builtins" || module == "__builtin__") return has(kHostileBuiltins, name);
  return has(kHostileModules, module.substr(0, module.find('.')));
}

const DType* StorageType(std::string_view global) {
  for (const auto& [name, dtype] : kStorages) {
    if (name == global) return &dtype;
  }
  return nullptr;
}

bool IsInteger(Ref value) { return value->kind == Value::kInt; }

}  // namespace

class Pickle::Machine {
 public:
  Machine(Pickle* pickle, std::string_view bytes) : pickle_(*pickle), bytes_(bytes) {}

  Ref Run();
  std::size_t position() const { return position_; }

 private:
  [[noreturn]] void Damaged(const std::string& what) const {
    throw Error(pickle_.subject_, fmt::format("damaged pickle, at byte {}: {}", position_, what),
                "fetch or write the file again");
  }
  [[noreturn]] void Refused(const std::string& what) const {
    throw Error(pickle_.subject_, "its pickle " + what, kStateDictHint);
  }

  std::string_view Take(std::uint64_t count) {
    if (count > bytes_.size() - position_) Damaged("it ends in the middle");
    const auto taken = bytes_.substr(position_, count);
    position_ += count;
    return taken;
  }
  template <class Number>
  Number TakeNumber() {
    Number number;
    std::memcpy(&number, Take(sizeof(number)).data(), sizeof(number));
    return number;
  }
  std::string_view TakeLine() {
    const auto end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) Damaged("it ends in the middle");
    const auto line = bytes_.substr(position_, end - position_);
    position_ = end + 1;
    return line;
  }

  Value* Make(Value::Kind kind) {
    if (pickle_.values_.size() >= kMaxValues) Refused(fmt::format("holds more than {} values", kMaxValues));
    Value* value = &pickle_.values_.emplace_back();
    value->kind = kind;
    return value;
  }
  Value* Pushed(Value::Kind kind) {
    stack_.push_back(Make(kind));
    return stack_.back();
  }
  void PushNew(Value::Kind kind) { Pushed(kind); }
  void PushBool(bool yes) { Pushed(Value::kBool)->number = yes; }
  void PushInt(std::int64_t number) { Pushed(Value::kInt)->number = number; }
  void PushFloat(double fraction) { Pushed(Value::kFloat)->fraction = fraction; }
  void PushText(Value::Kind kind, std::string_view text) { Pushed(kind)->text = std::string(text); }

  // Values below the last mark are out of reach.
  std::size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Value* Top() const {
    if (stack_.size() <= Floor()) Damaged("a value is missing");
    return stack_.back();
  }
  Value* Pop() {
    Value* value = Top();
    stack_.pop_back();
    return value;
  }
  std::vector<Value*> PopToMark() {
    if (marks_.empty()) Damaged("a mark is missing");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value*> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }

  void PushTuple(const std::vector<Value*>& items) {
    Pushed(Value::kTuple)->items.assign(items.begin(), items.end());
  }
  void PushTuple(std::size_t count) {
    std::vector<Value*> items(count);
    while (count-- > 0) items[count] = Pop();
    PushTuple(items);
  }
  void Append(const std::vector<Value*>& items) {
    Value* list = Top();
    if (list->kind != Value::kList && list->kind != Value::kObject) Damaged("items for what is no list");
    list->items.insert(list->items.end(), items.begin(), items.end());
  }
  void SetItems(const std::vector<Value*>& items) {
    Value* dict = Top();
    if (dict->kind != Value::kDict && dict->kind != Value::kObject) Damaged("entries for what is no dict");
    if (items.size() % 2 != 0) Damaged("a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2) dict->pairs.emplace_back(items[i], items[i + 1]);
  }
  // A new list or dict, filled by `fill` with what lies above the mark.
  void PushWith(Value::Kind kind, void (Machine::*fill)(const std::vector<Value*>&)) {
    const auto items = PopToMark();
    PushNew(kind);
    (this->*fill)(items);
  }

  void Put(std::uint64_t slot) {
    if (slot > kMaxValues) Damaged("a memo out of bounds");
    memo_[slot] = Top();
  }
  void Get(std::uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) Damaged("a memo that was never filled");
    stack_.push_back(found->second);
  }

  void PushGlobal(std::string_view module, std::string_view name) {
    const std::string global = std::string(module) + "." + std::string(name);
    if (IsHostile(module, name)) {
      Refused(fmt::format("asks for {}; only plain data and tensors are read, and nothing is ever run",
                          Shown(global)));
    }
    PushText(Value::kGlobal, global);
  }
  void PushStackGlobal() {
    const Value *name = Pop(), *module = Pop();
    if (name->kind != Value::kText || module->kind != Value::kText) Damaged("a name that is no text");
    PushGlobal(module->text, name->text);
  }

  void PushOutside();
  void PushStorage(const Value* id);
  void Reduce();
  void Call(const std::string& function, const Value* arguments);
  void PushDict(const std::vector<Ref>& arguments);
  // Of the class or function `name`.
  void PushObject(const std::string& name, const std::vector<Ref>& arguments) {
    Value* object = Pushed(Value::kObject);
    object->text = name;
    object->items = arguments;
  }
  void NewObject(bool with_keywords);
  void ObjectOfMark();
  void PushTensor(const std::vector<Ref>& arguments);
  void Build();
  void PushLong(std::string_view bytes);
  void Step(unsigned char op);
  void Stacked(unsigned char op);
  void Referring(unsigned char op);

  Pickle& pickle_;
  std::string_view bytes_;
  std::size_t position_ = 0;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Value*> memo_;
};

// What lies outside of the pickle: a storage; in old files of whole modules also ("module", class, file,
// source text) for a class.
void Pickle::Machine::PushOutside() {
  Value* id = Pop();
  const auto& items = id->items;
  const bool is_class = id->kind == Value::kTuple && items.size() >= 2 && items[0]->kind == Value::kText &&
                        items[0]->text == "module" && items[1]->kind == Value::kGlobal;
  if (!is_class) return PushStorage(id);
  PushText(Value::kGlobal, items[1]->text);
}

// ("storage", torch.FloatStorage, key, device, elements[, None]) -> the storage.
void Pickle::Machine::PushStorage(const Value* id) {
  const auto& items = id->items;
  const bool fits = id->kind == Value::kTuple && (items.size() == 5 || items.size() == 6) &&
                    items[0]->kind == Value::kText && items[0]->text == "storage" &&
                    items[1]->kind == Value::kGlobal && items[2]->kind == Value::kText && IsInteger(items[4]);
  if (!fits) Refused("has an outside object that is no tensor's storage");
  if (items.size() == 6 && items[5]->kind != Value::kNone) Refused("has a view of a storage of old PyTorch");
  const auto* dtype = StorageType(items[1]->text);
  if (dtype == nullptr) Damaged("a storage without an element type");
  if (items[4]->number < 0) Damaged("a storage of negative size");
  // Each storage holds its key: a long one, written once, would be kept many times.
  if (items[2]->text.size() > kMaxKeyBytes) Damaged("a storage with an endless key");
  Value* storage = Pushed(Value::kStorage);
  storage->text = items[2]->text;
  storage->dtype = *dtype;
  storage->number = items[4]->number;
}

// (storage, first element, shape, stride, ...) -> the tensor.
void Pickle::Machine::PushTensor(const std::vector<Ref>& arguments) {
  const auto numbers = [&](Ref tuple) {
    std::vector<std::int64_t> result;
    if (tuple->kind != Value::kTuple || tuple->items.size() > kMaxTensorDimensions)
      Damaged("a tensor's shape");
    for (const Ref item : tuple->items) {
      if (!IsInteger(item) || item->number < 0) Damaged("a tensor's shape");
      result.push_back(item->number);
    }
    return result;
  };
  if (arguments.size() < 6 || arguments[0]->kind != Value::kStorage || !IsInteger(arguments[1]) ||
      arguments[1]->number < 0) {
    Damaged("a tensor without its storage");
  }
  auto shape = numbers(arguments[2]), stride = numbers(arguments[3]);
  if (shape.size() != stride.size()) Damaged("a tensor's strides");
  Value* tensor = Pushed(Value::kTensor);
  tensor->storage = arguments[0];
  tensor->number = arguments[1]->number;
  tensor->shape = std::move(shape);
  tensor->stride = std::move(stride);
}

// function, arguments -> what the function makes of them, where it is known.
void Pickle::Machine::Reduce() {
  const Value* arguments = Pop();
  const Value* function = Pop();
  const bool callable = function->kind == Value::kGlobal || function->kind == Value::kObject;
  if (!callable || arguments->kind != Value::kTuple) Damaged("a call of no function");
  if (function->kind == Value::kObject) return PushObject(function->text, arguments->items);
  Call(function->text, arguments);
}

void Pickle::Machine::Call(const std::string& function, const Value* arguments) {
  const auto& items = arguments->items;
  const auto wrong = [&] { Damaged(fmt::format("arguments that {} does not take", function)); };
  if (function == kOrderedDict || function == "collections.defaultdict") {
    PushDict(items);
  } else if (function == kSize) {
    const bool fits = items.size() == 1 && items[0]->items.size() <= kMaxTensorDimensions &&
                      (items[0]->kind == Value::kTuple || items[0]->kind == Value::kList);
    if (!fits) wrong();
    Pushed(Value::kTuple)->items = items[0]->items;
  } else if (function == kTensor) {
    PushTensor(items);
  } else if (function == kParameter || function == kParameterWithState) {
    if (items.empty()) wrong();
    // A parameter of another kind of tensor (quantised, sparse) is none that is read.
    if (items[0]->kind != Value::kTensor) return PushObject(function, items);
    *Pushed(Value::kTensor) = *items[0];
  } else if (function == kSubclass && items.size() >= 3 && items[0]->kind == Value::kGlobal &&
             items[0]->text == kTensor && items[2]->kind == Value::kTuple) {
    PushTensor(items[2]->items);
  } else {
    PushObject(function, items);
  }
}

// Of nothing, or of a list of pairs, as Python 2 wrote ordered dicts; a defaultdict has its factory before.
void Pickle::Machine::PushDict(const std::vector<Ref>& arguments) {
  Value* dict = Pushed(Value::kDict);
  for (const Ref list : arguments) {
    if (list->kind != Value::kList) continue;
    for (const Ref pair : list->items) {
      if (pair->items.size() != 2) Damaged("a dict of what are no pairs");
      dict->pairs.emplace_back(pair->items[0], pair->items[1]);
    }
  }
}

// class, arguments[, keywords] -> an object.
void Pickle::Machine::NewObject(bool with_keywords) {
  const Value* keywords = with_keywords ? Pop() : nullptr;
  const Value* arguments = Pop();
  const Value* type = Pop();
  const bool fits = (type->kind == Value::kGlobal || type->kind == Value::kObject) &&
                    arguments->kind == Value::kTuple &&
                    (keywords == nullptr || keywords->kind == Value::kDict);
  if (!fits) Damaged("an object of no class");
  if (type->text == kOrderedDict && arguments->items.empty()) return PushNew(Value::kDict);
  PushObject(type->text, arguments->items);
}

// mark, class, arguments -> an object.
void Pickle::Machine::ObjectOfMark() {
  const auto values = PopToMark();
  if (values.empty() || values[0]->kind != Value::kGlobal) Damaged("an object of no class");
  PushObject(values[0]->text, {values.begin() + 1, values.end()});
}

// Attributes. Those of a state dict (_metadata) and of tensors say nothing of the weights.
void Pickle::Machine::Build() {
  const Value* state = Pop();
  Value* value = Top();
  if (value->kind == Value::kObject) {
    value->state = state;
  } else if (value->kind != Value::kDict && value->kind != Value::kTensor) {
    Damaged("attributes for what has none");
  }
}

// Little-endian two's complement of up to 8 bytes; longer ones stay bytes, as nothing here counts so far.
void Pickle::Machine::PushLong(std::string_view bytes) {
  if (bytes.size() > 8) return PushText(Value::kBytes, bytes);
  std::uint64_t number = !bytes.empty() && (bytes.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  std::memcpy(&number, bytes.data(), bytes.size());
  PushInt(static_cast<std::int64_t>(number));
}

// Codes of numbers, text and bytes, which carry their own value. The letters are Python's.
void Pickle::Machine::Step(unsigned char op) {
  switch (op) {
    case 'J':
      return PushInt(TakeNumber<std::int32_t>());
    case 'K':
      return PushInt(TakeNumber<std::uint8_t>());
    case 'M':
      return PushInt(TakeNumber<std::uint16_t>());
    case 0x8a:
      return PushLong(Take(TakeNumber<std::uint8_t>()));
    case 0x8b:
      return PushLong(Take(TakeNumber<std::uint32_t>()));
    case 'G':
      return PushFloat(std::bit_cast<double>(__builtin_bswap64(TakeNumber<std::uint64_t>())));
    case 0x8c:
    case 'U':
      return PushText(Value::kText, Take(TakeNumber<std::uint8_t>()));
    case 'X':
    case 'T':
      return PushText(Value::kText, Take(TakeNumber<std::uint32_t>()));
    case 0x8d:
      return PushText(Value::kText, Take(TakeNumber<std::uint64_t>()));
    case 'C':
      return PushText(Value::kBytes, Take(TakeNumber<std::uint8_t>()));
    case 'B':
      return PushText(Value::kBytes, Take(TakeNumber<std::uint32_t>()));
    case 0x8e:
      return PushText(Value::kBytes, Take(TakeNumber<std::uint64_t>()));
    case 0x96:
      return PushText(Value::kBytes, Take(TakeNumber<std::uint64_t>()));
    case 'N':
      return PushNew(Value::kNone);
    case 0x88:
    case 0x89:
      return PushBool(op == 0x88);
    default:
      return Stacked(op);
  }
}

// Codes that build with what lies on the stack.
void Pickle::Machine::Stacked(unsigned char op) {
  switch (op) {
    case '(':
      return marks_.push_back(stack_.size());
    case '0':
      Pop();
      return;
    case '1':
      PopToMark();
      return;
    case '2':
      return stack_.push_back(Top());
    case ')':
      return PushTuple(0);
    case 't':
      return PushTuple(PopToMark());
    case 0x85:
    case 0x86:
    case 0x87:
      return PushTuple(op - 0x84U);
    case ']':
      return PushNew(Value::kList);
    case 'l':
      return PushWith(Value::kList, &Machine::Append);
    case 'a':
      return Append({Pop()});
    case 'e':
      return Append(PopToMark());
    case '}':
      return PushNew(Value::kDict);
    case 'd':
      return PushWith(Value::kDict, &Machine::SetItems);
    case 's': {
      Value *value = Pop(), *key = Pop();
      return SetItems({key, value});
    }
    case 'u':
      return SetItems(PopToMark());
    case 0x8f:
      return PushObject("set", {});
    case 0x90:
      return Append(PopToMark());
    case 0x91: {
      const auto items = PopToMark();
      return PushObject("frozenset", {items.begin(), items.end()});
    }
    default:
      return Referring(op);
  }
}

// Codes of the memo, of names, and of calls.
void Pickle::Machine::Referring(unsigned char op) {
  switch (op) {
    case 'q':
      return Put(TakeNumber<std::uint8_t>());
    case 'r':
      return Put(TakeNumber<std::uint32_t>());
    case 0x94:
      return Put(memo_.size());
    case 'h':
      return Get(TakeNumber<std::uint8_t>());
    case 'j':
      return Get(TakeNumber<std::uint32_t>());
    case 0x95:
      Take(8);
      return;  // the length of a frame
    case 'c': {
      const auto module = TakeLine();
      return PushGlobal(module, TakeLine());
    }
    case 'i': {
      const auto module = TakeLine();
      PushGlobal(module, TakeLine());
      const std::string name = Pop()->text;
      const auto arguments = PopToMark();
      return PushObject(name, {arguments.begin(), arguments.end()});
    }
    case 'o':
      return ObjectOfMark();
    case 0x81:
    case 0x92:
      return NewObject(op == 0x92);
    case 0x93:
      return PushStackGlobal();
    case 'Q':
      return PushOutside();
    case 'R':
      return Reduce();
    case 'b':
      return Build();
    default:
      Refused(fmt::format("has the code 0x{:02x}, which plain data and tensors do not need", op));
  }
}

Ref Pickle::Machine::Run() {
  if (TakeNumber<std::uint8_t>() != 0x80) Damaged("it does not begin with a protocol");
  const int protocol = TakeNumber<std::uint8_t>();
  if (protocol < 2 || protocol > 5) Refused(fmt::format("is of protocol {}, not 2 to 5", protocol));
  while (true) {
    const auto op = TakeNumber<std::uint8_t>();
    if (op == '.') break;
    Step(op);
  }
  if (stack_.size() != 1 || !marks_.empty()) Damaged("it ends with more or less than one object");
  return stack_[0];
}

Ref Pickle::Read(std::string_view* bytes) {
  Machine machine(this, *bytes);
  const Ref value = machine.Run();
  bytes->remove_prefix(machine.position());
  return value;
}

Ref Lookup(Ref dict, std::string_view key) {
  Ref found = nullptr;
  if (dict == nullptr || dict->kind != Value::kDict) return found;
  for (const auto& [name, value] : dict->pairs) {
    if (name->kind == Value::kText && name->text == key) found = value;
  }
  return found;
}

}  // namespace seam
