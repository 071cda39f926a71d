#include "server/rpc/give_back_memory.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "server/files/resident_bytes.h"

namespace modbound {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

// So much in blocks of 4 KiB, freed but for the last, which keeps glibc from
// giving back by itself what is before it.
std::unique_ptr<char[]> TakeAndFree(int64_t bytes) {
  constexpr std::size_t kBlock = 4096;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int64_t taken = 0; taken < bytes; taken += kBlock) {
    blocks.push_back(std::make_unique<char[]>(kBlock));
    std::memset(blocks.back().get(), 1, kBlock);
  }
  return std::move(blocks.back());
}

TEST(GiveBackMemory, GivesBackWhatAnotherThreadFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer has an allocator of its own";
#endif
  const int64_t before = ResidentBytes();
  // The second time what was given back is used again.
  for (int turn = 0; turn < 2; ++turn) {
    std::unique_ptr<char[]> last;
    std::thread([&] {
      last = TakeAndFree(256 * kMiB);
      ASSERT_GT(ResidentBytes(), before + 200 * kMiB);
    }).join();
    GiveBackMemory();
    EXPECT_LT(ResidentBytes(), before + 16 * kMiB);
  }
}

}  // namespace
}  // namespace modbound
