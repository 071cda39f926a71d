#include "server/jobs/fact_finder.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "server/arrays/fact_scan.h"
#include "server/arrays/facts.h"

namespace modbound {

absl::StatusOr<FactFinder::Facts> FactFinder::Find(
    const std::string& digest,
    DTypeEnum dtype,
    const std::vector<int64_t>& shape) {
  const auto [found, is_new] =
      found_.try_emplace({digest, dtype, IsSquare(shape)});
  if (is_new) {
    MODBOUND_ASSIGN_OR_RETURN(found->second,
                              artifacts_.StoredFacts(digest, dtype, shape));
    if (!found->second.has_value()) {
      MODBOUND_ASSIGN_OR_RETURN(found->second, Scan(digest, dtype, shape));
    }
  }
  return found->second;
}

absl::StatusOr<FactFinder::Facts> FactFinder::Scan(
    const std::string& digest,
    DTypeEnum dtype,
    const std::vector<int64_t>& shape) {
  const int64_t size_bytes = NumElements(shape) * ElementSize(dtype);
  if (size_bytes > kInlineLimit ||
      scanned_bytes_ + size_bytes > kMostScannedBytes) {
    return Facts();
  }
  scanned_bytes_ += size_bytes;
  MODBOUND_ASSIGN_OR_RETURN(const std::string bytes,
                            artifacts_.ReadBytes(digest));
  HostArray array(dtype, shape);
  std::memcpy(array.mutable_data(),
              bytes.data(),
              std::min(bytes.size(), static_cast<std::size_t>(size_bytes)));
  return Facts(ScanFacts(array));
}

}  // namespace modbound
