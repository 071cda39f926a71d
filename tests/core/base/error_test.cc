#include "core/base/error.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(Error, CarriesReasonAndField) {
  const absl::Status status =
      Refuse(reason::kOutOfRange, "gamma", "gamma is 0");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(status), "gamma");
  EXPECT_EQ(FieldOf(WithFieldPrefix(status, "spec.")), "spec.gamma");
}

TEST(Error, OfALibraryIsInternalAndNamesNoField) {
  const absl::Status status = absl::UnknownError("who knows");
  EXPECT_EQ(ReasonOf(status), "INTERNAL");
  EXPECT_EQ(FieldOf(WithFieldPrefix(status, "spec.")), "");
}

}  // namespace
}  // namespace modbound
