#include "models/torch_command.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <ATen/Config.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "base/error.h"
#include "base/options.h"

namespace seam {

int ShowTorch(const std::vector<std::string>& arguments) {
  Options options("seam models torch", "[--json]", "what LibTorch can do on this machine",
                  "seam models torch");
  bool json = false;
  options.Add("json", &json, "print JSON");
  if (!options.Parse(arguments)) return kExitGood;
  const std::string config = at::show_config();
  const std::string blas =
      config.find("openblas") != std::string::npos || config.find("BLAS_INFO=open") != std::string::npos
          ? "OpenBLAS"
          : "the system's";
  const nlohmann::ordered_json shown = {{"version", TORCH_VERSION},
                                        {"cuda_devices", static_cast<int>(torch::cuda::device_count())},
                                        {"cudnn", torch::cuda::cudnn_is_available()},
                                        {"threads", at::get_num_threads()},
                                        {"onednn", AT_MKLDNN_ENABLED() != 0},
                                        {"blas", blas}};
  if (json) {
    std::cout << shown.dump(2) << "\n";
    return kExitGood;
  }
  for (const auto& [name, value] : shown.items())
    std::cout << fmt::format("{:<14}{}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  return kExitGood;
}

}  // namespace seam
