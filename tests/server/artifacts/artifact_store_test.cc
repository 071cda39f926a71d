#include "server/artifacts/artifact_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/arrays/facts.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

constexpr int64_t kLarge = kInlineLimit + 1;

std::string BytesOf(const HostArray& array) {
  return {reinterpret_cast<const char*>(array.data()),
          static_cast<std::size_t>(array.size_bytes())};
}

std::string Pattern(int64_t size, char seed) {
  std::string bytes(static_cast<std::size_t>(size), seed);
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    bytes[i] = static_cast<char>(i / 7);
  }
  return bytes;
}

class ArtifactStoreTest : public ::testing::Test {
 protected:
  ArtifactStoreTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    database_.reset();
    auto database = Database::Open(folder_ / "data");
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = std::move(*database);
    auto store = ArtifactStore::Open(*database_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = std::move(*store);
  }
  absl::Status Commit(const StagedArtifact& staged) {
    return database_->WriteAndWait([&](Connection& connection) {
      return ArtifactStore::Commit(connection, staged);
    });
  }
  std::string Put(const std::string& bytes) {
    const auto staged = store_->StageBytes(bytes);
    EXPECT_TRUE(staged.ok()) << staged.status();
    EXPECT_TRUE(Commit(*staged).ok());
    return staged->digest;
  }
  // `owner` has sent the bytes.
  void Send(const std::string& digest, const std::string& owner) {
    EXPECT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) {
                      return ArtifactStore::CommitUpload(
                          connection, digest, owner);
                    })
                    .ok());
  }
  absl::Status Execute(const std::string& sql) {
    return database_->WriteAndWait(
        [&](Connection& connection) { return connection.Execute(sql); });
  }
  absl::Status CommitFacts(const std::string& digest,
                           DTypeEnum dtype,
                           const std::vector<int64_t>& shape,
                           const v1::ArrayFacts& facts) {
    return database_->WriteAndWait([&](Connection& connection) {
      return ArtifactStore::CommitFacts(
          connection, digest, dtype, shape, facts);
    });
  }
  int64_t Count(const std::string& sql) {
    int64_t count = -1;
    EXPECT_TRUE(database_
                    ->Read([&](Connection& connection) -> absl::Status {
                      MODBOUND_ASSIGN_OR_RETURN(Statement rows,
                                                connection.Prepare(sql));
                      MODBOUND_RETURN_IF_ERROR(rows.Step().status());
                      count = rows.Int(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return count;
  }
  std::vector<std::string> RemoveUnused(
      const std::vector<std::string>& candidates) {
    std::vector<std::string> removed;
    EXPECT_TRUE(
        database_
            ->WriteAndWait([&](Connection& connection) -> absl::Status {
              MODBOUND_ASSIGN_OR_RETURN(
                  removed,
                  ArtifactStore::CommitRemoveUnused(connection, candidates));
              return absl::OkStatus();
            })
            .ok());
    return removed;
  }
  int64_t PromisedAt(const std::string& digest) {
    int64_t time = -1;
    EXPECT_TRUE(database_
                    ->Read([&](Connection& connection) -> absl::Status {
                      MODBOUND_ASSIGN_OR_RETURN(
                          Statement statement,
                          connection.Prepare("SELECT uploaded_us FROM artifact "
                                             "WHERE digest = ?1"));
                      MODBOUND_RETURN_IF_ERROR(
                          statement.Bind(1, digest).Step().status());
                      time = statement.Int(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return time;
  }
  // RemoveFiles does not wait; changes run in order.
  void WaitForWriter() { EXPECT_TRUE(Execute("").ok()); }
  std::string FileOf(const std::string& digest) const {
    return folder_ / "data/artifacts/" + digest.substr(0, 2) + "/" + digest;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> store_;
};

// FIPS 180-2, appendix B.1 and the empty message.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(IsDigest(Sha256Hex("x")));
  EXPECT_FALSE(IsDigest("../" + Sha256Hex("x").substr(3)));
  EXPECT_FALSE(IsDigest(Sha256Hex("x") + "0"));
}

TEST(Sha256, IsTheSameForAFile) {
  const TemporaryFolder folder;
  // Beyond the buffer's 1 MiB, and exactly on it.
  for (const int64_t size : {int64_t{0}, int64_t{1} << 20, int64_t{3000001}}) {
    const std::string bytes = Pattern(size, 'a');
    std::ofstream(folder / "file", std::ios::binary) << bytes;
    EXPECT_EQ(*Sha256HexOfFile(folder / "file"), Sha256Hex(bytes));
  }
}

TEST_F(ArtifactStoreTest, KeepsBytesOfEverySizeOverAReopen) {
  std::vector<std::string> digests;
  const std::vector<int64_t> sizes = {0, 1, kInlineLimit, kLarge, 300000};
  for (const int64_t size : sizes) {
    digests.push_back(Put(Pattern(size, 'k')));
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(*store_->Size(digests[i]), sizes[i]);
      EXPECT_EQ(*store_->ReadBytes(digests[i]), Pattern(sizes[i], 'k'));
      EXPECT_EQ(std::filesystem::exists(FileOf(digests[i])),
                sizes[i] > kInlineLimit);
    }
    Reopen();
  }
}

TEST_F(ArtifactStoreTest, ReadsRanges) {
  for (const int64_t size : {int64_t{1000}, int64_t{200000}}) {
    const std::string bytes = Pattern(size, 'r');
    const std::string digest = Put(bytes);
    EXPECT_EQ(*store_->ReadRange(digest, 10, 20), bytes.substr(10, 20));
    EXPECT_EQ(*store_->ReadRange(digest, size - 5, 100),
              bytes.substr(static_cast<std::size_t>(size - 5)));
    EXPECT_EQ(*store_->ReadRange(digest, size, 100), "");
    for (const int64_t offset : {int64_t{-1}, size + 1}) {
      const auto refused = store_->ReadRange(digest, offset, 1).status();
      EXPECT_EQ(ReasonOf(refused), reason::kOutOfRange);
      EXPECT_EQ(FieldOf(refused), "offset");
    }
  }
}

TEST_F(ArtifactStoreTest, SaysWhatIsNotThere) {
  const std::string known = Put("known");
  const std::string unknown = Sha256Hex("unknown");
  for (const std::string& digest :
       {unknown, std::string(), std::string("../../etc/passwd")}) {
    EXPECT_EQ(ReasonOf(store_->Size(digest).status()), "ARTIFACT_NOT_FOUND");
    EXPECT_TRUE(absl::IsNotFound(store_->ReadBytes(digest).status()));
    EXPECT_TRUE(absl::IsNotFound(store_->ReadRange(digest, 0, 1).status()));
    EXPECT_TRUE(absl::IsNotFound(
        store_->LinkOrRead(digest, folder_ / "link").status()));
  }
  Send(known, "alice");
  EXPECT_EQ(*store_->FindMissing("alice", {unknown, known, Sha256Hex("other")}),
            (std::vector<std::string>{unknown, Sha256Hex("other")}));
}

// Who knows a digest and no more has no right to the bytes.
TEST_F(ArtifactStoreTest, IsThereForWhoSentItOrUsesIt) {
  const std::string digest = Put("known");
  const auto is_there = [&](const std::string& owner) {
    const auto size = store_->SizeFor(owner, digest);
    const auto missing = store_->FindMissing(owner, {digest});
    EXPECT_EQ(size.ok(), missing->empty());
    return size.ok();
  };
  EXPECT_FALSE(is_there("alice"));
  EXPECT_FALSE(is_there(""));
  Send(digest, "alice");
  EXPECT_TRUE(is_there("alice"));
  EXPECT_FALSE(is_there("bob"));
  ASSERT_TRUE(Execute(absl::StrCat("INSERT INTO artifact_use(digest, job, "
                                   "owner) VALUES('",
                                   digest,
                                   "', 'j1', 'bob')"))
                  .ok());
  EXPECT_TRUE(is_there("bob"));
  EXPECT_FALSE(is_there("carol"));
  // Bob was told that he need not send it: that holds without the job.
  ASSERT_TRUE(Execute("DELETE FROM artifact_use WHERE job = 'j1'").ok());
  EXPECT_TRUE(is_there("bob"));
  ASSERT_TRUE(Execute(absl::StrCat("INSERT INTO artifact_use(digest, job, "
                                   "owner) VALUES('",
                                   digest,
                                   "', 'j2', 'carol')"))
                  .ok());
  EXPECT_TRUE(store_->SizeFor("carol", digest).ok());
  ASSERT_TRUE(Execute("DELETE FROM artifact_use WHERE job = 'j2'").ok());
  EXPECT_FALSE(is_there("carol"));
  EXPECT_TRUE(is_there("alice"));
  // What is missing looks the same whether others have it or nobody has.
  EXPECT_EQ(store_->SizeFor("dora", digest).status().code(),
            store_->SizeFor("dora", Sha256Hex("no")).status().code());
}

TEST_F(ArtifactStoreTest, StoresTheSameBytesOnce) {
  const std::string large = Pattern(kLarge, 's');
  const std::string digest = Put(large);
  struct stat first {};
  ASSERT_EQ(::stat(FileOf(digest).c_str(), &first), 0);
  EXPECT_EQ(Put(large), digest);
  struct stat second {};
  ASSERT_EQ(::stat(FileOf(digest).c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(first.st_mode & 0777, 0400U);
}

TEST_F(ArtifactStoreTest, DetectsAndHealsADamagedFile) {
  const std::string bytes = Pattern(kLarge, 'd');
  const std::string digest = Put(bytes);
  const auto replace = [&](const std::string& content) {
    std::filesystem::remove(FileOf(digest));
    std::ofstream(FileOf(digest), std::ios::binary) << content;
  };
  std::string flipped = bytes;
  flipped[1000] ^= 1;
  for (const std::string& damage :
       {flipped, bytes.substr(1), bytes + "x", std::string()}) {
    replace(damage);
    const absl::Status status = store_->ReadBytes(digest).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_EQ(ReasonOf(status), "DIGEST_MISMATCH");
    EXPECT_EQ(Put(bytes), digest);
    EXPECT_EQ(*store_->ReadBytes(digest), bytes);
  }
  std::filesystem::remove(FileOf(digest));
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadBytes(digest).status()));
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadRange(digest, 0, 1).status()));
  EXPECT_TRUE(
      absl::IsDataLoss(store_->LinkOrRead(digest, folder_ / "link").status()));
}

TEST_F(ArtifactStoreTest, DetectsADamagedRow) {
  const std::string digest = Put("small");
  ASSERT_TRUE(Execute("UPDATE artifact SET bytes = x'00'").ok());
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadBytes(digest).status()));
  EXPECT_EQ(Put("small"), digest);
  EXPECT_EQ(*store_->ReadBytes(digest), "small");
}

// What a server leaves that dies before its rename, or before its commit.
TEST_F(ArtifactStoreTest, RemovesLeftoversOfBrokenWrites) {
  const std::string kept = Put(Pattern(kLarge, 'k'));
  const auto staged = store_->StageBytes(Pattern(kLarge, 'u'));
  ASSERT_TRUE(staged.ok());
  ASSERT_TRUE(std::filesystem::exists(FileOf(staged->digest)));
  const std::string torn = folder_ / "data/artifacts/staging/torn";
  std::ofstream(torn) << "half";
  Reopen();
  EXPECT_FALSE(std::filesystem::exists(torn));
  EXPECT_FALSE(std::filesystem::exists(FileOf(staged->digest)));
  EXPECT_TRUE(store_->ReadBytes(kept).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->Size(staged->digest).status()));
}

// The row went in a change of the same batch, which then failed.
TEST_F(ArtifactStoreTest, KeepsAFileWhoseRowCameBack) {
  const std::string digest = Put(Pattern(kLarge, 'k'));
  // Both changes wait behind this one, so that they are one batch.
  std::promise<void> held;
  database_->Write(
      [&](Connection&) {
        held.get_future().wait();
        return absl::OkStatus();
      },
      [](const absl::Status&) {});
  std::promise<absl::Status> removed;
  database_->Write(
      [&](Connection& connection) {
        return ArtifactStore::CommitRemoveUnused(connection, {digest}).status();
      },
      [&](const absl::Status& status) { removed.set_value(status); });
  store_->RemoveFiles({digest});
  {
    const IoFault fault(IoCall::kWrite, "sqlite3-wal", ENOSPC);
    held.set_value();
    EXPECT_EQ(ReasonOf(removed.get_future().get()), "DISK_FULL");
    EXPECT_GT(fault.hits(), 0);
  }
  WaitForWriter();
  EXPECT_TRUE(store_->ReadBytes(digest).ok());
}

TEST_F(ArtifactStoreTest, LeavesNothingBehindWhateverCallFails) {
  const std::string bytes = Pattern(kLarge, 'f');
  const std::string digest = Sha256Hex(bytes);
  for (const int error : {EIO, ENOSPC}) {
    for (const IoCall call : {IoCall::kWrite, IoCall::kSync, IoCall::kRename}) {
      {
        const IoFault fault(call, "data/artifacts", error);
        const absl::Status status = store_->StageBytes(bytes).status();
        EXPECT_EQ(ReasonOf(status),
                  error == ENOSPC ? "DISK_FULL" : reason::kInternal);
        EXPECT_EQ(fault.hits(), 1);
      }
      EXPECT_TRUE(
          std::filesystem::is_empty(folder_ / "data/artifacts/staging"));
      EXPECT_FALSE(std::filesystem::exists(FileOf(digest)));
    }
  }
  // The folder's own sync comes after the file's: the file is in place by then,
  // and goes because no row comes.
  const std::string folder = absl::StrCat("/", digest.substr(0, 2), "$");
  {
    const IoFault fault(IoCall::kSync, folder, EIO);
    EXPECT_FALSE(store_->StageBytes(bytes).ok());
    EXPECT_EQ(fault.hits(), 1);
  }
  WaitForWriter();
  EXPECT_FALSE(std::filesystem::exists(FileOf(digest)));
  // A file in place may be another thread's that has not synced the folder yet:
  // who finds it may not take it for safe.
  std::ofstream(FileOf(digest), std::ios::binary) << bytes;
  {
    const IoFault fault(IoCall::kSync, folder, EIO);
    EXPECT_FALSE(store_->StageBytes(bytes).ok());
    EXPECT_EQ(fault.hits(), 1);
  }
  EXPECT_EQ(Put(bytes), digest);
  EXPECT_EQ(*store_->ReadBytes(digest), bytes);
}

// A new two-digit folder must be safe itself: its parent is synced once.
TEST_F(ArtifactStoreTest, SyncsANewFolderIntoItsParent) {
  const std::string bytes = Pattern(kLarge, 'n');
  {
    const IoFault fault(IoCall::kSync, "/artifacts$", EIO);
    EXPECT_FALSE(store_->StageBytes(bytes).ok());
    EXPECT_FALSE(store_->StageBytes(bytes).ok());
    EXPECT_EQ(fault.hits(), 2);
  }
  const std::string digest = Put(bytes);
  const IoFault fault(IoCall::kSync, "/artifacts$", EIO);
  EXPECT_EQ(Put(bytes), digest);
  EXPECT_EQ(fault.hits(), 0);
}

TEST_F(ArtifactStoreTest, TakesOverAFile) {
  for (const int64_t size : {int64_t{100}, int64_t{200000}}) {
    const std::string bytes = Pattern(size, 't');
    const std::string path = folder_ / "data/out";
    std::ofstream(path, std::ios::binary) << bytes;
    const auto staged = store_->StageFile(path, Sha256Hex(bytes), size);
    ASSERT_TRUE(staged.ok()) << staged.status();
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE(Commit(*staged).ok());
    EXPECT_EQ(*store_->ReadBytes(staged->digest), bytes);
  }
}

TEST_F(ArtifactStoreTest, LinksLargeAndGivesSmallForReading) {
  const std::string path = folder_ / "data/inputs/0";
  const std::string small = Pattern(100, 'l');
  EXPECT_EQ(*store_->LinkOrRead(Put(small), path), small);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data/inputs"));
  const std::string digest = Put(Pattern(200000, 'l'));
  // The second time over what is there.
  for (int i = 0; i < 2; ++i) {
    const auto linked = store_->LinkOrRead(digest, path);
    ASSERT_TRUE(linked.ok()) << linked.status();
    EXPECT_EQ(*linked, std::nullopt);
    EXPECT_EQ(*Sha256HexOfFile(path), digest);
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 2U);
  }
}

TEST_F(ArtifactStoreTest, RemovesCandidatesThatNoJobUsesAnyMore) {
  const std::string used = Put(Pattern(kLarge, '1'));
  const std::string unused = Put(Pattern(kLarge, '2'));
  const std::string other = Put("other");
  ASSERT_TRUE(
      Execute("INSERT INTO artifact_use VALUES('" + used + "', 'j', 'alice')")
          .ok());
  ASSERT_TRUE(
      CommitFacts(unused, v1::DType::UINT8, {kLarge}, v1::ArrayFacts()).ok());
  EXPECT_EQ(RemoveUnused({used, unused}), (std::vector<std::string>{unused}));
  store_->RemoveFiles({used, unused});  // a row keeps its file
  WaitForWriter();
  EXPECT_TRUE(std::filesystem::exists(FileOf(used)));
  EXPECT_FALSE(std::filesystem::exists(FileOf(unused)));
  EXPECT_TRUE(absl::IsNotFound(store_->Size(unused).status()));
  EXPECT_TRUE(store_->Size(other).ok());
  ASSERT_TRUE(Execute("DELETE FROM artifact_use").ok());
  EXPECT_EQ(RemoveUnused({used}), (std::vector<std::string>{used}));
}

TEST_F(ArtifactStoreTest, RemovesWhatNothingUsedForADay) {
  const std::string old_unused = Put("old and unused");
  const std::string old_used = Put("old and used");
  ASSERT_TRUE(Execute("UPDATE artifact SET created_us = 1").ok());
  const std::string young = Put("young");
  ASSERT_TRUE(Execute("INSERT INTO artifact_use VALUES('" + old_used +
                      "', 'j', 'alice')")
                  .ok());
  EXPECT_EQ(RemoveUnused({}), (std::vector<std::string>{old_unused}));
  EXPECT_TRUE(store_->Size(young).ok());
  EXPECT_TRUE(store_->Size(old_used).ok());
}

TEST_F(ArtifactStoreTest, MakesAnArtifactYoungAgainWhenItComesAgain) {
  Put("again");
  ASSERT_TRUE(Execute("UPDATE artifact SET created_us = 1").ok());
  Put("again");
  EXPECT_TRUE(RemoveUnused({}).empty());
}

TEST_F(ArtifactStoreTest, KeepsWhatAClientSentForADayAlsoWhenAJobGoes) {
  const std::string sent = Put("sent");
  const auto promise = [&](const std::string& digest) {
    bool promised = false;
    EXPECT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) -> absl::Status {
                      MODBOUND_ASSIGN_OR_RETURN(
                          promised, ArtifactStore::Promise(connection, digest));
                      return absl::OkStatus();
                    })
                    .ok());
    return promised;
  };
  EXPECT_TRUE(promise(sent));
  EXPECT_FALSE(promise(Sha256Hex("never sent")));
  ASSERT_TRUE(Execute("UPDATE artifact SET created_us = 1").ok());
  EXPECT_TRUE(RemoveUnused({sent}).empty());
  EXPECT_TRUE(RemoveUnused({}).empty());
  // A day and an hour later.
  ASSERT_TRUE(Execute("UPDATE artifact SET uploaded_us = uploaded_us - "
                      "90000000000")
                  .ok());
  EXPECT_EQ(RemoveUnused({}), (std::vector<std::string>{sent}));
}

// What a client is told that it need not send must be there when it submits.
TEST_F(ArtifactStoreTest, KeepsForADayWhatItSaysIsNotMissing) {
  const std::string known = Put("known");
  const std::string other = Put("other");
  Send(known, "alice");
  EXPECT_TRUE(store_->FindMissing("alice", {known})->empty());
  EXPECT_EQ(RemoveUnused({known, other}), (std::vector<std::string>{other}));
  // A young promise costs no write; one of an hour ago is made again.
  const int64_t young = PromisedAt(known) - 3000000000;
  const int64_t old = PromisedAt(known) - 3700000000;
  for (const int64_t promised : {young, old}) {
    ASSERT_TRUE(
        Execute(absl::StrCat("UPDATE artifact SET uploaded_us = ", promised))
            .ok());
    EXPECT_TRUE(store_->FindMissing("alice", {known})->empty());
    EXPECT_EQ(PromisedAt(known) == promised, promised == young);
  }
}

TEST_F(ArtifactStoreTest, DropsTheFileOfWhatIsNotCommitted) {
  const std::string bytes = Pattern(kLarge, 'q');
  auto staged = store_->StageBytes(bytes);
  ASSERT_TRUE(staged.ok());
  auto copy = *staged;
  staged = absl::UnknownError("dropped");
  WaitForWriter();
  EXPECT_TRUE(std::filesystem::exists(FileOf(copy.digest)));
  const std::string digest = copy.digest;
  copy = {};
  WaitForWriter();
  EXPECT_FALSE(std::filesystem::exists(FileOf(digest)));
  // What is committed stays, also when the same bytes are dropped later.
  Put(bytes);
  staged = store_->StageBytes(bytes);
  staged = absl::UnknownError("dropped");
  WaitForWriter();
  EXPECT_EQ(*store_->ReadBytes(digest), bytes);
}

TEST_F(ArtifactStoreTest, SurvivesAPinThatOutlivesIt) {
  auto staged = store_->StageBytes(Pattern(kLarge, 'o'));
  ASSERT_TRUE(staged.ok());
  const std::string file = FileOf(staged->digest);
  store_.reset();
  staged = absl::UnknownError("dropped");
  EXPECT_TRUE(std::filesystem::exists(file));
  Reopen();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(ArtifactStoreTest, SweepsFilesWithoutARowButNotThoseBeingStored) {
  const std::string old = Put(Pattern(kLarge, 'a'));
  ASSERT_TRUE(Execute("UPDATE artifact SET created_us = 1").ok());
  const std::string young = Put(Pattern(kLarge, 'b'));
  const auto staged = store_->StageBytes(Pattern(kLarge, 'c'));
  ASSERT_TRUE(staged.ok());
  const std::string orphan = Sha256Hex("orphan");
  std::filesystem::create_directories(folder_ / "data/artifacts/" +
                                      orphan.substr(0, 2));
  std::ofstream(FileOf(orphan)) << "orphan";
  ASSERT_TRUE(store_->Sweep().ok());
  EXPECT_FALSE(std::filesystem::exists(FileOf(old)));
  EXPECT_FALSE(std::filesystem::exists(FileOf(orphan)));
  EXPECT_TRUE(std::filesystem::exists(FileOf(young)));
  EXPECT_TRUE(std::filesystem::exists(FileOf(staged->digest)));
}

TEST_F(ArtifactStoreTest, SparesAFileThatIsBeingStoredAnew) {
  const std::string bytes = Pattern(kLarge, 'p');
  const std::string digest = Put(bytes);
  EXPECT_EQ(RemoveUnused({digest}).size(), 1U);
  auto staged = store_->StageBytes(bytes);
  ASSERT_TRUE(staged.ok());
  store_->RemoveFiles({digest});
  ASSERT_TRUE(Commit(*staged).ok());
  WaitForWriter();
  EXPECT_EQ(*store_->ReadBytes(digest), bytes);
  staged = absl::UnknownError("dropped");
  EXPECT_EQ(RemoveUnused({digest}).size(), 1U);
  store_->RemoveFiles({digest});
  WaitForWriter();
  EXPECT_FALSE(std::filesystem::exists(FileOf(digest)));
}

// Storing and removing one digest at once: whatever has a row has its file.
TEST_F(ArtifactStoreTest, NeverLosesTheFileOfARow) {
  const std::string bytes = Pattern(kLarge, 'w');
  const std::string digest = Sha256Hex(bytes);
  std::thread remover([&] {
    for (int i = 0; i < 100; ++i) {
      if (!RemoveUnused({digest}).empty()) {
        store_->RemoveFiles({digest});
      }
    }
  });
  int damaged = 0;
  for (int i = 0; i < 60; ++i) {
    Put(bytes);
    damaged += absl::IsDataLoss(store_->ReadBytes(digest).status()) ? 1 : 0;
  }
  remover.join();
  EXPECT_EQ(damaged, 0);
  Put(bytes);
  WaitForWriter();
  EXPECT_EQ(*store_->ReadBytes(digest), bytes);
}

// A value is the same in every shape; only the mirror of a square is its own.
TEST_F(ArtifactStoreTest, KnowsFactsUnderEveryShapeThatTheyHoldFor) {
  const HostArray array = HostArray::FromDoubles({1, 2.5, -3, 4}, {2, 2}, {});
  const std::string digest = Put(BytesOf(array));
  const auto known = [&](DTypeEnum dtype, const std::vector<int64_t>& shape) {
    const auto facts = store_->StoredFacts(digest, dtype, shape);
    EXPECT_TRUE(facts.ok()) << facts.status();
    return facts.ok() ? *facts : std::nullopt;
  };
  EXPECT_FALSE(known(v1::DType::FLOAT64, {2, 2}).has_value());
  const auto flat = HostArray::FromDoubles({1, 2.5, -3, 4}, {4}, {});
  ASSERT_TRUE(
      CommitFacts(digest, v1::DType::FLOAT64, {4}, ScanFacts(flat)).ok());
  EXPECT_EQ(known(v1::DType::FLOAT64, {1, 4})->max(), 4);
  EXPECT_FALSE(known(v1::DType::FLOAT64, {2, 2}).has_value());
  EXPECT_FALSE(known(v1::DType::INT64, {4}).has_value());

  ASSERT_TRUE(
      CommitFacts(digest, v1::DType::FLOAT64, {2, 2}, ScanFacts(array)).ok());
  EXPECT_EQ(known(v1::DType::FLOAT64, {2, 2})->max_asymmetry(), 5.5);
  EXPECT_EQ(known(v1::DType::FLOAT64, {4})->asymmetry_row(), -1);
  // However many shapes, two rows.
  for (int64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(CommitFacts(digest,
                            v1::DType::FLOAT64,
                            std::vector<int64_t>(i + 3, 1),
                            ScanFacts(flat))
                    .ok());
  }
  EXPECT_EQ(Count("SELECT count(*) FROM fact"), 2);
}

// With the facts of the square alone, those of any other shape follow.
TEST_F(ArtifactStoreTest, TakesTheValuesOfAVectorFromItsSquare) {
  const HostArray array = HostArray::FromDoubles({1, 2.5, -3, 4}, {2, 2}, {});
  const std::string digest = Put(BytesOf(array));
  ASSERT_TRUE(
      CommitFacts(digest, v1::DType::FLOAT64, {2, 2}, ScanFacts(array)).ok());
  const auto facts = store_->StoredFacts(digest, v1::DType::FLOAT64, {4});
  ASSERT_TRUE(facts.ok() && facts->has_value());
  EXPECT_EQ((*facts)->DebugString(),
            ScanFacts(HostArray::FromDoubles({1, 2.5, -3, 4}, {4}, {}))
                .DebugString());
}

}  // namespace
}  // namespace modbound
