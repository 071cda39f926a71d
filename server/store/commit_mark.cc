#include "server/store/commit_mark.h"

#include <fcntl.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/store/database.h"

namespace modbound {
namespace {

// Of the number in the file: each covers the one before.
constexpr std::size_t kMarkDigits = 10;

std::string MarkPath(const std::string& data_dir) {
  return data_dir + "/committed";
}

absl::StatusOr<uint32_t> CountOf(SqliteHandle& handle) {
  Connection connection(handle);
  MODBOUND_ASSIGN_OR_RETURN(Statement statement,
                            connection.Prepare("PRAGMA application_id"));
  MODBOUND_RETURN_IF_ERROR(statement.Step().status());
  return static_cast<uint32_t>(statement.Int(0));
}

}  // namespace

absl::Status CommitMark::Check(SqliteHandle& handle,
                               const std::string& data_dir) {
  const absl::StatusOr<std::string> text = ReadFile(MarkPath(data_dir));
  uint32_t mark = 0;
  // A power cut may leave anything but a larger number.
  if (!text.ok() || !absl::SimpleAtoi(text->substr(0, kMarkDigits), &mark)) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const uint32_t count, CountOf(handle));
  const auto missing = static_cast<int32_t>(mark - count);
  if (missing <= 0) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kDataLoss,
      reason::kInternal,
      "data_dir",
      absl::StrCat("the last ",
                   missing,
                   " changes of the store in ",
                   data_dir,
                   " are missing: modbound.sqlite3-wal, or the database, was "
                   "damaged or replaced; restore it, or remove the file "
                   "committed there to go on with what is left"));
}

absl::StatusOr<CommitMark> CommitMark::Open(SqliteHandle& handle,
                                            const std::string& data_dir) {
  MODBOUND_RETURN_IF_ERROR(Check(handle, data_dir));
  MODBOUND_ASSIGN_OR_RETURN(const uint32_t count, CountOf(handle));
  const std::string path = MarkPath(data_dir);
  MODBOUND_ASSIGN_OR_RETURN(FileDescriptor file,
                            OpenFile(path, O_WRONLY | O_CREAT));
  return CommitMark(std::move(file), path, count);
}

absl::Status CommitMark::Put(SqliteHandle& handle) const {
  return handle.Execute(absl::StrCat("PRAGMA application_id = ",
                                     static_cast<int32_t>(count_ + 1)));
}

void CommitMark::Committed() {
  ++count_;
  const std::string digits = absl::StrCat(count_);
  const std::string text =
      std::string(kMarkDigits - digits.size(), '0') + digits + "\n";
  // One that is behind tells less, but nothing wrong.
  WriteAt(file_, path_, text, 0).IgnoreError();
}

}  // namespace modbound
