#include <sqlite3.h>

#include <new>
#include <utility>

#include "server/store/database.h"
#include "server/store/sqlite_handle.h"

namespace modbound {

Statement::~Statement() {
  if (statement_ != nullptr) {
    handle_->GiveBack(statement_);
  }
}

Statement::Statement(Statement&& other) noexcept
    : handle_(other.handle_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

void Statement::KeepError(int code) {
  if (bind_error_ == SQLITE_OK) {
    bind_error_ = code;
  }
}

Statement& Statement::Bind(int index, int64_t value) {
  KeepError(sqlite3_bind_int64(statement_, index, value));
  return *this;
}

// A null pointer would bind NULL: an empty view binds "".
Statement& Statement::Bind(int index, std::string_view text) {
  KeepError(sqlite3_bind_text64(statement_,
                                index,
                                text.empty() ? "" : text.data(),
                                text.size(),
                                SQLITE_TRANSIENT,
                                SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  KeepError(sqlite3_bind_blob64(statement_,
                                index,
                                bytes.empty() ? "" : bytes.data(),
                                bytes.size(),
                                SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::BindNull(int index) {
  KeepError(sqlite3_bind_null(statement_, index));
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) {
    return handle_->Error(bind_error_);
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  return handle_->Error(code);
}

absl::Status Statement::Run() {
  const absl::StatusOr<bool> row = Step();
  // The next Bind needs a statement at rest.
  sqlite3_reset(statement_);
  return row.status();
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::Text(int column) const {
  // The pointer first: asking for it may convert and so change the size.
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  // Otherwise a value that found no memory would look like an empty one.
  if (bytes == nullptr && sqlite3_errcode(handle_->get()) == SQLITE_NOMEM) {
    throw std::bad_alloc();
  }
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes),
                                        static_cast<std::size_t>(size));
}

absl::StatusOr<Statement> Connection::Prepare(std::string_view sql) {
  absl::StatusOr<sqlite3_stmt*> statement = handle_.TakeStatement(sql);
  if (!statement.ok()) {
    return statement.status();
  }
  return Statement(handle_, *statement);
}

absl::Status Connection::Execute(const std::string& sql) {
  return handle_.Execute(sql);
}

int64_t Connection::Changes() const { return sqlite3_changes64(handle_.get()); }

int64_t Connection::LastInsertNumber() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

}  // namespace modbound
