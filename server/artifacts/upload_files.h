#ifndef MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_
#define MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "modbound/v1/artifact.pb.h"

namespace modbound {

// Streams that may be open at once: each holds a descriptor.
struct UploadLimits {
  int of_owner = 256;
  int in_all = 1024;
};

// The turning of an upload into an artifact by one of its streams, for which
// others may wait.
struct UploadFinish {
  std::string header;  // serialised
  bool ended = false;
  absl::StatusOr<v1::UploadResponse> result = absl::UnknownError("goes on");
};

// An upload that is open. Of its streams the one that began last goes on with
// it; earlier ones find that their ticket is not the newest any more. All but
// the mutexes is guarded by `mutex`, which is also held while the upload's
// files are changed.
struct OpenUpload {
  Mutex mutex;
  CondVar finish_ended;
  int64_t newest_ticket ABSL_GUARDED_BY(mutex) = 0;
  // Null unless it goes on: then no other stream may change the files.
  std::shared_ptr<UploadFinish> finish ABSL_GUARDED_BY(mutex);
};

// CONTRADICTION "header".
absl::Status BegunWithAnotherHeader();

// The folder of partial uploads: names, what may stay, and which are open. The
// formats are told at UploadStore. Threads: safe from any thread.
class UploadFiles {
 public:
  UploadFiles(std::string folder, const UploadLimits& limits)
      : folder_(std::move(folder)), limits_(limits) {}
  // Makes the folder and removes what nothing can go on from.
  absl::Status Open();

  // Name of an upload's files; a new one for each when `upload_id` is empty.
  std::string NameOf(const std::string& owner, const std::string& upload_id);
  std::string BytesPath(const std::string& name) const;
  // One more stream of upload `name` is open, until Release. Errors:
  // kResourceExhausted TOO_MANY.
  absl::StatusOr<std::shared_ptr<OpenUpload>> Acquire(const std::string& owner,
                                                      const std::string& name);
  void Release(const std::string& owner, const std::string& name);
  // Of an acquired name: how many bytes are there; 0 and a kept header for a
  // new upload. CONTRADICTION when it began with another header.
  absl::StatusOr<int64_t> Resume(const std::string& name,
                                 const v1::UploadRequest::Header& header);
  void Remove(const std::string& name);
  // Errors: kNotFound UPLOAD_NOT_FOUND.
  absl::StatusOr<int64_t> Size(const std::string& name) const;
  // Removes uploads to which nothing came for a day.
  void RemoveOld();

 private:
  std::string HeaderPath(const std::string& name) const;
  // Nothing came for a day.
  bool IsOld(const std::string& name) const;
  bool MayStayAtStart(const std::string& name, bool same_boot) const;

  struct Entry {
    std::shared_ptr<OpenUpload> upload = std::make_shared<OpenUpload>();
    int streams = 0;
  };

  const std::string folder_;
  const UploadLimits limits_;
  Mutex mutex_;
  std::map<std::string, Entry> open_ ABSL_GUARDED_BY(mutex_);
  // Streams of each owner.
  std::map<std::string, int> of_owner_ ABSL_GUARDED_BY(mutex_);
  int in_all_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_anonymous_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_UPLOAD_FILES_H_
