#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/networks/graph.h"

namespace seam {

// A network that was read from a file.
struct OnnxNetwork {
  Graph graph;                                        // without a head; its results are named outputs
  std::map<std::string, std::vector<float>> weights;  // by the names of ListWeights(Graph)
};

// An ONNX file of float32: read and checked once, made a graph of as often as the size of the pictures
// changes. Any number of threads may ask it at once.
//
// The operators are those that a graph has nodes for (the table in onnx_file.cc, docs/models.md), and what
// exporters write around them: constants, sums over shapes, Pad before a convolution. The network must take
// one input [B, 3, H, W]. Whatever is unknown, does not fit or is too large is an Error that names the file
// and the node; only what the wanted outputs need is looked at. No other file is opened: weights that lie
// outside are refused.
class OnnxFile {
 public:
  explicit OnnxFile(const std::filesystem::path& path);
  // Of a file's bytes, which errors call `subject`.
  OnnxFile(const std::string& bytes, const std::string& subject);
  ~OnnxFile();
  OnnxFile(const OnnxFile&) = delete;
  OnnxFile& operator=(const OnnxFile&) = delete;

  // For pictures of this height and width, whatever size the file was exported for. `outputs` are names of
  // the file's values, inner ones too; empty: the outputs of the file.
  OnnxNetwork Network(int height, int width, const std::vector<std::string>& outputs = {}) const;
  // All its outputs, for pictures of the size that the file says.
  OnnxNetwork Network() const;

  struct Parsed;

 private:
  std::unique_ptr<const Parsed> parsed_;
};

// The bytes of the file at `path`, which then says that its network takes pictures of side x side. Programs
// that work out sizes once, from what the file says, so have them for the largest picture.
std::string OnnxForSide(const std::filesystem::path& path, int side);

inline OnnxNetwork ReadOnnx(const std::filesystem::path& path) { return OnnxFile(path).Network(); }

}  // namespace seam
