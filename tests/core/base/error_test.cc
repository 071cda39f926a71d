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

TEST(Error, ShowsItsDetailInTheLogAlone) {
  const absl::Status status = Refuse(reason::kOutOfRange, "gamma", "no");
  EXPECT_EQ(LogText(status), "no");
  const absl::Status detailed = WithDetail(status, "/a/path");
  EXPECT_EQ(LogText(detailed), "no (/a/path)");
  EXPECT_EQ(detailed.message(), "no");
  EXPECT_EQ(ReasonOf(detailed), "OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(detailed), "gamma");
}

}  // namespace
}  // namespace modbound
