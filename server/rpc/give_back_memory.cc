#include "server/rpc/give_back_memory.h"

#include <malloc.h>

#include <cstdint>

#include "server/files/resident_bytes.h"

namespace modbound {
namespace {

// Beside what is allocated a process has its program, its stacks and some free
// memory, which is soon used again.
constexpr int64_t kKeptBytes = int64_t{96} << 20;

}  // namespace

void GiveBackMemory() {
  // The allocator does not tell free memory that it gave back from other free
  // memory; the difference to what is resident does.
  const struct mallinfo2 info = ::mallinfo2();
  const auto allocated = static_cast<int64_t>(info.uordblks + info.hblkhd);
  if (ResidentBytes() - allocated > kKeptBytes) {
    ::malloc_trim(0);
  }
}

}  // namespace modbound
