#include "core/modules/activity_moments.h"

#include <algorithm>
#include <cmath>

namespace modbound {
namespace {

constexpr double kSilentShare = 1e-9;

}  // namespace

void ActivityMoments::Add(const Eigen::Ref<const Eigen::RowVectorXd>& states) {
  if (count_ == 0) {
    first_ = states.transpose();
    sum_ = Vector::Zero(states.size());
    sum_squares_ = Vector::Zero(states.size());
  }
  const auto change = states.transpose() - first_;
  sum_ += change;
  sum_squares_ += change.cwiseAbs2();
  if (states.size() > 0) {
    largest_ = std::max(largest_, states.cwiseAbs().maxCoeff());
  }
  ++count_;
}

// Sums about another first value d away: sum + n d, squares + 2 d sum + n d^2.
// Exact for constant units, where d and the sums are 0.
void ActivityMoments::Join(const ActivityMoments& block) {
  if (block.count_ == 0) {
    return;
  }
  if (count_ == 0) {
    *this = block;
    return;
  }
  const auto n = static_cast<double>(block.count_);
  const Vector d = block.first_ - first_;
  sum_ += block.sum_ + n * d;
  sum_squares_ += block.sum_squares_ + 2 * d.cwiseProduct(block.sum_) +
                  n * d.cwiseProduct(d);
  largest_ = std::max(largest_, block.largest_);
  count_ += block.count_;
}

Vector ActivityMoments::Means() const {
  return first_ + sum_ / static_cast<double>(count_);
}

Vector ActivityMoments::StandardDeviations() const {
  Vector sd(sum_.size());
  const auto n = static_cast<double>(count_);
  for (Eigen::Index i = 0; i < sum_.size(); ++i) {
    const double mean = sum_[i] / n;
    const double variance = std::max(sum_squares_[i] / n - mean * mean, 0.0);
    sd[i] = std::sqrt(variance);
  }
  return sd;
}

std::vector<uint8_t> ActivityMoments::ActiveUnits() const {
  std::vector<uint8_t> active;
  for (const double sd : StandardDeviations()) {
    active.push_back(sd > kSilentShare * largest_ ? 1 : 0);
  }
  return active;
}

int64_t ActivityMoments::SilentUnits() const {
  const std::vector<uint8_t> active = ActiveUnits();
  return std::count(active.begin(), active.end(), 0);
}

}  // namespace modbound
