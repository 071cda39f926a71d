#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "server/arrays/fact_scan.h"
#include "server/artifacts/artifact_store.h"
#include "server/files/guarded.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

// No row holds more; SQLite's substr takes 32-bit numbers.
constexpr int64_t kAllBytes = kInlineLimit;
// Of artifact ?1 and owner ?2.
constexpr char kIsForOwner[] =
    "(EXISTS(SELECT 1 FROM artifact_upload WHERE digest = ?1 AND owner = ?2) OR"
    " EXISTS(SELECT 1 FROM artifact_use WHERE digest = ?1 AND owner = ?2))";
// How often a file is looked for again before it counts as lost.
constexpr int kLooks = 8;

absl::Status NoSuchArtifact(const std::string& digest) {
  return MakeError(absl::StatusCode::kNotFound,
                   "ARTIFACT_NOT_FOUND",
                   "",
                   IsDigest(digest)
                       ? absl::StrCat("no artifact ", digest)
                       : "an artifact is named by 64 lower-case hexadecimal "
                         "digits");
}

absl::Status Damaged(const std::string& digest, const char* how) {
  return MakeError(
      absl::StatusCode::kDataLoss,
      "DIGEST_MISMATCH",
      "",
      absl::StrCat(
          "the stored bytes of artifact ", digest, " are damaged: ", how));
}

absl::Status CheckDigest(std::string_view bytes, const std::string& digest) {
  return Sha256Hex(bytes) == digest
             ? absl::OkStatus()
             : Damaged(digest, "they have another SHA-256");
}

absl::StatusOr<std::string> ReadPart(const FileDescriptor& file,
                                     const std::string& path,
                                     int64_t offset,
                                     int64_t count) {
  return Guarded([&]() -> absl::StatusOr<std::string> {
    std::string bytes(static_cast<std::size_t>(count), '\0');
    MODBOUND_ASSIGN_OR_RETURN(const int64_t got,
                              ReadAt(file, path, bytes.data(), count, offset));
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  });
}

// The column fact.shape.
std::string FactShape(const std::vector<int64_t>& shape) {
  return IsSquare(shape) ? absl::StrJoin(shape, ",") : "";
}

}  // namespace

absl::StatusOr<ArtifactStore::Row> ArtifactStore::FindRow(
    const std::string& digest, int64_t offset, int64_t count) {
  Row found;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            Statement statement,
            connection.Prepare(
                "SELECT size_bytes, bytes IS NULL, substr(bytes, ?2, ?3) "
                "FROM artifact WHERE digest = ?1"));
        statement.Bind(1, digest)
            .Bind(2, std::clamp<int64_t>(offset, 0, kAllBytes) + 1)
            .Bind(3, std::clamp<int64_t>(count, 0, kAllBytes));
        MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
        if (!row) {
          return NoSuchArtifact(digest);
        }
        found.size_bytes = statement.Int(0);
        found.in_file = statement.Int(1) != 0;
        found.bytes = statement.Text(2);
        return absl::OkStatus();
      }));
  return found;
}

absl::StatusOr<FileDescriptor> ArtifactStore::OpenArtifact(
    const std::string& digest, int64_t size_bytes) {
  const std::string path = FilePath(digest);
  absl::StatusOr<FileDescriptor> file = OpenFile(path, O_RDONLY);
  // A file that went with its row may have come back with it between the two
  // looks: what is missing every time is lost.
  for (int look = 0; look < kLooks && absl::IsNotFound(file.status()); ++look) {
    MODBOUND_RETURN_IF_ERROR(FindRow(digest, 0, 0).status());
    file = OpenFile(path, O_RDONLY);
  }
  if (absl::IsNotFound(file.status())) {
    return Damaged(digest, "the file is missing");
  }
  MODBOUND_RETURN_IF_ERROR(file.status());
  MODBOUND_ASSIGN_OR_RETURN(const int64_t size, FileSize(*file, path));
  if (size != size_bytes) {
    return Damaged(digest, "the file has another size");
  }
  return file;
}

absl::StatusOr<int64_t> ArtifactStore::StoredBytes() {
  int64_t bytes = 0;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(bytes, modbound::StoredBytes(connection, ""));
        return absl::OkStatus();
      }));
  return bytes;
}

absl::Status ArtifactStore::CheckRoom(const std::string& owner,
                                      int64_t more_bytes) {
  MODBOUND_RETURN_IF_ERROR(RequireFreeSpace(database_.data_dir(), more_bytes));
  if (!has_limits()) {
    return absl::OkStatus();
  }
  return database_.Read([&](Connection& connection) -> absl::Status {
    MODBOUND_RETURN_IF_ERROR(WarnWhenNearlyFull(connection));
    MoreBytes more;
    more.owner = owner;
    more.others = std::max<int64_t>(more_bytes, 1);
    return CheckFits(connection, more);
  });
}

// The warning comes once, and again after there was room meanwhile.
absl::Status ArtifactStore::WarnWhenNearlyFull(Connection& connection) {
  if (limits_.of_server == 0) {
    return absl::OkStatus();
  }
  MODBOUND_ASSIGN_OR_RETURN(const int64_t stored,
                            modbound::StoredBytes(connection, ""));
  const bool nearly_full = stored >= limits_.of_server / 10 * 9;
  if (nearly_full && !nearly_full_.exchange(true)) {
    spdlog::warn("event=store_nearly_full stored_bytes={} max_stored_bytes={}",
                 stored,
                 limits_.of_server);
  } else if (!nearly_full) {
    nearly_full_.store(false);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ArtifactStore::Size(const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(const Row row, FindRow(digest, 0, 0));
  return row.size_bytes;
}

absl::StatusOr<int64_t> ArtifactStore::SizeFor(const std::string& owner,
                                               const std::string& digest) {
  int64_t size = 0;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(
            Statement statement,
            connection.Prepare(absl::StrCat(
                "SELECT size_bytes FROM artifact WHERE digest = ?1 AND ",
                kIsForOwner)));
        MODBOUND_ASSIGN_OR_RETURN(
            const bool found, statement.Bind(1, digest).Bind(2, owner).Step());
        if (!found) {
          return NoSuchArtifact(digest);
        }
        size = statement.Int(0);
        return absl::OkStatus();
      }));
  return size;
}

absl::StatusOr<std::string> ArtifactStore::ReadBytes(
    const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(Row row, FindRow(digest, 0, kAllBytes));
  if (row.in_file) {
    MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                              OpenArtifact(digest, row.size_bytes));
    row.bytes.resize(static_cast<std::size_t>(row.size_bytes));
    MODBOUND_RETURN_IF_ERROR(
        ReadAt(file, FilePath(digest), row.bytes.data(), row.size_bytes, 0)
            .status());
  }
  MODBOUND_RETURN_IF_ERROR(CheckDigest(row.bytes, digest));
  return std::move(row.bytes);
}

absl::Status ArtifactStore::Check(const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(const Row row, FindRow(digest, 0, kAllBytes));
  if (!row.in_file) {
    return CheckDigest(row.bytes, digest);
  }
  MODBOUND_RETURN_IF_ERROR(OpenArtifact(digest, row.size_bytes).status());
  MODBOUND_ASSIGN_OR_RETURN(const std::string found,
                            Sha256HexOfFile(FilePath(digest)));
  return found == digest ? absl::OkStatus()
                         : Damaged(digest, "it has another SHA-256");
}

absl::StatusOr<std::string> ArtifactStore::ReadRange(const std::string& digest,
                                                     int64_t offset,
                                                     int64_t count) {
  MODBOUND_ASSIGN_OR_RETURN(Row row, FindRow(digest, offset, count));
  if (offset < 0 || offset > row.size_bytes) {
    return Refuse(
        reason::kOutOfRange,
        "offset",
        absl::StrCat("offset is ", offset, "; allowed: 0 to ", row.size_bytes));
  }
  if (!row.in_file) {
    return std::move(row.bytes);
  }
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenArtifact(digest, row.size_bytes));
  const int64_t length = std::clamp<int64_t>(count, 0, row.size_bytes - offset);
  MODBOUND_ASSIGN_OR_RETURN(std::string bytes,
                            ReadPart(file, FilePath(digest), offset, length));
  if (static_cast<int64_t>(bytes.size()) != length) {
    return Damaged(digest, "the file became shorter");
  }
  return bytes;
}

absl::StatusOr<std::optional<std::string>> ArtifactStore::LinkOrRead(
    const std::string& digest, const std::string& path) {
  using Bytes = std::optional<std::string>;
  MODBOUND_ASSIGN_OR_RETURN(Row row, FindRow(digest, 0, kAllBytes));
  if (!row.in_file) {
    return Bytes(std::move(row.bytes));
  }
  MODBOUND_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(path)));
  MODBOUND_RETURN_IF_ERROR(RemoveFile(path));
  int error = ENOENT;
  for (int look = 0; look < kLooks && error == ENOENT; ++look) {
    if (::link(FilePath(digest).c_str(), path.c_str()) == 0) {
      return Bytes();
    }
    error = errno;
    if (error == ENOENT) {
      MODBOUND_RETURN_IF_ERROR(OpenArtifact(digest, row.size_bytes).status());
    }
  }
  // No hard links here (EPERM), or too many of this file already (EMLINK).
  if (error != EPERM && error != EMLINK && error != EXDEV) {
    return FileError("link", path, error);
  }
  MODBOUND_ASSIGN_OR_RETURN(const std::string bytes, ReadBytes(digest));
  MODBOUND_RETURN_IF_ERROR(ReplaceFile(path, bytes, Durability::kCached));
  return Bytes();
}

absl::StatusOr<std::vector<std::string>> ArtifactStore::FindMissing(
    const std::string& owner, const std::vector<std::string>& digests) {
  // When each was promised last; 0 when this owner has it through a job alone,
  // which may go.
  std::map<std::string, int64_t> promised;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        for (const std::string& digest : digests) {
          MODBOUND_ASSIGN_OR_RETURN(
              Statement statement,
              connection.Prepare(absl::StrCat(
                  "SELECT uploaded_us * EXISTS(SELECT 1 FROM artifact_upload "
                  "WHERE digest = ?1 AND owner = ?2) FROM artifact WHERE "
                  "digest = ?1 AND ",
                  kIsForOwner)));
          MODBOUND_ASSIGN_OR_RETURN(
              const bool known,
              statement.Bind(1, digest).Bind(2, owner).Step());
          if (known) {
            promised[digest] = statement.Int(0);
          }
        }
        return absl::OkStatus();
      }));
  MODBOUND_RETURN_IF_ERROR(PromiseAgain(owner, promised));
  std::vector<std::string> missing;
  for (const std::string& digest : digests) {
    if (promised.count(digest) == 0) {
      missing.push_back(digest);
    }
  }
  return missing;
}

// Promises those whose promise is not young any more; takes out those that were
// removed meanwhile.
absl::Status ArtifactStore::PromiseAgain(
    const std::string& owner, std::map<std::string, int64_t>& promised) {
  constexpr int64_t kYoungMicros = int64_t{3600} * 1000 * 1000;
  const int64_t young_us = WallMicros() - kYoungMicros;
  const auto is_old = [&](const auto& entry) {
    return entry.second < young_us;
  };
  if (std::none_of(promised.begin(), promised.end(), is_old)) {
    return absl::OkStatus();
  }
  return database_.WriteAndWait([&](Connection& connection) -> absl::Status {
    for (auto it = promised.begin(); it != promised.end();) {
      bool stays = true;
      if (is_old(*it)) {
        MODBOUND_ASSIGN_OR_RETURN(stays, Promise(connection, it->first));
        if (stays) {
          MODBOUND_RETURN_IF_ERROR(CommitUpload(connection, it->first, owner));
        }
      }
      it = stays ? std::next(it) : promised.erase(it);
    }
    return absl::OkStatus();
  });
}

// Facts of another shape have the same values; only the asymmetry is theirs.
absl::StatusOr<std::optional<v1::ArrayFacts>> ArtifactStore::KnownFacts(
    Connection& connection,
    const std::string& digest,
    DTypeEnum dtype,
    const std::vector<int64_t>& shape) {
  const std::string wanted = FactShape(shape);
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT shape, facts FROM fact WHERE digest = ?1 AND "
                         "dtype = ?2 ORDER BY shape = ?3 DESC LIMIT 1"));
  statement.Bind(1, digest).Bind(2, dtype).Bind(3, wanted);
  MODBOUND_ASSIGN_OR_RETURN(const bool known, statement.Step());
  std::optional<v1::ArrayFacts> facts;
  if (!known || !facts.emplace().ParseFromString(statement.Text(1))) {
    return std::optional<v1::ArrayFacts>();
  }
  if (statement.Text(0) != wanted) {
    if (!wanted.empty()) {
      return std::optional<v1::ArrayFacts>();
    }
    facts->set_max_asymmetry(0);
    facts->set_asymmetry_row(-1);
    facts->set_asymmetry_column(-1);
  }
  return facts;
}

absl::StatusOr<std::optional<v1::ArrayFacts>> ArtifactStore::StoredFacts(
    const std::string& digest,
    DTypeEnum dtype,
    const std::vector<int64_t>& shape) {
  std::optional<v1::ArrayFacts> known;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(known,
                                  KnownFacts(connection, digest, dtype, shape));
        return absl::OkStatus();
      }));
  return known;
}

absl::Status ArtifactStore::CommitFacts(Connection& connection,
                                        const std::string& digest,
                                        DTypeEnum dtype,
                                        const std::vector<int64_t>& shape,
                                        const v1::ArrayFacts& facts) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("INSERT OR REPLACE INTO fact(digest, dtype, shape, "
                         "facts) VALUES(?1, ?2, ?3, ?4)"));
  return statement.Bind(1, digest)
      .Bind(2, dtype)
      .Bind(3, FactShape(shape))
      .BindBlob(4, facts.SerializeAsString())
      .Run();
}

}  // namespace modbound
