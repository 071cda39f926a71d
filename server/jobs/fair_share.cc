#include "server/jobs/fair_share.h"

#include <algorithm>
#include <cmath>

namespace modbound {

double FairShare::Decayed(double core_seconds,
                          double seconds,
                          double half_life) {
  // A wall clock that was set back gives nothing back.
  return core_seconds * std::exp2(-std::max(seconds, 0.0) / half_life);
}

double FairShare::UsedAt(const Owner& owner, SteadyTime now) const {
  return Decayed(owner.used, Seconds(owner.at, now), half_life_);
}

void FairShare::Load(const std::string& owner,
                     double core_seconds,
                     SteadyTime now) {
  Owner& one = owners_[owner];
  one.used = core_seconds;
  one.at = now;
}

void FairShare::Begin(const std::string& owner, int cores, SteadyTime now) {
  const auto [found, added] = owners_.try_emplace(owner);
  Owner& one = found->second;
  if (added) {
    one.at = now;
  }
  ++one.attempts;
  one.cores += cores;
  one.begins += cores * SinceEpoch(now);
}

void FairShare::End(const std::string& owner,
                    int cores,
                    SteadyTime begin,
                    SteadyTime now) {
  Owner& one = owners_[owner];
  one.used = UsedAt(one, now) + cores * Seconds(begin, now);
  one.at = now;
  --one.attempts;
  one.cores -= cores;
  // Exactly 0 again, whatever rounding the sums had.
  one.begins = one.attempts == 0 ? 0 : one.begins - cores * SinceEpoch(begin);
}

void FairShare::BoundLead(const std::vector<std::string>& owners,
                          double most,
                          SteadyTime now) {
  double largest = 0;
  for (const std::string& owner : owners) {
    largest = std::max(largest, Usage(owner, now));
  }
  for (const std::string& owner : owners) {
    const double lead = largest - Usage(owner, now);
    if (lead > most) {
      Owner& one = owners_[owner];
      one.used = UsedAt(one, now) + (lead - most);
      one.at = now;
    }
  }
}

double FairShare::Usage(const std::string& owner, SteadyTime now) const {
  const auto found = owners_.find(owner);
  if (found == owners_.end()) {
    return 0;
  }
  const Owner& one = found->second;
  return UsedAt(one, now) + one.cores * (SinceEpoch(now) + 1) - one.begins;
}

int FairShare::running(const std::string& owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? 0 : found->second.attempts;
}

}  // namespace modbound
