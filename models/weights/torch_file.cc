#include "models/weights/torch_file.h"

#include <cstring>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/pickle.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/zip_file.h"

namespace seam {
namespace {

using Value = PickleValue;
using Ref = PickleValue::Ref;
using Tensors = std::map<std::string, torch::Tensor>;
// Storages of a file by key, one dimension each; absent: undefined.
using Storages = std::map<std::string, torch::Tensor>;

// The legacy format begins with the pickled number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kLegacyVersion = 1001;
constexpr int kMaxDepth = 4;
constexpr std::size_t kMaxNameBytes = 1'000;

Error Damaged(const std::string& subject, const std::string& what) {
  return Error(subject, "damaged PyTorch file: " + what, "fetch or write the file again");
}

bool IsTar(std::string_view bytes) { return bytes.size() > 262 && bytes.substr(257, 5) == "ustar"; }
bool IsPickle(std::string_view bytes) { return !bytes.empty() && bytes[0] == '\x80'; }
bool IsZip(std::string_view bytes) { return bytes.substr(0, 4) == std::string_view("PK\3\4", 4); }

// Memory for a storage of the pickle, to be filled with `bytes` bytes.
torch::Tensor MakeStorage(c10::ScalarType dtype, std::uint64_t bytes) {
  return torch::empty({static_cast<std::int64_t>(bytes / c10::elementSize(dtype))}, dtype);
}

void CheckBools(const torch::Tensor& storage, const std::string& subject) {
  if (storage.scalar_type() != torch::kBool) return;
  const auto* bytes = static_cast<const unsigned char*>(storage.data_ptr());
  for (std::int64_t i = 0; i < storage.numel(); ++i) {
    if (bytes[i] > 1) throw Damaged(subject, "a storage of bools holds other bytes than 0 and 1");
  }
}

// A view of its storage, proved to lie inside.
torch::Tensor ViewOf(const Value& tensor, const torch::Tensor& storage, const std::string& name,
                     const std::string& subject) {
  const std::int64_t elements = storage.numel();
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
  if (count == 0) return torch::empty(tensor.shape, storage.scalar_type());
  return storage.as_strided(tensor.shape, tensor.stride, tensor.number);
}

bool HasTensors(Ref dict) {
  for (const auto& [key, value] : dict->pairs) {
    if (key->kind == Value::kText && value->kind == Value::kTensor) return true;
  }
  return false;
}

// Where a state dict lies in what people save, the likely places first. Dicts may hold one another in
// circles: `seen` are those that were looked into.
Ref FindStateDict(Ref value, std::set<Ref>* seen, int depth = 0) {
  if (value->kind != Value::kDict || depth > kMaxDepth || !seen->insert(value).second) return nullptr;
  for (const char* key : {"state_dict", "model_state_dict", "model", "net", "network", "module", "weights"}) {
    const Ref inside = Lookup(value, key);
    const Ref found = inside == nullptr ? nullptr : FindStateDict(inside, seen, depth + 1);
    if (found != nullptr) return found;
  }
  return HasTensors(value) ? value : nullptr;
}

std::string KeysOf(Ref value) {
  std::vector<std::string> keys;
  for (const auto& [key, inside] : value->pairs) {
    if (key->kind == Value::kText && keys.size() < 8) keys.push_back(Shown(key->text));
  }
  return keys.empty() ? "" : fmt::format("; it has {}", fmt::join(keys, ", "));
}

Ref StateDictOf(Ref root, const std::string& subject) {
  std::set<Ref> seen;
  const Ref found = FindStateDict(root, &seen);
  if (found != nullptr) return found;
  throw Error(subject, "has no state dict, a dict of tensors by name" + KeysOf(root),
              "in Python: torch.save(model.state_dict(), FILE)");
}

using LoadStorage = std::function<torch::Tensor(const Value&)>;

Tensors TensorsOf(Ref dict, const std::string& subject, const LoadStorage& load) {
  Tensors tensors;
  for (const auto& [key, value] : dict->pairs) {
    if (key->kind != Value::kText || value->kind != Value::kTensor) continue;
    if (key->text.size() > kMaxNameBytes) throw Damaged(subject, "a name of " + Shown(key->text));
    if (tensors.size() == kMaxTensors)
      throw Damaged(subject, fmt::format("more than {} tensors", kMaxTensors));
    tensors[key->text] = ViewOf(*value, load(*value->storage), key->text, subject);
  }
  return tensors;
}

// NAME/data.pkl, and NAME/data/KEY for each storage.
class ZipReader {
 public:
  ZipReader(std::string_view bytes, std::string subject)
      : subject_(std::move(subject)), zip_(bytes, subject_), pickle_(subject_) {}

  Tensors Load() {
    folder_ = Folder();
    if (Has("constants.pkl") || Has("code/__torch__.py")) {
      throw Error(subject_, "is a TorchScript program, which holds code",
                  "in Python: torch.save(torch.jit.load(FILE).state_dict(), OTHER)");
    }
    if (Has("byteorder") && zip_.Read(folder_ + "byteorder") != "little") {
      throw Error(subject_, "was written on a big-endian machine");
    }
    const std::string text = zip_.Read(folder_ + "data.pkl");
    std::string_view rest = text;
    const Ref dict = StateDictOf(pickle_.Read(&rest), subject_);
    return TensorsOf(dict, subject_, [&](const Value& storage) { return Storage(storage); });
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

  torch::Tensor Storage(const Value& storage) {
    torch::Tensor& loaded = storages_[storage.text];
    if (loaded.defined()) {
      if (loaded.scalar_type() != storage.dtype) throw Damaged(subject_, "a storage of two element types");
      return loaded;
    }
    const std::string name = folder_ + "data/" + storage.text;
    const auto member = zip_.members().find(name);
    if (member == zip_.members().end()) throw Damaged(subject_, fmt::format("{} is missing", Shown(name)));
    const std::uint64_t bytes = member->second;
    if (bytes % c10::elementSize(storage.dtype) != 0 ||
        bytes / c10::elementSize(storage.dtype) != static_cast<std::uint64_t>(storage.number)) {
      throw Damaged(subject_,
                    fmt::format("{} has {} bytes, not {} elements", Shown(name), bytes, storage.number));
    }
    auto tensor = MakeStorage(storage.dtype, bytes);
    if (bytes > 0) zip_.Read(name, static_cast<char*>(tensor.data_ptr()));
    CheckBools(tensor, subject_);
    return loaded = tensor;
  }

  std::string subject_;
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
      : rest_(bytes), subject_(std::move(subject)), pickle_(subject_) {}

  Tensors Load() {
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
    const Ref dict = StateDictOf(root, subject_);
    FindTypes(root);
    ReadStorages(keys);
    return TensorsOf(dict, subject_, [&](const Value& storage) { return Storage(storage); });
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
      left.insert(left.end(), value->items.begin(), value->items.end());
      for (const auto& [key, inside] : value->pairs) left.push_back(inside);
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
      const std::size_t size = c10::elementSize(type->second);
      if (count > rest_.size() / size) throw Damaged(subject_, "it ends among the storages");
      auto storage = MakeStorage(type->second, count * size);
      if (count > 0) std::memcpy(storage.data_ptr(), rest_.data(), count * size);
      rest_.remove_prefix(count * size);
      CheckBools(storage, subject_);
      storages_[key->text] = storage;
    }
  }

  torch::Tensor Storage(const Value& storage) const {
    const auto found = storages_.find(storage.text);
    if (found == storages_.end()) throw Damaged(subject_, "a storage is missing");
    return found->second;
  }

  std::string_view rest_;
  std::string subject_;
  Pickle pickle_;
  std::map<std::string, c10::ScalarType> types_;
  Storages storages_;
};

}  // namespace

bool LooksLikeTorchFile(std::string_view bytes) { return IsZip(bytes) || IsTar(bytes) || IsPickle(bytes); }

Tensors ReadTorchFile(std::string_view bytes, const std::string& subject) {
  if (IsTar(bytes)) {
    throw Error(subject, "is in the tar format of PyTorch before 0.1.10, which is not read",
                "load it with a PyTorch that can, and save its state dict again");
  }
  if (IsZip(bytes)) return ZipReader(bytes, subject).Load();
  if (IsPickle(bytes)) return LegacyReader(bytes, subject).Load();
  throw NoTorchFile(subject);
}

Tensors LoadTorchFile(const std::filesystem::path& path) {
  const MappedFile file(path);
  return ReadTorchFile(file.bytes(), path.string());
}

}  // namespace seam
