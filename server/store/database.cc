#include "server/store/database.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/store/batch_writer.h"
#include "server/store/commit_mark.h"
#include "server/store/commit_wait.h"
#include "server/store/data_dir.h"
#include "server/store/disk_reserve.h"
#include "server/store/reader_pool.h"
#include "server/store/schema.h"
#include "server/store/schema_version.h"
#include "server/store/snapshot.h"
#include "server/store/sqlite_handle.h"

namespace modbound {
namespace {

constexpr char kPragmas[] = R"sql(
PRAGMA synchronous = FULL;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA journal_size_limit = 67108864;
)sql";

absl::StatusOr<std::string> OneValue(SqliteHandle& handle,
                                     std::string_view sql) {
  Connection connection(handle);
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
  MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Text(0) : std::string();
}

absl::Status UseWriteAheadLog(SqliteHandle& handle) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string mode,
                            OneValue(handle, "PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "WRONG_STATE",
                     "data_dir",
                     absl::StrCat("the file system of data_dir cannot hold a "
                                  "write-ahead log: journal mode is ",
                                  mode));
  }
  return handle.Execute(kPragmas);
}

// All missing steps or none.
absl::Status TakeSteps(SqliteHandle& handle, int64_t version) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (int64_t step = version; step < kSchemaVersion; ++step) {
    absl::StrAppend(&sql, kSchemaSteps[step]);
  }
  absl::StrAppend(&sql, "PRAGMA user_version = ", kSchemaVersion);
  absl::Status status = handle.Execute(sql);
  if (status.ok()) {
    ReachFailpoint(Failpoint::kMigrationWritten);
    status = handle.Execute("COMMIT");
  }
  if (!status.ok()) {
    handle.RollBack();
  }
  return status;
}

// Steps go one way: who wants back to the server before finds its store as it
// was. Written whole or not at all; of an earlier try, as it is.
absl::Status KeepBeforeSteps(const std::string& data_dir, int64_t version) {
  const std::string kept =
      absl::StrCat(data_dir, "/backup-schema-", version, ".sqlite3");
  const std::string part = kept + ".part";
  if (std::filesystem::exists(kept)) {
    return absl::OkStatus();
  }
  MODBOUND_RETURN_IF_ERROR(RemoveFile(part));
  MODBOUND_RETURN_IF_ERROR(CopyDatabase(data_dir + "/modbound.sqlite3", part));
  ReachFailpoint(Failpoint::kMigrationCopied);
  MODBOUND_RETURN_IF_ERROR(RenameFile(part, kept));
  ReachFailpoint(Failpoint::kMigrationKept);
  MODBOUND_RETURN_IF_ERROR(SyncDirectory(data_dir));
  spdlog::info("event=store_kept path=\"{}\" schema={}", kept, version);
  return absl::OkStatus();
}

absl::Status BringSchemaUp(SqliteHandle& handle, const std::string& data_dir) {
  Connection connection(handle);
  MODBOUND_ASSIGN_OR_RETURN(const int64_t version, SchemaVersion(connection));
  if (version < 0 || version > kSchemaVersion) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "WRONG_STATE",
                     "data_dir",
                     absl::StrCat(data_dir,
                                  " was written by a newer server: its schema "
                                  "is ",
                                  version,
                                  ", this server knows up to ",
                                  kSchemaVersion));
  }
  if (version == kSchemaVersion) {
    return absl::OkStatus();
  }
  // The folder is made after the tables: when it is there, they were.
  std::error_code error;
  if (version == 0 && std::filesystem::exists(data_dir + "/artifacts", error)) {
    return MakeError(absl::StatusCode::kDataLoss,
                     reason::kInternal,
                     "data_dir",
                     absl::StrCat(data_dir,
                                  " holds artifacts but its database is empty: "
                                  "restore modbound.sqlite3, or move the "
                                  "directory away to start anew"));
  }
  if (version > 0) {
    MODBOUND_RETURN_IF_ERROR(KeepBeforeSteps(data_dir, version));
  }
  MODBOUND_RETURN_IF_ERROR(TakeSteps(handle, version));
  ReachFailpoint(Failpoint::kMigrationCommitted);
  return absl::OkStatus();
}

}  // namespace

// Order matters: what is queued may still read; then the writer closes last of
// the connections (and so folds the log into the database); then the lock goes.
class Database::Impl {
 public:
  Impl(FileDescriptor lock,
       std::unique_ptr<SqliteHandle> handle,
       CommitMark mark,
       DiskReserve reserve,
       const std::string& path,
       std::function<void()> on_fault)
      : lock_(std::move(lock)),
        writer_(std::move(handle),
                std::move(mark),
                std::move(reserve),
                std::move(on_fault)),
        readers_(path) {}

  ~Impl() { writer_.Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  BatchWriter& writer() { return writer_; }
  ReaderPool& readers() { return readers_; }

 private:
  FileDescriptor lock_;
  BatchWriter writer_;
  ReaderPool readers_;
};

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& data_dir, std::function<void()> on_fault) {
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor lock, LockDataDir(data_dir));
  // Opening needs some room itself.
  DiskReserve reserve(data_dir);
  reserve.Adjust();
  const std::string path = data_dir + "/modbound.sqlite3";
  MODBOUND_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteHandle> handle,
      SqliteHandle::Open(path, SqliteHandle::Mode::kReadWrite));
  MODBOUND_RETURN_IF_ERROR(UseWriteAheadLog(*handle));
  MODBOUND_RETURN_IF_ERROR(BringSchemaUp(*handle, data_dir));
  MODBOUND_ASSIGN_OR_RETURN(CommitMark mark,
                            CommitMark::Open(*handle, data_dir));
  return std::unique_ptr<Database>(
      new Database(data_dir,
                   std::make_unique<Impl>(std::move(lock),
                                          std::move(handle),
                                          std::move(mark),
                                          std::move(reserve),
                                          path,
                                          std::move(on_fault))));
}

Database::Database(std::string data_dir, std::unique_ptr<Impl> impl)
    : data_dir_(std::move(data_dir)), impl_(std::move(impl)) {}

Database::~Database() = default;

void Database::Write(Change change, Done done, Weight weight) {
  impl_->writer().Add(std::move(change), std::move(done), weight);
}

absl::Status Database::WriteAndWait(Change change) {
  CommitWait commit;
  Write(std::move(change), commit.Done());
  return commit.Wait();
}

absl::Status Database::Read(
    const std::function<absl::Status(Connection&)>& query) {
  return impl_->readers().Read(query);
}

absl::Status Database::CheckSpace() const {
  return RequireFreeSpace(data_dir_, 0);
}

}  // namespace modbound
