#include "server/files/copy_file.h"

#include <fcntl.h>

#include <algorithm>
#include <string_view>

#include "core/base/error.h"

namespace modbound {

absl::Status CopyFile(const FileDescriptor& from,
                      const std::string& from_path,
                      const std::string& to,
                      int64_t most) {
  constexpr int64_t kPiece = int64_t{2} << 20;
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor copy,
                            OpenFile(to, O_WRONLY | O_CREAT | O_EXCL));
  std::string piece(static_cast<std::size_t>(std::min(kPiece, most)), '\0');
  for (int64_t offset = 0; offset < most;) {
    MODBOUND_ASSIGN_OR_RETURN(const int64_t got,
                              ReadAt(from,
                                     from_path,
                                     piece.data(),
                                     std::min(kPiece, most - offset),
                                     offset));
    if (got == 0) {
      break;
    }
    MODBOUND_RETURN_IF_ERROR(
        WriteAt(copy,
                to,
                std::string_view(piece.data(), static_cast<std::size_t>(got)),
                offset));
    offset += got;
  }
  return SyncFile(copy, to);
}

}  // namespace modbound
