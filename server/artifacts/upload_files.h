#ifndef MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_
#define MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "modbound/v1/artifact.pb.h"

namespace modbound {

// The folder of partial uploads: names, what may stay, and which are open. The
// formats are told at UploadStore. Threads: safe from any thread.
class UploadFiles {
 public:
  explicit UploadFiles(std::string folder) : folder_(std::move(folder)) {}
  // Makes the folder and removes what nothing can go on from.
  absl::Status Open();

  // Name of an upload's files; a new one for each when `upload_id` is empty.
  std::string NameOf(const std::string& owner, const std::string& upload_id);
  std::string BytesPath(const std::string& name) const;
  // Refused with WRONG_STATE while `name` is acquired; else it is, until
  // Release.
  absl::Status Acquire(const std::string& name);
  void Release(const std::string& name);
  // Of an acquired name: how many bytes are there; 0 and a kept header for a
  // new upload. CONTRADICTION when it began with another header.
  absl::StatusOr<int64_t> Resume(const std::string& name,
                                 const v1::UploadRequest::Header& header);
  void Remove(const std::string& name);
  // Errors: kNotFound UPLOAD_NOT_FOUND.
  absl::StatusOr<int64_t> Size(const std::string& name) const;

 private:
  std::string HeaderPath(const std::string& name) const;
  // Removes uploads to which nothing came for a day; at most once an hour.
  void RemoveOld();
  bool MayStayAtStart(const std::string& name, bool same_boot) const;

  const std::string folder_;
  Mutex mutex_;
  std::set<std::string> open_ ABSL_GUARDED_BY(mutex_);
  int64_t next_anonymous_ ABSL_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point next_removal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_
