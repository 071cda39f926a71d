#ifndef MODBOUND_TESTS_FAULTS_REQUESTS_PIPELINED_CALLS_H_
#define MODBOUND_TESTS_FAULTS_REQUESTS_PIPELINED_CALLS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/all_methods.h"
#include "server/rpc/test_service.h"

namespace modbound {

// How a call ended.
struct CallResult {
  grpc::Status status;
  // The last message that came.
  grpc::ByteBuffer reply;
  // From its start to its end.
  std::chrono::nanoseconds took{};
};

// Makes many calls of one method with messages of raw bytes, several at a
// time, on one thread.
class PipelinedCalls {
 public:
  // Called with the number of the call.
  using Request = std::function<std::vector<std::string>(int64_t)>;
  using Done = std::function<void(int64_t, const CallResult&)>;

  PipelinedCalls(const std::shared_ptr<grpc::Channel>& channel,
                 const google::protobuf::MethodDescriptor& method)
      : stub_(channel), method_(method), path_(PathOf(method)) {}

  // Calls from `first` to `end` - 1, `at_once` of them at a time.
  void Run(int64_t first,
           int64_t end,
           int at_once,
           const Request& request,
           const Done& done) {
    int64_t next = first;
    int open = 0;
    const auto start = [&] {
      auto* call = new Call;
      call->number = next;
      call->messages = request(next);
      ++next;
      ++open;
      Start(*call);
    };
    while (open < at_once && next < end) {
      start();
    }
    void* tag = nullptr;
    bool ok = false;
    while (open > 0 && queue_.Next(&tag, &ok)) {
      auto* call = static_cast<Call*>(tag);
      if (!Step(*call, ok)) {
        continue;
      }
      call->result.took = std::chrono::steady_clock::now() - call->begin;
      done(call->number, call->result);
      delete call;
      --open;
      if (next < end) {
        start();
      }
    }
  }

  // One call by itself.
  CallResult RunOne(const std::vector<std::string>& messages) {
    CallResult result;
    Run(
        0,
        1,
        1,
        [&](int64_t) { return messages; },
        [&](int64_t, const CallResult& call) { result = call; });
    return result;
  }

 private:
  enum class Phase { kWriting, kReading, kFinishing };
  struct Call {
    int64_t number = 0;
    std::vector<std::string> messages;
    size_t written = 0;
    Phase phase = Phase::kWriting;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> unary;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
    grpc::ByteBuffer message;
    CallResult result;
    std::chrono::steady_clock::time_point begin;
  };

  void Start(Call& call) {
    call.context = NewCall();
    call.begin = std::chrono::steady_clock::now();
    if (!method_.client_streaming() && !method_.server_streaming()) {
      // In one operation: by far the most calls.
      const grpc::Slice slice(call.messages.front());
      call.unary = stub_.PrepareUnaryCall(
          call.context.get(), path_, grpc::ByteBuffer(&slice, 1), &queue_);
      call.unary->StartCall();
      call.phase = Phase::kFinishing;
      call.unary->Finish(&call.result.reply, &call.result.status, &call);
      return;
    }
    call.stream = stub_.PrepareCall(call.context.get(), path_, &queue_);
    call.stream->StartCall(&call);
  }

  // Goes on after an operation; whether the call has ended.
  bool Step(Call& call, bool ok) {
    if (call.phase == Phase::kFinishing) {
      return true;
    }
    if (call.phase == Phase::kReading) {
      if (ok) {
        call.result.reply = call.message;
      }
      if (!ok || !method_.server_streaming()) {
        Finish(call);
      } else {
        call.stream->Read(&call.message, &call);
      }
      return false;
    }
    if (!ok) {
      Finish(call);  // the server has ended it already
    } else if (call.written < call.messages.size()) {
      const grpc::Slice slice(call.messages[call.written++]);
      const grpc::ByteBuffer bytes(&slice, 1);
      const bool last = call.written == call.messages.size();
      call.stream->Write(
          bytes,
          last ? grpc::WriteOptions().set_last_message() : grpc::WriteOptions(),
          &call);
    } else {
      call.phase = Phase::kReading;
      call.stream->Read(&call.message, &call);
    }
    return false;
  }

  void Finish(Call& call) {
    call.phase = Phase::kFinishing;
    call.stream->Finish(&call.result.status, &call);
  }

  grpc::GenericStub stub_;
  const google::protobuf::MethodDescriptor& method_;
  const std::string path_;
  grpc::CompletionQueue queue_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_REQUESTS_PIPELINED_CALLS_H_
