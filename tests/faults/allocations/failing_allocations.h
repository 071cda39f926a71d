#ifndef MODBOUND_TESTS_FAULTS_ALLOCATIONS_FAILING_ALLOCATIONS_H_
#define MODBOUND_TESTS_FAULTS_ALLOCATIONS_FAILING_ALLOCATIONS_H_

#include <cstdint>

namespace modbound {

// Counts allocations of all threads that are asked for by code of this program
// or by SQLite, be it through the C++ library or Abseil. Those that other
// libraries ask for are left alone, also where their code is in headers or
// generated: what they do when theirs fail is not ours to mend. (A map of
// protobuf 3.21 is damaged by it; directory iterators of libstdc++ 12 end the
// program.) The program that links it has definitions of operator new that
// stand before the library's.
class AllocationFault {
 public:
  // Gives SQLite its memory too: before anything uses it.
  static void TakeSqliteMemory();

  // While it lives, the allocations numbered first to first + count - 1 fail;
  // the first one after it was made has number 0. One at a time.
  AllocationFault(int64_t first, int64_t count);
  ~AllocationFault();
  AllocationFault(const AllocationFault&) = delete;
  AllocationFault& operator=(const AllocationFault&) = delete;

  // Since the last one was made.
  static int64_t asked();
  // Whether the one that is to fail first was reached.
  static bool met();
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_ALLOCATIONS_FAILING_ALLOCATIONS_H_
