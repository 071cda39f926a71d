#ifndef MODBOUND_SERVER_FILES_COPY_FILE_H_
#define MODBOUND_SERVER_FILES_COPY_FILE_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "server/files/file_io.h"

namespace modbound {

// Copies what an open file holds, at most `most` bytes, to the new file `to`,
// from its beginning to its end, also while it grows. Synced. Errors: those of
// FileError.
absl::Status CopyFile(const FileDescriptor& from,
                      const std::string& from_path,
                      const std::string& to,
                      int64_t most = std::numeric_limits<int64_t>::max());

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_COPY_FILE_H_
