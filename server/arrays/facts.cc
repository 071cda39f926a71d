#include "server/arrays/facts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/arrays/fact_scan.h"

namespace modbound {
namespace {

// Labels are indices of tables of modules: a larger one is a mistake, and would
// make a table of its own size.
constexpr double kLabelLimit = 1e6;

// Bytes between two looks at the stop flag.
constexpr int64_t kPieceBytes = int64_t{1} << 20;

}  // namespace

v1::ArrayFacts ScanFacts(const HostArray& array) {
  return *ScanFacts(array, nullptr);
}

absl::StatusOr<v1::ArrayFacts> ScanFacts(const HostArray& array,
                                         const StopFlag* stop) {
  FactScan scan(array.dtype(), array.shape());
  const int64_t size = array.size_bytes();
  for (int64_t at = 0; at < size; at += kPieceBytes) {
    if (stop != nullptr && stop->stopped()) {
      return StoppedError();
    }
    scan.Add(array.data() + at, std::min(kPieceBytes, size - at));
  }
  MODBOUND_RETURN_IF_ERROR(scan.CompareMirrored(array.data(), stop));
  return scan.facts();
}

absl::Status RequireFinite(const v1::ArrayFacts& facts,
                           const std::string& field) {
  if (facts.finite()) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kNotFinite,
      field,
      absl::StrCat(field,
                   " holds NaN or infinity, first at row-major index ",
                   facts.first_not_finite(),
                   "; every value must be finite"));
}

absl::Status RequireSymmetric(const v1::ArrayFacts& facts,
                              DTypeEnum dtype,
                              const std::string& field) {
  const double epsilon = dtype == v1::DType::FLOAT32
                             ? std::numeric_limits<float>::epsilon()
                             : std::numeric_limits<double>::epsilon();
  const double allowed =
      64 * epsilon * std::max(std::abs(facts.min()), std::abs(facts.max()));
  if (facts.max_asymmetry() <= allowed) {
    return absl::OkStatus();
  }
  return Refuse(reason::kNotSymmetric,
                field,
                absl::StrCat(field,
                             " is not symmetric: elements (",
                             facts.asymmetry_row(),
                             ", ",
                             facts.asymmetry_column(),
                             ") and its mirror differ by ",
                             facts.max_asymmetry(),
                             ", allowed ",
                             allowed,
                             "; set directed to use (W + W')/2"));
}

absl::Status RequireLabels(const v1::ArrayFacts& facts,
                           const std::string& field) {
  MODBOUND_RETURN_IF_ERROR(RequireFinite(facts, field));
  if (facts.whole() && facts.min() >= -1 && facts.max() < kLabelLimit) {
    return absl::OkStatus();
  }
  return Refuse(
      reason::kBadLabels,
      field,
      absl::StrCat(
          field,
          " must be whole numbers from -1 (excluded) to 999999; found ",
          facts.min(),
          " to ",
          facts.max(),
          facts.whole() ? "" : ", not all whole"));
}

}  // namespace modbound
