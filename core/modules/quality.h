#ifndef MODBOUND_CORE_MODULES_QUALITY_H_
#define MODBOUND_CORE_MODULES_QUALITY_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/modules/weights.h"

namespace modbound {

// Quality function of a partition of a symmetric matrix W: the sum over ordered
// pairs c_i = c_j, i = j included, of the form given. W+ = max(W, 0), W- =
// max(-W, 0), k+- their row sums, s+- their sums, g = gamma. A term whose s is
// 0 is 0.
enum class QualityFunction {
  // (W+ - g k+k+'/s+)/s+ - (W- - g k-k-'/s-)/(s+ + s-)  (Rubinov & Sporns 2011)
  kNegativeAsym,
  // Both terms over (s+ + s-)  (Gomez et al. 2009).
  kNegativeSym,
  // (W - g kk'/s)/s, W >= 0  (Newman & Girvan 2004).
  kModularity,
  // (W - g [W = 0])/s, W of 0 and 1  (Reichardt & Bornholdt 2006).
  kPotts,
  // (W - g)/sum|W|.
  kUniform,
  // W - g P, P given.
  kCustom,
};

struct QualityOptions {
  QualityFunction function = QualityFunction::kNegativeAsym;
  // Resolution, > 0: larger values favour smaller modules.
  double gamma = 1;
  // The diagonal of W counts as 0 unless true: a unit's similarity with itself
  // says nothing about modules. (P is used as given.)
  bool keep_diagonal = false;
  // W (and P) may be asymmetric: (W + W')/2 is used. Otherwise asymmetry beyond
  // 64 eps max|W| is refused.
  bool directed = false;
  // eps of the type that the values were stored in.
  double epsilon = 0x1p-52;
};

// What a quality function makes of one matrix, without the N x N null:
//   B_ij = weights_ij - c_plus k_plus_i k_plus_j + c_minus k_minus_i k_minus_j,
//   Q = sum over c_i = c_j of B_ij.
// gamma and all normalisations are inside. Made once, then shared by all runs,
// nulls and evaluations; copies share the weights. Threads: reading is safe
// from all.
class ModularityProblem {
 public:
  // Checks and transforms (in place: pass by std::move to hold one copy only).
  // weights: N x N, finite; null_matrix: N x N for kCustom, else unused, may be
  // null. Weights of any size: sums are made of them scaled. Errors:
  // WRONG_SHAPE, NOT_FINITE, NOT_SYMMETRIC, NEGATIVE_WEIGHT (kModularity),
  // NOT_BINARY (kPotts) for "matrix"; the first three for "null_matrix",
  // MISSING_FIELD without one; OUT_OF_RANGE for "gamma", and for "matrix" when
  // a quality would overflow (kCustom with a sum |W - g P|, or kUniform with a
  // g/sum|W|, that no double holds); kCancelled.
  static absl::StatusOr<ModularityProblem> Make(
      Matrix weights,
      const QualityOptions& options,
      const Matrix* null_matrix = nullptr,
      const Execution& execution = Execution());
  // The same of what CheckQualityInput has taken already.
  static absl::StatusOr<ModularityProblem> MakeOfChecked(
      Matrix weights,
      const QualityOptions& options,
      const Matrix* null_matrix,
      const Execution& execution);

  // From its parts: weights exactly symmetric; k_plus, k_minus of N elements.
  // scale: see gain_floor.
  ModularityProblem(Matrix weights,
                    Vector k_plus,
                    double c_plus,
                    Vector k_minus,
                    double c_minus,
                    double scale);
  ModularityProblem(std::shared_ptr<const Weights> weights,
                    Vector k_plus,
                    double c_plus,
                    Vector k_minus,
                    double c_minus,
                    double scale,
                    double zero_unit = 0);

  int64_t size() const { return weights_->size(); }
  const Weights& weights() const { return *weights_; }
  const Vector& k_plus() const { return k_plus_; }
  const Vector& k_minus() const { return k_minus_; }
  double c_plus() const { return c_plus_; }
  double c_minus() const { return c_minus_; }
  // Gains of the quality up to this are rounding: 1e-10 of the scale, which is
  // 1 for the normalised functions and sum |W - g P| for kCustom.
  double gain_floor() const { return 1e-10 * scale_; }
  double scale() const { return scale_; }
  // B_ii of a unit without weights, what a silent unit adds to Q as a module of
  // its own: -g/s (kPotts), -g/sum|W| (kUniform), else 0 (kCustom: without its
  // -g P_ii). Only of a problem of a whole matrix.
  double zero_unit() const { return zero_unit_; }

  // Q of labels >= 0 (N of them). Cost: O(N^2), vectorised.
  double Quality(const Labels& labels) const;

  // Q of many labellings at once: each row of the matrix is read once for all
  // of them. Equal, bit for bit, to one call of Quality each. Errors:
  // kCancelled.
  absl::StatusOr<std::vector<double>> Qualities(
      const std::vector<Labels>& batch, const Execution& execution) const;

  // Mean of Q over all permutations of the labels among units:
  // tr B + (1'B1 - tr B) sum_m n_m (n_m - 1) / (N (N - 1)).
  // Half done when execution.stopped().
  double MeanOverPermutations(const Labels& labels,
                              const Execution& execution = Execution()) const;

 private:
  double NullTerm(const Labels& labels) const;

  std::shared_ptr<const Weights> weights_;
  Vector k_plus_;
  Vector k_minus_;
  double c_plus_ = 0;
  double c_minus_ = 0;
  double scale_ = 1;
  double zero_unit_ = 0;
};

// A problem and labels without the units of label -1.
struct LabelledProblem {
  ModularityProblem problem;
  Labels labels;  // >= 0, without gaps
  std::vector<int64_t> units;
};

// Leaves the units of label -1 out of the matrices, row and column, and makes
// the problem of the rest. Errors: those of Quality below.
absl::StatusOr<LabelledProblem> MakeLabelledProblem(
    const Matrix& weights,
    const Labels& labels,
    const QualityOptions& options,
    const Matrix* null_matrix = nullptr,
    const Execution& execution = Execution());

// Q of one partition. Units of label -1 are left out of the matrix, row and
// column, before anything is computed. Errors: those of
// ModularityProblem::Make; WRONG_SHAPE or BAD_LABELS for "labels"; DEGENERATE
// when no unit is left; kCancelled.
absl::StatusOr<double> Quality(const Matrix& weights,
                               const Labels& labels,
                               const QualityOptions& options,
                               const Matrix* null_matrix = nullptr,
                               const Execution& execution = Execution());

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_QUALITY_H_
