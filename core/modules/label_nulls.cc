#include "core/modules/label_nulls.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/base/random.h"
#include "core/modules/labels.h"
#include "core/modules/quality_input.h"

namespace modbound {
namespace {

// What the surrogates of a block of draws are made of, a column a draw.
struct DrawnMaps {
  Matrix targets;
  Matrix permuted;
  Matrix noise;
  std::vector<std::vector<int32_t>> module_of;  // of a draw's numbers
};

DrawnMaps DrawMaps(const Labels& labels,
                   uint64_t seed,
                   int64_t first,
                   int64_t count) {
  const auto n = static_cast<Eigen::Index>(labels.size());
  DrawnMaps maps{Matrix(n, count), Matrix(n, count), Matrix(n, count), {}};
  for (int64_t b = 0; b < count; ++b) {
    RandomStream random(seed,
                        RandomPurpose::kVariogramSurrogate,
                        static_cast<uint64_t>(first + b));
    std::vector<int32_t> module_of(NumModules(labels));
    std::iota(module_of.begin(), module_of.end(), 0);
    random.Shuffle(module_of);
    std::vector<int32_t> number_of(module_of.size());
    for (std::size_t number = 0; number < module_of.size(); ++number) {
      number_of[module_of[number]] = static_cast<int32_t>(number);
    }
    Labels order = labels;
    random.Shuffle(order);
    for (Eigen::Index i = 0; i < n; ++i) {
      maps.targets(i, b) = number_of[labels[i]];
      maps.permuted(i, b) = number_of[order[i]];
      maps.noise(i, b) = random.Normal();
    }
    maps.module_of.push_back(std::move(module_of));
  }
  return maps;
}

}  // namespace

LabelNull PermutedLabels(uint64_t seed) {
  return [seed](const Labels& labels,
                int64_t first,
                int64_t count) -> absl::StatusOr<std::vector<Labels>> {
    std::vector<Labels> draws;
    for (int64_t draw = first; draw < first + count; ++draw) {
      RandomStream random(
          seed, RandomPurpose::kLabelPermutation, static_cast<uint64_t>(draw));
      draws.push_back(labels);
      random.Shuffle(draws.back());
    }
    return draws;
  };
}

LabelNull VariogramLabels(const VariogramSurrogates& surrogates,
                          uint64_t seed,
                          const Execution& execution) {
  return [&surrogates, seed, &execution](
             const Labels& labels,
             int64_t first,
             int64_t count) -> absl::StatusOr<std::vector<Labels>> {
    const DrawnMaps maps = DrawMaps(labels, seed, first, count);
    MODBOUND_ASSIGN_OR_RETURN(
        const SurrogateMaps made,
        surrogates.Of(maps.targets, maps.permuted, maps.noise, execution));
    std::vector<Labels> draws;
    for (int64_t b = 0; b < count; ++b) {
      const Vector numbers = RankMatched(made.maps.col(b), maps.targets.col(b));
      Labels draw(labels.size());
      for (std::size_t i = 0; i < draw.size(); ++i) {
        draw[i] = maps.module_of[b][static_cast<std::size_t>(
            numbers[static_cast<Eigen::Index>(i)])];
      }
      draws.push_back(std::move(draw));
    }
    return draws;
  };
}

absl::Status CheckDistances(const Matrix& distances,
                            int64_t n,
                            double epsilon,
                            const Execution& execution) {
  if (distances.rows() != n || distances.cols() != n) {
    return Refuse(reason::kWrongShape,
                  "distances",
                  absl::StrCat("distances is ",
                               distances.rows(),
                               " x ",
                               distances.cols(),
                               "; expected ",
                               n,
                               " x ",
                               n));
  }
  MODBOUND_RETURN_IF_ERROR(CheckFinite(distances, "distances"));
  const double least = n == 0 ? 0 : distances.minCoeff();
  if (least < 0) {
    return Refuse(
        reason::kOutOfRange,
        "distances",
        absl::StrCat("distances has a value of ", least, "; allowed: >= 0"));
  }
  return CheckSymmetric(distances, epsilon, "distances", execution);
}

}  // namespace modbound
