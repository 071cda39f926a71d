#include "client/cli/convert_in_child.h"

#include <new>
#include <stdexcept>

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr int kCpuSeconds = 60;

absl::StatusOr<v1::Array> RunConvert(const ConvertFunction& convert) {
  const TemporaryFile elements = TemporaryFile::Make().value();
  return ConvertInChild(convert, elements, kCpuSeconds);
}

TEST(ConvertInChild, GivesWhatTheFunctionGave) {
  const absl::StatusOr<v1::Array> array = RunConvert([](const TemporaryFile&) {
    v1::Array made;
    made.set_dtype(v1::DType::INT32);
    made.add_shape(3);
    return made;
  });
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->dtype(), v1::DType::INT32);
  EXPECT_EQ(array->shape(0), 3);
  const absl::Status refused =
      RunConvert([](const TemporaryFile&) -> absl::StatusOr<v1::Array> {
        return MakeError(
            absl::StatusCode::kInvalidArgument, "WRONG_DTYPE", "", "is text");
      }).status();
  EXPECT_EQ(ReasonOf(refused), "WRONG_DTYPE");
  EXPECT_EQ(MessageOf(refused), "is text");
}

TEST(ConvertInChild, MemoryThatIsNotToBeHadIsAnError) {
  const absl::Status status =
      RunConvert([](const TemporaryFile&) -> absl::StatusOr<v1::Array> {
        throw std::bad_alloc();
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

TEST(ConvertInChild, NoExceptionGoesOnAsTheParent) {
  const absl::Status status =
      RunConvert([](const TemporaryFile&) -> absl::StatusOr<v1::Array> {
        throw std::runtime_error("unforeseen");
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

}  // namespace
}  // namespace modbound
