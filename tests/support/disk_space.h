#ifndef MODBOUND_TESTS_SUPPORT_DISK_SPACE_H_
#define MODBOUND_TESTS_SUPPORT_DISK_SPACE_H_

#include <dlfcn.h>
#include <sys/statvfs.h>

#include <atomic>
#include <cstdint>

// Disks that look full. A test program that includes it has a definition of
// statvfs that stands before the C library's.
namespace modbound {

// While it lives, every disk tells that `bytes` are free. One at a time.
// Threads: safe from any thread.
class DiskSpace {
 public:
  explicit DiskSpace(int64_t bytes) { free_bytes.store(bytes); }
  ~DiskSpace() { free_bytes.store(kAsItIs); }
  DiskSpace(const DiskSpace&) = delete;
  DiskSpace& operator=(const DiskSpace&) = delete;

  void Set(int64_t bytes) { free_bytes.store(bytes); }
  // How often the program asked for the free space of a disk, ever.
  int asked() const { return times_asked.load(); }

  static void Apply(struct statvfs& info) {
    ++times_asked;
    const int64_t bytes = free_bytes.load();
    if (bytes != kAsItIs) {
      info.f_frsize = 1;
      info.f_bavail = static_cast<fsblkcnt_t>(bytes);
    }
  }

 private:
  static constexpr int64_t kAsItIs = -1;
  static inline std::atomic<int64_t> free_bytes{kAsItIs};
  static inline std::atomic<int> times_asked{0};
};

}  // namespace modbound

// Weak: several sources of a program may include this.
extern "C" __attribute__((weak)) int statvfs(const char* path,
                                             struct statvfs* info) noexcept {
  using Function = int (*)(const char*, struct statvfs*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "statvfs"));
  const int result = kReal(path, info);
  if (result == 0) {
    modbound::DiskSpace::Apply(*info);
  }
  return result;
}

#endif  // MODBOUND_TESTS_SUPPORT_DISK_SPACE_H_
