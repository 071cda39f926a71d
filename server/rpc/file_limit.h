#ifndef MODBOUND_SERVER_RPC_FILE_LIMIT_H_
#define MODBOUND_SERVER_RPC_FILE_LIMIT_H_

#include <cstdint>

namespace modbound {

// Lets this process open as many files (and connections) as the system allows
// it: shells give few, for programs that use select. Returns the limit that
// then holds.
int64_t RaiseFileLimit();

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_FILE_LIMIT_H_
