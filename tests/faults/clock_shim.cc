// Preloaded into a real modboundd: its wall clock is that of the machine plus
// the microseconds that the file $CLOCK_SHIM_OFFSET holds (8 bytes, mapped, so
// that a test moves the clock of a running server). The steady clock is left
// alone. A wait until a wall time ends when the moved clock shows it; one that
// had begun before a jump keeps the length it had.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr int64_t kNanosPerMicro = 1000;
// No machine has been up for so long; no wall clock of ours is so early.
constexpr time_t kLeastWallSeconds = 500000000;

const std::atomic<int64_t>* MapOffset() {
  static const std::atomic<int64_t> kNone{0};
  const char* path = std::getenv("CLOCK_SHIM_OFFSET");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return &kNone;
  }
  void* page = ::mmap(nullptr, sizeof(kNone), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return page == MAP_FAILED ? &kNone
                            : static_cast<const std::atomic<int64_t>*>(page);
}

int64_t OffsetMicros() {
  static const std::atomic<int64_t>* const kOffset = MapOffset();
  return kOffset->load();
}

timespec Moved(const timespec& time, int64_t micros) {
  constexpr int64_t kNanosPerSecond = kMicrosPerSecond * kNanosPerMicro;
  int64_t nanos = time.tv_nsec + micros % kMicrosPerSecond * kNanosPerMicro;
  int64_t seconds = time.tv_sec + micros / kMicrosPerSecond;
  seconds += nanos / kNanosPerSecond;
  nanos %= kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  return {seconds, nanos};
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool IsWall(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

// What the machine's clock shows when the moved one shows `time`.
timespec Unmoved(const timespec& time) {
  return time.tv_sec < kLeastWallSeconds ? time : Moved(time, -OffsetMicros());
}

}  // namespace

extern "C" {

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
int clock_gettime(clockid_t clock, timespec* time) {
  static auto* const kNext = Next<int(clockid_t, timespec*)>("clock_gettime");
  const int code = kNext(clock, time);
  if (code == 0 && IsWall(clock)) {
    *time = Moved(*time, OffsetMicros());
  }
  return code;
}

int gettimeofday(timeval* time, void*) {
  timespec now{};
  const int code = clock_gettime(CLOCK_REALTIME, &now);
  if (code == 0) {
    *time = {now.tv_sec, now.tv_nsec / kNanosPerMicro};
  }
  return code;
}

time_t time(time_t* kept) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (kept != nullptr) {
    *kept = now.tv_sec;
  }
  return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* condition,
                           pthread_mutex_t* mutex,
                           const timespec* until) {
  static auto* const kNext =
      Next<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
          "pthread_cond_timedwait");
  const timespec real = Unmoved(*until);
  return kNext(condition, mutex, &real);
}

// Abseil waits on futexes with a wall time, through this.
long syscall(long number, ...) {
  static auto* const kNext =
      Next<long(long, long, long, long, long, long, long)>("syscall");
  va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) {
    word = va_arg(list, long);
  }
  va_end(list);
  timespec real{};
  if (number == SYS_futex && (words[1] & FUTEX_CLOCK_REALTIME) != 0 &&
      words[3] != 0) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel's own way.
    real = Unmoved(*reinterpret_cast<const timespec*>(words[3]));
    words[3] = reinterpret_cast<long>(&real);
  }
  return kNext(
      number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

}  // extern "C"
