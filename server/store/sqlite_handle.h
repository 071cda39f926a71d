#ifndef MODBOUND_SERVER_STORE_SQLITE_HANDLE_H_
#define MODBOUND_SERVER_STORE_SQLITE_HANDLE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace modbound {

// An open SQLite connection and its prepared statements. Used by one thread at
// a time.
class SqliteHandle {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  static absl::StatusOr<std::unique_ptr<SqliteHandle>> Open(
      const std::string& path, Mode mode);
  // Finalises the statements and closes. All Statements must be gone.
  ~SqliteHandle();
  SqliteHandle(const SqliteHandle&) = delete;
  SqliteHandle& operator=(const SqliteHandle&) = delete;

  sqlite3* get() const { return database_; }

  // A prepared statement without bindings, from the cache or new.
  absl::StatusOr<sqlite3_stmt*> TakeStatement(std::string_view sql);
  void GiveBack(sqlite3_stmt* statement);
  absl::Status Execute(const std::string& sql);
  // The same for one statement that comes again and again: it is parsed once.
  absl::Status Step(std::string_view sql);
  // Ends the transaction, if one is open. Takes no memory of ours; where SQLite
  // finds none it stays open, and in_transaction() says so.
  void RollBack();
  bool in_transaction() const;

  // The last SQLite error as a status (codes: Statement::Step). Notes whether
  // it was one after which the files cannot be trusted.
  absl::Status Error(int code);
  // An I/O error, failed fsync or damaged page was met.
  bool broken() const { return broken_; }

 private:
  explicit SqliteHandle(sqlite3* database) : database_(database) {}

  sqlite3* database_;
  sqlite3_stmt* rollback_ = nullptr;
  bool broken_ = false;
  // By text, one of each; null = not yet given back.
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_SQLITE_HANDLE_H_
