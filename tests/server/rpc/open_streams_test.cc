#include "server/rpc/open_streams.h"

#include <chrono>
#include <future>

#include "gtest/gtest.h"

namespace modbound {
namespace {

// Counts what it is told.
class CountingStream : public Stream {
 public:
  void Stop() override { ++stops; }
  void Tick(std::chrono::steady_clock::time_point /*now*/) override {
    if (++ticks == 3) {
      thrice.set_value();
    }
  }
  int stops = 0;
  int ticks = 0;
  std::promise<void> thrice;
};

TEST(OpenStreams, TellsTimeAgainAndAgain) {
  CountingStream stream;
  OpenStreams streams(std::chrono::milliseconds(1));
  streams.Add(&stream);
  stream.thrice.get_future().wait();
  streams.Remove(&stream);
  const int ticks = stream.ticks;
  // Another stream's ticks would be its own too.
  CountingStream other;
  streams.Add(&other);
  other.thrice.get_future().wait();
  streams.Remove(&other);
  EXPECT_EQ(stream.ticks, ticks);
}

TEST(OpenStreams, StopsThoseThatAreOpenAndThoseThatCome) {
  OpenStreams streams(std::chrono::hours(1));
  CountingStream before;
  CountingStream after;
  CountingStream removed;
  streams.Add(&before);
  streams.Add(&removed);
  streams.Remove(&removed);
  streams.Stop();
  streams.Add(&after);
  EXPECT_EQ(before.stops, 1);
  EXPECT_EQ(after.stops, 1);
  EXPECT_EQ(removed.stops, 0);
  streams.Remove(&before);
  streams.Remove(&after);
}

}  // namespace
}  // namespace modbound
