#include "core/lesions/output_lesion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/checkpoint.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/kept_blocks.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"
#include "core/base/saved_state.h"
#include "core/modules/labels.h"
#include "core/statistics/t_test.h"
#include "core/tasks/score.h"

namespace modbound {
namespace {

// Trials read out as one product, after which a stop is looked for.
constexpr int64_t kTrialRows = 1024;
// Control sets of one work item.
constexpr int64_t kControlBlock = 16;

// All repeats; its state: repeats done, then their results.
constexpr char kLesionsPhase[] = "lesions";
// Begins the names of the parts of one repeat.
constexpr char kRepeatPhase[] = "lesions of repeat ";

// None for the module -1.
std::vector<int64_t> UnitsOf(const Labels& labels, int32_t module) {
  std::vector<int64_t> units;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == module && module >= 0) {
      units.push_back(static_cast<int64_t>(i));
    }
  }
  return units;
}

absl::Status RefuseModule(int32_t module, const char* why) {
  return Refuse(reason::kContradiction,
                "modules",
                absl::StrCat("modules names ", module, ", which ", why));
}

// The modules to lesion. Errors: CONTRADICTION, DEGENERATE.
absl::StatusOr<std::vector<int32_t>> ChooseModules(
    const Labels& labels, const std::vector<int32_t>& wanted) {
  std::vector<int32_t> known;
  std::copy_if(labels.begin(),
               labels.end(),
               std::back_inserter(known),
               [](int32_t label) { return label >= 0; });
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (known.empty()) {
    return Refuse(reason::kDegenerate,
                  "labels",
                  "labels put every unit in no module (-1)");
  }
  std::vector<int32_t> seen;
  for (const int32_t module : wanted) {
    if (module < 0) {
      continue;
    }
    if (!std::binary_search(known.begin(), known.end(), module)) {
      return RefuseModule(module, "no unit is labelled with");
    }
    if (std::find(seen.begin(), seen.end(), module) != seen.end()) {
      return RefuseModule(module, "it names twice");
    }
    seen.push_back(module);
  }
  return wanted.empty() ? known : wanted;
}

// `size` of the units, drawn without replacement.
std::vector<int64_t> DrawUnits(std::vector<int64_t> units,
                               std::size_t size,
                               RandomStream random) {
  for (std::size_t i = 0; i < size; ++i) {
    std::swap(units[i], units[i + random.Index(units.size() - i)]);
  }
  units.resize(size);
  return units;
}

// Fraction right of each type.
Vector AccuracyOf(const std::vector<int32_t>& choices,
                  const TrialEnds& ends,
                  int64_t types) {
  Vector right = Vector::Zero(types);
  Vector count = Vector::Zero(types);
  const int32_t* own = choices.data();
  for (std::size_t k = 0; k < ends.types.size(); ++k) {
    const Judgement& judgement = ends.judgements[k];
    if (ends.types[k] >= 0) {
      count(ends.types[k]) += 1;
      right(ends.types[k]) += judgement.IsRight(own) ? 1 : 0;
    }
    own += judgement.steps.size();
  }
  return (count.array() > 0).select(right.array() / count.array().max(1), kNaN);
}

Vector DefinedOnly(const Eigen::Ref<const Eigen::RowVectorXd>& values) {
  Vector defined(values.size());
  int64_t count = 0;
  for (int64_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values(i))) {
      defined(count++) = values(i);
    }
  }
  return defined.head(count);
}

TTest TestSamples(const Eigen::Ref<const Eigen::RowVectorXd>& a,
                  const Eigen::Ref<const Eigen::RowVectorXd>& b) {
  TTest none;
  none.t = none.p = kNaN;
  none.zero_variance = true;
  const absl::StatusOr<TTest> test =
      StudentTTest(DefinedOnly(a), DefinedOnly(b));
  return test.ok() && !test->zero_variance ? *test : none;
}

// All lesions on the trials of one repeat after the other.
class Experiment {
 public:
  Experiment(const Network& network,
             const Labels& labels,
             const OutputLesionOptions& options,
             const Execution& execution,
             OutputLesion& result)
      : network_(network),
        options_(options),
        labelled_(LabelledUnits(labels)),
        result_(result),
        counter_(execution,
                 kLesionsPhase,
                 "lesions",
                 options.repeats * static_cast<int64_t>(result.modules.size()) *
                     (1 + options.controls)) {
    const auto M = static_cast<int64_t>(result.modules.size());
    for (const int32_t module : result.modules) {
      units_.push_back(UnitsOf(labels, module));
      result.sizes.push_back(static_cast<int64_t>(units_.back().size()));
    }
    result.intact_accuracy.setZero(types(), options.repeats);
    result.accuracy.setZero(M * types(), options.repeats);
    control_sum_ = Matrix::Zero(M, types());
    control_count_ = Matrix::Zero(M, types());
  }

  absl::Status RunRepeat(int64_t repeat,
                         const TrialEnds& ends,
                         const Execution& execution) {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::vector<int32_t> intact,
        ChoicesWithout(network_, ends.states, {}, execution));
    result_.intact_accuracy.col(repeat) = AccuracyOf(intact, ends, types());
    MODBOUND_RETURN_IF_ERROR(ParallelFor(
        static_cast<int64_t>(units_.size()),
        execution,
        [&](int64_t m) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              const Vector accuracy,
              AccuracyWithout(
                  units_[static_cast<std::size_t>(m)], ends, execution));
          result_.accuracy.block(m * types(), repeat, types(), 1) = accuracy;
          counter_.Add(1);
          return absl::OkStatus();
        }));
    MODBOUND_RETURN_IF_ERROR(RunControls(repeat, ends, execution));
    KeepRepeats(repeat + 1, execution);
    return absl::OkStatus();
  }

  // Repeats that an earlier attempt did, whose results are in place again.
  int64_t LoadRepeats(const Execution& execution) {
    if (execution.checkpoint == nullptr) {
      return 0;
    }
    const std::string bytes =
        execution.checkpoint->Last(execution.Name(kLesionsPhase));
    StateReader state(bytes);
    int64_t repeats = 0;
    if (!state.ReadInt(repeats) || repeats < 1 || repeats > options_.repeats) {
      return 0;
    }
    for (Matrix* results : Results()) {
      if (!state.Read(results->data(), results->size())) {
        control_sum_.setZero();
        control_count_.setZero();
        return 0;
      }
    }
    counter_.Add(repeats * static_cast<int64_t>(units_.size()) *
                 (1 + options_.controls));
    return repeats;
  }

  void Finish() {
    if (options_.controls > 0) {
      result_.control_accuracy =
          (control_count_.array() > 0)
              .select(control_sum_.array() / control_count_.array().max(1),
                      kNaN);
    }
    const auto M = static_cast<int64_t>(units_.size());
    result_.t.resize(M);
    result_.p.resize(M);
    result_.t_change.resize(M, types());
    result_.p_change.resize(M, types());
    for (int64_t m = 0; m < M; ++m) {
      const TTest between = TestSamples(result_.accuracy.row(m * types()),
                                        result_.accuracy.row(m * types() + 1));
      result_.t(m) = between.t;
      result_.p(m) = between.p;
      result_.zero_variance.push_back(between.zero_variance);
      for (int64_t type = 0; type < types(); ++type) {
        const TTest change =
            TestSamples(result_.accuracy.row(m * types() + type),
                        result_.intact_accuracy.row(type));
        result_.t_change(m, type) = change.t;
        result_.p_change(m, type) = change.p;
      }
    }
  }

 private:
  int64_t types() const { return options_.trial_types; }

  // What repeats fill.
  std::array<Matrix*, 4> Results() {
    return {&result_.intact_accuracy,
            &result_.accuracy,
            &control_sum_,
            &control_count_};
  }

  // Columns of repeats to come are of no meaning, but of one size.
  void KeepRepeats(int64_t repeats, const Execution& execution) {
    Checkpoint* const checkpoint = execution.checkpoint;
    if (checkpoint == nullptr) {
      return;
    }
    StateWriter state;
    state.AddInt(repeats);
    for (const Matrix* results : Results()) {
      state.Add(results->data(), results->size());
    }
    checkpoint->Drop(execution.Name(kRepeatPhase));
    if (checkpoint->Due()) {
      checkpoint->Offer(
          execution.Name(kLesionsPhase), repeats, std::move(state).Take());
    } else {
      checkpoint->Keep(execution.Name(kLesionsPhase), std::move(state).Take());
    }
  }

  // NaN without units: there is no such module.
  absl::StatusOr<Vector> AccuracyWithout(const std::vector<int64_t>& units,
                                         const TrialEnds& ends,
                                         const Execution& execution) const {
    if (units.empty()) {
      return Vector(Vector::Constant(types(), kNaN));
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const std::vector<int32_t> choices,
        ChoicesWithout(network_, ends.states, units, execution));
    return AccuracyOf(choices, ends, types());
  }

  // Sum over the control sets begin ... end - 1 of module m.
  absl::StatusOr<Vector> SumControls(std::size_t m,
                                     int64_t begin,
                                     int64_t end,
                                     const TrialEnds& ends,
                                     const Execution& execution) const {
    Vector sum = Vector::Zero(types());
    for (int64_t c = begin; c < end; ++c) {
      const auto stream =
          static_cast<uint64_t>(result_.modules[m] * options_.controls + c);
      const std::vector<int64_t> units = DrawUnits(
          labelled_,
          units_[m].size(),
          RandomStream(options_.seed, RandomPurpose::kControlUnits, stream));
      MODBOUND_ASSIGN_OR_RETURN(const Vector accuracy,
                                AccuracyWithout(units, ends, execution));
      sum += accuracy;
    }
    return sum;
  }

  absl::Status RunControls(int64_t repeat,
                           const TrialEnds& ends,
                           const Execution& execution) {
    const int64_t blocks =
        (options_.controls + kControlBlock - 1) / kControlBlock;
    for (std::size_t m = 0; m < units_.size() && blocks > 0; ++m) {
      Matrix sums(blocks, types());
      KeptBlocks controls;
      controls.phase = absl::StrCat(kRepeatPhase, repeat, " module ", m);
      controls.counter = &counter_;
      controls.count = options_.controls;
      controls.block = kControlBlock;
      controls.save = [&](int64_t first, int64_t, StateWriter& state) {
        state.Add(sums.row(first / kControlBlock).data(), types());
      };
      controls.load = [&](int64_t first, int64_t, StateReader& state) {
        return state.Read(sums.row(first / kControlBlock).data(), types());
      };
      MODBOUND_RETURN_IF_ERROR(RunKeptBlocks(
          controls,
          execution,
          [&](int64_t first, int64_t count) -> absl::Status {
            MODBOUND_ASSIGN_OR_RETURN(
                const Vector sum,
                SumControls(m, first, first + count, ends, execution));
            sums.row(first / kControlBlock) = sum.transpose();
            return absl::OkStatus();
          }));
      const Eigen::RowVectorXd sum = sums.colwise().sum();
      for (int64_t type = 0; type < types(); ++type) {
        // NaN: this repeat has no trial of the type.
        if (std::isfinite(sum(type))) {
          const auto row = static_cast<int64_t>(m);
          control_sum_(row, type) += sum(type);
          control_count_(row, type) += static_cast<double>(options_.controls);
        }
      }
    }
    return absl::OkStatus();
  }

  const Network& network_;
  const OutputLesionOptions& options_;
  std::vector<int64_t> labelled_;
  OutputLesion& result_;
  ProgressCounter counter_;
  std::vector<std::vector<int64_t>> units_;  // of each module
  Matrix control_sum_;
  Matrix control_count_;
};

}  // namespace

absl::StatusOr<std::vector<int32_t>> ChoicesWithout(
    const Network& network,
    const Matrix& states,
    const std::vector<int64_t>& units,
    const Execution& execution) {
  Matrix weights = network.w_out.transpose();
  for (const int64_t unit : units) {
    weights.row(unit).setZero();
  }
  std::vector<int32_t> choices;
  choices.reserve(static_cast<std::size_t>(states.rows()));
  Matrix outputs;
  for (int64_t first = 0; first < states.rows(); first += kTrialRows) {
    if (execution.stopped()) {
      return StoppedError();
    }
    const int64_t count = std::min(kTrialRows, states.rows() - first);
    outputs.noalias() = states.middleRows(first, count) * weights;
    outputs.rowwise() += network.b_out.transpose();
    for (int64_t k = 0; k < count; ++k) {
      choices.push_back(Choice(outputs.row(k)));
    }
  }
  return choices;
}

absl::StatusOr<OutputLesion> ComputeOutputLesion(
    const Network& network,
    const Labels& labels,
    const TrialSource& trials,
    const OutputLesionOptions& options,
    const Execution& execution) {
  MODBOUND_CHECK(options.repeats >= 1 && options.trial_types >= 2);
  MODBOUND_RETURN_IF_ERROR(CheckLabels(labels, network.units(), "labels"));
  OutputLesion result;
  MODBOUND_ASSIGN_OR_RETURN(result.modules,
                            ChooseModules(labels, options.modules));
  Experiment experiment(network, labels, options, execution, result);
  for (int64_t repeat = experiment.LoadRepeats(execution);
       repeat < options.repeats;
       ++repeat) {
    MODBOUND_ASSIGN_OR_RETURN(const TrialEnds ends,
                              trials(repeat, WithoutProgress(execution)));
    MODBOUND_RETURN_IF_ERROR(experiment.RunRepeat(repeat, ends, execution));
  }
  experiment.Finish();
  return result;
}

}  // namespace modbound
