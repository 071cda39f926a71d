#include "core/modules/rewire.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/statistics/correlation.h"

namespace modbound {
namespace {

// Tries a link. A network of half positive, half negative links lets an eighth
// of them through, each of which moves four links: ten moves a link.
constexpr int64_t kTriesPerLink = 20;
// Parts in which weights are given out: more keep strengths better and take
// longer.
constexpr int64_t kParts = 100;
// Tries after which a stop is looked for.
constexpr int64_t kStopTries = 1 << 16;

using LinkSigns =
    Eigen::Matrix<int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Link {
  int32_t i = 0;
  int32_t j = 0;
};

// -1, 0, 1 of each weight; 0 on the diagonal.
LinkSigns SignsOf(const Matrix& weights) {
  LinkSigns signs = weights.array().sign().cast<int8_t>();
  signs.diagonal().setZero();
  return signs;
}

// Links above the diagonal whose sign `is_wanted`.
template <typename Predicate>
std::vector<Link> LinksWhere(const LinkSigns& signs,
                             const Predicate& is_wanted) {
  std::vector<Link> links;
  for (int32_t i = 0; i < signs.rows(); ++i) {
    for (int32_t j = i + 1; j < signs.rows(); ++j) {
      if (is_wanted(signs(i, j))) {
        links.push_back({i, j});
      }
    }
  }
  return links;
}

void SetSign(int32_t i, int32_t j, int8_t sign, LinkSigns& signs) {
  signs(i, j) = sign;
  signs(j, i) = sign;
}

// Exchanges the signs of a-b, c-d with those of a-d, c-b where that keeps every
// node's.
void TrySwitch(Link& first, Link& second, LinkSigns& signs) {
  const auto [a, b] = first;
  const auto [c, d] = second;
  if (a == c || a == d || b == c || b == d) {
    return;
  }
  const int8_t sign = signs(a, b);
  const int8_t other = signs(a, d);
  if (signs(c, d) != sign || signs(c, b) != other || other == sign) {
    return;
  }
  SetSign(a, b, other, signs);
  SetSign(c, d, other, signs);
  SetSign(a, d, sign, signs);
  SetSign(c, b, sign, signs);
  if (other == 0) {
    first = {a, d};
    second = {c, b};
  }
}

absl::Status SwitchSigns(RandomStream& random,
                         const Execution& execution,
                         LinkSigns& signs) {
  std::vector<Link> links =
      LinksWhere(signs, [](int8_t sign) { return sign != 0; });
  const auto count = static_cast<int64_t>(links.size());
  for (int64_t step = 0; step < kTriesPerLink * count; ++step) {
    if (step % kStopTries == 0 && execution.stopped()) {
      return StoppedError();
    }
    Link& first = links[random.Index(links.size())];
    Link& second = links[random.Index(links.size())];
    // The other pair of links that join the same four nodes.
    if (random.Index(2) == 1) {
      std::swap(second.i, second.j);
    }
    TrySwitch(first, second, signs);
  }
  return absl::OkStatus();
}

// A link that has no weight yet, and S_i S_j.
struct RankedLink {
  double expected = 0;
  int32_t link = 0;

  friend bool operator<(const RankedLink& x, const RankedLink& y) {
    return x.expected != y.expected ? x.expected < y.expected : x.link < y.link;
  }
};

// Of 0 ... count - 1, `wanted` in rising order.
std::vector<int64_t> ChooseRanks(int64_t count,
                                 int64_t wanted,
                                 RandomStream& random) {
  std::vector<int64_t> ranks;
  // Selection sampling (Knuth 3.4.2 S).
  for (int64_t rank = 0; wanted > 0; ++rank) {
    if (static_cast<int64_t>(random.Index(count - rank)) < wanted) {
      ranks.push_back(rank);
      --wanted;
    }
  }
  return ranks;
}

// Removes the elements at rising positions.
template <typename T>
void RemoveAt(const std::vector<int64_t>& positions, std::vector<T>& values) {
  std::size_t next = 0;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (next < positions.size() &&
        static_cast<int64_t>(at) == positions[next]) {
      ++next;
    } else {
      values[kept++] = values[at];
    }
  }
  values.resize(kept);
}

// Gives the magnitudes `values` (rising) to the links, in `result` with `sign`.
// strength: what each node is to reach, in units of `largest`.
absl::Status GiveOutWeights(const std::vector<Link>& links,
                            std::vector<double> values,
                            Vector strength,
                            double sign,
                            double largest,
                            RandomStream& random,
                            const Execution& execution,
                            Matrix& result) {
  const auto count = static_cast<int64_t>(links.size());
  const int64_t part = (count + kParts - 1) / kParts;
  std::vector<RankedLink> candidates(links.size());
  for (int64_t link = 0; link < count; ++link) {
    candidates[link].link = static_cast<int32_t>(link);
  }
  while (!candidates.empty()) {
    if (execution.stopped()) {
      return StoppedError();
    }
    for (RankedLink& candidate : candidates) {
      const auto [i, j] = links[candidate.link];
      candidate.expected =
          std::max(strength[i], 0.0) * std::max(strength[j], 0.0);
    }
    std::sort(candidates.begin(), candidates.end());
    const auto left = static_cast<int64_t>(candidates.size());
    const std::vector<int64_t> ranks =
        ChooseRanks(left, std::min(part, left), random);
    for (const int64_t rank : ranks) {
      const auto [i, j] = links[candidates[rank].link];
      result(i, j) = result(j, i) = sign * values[rank];
      strength[i] -= values[rank] / largest;
      strength[j] -= values[rank] / largest;
    }
    RemoveAt(ranks, candidates);
    RemoveAt(ranks, values);
  }
  return absl::OkStatus();
}

// LinkStrengths of the weights of one sign, without the diagonal, in units of
// the largest weight: products of them neither overflow nor vanish.
Vector LinkStrengths(const Matrix& weights, double sign, double largest) {
  Vector strengths(weights.rows());
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    const Eigen::RowVectorXd row =
        (sign * (weights.row(i) / largest)).cwiseMax(0.0);
    strengths[i] = row.head(i).sum() + row.tail(weights.cols() - i - 1).sum();
  }
  return strengths;
}

}  // namespace

absl::StatusOr<RewiredNetwork> RewireSigned(const Matrix& weights,
                                            RandomStream random,
                                            const Execution& execution) {
  LinkSigns signs = SignsOf(weights);
  RewiredNetwork rewired;
  rewired.weights = Matrix::Zero(weights.rows(), weights.cols());
  rewired.weights.diagonal() = weights.diagonal();
  double largest = 0;
  std::vector<std::vector<double>> values(2);
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    for (Eigen::Index j = i + 1; j < weights.rows(); ++j) {
      largest = std::max(largest, std::abs(weights(i, j)));
      if (weights(i, j) != 0) {
        values[weights(i, j) > 0 ? 0 : 1].push_back(std::abs(weights(i, j)));
      }
    }
  }
  if (largest == 0) {
    rewired.positive_strength_r = rewired.negative_strength_r = kNaN;
    return rewired;
  }
  MODBOUND_RETURN_IF_ERROR(SwitchSigns(random, execution, signs));
  for (const int8_t sign : {int8_t{1}, int8_t{-1}}) {
    std::vector<double>& own = values[sign > 0 ? 0 : 1];
    std::sort(own.begin(), own.end());
    const Vector strength = LinkStrengths(weights, sign, largest);
    MODBOUND_RETURN_IF_ERROR(GiveOutWeights(
        LinksWhere(signs, [sign](int8_t own_sign) { return own_sign == sign; }),
        std::move(own),
        strength,
        sign,
        largest,
        random,
        execution,
        rewired.weights));
    (sign > 0 ? rewired.positive_strength_r : rewired.negative_strength_r) =
        PearsonCorrelation(strength,
                           LinkStrengths(rewired.weights, sign, largest))
            .r;
  }
  return rewired;
}

double RewireBytes(int64_t n) {
  const double n2 = static_cast<double>(n) * static_cast<double>(n);
  // Weights and, for strengths, a copy; signs; of each pair two links, a
  // candidate and a magnitude.
  return n2 * (8 + 8 + 1 + (8 + 8 + 16 + 8) / 2.0);
}

}  // namespace modbound
