#ifndef MODBOUND_CLIENT_CLI_DOWNLOAD_H_
#define MODBOUND_CLIENT_CLI_DOWNLOAD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/interrupt.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// Whether `name` is a path that stays below the folder that it is put after:
// '/' divides it into parts, none of them empty, "." or "..", without control
// characters and backslashes.
bool StaysBelow(std::string_view name);

// FOLDER/NAME.npy; '/' in a name makes folders.
// Errors: kInternal for a name that does not stay below the folder.
absl::StatusOr<std::string> ArrayPath(const std::string& folder,
                                      const std::string& name);

// Writes `array` to `path` as .npy. Every piece is held against its checksum,
// the whole against its size and, where `digest` is not empty, the SHA-256 of
// its elements. A broken stream goes on where it ended, for the connection's
// patience without progress; damaged pieces are asked for five times.
// Errors: the server's; kDataLoss; those of AtomicFile; InterruptedError on
// Ctrl-C, which it takes.
absl::Status DownloadNpy(Connection& connection,
                         const v1::Array& array,
                         const std::string& digest,
                         const std::string& path,
                         Interrupt& interrupt);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_DOWNLOAD_H_
