#include "server/store/sqlite_handle.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

// How long another program (a backup, the sqlite3 shell) may hold the lock.
constexpr int kBusyTimeoutMs = 5000;
// Texts with lists of varying length must not fill the memory.
constexpr std::size_t kMostStatements = 256;

// Failed fsyncs are never "disk full", whatever errno says: what they leave on
// the disk is not known.
bool IsDiskFull(int code, int system_error) {
  if (code == SQLITE_FULL) {
    return true;
  }
  return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_FSYNC &&
         code != SQLITE_IOERR_DIR_FSYNC &&
         (system_error == ENOSPC || system_error == EDQUOT);
}

bool IsBlank(const char* text) {
  return std::string_view(text).find_first_not_of(" \t\r\n") ==
         std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteHandle>> SqliteHandle::Open(
    const std::string& path, Mode mode) {
  sqlite3* database = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY
                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  // Owned from here on, also after an error.
  absl::Cleanup close = [&] { sqlite3_close(database); };
  std::unique_ptr<SqliteHandle> handle(new SqliteHandle(database));
  std::move(close).Cancel();
  if (code != SQLITE_OK) {
    return handle->Error(code);
  }
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Null for want of memory: RollBack does without.
  sqlite3_prepare_v3(database,
                     "ROLLBACK",
                     -1,
                     SQLITE_PREPARE_PERSISTENT,
                     &handle->rollback_,
                     nullptr);
  return handle;
}

SqliteHandle::~SqliteHandle() {
  sqlite3_finalize(rollback_);
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  // Fails when a Statement is still out: a bug of ours.
  MODBOUND_CHECK(sqlite3_close(database_) == SQLITE_OK);
}

absl::StatusOr<sqlite3_stmt*> SqliteHandle::TakeStatement(
    std::string_view sql) {
  const auto place = statements_.find(sql);
  if (place != statements_.end() && place->second != nullptr) {
    return std::exchange(place->second, nullptr);
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const std::string text(sql);
  const int code = sqlite3_prepare_v3(database_,
                                      text.c_str(),
                                      -1,
                                      SQLITE_PREPARE_PERSISTENT,
                                      &statement,
                                      &tail);
  if (code != SQLITE_OK) {
    return Error(code);
  }
  if (statement == nullptr || !IsBlank(tail)) {
    sqlite3_finalize(statement);
    return MakeError(absl::StatusCode::kInternal,
                     reason::kInternal,
                     "",
                     absl::StrCat("not one statement: ", text));
  }
  absl::Cleanup finalize = [&] { sqlite3_finalize(statement); };
  if (place == statements_.end() && statements_.size() < kMostStatements) {
    statements_.emplace(text, nullptr);
  }
  std::move(finalize).Cancel();
  return statement;
}

void SqliteHandle::GiveBack(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  // Called by destructors, so nothing here takes memory.
  const auto place = statements_.find(std::string_view(sqlite3_sql(statement)));
  if (place != statements_.end() && place->second == nullptr) {
    place->second = statement;
  } else {
    sqlite3_finalize(statement);
  }
}

absl::Status SqliteHandle::Execute(const std::string& sql) {
  const int code =
      sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::Status SqliteHandle::Step(std::string_view sql) {
  MODBOUND_ASSIGN_OR_RETURN(sqlite3_stmt * statement, TakeStatement(sql));
  const absl::Cleanup give_back = [&] { GiveBack(statement); };
  const int code = sqlite3_step(statement);
  return code == SQLITE_DONE ? absl::OkStatus() : Error(code);
}

void SqliteHandle::RollBack() {
  // Called by destructors, so nothing here takes memory of ours.
  if (in_transaction() && rollback_ != nullptr) {
    sqlite3_step(rollback_);
    sqlite3_reset(rollback_);
  }
  if (in_transaction()) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

bool SqliteHandle::in_transaction() const {
  return sqlite3_get_autocommit(database_) == 0;
}

absl::Status SqliteHandle::Error(int code) {
  if (IsDiskFull(code, database_ ? sqlite3_system_errno(database_) : 0)) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     "DISK_FULL",
                     "",
                     "the server's disk is full");
  }
  // No fault of the disk: SQLite ran out of memory beside an I/O call.
  if (code == SQLITE_IOERR_NOMEM) {
    return OutOfMemory();
  }
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      return OutOfMemory();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return MakeError(absl::StatusCode::kUnavailable,
                       "SERVER_STOPPING",
                       "",
                       "another program holds the store locked");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      broken_ = true;
      return MakeError(absl::StatusCode::kDataLoss,
                       reason::kInternal,
                       "",
                       absl::StrCat("the store's database cannot be read "
                                    "(SQLite code ",
                                    code,
                                    "): it or the disk is damaged; see "
                                    "modboundd --verify, and restore "
                                    "modbound.sqlite3 from a backup"));
    case SQLITE_IOERR:
      broken_ = true;
      break;
    default:
      break;
  }
  return MakeError(
      absl::StatusCode::kInternal,
      reason::kInternal,
      "",
      absl::StrCat("store: ",
                   database_ ? sqlite3_errmsg(database_) : "out of memory",
                   " (SQLite code ",
                   code,
                   ")"));
}

}  // namespace modbound
