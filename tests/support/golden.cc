#include "support/golden.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "gtest/gtest.h"

namespace modbound {
namespace {

[[noreturn]] void Die(const std::string& message) {
  std::cerr << message << std::endl;
  std::abort();
}

// The digits of "'shape': (22, 5), }".
std::vector<int64_t> ParseShape(const std::string& header) {
  std::vector<int64_t> shape;
  std::size_t at = header.find('(');
  const std::size_t end = header.find(')');
  while (at < end) {
    at = header.find_first_of("0123456789)", at + 1);
    if (at < end) {
      shape.push_back(std::atoll(header.c_str() + at));
      at = header.find_first_of(",)", at) - 1;
    }
  }
  return shape;
}

}  // namespace

GoldenArray LoadGolden(const std::string& name, const std::string& array) {
  const std::string path =
      std::string(MODBOUND_GOLDEN_DIR) + "/" + name + "/" + array + ".npy";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    Die("missing golden array " + path);
  }
  const std::string bytes((std::istreambuf_iterator<char>(file)),
                          std::istreambuf_iterator<char>());
  const std::size_t header_size =
      static_cast<unsigned char>(bytes[8]) +
      256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[9]));
  const std::string header = bytes.substr(10, header_size);
  if (header.find("<f8") == std::string::npos ||
      header.find("False") == std::string::npos) {
    Die("not float64 in C order: " + path);
  }
  GoldenArray golden;
  golden.shape = ParseShape(header);
  golden.values.resize((bytes.size() - 10 - header_size) / sizeof(double));
  std::memcpy(golden.values.data(),
              bytes.data() + 10 + header_size,
              golden.values.size() * sizeof(double));
  return golden;
}

Matrix GoldenArray::ToMatrix() const {
  const int64_t cols = shape.size() >= 2 ? shape.back() : 1;
  return Eigen::Map<const Matrix>(
      values.data(), static_cast<int64_t>(values.size()) / cols, cols);
}

Vector GoldenArray::ToVector() const {
  return Eigen::Map<const Vector>(values.data(),
                                  static_cast<int64_t>(values.size()));
}

Labels GoldenArray::ToLabels() const {
  return Labels(values.begin(), values.end());
}

void ExpectClose(const Matrix& actual,
                 const Matrix& expected,
                 double rtol,
                 double atol,
                 const std::string& what) {
  ASSERT_EQ(actual.rows(), expected.rows()) << what;
  ASSERT_EQ(actual.cols(), expected.cols()) << what;
  double worst = 0;
  Eigen::Index worst_at = -1;
  for (Eigen::Index i = 0; i < actual.size(); ++i) {
    const double a = actual.data()[i];
    const double e = expected.data()[i];
    if (std::isnan(e) && std::isnan(a)) {
      continue;
    }
    const double difference = std::abs(a - e);
    const double allowed = atol + rtol * std::abs(e);
    if (difference <= allowed) {
      continue;
    }
    const double excess = difference / allowed;
    if (worst_at < 0 || excess > worst) {
      worst = excess;
      worst_at = i;
    }
  }
  EXPECT_EQ(worst_at, -1)
      << what << ": element " << worst_at << " is "
      << actual.data()[std::max<Eigen::Index>(worst_at, 0)] << ", expected "
      << expected.data()[std::max<Eigen::Index>(worst_at, 0)] << " (rtol "
      << rtol << ", atol " << atol << ")";
}

}  // namespace modbound
