#include "spectrum/principal_components.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

// BLAS and LAPACK, as every implementation exports them.
extern "C" {
void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* beta, double* c, const int* ldc);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
}

namespace seam {
namespace {

constexpr double kOne = 1, kZero = 0;

// The eigenvalues of the symmetric matrix [n, n] (lower half), ascending; the matrix becomes the
// eigenvectors.
std::vector<double> Eigenvalues(std::vector<double>* matrix, int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  int info = 0, ask = -1, integers = 0;
  double numbers = 0;
  dsyevd_("V", "L", &n, matrix->data(), &n, values.data(), &numbers, &ask, &integers, &ask, &info);
  const int work_size = static_cast<int>(numbers);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> integer_work(static_cast<std::size_t>(integers));
  dsyevd_("V", "L", &n, matrix->data(), &n, values.data(), work.data(), &work_size, integer_work.data(),
          &integers, &info);
  if (info != 0) throw Error("eigenfaces", fmt::format("LAPACK found no eigenvalues ({})", info));
  return values;
}

}  // namespace

std::vector<double> PrincipalComponents::Project(std::span<const double> rows) const {
  const int width = static_cast<int>(mean.size()), k = static_cast<int>(count());
  const int n = static_cast<int>(rows.size() / mean.size());
  std::vector<double> centred(rows.begin(), rows.end());
  for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= mean[i % mean.size()];
  std::vector<double> result(static_cast<std::size_t>(n) * static_cast<std::size_t>(k));
  dgemm_("T", "N", &k, &n, &width, &kOne, components.data(), &width, centred.data(), &width, &kZero,
         result.data(), &k);
  return result;
}

PrincipalComponents FindPrincipalComponents(std::span<const double> rows, std::size_t width, double share) {
  const std::size_t count = rows.size() / width;
  const int n = static_cast<int>(count), d = static_cast<int>(width);
  PrincipalComponents result;
  result.mean.resize(width);
  for (std::size_t i = 0; i < rows.size(); ++i)
    result.mean[i % width] += rows[i] / static_cast<double>(count);
  std::vector<double> centred(rows.begin(), rows.end());
  for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= result.mean[i % width];
  // Of X' X and X X' the smaller; their eigenvalues are the same.
  const bool by_rows = count < width;
  const int side = by_rows ? n : d, other = by_rows ? d : n;
  std::vector<double> products(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  dsyrk_("L", by_rows ? "T" : "N", &side, &other, &kOne, centred.data(), &d, &kZero, products.data(), &side);
  const std::vector<double> values = Eigenvalues(&products, side);
  for (const double value : values) result.total_variance += std::max(value, 0.0) / (n - 1);
  double kept = 0;
  for (int i = side - 1; i >= 0 && kept <= share * result.total_variance; --i) {
    const double variance = values[static_cast<std::size_t>(i)] / (n - 1);
    if (variance <= 0) break;
    kept += variance;
    result.variance.push_back(variance);
    const double* vector = products.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(side);
    const std::size_t at = result.components.size();
    result.components.resize(at + width);
    double* component = result.components.data() + at;
    if (!by_rows) {
      std::copy(vector, vector + width, component);
      continue;
    }
    const int one = 1;
    const double scale = 1 / std::sqrt(values[static_cast<std::size_t>(i)]);
    dgemm_("N", "N", &d, &one, &n, &scale, centred.data(), &d, vector, &n, &kZero, component, &d);
  }
  return result;
}

}  // namespace seam
