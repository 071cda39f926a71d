#include "client/cli/npy.h"

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

// A .npy file's bytes: magic, version, header text, elements.
std::string Npy(int major,
                const std::string& dictionary,
                const std::string& data) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(major);
  bytes += '\0';
  const int length_bytes = major == 1 ? 2 : 4;
  for (int i = 0; i < length_bytes; ++i) {
    bytes += static_cast<char>((dictionary.size() >> (8 * i)) & 0xFF);
  }
  return bytes + dictionary + data;
}

std::string Header(const std::string& descr,
                   const std::string& shape,
                   bool fortran = false) {
  return "{'descr': '" + descr +
         "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string Reversed(const std::string& bytes, size_t item_size) {
  std::string swapped;
  for (size_t i = 0; i < bytes.size(); i += item_size) {
    const std::string item = bytes.substr(i, item_size);
    swapped.append(item.rbegin(), item.rend());
  }
  return swapped;
}

class NpyFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name =
        (std::filesystem::temp_directory_path() / "npy_test_XXXXXX").string();
    const int file = mkstemp(name.data());
    ASSERT_GE(file, 0);
    close(file);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove(path_); }

  absl::StatusOr<NpyFile> Open(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return NpyFile::Open(path_);
  }

  // All elements, row-major and little-endian.
  std::string Elements(const std::string& bytes) {
    const absl::StatusOr<NpyFile> npy = Open(bytes);
    EXPECT_TRUE(npy.ok()) << npy.status();
    return npy.ok() ? npy->Read(0, npy->header().num_bytes()).value()
                    : std::string();
  }

  std::string path_;
};

struct TypeCase {
  std::string code;
  v1::DType::Type dtype;
  int item_size;
};

const TypeCase kTypes[] = {{"f4", v1::DType::FLOAT32, 4},
                           {"f8", v1::DType::FLOAT64, 8},
                           {"i4", v1::DType::INT32, 4},
                           {"i8", v1::DType::INT64, 8},
                           {"u1", v1::DType::UINT8, 1},
                           {"b1", v1::DType::BOOL, 1}};

TEST_F(NpyFileTest, EveryTypeOrderAndEndiannessGivesTheSameRowMajorBytes) {
  // A 2 x 3 array; column-major order lists its elements as 0 3 1 4 2 5.
  const int column_major[] = {0, 3, 1, 4, 2, 5};
  for (const TypeCase& type : kTypes) {
    const auto size = static_cast<size_t>(type.item_size);
    std::string rows;
    std::string columns;
    for (size_t i = 0; i < 6 * size; ++i) {
      rows += static_cast<char>(i + 1);
    }
    for (const int element : column_major) {
      columns += rows.substr(static_cast<size_t>(element) * size, size);
    }
    for (const char order : {'<', '>', '=', '|'}) {
      for (const bool fortran : {false, true}) {
        std::string data = fortran ? columns : rows;
        if (order == '>') {
          data = Reversed(data, size);
        }
        const std::string descr = order + type.code;
        EXPECT_EQ(Elements(Npy(1, Header(descr, "(2, 3)", fortran), data)),
                  rows)
            << descr << " fortran " << fortran;
      }
    }
  }
}

TEST_F(NpyFileTest, ColumnMajorOfThreeAxesIsReordered) {
  // Element (i,j,k) of a 2 x 3 x 4 array is 100 i + 10 j + k.
  std::vector<int32_t> rows;
  std::vector<int32_t> columns;
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) {
        rows.push_back(100 * i + 10 * j + k);
      }
    }
  }
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) {
        columns.push_back(100 * i + 10 * j + k);
      }
    }
  }
  EXPECT_EQ(
      Elements(Npy(1, Header("<i4", "(2, 3, 4)", true), BytesOf(columns))),
      BytesOf(rows));
}

TEST_F(NpyFileTest, ColumnMajorMatrixLargerThanATileIsTransposed) {
  constexpr int kRows = 70;
  constexpr int kColumns = 45;
  std::vector<double> rows;
  std::vector<double> columns;
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      rows.push_back(i * 1000 + j);
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int i = 0; i < kRows; ++i) {
      columns.push_back(i * 1000 + j);
    }
  }
  EXPECT_EQ(Elements(Npy(2, Header("<f8", "(70, 45)", true), BytesOf(columns))),
            BytesOf(rows));
}

TEST_F(NpyFileTest, ReadsPiecesFromTheMiddle) {
  for (const bool fortran : {false, true}) {
    const absl::StatusOr<NpyFile> npy =
        Open(Npy(1, Header("|u1", "(6,)", fortran), "abcdef"));
    ASSERT_TRUE(npy.ok());
    EXPECT_EQ(npy->Read(2, 3).value(), "cde");
  }
}

TEST_F(NpyFileTest, FileThatShrinksMeanwhileIsRefused) {
  const absl::StatusOr<NpyFile> npy =
      Open(Npy(1, Header("|u1", "(6,)"), "abcdef"));
  ASSERT_TRUE(npy.ok());
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  EXPECT_FALSE(npy->Read(0, 6).ok());
}

TEST_F(NpyFileTest, MissingFileAndFolderAreUsageErrors) {
  EXPECT_EQ(ExitCodeOf(NpyFile::Open(path_ + ".none").status()), kExitUsage);
  EXPECT_EQ(ExitCodeOf(NpyFile::Open("/").status()), kExitUsage);
}

absl::StatusOr<NpyHeader> Parse(const std::string& bytes) {
  return ParseNpyHeader(bytes, static_cast<int64_t>(bytes.size()));
}

TEST(NpyHeader, TellsTypeShapeAndWhereElementsBegin) {
  for (const int version : {1, 2, 3}) {
    const std::string bytes =
        Npy(version, Header("<i8", "(2, 1)"), std::string(16, '\0'));
    const absl::StatusOr<NpyHeader> header = Parse(bytes);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->dtype, v1::DType::INT64);
    EXPECT_EQ(header->shape, (std::vector<int64_t>{2, 1}));
    EXPECT_EQ(header->data_offset, static_cast<int64_t>(bytes.size()) - 16);
  }
}

TEST(NpyHeader, ReadsEveryWayToWriteAShape) {
  const auto shape = [](const std::string& text, size_t bytes) {
    return Parse(Npy(1, Header("|u1", text), std::string(bytes, 'x')))
        .value()
        .shape;
  };
  EXPECT_EQ(shape("()", 1), std::vector<int64_t>());
  EXPECT_EQ(shape("(3,)", 3), std::vector<int64_t>({3}));
  EXPECT_EQ(shape("(3L,)", 3), std::vector<int64_t>({3}));
  EXPECT_EQ(shape("(3,2)", 6), std::vector<int64_t>({3, 2}));
  EXPECT_EQ(shape("(0, 9223372036854775807, 9)", 0),
            std::vector<int64_t>({0, 9223372036854775807, 9}));
}

TEST(NpyHeader, ReadsKeysInAnyOrderAndDoubleQuotes) {
  EXPECT_TRUE(Parse(Npy(1,
                        "{\"shape\":(2,),\"descr\":\"|b1\","
                        "\"fortran_order\":False}",
                        "ab"))
                  .ok());
}

TEST(NpyHeader, RefusesOtherTypesNamingTheAllowedOnes) {
  for (const char* descr : {"<f2", "<c16", "<i2", "|i1", "<u4", "|O", "<U5"}) {
    const absl::Status status =
        Parse(Npy(1, Header(descr, "(0,)"), "")).status();
    EXPECT_EQ(ReasonOf(status), "WRONG_DTYPE") << descr;
    EXPECT_NE(MessageOf(status).find("f4, f8, i4, i8, u1, b1"),
              std::string::npos);
  }
  const absl::Status records =
      Parse(Npy(1,
                "{'descr': [('a', '<f4')], 'fortran_order': False, "
                "'shape': (1,)}",
                "abcd"))
          .status();
  EXPECT_EQ(ReasonOf(records), "WRONG_DTYPE");
}

TEST(NpyHeader, RefusesEveryTruncation) {
  const std::string whole = Npy(1, Header("<f8", "(2,)"), std::string(16, 'x'));
  ASSERT_TRUE(Parse(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Parse(whole.substr(0, size)).ok()) << size;
  }
}

TEST(NpyHeader, RefusesMoreBytesThanItsShape) {
  EXPECT_FALSE(Parse(Npy(1, Header("|u1", "(2,)"), "abc")).ok());
}

TEST(NpyHeader, RefusesMalformedText) {
  constexpr char kHugeExtent[] =
      "{'descr': '|u1', 'fortran_order': False, 'shape': "
      "(99999999999999999999,)}";
  constexpr char kHugeProduct[] =
      "{'descr': '<f8', 'fortran_order': False, 'shape': "
      "(9223372036854775807, 9223372036854775807)}";
  const char* malformed[] = {
      "",
      "{",
      "[]",
      "{'descr': '|u1', 'fortran_order': False}",
      "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': 1}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} more",
      "{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}",
      "{'descr: '|u1', 'fortran_order': False, 'shape': (1,)}",
      kHugeExtent,
      kHugeProduct};
  for (const char* text : malformed) {
    const absl::Status status = Parse(Npy(1, text, "a")).status();
    EXPECT_EQ(ExitCodeOf(status), kExitUsage) << text;
  }
}

TEST(NpyHeader, RefusesOtherFilesAndVersions) {
  EXPECT_FALSE(Parse("PK\x03\x04 an .npz archive").ok());
  EXPECT_FALSE(Parse(Npy(4, Header("|u1", "(1,)"), "a")).ok());
}

}  // namespace
}  // namespace modbound
