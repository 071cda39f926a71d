#include "server/executors/checkpoint_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "server/artifacts/sha256.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"

namespace modbound {
namespace {

constexpr std::string_view kCheckpointMagic = "modckpt1";
constexpr int64_t kDigestLength = 64;
// A name and a size a state; far more than any job has.
constexpr int64_t kMaxHeaderBytes = int64_t{64} << 20;
// Bytes between two looks at the stop flag, and between two syncs: a slow disk
// takes some tenths of a second for these.
constexpr int64_t kCheckpointPiece = int64_t{4} << 20;
constexpr int64_t kCheckpointSyncPiece = int64_t{32} << 20;

bool Stopped(const StopFlag* stop) {
  return stop != nullptr && stop->stopped();
}

std::string LengthBytes(uint64_t length) {
  std::string bytes;
  for (int byte = 0; byte < 8; ++byte) {
    bytes.push_back(static_cast<char>(length >> (8 * byte)));
  }
  return bytes;
}

uint64_t LengthOf(std::string_view bytes) {
  uint64_t length = 0;
  for (std::size_t byte = 0; byte < 8; ++byte) {
    length |= uint64_t{static_cast<unsigned char>(bytes[byte])} << (8 * byte);
  }
  return length;
}

absl::Status Damaged(const std::string& path) {
  return WithDetail(MakeError(absl::StatusCode::kDataLoss,
                              "DIGEST_MISMATCH",
                              "",
                              "a checkpoint is torn or damaged"),
                    path);
}

// Appends to a file, hashing.
class HashedAppend {
 public:
  HashedAppend(const FileDescriptor& file,
               const std::string& path,
               const StopFlag* stop)
      : file_(file), path_(path), stop_(stop) {}

  absl::Status Add(std::string_view bytes) {
    hash_.Add(bytes);
    return Write(bytes);
  }
  absl::Status Finish() {
    MODBOUND_RETURN_IF_ERROR(Write(hash_.Hex()));
    ReachFailpoint(Failpoint::kCheckpointWritten);
    return SyncFile(file_, path_);
  }

 private:
  absl::Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (Stopped(stop_)) {
        return StoppedError();
      }
      const std::string_view piece = bytes.substr(0, kCheckpointPiece);
      MODBOUND_RETURN_IF_ERROR(WriteAt(file_, path_, piece, offset_));
      offset_ += static_cast<int64_t>(piece.size());
      unsynced_ += static_cast<int64_t>(piece.size());
      bytes.remove_prefix(piece.size());
      if (unsynced_ >= kCheckpointSyncPiece) {
        MODBOUND_RETURN_IF_ERROR(SyncFile(file_, path_));
        unsynced_ = 0;
      }
    }
    return absl::OkStatus();
  }

  const FileDescriptor& file_;
  const std::string& path_;
  const StopFlag* const stop_;
  Sha256 hash_;
  int64_t offset_ = 0;
  int64_t unsynced_ = 0;
};

// Reads a file from its beginning, hashing.
class HashedRead {
 public:
  HashedRead(const FileDescriptor& file,
             const std::string& path,
             int64_t size,
             const StopFlag* stop)
      : file_(file), path_(path), left_(size), stop_(stop) {}

  int64_t left() const { return left_; }
  // The next `size` bytes. Errors: kDataLoss when there are fewer.
  absl::StatusOr<std::string> Take(int64_t size) {
    MODBOUND_ASSIGN_OR_RETURN(std::string bytes, Read(size));
    hash_.Add(bytes);
    return bytes;
  }
  // Is what follows the digest of what was taken, and the end?
  absl::StatusOr<bool> Verify() {
    if (left_ != kDigestLength) {
      return false;
    }
    MODBOUND_ASSIGN_OR_RETURN(const std::string digest, Read(kDigestLength));
    return hash_.Hex() == digest;
  }

 private:
  absl::StatusOr<std::string> Read(int64_t size) {
    if (size < 0 || size > left_) {
      return Damaged(path_);
    }
    std::string bytes(static_cast<std::size_t>(size), '\0');
    for (int64_t at = 0; at < size; at += kCheckpointPiece) {
      if (Stopped(stop_)) {
        return StoppedError();
      }
      const int64_t count = std::min(kCheckpointPiece, size - at);
      MODBOUND_ASSIGN_OR_RETURN(
          const int64_t got,
          ReadAt(file_, path_, bytes.data() + at, count, offset_ + at));
      if (got != count) {
        return Damaged(path_);
      }
    }
    offset_ += size;
    left_ -= size;
    return bytes;
  }

  const FileDescriptor& file_;
  const std::string& path_;
  int64_t left_;
  const StopFlag* const stop_;
  Sha256 hash_;
  int64_t offset_ = 0;
};

absl::Status WritePart(const std::string& path,
                       const std::string& header,
                       const CheckpointStates& states,
                       const StopFlag* stop) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC));
  HashedAppend out(file, path, stop);
  MODBOUND_RETURN_IF_ERROR(out.Add(kCheckpointMagic));
  MODBOUND_RETURN_IF_ERROR(out.Add(LengthBytes(header.size())));
  MODBOUND_RETURN_IF_ERROR(out.Add(header));
  for (const auto& [name, state] : states) {
    MODBOUND_RETURN_IF_ERROR(out.Add(state));
  }
  return out.Finish();
}

}  // namespace

absl::Status WriteCheckpointFile(const std::string& path,
                                 internal::CheckpointHeader header,
                                 const CheckpointStates& states,
                                 const StopFlag* stop) {
  int64_t size = 0;
  for (const auto& [name, state] : states) {
    auto* entry = header.add_states();
    entry->set_name(name);
    entry->set_size_bytes(static_cast<int64_t>(state.size()));
    size += entry->size_bytes();
  }
  const std::string folder = std::filesystem::path(path).parent_path();
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(folder));
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(folder, size));
  const std::string part = path + ".part";
  ReachFailpoint(Failpoint::kCheckpointBegun);
  absl::Status status =
      WritePart(part, header.SerializeAsString(), states, stop);
  if (status.ok()) {
    ReachFailpoint(Failpoint::kCheckpointSynced);
    status = RenameFile(part, path);
  }
  if (!status.ok()) {
    RemoveFile(part).IgnoreError();
    return status;
  }
  ReachFailpoint(Failpoint::kCheckpointRenamed);
  return SyncDirectory(folder);
}

absl::StatusOr<CheckpointContent> ReadCheckpointFile(const std::string& path,
                                                     const StopFlag* stop) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_RDONLY));
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(file, path));
  HashedRead in(file, path, size, stop);
  MODBOUND_ASSIGN_OR_RETURN(
      const std::string magic,
      in.Take(static_cast<int64_t>(kCheckpointMagic.size())));
  MODBOUND_ASSIGN_OR_RETURN(const std::string length, in.Take(8));
  const auto header_size =
      static_cast<int64_t>(std::min<uint64_t>(LengthOf(length), INT64_MAX));
  if (magic != kCheckpointMagic || header_size > kMaxHeaderBytes) {
    return Damaged(path);
  }
  MODBOUND_ASSIGN_OR_RETURN(const std::string header, in.Take(header_size));
  CheckpointContent content;
  if (!content.header.ParseFromString(header)) {
    return Damaged(path);
  }
  for (const auto& state : content.header.states()) {
    MODBOUND_ASSIGN_OR_RETURN(content.states[state.name()],
                              in.Take(state.size_bytes()));
  }
  MODBOUND_ASSIGN_OR_RETURN(const bool whole, in.Verify());
  if (!whole) {
    return Damaged(path);
  }
  return content;
}

}  // namespace modbound
