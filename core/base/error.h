#ifndef MODBOUND_CORE_BASE_ERROR_H_
#define MODBOUND_CORE_BASE_ERROR_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace modbound {

// Words of modbound.v1.ErrorReason that core gives; a server test holds them
// against the proto's enum.
namespace reason {
inline constexpr char kMissingField[] = "MISSING_FIELD";
inline constexpr char kOutOfRange[] = "OUT_OF_RANGE";
inline constexpr char kContradiction[] = "CONTRADICTION";
inline constexpr char kWrongShape[] = "WRONG_SHAPE";
inline constexpr char kNotFinite[] = "NOT_FINITE";
inline constexpr char kNotSymmetric[] = "NOT_SYMMETRIC";
inline constexpr char kNegativeWeight[] = "NEGATIVE_WEIGHT";
inline constexpr char kNotBinary[] = "NOT_BINARY";
inline constexpr char kBadLabels[] = "BAD_LABELS";
inline constexpr char kDegenerate[] = "DEGENERATE";
inline constexpr char kMemoryLimit[] = "MEMORY_LIMIT";
inline constexpr char kCancelled[] = "CANCELLED";
inline constexpr char kDiverged[] = "DIVERGED";
inline constexpr char kInternal[] = "INTERNAL";
}  // namespace reason

// Error of `code` that carries a reason for programs and, where one field is to
// blame, its path ("gamma", "inputs.matrix"; "" = none). `message` names the
// value and what is allowed.
absl::Status MakeError(absl::StatusCode code,
                       std::string_view reason,
                       std::string_view field,
                       std::string_view message);

// kInvalidArgument with `reason` for `field`.
absl::Status Refuse(std::string_view reason,
                    std::string_view field,
                    std::string_view message);

// Reason of an error made by MakeError; kInternal's word for any other error.
std::string ReasonOf(const absl::Status& status);

// Field of an error made by MakeError; "" when it names none.
std::string FieldOf(const absl::Status& status);

// The same error with `prefix` put before its field: core says "gamma", a job's
// error says "spec.partition.gamma".
absl::Status WithFieldPrefix(const absl::Status& status,
                             std::string_view prefix);

// The same error with words for the server's log alone, such as a path: no part
// of its message, so no client sees them.
absl::Status WithDetail(const absl::Status& status, std::string_view detail);

// Message and, in parentheses, the detail.
std::string LogText(const absl::Status& status);

}  // namespace modbound

// Returns from the calling function when `expr` is an error.
#define MODBOUND_RETURN_IF_ERROR(expr)                                  \
  do {                                                                  \
    if (absl::Status modbound_status = (expr); !modbound_status.ok()) { \
      return modbound_status;                                           \
    }                                                                   \
  } while (false)

#define MODBOUND_CONCAT_INNER(a, b) a##b
#define MODBOUND_CONCAT(a, b) MODBOUND_CONCAT_INNER(a, b)
#define MODBOUND_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                                    \
  if (!result.ok()) {                                      \
    return std::move(result).status();                     \
  }                                                        \
  lhs = *std::move(result)
// `lhs` = the value of the StatusOr `expr`, or returns its error.
#define MODBOUND_ASSIGN_OR_RETURN(lhs, expr) \
  MODBOUND_ASSIGN_OR_RETURN_INNER(           \
      MODBOUND_CONCAT(modbound_result_, __LINE__), lhs, expr)

#endif  // MODBOUND_CORE_BASE_ERROR_H_
