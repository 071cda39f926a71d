#ifndef MODBOUND_TESTS_SERVER_RPC_RAW_CALL_H_
#define MODBOUND_TESTS_SERVER_RPC_RAW_CALL_H_

#include <memory>
#include <string>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/sync_stream.h"
#include "gtest/gtest.h"
#include "server/rpc/test_service.h"

namespace modbound {

// Starts an operation and waits for it; whether it worked.
template <typename Start>
bool DoOperation(grpc::CompletionQueue& queue, const Start& start) {
  int tag = 0;
  start(&tag);
  void* done = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&done, &ok));
  EXPECT_EQ(done, &tag);
  return ok;
}

// Sends one message of raw bytes to a method, whatever its kind; the status of
// the call.
inline grpc::Status SendRaw(const std::shared_ptr<grpc::Channel>& channel,
                            const std::string& method,
                            const std::string& bytes,
                            std::string* reply = nullptr) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto call = NewCall();
  const auto stream = stub.PrepareCall(call.get(), method, &queue);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  DoOperation(queue, [&](void* tag) { stream->StartCall(tag); });
  DoOperation(queue, [&](void* tag) { stream->WriteLast(request, {}, tag); });
  while (DoOperation(queue, [&](void* tag) { stream->Read(&response, tag); })) {
    grpc::Slice whole;
    if (reply != nullptr && response.TrySingleSlice(&whole).ok()) {
      reply->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    }
  }
  DoOperation(queue, [&](void* tag) { stream->Finish(&status, tag); });
  return status;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_RPC_RAW_CALL_H_
