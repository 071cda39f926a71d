#ifndef MODBOUND_SERVER_JOBS_FACT_FINDER_H_
#define MODBOUND_SERVER_JOBS_FACT_FINDER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/artifact.pb.h"
#include "server/arrays/array.h"
#include "server/artifacts/artifact_store.h"

namespace modbound {

// What a request learns of the values of artifacts before it is accepted: facts
// that were scanned before, and those of arrays so small that their bytes are
// in the database. No file is read, so that a small request cannot cost a long
// time: what is not known now is scanned before the job's first kernel, and
// refused there with the same words. Lives as long as one request and looks
// each artifact up once. Not safe from two threads.
class FactFinder {
 public:
  // Bytes that one request has scanned; beyond it nothing more is.
  static constexpr int64_t kMostScannedBytes = int64_t{16} << 20;

  explicit FactFinder(ArtifactStore& artifacts) : artifacts_(artifacts) {}

  // Of an artifact that has this dtype and shape. Nothing: not known. Errors:
  // those of the store.
  absl::StatusOr<std::optional<v1::ArrayFacts>> Find(
      const std::string& digest,
      DTypeEnum dtype,
      const std::vector<int64_t>& shape);

 private:
  using Facts = std::optional<v1::ArrayFacts>;
  absl::StatusOr<Facts> Scan(const std::string& digest,
                             DTypeEnum dtype,
                             const std::vector<int64_t>& shape);

  ArtifactStore& artifacts_;
  // By digest, dtype and whether the shape is square.
  std::map<std::tuple<std::string, DTypeEnum, bool>, Facts> found_;
  int64_t scanned_bytes_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_FACT_FINDER_H_
