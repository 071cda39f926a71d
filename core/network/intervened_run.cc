#include "core/network/intervened_run.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/network/run.h"

namespace modbound {
namespace {

// Levels of one silence; `intact` has time points where they are made of it.
HeldBlock::Held LevelsOf(const Silence& silence,
                         const ActivityMoments& intact) {
  const auto count = static_cast<int64_t>(silence.units.size());
  HeldBlock::Held held;
  held.units = silence.units;
  held.steps = silence.steps;
  held.mean = Vector::Zero(count);
  if (silence.level == SilenceLevel::kZero) {
    return held;
  }
  const Vector means = intact.Means();
  held.mean = means(silence.units);
  if (silence.level == SilenceLevel::kNoise) {
    const Vector sd = intact.StandardDeviations();
    held.sd = sd(silence.units);
  }
  return held;
}

}  // namespace

HeldBlock::HeldBlock(const std::vector<Held>& held,
                     uint64_t seed,
                     int64_t units,
                     int64_t first,
                     int64_t count)
    : held_(&held), count_(count) {
  for (const Held& one : held) {
    for (int64_t i = 0; i < one.sd.size(); ++i) {
      const int64_t unit = one.units[static_cast<std::size_t>(i)];
      std::vector<RandomStream>& streams = noise_[unit];
      for (int64_t k = static_cast<int64_t>(streams.size()); k < count; ++k) {
        streams.emplace_back(seed,
                             RandomPurpose::kSilencedNoise,
                             static_cast<uint64_t>((first + k) * units + unit));
      }
    }
  }
}

void HeldBlock::BeforeFirstStep(Matrix& states) { AfterStep(0, states); }

void HeldBlock::AfterStep(int64_t t, Matrix& states) {
  if (held_ == nullptr) {
    return;
  }
  for (const Held& one : *held_) {
    if (one.steps.Holds(t)) {
      Hold(one, states);
    }
  }
}

void HeldBlock::Hold(const Held& held, Matrix& states) {
  for (std::size_t i = 0; i < held.units.size(); ++i) {
    const int64_t unit = held.units[i];
    const auto at = static_cast<int64_t>(i);
    auto column = states.col(unit).head(count_);
    column.setConstant(held.mean(at));
    if (held.sd.size() == 0) {
      continue;
    }
    std::vector<RandomStream>& streams = noise_.at(unit);
    for (int64_t k = 0; k < count_; ++k) {
      column(k) += held.sd(at) * streams[static_cast<std::size_t>(k)].Normal();
    }
  }
}

absl::StatusOr<IntervenedRun> IntervenedRun::Prepare(
    const Network& network,
    const Intervention& intervention,
    int64_t steps,
    const IntactRun& intact) {
  MODBOUND_RETURN_IF_ERROR(intervention.Validate(
      {network.units(), network.inputs(), network.outputs(), steps}));
  IntervenedRun run;
  run.given_ = &network;
  run.clamps_ = intervention.clamps;
  run.seed_ = intervention.seed;
  if (intervention.changes_weights()) {
    run.changed_ = network;
    MODBOUND_RETURN_IF_ERROR(ChangeWeights(intervention, *run.changed_));
  }
  ActivityMoments moments;
  if (intervention.needs_intact_run()) {
    MODBOUND_ASSIGN_OR_RETURN(moments, intact());
  }
  for (const Silence& silence : intervention.silences) {
    run.held_.push_back(LevelsOf(silence, moments));
  }
  return run;
}

void IntervenedRun::Clamp(int64_t stride,
                          int64_t trials,
                          const Execution& execution,
                          Matrix& inputs) const {
  const int64_t T = inputs.rows() / stride;
  for (const InputClamp& clamp : clamps_) {
    if (execution.stopped()) {
      return;
    }
    const int64_t to = std::min(clamp.steps.to.value_or(T), T);
    for (int64_t t = clamp.steps.from; t < to; ++t) {
      inputs.col(clamp.channel)
          .segment(t * stride, trials)
          .setConstant(clamp.value);
    }
  }
}

HeldBlock IntervenedRun::HoldsOf(int64_t first, int64_t count) const {
  return held_.empty()
             ? HeldBlock()
             : HeldBlock(held_, seed_, network().units(), first, count);
}

double IntervenedRun::Bytes(const Intervention& intervention,
                            double network_bytes,
                            int threads) {
  double bytes = intervention.changes_weights() ? network_bytes : 0;
  for (const Silence& silence : intervention.silences) {
    const auto units = static_cast<double>(silence.units.size());
    bytes += 32 * units;
    if (silence.level == SilenceLevel::kNoise) {
      bytes += threads * units *
               static_cast<double>(kTrialBlock * sizeof(RandomStream));
    }
  }
  return bytes;
}

}  // namespace modbound
