#ifndef MODBOUND_CORE_BASE_CHECKPOINT_H_
#define MODBOUND_CORE_BASE_CHECKPOINT_H_

#include <cstdint>
#include <string>

namespace modbound {

// Where a long computation keeps what it has done. Run again with the same
// input, options and seed, by a program of the same kernel version and
// instruction set, it goes on from there, on any number of threads, and ends
// with the bytes of an undisturbed run.
//
// States stand under the names of the computation's phases (Execution::Name),
// one a phase. Each must be right by itself, whatever became of the others.
// When a state is kept for good is decided outside, by a clock that results
// never depend on. Threads: safe from all.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  // The latest state under `name`, of this run or of an earlier one; empty =
  // none.
  virtual std::string Last(const std::string& name) = 0;
  // Is it time to offer a state? Asked at every point where one could be made.
  // True for one of the threads that ask.
  virtual bool Due() = 0;
  // Keeps the state of phase `name`, in which `done` of its units are done, for
  // good, with all that was kept before. What cannot be written now is no
  // error: work would be lost, no result.
  virtual void Offer(const std::string& name,
                     int64_t done,
                     std::string state) = 0;
  // Keeps a state in memory, for the next Offer of any phase to write: the
  // phase has ended, a later one goes on.
  virtual void Keep(const std::string& name, std::string state) = 0;
  // States whose names begin with `prefix` are not needed any more.
  virtual void Drop(const std::string& prefix) = 0;
  // Larger states are not made: a job that would need them has no checkpoint.
  virtual int64_t max_bytes() const = 0;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_CHECKPOINT_H_
