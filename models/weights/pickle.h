#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/weights/dtype.h"

namespace seam {

// What a pickle can hold here. Values belong to the Pickle that read them, and may refer to one another in
// circles: who walks them bounds the depth.
struct PickleValue {
  enum Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kBytes,
    kTuple,
    kList,
    kDict,
    kGlobal,
    kStorage,
    kTensor,
    kObject,  // of a class that is not known: what it was made of, and nothing that was run
  };
  using Ref = const PickleValue*;

  Kind kind = kNone;
  std::int64_t number = 0;  // kBool, kInt; kStorage: its elements; kTensor: first element
  double fraction = 0;      // kFloat
  std::string text;         // kText, kBytes; kGlobal, kObject: "module.name"; kStorage: its key
  std::vector<Ref> items;   // kTuple, kList; kObject: arguments and elements
  std::vector<std::pair<Ref, Ref>> pairs;   // kDict, kObject, in order; of equal keys the last counts
  DType dtype = DType::kFloat32;            // kStorage
  Ref storage = nullptr;                    // kTensor
  Ref state = nullptr;                      // kObject: its attributes, a dict in most cases
  std::vector<std::int64_t> shape, stride;  // kTensor, in elements
};

// Reads pickles of protocols 2 to 5 without running them. A pickle is a program that may call any function of
// Python; this reader knows numbers, text, lists, tuples, dicts, and the few names that rebuild a PyTorch
// tensor. A call of any other name, an instance of any other class is a kObject that keeps what it was given
// and does nothing: so NumPy scalars, enumerations, argparse's namespaces and whole modules do not stand in
// the way of the tensors beside or within them. Names of functions that plain programs never save (os.system,
// builtins.eval) are an Error that tells them. Sizes are bounded by the length of the file.
class Pickle {
 public:
  explicit Pickle(std::string subject) : subject_(std::move(subject)) {}
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  // The object that the pickle at the begin of *bytes holds; *bytes is left at what follows it.
  PickleValue::Ref Read(std::string_view* bytes);

 private:
  class Machine;

  std::string subject_;
  std::deque<PickleValue> values_;  // addresses stay
};

// The value of a dict's text key, or nullptr; also for what is no dict.
PickleValue::Ref Lookup(PickleValue::Ref dict, std::string_view key);

}  // namespace seam
