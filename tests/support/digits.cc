#include "support/digits.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "gtest/gtest.h"

namespace modbound {
namespace {

constexpr char kImages[] = "/mnist-a-images-idx3-ubyte.gz";
constexpr char kDigitLabels[] = "/mnist-a-labels-idx1-ubyte.gz";

// Bytes of an IDX file of unsigned bytes: 0, 0, 8, number of axes, extents as
// big-endian 32 bits, then the data.
struct Idx {
  std::vector<int64_t> shape;
  std::vector<uint8_t> data;
};

Idx ReadIdx(const std::string& path) {
  Idx idx;
  const gzFile file = gzopen(path.c_str(), "rb");
  std::array<uint8_t, 4> word{};
  const auto read_word = [&] {
    return file != nullptr && gzread(file, word.data(), 4) == 4;
  };
  EXPECT_TRUE(read_word() && word[0] == 0 && word[1] == 0 && word[2] == 8)
      << path;
  int64_t size = 1;
  for (int axis = word[3]; axis > 0 && read_word(); --axis) {
    idx.shape.push_back(int64_t{word[0]} << 24 | int64_t{word[1]} << 16 |
                        int64_t{word[2]} << 8 | int64_t{word[3]});
    size *= idx.shape.back();
  }
  idx.data.resize(static_cast<std::size_t>(size));
  EXPECT_EQ(gzread(file, idx.data.data(), static_cast<unsigned>(size)), size)
      << path;
  gzclose(file);
  return idx;
}

}  // namespace

std::string DigitsFolder() {
  const char* data = std::getenv("MODBOUND_DATA");
  return (data != nullptr ? std::string(data)
                          : MODBOUND_SOURCE_DIR "/../shared/data") +
         "/mnist-half-a";
}

bool HasDigits() {
  return std::filesystem::exists(DigitsFolder() + kImages) &&
         std::filesystem::exists(DigitsFolder() + kDigitLabels);
}

LabelledSamples LoadDigits() {
  const Idx images = ReadIdx(DigitsFolder() + kImages);
  const Idx labels = ReadIdx(DigitsFolder() + kDigitLabels);
  LabelledSamples samples;
  if (images.shape.size() != 3 || labels.shape.size() != 1 ||
      images.shape[0] != labels.shape[0]) {
    ADD_FAILURE() << "images and labels do not go together";
    return samples;
  }
  samples.features.resize(images.shape[0], images.shape[1] * images.shape[2]);
  for (int64_t i = 0; i < samples.features.size(); ++i) {
    samples.features.data()[i] =
        images.data[static_cast<std::size_t>(i)] / 255.0;
  }
  samples.labels.assign(labels.data.begin(), labels.data.end());
  return samples;
}

}  // namespace modbound
