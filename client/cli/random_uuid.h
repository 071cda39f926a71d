#ifndef MODBOUND_CLIENT_CLI_RANDOM_UUID_H_
#define MODBOUND_CLIENT_CLI_RANDOM_UUID_H_

#include <string>

namespace modbound {

// A random UUID (version 4): a name that no other request has.
std::string RandomUuid();

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_RANDOM_UUID_H_
