#include "client/cli/input_file.h"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "client/cli/error.h"
#include "client/cli/upload.h"
#include "gtest/gtest.h"
#include "support/temporary_folder.h"

namespace modbound {
namespace {

using Shape = std::vector<int64_t>;

// What tests/golden/file_formats/make.py made.
std::string Golden(const std::string& name) {
  return MODBOUND_GOLDEN_DIR "/file_formats/" + name;
}

template <typename T>
std::vector<T> NumbersOf(const InputFile& file) {
  const std::string bytes =
      file.array.Read(0, file.array.header().num_bytes()).value();
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::string WrongOf(const std::string& text) {
  const absl::Status status = OpenInputFile(text).status();
  EXPECT_EQ(ExitCodeOf(status), kExitUsage) << text;
  return MessageOf(status);
}

TEST(InputFile, TheSameArrayOfEveryFormatHasOneDigest) {
  const InputFile npy = OpenInputFile(Golden("a.npy")).value();
  const std::string digest = DigestOf(npy.array).value();
  for (const char* name : {"mat4.mat",
                           "mat5.mat",
                           "mat5z.mat",
                           "many5.mat:a",
                           "mat73.mat:a",
                           "one.h5",
                           "one.h5:group/a",
                           "one.h5:/group/a",
                           "many.h5:a",
                           "many.h5:big_endian",
                           "many.h5:chunks",
                           "many.h5:group/link",
                           "a.csv"}) {
    const absl::StatusOr<InputFile> file = OpenInputFile(Golden(name));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->array.header().dtype, v1::DType::FLOAT64) << name;
    EXPECT_EQ(file->array.header().shape, (Shape{4, 3})) << name;
    EXPECT_EQ(DigestOf(file->array).value(), digest) << name;
  }
}

struct Widened {
  const char* name;
  v1::DType::Type dtype;
  int64_t first;
};

TEST(InputFile, OtherTypesBecomeTheSmallestThatHoldsThem) {
  const Widened all[] = {{"int8", v1::DType::INT32, -128},
                         {"int16", v1::DType::INT32, -32768},
                         {"uint16", v1::DType::INT32, 65535},
                         {"int32", v1::DType::INT32, INT32_MIN},
                         {"uint32", v1::DType::INT64, 4294967295},
                         {"int64", v1::DType::INT64, INT64_MIN},
                         {"uint64", v1::DType::INT64, INT64_MAX},
                         {"uint8", v1::DType::UINT8, 255},
                         {"logical", v1::DType::BOOL, 1}};
  for (const char* file : {"many5.mat:", "many.h5:"}) {
    for (const auto& [name, dtype, first] : all) {
      const InputFile input = OpenInputFile(Golden(file) + name).value();
      EXPECT_EQ(input.array.header().dtype, dtype) << file << name;
      if (dtype == v1::DType::INT32) {
        EXPECT_EQ(NumbersOf<int32_t>(input)[0], first) << file << name;
      } else if (dtype == v1::DType::INT64) {
        EXPECT_EQ(NumbersOf<int64_t>(input)[0], first) << file << name;
      } else {
        EXPECT_EQ(NumbersOf<uint8_t>(input)[0], first) << file << name;
      }
    }
    EXPECT_NE(WrongOf(Golden(file) + "too_large")
                  .find("9223372036854775808, beyond int64"),
              std::string::npos);
  }
  for (const char* name :
       {"many5.mat:single", "many.h5:single", "many.h5:half"}) {
    const InputFile input = OpenInputFile(Golden(name)).value();
    EXPECT_EQ(input.array.header().dtype, v1::DType::FLOAT32) << name;
    EXPECT_EQ(NumbersOf<float>(input)[5], 12.25F) << name;
  }
  EXPECT_EQ(
      NumbersOf<int32_t>(OpenInputFile(Golden("mat73.mat:int16")).value())[0],
      -32768);
  EXPECT_EQ(
      OpenInputFile(Golden("mat73.mat:logical")).value().array.header().dtype,
      v1::DType::BOOL);
}

TEST(InputFile, AxesAreThoseThatMatlabAndH5pyShow) {
  std::vector<double> cube(24);
  for (size_t i = 0; i < cube.size(); ++i) {
    cube[i] = static_cast<double>(i);
  }
  for (const char* name :
       {"many5.mat:cube", "mat73.mat:cube", "many.h5:cube"}) {
    const InputFile input = OpenInputFile(Golden(name)).value();
    EXPECT_EQ(input.array.header().shape, (Shape{2, 3, 4})) << name;
    EXPECT_EQ(NumbersOf<double>(input), cube) << name;
  }
  const InputFile column = OpenInputFile(Golden("many5.mat:column")).value();
  EXPECT_EQ(column.array.header().shape, (Shape{5, 1}));
  EXPECT_TRUE(column.only_matrices);
  EXPECT_FALSE(OpenInputFile(Golden("many.h5:column")).value().only_matrices);
  EXPECT_EQ(
      OpenInputFile(Golden("many5.mat:empty")).value().array.header().shape,
      (Shape{0, 3}));
  const InputFile number = OpenInputFile(Golden("many.h5:number")).value();
  EXPECT_EQ(number.array.header().shape, Shape());
  EXPECT_EQ(NumbersOf<double>(number), std::vector<double>{7});
}

TEST(InputFile, SparseMatricesAreFilledUp) {
  const std::vector<double> full = {0, 0, -2, 0, 0, 4, 0, 0, 0, 1.5, 0, 0};
  for (const char* name : {"many5.mat:sparse", "mat73.mat:sparse"}) {
    const absl::StatusOr<InputFile> input = OpenInputFile(Golden(name));
    ASSERT_TRUE(input.ok()) << input.status();
    EXPECT_EQ(input->array.header().shape, (Shape{4, 3}));
    EXPECT_EQ(NumbersOf<double>(*input), full) << name;
  }
}

TEST(InputFile, WhatIsNoArrayOfNumbersIsRefusedByName) {
  const struct {
    const char* name;
    const char* what;
  } all[] = {{"many5.mat:complex", "complex is complex"},
             {"many5.mat:text", "text is text"},
             {"many5.mat:cell", "cell is a cell array"},
             {"many5.mat:struct", "struct is a struct"},
             {"many.h5:complex", "complex is complex"},
             {"many.h5:text", "text is text"},
             {"many.h5:packed", "packed is empty"},
             {"many.h5:records", "records is a table of records"}};
  for (const auto& [name, what] : all) {
    const absl::Status status = OpenInputFile(Golden(name)).status();
    EXPECT_EQ(ReasonOf(status), "WRONG_DTYPE") << name;
    EXPECT_NE(MessageOf(status).find(what), std::string::npos) << status;
  }
}

TEST(InputFile, SeveralArraysAreListedWithTheirShapes) {
  for (const char* name : {"mat73.mat", "mat73.mat:none"}) {
    const std::string wrong = WrongOf(Golden(name));
    EXPECT_NE(wrong.find("a (4, 3)"), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("cube (2, 3, 4)"), std::string::npos) << wrong;
  }
  const std::string many = WrongOf(Golden("many.h5"));
  for (const char* part : {"/complex (4, 3; complex), /cube (2, 3, 4)",
                           "/packed (empty)",
                           " and 4 more"}) {
    EXPECT_NE(many.find(part), std::string::npos) << many;
  }
}

TEST(InputFile, APathWithAColonThatExistsIsThatFile) {
  const TemporaryFolder folder;
  std::filesystem::copy(Golden("mat5.mat"), folder / "x.mat");
  std::filesystem::copy(Golden("one.h5"), folder / "x.mat:a");
  EXPECT_FALSE(OpenInputFile(folder / "x.mat:a").value().only_matrices);
  std::filesystem::remove(folder / "x.mat:a");
  EXPECT_TRUE(OpenInputFile(folder / "x.mat:a").value().only_matrices);
  // Folders may have colons, and endings are in either case.
  std::filesystem::create_directory(folder / "a:b.h5:c");
  std::filesystem::copy(Golden("mat5.mat"), folder / "a:b.h5:c/y.MAT");
  EXPECT_TRUE(OpenInputFile(folder / "a:b.h5:c/y.MAT").ok());
}

TEST(InputFile, TheFirstBytesTellWhatAFileIs) {
  const TemporaryFolder folder;
  std::filesystem::copy(Golden("one.h5"), folder / "x.mat");
  EXPECT_EQ(OpenInputFile(folder / "x.mat").value().array.header().shape,
            (Shape{4, 3}));
  // Read as plain HDF5 its axes would be in reverse.
  std::filesystem::copy(Golden("mat73.mat"), folder / "x.h5");
  EXPECT_EQ(OpenInputFile(folder / "x.h5:a").value().array.header().shape,
            (Shape{4, 3}));
  const std::string refused[] = {
      std::string("PK\x03\x04...", 7), "\x1f\x8b...", "\x80\x04..."};
  for (const std::string& bytes : refused) {
    for (const char* name : {"y.csv", "y.npy", "y.mat", "y.pkl"}) {
      std::ofstream(folder / name, std::ios::binary) << bytes;
      EXPECT_NE(WrongOf(folder / name).find(": is a "), std::string::npos);
    }
  }
  std::ofstream(folder / "y.xyz") << "1 2\n";
  EXPECT_NE(WrongOf(folder / "y.xyz").find("known: .npy, .mat"),
            std::string::npos);
  EXPECT_NE(WrongOf(folder / "y.none").find("No such file"), std::string::npos);
}

std::string BytesOfFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Whether what is read of a damaged file is the array or one line of an error.
void ExpectArrayOrError(const std::string& path, const std::string& what) {
  const absl::StatusOr<InputFile> file = OpenInputFile(path);
  if (!file.ok()) {
    EXPECT_EQ(ExitCodeOf(file.status()), kExitUsage)
        << what << ": " << file.status();
  } else {
    EXPECT_TRUE(DigestOf(file->array).ok()) << what;
  }
}

// The files by which crashes, endless loops and allocations would show.
const char* const kFuzzed[] = {"mat4.mat",
                               "mat5.mat",
                               "mat5z.mat:a",
                               "many5.mat:sparse",
                               "mat73.mat:a",
                               "mat73.mat:sparse",
                               "one.h5",
                               "many.h5:chunks",
                               "a.csv"};

TEST(InputFile, TruncatedFilesAreErrors) {
  const TemporaryFolder folder;
  for (const std::string name : kFuzzed) {
    const std::string file = name.substr(0, name.find(':'));
    const std::string bytes = BytesOfFile(Golden(file));
    ASSERT_FALSE(bytes.empty()) << file;
    for (size_t part = 0; part < 20; ++part) {
      const size_t size = bytes.size() * part / 20;
      std::ofstream(folder / file, std::ios::binary) << bytes.substr(0, size);
      const absl::StatusOr<InputFile> input = OpenInputFile(folder / name);
      // A text cut at the end of a cell is a shorter text.
      EXPECT_TRUE(!input.ok() || file == "a.csv") << name << " " << size;
    }
  }
}

TEST(InputFile, MutatedFilesAreArraysOrErrors) {
  const TemporaryFolder folder;
  uint64_t state = 1;
  const auto next = [&state](size_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's LCG
    return static_cast<size_t>((state >> 33) % below);
  };
  constexpr int kMutations = 60;
  for (const std::string name : kFuzzed) {
    const std::string file = name.substr(0, name.find(':'));
    const std::string bytes = BytesOfFile(Golden(file));
    for (int i = 0; i < kMutations; ++i) {
      std::string mutated = bytes;
      for (size_t n = 1 + next(4); n > 0; --n) {
        // Half of them in the first part, where lengths and types are.
        const size_t place = next(next(2) == 0 ? mutated.size() : 512);
        mutated[place % mutated.size()] = static_cast<char>(next(256));
      }
      std::ofstream(folder / file, std::ios::binary) << mutated;
      ExpectArrayOrError(folder / name, name + " " + std::to_string(i));
    }
  }
}

TEST(InputFile, ChangedBitsOfCompressedNumbersAreFound) {
  const TemporaryFolder folder;
  const std::string bytes = BytesOfFile(Golden("mat5z.mat"));
  int found = 0;
  int tried = 0;
  for (size_t place = 140; place < bytes.size(); place += 3, ++tried) {
    std::string mutated = bytes;
    mutated[place] = static_cast<char>(mutated[place] ^ 1);
    std::ofstream(folder / "x.mat", std::ios::binary) << mutated;
    found += OpenInputFile(folder / "x.mat").ok() ? 0 : 1;
  }
  EXPECT_EQ(found, tried);
}

}  // namespace
}  // namespace modbound
