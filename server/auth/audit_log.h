#ifndef MODBOUND_SERVER_AUTH_AUDIT_LOG_H_
#define MODBOUND_SERVER_AUTH_AUDIT_LOG_H_

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "server/auth/audit_file.h"

namespace modbound {

// The audit log of a running server. Add never waits for the disk: a thread of
// its own writes records at once and makes them durable within a second, so
// that a submit pays nothing. On a full disk records wait in memory, up to a
// bound; beyond it they are counted, and a record `lost` tells how many.
// Threads: safe from any.
class AuditLog {
 public:
  explicit AuditLog(const std::string& folder, const AuditLimits& limits = {});
  // Writes and syncs what is left.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // The time of the record is now.
  void Add(std::string event,
           std::vector<std::pair<std::string, std::string>> facts);

 private:
  void Loop();
  // Writes a batch; false when it could not be and waits on.
  bool WriteBatch(std::vector<AuditRecord>& batch, int64_t lost);

  AuditFile file_;  // of the thread
  Mutex mutex_;
  CondVar changed_;
  std::vector<AuditRecord> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t lost_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_AUDIT_LOG_H_
