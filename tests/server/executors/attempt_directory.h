#ifndef MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_
#define MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "server/analyses/analysis.h"
#include "server/artifacts/sha256.h"
#include "server/executors/attempt.h"
#include "tests/support/golden.h"

namespace modbound {

inline constexpr char kToken[] = "00112233445566778899aabbccddeeff";

inline std::string BytesOf(const HostArray& array) {
  return {reinterpret_cast<const char*>(array.data()),
          static_cast<std::size_t>(array.size_bytes())};
}

inline std::string FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteFileBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Writes an attempt directory as the server does, but with a file for each
// input, however small.
inline internal::AttemptSpec MakeAttempt(const std::string& dir,
                                         const v1::Spec& spec,
                                         const InputArrays& inputs,
                                         int threads = 1) {
  internal::AttemptSpec attempt;
  attempt.set_job_id("job");
  attempt.set_attempt(1);
  attempt.set_token(kToken);
  *attempt.mutable_spec() = spec;
  attempt.set_threads(threads);
  attempt.set_memory_limit_bytes(int64_t{1} << 30);
  std::filesystem::create_directories(dir);
  EXPECT_TRUE(MakeAttemptDirectory(dir).ok());
  std::filesystem::create_directory(dir + "/inputs");
  int number = 0;
  for (const auto& [name, array] : inputs) {
    internal::AttemptSpec::File file;
    file.set_path("inputs/" + std::to_string(number++));
    file.mutable_array()->set_dtype(array.dtype());
    file.mutable_array()->mutable_shape()->Add(array.shape().begin(),
                                               array.shape().end());
    file.mutable_array()->set_artifact(Sha256Hex(BytesOf(array)));
    WriteFileBytes(dir + "/" + file.path(), BytesOf(array));
    (*attempt.mutable_inputs())[name] = file;
  }
  EXPECT_TRUE(WriteAttemptSpec(dir, attempt).ok());
  return attempt;
}

// The bytes of an output.
inline std::string BytesOf(const std::string& dir,
                           const internal::AttemptSpec::File& file) {
  return file.has_small_bytes() ? file.small_bytes()
                                : FileBytes(dir + "/" + file.path());
}

// The golden case modularity_rnn64_zerodiag as a quality job.
inline v1::Spec QualityJob() {
  v1::Spec spec;
  spec.mutable_quality()->set_quality(v1::QualityFunction::NEGATIVE_ASYM);
  return spec;
}

inline InputArrays QualityInputs() {
  const GoldenArray weights =
      LoadGolden("modularity_rnn64_zerodiag", "weights");
  const GoldenArray partitions =
      LoadGolden("modularity_rnn64_zerodiag", "partitions");
  InputArrays inputs;
  inputs["matrix"] = HostArray::FromDoubles(weights.values, weights.shape, {});
  inputs["labels"] =
      HostArray::FromDoubles(partitions.values, partitions.shape, {});
  return inputs;
}

// A partition that takes a minute or more.
inline v1::Spec LongJob() {
  v1::Spec spec;
  spec.mutable_partition()->set_similarity(v1::Similarity::GIVEN);
  spec.mutable_partition()->set_runs(10000);
  return spec;
}

inline InputArrays LongInputs() {
  constexpr int64_t kUnits = 400;
  std::vector<double> matrix;
  for (int64_t row = 1; row <= kUnits; ++row) {
    for (int64_t column = 1; column <= kUnits; ++column) {
      matrix.push_back(std::sin(static_cast<double>(row * column)));
    }
  }
  InputArrays inputs;
  inputs["matrix"] = HostArray::FromDoubles(matrix, {kUnits, kUnits}, {});
  return inputs;
}

// Keeps what was reported.
class RecordingSink : public AttemptSink {
 public:
  void Progress(const ProgressUpdate& update) override {
    const MutexLock lock(mutex_);
    updates_.push_back(update);
    changed_.NotifyAll();
  }
  void Log(std::string_view line) override {
    const MutexLock lock(mutex_);
    lines_.emplace_back(line);
    changed_.NotifyAll();
  }

  std::vector<ProgressUpdate> updates() const {
    const MutexLock lock(mutex_);
    return updates_;
  }
  std::vector<std::string> lines() const {
    const MutexLock lock(mutex_);
    return lines_;
  }
  // Waits until something of the work is done.
  void AwaitWork() {
    const MutexLock lock(mutex_);
    while (updates_.empty() || updates_.back().done == 0) {
      changed_.Wait(mutex_);
    }
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<ProgressUpdate> updates_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_
