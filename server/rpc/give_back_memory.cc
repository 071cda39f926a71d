#include "server/rpc/give_back_memory.h"

#include <malloc.h>

#include <cstddef>

namespace modbound {
namespace {

// Less may stay: it is soon used again.
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

}  // namespace

void GiveBackMemory() {
  if (::mallinfo2().fordblks > kKeptBytes) {
    ::malloc_trim(0);
  }
}

}  // namespace modbound
