#ifndef MODBOUND_TESTS_SUPPORT_IO_FAULT_H_
#define MODBOUND_TESTS_SUPPORT_IO_FAULT_H_

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

// Failing system calls. A test program that includes it has definitions of
// pread, pwrite, fsync, fdatasync and rename that stand before the C library's,
// also for shared libraries such as SQLite's.
namespace modbound {

enum class IoCall { kRead, kWrite, kSync, kRename };

// While it lives, `times` calls of `call` on a path that holds `part` (or ends
// with it, when `part` ends with $) fail with `error`, after the first
// `skipped` ones; `on_hit` is called before each of them fails. One at a time.
class IoFault {
 public:
  IoFault(IoCall call,
          std::string part,
          int error,
          int skipped = 0,
          int times = INT_MAX,
          std::function<void()> on_hit = {})
      : call_(call),
        part_(std::move(part)),
        error_(error),
        times_(times),
        on_hit_(std::move(on_hit)),
        skip_(skipped) {
    current.store(this);
  }
  // Waits for calls that look at it.
  ~IoFault() {
    current.store(nullptr);
    while (looking.load() > 0) {
      ::sched_yield();
    }
  }
  IoFault(const IoFault&) = delete;
  IoFault& operator=(const IoFault&) = delete;

  // Calls that failed.
  int hits() const { return hits_.load(); }

  // True: the call must fail; errno is set.
  static bool Hits(IoCall call, const std::string& path) {
    looking.fetch_add(1);
    const bool hits = HitsNow(call, path);
    looking.fetch_sub(1);
    return hits;
  }
  static bool Hits(IoCall call, int fd) {
    if (current.load() == nullptr) {
      return false;
    }
    char path[PATH_MAX] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    return ::readlink(link.c_str(), path, sizeof(path) - 1) > 0 &&
           Hits(call, std::string(path));
  }

 private:
  static bool HitsNow(IoCall call, const std::string& path) {
    IoFault* fault = current.load();
    if (fault == nullptr || fault->call_ != call ||
        (path + "$").find(fault->part_) == std::string::npos ||
        fault->skip_.fetch_sub(1) > 0 || fault->hits_.load() >= fault->times_) {
      return false;
    }
    ++fault->hits_;
    if (fault->on_hit_) {
      fault->on_hit_();
    }
    errno = fault->error_;
    return true;
  }

  static inline std::atomic<IoFault*> current{nullptr};
  static inline std::atomic<int> looking{0};
  const IoCall call_;
  const std::string part_;
  const int error_;
  const int times_;
  const std::function<void()> on_hit_;
  std::atomic<int> skip_;
  std::atomic<int> hits_{0};
};

}  // namespace modbound

// Weak: several sources of a program may include this.
#define MODBOUND_WEAK __attribute__((weak))

extern "C" {

MODBOUND_WEAK ssize_t pread(int fd, void* bytes, size_t count, off_t offset) {
  return modbound::IoFault::Hits(modbound::IoCall::kRead, fd)
             ? -1
             : ::syscall(SYS_pread64, fd, bytes, count, offset);
}

MODBOUND_WEAK ssize_t pread64(int fd,
                              void* bytes,
                              size_t count,
                              off64_t offset) {
  return pread(fd, bytes, count, offset);
}

MODBOUND_WEAK ssize_t pwrite(int fd,
                             const void* bytes,
                             size_t count,
                             off_t offset) {
  return modbound::IoFault::Hits(modbound::IoCall::kWrite, fd)
             ? -1
             : ::syscall(SYS_pwrite64, fd, bytes, count, offset);
}

MODBOUND_WEAK ssize_t pwrite64(int fd,
                               const void* bytes,
                               size_t count,
                               off64_t offset) {
  return pwrite(fd, bytes, count, offset);
}

MODBOUND_WEAK int fsync(int fd) {
  return modbound::IoFault::Hits(modbound::IoCall::kSync, fd)
             ? -1
             : static_cast<int>(::syscall(SYS_fsync, fd));
}

MODBOUND_WEAK int fdatasync(int fd) {
  return modbound::IoFault::Hits(modbound::IoCall::kSync, fd)
             ? -1
             : static_cast<int>(::syscall(SYS_fdatasync, fd));
}

MODBOUND_WEAK int rename(const char* from, const char* to) noexcept {
  return modbound::IoFault::Hits(modbound::IoCall::kRename, std::string(to))
             ? -1
             : static_cast<int>(::syscall(SYS_rename, from, to));
}

}  // extern "C"

#undef MODBOUND_WEAK

#endif  // MODBOUND_TESTS_SUPPORT_IO_FAULT_H_
