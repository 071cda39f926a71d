#include "server/metrics/metrics.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "build_info.h"
#include "modbound/v1/job.pb.h"
#include "server/files/file_io.h"
#include "server/files/resident_bytes.h"
#include "server/jobs/job_state.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

const prometheus::Histogram::BucketBoundaries kJobBuckets = {
    0.01, 0.1, 1, 10, 60, 600, 3600, 36000};
const prometheus::Histogram::BucketBoundaries kCallBuckets = {
    0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 10};

// Why attempts of whatever kind are put back; another reason gets its series
// when it comes.
constexpr const char* kPutBackReasons[] = {"DISK_FULL",
                                           "INTERNAL",
                                           "MEMORY_LIMIT",
                                           "OVERLOADED",
                                           "SERVER_STOPPING",
                                           "WORKER_CRASHED",
                                           "WORKER_HUNG",
                                           "WORKER_STOPPED"};
// The same of jobs that end, the usual end first.
constexpr std::pair<v1::JobState::State, const char*> kEnds[] = {
    {v1::JobState::SUCCEEDED, ""},
    {v1::JobState::CANCELLED, "CANCELLED"},
    {v1::JobState::SKIPPED, "DEPENDENCY_FAILED"},
    {v1::JobState::FAILED, "ATTEMPTS_EXHAUSTED"},
    {v1::JobState::FAILED, "DEADLINE_PASSED"},
    {v1::JobState::FAILED, "DEGENERATE"},
    {v1::JobState::FAILED, "DIGEST_MISMATCH"},
    {v1::JobState::FAILED, "DISK_FULL"},
    {v1::JobState::FAILED, "DIVERGED"},
    {v1::JobState::FAILED, "INTERNAL"},
    {v1::JobState::FAILED, "MEMORY_LIMIT"},
    {v1::JobState::FAILED, "NOT_FINITE"},
    {v1::JobState::FAILED, "OUT_OF_RANGE"},
    {v1::JobState::FAILED, "QUOTA_EXCEEDED"},
    {v1::JobState::FAILED, "RUN_TIME_EXCEEDED"},
    {v1::JobState::FAILED, "WRONG_SHAPE"}};

// Not less than 0, whatever the wall clock did.
double SecondsBetween(int64_t from_us, int64_t to_us) {
  return from_us == 0 || to_us < from_us
             ? 0
             : static_cast<double>(to_us - from_us) * 1e-6;
}

double OpenFiles() {
  int count = 0;
  if (DIR* dir = ::opendir("/proc/self/fd")) {
    while (::readdir(dir) != nullptr) {
      ++count;
    }
    ::closedir(dir);
  }
  // ".", ".." and the one that reads them.
  return count - 3;
}

prometheus::ClientMetric Gauge(double value,
                               const std::string& label = "",
                               const std::string& word = "") {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  if (!label.empty()) {
    metric.label.push_back({label, word});
  }
  return metric;
}

prometheus::MetricFamily FamilyOf(
    const std::string& name,
    const std::string& help,
    std::vector<prometheus::ClientMetric> metrics) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  family.metric = std::move(metrics);
  return family;
}

class Gauges final : public prometheus::Collectable {
 public:
  explicit Gauges(Metrics::Sources sources) : sources_(std::move(sources)) {}

  // What cannot be read now is left out.
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    if (const auto queue = sources_.queue(); queue.ok()) {
      families.push_back(FamilyOf(
          "modbound_jobs",
          "Jobs that have not ended",
          {Gauge(static_cast<double>(queue->waiting()), "state", "WAITING"),
           Gauge(static_cast<double>(queue->queued()), "state", "QUEUED"),
           Gauge(static_cast<double>(queue->running()), "state", "RUNNING")}));
      families.push_back(FamilyOf(
          "modbound_cores", "Cores for jobs", {Gauge(queue->cores())}));
      families.push_back(FamilyOf("modbound_leased_cores",
                                  "Cores that running jobs hold",
                                  {Gauge(queue->leased_cores())}));
    }
    if (const auto bytes = sources_.stored_bytes(); bytes.ok()) {
      families.push_back(FamilyOf("modbound_stored_bytes",
                                  "Bytes of all arrays",
                                  {Gauge(static_cast<double>(*bytes))}));
    }
    if (const auto free = FreeDiskBytes(sources_.data_dir); free.ok()) {
      families.push_back(FamilyOf("modbound_disk_free_bytes",
                                  "Room on the disk of data_dir",
                                  {Gauge(static_cast<double>(*free))}));
    }
    families.push_back(FamilyOf("modbound_ready",
                                "1 while new jobs are taken",
                                {Gauge(sources_.ready() ? 1 : 0)}));
    prometheus::ClientMetric build = Gauge(1, "version", kVersion);
    build.label.push_back({"isa", kIsa});
    families.push_back(
        FamilyOf("modbound_build_info", "This build", {std::move(build)}));
    families.push_back(FamilyOf("process_resident_memory_bytes",
                                "Memory in use",
                                {Gauge(static_cast<double>(ResidentBytes()))}));
    families.push_back(FamilyOf(
        "process_open_fds", "Open file descriptors", {Gauge(OpenFiles())}));
    families.push_back(FamilyOf("process_start_time_seconds",
                                "When it started, since 1970",
                                {Gauge(started_)}));
    return families;
  }

 private:
  const Metrics::Sources sources_;
  // Made when the server starts.
  const double started_ = static_cast<double>(WallMicros()) * 1e-6;
};

prometheus::Family<prometheus::Counter>& CounterFamily(
    prometheus::Registry& registry,
    const std::string& name,
    const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(
    prometheus::Registry& registry,
    const std::string& name,
    const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      submitted_(CounterFamily(
          *registry_, "modbound_jobs_submitted_total", "Jobs accepted")),
      started_(CounterFamily(
          *registry_, "modbound_attempts_started_total", "Attempts begun")),
      put_back_(CounterFamily(*registry_,
                              "modbound_attempts_put_back_total",
                              "Attempts whose job was queued again")),
      ended_(CounterFamily(
          *registry_, "modbound_jobs_ended_total", "Jobs that ended")),
      hits_(CounterFamily(*registry_,
                          "modbound_cache_hits_total",
                          "Jobs that got the result of an equal one")),
      queue_seconds_(HistogramFamily(
          *registry_, "modbound_job_queue_seconds", "From ready to start")),
      run_seconds_(HistogramFamily(*registry_,
                                   "modbound_job_run_seconds",
                                   "From start to end of the last attempt")),
      calls_(CounterFamily(*registry_, "modbound_rpcs_total", "Calls ended")),
      call_seconds_(HistogramFamily(*registry_,
                                    "modbound_rpc_seconds",
                                    "From the begin of a call to its end")) {
  const auto* kinds = v1::Spec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string kind(kinds->field(i)->name());
    for (const char* reason : kPutBackReasons) {
      put_back_.Add({{"kind", kind}, {"reason", reason}});
    }
    for (const auto& [state, reason] : kEnds) {
      ended_.Add(
          {{"kind", kind}, {"state", StateWord(state)}, {"reason", reason}});
    }
  }
}

void Metrics::JobChanged(const StateChange& change) {
  const JobSchedule& schedule = change.schedule;
  const std::string& kind = schedule.kind;
  if (change.submitted) {
    submitted_.Add({{"kind", kind}}).Increment();
  } else if (change.state == v1::JobState::RUNNING) {
    started_.Add({{"kind", kind}}).Increment();
    queue_seconds_.Add({{"kind", kind}}, kJobBuckets)
        .Observe(SecondsBetween(schedule.ready_us, schedule.start_us));
  } else if (change.state == v1::JobState::QUEUED && schedule.attempt > 0) {
    put_back_.Add({{"kind", kind}, {"reason", change.reason}}).Increment();
  }
  if (!HasEnded(change.state)) {
    return;
  }
  ended_
      .Add({{"kind", kind},
            {"state", StateWord(change.state)},
            {"reason", change.reason}})
      .Increment();
  if (change.from_cache) {
    hits_.Add({{"kind", kind}}).Increment();
  } else if (schedule.start_us != 0) {
    run_seconds_.Add({{"kind", kind}}, kJobBuckets)
        .Observe(SecondsBetween(schedule.start_us, change.time_us));
  }
}

void Metrics::CallEnded(const std::string& method, int code, double seconds) {
  calls_.Add({{"method", method}, {"code", std::to_string(code)}}).Increment();
  call_seconds_.Add({{"method", method}}, kCallBuckets).Observe(seconds);
}

std::vector<std::shared_ptr<prometheus::Collectable>> Metrics::Collectables(
    Sources sources) const {
  return {registry_, std::make_shared<Gauges>(std::move(sources))};
}

}  // namespace modbound
