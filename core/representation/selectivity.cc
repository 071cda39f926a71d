#include "core/representation/selectivity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/parallel.h"
#include "core/modules/labels.h"
#include "core/representation/reduce.h"
#include "core/statistics/correlation.h"

namespace modbound {
namespace {

struct Table {
  Matrix r;
  Matrix p;
};

// Every column of `means` with every column of `others`.
absl::StatusOr<Table> Correlate(const Matrix& means,
                                const Matrix& others,
                                const Execution& execution) {
  const int64_t count = others.cols();
  Table table{Matrix(means.cols(), count), Matrix(means.cols(), count)};
  MODBOUND_RETURN_IF_ERROR(
      ParallelFor(means.cols() * count, execution, [&](int64_t pair) {
        const int64_t module = pair / count;
        const int64_t other = pair % count;
        const Correlation correlation =
            PearsonCorrelation(means.col(module), others.col(other));
        table.r(module, other) = correlation.r;
        table.p(module, other) = correlation.p;
        return absl::OkStatus();
      }));
  return table;
}

// Modules of more than one unit with a defined role, by rising label.
std::vector<int64_t> Candidates(const Labels& compact,
                                const Eigen::Ref<const Vector>& role) {
  const std::vector<int64_t> sizes = ModuleSizes(compact);
  std::vector<int64_t> modules;
  for (int64_t module = 0; module < role.size(); ++module) {
    if (sizes[static_cast<std::size_t>(module)] > 1 &&
        std::isfinite(role(module))) {
      modules.push_back(module);
    }
  }
  return modules;
}

// Candidates by falling key, the lower module first of equals.
template <typename Key>
std::vector<int64_t> Sorted(std::vector<int64_t> modules, Key key) {
  std::stable_sort(modules.begin(), modules.end(), [&](int64_t a, int64_t b) {
    return key(a) > key(b);
  });
  return modules;
}

// Largest positive and largest negative role; -1 = none.
std::array<int64_t, 2> BySign(const std::vector<int64_t>& candidates,
                              const Vector& role) {
  std::array<int64_t, 2> ranked = {-1, -1};
  const auto up = Sorted(candidates, [&](int64_t m) { return role(m); });
  const auto down = Sorted(candidates, [&](int64_t m) { return -role(m); });
  if (!up.empty() && role(up[0]) > 0) {
    ranked[0] = up[0];
  }
  if (!down.empty() && role(down[0]) < 0) {
    ranked[1] = down[0];
  }
  return ranked;
}

std::array<int64_t, 2> ByMagnitude(const std::vector<int64_t>& candidates,
                                   const Vector& role) {
  std::array<int64_t, 2> ranked = {-1, -1};
  const auto order =
      Sorted(candidates, [&](int64_t m) { return std::abs(role(m)); });
  for (std::size_t i = 0; i < std::min<std::size_t>(2, order.size()); ++i) {
    ranked[i] = order[i];
  }
  return ranked;
}

// The labels that the compact modules 0, 1, ... had.
std::vector<int32_t> ModuleLabels(const Labels& labels) {
  std::vector<int32_t> values;
  std::copy_if(labels.begin(),
               labels.end(),
               std::back_inserter(values),
               [](int32_t label) { return label >= 0; });
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// The rows of the ranked modules; NaN where there is none.
Matrix RowsOfRoles(const Matrix& by_module,
                   const std::array<int64_t, 2>& ranked) {
  Matrix rows = Matrix::Constant(2, by_module.cols(), kNaN);
  for (std::size_t role = 0; role < ranked.size(); ++role) {
    if (ranked[role] >= 0) {
      rows.row(static_cast<Eigen::Index>(role)) = by_module.row(ranked[role]);
    }
  }
  return rows;
}

absl::Status RankModules(const Matrix& means,
                         const Labels& labels,
                         const Matrix& outputs,
                         const SelectivityOptions& options,
                         const Execution& execution,
                         Selectivity& result) {
  const Labels compact = CompactLabels(labels);
  std::array<int64_t, 2> ranked = {-1, -1};
  if (options.cumulative_inputs >= 0) {
    result.ranked_by = RankedBy::kCumulativeInputs;
    const Vector role = result.r.col(options.cumulative_inputs);
    ranked = BySign(Candidates(compact, role), role);
  } else if (outputs.cols() >= 2) {
    result.ranked_by = RankedBy::kOutputDifference;
    const Matrix difference = outputs.col(1) - outputs.col(0);
    MODBOUND_ASSIGN_OR_RETURN(const Table table,
                              Correlate(means, difference, execution));
    const Vector role = table.r.col(0);
    ranked = ByMagnitude(Candidates(compact, role), role);
  }
  const std::vector<int32_t> names = ModuleLabels(labels);
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    result.ranked_modules[i] =
        ranked[i] < 0 ? -1 : names[static_cast<std::size_t>(ranked[i])];
  }
  result.role_r = RowsOfRoles(result.r, ranked);
  result.role_output_r = RowsOfRoles(result.output_r, ranked);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Selectivity> ComputeSelectivity(
    const Matrix& activity,
    const Labels& labels,
    const Matrix& variables,
    const Matrix& outputs,
    const SelectivityOptions& options,
    const Execution& execution) {
  MODBOUND_RETURN_IF_ERROR(CheckLabels(labels, activity.cols(), "labels"));
  if (NumModules(CompactLabels(labels)) == 0) {
    return Refuse(reason::kDegenerate,
                  "labels",
                  "labels put every unit in no module (-1)");
  }
  if (activity.rows() < 2) {
    return Refuse(reason::kDegenerate,
                  "activity",
                  "activity has fewer than 2 time points; a correlation needs "
                  "2");
  }
  const Matrix means = ModuleMeans(activity, labels);
  Selectivity result;
  MODBOUND_ASSIGN_OR_RETURN(Table table,
                            Correlate(means, variables, execution));
  result.r = std::move(table.r);
  result.p = std::move(table.p);
  MODBOUND_ASSIGN_OR_RETURN(table, Correlate(means, outputs, execution));
  result.output_r = std::move(table.r);
  result.output_p = std::move(table.p);
  MODBOUND_RETURN_IF_ERROR(
      RankModules(means, labels, outputs, options, execution, result));
  return result;
}

}  // namespace modbound
