#include "server/arrays/facts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

// Tiles keep both the row-wise and the column-wise side of a pair in cache.
constexpr int64_t kTile = 64;

// Labels are indices of tables of modules: a larger one is a mistake, and would
// make a table of its own size.
constexpr double kLabelLimit = 1e6;

void ScanValues(const HostArray& array, v1::ArrayFacts& facts) {
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  bool binary = true;
  bool whole = true;
  int64_t first_not_finite = -1;
  const int64_t size = array.size();
  for (int64_t i = 0; i < size; ++i) {
    const double value = array.At(i);
    if (!std::isfinite(value)) {
      first_not_finite = first_not_finite < 0 ? i : first_not_finite;
      binary = whole = false;
      continue;
    }
    min = std::min(min, value);
    max = std::max(max, value);
    binary = binary && (value == 0 || value == 1);
    whole = whole && value == std::floor(value);
  }
  facts.set_finite(first_not_finite < 0);
  facts.set_first_not_finite(first_not_finite);
  facts.set_min(min > max ? 0 : min);
  facts.set_max(min > max ? 0 : max);
  facts.set_binary(binary);
  facts.set_whole(whole);
}

void ScanSymmetry(const HostArray& array, v1::ArrayFacts& facts) {
  facts.set_asymmetry_row(-1);
  facts.set_asymmetry_column(-1);
  const auto& shape = array.shape();
  if (shape.size() != 2 || shape[0] != shape[1]) {
    return;
  }
  const int64_t n = shape[0];
  double worst = 0;
  for (int64_t row_tile = 0; row_tile < n; row_tile += kTile) {
    for (int64_t column_tile = row_tile; column_tile < n;
         column_tile += kTile) {
      for (int64_t i = row_tile; i < std::min(n, row_tile + kTile); ++i) {
        for (int64_t j = std::max(i + 1, column_tile);
             j < std::min(n, column_tile + kTile);
             ++j) {
          const double difference =
              std::abs(array.At(i * n + j) - array.At(j * n + i));
          if (difference > worst) {
            worst = difference;
            facts.set_asymmetry_row(i);
            facts.set_asymmetry_column(j);
          }
        }
      }
    }
  }
  facts.set_max_asymmetry(worst);
}

}  // namespace

v1::ArrayFacts ScanFacts(const HostArray& array) {
  v1::ArrayFacts facts;
  ScanValues(array, facts);
  ScanSymmetry(array, facts);
  return facts;
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
