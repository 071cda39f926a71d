#include "server/files/npy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace modbound {
namespace {

std::string FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// The files of tests/golden were written by NumPy itself.
TEST(NpyHeader, IsByteForByteWhatNumPyWrites) {
  const std::string golden = MODBOUND_GOLDEN_DIR;
  struct Case {
    std::string file;
    std::vector<int64_t> shape;
  };
  for (const Case& c : {Case{"/ctrnn_forward_n5/w_rec.npy", {5, 5}},
                        Case{"/ctrnn_forward_n5/b_rec.npy", {5}},
                        Case{"/ctrnn_forward_n64/w_rec.npy", {64, 64}}}) {
    const std::string bytes = FileBytes(golden + c.file);
    const auto header = NpyHeader(v1::DType::FLOAT64, c.shape);
    ASSERT_TRUE(header.ok()) << header.status();
    ASSERT_GT(bytes.size(), header->size());
    EXPECT_EQ(bytes.substr(0, header->size()), *header) << c.file;
    EXPECT_EQ(bytes.size() - header->size(),
              static_cast<std::size_t>(8 * NumElements(c.shape)));
  }
}

TEST(NpyHeader, NamesEveryTypeAndAligns) {
  const std::vector<std::pair<DTypeEnum, std::string>> types = {
      {v1::DType::FLOAT32, "'<f4'"},
      {v1::DType::FLOAT64, "'<f8'"},
      {v1::DType::INT32, "'<i4'"},
      {v1::DType::INT64, "'<i8'"},
      {v1::DType::UINT8, "'|u1'"},
      {v1::DType::BOOL, "'|b1'"}};
  for (const auto& [dtype, description] : types) {
    const auto header = NpyHeader(dtype, {3, 100});
    ASSERT_TRUE(header.ok());
    EXPECT_NE(header->find(description), std::string::npos);
    EXPECT_NE(header->find("(3, 100)"), std::string::npos);
    EXPECT_EQ(header->size() % 64, 0U);
    EXPECT_EQ(header->back(), '\n');
  }
}

TEST(NpyHeader, WritesScalarsAndSingleAxesAsTuples) {
  EXPECT_NE(NpyHeader(v1::DType::INT32, {})->find("'shape': (), }"),
            std::string::npos);
  EXPECT_NE(NpyHeader(v1::DType::INT32, {7})->find("'shape': (7,), }"),
            std::string::npos);
  EXPECT_NE(NpyHeader(v1::DType::INT32, {0, 4})->find("(0, 4)"),
            std::string::npos);
}

// 1000 axes need more than 255 bytes: the length field must carry into its high
// byte.
TEST(NpyHeader, StoresTheLengthLittleEndian) {
  const auto header =
      NpyHeader(v1::DType::UINT8, std::vector<int64_t>(1000, 1));
  ASSERT_TRUE(header.ok());
  const auto low = static_cast<unsigned char>((*header)[8]);
  const auto high = static_cast<unsigned char>((*header)[9]);
  EXPECT_GT(high, 0);
  EXPECT_EQ(static_cast<std::size_t>(low + 256 * high) + 10, header->size());
}

TEST(NpyHeader, RefusesWhatIsNoArray) {
  EXPECT_EQ(ReasonOf(NpyHeader(v1::DType::UNSPECIFIED, {1}).status()),
            "WRONG_DTYPE");
  const auto negative = NpyHeader(v1::DType::INT32, {2, -1}).status();
  EXPECT_EQ(ReasonOf(negative), reason::kWrongShape);
  EXPECT_EQ(FieldOf(negative), "shape");
  EXPECT_EQ(
      ReasonOf(
          NpyHeader(v1::DType::INT32, std::vector<int64_t>(40000, 1)).status()),
      reason::kWrongShape);
}

}  // namespace
}  // namespace modbound
