#include "core/representation/reduce.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/assignment.h"
#include "core/modules/labels.h"
#include "core/statistics/correlation.h"

namespace modbound {
namespace {

// Time points or units of one work item.
constexpr int64_t kTimeBlock = 64;

double CorrelationOrZero(const Eigen::Ref<const Vector>& x,
                         const Eigen::Ref<const Vector>& y) {
  const double r = PearsonCorrelation(x, y).r;
  return std::isfinite(r) ? r : 0;
}

// fill(i) for every i < count, in parallel over fixed blocks. Reports as
// `phase`.
template <typename Fill>
absl::Status ForEach(const char* phase,
                     const char* unit,
                     int64_t count,
                     const Execution& execution,
                     Fill fill) {
  ProgressCounter counter(execution, phase, unit, count);
  return ParallelForBlocks(
      count, kTimeBlock, execution, [&](int64_t first, int64_t size) {
        for (int64_t i = first; i < first + size; ++i) {
          if (execution.stopped()) {
            return StoppedError();
          }
          fill(i);
        }
        counter.Add(size);
        return absl::OkStatus();
      });
}

// compact: labels 0 .. M - 1 and -1.
Matrix Reconstruct(const Matrix& module_activity, const Labels& compact) {
  Matrix reconstruction = Matrix::Zero(module_activity.rows(),
                                       static_cast<int64_t>(compact.size()));
  for (int64_t t = 0; t < reconstruction.rows(); ++t) {
    for (int64_t i = 0; i < reconstruction.cols(); ++i) {
      const int32_t module = compact[static_cast<std::size_t>(i)];
      if (module >= 0) {
        reconstruction(t, i) = module_activity(t, module);
      }
    }
  }
  return reconstruction;
}

absl::Status CompareReconstruction(const Matrix& activity,
                                   const Labels& compact,
                                   const Execution& execution,
                                   Reduction& result) {
  const std::vector<int64_t> units = LabelledUnits(compact);
  result.reconstruction_r_time.resize(activity.rows());
  const auto compare_time_point = [&](int64_t t) {
    Vector original(static_cast<int64_t>(units.size()));
    Vector reconstructed(original.size());
    for (int64_t k = 0; k < original.size(); ++k) {
      const int64_t i = units[static_cast<std::size_t>(k)];
      original(k) = activity(t, i);
      reconstructed(k) = result.reconstruction(t, i);
    }
    result.reconstruction_r_time(t) =
        CorrelationOrZero(original, reconstructed);
  };
  MODBOUND_RETURN_IF_ERROR(ForEach("reconstruction of time points",
                                   "time points",
                                   activity.rows(),
                                   execution,
                                   compare_time_point));
  result.mean_reconstruction_r = result.reconstruction_r_time.mean();
  result.reconstruction_r_unit = Vector::Zero(activity.cols());
  const auto compare_unit = [&](int64_t k) {
    const int64_t i = units[static_cast<std::size_t>(k)];
    result.reconstruction_r_unit(i) =
        CorrelationOrZero(activity.col(i), result.reconstruction.col(i));
  };
  return ForEach("reconstruction of units",
                 "units",
                 static_cast<int64_t>(units.size()),
                 execution,
                 compare_unit);
}

absl::Status CompareComponents(const Execution& execution, Reduction& result) {
  const int64_t modules = result.module_activity.cols();
  const int64_t count = std::min(modules, result.pca.scores.cols());
  result.module_component_r.resize(modules, count);
  const auto compare_pair = [&](int64_t pair) {
    const int64_t module = pair / count;
    const int64_t component = pair % count;
    result.module_component_r(module, component) = std::abs(CorrelationOrZero(
        result.module_activity.col(module), result.pca.scores.col(component)));
  };
  MODBOUND_RETURN_IF_ERROR(ForEach("modules and components",
                                   "pairs",
                                   modules * count,
                                   execution,
                                   compare_pair));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<int32_t> match,
      BestAssignment(result.module_component_r, execution));
  double sum = 0;
  for (int64_t module = 0; module < modules; ++module) {
    const int32_t component = match[static_cast<std::size_t>(module)];
    sum += component < 0 ? 0 : result.module_component_r(module, component);
  }
  result.matched_component_r = sum / static_cast<double>(count);
  return absl::OkStatus();
}

}  // namespace

Matrix ModuleMeans(const Matrix& activity, const Labels& labels) {
  const Labels compact = CompactLabels(labels);
  const std::vector<int64_t> sizes = ModuleSizes(compact);
  Matrix means =
      Matrix::Zero(activity.rows(), static_cast<int64_t>(sizes.size()));
  for (int64_t t = 0; t < activity.rows(); ++t) {
    for (int64_t i = 0; i < activity.cols(); ++i) {
      const int32_t module = compact[static_cast<std::size_t>(i)];
      if (module >= 0) {
        means(t, module) += activity(t, i);
      }
    }
  }
  for (int64_t module = 0; module < means.cols(); ++module) {
    means.col(module) /=
        static_cast<double>(sizes[static_cast<std::size_t>(module)]);
  }
  return means;
}

absl::StatusOr<Reduction> Reduce(const Matrix& activity,
                                 const Labels& labels,
                                 const ReduceOptions& options,
                                 const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckLabels(labels, activity.cols(), "labels"));
  const Labels compact = CompactLabels(labels);
  const int64_t modules = NumModules(compact);
  if (modules == 0) {
    return Refuse(reason::kDegenerate,
                  "labels",
                  "labels put every unit in no module (-1)");
  }
  const int64_t most = std::min(activity.rows(), activity.cols());
  const int64_t components =
      options.components == 0 ? std::min(modules, most) : options.components;
  Reduction result;
  MODBOUND_ASSIGN_OR_RETURN(result.pca,
                            ComputePca(activity, components, execution));
  result.module_activity = ModuleMeans(activity, compact);
  result.reconstruction = Reconstruct(result.module_activity, compact);
  MODBOUND_RETURN_IF_ERROR(
      CompareReconstruction(activity, compact, execution, result));
  MODBOUND_RETURN_IF_ERROR(CompareComponents(execution, result));
  return result;
}

}  // namespace modbound
