#ifndef MODBOUND_CLIENT_CLI_COMPLETION_H_
#define MODBOUND_CLIENT_CLI_COMPLETION_H_

#include <string>

#include "CLI/App.hpp"

namespace modbound {

// A bash script that completes commands, their flags, kinds and file names:
//   source <(modbound completion)
std::string BashCompletion(const CLI::App& app);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_COMPLETION_H_
