#include <cstdio>
#include <exception>

#include "client/cli/app.h"
#include "client/cli/error.h"
#include "client/cli/one_line.h"

// The universal client: see client/cli/app.h.
int main(int argc, char** argv) {
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
