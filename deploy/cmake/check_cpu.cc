// Part of every program: ends it with code 2 and one sentence when the CPU is
// older than the build's instruction set. Compiled for any x86-64, and run
// before constructors of static objects (glibc, .preinit_array of an
// executable), which are not: those of generated messages use all that the
// build may.

#include <unistd.h>

#include <cstring>

#include "build_info.h"

namespace modbound {
namespace {

void Print(const char* text) {
  // Nobody is left to tell of a failure.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, text, std::strlen(text));
}

void CheckCpu(int argc, char** argv, char** /*environment*/) {
  __builtin_cpu_init();
  if (MODBOUND_CPU_HAS_ISA) {
    return;
  }
  const char* name = argc > 0 ? argv[0] : "modbound";
  const char* slash = std::strrchr(name, '/');
  Print(slash == nullptr ? name : slash + 1);
  Print(": this build needs a CPU with ");
  Print(kIsa);
  Print("; this one lacks it\n");
  ::_exit(2);
}

[[gnu::section(".preinit_array"),
  gnu::used]] void (*check_cpu)(int, char**, char**) = CheckCpu;

}  // namespace
}  // namespace modbound
