#ifndef MODBOUND_SERVER_FILES_FILE_IO_H_
#define MODBOUND_SERVER_FILES_FILE_IO_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Files with errors as absl::Status. All calls repeat what a signal broke off
// and finish short reads and writes. Descriptors are closed on exec.
namespace modbound {

// Free space that growing writes (uploads, outputs, new jobs) leave untouched,
// so that cancelling and deleting still find room on a full disk.
inline constexpr int64_t kReservedDiskBytes = int64_t{32} << 20;

// Does the error say that the machine is short of something (disk, descriptors,
// threads, memory) that it may have again later?
bool IsShortage(const absl::Status& status);

// Owns a descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) {
    other.fd_ = -1;
  }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  void Close();

 private:
  int fd_;
};

// The error of a system call: kResourceExhausted DISK_FULL for ENOSPC and
// EDQUOT, kUnavailable OVERLOADED for want of descriptors or memory (EMFILE,
// ENFILE, ENOMEM), kNotFound for ENOENT, kInternal for all others. `action`
// completes "cannot ... a file of the server"; the path is for the log alone.
absl::Status FileError(std::string_view action,
                       const std::string& path,
                       int error);

// open(2). A new file is for its owner alone.
absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags);
absl::Status WriteAt(const FileDescriptor& file,
                     const std::string& path,
                     std::string_view bytes,
                     int64_t offset);
// Reads until `count` bytes or the end of the file; returns how many.
absl::StatusOr<int64_t> ReadAt(const FileDescriptor& file,
                               const std::string& path,
                               char* buffer,
                               int64_t count,
                               int64_t offset);
absl::StatusOr<int64_t> FileSize(const FileDescriptor& file,
                                 const std::string& path);
absl::Status SyncFile(const FileDescriptor& file, const std::string& path);
// Makes creations, renames and removals in a directory durable.
absl::Status SyncDirectory(const std::string& path);

// The directory that `path` is in.
std::string DirectoryOf(const std::string& path);
// Makes one directory of mode 0700; fine when it is there.
absl::Status MakeDirectory(const std::string& path);
// Whole file. Errors: kNotFound.
absl::StatusOr<std::string> ReadFile(const std::string& path);
absl::Status RenameFile(const std::string& from, const std::string& to);
// Fine when it is not there.
absl::Status RemoveFile(const std::string& path);
// Removes a folder with all that is in it. Fine when it is not there.
absl::Status RemoveFolder(const std::string& path);

// Whether a file must survive a power cut when the call returns.
enum class Durability { kCached, kSynced };
// Replaces the file at `path` by rename: a reader sees the old bytes or the new
// ones, never a part. kSynced also syncs file and directory.
absl::Status ReplaceFile(const std::string& path,
                         std::string_view bytes,
                         Durability durability);

// Makes the file at `path` hold `bytes`, in place: for files that nobody reads
// before this has returned. Not synced.
absl::Status OverwriteFile(const std::string& path, std::string_view bytes);

// Bytes that are free for this user on the disk of `path`.
absl::StatusOr<int64_t> FreeDiskBytes(const std::string& path);
// kResourceExhausted DISK_FULL unless `bytes` more fit beside the reserve on
// the disk of `path`.
absl::Status RequireFreeSpace(const std::string& path, int64_t bytes);

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_FILE_IO_H_
