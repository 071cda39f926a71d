#ifndef MODBOUND_SERVER_EXECUTORS_WORKER_PROCESS_H_
#define MODBOUND_SERVER_EXECUTORS_WORKER_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/files/file_io.h"

namespace modbound {

// A child process in a process group of its own, with pipes from its standard
// output and error. It gets nothing else of this process but the environment:
// no descriptors, no blocked or ignored signals. Not safe from two threads. A
// child that asked to die with its parent (PR_SET_PDEATHSIG) dies with the
// thread that called Spawn.
class WorkerProcess {
 public:
  // Where the pieces of a read come from.
  enum class Stream { kOut, kErr };

  // `arguments`[0] is the program's path. Errors: kUnavailable OVERLOADED, with
  // the cause as detail: processes, descriptors or the program itself are not
  // there now.
  static absl::StatusOr<WorkerProcess> Spawn(
      std::vector<std::string> arguments);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  // Kills and reaps what Reap has not.
  ~WorkerProcess();

  pid_t pid() const { return pid_; }

  // Waits at most `most` for output or the end. Bytes that came are appended.
  void Wait(std::chrono::milliseconds most, std::string& out, std::string& err);
  // To the whole group.
  void Signal(int number) const;
  // The status of waitpid, once the process has ended; what is left of its
  // group is killed before. Nothing while it runs.
  std::optional<int> Reap();
  // All that is left in the pipes of a process that has ended.
  void Drain(std::string& out, std::string& err);

 private:
  WorkerProcess(pid_t pid, FileDescriptor out, FileDescriptor err);

  pid_t pid_;
  FileDescriptor out_;
  FileDescriptor err_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_WORKER_PROCESS_H_
