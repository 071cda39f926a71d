#include "server/rpc/give_back_memory.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace modbound {
namespace {

// Less may stay: it is soon used again.
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

}  // namespace

void GiveBackMemory() {
  // Free in the allocator, but given back already: it does not tell the two
  // apart. Less once it was used again.
  static std::atomic<std::size_t> given_back{0};
  const std::size_t free = ::mallinfo2().fordblks;
  const std::size_t before = std::min(given_back.load(), free);
  given_back.store(before);
  if (free - before > kKeptBytes) {
    ::malloc_trim(0);
    given_back.store(::mallinfo2().fordblks);
  }
}

}  // namespace modbound
