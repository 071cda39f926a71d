#include "core/base/normal_pairs.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace modbound {
namespace {

// Adding it rounds a small number to a whole one, which then is in the low
// bits.
constexpr double kToWhole = 0x1.8p52;

// log(x) for 0 < x <= 1, normal. x = m 2^e with m in [sqrt(1/2), sqrt(2));
// log m by the rational approximation of Moshier's Cephes library (log.c). No
// branch and no call.
double LogOfFraction(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  // -e, from 0 to 53: a shift of unsigned numbers, which vectors have.
  constexpr uint64_t kSqrtTwo = std::bit_cast<uint64_t>(std::numbers::sqrt2);
  const uint64_t minus_exponent = (kSqrtTwo - bits) >> 52;
  const double m = std::bit_cast<double>(bits + (minus_exponent << 52));
  // A whole number in the low bits of 2^52.
  const double e =
      0x1.0p52 -
      std::bit_cast<double>(std::bit_cast<uint64_t>(0x1.0p52) + minus_exponent);
  const double f = m - 1;
  const double z = f * f;
  double p = 1.01875663804580931796E-4;
  p = p * f + 4.97494994976747001425E-1;
  p = p * f + 4.70579119878881725854E0;
  p = p * f + 1.44989225341610930846E1;
  p = p * f + 1.79368678507819816313E1;
  p = p * f + 7.70838733755885391666E0;
  double q = f + 1.12873587189167450590E1;
  q = q * f + 4.52279145837532221105E1;
  q = q * f + 8.29875266912776603211E1;
  q = q * f + 7.11544750618563894466E1;
  q = q * f + 2.31251620126765340583E1;
  // log 2 in two parts, as there.
  double y = f * (z * p / q);
  y = y - e * 2.121944400546905827679e-4;
  y = y - 0.5 * z;
  return (f + y) + e * 0.693359375;
}

}  // namespace

void MakeNormalPairs(const std::array<double, kNormalPairs>& u,
                     const std::array<double, kNormalPairs>& v,
                     std::array<double, 2 * kNormalPairs>& normals) {
  std::array<double, kNormalPairs> radius{};
  for (std::size_t i = 0; i < kNormalPairs; ++i) {
    radius[i] = std::sqrt(-2 * LogOfFraction(1 - u[i]));
  }
  for (std::size_t i = 0; i < kNormalPairs; ++i) {
    // v = q / 4 + r with |r| <= 1/8, exactly; t = 2 pi r. Polynomials of
    // Cephes (sin.c).
    const double shifted = 4 * v[i] + kToWhole;
    const uint64_t q = std::bit_cast<uint64_t>(shifted);
    const double t =
        2 * std::numbers::pi * (v[i] - 0.25 * (shifted - kToWhole));
    const double z = t * t;
    double s = 1.58962301576546568060E-10;
    s = s * z - 2.50507477628578072866E-8;
    s = s * z + 2.75573136213857245213E-6;
    s = s * z - 1.98412698295895385996E-4;
    s = s * z + 8.33333333332211858878E-3;
    s = s * z - 1.66666666666666307295E-1;
    s = t + t * z * s;
    double c = -1.13585365213876817300E-11;
    c = c * z + 2.08757008419747316778E-9;
    c = c * z - 2.75573141792967388112E-7;
    c = c * z + 2.48015872888517045348E-5;
    c = c * z - 1.38888888888730564116E-3;
    c = c * z + 4.16666666666665929218E-2;
    c = 1 - 0.5 * z + z * z * c;
    // The quadrant: cosine and sine change places in odd ones; the cosine is
    // negative in 1 and 2, the sine in 2 and 3.
    const uint64_t swap = 0 - (q & 1);
    const auto cos_bits = std::bit_cast<uint64_t>(c);
    const auto sin_bits = std::bit_cast<uint64_t>(s);
    const uint64_t cosine = (cos_bits & ~swap) | (sin_bits & swap);
    const uint64_t sine = (sin_bits & ~swap) | (cos_bits & swap);
    const uint64_t cosine_sign = ((q + 1) & 2) << 62;
    const uint64_t sine_sign = (q & 2) << 62;
    normals[2 * i] = radius[i] * std::bit_cast<double>(cosine ^ cosine_sign);
    normals[2 * i + 1] = radius[i] * std::bit_cast<double>(sine ^ sine_sign);
  }
}

}  // namespace modbound
