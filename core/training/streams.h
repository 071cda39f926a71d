#ifndef MODBOUND_CORE_TRAINING_STREAMS_H_
#define MODBOUND_CORE_TRAINING_STREAMS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/tasks/task.h"
#include "core/training/backprop.h"

namespace modbound {

// Training sequences: B endless streams of back-to-back trials, cut to chunks
// of seq_len steps; a chunk may begin inside a trial. Stream b's j-th trial is
// drawn from (seed, kTrainingTrials, j B + b), so a chunk does not depend on
// what was asked before it. Every stream begins with a whole trial. A chunk far
// from the one before costs the lengths of all trials before it where lengths
// are random.
class TrainingStreams {
 public:
  TrainingStreams(const Task& task,
                  int64_t streams,
                  int64_t seq_len,
                  uint64_t seed);

  // Steps [chunk seq_len, (chunk + 1) seq_len) of every stream. `batch` keeps
  // its buffers. Errors: kCancelled.
  template <typename Scalar>
  absl::Status Fill(int64_t chunk,
                    const Execution& execution,
                    Batch<Scalar>& batch);

 private:
  // The trial a stream was in last: a chunk often begins inside it.
  struct Current {
    int64_t index = -1;
    int64_t begin = 0;  // its first step
    Trial trial;
  };

  RandomStream RandomOf(int64_t stream, int64_t trial) const;
  // The trial that holds a step of a stream. Errors: kCancelled.
  absl::StatusOr<const Current*> TrialAt(int64_t stream,
                                         int64_t step,
                                         const Execution& execution);

  const Task& task_;
  int64_t seq_len_;
  uint64_t seed_;
  std::vector<Current> current_;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_TRAINING_STREAMS_H_
