#include "models/weights/torch_file.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>
#include <regex>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/sibling.h"
#include "models/weights/pickle.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/weights_pipe.h"
#include "models/weights/zip_file.h"

namespace seam {
namespace {

using Value = PickleValue;
using Ref = PickleValue::Ref;
// Storages of a file by key, one dimension each; absent: without data.
using Storages = PlainTensors;

// The legacy format begins with the pickled number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kLegacyVersion = 1001;
constexpr int kMaxDepth = 4;
constexpr std::size_t kMaxNameBytes = 1'000;
// Views that are not in one piece are copied: together at most this often the size of the file.
constexpr std::uint64_t kMaxGathering = 4;

Error Damaged(const std::string& subject, const std::string& what) {
  return Error(subject, "damaged PyTorch file: " + what, "fetch or write the file again");
}

bool IsTar(std::string_view bytes) { return bytes.size() > 262 && bytes.substr(257, 5) == "ustar"; }
bool IsPickle(std::string_view bytes) { return !bytes.empty() && bytes[0] == '\x80'; }
bool IsZip(std::string_view bytes) { return bytes.substr(0, 4) == std::string_view("PK\3\4", 4); }

// A storage of `bytes` bytes; `fill` writes them.
template <class Fill>
PlainTensor MakeStorage(DType dtype, std::uint64_t bytes, const std::string& subject, const Fill& fill) {
  const std::shared_ptr<char> memory = AllocateElements(bytes);
  if (bytes > 0) fill(memory.get());
  if (dtype == DType::kBool &&
      std::any_of(memory.get(), memory.get() + bytes, [](char byte) { return byte < 0 || byte > 1; })) {
    throw Damaged(subject, "a storage of bools holds other bytes than 0 and 1");
  }
  return {dtype, {static_cast<std::int64_t>(bytes / FindSize(dtype))}, memory};
}

// Proves that the view lies inside a storage of so many elements. -> its own elements.
std::int64_t CheckView(const Value& tensor, std::int64_t elements, const std::string& name,
                       const std::string& subject) {
  std::int64_t count = 1, last = tensor.number;
  bool inside = true;
  for (std::size_t i = 0; i < tensor.shape.size() && inside; ++i) {
    const std::int64_t side = tensor.shape[i], stride = tensor.stride[i];
    std::int64_t reach = 0;
    inside = !__builtin_mul_overflow(count, side, &count) && count <= elements;
    if (side > 0) {
      inside = inside && !__builtin_mul_overflow(side - 1, stride, &reach) &&
               !__builtin_add_overflow(last, reach, &last);
    }
  }
  inside = inside && tensor.number <= elements && (count == 0 || last < elements);
  if (!inside) throw Damaged(subject, fmt::format("tensor {} lies outside its storage", Shown(name)));
  return count;
}

bool IsContiguous(const Value& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.stride[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

// Copies the elements of a view, those of its last dimension side by side, to `to`.
void Gather(const Value& tensor, std::int64_t count, std::size_t size, const char* from, char* to) {
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  std::int64_t at = tensor.number;
  for (std::int64_t i = 0; i < count; ++i, to += size) {
    std::memcpy(to, from + static_cast<std::size_t>(at) * size, size);
    for (std::size_t d = index.size(); d-- > 0;) {
      at += tensor.stride[d];
      if (++index[d] < tensor.shape[d]) break;
      at -= tensor.stride[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
}

// The view's elements in order; in the memory of their storage, where they lie so. *allowed are the bytes
// that copies may still take.
PlainTensor MakeView(const Value& tensor, const PlainTensor& storage, const std::string& name,
                     const std::string& subject, std::uint64_t* allowed) {
  const std::int64_t count = CheckView(tensor, storage.shape[0], name, subject);
  PlainTensor view{storage.dtype, tensor.shape, nullptr};
  const std::size_t size = FindSize(storage.dtype), bytes = static_cast<std::size_t>(count) * size;
  if (count == 0) return view;
  if (IsContiguous(tensor)) {
    view.data = {storage.data, storage.data.get() + static_cast<std::size_t>(tensor.number) * size};
    return view;
  }
  if (bytes > *allowed) throw Damaged(subject, "its tensors are together far larger than it is");
  *allowed -= bytes;
  const std::shared_ptr<char> memory = AllocateElements(bytes);
  Gather(tensor, count, size, storage.data.get(), memory.get());
  view.data = memory;
  return view;
}

// Weights by name: a state dict's entries, or what a module and those inside it hold.
using Named = std::vector<std::pair<std::string, Ref>>;

bool IsText(Ref value) { return value->kind == Value::kText; }

Ref FindAttributes(Ref object) {
  const bool has = object->kind == Value::kObject && object->state != nullptr;
  return has && object->state->kind == Value::kDict ? object->state : nullptr;
}

// A module as PyTorch pickles it, with its tensors in dicts of their own; TorchScript's have them as
// attributes.
bool IsModule(Ref object) {
  const Ref attributes = FindAttributes(object);
  return attributes != nullptr &&
         (Lookup(attributes, "_modules") != nullptr || object->text.starts_with("__torch__."));
}

// Modules may hold one another in circles, or one inside many: their number and names are bounded.
class ModuleWalk {
 public:
  explicit ModuleWalk(std::string subject) : subject_(std::move(subject)) {}

  Named Walk(Ref module) {
    Module(module, "", 0);
    return std::move(named_);
  }

 private:
  void Module(Ref module, const std::string& prefix, int depth) {
    constexpr int kMaxModules = 100'000, kMaxModuleDepth = 64;
    if (depth > kMaxModuleDepth || ++modules_ > kMaxModules || prefix.size() > kMaxNameBytes)
      throw Damaged(subject_, "its modules are too deep or too many");
    const Ref attributes = FindAttributes(module);
    if (attributes == nullptr) return;
    const bool script = module->text.starts_with("__torch__.");
    for (const auto& [key, value] : attributes->pairs) {
      if (!IsText(key)) continue;
      if (script) {
        One(prefix + key->text, value, depth);
      } else if (key->text == "_parameters" || key->text == "_buffers" || key->text == "_modules") {
        for (const auto& [name, inside] : value->pairs) {
          if (IsText(name)) One(prefix + name->text, inside, depth);
        }
      }
    }
  }

  void One(const std::string& name, Ref value, int depth) {
    if (value->kind == Value::kTensor) {
      named_.emplace_back(name, value);
    } else if (value->kind == Value::kObject) {
      Module(value, name + ".", depth + 1);
    }
  }

  std::string subject_;
  Named named_;
  int modules_ = 0;
};

// A set of weights in a file, and where it lies: "state_dict", "ema.module".
struct WeightSet {
  std::string key;
  Named named;
  int rank = 0;  // the least is taken
};

constexpr int kUnknownRank = 100, kAverageRank = 200;

// Where people put the weights of a network, the likely places first; averages of them are a choice of the
// user's.
int ReadRank(const std::string& key) {
  static const std::vector<std::string> likely = {
      "state_dict", "model_state_dict", "model",      "net",   "network",    "module",
      "weights",    "params",           "checkpoint", "state", "model_state"};
  std::string lower = key;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::regex average("(^|.*_)(ema|swa|averaged?|avg|teacher|shadow)(_.*|$)");
  if (std::regex_match(lower, average)) return kAverageRank;
  const auto found = std::find(likely.begin(), likely.end(), lower);
  return found == likely.end() ? kUnknownRank : static_cast<int>(found - likely.begin());
}

// What is saved beside weights and holds tensors, too.
bool IsBeside(const std::string& key) {
  static const std::set<std::string> beside = {
      "optimizer", "optimizers", "optim",      "opt",       "optimizer_states", "optimizer_state_dict",
      "scheduler", "schedulers", "scaler",     "callbacks", "lr_schedulers",    "lr_scheduler",
      "loops",     "rng_state",  "rng_states", "amp",       "hyper_parameters", "optimizer_state"};
  return beside.count(key) > 0;
}

// Every set of weights in what people save. Dicts may hold one another in circles: each is looked into once.
class WeightSearch {
 public:
  explicit WeightSearch(std::string subject) : subject_(std::move(subject)) {}

  std::vector<WeightSet> Search(Ref root) {
    Look(root, "", 0, 0);
    std::stable_sort(sets_.begin(), sets_.end(), [](const WeightSet& a, const WeightSet& b) {
      return std::pair(a.rank, -static_cast<std::int64_t>(a.named.size())) <
             std::pair(b.rank, -static_cast<std::int64_t>(b.named.size()));
    });
    return std::move(sets_);
  }

 private:
  void Look(Ref value, const std::string& key, int rank, int depth) {
    if (depth > kMaxDepth || !seen_.insert(value).second) return;
    if (IsModule(value)) {
      Named named = ModuleWalk(subject_).Walk(value);
      if (!named.empty()) sets_.push_back({key, std::move(named), rank});
      return;
    }
    if (value->kind != Value::kDict) return;
    Named named;
    for (const auto& [name, inside] : value->pairs) {
      if (!IsText(name)) continue;
      if (inside->kind == Value::kTensor) {
        named.emplace_back(name->text, inside);
      } else if (!IsBeside(name->text) && name->text.size() <= kMaxNameBytes) {
        // At the top a place of no known name is worse than the top itself.
        Look(inside, key.empty() ? name->text : key + "." + name->text, std::max(rank, ReadRank(name->text)),
             depth + 1);
      }
    }
    // Single tensors beside a dict of weights (an epoch, a loss) are none.
    if (!named.empty()) sets_.push_back({key, std::move(named), key.empty() ? kUnknownRank - 1 : rank});
  }

  std::string subject_;
  std::set<Ref> seen_;
  std::vector<WeightSet> sets_;
};

std::string ListKeys(Ref value) {
  std::vector<std::string> keys;
  for (const auto& [key, inside] : value->pairs) {
    if (IsText(key) && keys.size() < 8) keys.push_back(Shown(key->text));
  }
  return keys.empty() ? "" : fmt::format("; it has {}", fmt::join(keys, ", "));
}

// The set of weights that `key` names, or the likeliest; *others become the keys of the rest.
WeightSet ChooseWeights(Ref root, const std::string& key, const std::string& subject,
                        std::vector<std::string>* others) {
  std::vector<WeightSet> sets = WeightSearch(subject).Search(root);
  if (sets.empty()) {
    throw Error(subject, "has no state dict, a dict of tensors by name" + ListKeys(root),
                "in Python: torch.save(model.state_dict(), FILE)");
  }
  std::size_t chosen = 0;
  while (!key.empty() && chosen < sets.size() && sets[chosen].key != key) ++chosen;
  std::vector<std::string> keys;
  for (const WeightSet& set : sets) keys.push_back(set.key.empty() ? "the top" : Shown(set.key));
  if (chosen == sets.size()) {
    throw UsageError("--key", fmt::format("{} has no weights at {}", subject, Shown(key)),
                     fmt::format("it has them at {}", fmt::join(keys, ", ")));
  }
  // A few numbers that stand beside the weights are not told.
  constexpr std::size_t kFew = 4;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (i != chosen && (sets[i].named.size() > kFew || sets[i].named.size() >= sets[chosen].named.size()))
      others->push_back(keys[i]);
  }
  return std::move(sets[chosen]);
}

using LoadStorage = std::function<PlainTensor(const Value&)>;

PlainTensors ReadTensors(const Named& named, std::uint64_t file_bytes, const std::string& subject,
                         const LoadStorage& load) {
  PlainTensors tensors;
  std::uint64_t allowed = kMaxGathering * file_bytes;
  for (const auto& [name, value] : named) {
    if (name.size() > kMaxNameBytes) throw Damaged(subject, "a name of " + Shown(name));
    if (tensors.size() == kMaxTensors)
      throw Damaged(subject, fmt::format("more than {} tensors", kMaxTensors));
    tensors[name] = MakeView(*value, load(*value->storage), name, subject, &allowed);
  }
  return tensors;
}

// NAME/data.pkl, and NAME/data/KEY for each storage.
class ZipReader {
 public:
  ZipReader(std::string_view bytes, std::string subject)
      : subject_(std::move(subject)), file_bytes_(bytes.size()), zip_(bytes, subject_), pickle_(subject_) {}

  StateDict Load(const std::string& key) {
    folder_ = Folder();
    if (Has("byteorder") && zip_.Read(folder_ + "byteorder") != "little") {
      throw Error(subject_, "was written on a big-endian machine");
    }
    const std::string text = zip_.Read(folder_ + "data.pkl");
    std::string_view rest = text;
    StateDict dict;
    WeightSet set = ChooseWeights(pickle_.Read(&rest), key, subject_, &dict.others);
    dict.key = std::move(set.key);
    dict.tensors =
        ReadTensors(set.named, file_bytes_, subject_, [&](const Value& storage) { return Storage(storage); });
    return dict;
  }

 private:
  // "NAME/", where NAME/data.pkl is.
  std::string Folder() const {
    constexpr std::string_view kPickle = "data.pkl";
    for (const auto& [name, size] : zip_.members()) {
      const auto slash = name.find('/');
      if (slash != std::string::npos && std::string_view(name).substr(slash + 1) == kPickle) {
        return name.substr(0, slash + 1);
      }
    }
    throw Error(subject_, "is a zip file, but not of PyTorch: it has no data.pkl");
  }
  bool Has(const std::string& name) const { return zip_.members().count(folder_ + name) > 0; }

  PlainTensor Storage(const Value& storage) {
    PlainTensor& loaded = storages_[storage.text];
    if (loaded.data != nullptr) {
      if (loaded.dtype != storage.dtype) throw Damaged(subject_, "a storage of two element types");
      return loaded;
    }
    const std::string name = folder_ + "data/" + storage.text;
    const auto member = zip_.members().find(name);
    if (member == zip_.members().end()) throw Damaged(subject_, fmt::format("{} is missing", Shown(name)));
    const std::uint64_t bytes = member->second;
    if (bytes % FindSize(storage.dtype) != 0 ||
        bytes / FindSize(storage.dtype) != static_cast<std::uint64_t>(storage.number)) {
      throw Damaged(subject_,
                    fmt::format("{} has {} bytes, not {} elements", Shown(name), bytes, storage.number));
    }
    return loaded = MakeStorage(storage.dtype, bytes, subject_, [&](char* to) { zip_.Read(name, to); });
  }

  std::string subject_;
  std::uint64_t file_bytes_;
  ZipFile zip_;
  Pickle pickle_;
  std::string folder_;
  Storages storages_;
};

Error NoTorchFile(const std::string& subject) {
  return Error(subject, "is no file of torch.save()", "name a .pth, .pt or .pth.tar file with a state dict");
}

// Pickles one after the other: magic, version, machine, object, keys of the storages; then each storage: its
// number of elements in 8 bytes, and these.
class LegacyReader {
 public:
  LegacyReader(std::string_view bytes, std::string subject)
      : rest_(bytes), file_bytes_(bytes.size()), subject_(std::move(subject)), pickle_(subject_) {}

  StateDict Load(const std::string& key) {
    const Ref magic = pickle_.Read(&rest_);
    if (magic->kind != Value::kBytes || magic->text != kMagic) throw NoTorchFile(subject_);
    const Ref version = pickle_.Read(&rest_);
    if (version->kind != Value::kInt || version->number != kLegacyVersion) {
      throw Error(subject_, "is of an unknown version of PyTorch's format");
    }
    const Ref little = Lookup(pickle_.Read(&rest_), "little_endian");
    if (little == nullptr || little->kind != Value::kBool || little->number != 1) {
      throw Error(subject_, "was written on a big-endian machine");
    }
    const Ref root = pickle_.Read(&rest_);
    const Ref keys = pickle_.Read(&rest_);
    StateDict dict;
    WeightSet set = ChooseWeights(root, key, subject_, &dict.others);
    FindTypes(root);
    ReadStorages(keys);
    dict.key = std::move(set.key);
    dict.tensors =
        ReadTensors(set.named, file_bytes_, subject_, [&](const Value& storage) { return Storage(storage); });
    return dict;
  }

 private:
  // The pickle alone knows the element types, by which the lengths of the storages are known.
  void FindTypes(Ref root) {
    std::set<Ref> seen;
    std::vector<Ref> left = {root};
    while (!left.empty()) {
      const Ref value = left.back();
      left.pop_back();
      if (!seen.insert(value).second) continue;
      if (value->kind == Value::kStorage && !types_.emplace(value->text, value->dtype).second &&
          types_[value->text] != value->dtype) {
        throw Damaged(subject_, "a storage of two element types");
      }
      if (value->storage != nullptr) left.push_back(value->storage);
      if (value->state != nullptr) left.push_back(value->state);
      left.insert(left.end(), value->items.begin(), value->items.end());
      for (const auto& [key, inside] : value->pairs) {
        left.push_back(key);
        left.push_back(inside);
      }
    }
  }

  void ReadStorages(Ref keys) {
    if (keys->kind != Value::kList) throw Damaged(subject_, "its storages are not listed");
    for (const Ref key : keys->items) {
      const auto type = key->kind == Value::kText ? types_.find(key->text) : types_.end();
      if (type == types_.end()) throw Damaged(subject_, "a storage that nothing uses");
      std::uint64_t count = 0;
      if (rest_.size() < sizeof(count)) throw Damaged(subject_, "it ends among the storages");
      std::memcpy(&count, rest_.data(), sizeof(count));
      rest_.remove_prefix(sizeof(count));
      const std::size_t size = FindSize(type->second);
      if (count > rest_.size() / size) throw Damaged(subject_, "it ends among the storages");
      storages_[key->text] = MakeStorage(type->second, count * size, subject_,
                                         [&](char* to) { std::memcpy(to, rest_.data(), count * size); });
      rest_.remove_prefix(count * size);
    }
  }

  PlainTensor Storage(const Value& storage) const {
    const auto found = storages_.find(storage.text);
    if (found == storages_.end()) throw Damaged(subject_, "a storage is missing");
    return found->second;
  }

  std::string_view rest_;
  std::uint64_t file_bytes_;
  std::string subject_;
  Pickle pickle_;
  std::map<std::string, DType> types_;
  Storages storages_;
};

}  // namespace

StateDict ReadTorchFile(std::string_view bytes, const std::string& subject, const std::string& key) {
  if (IsTar(bytes)) {
    throw Error(subject, "is in the tar format of PyTorch before 0.1.10, which is not read",
                "load it with a PyTorch that can, and save its state dict again");
  }
  if (IsZip(bytes)) return ZipReader(bytes, subject).Load(key);
  if (IsPickle(bytes)) return LegacyReader(bytes, subject).Load(key);
  throw NoTorchFile(subject);
}

StateDict LoadTorchFile(const std::filesystem::path& path, const std::string& key) {
  std::error_code ignored;
  const std::uint64_t file_bytes = std::filesystem::file_size(path, ignored);
  const SiblingOutput reader("read-torch", {path.string(), key});
  constexpr std::uint64_t kAlways = std::uint64_t{64} << 20;
  ReceivedWeights weights =
      ReceiveWeights(reader.fd(), path.string(), "", kAlways + (kMaxGathering + 1) * file_bytes);
  return {std::move(weights.tensors), std::move(weights.key), std::move(weights.others)};
}

}  // namespace seam
