#include "client/cli/convert_in_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

// What the child writes into its pipe: one byte, then an Array, or an error's
// code, reason and message, each but the last ended by a zero byte.
constexpr char kArrayFollows = 'A';
constexpr char kErrorFollows = 'E';

std::string Encode(const absl::StatusOr<v1::Array>& result) {
  if (result.ok()) {
    return kArrayFollows + result->SerializeAsString();
  }
  const absl::Status& status = result.status();
  std::string text = absl::StrCat(int(status.code()));
  text.insert(text.begin(), kErrorFollows);
  text += '\0' + ReasonOf(status) + '\0' + MessageOf(status);
  return text;
}

absl::StatusOr<v1::Array> Decode(std::string_view text) {
  const absl::Status damaged = UsageError("is damaged: its reader crashed");
  if (text.empty()) {
    return damaged;
  }
  const char what = text.front();
  text.remove_prefix(1);
  if (what == kArrayFollows) {
    v1::Array array;
    return array.ParseFromArray(text.data(), static_cast<int>(text.size()))
               ? absl::StatusOr<v1::Array>(std::move(array))
               : damaged;
  }
  const size_t code_end = text.find('\0');
  const size_t reason_end = code_end == std::string_view::npos
                                ? code_end
                                : text.find('\0', code_end + 1);
  if (what != kErrorFollows || reason_end == std::string_view::npos) {
    return damaged;
  }
  return MakeError(static_cast<absl::StatusCode>(std::atoi(text.data())),
                   text.substr(code_end + 1, reason_end - code_end - 1),
                   "",
                   text.substr(reason_end + 1));
}

std::string EncodeResultOf(const ConvertFunction& convert,
                           const TemporaryFile& elements) {
  try {
    return Encode(convert(elements));
  } catch (const std::bad_alloc&) {
    return Encode(MakeError(absl::StatusCode::kResourceExhausted,
                            "",
                            "",
                            "not enough memory to read it"));
  }
}

// Of the child: does not return, nor does an exception leave it, which would go
// on as the parent; one that nobody foresaw is a crash.
[[noreturn]] void RunChild(const ConvertFunction& convert,
                           const TemporaryFile& elements,
                           int cpu_seconds,
                           int pipe_end) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto limit = [](int resource, rlim_t most) {
    const rlimit values = {.rlim_cur = most, .rlim_max = most};
    setrlimit(resource, &values);
  };
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, static_cast<rlim_t>(cpu_seconds));
  // What the libraries, or malloc before it gives up, would tell the terminal.
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  const std::string encoded = EncodeResultOf(convert, elements);
  std::string_view text = encoded;
  while (!text.empty()) {
    const ssize_t count = write(pipe_end, text.data(), text.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      break;
    }
    text.remove_prefix(static_cast<size_t>(count));
  }
  // Nothing of the parent's is flushed or destroyed twice.
  _exit(0);
}

std::string ReadAll(int pipe_end) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t count = read(pipe_end, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return text;
    }
    text.append(piece.data(), static_cast<size_t>(count));
  }
}

}  // namespace

absl::StatusOr<v1::Array> ConvertInChild(const ConvertFunction& convert,
                                         const TemporaryFile& elements,
                                         int cpu_seconds) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(std::strerror(errno));
  }
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    RunChild(convert, elements, cpu_seconds, ends[1]);
  }
  const int fork_error = errno;
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return absl::InternalError(std::strerror(fork_error));
  }
  const std::string text = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status) &&
      (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    return UsageError(absl::StrCat("was not read to its end after ",
                                   cpu_seconds,
                                   " s of computing, or needed more memory than"
                                   " there is: damaged?"));
  }
  return Decode(WIFEXITED(status) ? std::string_view(text)
                                  : std::string_view());
}

}  // namespace modbound
