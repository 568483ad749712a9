#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

namespace seam {

// oneDNN works on the calling thread alone while this lives: both while primitives are made and while they
// run.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

// Memory that stays with its owner, aligned for vectors and large pages; zero at first.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(std::size_t bytes);
  std::byte* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* pointer) const;
  };
  std::unique_ptr<std::byte, Free> data_;
};

// oneDNN primitives, and kernels of our own, in the order of their work. Every result has its stretch of one
// arena, where later results take the room of those that nobody needs any more. Immutable once placed: any
// number of replicas run it at once, each in an arena of its own.
class OneDnnProgram {
 public:
  struct Operand {
    int argument = 0;
    dnnl::memory::desc desc;
    int storage = -1;  // -1: `fixed`
    std::size_t offset = 0;
    dnnl::memory fixed;
  };

  // A stretch of the arena, in use from the work that comes next to the last that Add() sees it in.
  int NewStorage(std::size_t bytes);
  // `scratch` is what the primitive wants for itself.
  void Add(dnnl::primitive primitive, const dnnl::memory::desc& scratch, std::vector<Operand> operands);
  // Work of our own: `kernel` gets where two stretches lie.
  using Kernel = std::function<void(const float* from, float* to)>;
  void AddKernel(const Kernel& kernel, int from, int to);
  using JoiningKernel = std::function<void(const std::vector<const float*>& from, float* to)>;
  void AddKernel(JoiningKernel kernel, std::vector<int> from, int to);
  // In use to the end.
  void Keep(int storage);
  // Gives every stretch its offset; nothing is added later.
  void Place();

  std::size_t arena_bytes() const { return arena_bytes_; }
  std::size_t offset(int storage) const { return storages_[static_cast<std::size_t>(storage)].offset; }

  // A program at work in one arena.
  class Replica {
   public:
    Replica(const OneDnnProgram& program, const dnnl::engine& engine);
    void Run(const dnnl::stream& stream) const;
    template <class T>
    T* At(int storage) const {
      return reinterpret_cast<T*>(arena_.data() + program_.offset(storage));
    }

   private:
    struct Call {
      const dnnl::primitive* primitive = nullptr;
      std::unordered_map<int, dnnl::memory> arguments;
      const JoiningKernel* kernel = nullptr;  // instead of the primitive
      std::vector<const float*> from;
      float* to = nullptr;
    };
    const OneDnnProgram& program_;
    AlignedBuffer arena_;
    std::vector<Call> calls_;
  };

 private:
  struct Storage {
    std::size_t bytes = 0, offset = 0;
    int first = 0, last = 0;
  };
  struct Work {
    dnnl::primitive primitive;
    std::vector<Operand> operands;
    JoiningKernel kernel;  // where there is no primitive
    std::vector<int> from;
    int to = -1;
  };
  std::vector<Storage> storages_;
  std::vector<Work> works_;
  std::size_t arena_bytes_ = 0;
};

}  // namespace seam
