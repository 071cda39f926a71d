#include "core/modules/gamma_sweep.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/modules/compare.h"

namespace modbound {

absl::StatusOr<std::vector<PartitionResult>> GammaSweep(
    Matrix weights,
    const std::vector<uint8_t>& valid,
    const PartitionOptions& options,
    const std::vector<double>& gammas,
    const Execution& execution,
    const Matrix* null_matrix) {
  std::vector<PartitionResult> results;
  for (std::size_t g = 0; g < gammas.size(); ++g) {
    PartitionOptions at_gamma = options;
    at_gamma.quality.gamma = gammas[g];
    const bool last = g + 1 == gammas.size();
    MODBOUND_ASSIGN_OR_RETURN(
        PartitionResult result,
        Partition(last ? std::move(weights) : weights,
                  valid,
                  at_gamma,
                  ForPart(execution,
                          absl::StrCat("gamma ", g + 1, " of ", gammas.size())),
                  null_matrix));
    results.push_back(std::move(result));
  }
  return results;
}

absl::StatusOr<double> RunVariation(const std::vector<Labels>& runs,
                                    const Execution& execution) {
  const auto count =
      std::min(static_cast<int64_t>(runs.size()), kMostComparedRuns);
  if (count < 2) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const PartitionComparer comparer({runs.begin(), runs.begin() + count},
                                   {.ami = false});
  std::vector<double> sums(static_cast<std::size_t>(count), 0);
  MODBOUND_RETURN_IF_ERROR(
      ParallelFor(count, execution, [&](int64_t a) -> absl::Status {
        for (int64_t b = a + 1; b < count; ++b) {
          if (execution.stopped()) {
            return StoppedError();
          }
          sums[static_cast<std::size_t>(a)] +=
              comparer
                  .Compare(static_cast<std::size_t>(a),
                           static_cast<std::size_t>(b))
                  .vin;
        }
        return absl::OkStatus();
      }));
  double sum = 0;
  for (const double of_run : sums) {
    sum += of_run;
  }
  return sum / (0.5 * static_cast<double>(count * (count - 1)));
}

}  // namespace modbound
