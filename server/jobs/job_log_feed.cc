#include "server/jobs/job_log_feed.h"

#include <optional>
#include <utility>

#include "core/base/error.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_state.h"

namespace modbound {
namespace {

// Bytes of one message.
constexpr int64_t kMostPieceBytes = int64_t{64} << 10;

class StoredLogFeed final : public JobLogFeed {
 public:
  StoredLogFeed(Database& database,
                JobLogs& logs,
                std::string owner,
                const v1::GetLogsRequest& request)
      : database_(database),
        logs_(logs),
        owner_(std::move(owner)),
        job_(request.id()),
        follow_(request.follow()),
        offset_(request.offset()) {}

  // Checks job and offset; without `follow`, what is there now is the end.
  absl::Status Begin() {
    MODBOUND_RETURN_IF_ERROR(HasJobEnded().status());
    MODBOUND_ASSIGN_OR_RETURN(const LogFile::Piece piece,
                              logs_.Read(job_, offset_, kMostLogLine));
    end_ = piece.length;
    return absl::OkStatus();
  }

  void Hold(std::unique_ptr<WatchHub::Subscription> subscription) {
    subscription_ = std::move(subscription);
  }

  bool done() const override { return done_; }

  absl::StatusOr<std::optional<v1::GetLogsResponse>> Next() override {
    std::optional<v1::GetLogsResponse> response;
    // Before the log is read: the last line comes before the end.
    MODBOUND_ASSIGN_OR_RETURN(const bool ended, HasJobEnded());
    MODBOUND_ASSIGN_OR_RETURN(LogFile::Piece piece,
                              logs_.Read(job_, offset_, kMostPieceBytes));
    if (piece.text.empty()) {
      done_ = ended || !follow_;
      return response;
    }
    response.emplace();
    response->set_offset(piece.offset);
    response->set_dropped_bytes(piece.dropped);
    offset_ = piece.offset + static_cast<int64_t>(piece.text.size());
    response->set_next_offset(offset_);
    response->set_text(std::move(piece.text));
    done_ = !follow_ && offset_ >= end_;
    return response;
  }

 private:
  // Also whether it is still there.
  absl::StatusOr<bool> HasJobEnded() {
    bool ended = false;
    MODBOUND_RETURN_IF_ERROR(
        database_.Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(const StoredJob stored,
                                    LoadJob(connection, owner_, job_));
          ended = HasEnded(stored.job.state());
          return absl::OkStatus();
        }));
    return ended;
  }

  Database& database_;
  JobLogs& logs_;
  const std::string owner_;
  const std::string job_;
  const bool follow_;
  int64_t offset_;
  int64_t end_ = 0;
  bool done_ = false;
  std::unique_ptr<WatchHub::Subscription> subscription_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<JobLogFeed>> OpenLogFeed(
    Database& database,
    JobLogs& logs,
    WatchHub& hub,
    const std::string& owner,
    const v1::GetLogsRequest& request,
    std::function<void()> wake) {
  auto feed = std::make_unique<StoredLogFeed>(database, logs, owner, request);
  // Checked first: nobody subscribes to jobs that are not theirs.
  MODBOUND_RETURN_IF_ERROR(feed->Begin());
  feed->Hold(hub.Subscribe(request.id(), std::move(wake)));
  return feed;
}

}  // namespace modbound
