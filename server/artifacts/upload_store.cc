#include "server/artifacts/upload_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/arrays/facts.h"
#include "server/artifacts/upload_files.h"
#include "server/artifacts/upload_header.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

// What all uploads of a store share.
struct Shared {
  Shared(Database& database_in,
         ArtifactStore& artifacts_in,
         const std::string& folder)
      : database(database_in), artifacts(artifacts_in), files(folder) {}

  Database& database;
  ArtifactStore& artifacts;
  UploadFiles files;
  // Held while a finished array is in memory: one at a time.
  Mutex scan_mutex;
};

class FileUpload : public Upload {
 public:
  // `name` is acquired.
  FileUpload(Shared& shared, std::string name, v1::UploadRequest::Header header)
      : shared_(shared),
        name_(std::move(name)),
        path_(shared.files.BytesPath(name_)),
        header_(std::move(header)) {}
  ~FileUpload() override;

  absl::Status Open();
  absl::Status Append(const v1::UploadRequest::Chunk& chunk) override;
  absl::StatusOr<v1::UploadResponse> Finish() override;
  int64_t committed_bytes() const override { return committed_; }

 private:
  // The bytes in memory, hashed and scanned.
  struct Scanned {
    std::string digest;
    v1::ArrayFacts facts;
    std::string small_bytes;
  };
  absl::StatusOr<Scanned> Scan();
  absl::StatusOr<Scanned> ReadAndScan();
  absl::Status Store(const Scanned& scanned);

  Shared& shared_;
  const std::string name_;
  const std::string path_;
  const v1::UploadRequest::Header header_;
  FileDescriptor file_;
  int64_t committed_ = 0;
  bool remove_ = false;
};

FileUpload::~FileUpload() {
  file_.Close();
  if (remove_ || header_.upload_id().empty()) {
    shared_.files.Remove(name_);
  }
  shared_.files.Release(name_);
}

absl::Status FileUpload::Open() {
  MODBOUND_ASSIGN_OR_RETURN(committed_, shared_.files.Resume(name_, header_));
  MODBOUND_ASSIGN_OR_RETURN(file_, OpenFile(path_, O_RDWR | O_CREAT));
  return absl::OkStatus();
}

absl::Status FileUpload::Append(const v1::UploadRequest::Chunk& chunk) {
  MODBOUND_RETURN_IF_ERROR(CheckChunk(chunk, header_, committed_));
  const auto size = static_cast<int64_t>(chunk.data().size());
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(path_, size));
  const absl::Status status = WriteAt(file_, path_, chunk.data(), committed_);
  if (status.ok()) {
    committed_ += size;
  } else if (::ftruncate(file_.get(), committed_) != 0) {
    // What a resumed upload would take for committed is not.
    remove_ = true;
  }
  return status;
}

absl::StatusOr<v1::UploadResponse> FileUpload::Finish() {
  const int64_t total = TotalBytes(header_);
  if (committed_ != total) {
    return Refuse(
        "BAD_CHUNK",
        "chunk",
        absl::StrCat(
            "the upload ended after ", committed_, " of ", total, " bytes"));
  }
  MODBOUND_ASSIGN_OR_RETURN(const Scanned scanned, Scan());
  if (!header_.sha256().empty() && header_.sha256() != scanned.digest) {
    remove_ = true;
    return MakeError(absl::StatusCode::kDataLoss,
                     "DIGEST_MISMATCH",
                     "header.sha256",
                     absl::StrCat("the bytes that came have the digest ",
                                  scanned.digest,
                                  ", announced was ",
                                  header_.sha256()));
  }
  MODBOUND_RETURN_IF_ERROR(Store(scanned));
  remove_ = true;
  v1::UploadResponse response;
  v1::Array* array = response.mutable_array();
  array->set_dtype(header_.dtype());
  *array->mutable_shape() = header_.shape();
  array->set_artifact(scanned.digest);
  response.set_size_bytes(total);
  *response.mutable_facts() = scanned.facts;
  return response;
}

absl::StatusOr<FileUpload::Scanned> FileUpload::Scan() {
  const bool small = committed_ <= kInlineLimit;
  if (small) {
    return Guarded([&] { return ReadAndScan(); });
  }
  MutexLock lock(shared_.scan_mutex);
  return Guarded([&] { return ReadAndScan(); });
}

absl::StatusOr<FileUpload::Scanned> FileUpload::ReadAndScan() {
  HostArray array(header_.dtype(), ShapeOf(header_));
  MODBOUND_ASSIGN_OR_RETURN(
      const int64_t got,
      ReadAt(file_,
             path_,
             reinterpret_cast<char*>(array.mutable_data()),
             committed_,
             0));
  if (got != committed_) {
    remove_ = true;
    return MakeError(absl::StatusCode::kDataLoss,
                     "DIGEST_MISMATCH",
                     "",
                     "the stored bytes of the upload became fewer");
  }
  const std::string_view bytes(reinterpret_cast<const char*>(array.data()),
                               static_cast<std::size_t>(committed_));
  Scanned scanned;
  scanned.digest = Sha256Hex(bytes);
  scanned.facts = ScanFacts(array);
  if (committed_ <= kInlineLimit) {
    scanned.small_bytes = std::string(bytes);
  }
  return scanned;
}

absl::Status FileUpload::Store(const Scanned& scanned) {
  absl::StatusOr<StagedArtifact> staged =
      committed_ <= kInlineLimit
          ? shared_.artifacts.StageBytes(scanned.small_bytes)
          : shared_.artifacts.StageFile(path_, scanned.digest, committed_);
  MODBOUND_RETURN_IF_ERROR(staged.status());
  return shared_.database.WriteAndWait(
      [&](Connection& connection) -> absl::Status {
        MODBOUND_RETURN_IF_ERROR(ArtifactStore::Commit(connection, *staged));
        return ArtifactStore::CommitFacts(connection,
                                          scanned.digest,
                                          header_.dtype(),
                                          ShapeOf(header_),
                                          scanned.facts);
      });
}

class FileUploadStore : public UploadStore {
 public:
  FileUploadStore(Database& database,
                  ArtifactStore& artifacts,
                  int64_t max_bytes)
      : shared_(database, artifacts, database.data_dir() + "/uploads"),
        max_bytes_(max_bytes) {}

  absl::Status Open() { return shared_.files.Open(); }

  absl::StatusOr<std::unique_ptr<Upload>> Begin(
      const std::string& owner,
      const v1::UploadRequest::Header& header) override {
    MODBOUND_RETURN_IF_ERROR(CheckUploadHeader(header, max_bytes_));
    const std::string name = shared_.files.NameOf(owner, header.upload_id());
    MODBOUND_RETURN_IF_ERROR(shared_.files.Acquire(name));
    auto upload = std::make_unique<FileUpload>(shared_, name, header);
    MODBOUND_RETURN_IF_ERROR(upload->Open());
    return upload;
  }

  absl::StatusOr<int64_t> CommittedBytes(
      const std::string& owner, const std::string& upload_id) override {
    if (!IsUploadId(upload_id)) {
      return Refuse("BAD_NAME",
                    "upload_id",
                    "upload_id must be 1 to 64 of a-z A-Z 0-9 _ -");
    }
    return shared_.files.Size(shared_.files.NameOf(owner, upload_id));
  }

 private:
  Shared shared_;
  const int64_t max_bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UploadStore>> UploadStore::Open(
    Database& database, ArtifactStore& artifacts, int64_t max_bytes) {
  auto store =
      std::make_unique<FileUploadStore>(database, artifacts, max_bytes);
  MODBOUND_RETURN_IF_ERROR(store->Open());
  return store;
}

}  // namespace modbound
