#ifndef MODBOUND_CLIENT_CLI_TEMPORARY_FILE_H_
#define MODBOUND_CLIENT_CLI_TEMPORARY_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// A file without a name in $TMPDIR (else /tmp), gone when it is closed: holds
// the elements of an array that is not in memory.
class TemporaryFile {
 public:
  // Errors: kInternal when none can be made there.
  static absl::StatusOr<TemporaryFile> Make();

  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  // The caller closes it.
  int Release() &&;

  // Writes all of `bytes` at `offset`.
  // Errors: kResourceExhausted when the disk is full; kInternal.
  absl::Status Write(std::string_view bytes, int64_t offset) const;

  // Fills all of `size` bytes from `offset` into `bytes`.
  // Errors: kInternal.
  absl::Status Read(char* bytes, int64_t size, int64_t offset) const;

 private:
  explicit TemporaryFile(int file) : file_(file) {}

  int file_ = -1;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_TEMPORARY_FILE_H_
