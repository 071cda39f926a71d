#include "server/executors/attempt.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "server/arrays/facts.h"
#include "server/artifacts/artifact_store.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt_files.h"
#include "tests/server/executors/attempt_directory.h"
#include "tests/support/io_fault.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

class AttemptTest : public ::testing::Test {
 protected:
  AttemptTest() : dir_(folder_ / "attempt") {}

  absl::Status Run() { return RunAttempt(dir_, kToken, sink_, stop_); }
  // Runs and returns the error that the result holds.
  absl::Status RunForError() {
    const absl::Status status = Run();
    EXPECT_TRUE(status.ok()) << status;
    const auto result = ReadAttemptResult(dir_, kToken);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outputs_size(), 0);
    return FromRpcStatus(result->status());
  }

  TemporaryFolder folder_;
  const std::string dir_;
  RecordingSink sink_;
  StopFlag stop_;
};

TEST_F(AttemptTest, RunsAQualityJobFromItsDirectory) {
  MakeAttempt(dir_, QualityJob(), QualityInputs(), 2);
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
  ASSERT_TRUE(Run().ok());
  const auto result = ReadAttemptResult(dir_, kToken);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->token(), kToken);
  EXPECT_EQ(result->status().code(), 0);
  EXPECT_EQ(result->summary().quality().num_partitions(), 4);
  EXPECT_GT(result->peak_job_bytes(), 64 * 64 * 8);
  EXPECT_GE(result->load_seconds(), 0);
  EXPECT_GE(result->compute_seconds(), 0);
  ASSERT_EQ(result->outputs().count("quality"), 1U);
  const auto& output = result->outputs().at("quality");
  EXPECT_EQ(output.path(), "");
  EXPECT_EQ(output.array().dtype(), v1::DType::FLOAT64);
  ASSERT_EQ(output.array().shape_size(), 1);
  EXPECT_EQ(output.array().shape(0), 4);
  EXPECT_EQ(output.array().axes(0), "partition");
  const std::string& bytes = output.small_bytes();
  EXPECT_EQ(output.array().artifact(), Sha256Hex(bytes));
  // Column 1 of the golden values is gamma = 1, the default.
  const Matrix expected =
      LoadGolden("modularity_rnn64_zerodiag", "q_negative_asym")
          .ToMatrix()
          .col(1);
  ASSERT_EQ(bytes.size(), 4 * sizeof(double));
  Matrix actual(4, 1);
  std::memcpy(actual.data(), bytes.data(), bytes.size());
  ExpectClose(actual, expected, 1e-10, 1e-12, "quality");
}

TEST_F(AttemptTest, GivesTheSameBytesEveryTimeAtAnyThreadCount) {
  std::vector<std::string> results;
  for (const int threads : {1, 1, 4}) {
    MakeAttempt(dir_, QualityJob(), QualityInputs(), threads);
    ASSERT_TRUE(Run().ok());
    results.push_back(ReadAttemptResult(dir_, kToken)
                          ->outputs()
                          .at("quality")
                          .array()
                          .artifact());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// Their output is beyond kInlineLimit: qualities of 9,000 partitions of 2
// units.
InputArrays InputsOfALargeOutput() {
  constexpr int64_t kPartitions = 9000;
  InputArrays inputs;
  inputs["matrix"] = HostArray::FromDoubles({0, 1, 1, 0}, {2, 2}, {});
  inputs["labels"] = HostArray::FromInts(
      std::vector<int32_t>(2 * kPartitions, 0), {kPartitions, 2}, {});
  return inputs;
}

TEST_F(AttemptTest, SyncsLargeOutputsBeforeTheResult) {
  MakeAttempt(dir_, QualityJob(), InputsOfALargeOutput());
  {
    const IoFault fault(IoCall::kSync, "/out/0", EIO);
    EXPECT_TRUE(absl::IsInternal(Run()));
    EXPECT_EQ(fault.hits(), 1);
  }
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
  ASSERT_TRUE(Run().ok());
  const auto result = ReadAttemptResult(dir_, kToken);
  ASSERT_TRUE(result.ok());
  EXPECT_GT(std::filesystem::file_size(dir_ + "/out/0"),
            static_cast<std::uintmax_t>(kInlineLimit));
  EXPECT_EQ(*Sha256HexOfFile(dir_ + "/out/0"),
            result->outputs().at("quality").array().artifact());
}

TEST_F(AttemptTest, LeavesNoResultWhenItCannotBeWritten) {
  MakeAttempt(dir_, QualityJob(), InputsOfALargeOutput());
  for (const auto& [call, part] : std::vector<std::pair<IoCall, std::string>>{
           {IoCall::kWrite, "/out/0"}, {IoCall::kWrite, "/result.binpb"}}) {
    const IoFault fault(call, part, ENOSPC);
    const absl::Status status = Run();
    EXPECT_EQ(ReasonOf(status), "DISK_FULL") << part << ": " << status;
    EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
  }
  EXPECT_TRUE(Run().ok());
}

TEST_F(AttemptTest, StoresTheErrorOfAnAnalysisAsItsResult) {
  InputArrays inputs = QualityInputs();
  std::vector<double> weights = inputs["matrix"].ToDoubles();
  weights[5] = std::numeric_limits<double>::quiet_NaN();
  inputs["matrix"] = HostArray::FromDoubles(weights, {64, 64}, {});
  MakeAttempt(dir_, QualityJob(), inputs);
  const absl::Status status = RunForError();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ReasonOf(status), reason::kNotFinite);
  EXPECT_EQ(FieldOf(status), "inputs.matrix");
}

TEST_F(AttemptTest, RefusesAPlanBeyondItsMemory) {
  auto attempt = MakeAttempt(dir_, QualityJob(), QualityInputs());
  attempt.set_memory_limit_bytes(1000);
  ASSERT_TRUE(WriteAttemptSpec(dir_, attempt).ok());
  EXPECT_EQ(ReasonOf(RunForError()), reason::kMemoryLimit);
}

TEST_F(AttemptTest, DetectsADamagedInput) {
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  // Inputs are numbered by name: 0 = labels, 1 = matrix.
  const std::string path = dir_ + "/inputs/1";
  const std::string good = FileBytes(path);
  std::string flipped = good;
  flipped[100] ^= 1;
  for (const std::string& bad : {flipped, good.substr(8), good + "x"}) {
    WriteFileBytes(path, bad);
    const absl::Status status = RunForError();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_EQ(ReasonOf(status), "DIGEST_MISMATCH");
    EXPECT_EQ(FieldOf(status), "inputs.matrix");
  }
}

TEST_F(AttemptTest, TakesSmallInputsFromItsSpec) {
  auto attempt = MakeAttempt(dir_, QualityJob(), QualityInputs());
  const auto move_into_spec = [&](const std::string& bytes) {
    auto& file = (*attempt.mutable_inputs())["matrix"];
    file.clear_path();
    file.set_small_bytes(bytes);
    ASSERT_TRUE(WriteAttemptSpec(dir_, attempt).ok());
  };
  ASSERT_TRUE(Run().ok());
  const std::string expected =
      ReadAttemptResult(dir_, kToken)->outputs().at("quality").small_bytes();
  const std::string good = BytesOf(QualityInputs()["matrix"]);
  move_into_spec(good);
  std::filesystem::remove(dir_ + "/inputs/1");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(
      ReadAttemptResult(dir_, kToken)->outputs().at("quality").small_bytes(),
      expected);
  std::string flipped = good;
  flipped[100] ^= 1;
  for (const std::string& bad : {flipped, good.substr(8), good + "x"}) {
    move_into_spec(bad);
    const absl::Status status = RunForError();
    EXPECT_EQ(ReasonOf(status), "DIGEST_MISMATCH");
    EXPECT_EQ(FieldOf(status), "inputs.matrix");
  }
}

TEST_F(AttemptTest, FailsItselfWhenAFileOfTheDirectoryIsMissing) {
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  std::filesystem::remove(dir_ + "/inputs/0");
  EXPECT_TRUE(absl::IsInternal(Run()));
  std::filesystem::remove(dir_ + "/attempt.binpb");
  EXPECT_TRUE(absl::IsInternal(Run()));
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  WriteFileBytes(dir_ + "/attempt.binpb", "\xff\xff not a message");
  EXPECT_TRUE(absl::IsInternal(Run()));
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
}

TEST_F(AttemptTest, TakesNoPartOfAResultForAWhole) {
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  ASSERT_TRUE(Run().ok());
  const std::string path = dir_ + "/result.binpb";
  const std::string whole = FileBytes(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    WriteFileBytes(path, whole.substr(0, size));
    ASSERT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()))
        << size << " of " << whole.size();
  }
  WriteFileBytes(path, whole);
  EXPECT_TRUE(ReadAttemptResult(dir_, kToken).ok());
}

TEST_F(AttemptTest, RefusesAnotherToken) {
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      RunAttempt(dir_, "another token", sink_, stop_)));
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
  ASSERT_TRUE(Run().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      ReadAttemptResult(dir_, "another token").status()));
}

TEST_F(AttemptTest, WritesNoResultWhenItWasStoppedBefore) {
  MakeAttempt(dir_, QualityJob(), QualityInputs());
  stop_.Stop();
  const absl::Status status = Run();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(ReasonOf(status), reason::kCancelled);
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
}

// Stops at the first run done: the others of the 10,000 are left out.
class StoppingSink : public AttemptSink {
 public:
  explicit StoppingSink(StopFlag& stop) : stop_(stop) {}
  void Progress(const ProgressUpdate& update) override {
    done = update.done;
    total = update.total;
    if (done > 0) {
      stop_.Stop();
    }
  }
  int64_t done = 0;
  int64_t total = 0;

 private:
  StopFlag& stop_;
};

TEST_F(AttemptTest, EndsWithoutAResultWhenStoppedMidway) {
  v1::Spec spec;
  spec.mutable_partition()->set_similarity(v1::Similarity::GIVEN);
  spec.mutable_partition()->set_runs(10000);
  InputArrays inputs = QualityInputs();
  inputs.erase("labels");
  MakeAttempt(dir_, spec, inputs);
  StoppingSink sink(stop_);
  const absl::Status status = RunAttempt(dir_, kToken, sink, stop_);
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_GT(sink.done, 0);
  EXPECT_LT(sink.done, sink.total);
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir_, kToken).status()));
}

// 12 MiB are several pieces. An interrupted call is repeated, so it can serve
// to stop the attempt in the middle of a file.
constexpr int64_t kLargeCount = (int64_t{12} << 20) / 8;

TEST_F(AttemptTest, StopsInTheMiddleOfAFileThatItReads) {
  InputArrays inputs;
  inputs["matrix"] = HostArray(v1::DType::FLOAT64, {kLargeCount});
  const auto attempt = MakeAttempt(dir_, QualityJob(), inputs);
  const auto& file = attempt.inputs().at("matrix");
  ASSERT_TRUE(ReadInput(dir_, "matrix", file, stop_).ok());
  const IoFault fault(
      IoCall::kRead, "/inputs/0", EINTR, 1, 1, [&] { stop_.Stop(); });
  EXPECT_TRUE(
      absl::IsCancelled(ReadInput(dir_, "matrix", file, stop_).status()));
  EXPECT_EQ(fault.hits(), 1);
}

TEST_F(AttemptTest, StopsInTheMiddleOfAFileThatItWrites) {
  MakeAttempt(dir_, QualityJob(), {});
  const HostArray array(v1::DType::FLOAT64, {kLargeCount});
  const auto file = WriteOutput(dir_, "out/0", array, stop_);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->array().artifact(), Sha256Hex(BytesOf(array)));
  const IoFault fault(
      IoCall::kWrite, "/out/1", EINTR, 1, 1, [&] { stop_.Stop(); });
  EXPECT_TRUE(
      absl::IsCancelled(WriteOutput(dir_, "out/1", array, stop_).status()));
  EXPECT_EQ(fault.hits(), 1);
  EXPECT_LT(std::filesystem::file_size(dir_ + "/out/1"),
            std::filesystem::file_size(dir_ + "/out/0"));
}

// One sync at the end of a large file would take as long as its disk wants.
TEST_F(AttemptTest, StopsBetweenTheSyncsOfAFile) {
  MakeAttempt(dir_, QualityJob(), {});
  const HostArray array(v1::DType::FLOAT64, {6 * kLargeCount});
  const IoFault fault(
      IoCall::kSync, "/out/0", EINTR, 0, 1, [&] { stop_.Stop(); });
  EXPECT_TRUE(
      absl::IsCancelled(WriteOutput(dir_, "out/0", array, stop_).status()));
  EXPECT_LT(std::filesystem::file_size(dir_ + "/out/0"),
            static_cast<std::uintmax_t>(array.size_bytes()));
}

TEST_F(AttemptTest, TakesFactsThatTheServerKnows) {
  auto attempt = MakeAttempt(dir_, QualityJob(), QualityInputs());
  v1::ArrayFacts facts = ScanFacts(QualityInputs()["matrix"]);
  // To tell them from scanned ones.
  facts.set_finite(false);
  *(*attempt.mutable_inputs())["matrix"].mutable_facts() = facts;
  ASSERT_TRUE(WriteAttemptSpec(dir_, attempt).ok());
  EXPECT_EQ(ReasonOf(RunForError()), reason::kNotFinite);
}

TEST_F(AttemptTest, NumbersLargeOutputsInTheOrderOfTheirNames) {
  v1::Spec spec;
  spec.mutable_partition()->set_similarity(v1::Similarity::GIVEN);
  spec.mutable_partition()->set_runs(300);  // labels of 75 KiB
  InputArrays inputs = QualityInputs();
  inputs.erase("labels");
  MakeAttempt(dir_, spec, inputs);
  ASSERT_TRUE(Run().ok());
  const auto result = ReadAttemptResult(dir_, kToken);
  ASSERT_TRUE(result.ok());
  const std::map<std::string, internal::AttemptSpec::File> outputs(
      result->outputs().begin(), result->outputs().end());
  ASSERT_GT(outputs.size(), 2U);
  int number = 0;
  int large = 0;
  for (const auto& [name, file] : outputs) {
    EXPECT_EQ(file.path(),
              file.has_small_bytes() ? "" : "out/" + std::to_string(number))
        << name;
    EXPECT_EQ(Sha256Hex(BytesOf(dir_, file)), file.array().artifact());
    EXPECT_EQ(static_cast<int64_t>(BytesOf(dir_, file).size()) <= kInlineLimit,
              file.has_small_bytes());
    large += file.has_small_bytes() ? 0 : 1;
    ++number;
  }
  EXPECT_GT(large, 0);
  EXPECT_LT(large, number);
}

TEST_F(AttemptTest, MakesItsDirectoryAnew) {
  MakeAttempt(dir_, QualityJob(), InputsOfALargeOutput());
  ASSERT_TRUE(Run().ok());
  WriteFileBytes(dir_ + "/out/7", "old");
  ASSERT_TRUE(MakeAttemptDirectory(dir_).ok());
  EXPECT_TRUE(std::filesystem::is_empty(dir_));
}

// Stops the attempt at the first progress after a checkpoint was written, and
// keeps what it was told.
class CheckpointSink : public RecordingSink {
 public:
  CheckpointSink(std::string folder, StopFlag* stop)
      : folder_(std::move(folder)), stop_(stop) {}
  void Progress(const ProgressUpdate& update) override {
    RecordingSink::Progress(update);
    if (stop_ != nullptr && std::filesystem::exists(folder_ + "/1")) {
      stop_->Stop();
    }
  }
  void Resumed(const FileCheckpoint::Resumed& from) override {
    EXPECT_TRUE(updates().empty());
    resumed.push_back(from);
  }
  void CheckpointFailed(const absl::Status& status) override {
    failed.push_back(status);
  }

  std::vector<FileCheckpoint::Resumed> resumed;
  std::vector<absl::Status> failed;

 private:
  const std::string folder_;
  StopFlag* const stop_;
};

class CheckpointedAttempt : public AttemptTest {
 protected:
  // An attempt of many runs, which writes its first checkpoint after the first.
  void Make(const std::string& key, double seconds = 1e-9) {
    v1::Spec spec;
    spec.mutable_partition()->set_runs(300);
    InputArrays inputs = QualityInputs();
    inputs.erase("labels");
    internal::AttemptSpec attempt = MakeAttempt(dir_, spec, inputs);
    attempt.set_checkpoint_key(key);
    attempt.set_checkpoint_seconds(seconds);
    spec_ = attempt;
    ASSERT_TRUE(WriteAttemptSpec(dir_, attempt).ok());
  }
  std::string Folder() const { return dir_ + "/checkpoint"; }
  // Runs to the end.
  internal::AttemptResult Finish(CheckpointSink& sink) {
    const StopFlag stop;
    const absl::Status status = RunAttempt(dir_, kToken, sink, stop);
    EXPECT_TRUE(status.ok()) << status;
    const auto result = ReadAttemptResult(dir_, kToken);
    EXPECT_TRUE(result.ok() && result->status().code() == 0);
    return result.ok() ? *result : internal::AttemptResult();
  }
  // Runs until there is a checkpoint.
  void Interrupt() {
    StopFlag stop;
    CheckpointSink sink(Folder(), &stop);
    EXPECT_TRUE(absl::IsCancelled(RunAttempt(dir_, kToken, sink, stop)));
    EXPECT_TRUE(sink.resumed.empty());
    ASSERT_TRUE(std::filesystem::exists(Folder() + "/1"));
  }
  static std::map<std::string, std::string> Digests(
      const internal::AttemptResult& result) {
    std::map<std::string, std::string> digests;
    for (const auto& [name, file] : result.outputs()) {
      digests[name] = file.array().artifact();
    }
    return digests;
  }

  internal::AttemptSpec spec_;
};

TEST_F(CheckpointedAttempt, GoesOnAndEndsWithTheBytesOfAnUndisturbedOne) {
  Make("key", 0);
  CheckpointSink whole(Folder(), nullptr);
  const internal::AttemptResult expected = Finish(whole);
  EXPECT_EQ(expected.outputs_size(), 4);
  EXPECT_EQ(expected.resumed_seconds(), 0);
  EXPECT_FALSE(std::filesystem::exists(Folder()));

  Make("key");
  Interrupt();
  CheckpointSink sink(Folder(), nullptr);
  const internal::AttemptResult result = Finish(sink);
  ASSERT_EQ(sink.resumed.size(), 1U);
  EXPECT_EQ(sink.resumed[0].phase, "partitioning");
  EXPECT_GE(sink.resumed[0].done, 1);
  ASSERT_FALSE(sink.updates().empty());
  EXPECT_EQ(sink.updates()[0].done, sink.resumed[0].done);
  EXPECT_GT(result.resumed_seconds(), 0);
  EXPECT_EQ(result.resumed_seconds(), sink.resumed[0].work_seconds);
  EXPECT_EQ(Digests(result), Digests(expected));
  EXPECT_EQ(result.summary().SerializeAsString(),
            expected.summary().SerializeAsString());
}

TEST_F(CheckpointedAttempt, OfAnotherKeyBeginsAtTheBeginning) {
  Make("key");
  Interrupt();
  spec_.set_checkpoint_key("another");
  WriteFileBytes(dir_ + "/attempt.binpb", spec_.SerializeAsString());
  CheckpointSink sink(Folder(), nullptr);
  const internal::AttemptResult result = Finish(sink);
  EXPECT_TRUE(sink.resumed.empty());
  EXPECT_EQ(result.resumed_seconds(), 0);
  EXPECT_EQ(sink.updates()[0].done, 0);
}

TEST_F(CheckpointedAttempt, DoesNotFailWhenTheDiskTakesNoCheckpoint) {
  Make("key");
  CheckpointSink sink(Folder(), nullptr);
  {
    const IoFault fault(IoCall::kWrite, "/checkpoint/", ENOSPC);
    Finish(sink);
    EXPECT_GT(fault.hits(), 0);
  }
  ASSERT_EQ(sink.failed.size(), 1U);
  EXPECT_EQ(ReasonOf(sink.failed[0]), "DISK_FULL");
}

}  // namespace
}  // namespace modbound
