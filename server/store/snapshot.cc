#include "server/store/snapshot.h"

#include <fcntl.h>

#include <memory>

#include "core/base/error.h"
#include "server/files/file_io.h"
#include "server/store/database.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

absl::Status CopyDatabase(const std::string& from, const std::string& to) {
  {
    MODBOUND_ASSIGN_OR_RETURN(
        const std::unique_ptr<SqliteHandle> handle,
        SqliteHandle::Open(from, SqliteHandle::Mode::kReadWrite));
    Connection connection(*handle);
    MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                              connection.Prepare("VACUUM INTO ?1"));
    const absl::Status copied = statement.Bind(1, to).Run();
    if (!copied.ok()) {
      // SQLite does not tell which of the two disks is full.
      return WithDetail(copied, to);
    }
  }
  // SQLite leaves a copy to the system's cache.
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file, OpenFile(to, O_RDWR));
  return SyncFile(file, to);
}

}  // namespace modbound
