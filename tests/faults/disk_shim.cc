// A disk that fails, lags, is full or takes notes: a library for LD_PRELOAD,
// driven by disk_shim.py. It stands before the C library's calls on files below
// one folder; all other files are left alone. Programs that its process starts
// do without it.
//
// Environment:
//   MODBOUND_DISK_ROOT   the folder, an absolute path
//   MODBOUND_DISK_STATE  a file of numbers shared with the test (struct State)
//   MODBOUND_DISK_TRACE  optional: takes a Record of every change of the disk,
//                        in order, each before its call returns
//   MODBOUND_DISK_NAMES  optional: takes every path that was opened, made,
//                        renamed or removed, also outside the folder, and a
//                        zero byte

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace {

// Order as in disk_shim.py.
enum Class : uint64_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kRename,
  kUnlink,
  kTruncate,
  kMkdir,
  kLink,
  kClasses,
};

// Instead of an errno: half of what was asked is done.
constexpr uint64_t kShort = 1 << 16;

// Numbers that both sides read and write while the program runs.
struct State {
  std::atomic<uint64_t> delay_us;    // of every sync
  std::atomic<uint64_t> fail_class;  // calls of this class
  std::atomic<uint64_t> fail_from;  // from this one on, counted from 1; 0: none
  std::atomic<uint64_t> fail_times;  // so many of them
  std::atomic<uint64_t> fail_how;    // errno, or kShort
  std::atomic<uint64_t> failed;      // calls that failed so far
  std::atomic<int64_t> room;         // bytes that files may still grow by
  std::atomic<uint64_t> is_bounded;  // 0: by as much as there really is
  std::atomic<uint64_t> counts[kClasses];
};

// Order as in disk_shim.py.
enum Op : uint32_t {
  kDoCreate,
  kDoWrite,
  kDoTruncate,
  kDoSync,
  kDoSyncFolder,
  kDoRename,
  kDoUnlink,
  kDoMkdir,
  kDoLink,
};

// Followed by the path, the second path and the bytes.
struct Record {
  uint32_t op;
  uint32_t path_size;
  uint32_t other_size;
  uint32_t bytes_size;
  uint64_t file;  // inode
  uint64_t offset;
};

template <typename... Arguments>
long System(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

class Shim {
 public:
  Shim() {
    const char* root = std::getenv("MODBOUND_DISK_ROOT");
    const char* state = std::getenv("MODBOUND_DISK_STATE");
    const char* trace = std::getenv("MODBOUND_DISK_TRACE");
    const char* names = std::getenv("MODBOUND_DISK_NAMES");
    ::unsetenv("LD_PRELOAD");
    if (root == nullptr || state == nullptr) {
      return;
    }
    const auto fd = static_cast<int>(
        System(SYS_openat, AT_FDCWD, state, O_RDWR | O_CLOEXEC, 0));
    void* memory = ::mmap(
        nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || memory == MAP_FAILED) {
      std::abort();
    }
    System(SYS_close, fd);
    trace_ = OpenNotes(trace);
    names_ = OpenNotes(names);
    root_ = root;
    state_ = static_cast<State*>(memory);
  }

  bool traces() const { return trace_ >= 0; }
  std::recursive_mutex& mutex() { return mutex_; }

  // "" = not below the folder.
  std::string PathOf(int fd) const {
    if (state_ == nullptr || fd < 0) {
      return "";
    }
    char path[PATH_MAX] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const long size =
        System(SYS_readlinkat, AT_FDCWD, link.c_str(), path, sizeof(path) - 1);
    return size > 0 ? Below(path) : "";
  }
  std::string PathOf(int folder, const char* name) const {
    if (state_ == nullptr) {
      return "";
    }
    if (name[0] == '/' || folder == AT_FDCWD) {
      return Below(name);
    }
    const std::string path = PathOf(folder);
    return path.empty() ? "" : path + "/" + name;
  }

  // Counts a call; true: it must fail (errno is set) or, where `is_short` is
  // given and becomes true, be cut short.
  bool Fails(Class kind, bool* is_short = nullptr) {
    const uint64_t number = ++state_->counts[kind];
    const uint64_t from = state_->fail_from.load();
    if (from == 0 || state_->fail_class.load() != kind || number < from ||
        number - from >= state_->fail_times.load()) {
      return false;
    }
    ++state_->failed;
    const uint64_t how = state_->fail_how.load();
    if (how == kShort && is_short != nullptr) {
      *is_short = true;
      return false;
    }
    errno = how == kShort ? EIO : static_cast<int>(how);
    return true;
  }

  bool is_bounded() const { return state_->is_bounded.load() != 0; }
  int64_t room() const { return state_->room.load(); }
  // False: no room for so many bytes more; errno is set.
  bool TakeRoom(int64_t bytes) {
    if (!is_bounded() || bytes <= 0) {
      return true;
    }
    int64_t left = room();
    while (left >= bytes) {
      if (state_->room.compare_exchange_weak(left, left - bytes)) {
        return true;
      }
    }
    errno = ENOSPC;
    return false;
  }
  void GiveRoom(int64_t bytes) { state_->room += bytes; }

  // A path as a program gave it, of whatever folder.
  void NoteNamed(int folder, const char* name) const {
    if (names_ < 0) {
      return;
    }
    char path[PATH_MAX] = {};
    if (name[0] != '/' && folder != AT_FDCWD) {
      const std::string link = "/proc/self/fd/" + std::to_string(folder);
      System(SYS_readlinkat, AT_FDCWD, link.c_str(), path, sizeof(path) - 1);
    }
    NoteName(names_, path[0] == 0 ? name : std::string(path) + "/" + name);
  }

  void Delay() const {
    const uint64_t micros = state_->delay_us.load();
    const timespec time{static_cast<time_t>(micros / 1000000),
                        static_cast<long>(micros % 1000000 * 1000)};
    if (micros > 0) {
      System(SYS_nanosleep, &time, nullptr);
    }
  }

  void Note(Op op,
            uint64_t file,
            const std::string& path,
            const std::string& other = "",
            const void* bytes = nullptr,
            std::size_t size = 0,
            uint64_t offset = 0) {
    const Record record{op,
                        static_cast<uint32_t>(path.size()),
                        static_cast<uint32_t>(other.size()),
                        static_cast<uint32_t>(size),
                        file,
                        offset};
    std::string all(reinterpret_cast<const char*>(&record), sizeof(record));
    all += path;
    all += other;
    all.append(static_cast<const char*>(bytes), size);
    if (System(SYS_write, trace_, all.data(), all.size()) !=
        static_cast<long>(all.size())) {
      std::abort();
    }
  }

 private:
  std::string Below(const std::string& path) const {
    return path.compare(0, root_.size(), root_) == 0 &&
                   (path.size() == root_.size() || path[root_.size()] == '/')
               ? path
               : "";
  }

  // -1: none are asked for.
  static int OpenNotes(const char* path) {
    return path == nullptr ? -1
                           : static_cast<int>(System(
                                 SYS_openat,
                                 AT_FDCWD,
                                 path,
                                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                                 0600));
  }
  static void NoteName(int notes, const std::string& path) {
    if (notes >= 0 &&
        System(SYS_write, notes, path.c_str(), path.size() + 1) < 0) {
      std::abort();
    }
  }

  std::string root_;
  State* state_ = nullptr;
  int trace_ = -1;
  int names_ = -1;
  // While a call that is traced runs: the trace has the order of the disk.
  std::recursive_mutex mutex_;
};

// Never destroyed: threads may outlive main.
Shim& shim() {
  static Shim& instance = *new Shim;
  return instance;
}

__attribute__((constructor)) void Begin() { shim(); }

// Holds the shim's mutex when it traces.
class InOrder {
 public:
  InOrder() {
    if (shim().traces()) {
      lock_ = std::unique_lock(shim().mutex());
    }
  }

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

uint64_t FileOf(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
}

int64_t SizeOf(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : 0;
}

// Bytes that come free when the name goes.
int64_t OnlyNamed(int folder, const char* name) {
  struct stat info {};
  return ::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISREG(info.st_mode) && info.st_nlink == 1
             ? info.st_size
             : 0;
}

int OpenAt(int folder, const char* name, int flags, mode_t mode) {
  shim().NoteNamed(folder, name);
  const std::string path = shim().PathOf(folder, name);
  if (path.empty()) {
    return static_cast<int>(System(SYS_openat, folder, name, flags, mode));
  }
  if (shim().Fails(kOpen)) {
    return -1;
  }
  const InOrder order;
  struct stat info {};
  const bool is_new = ::fstatat(folder, name, &info, 0) != 0;
  const auto fd =
      static_cast<int>(System(SYS_openat, folder, name, flags, mode));
  if (fd >= 0 && shim().traces()) {
    if (is_new) {
      shim().Note(kDoCreate, FileOf(fd), path);
    } else if ((flags & O_TRUNC) != 0) {
      shim().Note(kDoTruncate, FileOf(fd), path);
    }
  }
  return fd;
}

ssize_t ReadOf(int fd, std::size_t count, long number, void* to, off64_t at) {
  bool is_short = false;
  if (!shim().PathOf(fd).empty() && shim().Fails(kRead, &is_short)) {
    return -1;
  }
  count = is_short && count > 1 ? count / 2 : count;
  return System(number, fd, to, count, at);
}

// `at`: -1 = where the file stands.
ssize_t WriteOf(int fd, const void* bytes, std::size_t count, off64_t at) {
  const std::string path = shim().PathOf(fd);
  bool is_short = false;
  if (!path.empty() && shim().Fails(kWrite, &is_short)) {
    return -1;
  }
  count = is_short && count > 1 ? count / 2 : count;
  const InOrder order;
  if (!path.empty() && shim().is_bounded()) {
    const int64_t begin = at < 0 ? System(SYS_lseek, fd, 0, SEEK_CUR) : at;
    if (!shim().TakeRoom(begin + static_cast<int64_t>(count) - SizeOf(fd))) {
      return -1;
    }
  }
  const ssize_t written = at < 0 ? System(SYS_write, fd, bytes, count)
                                 : System(SYS_pwrite64, fd, bytes, count, at);
  if (!path.empty() && written > 0 && shim().traces()) {
    const auto end = at < 0 ? System(SYS_lseek, fd, 0, SEEK_CUR) : at + written;
    shim().Note(kDoWrite,
                FileOf(fd),
                path,
                "",
                bytes,
                static_cast<std::size_t>(written),
                static_cast<uint64_t>(end - written));
  }
  return written;
}

int SyncOf(int fd, long number) {
  const std::string path = shim().PathOf(fd);
  if (path.empty()) {
    return static_cast<int>(System(number, fd));
  }
  if (shim().Fails(kSync)) {
    return -1;
  }
  shim().Delay();
  const InOrder order;
  const auto result = static_cast<int>(System(number, fd));
  if (result == 0 && shim().traces()) {
    struct stat info {};
    ::fstat(fd, &info);
    shim().Note(
        S_ISDIR(info.st_mode) ? kDoSyncFolder : kDoSync, info.st_ino, path);
  }
  return result;
}

int TruncateOf(int fd, off64_t size) {
  const std::string path = shim().PathOf(fd);
  if (!path.empty() && shim().Fails(kTruncate)) {
    return -1;
  }
  const InOrder order;
  const int64_t before = path.empty() ? 0 : SizeOf(fd);
  const auto result = static_cast<int>(System(SYS_ftruncate, fd, size));
  if (result == 0 && before > size) {
    shim().GiveRoom(before - size);
  }
  if (!path.empty() && result == 0 && shim().traces()) {
    shim().Note(kDoTruncate,
                FileOf(fd),
                path,
                "",
                nullptr,
                0,
                static_cast<uint64_t>(size));
  }
  return result;
}

// A call on names: `action` does it.
template <typename Action>
int OnNames(Class kind,
            Op op,
            const std::string& path,
            const std::string& other,
            const Action& action) {
  if (!path.empty() && shim().Fails(kind)) {
    return -1;
  }
  const InOrder order;
  const auto result = static_cast<int>(action());
  if (!path.empty() && result == 0 && shim().traces()) {
    shim().Note(op, 0, path, other);
  }
  return result;
}

long Unlink(int folder, const char* name, int flags) {
  const int64_t bytes =
      shim().PathOf(folder, name).empty() ? 0 : OnlyNamed(folder, name);
  const long result = System(SYS_unlinkat, folder, name, flags);
  if (result == 0 && bytes > 0) {
    shim().GiveRoom(bytes);
  }
  return result;
}

mode_t ModeOf(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0
             ? static_cast<mode_t>(va_arg(rest, int))
             : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return OpenAt(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return OpenAt(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return OpenAt(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return OpenAt(folder, path, flags, mode);
}

// Of streams and of folders: for their names alone.
FILE* fopen(const char* path, const char* mode) {
  using Function = FILE* (*)(const char*, const char*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fopen"));
  shim().NoteNamed(AT_FDCWD, path);
  return kReal(path, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  using Function = FILE* (*)(const char*, const char*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fopen64"));
  shim().NoteNamed(AT_FDCWD, path);
  return kReal(path, mode);
}

DIR* opendir(const char* path) {
  using Function = DIR* (*)(const char*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "opendir"));
  shim().NoteNamed(AT_FDCWD, path);
  return kReal(path);
}

ssize_t read(int fd, void* to, size_t count) {
  return ReadOf(fd, count, SYS_read, to, 0);
}

ssize_t pread(int fd, void* to, size_t count, off_t at) {
  return ReadOf(fd, count, SYS_pread64, to, at);
}

ssize_t pread64(int fd, void* to, size_t count, off64_t at) {
  return ReadOf(fd, count, SYS_pread64, to, at);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  return WriteOf(fd, bytes, count, -1);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return WriteOf(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
  return WriteOf(fd, bytes, count, at);
}

// Of streams of the C++ library: one part after the other.
ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (shim().PathOf(fd).empty()) {
    return System(SYS_writev, fd, parts, count);
  }
  ssize_t total = 0;
  for (int part = 0; part < count; ++part) {
    const ssize_t written =
        WriteOf(fd, parts[part].iov_base, parts[part].iov_len, -1);
    if (written < 0) {
      return total > 0 ? total : -1;
    }
    total += written;
    if (static_cast<size_t>(written) < parts[part].iov_len) {
      break;
    }
  }
  return total;
}

int fsync(int fd) { return SyncOf(fd, SYS_fsync); }

int fdatasync(int fd) { return SyncOf(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t size) noexcept { return TruncateOf(fd, size); }

int ftruncate64(int fd, off64_t size) noexcept { return TruncateOf(fd, size); }

// Room alone, which no trace needs.
int posix_fallocate(int fd, off_t at, off_t size) {
  const std::string path = shim().PathOf(fd);
  if (!path.empty() &&
      (shim().Fails(kWrite) || !shim().TakeRoom(at + size - SizeOf(fd)))) {
    return errno;
  }
  return System(SYS_fallocate, fd, 0, at, size) == 0 ? 0 : errno;
}

int statvfs(const char* path, struct statvfs* info) noexcept {
  using Function = int (*)(const char*, struct statvfs*);
  static const auto kReal =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "statvfs"));
  const int result = kReal(path, info);
  if (result == 0 && !shim().PathOf(AT_FDCWD, path).empty() &&
      shim().is_bounded()) {
    info->f_frsize = 1;
    info->f_bavail = static_cast<fsblkcnt_t>(shim().room());
  }
  return result;
}

int rename(const char* from, const char* to) noexcept {
  shim().NoteNamed(AT_FDCWD, from);
  shim().NoteNamed(AT_FDCWD, to);
  return OnNames(kRename,
                 kDoRename,
                 shim().PathOf(AT_FDCWD, from),
                 shim().PathOf(AT_FDCWD, to),
                 [&] { return System(SYS_rename, from, to); });
}

int unlink(const char* path) noexcept {
  shim().NoteNamed(AT_FDCWD, path);
  return OnNames(kUnlink, kDoUnlink, shim().PathOf(AT_FDCWD, path), "", [&] {
    return Unlink(AT_FDCWD, path, 0);
  });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  shim().NoteNamed(folder, path);
  return OnNames(kUnlink, kDoUnlink, shim().PathOf(folder, path), "", [&] {
    return Unlink(folder, path, flags);
  });
}

int rmdir(const char* path) noexcept {
  shim().NoteNamed(AT_FDCWD, path);
  return OnNames(kUnlink, kDoUnlink, shim().PathOf(AT_FDCWD, path), "", [&] {
    return System(SYS_rmdir, path);
  });
}

int mkdir(const char* path, mode_t mode) noexcept {
  shim().NoteNamed(AT_FDCWD, path);
  return OnNames(kMkdir, kDoMkdir, shim().PathOf(AT_FDCWD, path), "", [&] {
    return System(SYS_mkdir, path, mode);
  });
}

int link(const char* from, const char* to) noexcept {
  shim().NoteNamed(AT_FDCWD, from);
  shim().NoteNamed(AT_FDCWD, to);
  return OnNames(kLink,
                 kDoLink,
                 shim().PathOf(AT_FDCWD, from),
                 shim().PathOf(AT_FDCWD, to),
                 [&] { return System(SYS_link, from, to); });
}

}  // extern "C"
