#include "core/training/streams.h"

#include <algorithm>

#include "core/base/error.h"

namespace modbound {

TrainingStreams::TrainingStreams(const Task& task,
                                 int64_t streams,
                                 int64_t seq_len,
                                 uint64_t seed)
    : task_(task),
      seq_len_(seq_len),
      seed_(seed),
      current_(static_cast<std::size_t>(streams)) {}

RandomStream TrainingStreams::RandomOf(int64_t stream, int64_t trial) const {
  const auto streams = static_cast<int64_t>(current_.size());
  return {seed_,
          RandomPurpose::kTrainingTrials,
          static_cast<uint64_t>(trial * streams + stream)};
}

absl::StatusOr<const TrainingStreams::Current*> TrainingStreams::TrialAt(
    int64_t stream, int64_t step, const Execution& execution) {
  Current& current = current_[static_cast<std::size_t>(stream)];
  const bool known = current.index >= 0 && step >= current.begin;
  if (known && step < current.begin + current.trial.steps()) {
    return &current;
  }
  int64_t index = 0;
  int64_t begin = 0;
  if (task_.min_steps() == task_.max_steps()) {
    index = step / task_.max_steps();
    begin = index * task_.max_steps();
  } else {
    if (known) {
      index = current.index + 1;
      begin = current.begin + current.trial.steps();
    }
    // No trial is without steps: the one that begins here need not be drawn
    // twice.
    while (step > begin) {
      if (execution.stopped()) {
        return StoppedError();
      }
      const int64_t steps = task_.DrawSteps(RandomOf(stream, index));
      if (step < begin + steps) {
        break;
      }
      begin += steps;
      ++index;
    }
  }
  RandomStream random = RandomOf(stream, index);
  task_.Draw(random, current.trial);
  current.index = index;
  current.begin = begin;
  return &current;
}

template <typename Scalar>
absl::Status TrainingStreams::Fill(int64_t chunk,
                                   const Execution& execution,
                                   Batch<Scalar>& batch) {
  const auto B = static_cast<int64_t>(current_.size());
  const int64_t inputs = task_.inputs();
  batch.inputs.resize(inputs, seq_len_ * B);
  batch.targets.resize(static_cast<std::size_t>(seq_len_ * B));
  for (int64_t b = 0; b < B; ++b) {
    int64_t t = 0;
    while (t < seq_len_) {
      if (execution.stopped()) {
        return StoppedError();
      }
      const int64_t position = chunk * seq_len_ + t;
      MODBOUND_ASSIGN_OR_RETURN(const Current* current,
                                TrialAt(b, position, execution));
      const Trial& trial = current->trial;
      const int64_t offset = position - current->begin;
      const int64_t length = std::min(trial.steps() - offset, seq_len_ - t);
      const double* from = &trial.inputs(offset, 0);
      Scalar* to = &batch.inputs(0, t * B + b);
      for (int64_t i = 0; i < length; ++i) {
        for (int64_t k = 0; k < inputs; ++k) {
          to[k] = static_cast<Scalar>(from[k]);
        }
        from += inputs;
        to += inputs * B;
        batch.targets[static_cast<std::size_t>((t + i) * B + b)] =
            trial.targets[static_cast<std::size_t>(offset + i)];
      }
      t += length;
    }
  }
  return absl::OkStatus();
}

template absl::Status TrainingStreams::Fill(int64_t,
                                            const Execution&,
                                            Batch<float>&);
template absl::Status TrainingStreams::Fill(int64_t,
                                            const Execution&,
                                            Batch<double>&);

}  // namespace modbound
