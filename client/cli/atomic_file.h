#ifndef MODBOUND_CLIENT_CLI_ATOMIC_FILE_H_
#define MODBOUND_CLIENT_CLI_ATOMIC_FILE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// Makes a folder and those above it. Errors: kInvalidArgument.
absl::Status MakeFolder(const std::string& path);

// A folder for what is to come. Those that it had to make, of that folder and
// those above it, go with it unless they are kept or hold something.
class NewFolder {
 public:
  // "": none. Errors: kInvalidArgument.
  static absl::StatusOr<NewFolder> Make(const std::string& path);

  NewFolder(NewFolder&& other) noexcept
      : made_(std::exchange(other.made_, {})) {}
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  void Keep() { made_.clear(); }

 private:
  NewFolder() = default;

  // The innermost first.
  std::vector<std::string> made_;
};

// A file that appears under its name complete or not at all: written beside it
// and renamed.
class AtomicFile {
 public:
  // Makes the folders above `path`. Errors: kInvalidArgument.
  static absl::StatusOr<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  // Removes what was written, unless Commit succeeded.
  ~AtomicFile();

  // Errors: kResourceExhausted DISK_FULL, kInternal.
  absl::Status Write(std::string_view bytes);
  absl::Status Commit();

 private:
  AtomicFile() = default;

  std::string path_;
  std::string temporary_;
  int file_ = -1;
};

// Replaces the file by `text`.
absl::Status WriteFile(const std::string& path, std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_ATOMIC_FILE_H_
