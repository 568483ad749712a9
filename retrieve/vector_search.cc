#include "retrieve/vector_search.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/index_io.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

// BLAS, as Fortran has it: matrices column by column.
extern "C" {
void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
            const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
            const float* beta, float* c, const int* ldc);
void sgemv_(const char* transpose, const int* m, const int* n, const float* alpha, const float* a,
            const int* lda, const float* x, const int* step_x, const float* beta, float* y,
            const int* step_y);
float sdot_(const int* n, const float* x, const int* step_x, const float* y, const int* step_y);
}

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBlock = 16384;       // rows that go into lists at once
constexpr std::int64_t kRowsPerCentre = 40;  // that k-means sees; FAISS asks for 39 at least
constexpr std::int64_t kProbes = 24;         // lists that a query looks into

faiss::MetricType FaissMetric(Metric metric) {
  return metric == Metric::kCosine ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2;
}

std::uint64_t GetBytes(const VectorState& state, std::int64_t rows) {
  return static_cast<std::uint64_t>(rows * state.dimension) * sizeof(float);
}

const float* ToFloats(const MappedFile& file) { return reinterpret_cast<const float*>(file.bytes().data()); }

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
  const faiss::IndexIVFFlat* flat = nullptr;  // the same
  std::vector<float> centres;                 // [nlist, dimension]
};

// Keeps the best of what it is shown for each of n queries [n, dimension]. Products come from BLAS, many at
// once.
class VectorSearch::Scan {
 public:
  Scan(const VectorSearch& search, const float* queries, std::int64_t n, std::int64_t count, Order order)
      : search_(search),
        metric_(search.state_.metric),
        dimension_(search.state_.dimension),
        queries_(queries),
        n_(n),
        count_(count),
        kept_count_(static_cast<std::size_t>(metric_ == Metric::kCosine ? count : count + kSpare)),
        sign_((metric_ == Metric::kCosine) == (order == Order::kNearest) ? 1.0F : -1.0F),
        kept_(static_cast<std::size_t>(n)),
        query_squares_(static_cast<std::size_t>(n)) {
    for (std::int64_t q = 0; q < n; ++q)
      query_squares_[static_cast<std::size_t>(q)] = SquareOf(queries + q * dimension_);
  }

  // Shows it `vectors` [rows, dimension]; row_of(i) is the number of the i-th, or -1: passed over.
  template <class MakeRow>
  void Show(const float* vectors, std::int64_t rows, const MakeRow& row_of) {
    for (std::int64_t begin = 0; begin < rows; begin += kScanRows) {
      const std::int64_t some = std::min(kScanRows, rows - begin);
      const float* block = vectors + begin * dimension_;
      Multiply(block, some);
      for (std::int64_t i = 0; i < some; ++i) {
        const std::int64_t row = row_of(begin + i);
        if (row < 0) continue;
        const float square = metric_ == Metric::kEuclidean ? SquareOf(block + i * dimension_) : 0;
        for (std::int64_t q = 0; q < n_; ++q)
          Keep(q, row, products_[static_cast<std::size_t>(i * n_ + q)], square);
      }
    }
  }

  // The best first. Distances are worked out anew from the vectors: those from products lose digits.
  std::vector<std::vector<Near>> Take() {
    for (std::int64_t q = 0; q < n_; ++q) {
      std::vector<Near>& kept = kept_[static_cast<std::size_t>(q)];
      for (Near& near : kept) {
        near.value = metric_ == Metric::kCosine
                         ? near.value * sign_
                         : std::sqrt(DistanceSquare(queries_ + q * dimension_, search_.Row(near.row)));
      }
      std::sort(kept.begin(), kept.end(), [&](const Near& a, const Near& b) {
        if (a.value != b.value) return IsNearer(metric_, a.value, b.value) == IsNearestFirst();
        return a.row < b.row;
      });
      if (static_cast<std::int64_t>(kept.size()) > count_) kept.resize(static_cast<std::size_t>(count_));
    }
    return std::move(kept_);
  }

  // The rows alone, in no order.
  std::vector<std::int64_t> TakeRows() {
    std::vector<std::int64_t> rows;
    for (const Near& near : kept_.front()) rows.push_back(near.row);
    return rows;
  }

 private:
  static constexpr std::int64_t kScanRows = 1024, kSpare = 16;

  bool IsNearestFirst() const { return (metric_ == Metric::kCosine) == (sign_ > 0); }

  float SquareOf(const float* vector) const {
    const int d = static_cast<int>(dimension_), one = 1;
    return sdot_(&d, vector, &one, vector, &one);
  }

  float DistanceSquare(const float* a, const float* b) const {
    double sum = 0;
    for (std::int64_t i = 0; i < dimension_; ++i) {
      const double difference = double{a[i]} - double{b[i]};
      sum += difference * difference;
    }
    return static_cast<float>(sum);
  }

  // products_ [rows, n]
  void Multiply(const float* vectors, std::int64_t rows) {
    products_.resize(static_cast<std::size_t>(rows * n_));
    const int d = static_cast<int>(dimension_), m = static_cast<int>(n_), r = static_cast<int>(rows),
              step = 1;
    const float one = 1, zero = 0;
    if (m == 1) {
      sgemv_("T", &d, &r, &one, vectors, &d, queries_, &step, &zero, products_.data(), &step);
    } else {
      sgemm_("T", "N", &m, &r, &d, &one, queries_, &d, vectors, &d, &zero, products_.data(), &m);
    }
  }

  // Within, the greater value is the better.
  void Keep(std::int64_t q, std::int64_t row, float product, float square) {
    std::vector<Near>& kept = kept_[static_cast<std::size_t>(q)];
    const float number = metric_ == Metric::kCosine
                             ? product
                             : query_squares_[static_cast<std::size_t>(q)] + square - 2 * product;
    const Near near{row, sign_ * number};
    const auto worse = [](const Near& a, const Near& b) {
      return a.value != b.value ? a.value > b.value : a.row < b.row;
    };
    if (kept.size() < kept_count_) {
      kept.push_back(near);
      std::push_heap(kept.begin(), kept.end(), worse);
    } else if (kept_count_ > 0 && worse(near, kept.front())) {
      std::pop_heap(kept.begin(), kept.end(), worse);
      kept.back() = near;
      std::push_heap(kept.begin(), kept.end(), worse);
    }
  }

  const VectorSearch& search_;
  Metric metric_;
  std::int64_t dimension_;
  const float* queries_;
  std::int64_t n_, count_;
  std::size_t kept_count_;
  float sign_;
  std::vector<std::vector<Near>> kept_;
  std::vector<float> query_squares_, products_;
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
  lists_->flat = lists;
  lists_->centres.resize(lists->nlist * static_cast<std::size_t>(state_.dimension));
  lists->quantizer->reconstruct_n(0, static_cast<std::int64_t>(lists->nlist), lists_->centres.data());
}

VectorSearch::~VectorSearch() = default;

const float* VectorSearch::Row(std::int64_t row) const { return ToFloats(*file_) + row * state_.dimension; }

bool VectorSearch::IsDeleted(std::int64_t row) const {
  return std::binary_search(deleted_.begin(), deleted_.end(), row);
}

void VectorSearch::ShowRows(std::int64_t first, Scan* scan) const {
  if (first >= state_.rows) return;
  scan->Show(Row(first), state_.rows - first,
             [&](std::int64_t i) { return IsDeleted(first + i) ? -1 : first + i; });
}

void VectorSearch::ShowLists(const float* query, Scan* scan) const {
  const faiss::IndexIVFFlat& flat = *lists_->flat;
  std::vector<std::int64_t> nearest = ListsNear(query);
  for (const std::int64_t list : nearest) {
    const auto number = static_cast<std::size_t>(list);
    const auto size = static_cast<std::int64_t>(flat.invlists->list_size(number));
    faiss::InvertedLists::ScopedCodes codes(flat.invlists, number);
    faiss::InvertedLists::ScopedIds ids(flat.invlists, number);
    // Rows that were put into lists and are not recorded yet are in the other part.
    scan->Show(reinterpret_cast<const float*>(codes.get()), size, [&](std::int64_t i) {
      const std::int64_t row = ids[static_cast<std::size_t>(i)];
      return row >= state_.listed || IsDeleted(row) ? -1 : row;
    });
  }
}

std::vector<std::int64_t> VectorSearch::ListsNear(const float* query) const {
  const std::int64_t lists = static_cast<std::int64_t>(lists_->flat->nlist);
  Scan scan(*this, query, 1, std::min(lists, kProbes), Order::kNearest);
  scan.Show(lists_->centres.data(), lists, [](std::int64_t i) { return i; });
  return scan.TakeRows();
}

std::vector<std::vector<Near>> VectorSearch::Nearest(const float* queries, std::int64_t n, std::int64_t count,
                                                     Method method) const {
  if (n == 0 || state_.rows == 0) return std::vector<std::vector<Near>>(static_cast<std::size_t>(n));
  if (!lists_ || method == Method::kExact) {
    Scan scan(*this, queries, n, count, Order::kNearest);
    ShowRows(0, &scan);
    return scan.Take();
  }
  std::vector<std::vector<Near>> found;
  for (std::int64_t q = 0; q < n; ++q) {
    const float* query = queries + q * state_.dimension;
    Scan scan(*this, query, 1, count, Order::kNearest);
    ShowLists(query, &scan);
    ShowRows(state_.listed, &scan);
    found.push_back(std::move(scan.Take().front()));
  }
  return found;
}

std::vector<std::vector<Near>> VectorSearch::Farthest(const float* queries, std::int64_t n,
                                                      std::int64_t count) const {
  if (n == 0 || state_.rows == 0) return std::vector<std::vector<Near>>(static_cast<std::size_t>(n));
  Scan scan(*this, queries, n, count, Order::kFarthest);
  ShowRows(0, &scan);
  return scan.Take();
}

}  // namespace seam
