#pragma once

#include <torch/types.h>
#include <zip.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace seam {

// What torch.save() writes of dicts and tensors: a pickle, and the tensors' numbers beside it.
class TorchArchive {
 public:
  static std::string Text(const std::string& text) {
    std::string item = "X";
    item += Bytes(static_cast<std::uint32_t>(text.size()));
    return item += text;
  }
  static std::string Number(std::int64_t number) {
    std::string item = "J";
    return item += Bytes(static_cast<std::int32_t>(number));
  }
  static std::string Dict(const std::string& entries) { return "}(" + entries + "u"; }

  std::string Tensor(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.detach().contiguous();
    const std::string key = std::to_string(numbers_.size());
    numbers_.emplace_back(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
    std::string sizes, strides;
    for (const auto side : plain.sizes()) sizes += Number(side);
    for (const auto stride : plain.strides()) strides += Number(stride);
    const std::string kind = plain.scalar_type() == torch::kLong ? "LongStorage" : "FloatStorage";
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\n" + kind + "\n" + Text(key) +
           Text("cpu") + Number(plain.numel()) + "tQ" + Number(0) + "(" + sizes + "t(" + strides + "t\x89}tR";
  }

  void Write(const std::filesystem::path& path, const std::string& object) const {
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    const std::string pickle = "\x80\2" + object + ".";
    const auto add = [&](const std::string& name, const std::string& bytes) {
      const auto at =
          zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
      zip_set_file_compression(zip, static_cast<zip_uint64_t>(at), ZIP_CM_STORE, 0);
    };
    add("archive/data.pkl", pickle);
    for (std::size_t i = 0; i < numbers_.size(); ++i) add("archive/data/" + std::to_string(i), numbers_[i]);
    ASSERT_EQ(zip_close(zip), 0);
  }

 private:
  template <class T>
  static std::string Bytes(T number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
  std::vector<std::string> numbers_;
};

}  // namespace seam
