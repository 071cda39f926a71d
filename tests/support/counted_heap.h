#ifndef MODBOUND_TESTS_SUPPORT_COUNTED_HEAP_H_
#define MODBOUND_TESTS_SUPPORT_COUNTED_HEAP_H_

// Every allocation of a program whose sources include this is counted. A
// sanitizer has an allocator of its own: MODBOUND_COUNTED_HEAP is not defined.
// (The compiler's __SANITIZE_THREAD__ is taken back by the preset.)

#ifndef MODBOUND_SANITIZED
#define MODBOUND_COUNTED_HEAP

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace modbound {

// Allocations of this thread.
constinit inline thread_local int allocations = 0;

// Bytes of all threads, with what an allocation is rounded up to.
constinit inline std::atomic<int64_t> live_bytes{0};
constinit inline std::atomic<int64_t> peak_bytes{0};

// The peak begins anew.
inline void RestartPeak() { peak_bytes.store(live_bytes.load()); }

inline void* Counted(void* pointer) {
  ++allocations;
  const auto size = static_cast<int64_t>(malloc_usable_size(pointer));
  const int64_t live = live_bytes.fetch_add(size) + size;
  int64_t peak = peak_bytes.load();
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return pointer;
}

inline void Discounted(void* pointer) {
  live_bytes.fetch_sub(static_cast<int64_t>(malloc_usable_size(pointer)));
}

}  // namespace modbound

extern "C" {
// glibc's names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* pointer, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* pointer);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// Weak: several sources of a program define them, and the program has them
// once.
[[gnu::weak]] void* malloc(std::size_t size) {
  return modbound::Counted(__libc_malloc(size));
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t size) {
  return modbound::Counted(__libc_calloc(count, size));
}
[[gnu::weak]] void* realloc(void* pointer, std::size_t size) {
  modbound::Discounted(pointer);
  return modbound::Counted(__libc_realloc(pointer, size));
}
[[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return modbound::Counted(__libc_memalign(alignment, size));
}
[[gnu::weak]] int posix_memalign(void** pointer,
                                 std::size_t alignment,
                                 std::size_t size) {
  *pointer = modbound::Counted(__libc_memalign(alignment, size));
  return *pointer == nullptr ? 12 : 0;
}
[[gnu::weak]] void free(void* pointer) {
  modbound::Discounted(pointer);
  __libc_free(pointer);
}
}

#endif

#endif  // MODBOUND_TESTS_SUPPORT_COUNTED_HEAP_H_
