#include "core/modules/multilayer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modules/labels.h"
#include "core/modules/optimiser.h"
#include "core/modules/quality_input.h"

namespace modbound {
namespace {

absl::Status CheckLayers(const std::vector<Matrix>& layers) {
  if (layers.size() < 2) {
    return Refuse(
        reason::kWrongShape,
        "matrices",
        absl::StrCat(
            "matrices has ", layers.size(), " layers; at least 2 are needed"));
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (layers[l].rows() != layers[0].rows() ||
        layers[l].cols() != layers[0].rows()) {
      return Refuse(reason::kWrongShape,
                    "matrices",
                    absl::StrCat("layer ",
                                 l,
                                 " of matrices is ",
                                 layers[l].rows(),
                                 " x ",
                                 layers[l].cols(),
                                 "; allowed: N x N, N of layer 0 is ",
                                 layers[0].rows()));
    }
  }
  return absl::OkStatus();
}

// An error about one layer's matrix, said of all.
absl::Status OfLayer(const absl::Status& status, std::size_t layer) {
  if (FieldOf(status) != "matrix") {
    return status;
  }
  return MakeError(
      status.code(),
      ReasonOf(status),
      "matrices",
      absl::StrCat("layer ", layer, " of matrices: ", status.message()));
}

// s_l.
double TotalWeight(const Matrix& weights, const QualityOptions& options) {
  double plus = 0;
  double minus = 0;
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    Eigen::RowVectorXd row = weights.row(i);
    if (!options.keep_diagonal) {
      row[i] = 0;
    }
    plus += row.cwiseMax(0.0).sum();
    minus -= row.cwiseMin(0.0).sum();
  }
  if (options.function == QualityFunction::kNegativeAsym && plus > 0) {
    return plus;
  }
  return plus + minus;
}

// B, written out.
Matrix WrittenOut(const ModularityProblem& problem) {
  const Eigen::Index n = problem.size();
  std::vector<int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  Matrix B = problem.weights().Restrict(all, Execution());
  B -= problem.c_plus() * problem.k_plus() * problem.k_plus().transpose();
  B += problem.c_minus() * problem.k_minus() * problem.k_minus().transpose();
  return B;
}

int64_t CoupledPairs(int64_t layers, LayerCoupling coupling) {
  return coupling == LayerCoupling::kOrdinal ? layers - 1
                                             : layers * (layers - 1) / 2;
}

bool AreCoupled(int64_t l, int64_t r, LayerCoupling coupling) {
  return coupling == LayerCoupling::kCategorical || std::abs(l - r) == 1;
}

void AddCoupling(int64_t layers,
                 LayerCoupling coupling,
                 double share,
                 Matrix& B) {
  const Eigen::Index n = B.rows() / layers;
  for (int64_t l = 0; l < layers; ++l) {
    for (int64_t r = 0; r < layers; ++r) {
      if (l != r && AreCoupled(l, r, coupling)) {
        B.block(l * n, r * n, n, n).diagonal().setConstant(share);
      }
    }
  }
}

}  // namespace

absl::Status MultilayerOptions::Validate() const {
  if (layer.function == QualityFunction::kCustom) {
    return Refuse(reason::kOutOfRange,
                  "quality",
                  "quality is CUSTOM; allowed: NEGATIVE_ASYM, NEGATIVE_SYM, "
                  "MODULARITY, POTTS, UNIFORM");
  }
  if (!(omega >= 0 && std::isfinite(omega))) {
    return Refuse(
        reason::kOutOfRange,
        "omega",
        absl::StrCat("omega is ", omega, "; allowed: finite, at least 0"));
  }
  if (runs < 1) {
    return Refuse(reason::kOutOfRange,
                  "runs",
                  absl::StrCat("runs is ", runs, "; allowed: at least 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ModularityProblem> MakeMultilayerProblem(
    std::vector<Matrix> layers,
    const MultilayerOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(options.Validate());
  MODBOUND_RETURN_IF_ERROR(CheckLayers(layers));
  const auto count = static_cast<int64_t>(layers.size());
  const Eigen::Index n = layers[0].rows();
  std::vector<double> weight;  // s_l
  const double coupled =
      2 * options.omega * static_cast<double>(n) *
      static_cast<double>(CoupledPairs(count, options.coupling));
  double in_layers = 0;
  std::vector<ModularityProblem> problems;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const absl::Status checked =
        CheckQualityInput(layers[l], options.layer, nullptr, execution);
    if (!checked.ok()) {
      return OfLayer(checked, l);
    }
    // s_l is that of the weights that Q_l is made of.
    MODBOUND_RETURN_IF_ERROR(SymmetriseInPlace(layers[l], execution));
    weight.push_back(TotalWeight(layers[l], options.layer));
    in_layers += weight.back();
    absl::StatusOr<ModularityProblem> problem =
        ModularityProblem::MakeOfChecked(
            std::move(layers[l]), options.layer, nullptr, execution);
    if (!problem.ok()) {
      return OfLayer(problem.status(), l);
    }
    problems.push_back(*std::move(problem));
  }
  const double total = in_layers + coupled;
  if (!std::isfinite(total)) {
    return Refuse(reason::kOutOfRange,
                  "matrices",
                  "matrices has weights whose sum no double holds");
  }
  if (total == 0) {
    return Refuse(reason::kDegenerate,
                  "matrices",
                  "matrices has no weight other than 0, and omega is 0");
  }
  Matrix B = Matrix::Zero(count * n, count * n);
  for (int64_t l = 0; l < count; ++l) {
    if (execution.stopped()) {
      return StoppedError();
    }
    B.block(l * n, l * n, n, n) = weight[l] / total * WrittenOut(problems[l]);
  }
  AddCoupling(count, options.coupling, options.omega / total, B);
  MODBOUND_RETURN_IF_ERROR(SymmetriseInPlace(B, execution));
  const Eigen::Index nodes = B.rows();
  // Beside a strong coupling gains within the layers are small, down to where
  // rounding hides them.
  const double scale = std::clamp(in_layers / total, 1e-5, 1.0);
  return ModularityProblem(
      std::move(B), Vector::Zero(nodes), 0, Vector::Zero(nodes), 0, scale);
}

absl::StatusOr<MultilayerModules> FindMultilayerModules(
    std::vector<Matrix> layers,
    const MultilayerOptions& options,
    const Execution& execution) {
  const std::size_t count = layers.size();
  MODBOUND_ASSIGN_OR_RETURN(
      const ModularityProblem problem,
      MakeMultilayerProblem(std::move(layers), options, execution));
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<PartitionRun> runs,
                            PartitionRuns(problem,
                                          Algorithm::kLeiden,
                                          options.runs,
                                          options.seed,
                                          RandomPurpose::kOptimiserRun,
                                          0,
                                          execution));
  MultilayerModules modules;
  modules.run_quality.resize(options.runs);
  for (std::size_t run = 0; run < runs.size(); ++run) {
    modules.run_quality[static_cast<Eigen::Index>(run)] = runs[run].quality;
  }
  const PartitionRun& best = runs[BestRun(runs)];
  modules.quality = best.quality;
  modules.num_modules = NumModules(best.labels);
  const auto n = static_cast<std::ptrdiff_t>(best.labels.size() / count);
  for (std::size_t l = 0; l < count; ++l) {
    const auto first = best.labels.begin() + static_cast<std::ptrdiff_t>(l) * n;
    modules.labels.emplace_back(first, first + n);
  }
  return modules;
}

}  // namespace modbound
