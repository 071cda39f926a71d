#include "server/artifacts/upload_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/arrays/fact_scan.h"
#include "server/artifacts/upload_files.h"
#include "server/artifacts/upload_header.h"
#include "server/files/failpoint.h"
#include "server/files/file_io.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

// Read at once when an upload is hashed and scanned.
constexpr int64_t kPieceBytes = int64_t{1} << 20;

absl::Status Stopping() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "SERVER_STOPPING",
                   "",
                   "the server is stopping; the upload can go on later");
}

// What all uploads of a store share.
struct Shared {
  Shared(Database& database_in,
         ArtifactStore& artifacts_in,
         const std::string& folder,
         const UploadLimits& limits)
      : database(database_in), artifacts(artifacts_in), files(folder, limits) {}

  Database& database;
  ArtifactStore& artifacts;
  UploadFiles files;
};

class FileUpload : public Upload {
 public:
  // `open`: acquired for `owner` and `name`.
  FileUpload(Shared& shared,
             std::string owner,
             std::string name,
             std::shared_ptr<OpenUpload> open,
             v1::UploadRequest::Header header)
      : shared_(shared),
        owner_(std::move(owner)),
        name_(std::move(name)),
        path_(shared.files.BytesPath(name_)),
        header_(std::move(header)),
        open_(std::move(open)) {}
  ~FileUpload() override;

  absl::Status Open();
  absl::Status Append(const v1::UploadRequest::Chunk& chunk) override;
  absl::StatusOr<v1::UploadResponse> Finish(const StopFlag& stop) override;
  int64_t committed_bytes() const override { return committed_; }

 private:
  // What reading the bytes once has told.
  struct Scanned {
    std::string digest;
    v1::ArrayFacts facts;
    std::string small_bytes;
  };
  absl::Status CheckNewest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(open_->mutex);
  absl::StatusOr<v1::UploadResponse> TurnIntoArtifact(const StopFlag& stop);
  absl::StatusOr<Scanned> Scan(const StopFlag& stop);
  absl::Status ReadPiece(int64_t offset, int64_t count, std::byte* out);
  absl::StatusOr<StagedArtifact> Stage(const Scanned& scanned);
  absl::Status Store(const Scanned& scanned);

  Shared& shared_;
  const std::string owner_;
  const std::string name_;
  const std::string path_;
  const v1::UploadRequest::Header header_;
  const std::shared_ptr<OpenUpload> open_;
  int64_t ticket_ = 0;
  // That of another stream, when it had all bytes before this one began.
  std::shared_ptr<UploadFinish> joined_;
  FileDescriptor file_;
  int64_t committed_ = 0;
  // Where the next chunk begins; -1 before the first.
  int64_t position_ = -1;
  bool remove_ = false;
};

FileUpload::~FileUpload() {
  file_.Close();
  {
    const MutexLock lock(open_->mutex);
    if (ticket_ == open_->newest_ticket && joined_ == nullptr &&
        (remove_ || header_.upload_id().empty())) {
      shared_.files.Remove(name_);
    }
  }
  shared_.files.Release(owner_, name_);
}

absl::Status FileUpload::Open() {
  const MutexLock lock(open_->mutex);
  if (open_->finish != nullptr) {
    if (open_->finish->header != header_.SerializeAsString()) {
      return BegunWithAnotherHeader();
    }
    joined_ = open_->finish;
    committed_ = TotalBytes(header_);
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(committed_, shared_.files.Resume(name_, header_));
  ReachFailpoint(Failpoint::kUploadBegun);
  MODBOUND_RETURN_IF_ERROR(
      shared_.artifacts.CheckRoom(owner_, TotalBytes(header_) - committed_));
  MODBOUND_ASSIGN_OR_RETURN(file_, OpenFile(path_, O_RDWR | O_CREAT));
  ticket_ = ++open_->newest_ticket;
  return absl::OkStatus();
}

absl::Status FileUpload::CheckNewest() {
  if (joined_ != nullptr || ticket_ == open_->newest_ticket) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kUnavailable,
                   "STREAM_REPLACED",
                   "",
                   "another stream of this upload_id goes on with the upload");
}

absl::Status FileUpload::Append(const v1::UploadRequest::Chunk& chunk) {
  // Held for a write of 1 MiB at most: a stream that begins waits for it.
  const MutexLock lock(open_->mutex);
  MODBOUND_RETURN_IF_ERROR(CheckNewest());
  const int64_t next =
      position_ < 0 && chunk.offset() >= 0 && chunk.offset() <= committed_
          ? chunk.offset()
          : std::max(position_, int64_t{0});
  MODBOUND_RETURN_IF_ERROR(CheckChunk(chunk, header_, next));
  const std::string_view data = chunk.data();
  const auto there =
      std::min(static_cast<int64_t>(data.size()), committed_ - chunk.offset());
  const std::string_view rest = data.substr(static_cast<std::size_t>(there));
  if (!rest.empty()) {
    const auto size = static_cast<int64_t>(rest.size());
    MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(path_, size));
    const absl::Status status = WriteAt(file_, path_, rest, committed_);
    if (!status.ok()) {
      if (::ftruncate(file_.get(), committed_) != 0) {
        // What a resumed upload would take for committed is not.
        shared_.files.Remove(name_);
      }
      return status;
    }
    committed_ += size;
    ReachFailpoint(Failpoint::kUploadAppended);
  }
  position_ = next + static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::StatusOr<v1::UploadResponse> FileUpload::Finish(const StopFlag& stop) {
  const auto finish = std::make_shared<UploadFinish>();
  {
    const MutexLock lock(open_->mutex);
    if (joined_ != nullptr) {
      while (!joined_->ended) {
        open_->finish_ended.Wait(open_->mutex);
      }
      return joined_->result;
    }
    MODBOUND_RETURN_IF_ERROR(CheckNewest());
    const int64_t total = TotalBytes(header_);
    if (committed_ != total) {
      return Refuse(
          "BAD_CHUNK",
          "chunk",
          absl::StrCat(
              "the upload ended after ", committed_, " of ", total, " bytes"));
    }
    finish->header = header_.SerializeAsString();
    open_->finish = finish;
  }
  absl::StatusOr<v1::UploadResponse> result =
      Guarded([&] { return TurnIntoArtifact(stop); });
  const MutexLock lock(open_->mutex);
  if (remove_) {
    shared_.files.Remove(name_);
    remove_ = false;
  }
  finish->result = result;
  finish->ended = true;
  open_->finish = nullptr;
  open_->finish_ended.NotifyAll();
  return result;
}

absl::StatusOr<v1::UploadResponse> FileUpload::TurnIntoArtifact(
    const StopFlag& stop) {
  MODBOUND_ASSIGN_OR_RETURN(const Scanned scanned, Scan(stop));
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
  ReachFailpoint(Failpoint::kUploadScanned);
  MODBOUND_RETURN_IF_ERROR(Store(scanned));
  ReachFailpoint(Failpoint::kUploadCommitted);
  remove_ = true;
  v1::UploadResponse response;
  v1::Array* array = response.mutable_array();
  array->set_dtype(header_.dtype());
  *array->mutable_shape() = header_.shape();
  array->set_artifact(scanned.digest);
  response.set_size_bytes(committed_);
  *response.mutable_facts() = scanned.facts;
  return response;
}

absl::StatusOr<FileUpload::Scanned> FileUpload::Scan(const StopFlag& stop) {
  Scanned scanned;
  Sha256 sha256;
  FactScan facts(header_.dtype(), ShapeOf(header_));
  HostArray piece(v1::DType::UINT8, {std::min(kPieceBytes, committed_)});
  for (int64_t at = 0; at < committed_; at += kPieceBytes) {
    if (stop.stopped()) {
      return Stopping();
    }
    const int64_t count = std::min(kPieceBytes, committed_ - at);
    MODBOUND_RETURN_IF_ERROR(ReadPiece(at, count, piece.mutable_data()));
    sha256.Add({reinterpret_cast<const char*>(piece.data()),
                static_cast<std::size_t>(count)});
    facts.Add(piece.data(), count);
  }
  const absl::Status compared = facts.CompareMirrored(
      [this](int64_t offset, int64_t count, std::byte* out) {
        return ReadPiece(offset, count, out);
      },
      &stop);
  if (!compared.ok()) {
    return absl::IsCancelled(compared) ? Stopping() : compared;
  }
  scanned.digest = sha256.Hex();
  scanned.facts = facts.facts();
  if (committed_ <= kInlineLimit) {
    // The only piece.
    scanned.small_bytes =
        std::string(reinterpret_cast<const char*>(piece.data()),
                    static_cast<std::size_t>(committed_));
  }
  return scanned;
}

absl::Status FileUpload::ReadPiece(int64_t offset,
                                   int64_t count,
                                   std::byte* out) {
  MODBOUND_ASSIGN_OR_RETURN(
      const int64_t got,
      ReadAt(file_, path_, reinterpret_cast<char*>(out), count, offset));
  if (got == count) {
    return absl::OkStatus();
  }
  remove_ = true;
  return MakeError(absl::StatusCode::kDataLoss,
                   "DIGEST_MISMATCH",
                   "",
                   "the stored bytes of the upload became fewer");
}

absl::StatusOr<StagedArtifact> FileUpload::Stage(const Scanned& scanned) {
  if (committed_ <= kInlineLimit) {
    return shared_.artifacts.StageBytes(scanned.small_bytes);
  }
  // After a failed sync the kernel may call pages written that are lost: what a
  // later sync says of this file is worth nothing.
  if (const absl::Status synced = SyncFile(file_, path_); !synced.ok()) {
    remove_ = true;
    return synced;
  }
  absl::StatusOr<StagedArtifact> staged =
      shared_.artifacts.StageFile(path_, scanned.digest, committed_);
  remove_ = !staged.ok() && !IsShortage(staged.status());
  return staged;
}

absl::Status FileUpload::Store(const Scanned& scanned) {
  const absl::StatusOr<StagedArtifact> staged = Stage(scanned);
  MODBOUND_RETURN_IF_ERROR(staged.status());
  ReachFailpoint(Failpoint::kUploadStaged);
  return shared_.database.WriteAndWait(
      [&](Connection& connection) -> absl::Status {
        MODBOUND_RETURN_IF_ERROR(shared_.artifacts.CheckFits(
            connection, {owner_, {{staged->digest, staged->size_bytes}}}));
        MODBOUND_RETURN_IF_ERROR(ArtifactStore::Commit(connection, *staged));
        MODBOUND_RETURN_IF_ERROR(
            ArtifactStore::Promise(connection, staged->digest).status());
        MODBOUND_RETURN_IF_ERROR(
            ArtifactStore::CommitUpload(connection, staged->digest, owner_));
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
                  int64_t max_bytes,
                  const UploadLimits& limits)
      : shared_(database, artifacts, database.data_dir() + "/uploads", limits),
        max_bytes_(max_bytes) {}

  absl::Status Open() { return shared_.files.Open(); }

  absl::StatusOr<std::unique_ptr<Upload>> Begin(
      const std::string& owner,
      const v1::UploadRequest::Header& header) override {
    MODBOUND_RETURN_IF_ERROR(CheckUploadHeader(header, max_bytes_));
    const std::string name = shared_.files.NameOf(owner, header.upload_id());
    MODBOUND_ASSIGN_OR_RETURN(std::shared_ptr<OpenUpload> open,
                              shared_.files.Acquire(owner, name));
    auto upload = std::make_unique<FileUpload>(
        shared_, owner, name, std::move(open), header);
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

  void RemoveOld() override { shared_.files.RemoveOld(); }

 private:
  Shared shared_;
  const int64_t max_bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UploadStore>> UploadStore::Open(
    Database& database,
    ArtifactStore& artifacts,
    int64_t max_bytes,
    const UploadLimits& limits) {
  auto store =
      std::make_unique<FileUploadStore>(database, artifacts, max_bytes, limits);
  MODBOUND_RETURN_IF_ERROR(store->Open());
  return store;
}

}  // namespace modbound
