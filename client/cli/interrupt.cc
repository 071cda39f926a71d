#include "client/cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace modbound {
namespace {

// The handler may only write to a pipe; a thread does the rest.
std::atomic<int> signal_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);
struct sigaction former_action = {};

void OnSignal(int /*number*/) {
  const int former_errno = errno;
  const char pressed = 'c';
  // A full pipe means presses enough already.
  [[maybe_unused]] const ssize_t count = write(signal_pipe, &pressed, 1);
  errno = former_errno;
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return;  // no descriptor left: Ctrl-C keeps ending the program
  }
  read_end_ = ends[0];
  write_end_ = ends[1];
  fcntl(write_end_, F_SETFL, O_NONBLOCK);
  signal_pipe = write_end_;
  listener_ = std::thread([this] { Listen(); });
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &former_action);
}

Interrupt::~Interrupt() {
  if (!listener_.joinable()) {
    return;
  }
  sigaction(SIGINT, &former_action, nullptr);
  signal_pipe = -1;
  close(write_end_);  // ends the listener
  listener_.join();
  close(read_end_);
}

void Interrupt::Listen() {
  char pressed = 0;
  while (true) {
    const ssize_t size = read(read_end_, &pressed, 1);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return;
    }
    const std::lock_guard lock(mutex_);
    ++pending_;
    if (context_ != nullptr) {
      context_->TryCancel();
    }
    changed_.notify_all();
  }
}

bool Interrupt::Take() {
  const std::lock_guard lock(mutex_);
  if (pending_ == 0) {
    return false;
  }
  --pending_;
  return true;
}

bool Interrupt::WaitFor(std::chrono::milliseconds time) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [&] { return pending_ > 0; });
}

Interrupt::Guard::Guard(Interrupt& interrupt, grpc::ClientContext& context)
    : interrupt_(interrupt) {
  const std::lock_guard lock(interrupt_.mutex_);
  interrupt_.context_ = &context;
  if (interrupt_.pending_ > 0) {
    context.TryCancel();
  }
}

Interrupt::Guard::~Guard() {
  const std::lock_guard lock(interrupt_.mutex_);
  interrupt_.context_ = nullptr;
}

}  // namespace modbound
