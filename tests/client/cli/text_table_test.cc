#include "client/cli/text_table.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "client/cli/error.h"
#include "gtest/gtest.h"
#include "support/temporary_folder.h"

namespace modbound {
namespace {

struct TableRead {
  absl::Status status;
  std::vector<int64_t> shape = {};
  v1::DType::Type dtype = v1::DType::UNSPECIFIED;
  std::vector<double> values = {};
  std::string note = {};
};

TableRead ReadTable(const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder / "t.csv", std::ios::binary) << text;
  const TemporaryFile elements = TemporaryFile::Make().value();
  const absl::StatusOr<TextTable> table =
      ConvertText(folder / "t.csv", elements);
  if (!table.ok()) {
    return {.status = table.status()};
  }
  TableRead read{
      .status = absl::OkStatus(),
      .shape = {table->array.shape().begin(), table->array.shape().end()},
      .dtype = table->array.dtype(),
      .note = table->note};
  for (int64_t i = 0; i < read.shape[0] * read.shape[1]; ++i) {
    char bytes[8];
    EXPECT_TRUE(elements.Read(bytes, 8, 8 * i).ok());
    int64_t whole = 0;
    double real = 0;
    std::memcpy(&whole, bytes, 8);
    std::memcpy(&real, bytes, 8);
    read.values.push_back(
        read.dtype == v1::DType::INT64 ? static_cast<double>(whole) : real);
  }
  return read;
}

using Values = std::vector<double>;
using Shape = std::vector<int64_t>;

TEST(TextTable, FindsWhatStandsBetweenCells) {
  for (const char* text : {"1,2,3\n4,5,6\n",
                           "1\t2\t3\n4\t5\t6",
                           "1;2;3\r\n4;5;6\r\n",
                           "  1 2   3\n4 5 6 \n",
                           "1, 2, 3\n4 ,5, 6\n\n \n",
                           "\xef\xbb\xbf"
                           "1,2,3\n4,5,6\n",
                           "# a,b,c\n1,2,3\n#\n4,5,6\n",
                           "\"1\",\"2\",\"3\"\n\"4\",\"5\",\"6\"\n"}) {
    const TableRead read = ReadTable(text);
    ASSERT_TRUE(read.status.ok()) << text << read.status;
    EXPECT_EQ(read.dtype, v1::DType::INT64) << text;
    EXPECT_EQ(read.shape, (Shape{2, 3})) << text;
    EXPECT_EQ(read.values, (Values{1, 2, 3, 4, 5, 6})) << text;
    EXPECT_EQ(read.note, "");
  }
}

TEST(TextTable, OneOtherNumberMakesAllOfThemFloats) {
  const TableRead read = ReadTable("9007199254740992\n-7\n+3\n1e-1\n");
  EXPECT_EQ(read.dtype, v1::DType::FLOAT64);
  EXPECT_EQ(read.values, (Values{9007199254740992, -7, 3, .1}));
  EXPECT_EQ(ReadTable("9223372036854775807").dtype, v1::DType::INT64);
  EXPECT_EQ(ReadTable("9223372036854775808").values,
            Values{9223372036854775808.});
  const TableRead zero = ReadTable("-0\n1\n");
  EXPECT_TRUE(std::signbit(zero.values[0]));
  EXPECT_EQ(ReadTable("1e-999").values, Values{0});
}

TEST(TextTable, BecomesFloatsAlsoWhereTheFirstOneComesLate) {
  // More numbers than the buffer holds: 1 MiB of 8 bytes each.
  std::string text;
  constexpr int kMany = 300000;
  for (int i = 0; i < kMany; ++i) {
    text += std::to_string(i) + "\n";
  }
  const TableRead read = ReadTable(text + "0.5\n");
  ASSERT_EQ(read.shape, (Shape{kMany + 1, 1}));
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(read.values[static_cast<size_t>(i)], i);
  }
  EXPECT_EQ(read.values.back(), .5);
}

TEST(TextTable, WordsForWhatIsMissingAreNaN) {
  const TableRead read = ReadTable("1,nan,NaN,NA,N/A,-nan,inf,-Infinity\n");
  ASSERT_EQ(read.values.size(), 8);
  for (size_t i = 1; i < 6; ++i) {
    EXPECT_TRUE(std::isnan(read.values[i]) && !std::signbit(read.values[i]));
  }
  EXPECT_EQ(read.values[6], INFINITY);
  EXPECT_EQ(read.values[7], -INFINITY);
}

TEST(TextTable, LeavesOutHeadersAndNamesAndSaysSo) {
  const struct {
    const char* text;
    const char* note;
  } all[] = {{"a,b\n1,2\n3,4\n", "left out 1 header line"},
             {"a,b\n(mm),(s)\n1,2\n3,4\n", "left out 2 header lines"},
             {"x,1,2\ny,3,4\n", "left out the first column, of names"},
             {"id,a,b\nx,1,2\ny,3,4\n",
              "left out 1 header line and the first column, of names"},
             {",a,b\n0,1,2\n1,3,4\n",
              "left out 1 header line and the first column, of names"},
             {",ipsi,ipsi\n,11,12\n5,1,2\n6,3,4\n",
              "left out 2 header lines and the first column, of names"},
             {"\"a\" \"b\"\n\"1\" 1 2\n\"2\" 3 4\n",
              "left out 1 header line and the first column, of names"},
             {"\"a, b\",\"c\"\n1,2\n3,4\n", "left out 1 header line"}};
  for (const auto& [text, note] : all) {
    const TableRead read = ReadTable(text);
    ASSERT_TRUE(read.status.ok()) << text << read.status;
    EXPECT_EQ(read.shape, (Shape{2, 2})) << text;
    EXPECT_EQ(read.values, (Values{1, 2, 3, 4})) << text;
    EXPECT_EQ(read.note, note) << text;
  }
}

TEST(TextTable, RefusesWithLineAndColumn) {
  const struct {
    const char* text;
    const char* wrong;
  } all[] = {
      {"1,2\n3\n", "line 2 has 1 cells, line 1 has 2"},
      {"# x\n1,2\n3,\n", "line 3, column 2: an empty cell"},
      {"1,2\n3,x\n", "line 2, column 2: \"x\" is no number"},
      {",1,2\n0,3,4\n", "line 1, column 1: an empty cell"},
      {"a,b\nc,d\ne,f\n1,2\n", "line 3, column 2: \"f\" is no number"},
      {"0,5;1,2\n", "line 1, column 1: \"0,5\" is no number (decimals take a"},
      {"x,1\n2,3\n", "line 2, column 1: no name, as line 1 has there"},
      {"title\n1 2\n", "its header has 1 cells, line 2 has 2"},
      {"My title\n1 2 3\n", "its header has 2 cells, line 2 has 3"},
      {"1,1e999\n", "line 1, column 2: \"1e999\" is beyond float64"},
      {"1,0x10\n", "line 1, column 2: \"0x10\" is no number"},
      {"1\n\n2\n", "line 2 is empty"},
      {"1,\"2\n", "line 1: a quote does not end"},
      {"1 2\r3 4\r", "line 1, column 2: \"2\r3\" is no number"},
      {"1\n2\r\r\n", "line 2, column 1: \"2\r\" is no number"},
      {"a,b\n", "holds no numbers"},
      {"", "holds no numbers"}};
  for (const auto& [text, wrong] : all) {
    const absl::Status status = ReadTable(text).status;
    EXPECT_EQ(ExitCodeOf(status), kExitUsage) << text;
    EXPECT_EQ(MessageOf(status).substr(0, std::strlen(wrong)), wrong);
  }
  EXPECT_EQ(MessageOf(ReadTable(std::string("1\0002", 3)).status),
            "is no text: it has zero bytes");
}

}  // namespace
}  // namespace modbound
