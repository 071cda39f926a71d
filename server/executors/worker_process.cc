#include "server/executors/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// Taken from a pipe at a time: a child that floods its pipes does not keep its
// reader from anything else.
constexpr std::size_t kMostPiece = std::size_t{16} << 10;

absl::Status CannotSpawn(const std::string& program, int error) {
  return WithDetail(MakeError(absl::StatusCode::kUnavailable,
                              "OVERLOADED",
                              "",
                              "the server cannot start a worker process now"),
                    absl::StrCat(program, ": ", ::strerror(error)));
}

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

// Reads of ours do not wait; writes of the child do.
absl::StatusOr<Pipe> MakePipe(const std::string& program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return CannotSpawn(program, errno);
  }
  Pipe pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return CannotSpawn(program, errno);
  }
  return pipe;
}

int SetAttributes(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  const std::array<int, 4> errors = {
      ::posix_spawnattr_setpgroup(&attributes, 0),
      ::posix_spawnattr_setsigmask(&attributes, &none),
      ::posix_spawnattr_setsigdefault(&attributes, &all),
      ::posix_spawnattr_setflags(&attributes,
                                 POSIX_SPAWN_SETPGROUP |
                                     POSIX_SPAWN_SETSIGMASK |
                                     POSIX_SPAWN_SETSIGDEF)};
  return *std::max_element(errors.begin(), errors.end());
}

int SetFiles(posix_spawn_file_actions_t& files, int out, int err) {
  const std::array<int, 4> errors = {
      ::posix_spawn_file_actions_addopen(
          &files, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
      ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO),
      ::posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO),
      // Whoever forgot O_CLOEXEC, in whatever library.
      ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1)};
  return *std::max_element(errors.begin(), errors.end());
}

// 0, or an error number.
int SpawnWith(std::vector<std::string>& arguments,
              int out,
              int err,
              pid_t& pid) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;
  if (const int error = ::posix_spawnattr_init(&attributes); error != 0) {
    return error;
  }
  const absl::Cleanup drop_attributes = [&] {
    ::posix_spawnattr_destroy(&attributes);
  };
  if (const int error = ::posix_spawn_file_actions_init(&files); error != 0) {
    return error;
  }
  const absl::Cleanup drop_files = [&] {
    ::posix_spawn_file_actions_destroy(&files);
  };
  if (const int error =
          std::max(SetAttributes(attributes), SetFiles(files, out, err));
      error != 0) {
    return error;
  }
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  return ::posix_spawn(
      &pid, argv.front(), &files, &attributes, argv.data(), environ);
}

// Appends what is there, up to kMostPiece; closes the pipe at its end. False:
// nothing more is there now.
bool ReadPiece(FileDescriptor& pipe, std::string& bytes) {
  if (pipe.get() < 0) {
    return false;
  }
  const std::size_t before = bytes.size();
  bytes.resize(before + kMostPiece);
  const ssize_t got = ::read(pipe.get(), bytes.data() + before, kMostPiece);
  const int error = errno;
  bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got > 0 || (got < 0 && error == EINTR)) {
    return true;
  }
  if (got == 0 || error != EAGAIN) {
    pipe.Close();
  }
  return false;
}

}  // namespace

WorkerProcess::WorkerProcess(pid_t pid, FileDescriptor out, FileDescriptor err)
    : pid_(pid), out_(std::move(out)), err_(std::move(err)) {}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

absl::StatusOr<WorkerProcess> WorkerProcess::Spawn(
    std::vector<std::string> arguments) {
  const std::string program = arguments.front();
  MODBOUND_ASSIGN_OR_RETURN(Pipe out, MakePipe(program));
  MODBOUND_ASSIGN_OR_RETURN(Pipe err, MakePipe(program));
  pid_t pid = -1;
  if (const int error =
          SpawnWith(arguments, out.write.get(), err.write.get(), pid);
      error != 0) {
    return CannotSpawn(program, error);
  }
  return WorkerProcess(pid, std::move(out.read), std::move(err.read));
}

void WorkerProcess::Wait(std::chrono::milliseconds most,
                         std::string& out,
                         std::string& err) {
  if (out_.get() < 0 && err_.get() < 0) {
    // It is about to end.
    std::this_thread::sleep_for(std::min(most, std::chrono::milliseconds(1)));
    return;
  }
  // poll passes over negative descriptors.
  std::array<struct pollfd, 2> pipes = {
      {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
  ::poll(pipes.data(), pipes.size(), static_cast<int>(most.count()));
  ReadPiece(out_, out);
  ReadPiece(err_, err);
}

void WorkerProcess::Signal(int number) const { ::kill(-pid_, number); }

std::optional<int> WorkerProcess::Reap() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid_);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != pid_) {
    return std::nullopt;
  }
  // While the dead process holds its number, the group's cannot be another's.
  Signal(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

void WorkerProcess::Drain(std::string& out, std::string& err) {
  while (ReadPiece(out_, out)) {
  }
  while (ReadPiece(err_, err)) {
  }
}

}  // namespace modbound
