#ifndef MODBOUND_CLIENT_CLI_OUTAGE_H_
#define MODBOUND_CLIENT_CLI_OUTAGE_H_

#include <chrono>

namespace modbound {

// A time in which the server does not answer: it is waited for until that has
// lasted for a patience.
class Outage {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Outage(std::chrono::seconds patience) : patience_(patience) {}

  // After each failure, of which the first begins it. False = give up.
  bool MayLast(Clock::time_point now = Clock::now()) {
    if (!lasts_) {
      lasts_ = true;
      since_ = now;
    }
    return now - since_ < patience_;
  }
  bool lasts() const { return lasts_; }
  // There was an answer.
  void End() { lasts_ = false; }

 private:
  const std::chrono::seconds patience_;
  bool lasts_ = false;
  Clock::time_point since_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_OUTAGE_H_
