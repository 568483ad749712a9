#include "extract/faces/process_threads.h"

#include <algorithm>
#include <cstddef>
#include <thread>

#include <opencv2/core.hpp>

#include <tbb/global_control.h>

namespace seam {

struct ProcessThreads::Impl {
  tbb::global_control limit;
};

ProcessThreads::ProcessThreads(int jobs)
    : impl_(new Impl{{tbb::global_control::max_allowed_parallelism,
                      jobs > 0 ? static_cast<std::size_t>(jobs)
                               : std::max<std::size_t>(1, std::thread::hardware_concurrency())}}) {
  cv::setNumThreads(1);
}

ProcessThreads::~ProcessThreads() = default;

}  // namespace seam
