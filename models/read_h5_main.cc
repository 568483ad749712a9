// seam-read-h5 FILE: the weights of an HDF5 file for `seam models import`, on standard output
// (models/weights/weights_pipe.h). Hostile files have broken the HDF5 library before, so it is kept in a
// process of its own, in a sandbox, with bounds on its time and memory.

#include <hdf5.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/program.h"
#include "base/sandbox.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/weights_pipe.h"

namespace seam {
namespace {

// Weights hardly pack; a file of zeros, or of nothing written, could ask for all memory.
constexpr int kMaxH5Depth = 8, kMaxH5Objects = 20'000, kMaxH5Rank = 8;
constexpr std::size_t kMaxH5NameBytes = 500;
constexpr std::uint64_t kMaxH5Elements = std::uint64_t{1} << 29;  // 2 GiB of float32, together
constexpr char kHint[] = "name a file of Keras' save_weights()";
constexpr std::uint64_t kMaxUnpacking = 20, kAlwaysAllowedBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kCpuSeconds = 60, kAddressBytes = std::uint64_t{16} << 30;

// An id of the HDF5 library, closed at the end.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }
  bool good() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// Walks the file and writes what it finds. A Problem is the text of an Error.
struct Problem {
  std::string text;
};

class H5Walker {
 public:
  explicit H5Walker(int out) : sender_(out) {}

  // The library opens the file and reads its first header; all else happens in the sandbox.
  void Walk(const char* path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);  // a file must not make the library load code
    const Id file(H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file.good()) throw Problem{"cannot be read as HDF5"};
    if (SandboxProblem().empty()) EnterSandbox();
    if (H5Fget_filesize(file, &file_bytes_) < 0) throw Problem{"its size cannot be read"};
    const bool whole = H5Lexists(file, "model_weights", H5P_DEFAULT) > 0;
    const Id root(H5Gopen2(file, whole ? "model_weights" : "/", H5P_DEFAULT), H5Gclose);
    if (!root.good()) throw Problem{"its root cannot be read"};
    Group(root, "", 0);
    sender_.End();
  }

  void Tell(const std::string& problem) { sender_.Problem(problem, kHint); }

 private:
  static std::string GetName(hid_t group, hsize_t index) {
    char name[kMaxH5NameBytes + 1] = {};
    const ssize_t length =
        H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, sizeof(name), H5P_DEFAULT);
    if (length <= 0 || static_cast<std::size_t>(length) > kMaxH5NameBytes) throw Problem{"a name is damaged"};
    return std::string(name, static_cast<std::size_t>(length));
  }

  // What Keras 3 keeps beside the layers' weights: the optimizer, metrics, the state of random numbers.
  static bool IsBeside(const std::string& name, int depth) {
    return name == "seed_generator" ||
           (depth == 0 && (name == "optimizer" || name == "metrics" || name == "compile_metrics"));
  }

  void Group(hid_t group, const std::string& path, int depth) {
    H5G_info_t info;
    if (depth > kMaxH5Depth || H5Gget_info(group, &info) < 0)
      throw Problem{"its groups are damaged or too deep"};
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      if (++objects_ > kMaxH5Objects) throw Problem{fmt::format("holds more than {} objects", kMaxH5Objects)};
      const std::string name = GetName(group, i);
      const std::string inside = path.empty() ? name : path + "/" + name;
      if (IsBeside(name, depth)) continue;
      H5L_info_t link;
      if (H5Lget_info(group, name.c_str(), &link, H5P_DEFAULT) < 0) throw Problem{"a link is damaged"};
      if (link.type != H5L_TYPE_HARD) {
        throw Problem{fmt::format("{} is a link to somewhere else, which is not followed", Shown(inside))};
      }
      const Id object(H5Oopen(group, name.c_str(), H5P_DEFAULT), H5Oclose);
      const H5I_type_t type = object.good() ? H5Iget_type(object) : H5I_BADID;
      if (type == H5I_GROUP) {
        Group(object, inside, depth + 1);
      } else if (type == H5I_DATASET) {
        Dataset(object, inside);
      } else {
        throw Problem{fmt::format("{} is neither a group nor a dataset", Shown(inside))};
      }
    }
  }

  // Refuses what reads other files or runs other code.
  static void CheckStorage(hid_t dataset, const std::string& name) {
    const Id plist(H5Dget_create_plist(dataset), H5Pclose);
    const H5D_layout_t layout = plist.good() ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    const bool inside = layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED;
    if (!inside || H5Pget_external_count(plist) != 0) {
      throw Problem{fmt::format("the data of {} are in another file", Shown(name))};
    }
    const int filters = layout == H5D_CHUNKED ? H5Pget_nfilters(plist) : 0;
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0, config = 0;
      std::size_t values = 0;
      const H5Z_filter_t filter =
          H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
        throw Problem{
            fmt::format("{} is packed by filter {}; gzip and shuffle are read", Shown(name), filter)};
      }
    }
  }

  void Dataset(hid_t dataset, const std::string& name) {
    CheckStorage(dataset, name);
    const Id type(H5Dget_type(dataset), H5Tclose), space(H5Dget_space(dataset), H5Sclose);
    if (!type.good() || H5Tget_class(type) != H5T_FLOAT) {
      throw Problem{fmt::format("{} does not hold floating-point numbers", Shown(name))};
    }
    const int rank = space.good() ? H5Sget_simple_extent_ndims(space) : -1;
    if (rank < 0 || rank > kMaxH5Rank) throw Problem{fmt::format("the shape of {} is damaged", Shown(name))};
    hsize_t sides[kMaxH5Rank] = {};
    if (H5Sget_simple_extent_dims(space, sides, nullptr) != rank) {
      throw Problem{fmt::format("the shape of {} is damaged", Shown(name))};
    }
    std::uint64_t count = 1;
    for (int i = 0; i < rank; ++i) {
      if (sides[i] == 0 || sides[i] > kMaxH5Elements / count) {
        throw Problem{fmt::format("the shape of {} is empty or too large", Shown(name))};
      }
      count *= sides[i];
    }
    elements_ += count;
    const std::uint64_t allowed = kAlwaysAllowedBytes + kMaxUnpacking * file_bytes_;
    if (elements_ > kMaxH5Elements || elements_ * sizeof(float) > allowed) {
      throw Problem{fmt::format("{} would unpack to far more than there is", Shown(name))};
    }
    std::vector<float> values(count);
    if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
      throw Problem{fmt::format("the numbers of {} cannot be read", Shown(name))};
    }
    sender_.Tensor(name, DType::kFloat32, {sides, sides + rank},
                   {reinterpret_cast<const char*>(values.data()), count * sizeof(float)});
  }

  WeightsSender sender_;
  int objects_ = 0;
  std::uint64_t elements_ = 0;
  hsize_t file_bytes_ = 0;
};

int Read(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1)
    throw UsageError("seam-read-h5", "takes one file; it is run by `seam models import`");
  LimitProcess({kAddressBytes, kCpuSeconds, 0});
  H5Walker walker(STDOUT_FILENO);
  try {
    walker.Walk(arguments[0].c_str());
  } catch (const Problem& problem) {
    walker.Tell(problem.text);
  } catch (const std::exception&) {
    walker.Tell("asks for more memory than there is");
  }
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Read); }
