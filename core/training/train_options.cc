#include "core/training/train_options.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/shape.h"

namespace modbound {
namespace {

// With momentum 0.9, 100 units reach the target of perceptual decisions and
// go/no-go within 350 steps with rates from 0.03 to 0.1; 0.3 can diverge.
constexpr double kSgdLearningRate = 0.05;

// An array that is not given is empty.
absl::Status CheckGiven(const std::string& field,
                        const Matrix& array,
                        int64_t rows,
                        int64_t cols) {
  return array.size() == 0 ? absl::OkStatus()
                           : CheckShape(field, array, rows, cols);
}

absl::Status CheckBinary(const std::string& field, const Matrix& mask) {
  if (((mask.array() == 0) || (mask.array() == 1)).all()) {
    return absl::OkStatus();
  }
  return Refuse(reason::kNotBinary,
                field,
                absl::StrCat(field, " holds a number other than 0 and 1"));
}

}  // namespace

double DefaultLearningRate(OptimizerName optimizer, Recipe recipe) {
  return optimizer == OptimizerName::kSgd ? kSgdLearningRate
                                          : SettingsOf(recipe).learning_rate;
}

absl::Status CheckTrainable(const Task& task) {
  for (int64_t i = 0; i < task.tasks(); ++i) {
    const std::vector<double>& coherences = task.spec(i).coherences;
    if (coherences.empty() ||
        *std::max_element(coherences.begin(), coherences.end()) > 0) {
      continue;
    }
    const std::string field = task.tasks() == 1
                                  ? "task.coherences"
                                  : absl::StrCat("tasks[", i, "].coherences");
    return Refuse(
        reason::kOutOfRange,
        field,
        absl::StrCat(field, " holds only 0; training needs one above 0"));
  }
  return absl::OkStatus();
}

absl::Status CheckTrainOptions(const Task& task, const TrainOptions& options) {
  MODBOUND_RETURN_IF_ERROR(options.dynamics.Validate());
  MODBOUND_RETURN_IF_ERROR(CheckTrainable(task));
  const int64_t N = options.units;
  const auto shapes = NetworkArrayShapes(N, task.inputs(), task.outputs());
  for (std::size_t k = 0; k < kNetworkArrays; ++k) {
    const auto [rows, cols] = shapes[k];
    MODBOUND_RETURN_IF_ERROR(
        CheckGiven(absl::StrCat("initial/", kNetworkArrayNames[k]),
                   options.initial[k],
                   rows,
                   cols));
    const std::string mask = absl::StrCat("mask/", kNetworkArrayNames[k]);
    MODBOUND_RETURN_IF_ERROR(CheckGiven(mask, options.masks[k], rows, cols));
    MODBOUND_RETURN_IF_ERROR(CheckBinary(mask, options.masks[k]));
  }
  MODBOUND_RETURN_IF_ERROR(
      CheckGiven("distances", options.regularization.distances, N, N));
  MODBOUND_RETURN_IF_ERROR(
      CheckGiven("positions", options.regularization.positions, N, 3));
  if (std::find(options.frozen.begin(), options.frozen.end(), false) ==
      options.frozen.end()) {
    return Refuse(reason::kContradiction,
                  "frozen",
                  "frozen names all six arrays; nothing is left to train");
  }
  return absl::OkStatus();
}

}  // namespace modbound
