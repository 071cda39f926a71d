// Measures the calls of a running server, from C++ so that the client costs
// little. Usage: rpc_bench ADDRESS MODE NUMBER SECONDS, where MODE is
//   submit  NUMBER clients submit no-op jobs, one after another each
//   get     one client asks for one job, over and over (NUMBER is not used)
//   result  one client submits a no-op job and waits for its end, over and over
// A no-op job is `quality` of a 3 x 3 matrix, its gamma never used before: the
// cheapest kind that runs. Prints {"calls", "seconds", "p50", "p99"}, the last
// two in seconds; exit 1 on any error.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "modbound/v1/job.grpc.pb.h"

namespace modbound {
namespace {

using Clock = std::chrono::steady_clock;
using Stub = v1::JobService::Stub;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Check(const grpc::Status& status) {
  if (!status.ok()) {
    std::cerr << status.error_code() << ": " << status.error_message() << "\n";
    std::exit(1);
  }
}

// Requests for jobs that no other run of this program made either.
class NoOpJobs {
 public:
  NoOpJobs() : run_(std::random_device()()) {
    v1::Job& job = *request_.mutable_job();
    job.mutable_spec()->mutable_quality()->set_keep_diagonal(true);
    v1::Array& matrix = (*job.mutable_inputs())["matrix"];
    matrix.set_dtype(v1::DType::FLOAT64);
    const double eye[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    matrix.set_inline_(
        std::string(reinterpret_cast<const char*>(eye), sizeof(eye)));
    matrix.add_shape(3);
    matrix.add_shape(3);
    v1::Array& labels = (*job.mutable_inputs())["labels"];
    labels.set_dtype(v1::DType::INT32);
    const int32_t modules[3] = {0, 0, 1};
    labels.set_inline_(
        std::string(reinterpret_cast<const char*>(modules), sizeof(modules)));
    labels.add_shape(3);
  }

  v1::SubmitJobRequest Next() {
    const uint64_t number = next_++;
    v1::SubmitJobRequest request = request_;
    request.set_request_id(std::to_string(run_) + "-" + std::to_string(number));
    // All 52 bits behind 1: 32 of the run, 20 of the job.
    const uint64_t bits = uint64_t{run_} << 20 | number;
    request.mutable_job()->mutable_spec()->mutable_quality()->set_gamma(
        1 + std::ldexp(static_cast<double>(bits), -52));
    return request;
  }

 private:
  const uint32_t run_;
  std::atomic<uint64_t> next_{1};
  v1::SubmitJobRequest request_;
};

// A call does not end because its connection is only being made.
void Await(grpc::ClientContext& context) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
}

v1::Job Submit(Stub& stub, NoOpJobs& jobs) {
  grpc::ClientContext context;
  Await(context);
  v1::Job job;
  Check(stub.SubmitJob(&context, jobs.Next(), &job));
  return job;
}

void AwaitEnd(Stub& stub, const std::string& id) {
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_id(id);
  const auto events = stub.WatchJob(&context, request);
  v1::JobEvent event;
  v1::JobState::State state = v1::JobState::UNSPECIFIED;
  while (events->Read(&event)) {
    if (event.has_snapshot()) {
      state = event.snapshot().state();
    } else if (event.has_state_change()) {
      state = event.state_change().state();
    }
  }
  Check(events->Finish());
  if (state != v1::JobState::SUCCEEDED) {
    std::cerr << "job " << id << " ended in state " << state << "\n";
    std::exit(1);
  }
}

void Get(Stub& stub, const std::string& id) {
  grpc::ClientContext context;
  v1::GetJobRequest request;
  request.set_id(id);
  v1::Job job;
  Check(stub.GetJob(&context, request, &job));
}

std::unique_ptr<Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::JobService::NewStub(grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments));
}

// How long each call took.
template <typename Call>
std::vector<double> Repeat(double seconds, const Call& call) {
  std::vector<double> taken;
  const Clock::time_point begin = Clock::now();
  while (SecondsSince(begin) < seconds) {
    const Clock::time_point start = Clock::now();
    call();
    taken.push_back(SecondsSince(start));
  }
  return taken;
}

std::vector<double> SubmitFromMany(const std::string& address,
                                   int clients,
                                   double seconds) {
  NoOpJobs jobs;
  std::mutex mutex;
  std::vector<double> taken;
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      const auto stub = Connect(address);
      const std::vector<double> mine =
          Repeat(seconds, [&] { Submit(*stub, jobs); });
      const std::lock_guard<std::mutex> lock(mutex);
      taken.insert(taken.end(), mine.begin(), mine.end());
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return taken;
}

std::vector<double> Measure(const std::string& address,
                            const std::string& mode,
                            int clients,
                            double seconds) {
  if (mode == "submit") {
    return SubmitFromMany(address, clients, seconds);
  }
  NoOpJobs jobs;
  const auto stub = Connect(address);
  if (mode == "get") {
    const std::string id = Submit(*stub, jobs).id();
    AwaitEnd(*stub, id);
    return Repeat(seconds, [&] { Get(*stub, id); });
  }
  return Repeat(seconds, [&] { AwaitEnd(*stub, Submit(*stub, jobs).id()); });
}

int Main(const std::vector<std::string>& words) {
  if (words.size() != 5) {
    std::cerr << "usage: rpc_bench ADDRESS submit|get|result CLIENTS SECONDS\n";
    return 2;
  }
  const Clock::time_point begin = Clock::now();
  std::vector<double> taken =
      Measure(words[1], words[2], std::stoi(words[3]), std::stod(words[4]));
  const double seconds = SecondsSince(begin);
  std::sort(taken.begin(), taken.end());
  std::cout << "{\"calls\": " << taken.size() << ", \"seconds\": " << seconds
            << ", \"p50\": " << taken[taken.size() / 2]
            << ", \"p99\": " << taken[taken.size() * 99 / 100] << "}\n";
  return 0;
}

}  // namespace
}  // namespace modbound

int main(int count, char** words) {
  return modbound::Main({words, words + count});
}
