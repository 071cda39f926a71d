#include <cstdio>
#include <exception>

#include "build_info.h"
#include "client/cli/app.h"
#include "client/cli/error.h"
#include "client/cli/one_line.h"

// The universal client: see client/cli/app.h.
int main(int argc, char** argv) {
  if (!modbound::CpuHasIsa()) {
    std::fprintf(
        stderr, "error: this modbound needs a CPU with %s\n", modbound::kIsa);
    return modbound::kExitUsage;
  }
  try {
    return modbound::RunCli(argc, argv);
  } catch (const std::exception& error) {
    // What libraries throw: no memory left, most likely.
    std::fprintf(stderr,
                 "error: unexpected: %s\n",
                 modbound::OneLine(error.what()).c_str());
    return modbound::kExitInternal;
  }
}
