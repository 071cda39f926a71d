#ifndef MODBOUND_SERVER_AUTH_AUDIT_FILE_H_
#define MODBOUND_SERVER_AUTH_AUDIT_FILE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/files/file_io.h"

namespace modbound {

// What happened: the event's word and facts of it, in this order in its line.
// No fact may be a secret.
struct AuditRecord {
  int64_t time_us = 0;
  std::string event;
  std::vector<std::pair<std::string, std::string>> facts;
};

struct AuditLimits {
  // A file that has grown beyond this is put aside.
  int64_t file_bytes = int64_t{16} << 20;
  // Files that were put aside, at most; older ones are removed. >= 1.
  int files = 10;
};

// DATA_DIR/audit.log: one JSON object a line,
//   {"number":17,"time":"2026-11-24T02:58:37.123456Z","event":"submit",...,
//    "previous":"<SHA-256 of the line before, without its newline>"}
// numbered from 1; `previous` of line 1 is 64 zeros. Put aside as audit.log.1
// (newest), audit.log.2, ...; the chain goes on over files. Several processes
// may append at once (a lock on the folder); one object is for one thread.
class AuditFile {
 public:
  explicit AuditFile(std::string folder, const AuditLimits& limits = {});

  // Appends all or, after an error, none; not yet durable. What a crash left of
  // a line is removed first; where a power cut left a hole, what follows it
  // goes to audit.log.hole and a record `cut_at_hole` tells of it. Errors:
  // those of files.
  absl::Status Append(const std::vector<AuditRecord>& records);
  // Makes what was appended durable.
  absl::Status Sync();

 private:
  absl::Status OpenNewest();
  absl::Status FindEnd();
  absl::StatusOr<int64_t> CutAtHole(int64_t size);
  absl::Status PutAside();

  const std::string folder_;
  const std::string path_;
  const AuditLimits limits_;
  FileDescriptor file_;
  // Where the chain ends, as far as this object knows.
  int64_t size_ = -1;
  // Cut at a hole, and not told of yet.
  int64_t cut_bytes_ = 0;
  int64_t number_ = 0;
  std::string last_hash_;
};

// Copies all files of the folder's audit log to the folder `target`, synced, up
// to the last whole line, also while servers append; what comes meanwhile may
// be missing. Fine when there is none. Errors: those of files.
absl::Status CopyAuditLog(const std::string& folder, const std::string& target);

// Checks the chain over all files of the folder, from the oldest that is left;
// the number of lines. Errors: kDataLoss with file and line where a line was
// changed, removed or put in; kNotFound when there is no audit log. A tail that
// was cut off at the end of a line cannot be seen.
absl::StatusOr<int64_t> VerifyAuditLog(const std::string& folder);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_AUDIT_FILE_H_
