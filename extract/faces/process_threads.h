#pragma once

#include <memory>

namespace seam {

// For programs, not for libraries: while it lives, at most `jobs` threads are at work in the process (0: one
// per core), and OpenCV starts none of its own, since videos share the cores already.
class ProcessThreads {
 public:
  explicit ProcessThreads(int jobs);
  ~ProcessThreads();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam
