#include "core/training/streams.h"

#include <algorithm>

namespace modbound {

TrainingStreams::TrainingStreams(const Task& task,
                                 int64_t streams,
                                 int64_t seq_len,
                                 uint64_t seed)
    : task_(task),
      seq_len_(seq_len),
      seed_(seed),
      current_(static_cast<std::size_t>(streams)) {}

const Trial& TrainingStreams::TrialOf(int64_t stream, int64_t trial) {
  Current& current = current_[static_cast<std::size_t>(stream)];
  if (current.index != trial) {
    const auto streams = static_cast<int64_t>(current_.size());
    RandomStream random(seed_,
                        RandomPurpose::kTrainingTrials,
                        static_cast<uint64_t>(trial * streams + stream));
    task_.Draw(random, current.trial);
    current.index = trial;
  }
  return current.trial;
}

template <typename Scalar>
absl::Status TrainingStreams::Fill(int64_t chunk,
                                   const Execution& execution,
                                   Batch<Scalar>& batch) {
  const auto B = static_cast<int64_t>(current_.size());
  const int64_t T = task_.steps();
  batch.inputs.resize(task_.inputs(), seq_len_ * B);
  batch.targets.resize(static_cast<std::size_t>(seq_len_ * B));
  for (int64_t b = 0; b < B; ++b) {
    int64_t t = 0;
    while (t < seq_len_) {
      if (execution.stopped()) {
        return StoppedError();
      }
      const int64_t position = chunk * seq_len_ + t;
      const Trial& trial = TrialOf(b, position / T);
      const int64_t offset = position % T;
      const int64_t length = std::min(T - offset, seq_len_ - t);
      for (int64_t i = 0; i < length; ++i) {
        const int64_t column = (t + i) * B + b;
        batch.inputs.col(column) =
            trial.inputs.row(offset + i).transpose().cast<Scalar>();
        batch.targets[static_cast<std::size_t>(column)] =
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
