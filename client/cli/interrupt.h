#ifndef MODBOUND_CLIENT_CLI_INTERRUPT_H_
#define MODBOUND_CLIENT_CLI_INTERRUPT_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "grpcpp/client_context.h"

namespace modbound {

// Collects Ctrl-C (SIGINT) while it lives, instead of letting it end the
// program, and breaks off the call that waits. Whoever reacts to a press takes
// it, so that each has one effect however many wait in turn. One at a time in a
// process.
// Threads: every member may be called from any thread.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  // Puts the former reaction to SIGINT back.
  ~Interrupt();

  // Takes a press that nobody has taken; false when there is none.
  bool Take();

  // Waits until there is a press to take, at most `time`. True when there is
  // one: it stays to be taken.
  bool WaitFor(std::chrono::milliseconds time) const;

  // While it lives, Ctrl-C cancels `context`: its call then ends with
  // CANCELLED. A press that nobody has taken yet does so at once.
  class Guard {
   public:
    Guard(Interrupt& interrupt, grpc::ClientContext& context);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    Interrupt& interrupt_;
  };

 private:
  void Listen();

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int pending_ = 0;  // presses not taken; guarded by mutex_
  grpc::ClientContext* context_ = nullptr;  // guarded by mutex_
  int read_end_ = -1;
  int write_end_ = -1;
  std::thread listener_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_INTERRUPT_H_
