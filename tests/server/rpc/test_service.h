#ifndef MODBOUND_TESTS_SERVER_RPC_TEST_SERVICE_H_
#define MODBOUND_TESTS_SERVER_RPC_TEST_SERVICE_H_

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "modbound/v1/artifact.grpc.pb.h"
#include "modbound/v1/job.grpc.pb.h"
#include "modbound/v1/server.grpc.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/upload_store.h"
#include "server/executors/executor.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/grpc_server.h"
#include "server/store/database.h"
#include "tests/support/temporary_folder.h"

namespace modbound {

inline uint32_t Crc32(const std::string& data) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

// The value of a StatusOr that must be there for the test to go on.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << value.status();
    std::abort();
  }
  return *std::move(value);
}

// Raw bytes of numbers, little-endian.
template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

// `count` float64 numbers 0, 1, 2, ... as bytes.
inline std::string VectorBytes(int64_t count) {
  std::vector<double> values(count);
  for (int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<double>(i);
  }
  return BytesOf(values);
}

// Header of an upload of `count` float64 numbers.
inline v1::UploadRequest VectorHeader(int64_t count,
                                      const std::string& upload_id = "") {
  v1::UploadRequest request;
  request.mutable_header()->set_dtype(v1::DType::FLOAT64);
  request.mutable_header()->add_shape(count);
  request.mutable_header()->set_upload_id(upload_id);
  return request;
}

// The chunk of `bytes` from `offset`.
inline v1::UploadRequest ChunkOf(const std::string& bytes,
                                 int64_t offset,
                                 int64_t count) {
  v1::UploadRequest request;
  auto& chunk = *request.mutable_chunk();
  chunk.set_offset(offset);
  chunk.set_data(bytes.substr(offset, count));
  chunk.set_crc32(Crc32(chunk.data()));
  return request;
}

// A job of kind quality: two pairs of units, each joined by weight 1, labelled
// as two modules and as one. With s+ = 4 and every strength 1, the first
// partition has quality 2 (2 - 2 * 2 / 4) / 4 = 0.5, the second
// (4 - 4 * 4 / 4) / 4 = 0.
inline v1::SubmitJobRequest QualityRequest() {
  v1::SubmitJobRequest request;
  v1::Job& job = *request.mutable_job();
  job.mutable_spec()->mutable_quality();
  v1::Array& matrix = (*job.mutable_inputs())["matrix"];
  matrix.set_dtype(v1::DType::FLOAT64);
  matrix.add_shape(4);
  matrix.add_shape(4);
  matrix.set_inline_(
      BytesOf<double>({0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0}));
  v1::Array& labels = (*job.mutable_inputs())["labels"];
  labels.set_dtype(v1::DType::INT32);
  labels.add_shape(2);
  labels.add_shape(4);
  labels.set_inline_(BytesOf<int32_t>({0, 0, 1, 1, 0, 0, 0, 0}));
  return request;
}

// A client's call, broken off after a minute so that no test hangs.
inline std::unique_ptr<grpc::ClientContext> NewCall() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::minutes(1));
  return context;
}

// Makes the queue of a test.
using MakeQueue = std::function<std::unique_ptr<JobQueue>(
    Database&, ArtifactStore&, Executor&, const JobQueueOptions&)>;

inline std::unique_ptr<JobQueue> MakeRealQueue(Database& database,
                                               ArtifactStore& artifacts,
                                               Executor& executor,
                                               const JobQueueOptions& options) {
  return Must(JobQueue::Open(database, artifacts, executor, options));
}

// A server on a free port of loopback over a temporary data directory, and a
// client of it.
class TestService {
 public:
  static constexpr int64_t kMaxUploadBytes = int64_t{1} << 28;

  explicit TestService(const MakeQueue& make_queue = MakeRealQueue,
                       const ServerLimits& limits = {})
      : make_queue_(make_queue), limits_(limits) {
    options_.cores = 2;
    Start();
  }
  ~TestService() { Stop(); }
  TestService(const TestService&) = delete;
  TestService& operator=(const TestService&) = delete;

  // Ends the server as a program would; Start begins anew over the same data.
  void Stop() {
    server_.reset();
    queue_.reset();
    executor_.reset();
    uploads_.reset();
    artifact_store_.reset();
    database_.reset();
  }
  void Start() {
    database_ = Must(Database::Open(folder_.path()));
    artifact_store_ = Must(ArtifactStore::Open(*database_));
    uploads_ =
        Must(UploadStore::Open(*database_, *artifact_store_, kMaxUploadBytes));
    executor_ = MakeThreadExecutor();
    queue_ = make_queue_(*database_, *artifact_store_, *executor_, options_);
    server_ = Must(GrpcServer::Start(*queue_,
                                     *artifact_store_,
                                     *uploads_,
                                     options_,
                                     {"127.0.0.1", 0},
                                     limits_));
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(
        server_->address(), grpc::InsecureChannelCredentials(), arguments);
    jobs_ = v1::JobService::NewStub(channel_);
    artifacts_ = v1::ArtifactService::NewStub(channel_);
    info_ = v1::ServerService::NewStub(channel_);
  }

  // A second server over the same queue and stores.
  absl::StatusOr<std::unique_ptr<GrpcServer>> StartAnother(
      const ListenAddress& address) {
    return GrpcServer::Start(
        *queue_, *artifact_store_, *uploads_, options_, address);
  }

  JobQueue& queue() { return *queue_; }
  GrpcServer& server() { return *server_; }
  const std::string& data_dir() const { return folder_.path(); }
  const JobQueueOptions& options() const { return options_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  v1::JobService::Stub& jobs() { return *jobs_; }
  v1::ArtifactService::Stub& artifacts() { return *artifacts_; }
  v1::ServerService::Stub& info() { return *info_; }

  v1::Job Submit(const v1::SubmitJobRequest& request) {
    v1::Job job;
    const grpc::Status status =
        jobs_->SubmitJob(NewCall().get(), request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }

  // Watches a job to its end; the job as it is then.
  v1::Job WaitFor(const std::string& id) {
    v1::WatchJobRequest watch;
    watch.set_id(id);
    const auto call = NewCall();
    const auto stream = jobs_->WatchJob(call.get(), watch);
    v1::JobEvent event;
    while (stream->Read(&event)) {
    }
    const grpc::Status watched = stream->Finish();
    EXPECT_TRUE(watched.ok()) << watched.error_message();
    v1::GetJobRequest get;
    get.set_id(id);
    v1::Job job;
    const grpc::Status status = jobs_->GetJob(NewCall().get(), get, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }

  // Sends messages of an upload as they are.
  grpc::Status UploadMessages(const std::vector<v1::UploadRequest>& messages,
                              v1::UploadResponse* response) {
    const auto call = NewCall();
    const auto stream = artifacts_->Upload(call.get(), response);
    for (const v1::UploadRequest& message : messages) {
      if (!stream->Write(message)) {
        return stream->Finish();
      }
    }
    stream->WritesDone();
    return stream->Finish();
  }

  // Uploads `bytes` from `offset` in chunks of `chunk_bytes`.
  grpc::Status Upload(const v1::UploadRequest& header,
                      const std::string& bytes,
                      int64_t offset,
                      int64_t chunk_bytes,
                      v1::UploadResponse* response) {
    std::vector<v1::UploadRequest> messages = {header};
    for (; offset < static_cast<int64_t>(bytes.size()); offset += chunk_bytes) {
      messages.push_back(ChunkOf(bytes, offset, chunk_bytes));
    }
    return UploadMessages(messages, response);
  }

  // Appends the data of every chunk to *bytes; chunks must be whole, in order
  // and fit the announced size.
  grpc::Status Download(const v1::DownloadRequest& request,
                        std::string* bytes) {
    const auto call = NewCall();
    const auto stream = artifacts_->Download(call.get(), request);
    int64_t position = request.offset();
    v1::DownloadResponse chunk;
    while (stream->Read(&chunk)) {
      EXPECT_EQ(chunk.offset(), position);
      EXPECT_EQ(chunk.crc32(), Crc32(chunk.data()));
      EXPECT_LE(chunk.data().size(), 256u * 1024);
      position += static_cast<int64_t>(chunk.data().size());
      EXPECT_LE(position, chunk.total_bytes());
      bytes->append(chunk.data());
    }
    const grpc::Status status = stream->Finish();
    if (status.ok()) {
      EXPECT_EQ(position, chunk.total_bytes());
    }
    return status;
  }

 private:
  const MakeQueue make_queue_;
  const ServerLimits limits_;
  const TemporaryFolder folder_;
  JobQueueOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> artifact_store_;
  std::unique_ptr<UploadStore> uploads_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<v1::ServerService::Stub> info_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_RPC_TEST_SERVICE_H_
