#include "retrieve/vector_search.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/index_io.h>
#include <faiss/utils/distances.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBlock = 16384;       // rows that go into lists at once
constexpr std::int64_t kRowsPerCentre = 40;  // that k-means sees; FAISS asks for 39 at least
constexpr std::int64_t kProbes = 24;         // lists that a query looks into

faiss::MetricType FaissMetric(Metric metric) {
  return metric == Metric::kCosine ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2;
}

// From FAISS's number: it leaves the root of a distance out.
float GetValue(Metric metric, float number) {
  return metric == Metric::kCosine ? number : std::sqrt(std::max(0.0F, number));
}

std::uint64_t GetBytes(const VectorState& state, std::int64_t rows) {
  return static_cast<std::uint64_t>(rows * state.dimension) * sizeof(float);
}

const float* ToFloats(const MappedFile& file) { return reinterpret_cast<const float*>(file.bytes().data()); }

void Sort(Metric metric, std::int64_t count, std::vector<Near>* found) {
  std::sort(found->begin(), found->end(), [&](const Near& a, const Near& b) {
    if (a.value != b.value) return IsNearer(metric, a.value, b.value);
    return a.row < b.row;
  });
  if (static_cast<std::int64_t>(found->size()) > count) found->resize(static_cast<std::size_t>(count));
}

void CheckLength(const MappedFile& file, const fs::path& path, const VectorState& state) {
  if (file.bytes().size() < GetBytes(state, state.rows))
    throw Error(path.string(), fmt::format("is shorter than its {} vectors", state.rows),
                "make the index anew");
}

}  // namespace

std::string_view GetName(Metric metric) { return metric == Metric::kCosine ? "cosine" : "euclidean"; }

std::optional<Metric> ReadMetric(std::string_view name) {
  for (const Metric metric : {Metric::kCosine, Metric::kEuclidean}) {
    if (name == GetName(metric)) return metric;
  }
  return std::nullopt;
}

bool IsNearer(Metric metric, float a, float b) { return metric == Metric::kCosine ? a > b : a < b; }

fs::path VectorFile(const fs::path& folder, const VectorState& state) {
  return folder / fmt::format("vectors-{}.f32", state.generation);
}

fs::path ListFile(const fs::path& folder, const VectorState& state) {
  return folder / fmt::format("lists-{}.faiss", state.generation);
}

void Normalise(Metric metric, std::vector<float>* vector) {
  if (metric != Metric::kCosine) return;
  double sum = 0;
  for (const float value : *vector) sum += double{value} * value;
  if (sum <= 0) return;
  const auto factor = static_cast<float>(1 / std::sqrt(sum));
  for (float& value : *vector) value *= factor;
}

void AppendVectors(const fs::path& folder, const std::vector<float>& vectors, VectorState* state) {
  const fs::path path = VectorFile(folder, *state);
  const auto fail = [&] {
    return Error(path.string(), fmt::format("cannot be written: {}", strerror(errno)));
  };
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) throw fail();
  const auto* bytes = reinterpret_cast<const char*>(vectors.data());
  const std::size_t size = vectors.size() * sizeof(float);
  auto place = static_cast<off_t>(GetBytes(*state, state->rows));
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = pwrite(descriptor, bytes + done, size - done, place);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const Error error = fail();
      close(descriptor);
      throw error;
    }
    done += static_cast<std::size_t>(count);
    place += count;
  }
  const bool synced = fdatasync(descriptor) == 0;
  const Error error = fail();
  close(descriptor);
  if (!synced) throw error;
  state->rows += static_cast<std::int64_t>(vectors.size()) / state->dimension;
}

bool ExtendLists(const fs::path& folder, VectorState* state) {
  if ((state->rows - state->listed) * state->dimension <= kExactNumbers) return false;
  const fs::path path = ListFile(folder, *state);
  const MappedFile file(VectorFile(folder, *state));
  CheckLength(file, VectorFile(folder, *state), *state);
  const float* vectors = ToFloats(file);
  const fs::path part = path.string() + ".part";
  try {
    std::unique_ptr<faiss::Index> index;
    const auto centres_for = [](std::int64_t rows) {
      return static_cast<std::int64_t>(4 * std::sqrt(static_cast<double>(rows)));
    };
    if (state->listed > 0) {
      index.reset(faiss::read_index(path.c_str()));
      const auto* lists = dynamic_cast<const faiss::IndexIVFFlat*>(index.get());
      // Centres go with the root of the rows: half as many as there should be mean four times the rows.
      if (lists == nullptr || static_cast<std::int64_t>(lists->nlist) * 2 < centres_for(state->rows))
        index.reset();
    }
    if (!index) {
      const std::int64_t centres = centres_for(state->rows);
      auto* quantiser = new faiss::IndexFlat(state->dimension, FaissMetric(state->metric));
      auto lists = std::make_unique<faiss::IndexIVFFlat>(
          quantiser, static_cast<std::size_t>(state->dimension), static_cast<std::size_t>(centres),
          FaissMetric(state->metric));
      lists->own_fields = true;
      lists->cp.niter = 8;
      lists->cp.spherical = state->metric == Metric::kCosine;
      const std::int64_t taken = std::min(state->rows, centres * kRowsPerCentre);
      std::vector<float> sample(static_cast<std::size_t>(taken * state->dimension));
      for (std::int64_t i = 0; i < taken; ++i) {
        std::copy_n(vectors + i * state->rows / taken * state->dimension, state->dimension,
                    sample.data() + i * state->dimension);
      }
      lists->train(taken, sample.data());
      index = std::move(lists);
    }
    // More than `listed` where an earlier call was cut off before that was recorded.
    for (std::int64_t next = index->ntotal; next < state->rows; next += kBlock) {
      index->add(std::min(kBlock, state->rows - next), vectors + next * state->dimension);
      file.DropPages();
    }
    faiss::write_index(index.get(), part.c_str());
  } catch (const faiss::FaissException& error) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw Error(path.string(), fmt::format("cannot be made: {}", error.what()));
  }
  fs::rename(part, path);
  state->listed = state->rows;
  return true;
}

struct VectorSearch::Lists {
  std::unique_ptr<faiss::Index> index;
  std::size_t probes = 0;
};

// Which rows are looked at, told by their distance from `first`.
struct VectorSearch::Selector : faiss::IDSelector {
  Selector(const VectorSearch& of_search, std::int64_t of_first) : search(of_search), first(of_first) {}
  bool is_member(idx_t id) const override { return !search.IsDeleted(first + id); }
  const VectorSearch& search;
  std::int64_t first;
};

VectorSearch::VectorSearch(const fs::path& folder, const VectorState& state,
                           std::vector<std::int64_t> deleted)
    : state_(state), deleted_(std::move(deleted)) {
  std::sort(deleted_.begin(), deleted_.end());
  if (state_.rows == 0) return;
  const fs::path path = VectorFile(folder, state_);
  file_.emplace(path);
  CheckLength(*file_, path, state_);
  if (state_.listed == 0) return;
  lists_ = std::make_unique<Lists>();
  const fs::path list_path = ListFile(folder, state_);
  try {
    lists_->index.reset(faiss::read_index(list_path.c_str(), faiss::IO_FLAG_MMAP | faiss::IO_FLAG_READ_ONLY));
  } catch (const faiss::FaissException&) {
    throw Error(list_path.string(), "cannot be read", "make the index anew");
  }
  const auto* lists = dynamic_cast<const faiss::IndexIVFFlat*>(lists_->index.get());
  if (lists == nullptr || lists->d != state_.dimension || lists->ntotal < state_.listed)
    throw Error(list_path.string(), "holds no lists of these vectors", "make the index anew");
  lists_->probes = std::min<std::size_t>(lists->nlist, kProbes);
}

VectorSearch::~VectorSearch() = default;

const float* VectorSearch::Row(std::int64_t row) const { return ToFloats(*file_) + row * state_.dimension; }

bool VectorSearch::IsDeleted(std::int64_t row) const {
  return std::binary_search(deleted_.begin(), deleted_.end(), row);
}

void VectorSearch::AddExact(std::int64_t first, const float* queries, std::int64_t n, std::int64_t count,
                            std::vector<std::vector<Near>>* found) const {
  const std::int64_t rows = state_.rows - first;
  const std::int64_t k = std::min(count, rows);
  if (k <= 0) return;
  const auto places = static_cast<std::size_t>(n * k);
  std::vector<float> values(places);
  std::vector<std::int64_t> ids(places, -1);
  const Selector selector(*this, first);
  const faiss::IDSelector* chosen = deleted_.empty() ? nullptr : &selector;
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  if (state_.metric == Metric::kCosine) {
    faiss::knn_inner_product(queries, Row(first), size(state_.dimension), size(n), size(rows), size(k),
                             values.data(), ids.data(), chosen);
  } else {
    faiss::knn_L2sqr(queries, Row(first), size(state_.dimension), size(n), size(rows), size(k), values.data(),
                     ids.data(), nullptr, chosen);
  }
  for (std::size_t i = 0; i < places; ++i) {
    if (ids[i] >= 0) (*found)[i / size(k)].push_back({first + ids[i], GetValue(state_.metric, values[i])});
  }
}

void VectorSearch::AddListed(const float* queries, std::int64_t n, std::int64_t count,
                             std::vector<std::vector<Near>>* found) const {
  const std::int64_t k = std::min(count, state_.listed);
  const auto places = static_cast<std::size_t>(n * k);
  std::vector<float> values(places);
  std::vector<std::int64_t> ids(places, -1);
  Selector selector(*this, 0);
  faiss::SearchParametersIVF parameters;
  parameters.nprobe = lists_->probes;
  if (!deleted_.empty()) parameters.sel = &selector;
  lists_->index->search(n, queries, k, values.data(), ids.data(), &parameters);
  for (std::size_t i = 0; i < places; ++i) {
    // Rows that were added and not committed may have lists.
    if (ids[i] >= 0 && ids[i] < state_.listed)
      (*found)[i / static_cast<std::size_t>(k)].push_back({ids[i], GetValue(state_.metric, values[i])});
  }
}

std::vector<std::vector<Near>> VectorSearch::Nearest(const float* queries, std::int64_t n, std::int64_t count,
                                                     Method method) const {
  std::vector<std::vector<Near>> found(static_cast<std::size_t>(n));
  if (n == 0 || state_.rows == 0) return found;
  if (lists_ && method == Method::kLists) {
    AddListed(queries, n, count, &found);
    AddExact(state_.listed, queries, n, count, &found);
  } else {
    AddExact(0, queries, n, count, &found);
  }
  for (auto& each : found) Sort(state_.metric, count, &each);
  return found;
}

std::vector<std::vector<Near>> VectorSearch::Farthest(const float* queries, std::int64_t n,
                                                      std::int64_t count) const {
  std::vector<std::vector<Near>> found(static_cast<std::size_t>(n));
  const auto d = static_cast<std::size_t>(state_.dimension);
  const auto farther = [&](const Near& a, const Near& b) {
    if (a.value != b.value) return IsNearer(state_.metric, b.value, a.value);
    return a.row < b.row;
  };
  for (std::int64_t q = 0; q < n; ++q) {
    std::vector<Near> all;
    for (std::int64_t row = 0; row < state_.rows; ++row) {
      if (IsDeleted(row)) continue;
      const float* query = queries + q * state_.dimension;
      const float number = state_.metric == Metric::kCosine ? faiss::fvec_inner_product(query, Row(row), d)
                                                            : faiss::fvec_L2sqr(query, Row(row), d);
      all.push_back({row, GetValue(state_.metric, number)});
    }
    const auto kept = std::min(all.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, count)));
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(), farther);
    all.resize(kept);
    found[static_cast<std::size_t>(q)] = std::move(all);
  }
  return found;
}

}  // namespace seam
