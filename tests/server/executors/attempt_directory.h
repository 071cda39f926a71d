#ifndef MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_
#define MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

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

// Writes an attempt directory as the server does.
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
  std::filesystem::create_directories(dir + "/inputs");
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

// Keeps what was reported.
class RecordingSink : public AttemptSink {
 public:
  void Progress(const ProgressUpdate& update) override {
    updates.push_back(update);
  }
  std::vector<ProgressUpdate> updates;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_EXECUTORS_ATTEMPT_DIRECTORY_H_
