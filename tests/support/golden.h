#ifndef MODBOUND_TESTS_SUPPORT_GOLDEN_H_
#define MODBOUND_TESTS_SUPPORT_GOLDEN_H_

#include <string>
#include <vector>

#include "core/base/matrix.h"

namespace modbound {

// An array of tests/golden: float64, C order (see the manifest.json of each
// case).
struct GoldenArray {
  std::vector<int64_t> shape;
  std::vector<double> values;

  // Two axes as they are, one as a column, more with the last as columns.
  Matrix ToMatrix() const;
  Vector ToVector() const;
  Labels ToLabels() const;
};

// tests/golden/<name>/<array>.npy; stops the test program when it is not there.
GoldenArray LoadGolden(const std::string& name, const std::string& array);

// Fails the running test unless |actual - expected| <= atol + rtol |expected|
// for every element; says which is worst.
void ExpectClose(const Matrix& actual,
                 const Matrix& expected,
                 double rtol,
                 double atol,
                 const std::string& what);

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_GOLDEN_H_
