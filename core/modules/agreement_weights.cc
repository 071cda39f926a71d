#include "core/modules/agreement_weights.h"

namespace modbound {
namespace {

// counts[j] += 1 where labels[j] == own. Vectorised: int32 throughout.
void CountEqual(const std::vector<int32_t>& labels,
                int32_t own,
                int32_t* counts) {
  for (std::size_t j = 0; j < labels.size(); ++j) {
    counts[j] += labels[j] == own ? 1 : 0;
  }
}

}  // namespace

AgreementWeights::AgreementWeights(const AgreementGroups& groups,
                                   double tau,
                                   double factor)
    : ComputedWeights(static_cast<int64_t>(groups.size.size())),
      groups_(groups),
      tau_(tau),
      factor_(factor) {}

void AgreementWeights::MakeTile(absl::Span<const int32_t> rows,
                                absl::Span<const int32_t> columns,
                                Matrix& tile) const {
  std::vector<int32_t> counts(rows.size() * columns.size(), 0);
  std::vector<int32_t> chosen(columns.size());
  for (const Labels& labels : groups_.of_partitions) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      chosen[c] = labels[columns[c]];
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
      CountEqual(chosen, labels[rows[r]], counts.data() + r * columns.size());
    }
  }
  const auto runs = static_cast<double>(groups_.of_partitions.size());
  for (Eigen::Index r = 0; r < tile.rows(); ++r) {
    const int32_t g = rows[r];
    const auto own = static_cast<double>(groups_.size[g]);
    for (Eigen::Index c = 0; c < tile.cols(); ++c) {
      const int32_t h = columns[c];
      const double fraction = counts[r * tile.cols() + c] / runs;
      const auto partners =
          static_cast<double>(groups_.size[h] - (g == h ? 1 : 0));
      tile(r, c) = fraction < tau_ ? 0 : fraction * (own * partners) * factor_;
    }
  }
}

}  // namespace modbound
