#include "server/rpc/grpc_server.h"

#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "server/rpc/all_methods.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/message.h"
#include "server/rpc/raw_call.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

using grpc::StatusCode;

class GrpcServerTest : public testing::Test {
 protected:
  grpc::Status Send(const std::string& method,
                    const std::string& bytes,
                    std::string* reply = nullptr) {
    return SendRaw(service_.channel(), method, bytes, reply);
  }

  void ExpectAlive() {
    v1::ServerInfo info;
    EXPECT_TRUE(service_.info().GetServerInfo(NewCall().get(), {}, &info).ok());
  }

  TestService service_;
};

// A field of number 0 ends every parser; the others are a length beyond the end
// and a varint without an end.
TEST_F(GrpcServerTest, RefusesBytesThatAreNoMessageInEveryMethod) {
  const auto methods = AllMethods();
  ASSERT_GE(methods.size(), 15u);
  for (const auto* method : methods) {
    for (const std::string& bytes : {std::string("\x02\x01", 2),
                                     std::string("\x0a\x7f\x41"),
                                     std::string(100, '\xff')}) {
      SCOPED_TRACE(method->full_name());
      ExpectError(Send(PathOf(*method), bytes),
                  StatusCode::INVALID_ARGUMENT,
                  "BAD_TEXT",
                  "");
    }
  }
  ExpectAlive();
}

TEST_F(GrpcServerTest, SurvivesRandomBytesInEveryMethod) {
  std::mt19937 random(7);  // NOLINT: the same bytes in every run
  for (const auto* method : AllMethods()) {
    for (int i = 0; i < 200; ++i) {
      std::string bytes(random() % 64, '\0');
      for (char& byte : bytes) {
        byte = static_cast<char>(random());
      }
      const grpc::Status status = Send(PathOf(*method), bytes);
      if (!status.ok()) {
        SCOPED_TRACE(method->full_name());
        EXPECT_NE(status.error_code(), StatusCode::INTERNAL)
            << status.error_message();
        EXPECT_NE(ReasonOf(ErrorOf(status)), "INTERNAL");
      }
    }
  }
  ExpectAlive();
}

TEST_F(GrpcServerTest, RefusesMessagesAboveOneMebibyteInEveryMethod) {
  v1::GetJobRequest request;
  request.set_id(std::string(kMaxMessageBytes, 'x'));
  const std::string large = request.SerializeAsString();
  for (const auto* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    ExpectError(Send(PathOf(*method), large),
                StatusCode::RESOURCE_EXHAUSTED,
                "TOO_LARGE",
                "");
  }
  // Beyond what gRPC itself takes.
  request.set_id(std::string(5 * kMaxMessageBytes, 'x'));
  EXPECT_EQ(Send("/modbound.v1.JobService/GetJob", request.SerializeAsString())
                .error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  ExpectAlive();
}

// Messages within messages, far deeper than protobuf's parser goes.
TEST_F(GrpcServerTest, RefusesDeepNesting) {
  std::string bytes;
  for (int i = 0; i < 10000; ++i) {
    bytes += '\x0b';  // field 1, start of a group
  }
  EXPECT_EQ(Send("/modbound.v1.JobService/GetJob", bytes).error_code(),
            StatusCode::INVALID_ARGUMENT);
  ExpectAlive();
}

TEST_F(GrpcServerTest, UnknownMethodsAreUnimplemented) {
  EXPECT_EQ(Send("/modbound.v1.JobService/NoSuchMethod", "").error_code(),
            StatusCode::UNIMPLEMENTED);
}

// grpc.health.v1.HealthCheckResponse { status = 1: 1 SERVING, 2 NOT_SERVING }.
TEST_F(GrpcServerTest, HealthTellsWhetherItServes) {
  std::string reply;
  ASSERT_TRUE(Send("/grpc.health.v1.Health/Check", "", &reply).ok());
  EXPECT_EQ(reply, "\x08\x01");
  service_.server().AnnounceStop();
  ASSERT_TRUE(Send("/grpc.health.v1.Health/Check", "", &reply).ok());
  EXPECT_EQ(reply, "\x08\x02");
  ExpectAlive();  // calls are still answered
}

// ServerReflectionRequest { list_services = 7: "" }; the reply names services.
TEST_F(GrpcServerTest, ReflectionListsTheServices) {
  std::string reply;
  ASSERT_TRUE(Send("/grpc.reflection.v1alpha.ServerReflection/"
                   "ServerReflectionInfo",
                   std::string("\x3a\x00", 2),
                   &reply)
                  .ok());
  for (const char* name : {"modbound.v1.JobService",
                           "modbound.v1.ArtifactService",
                           "modbound.v1.ServerService"}) {
    EXPECT_NE(reply.find(name), std::string::npos) << name;
  }
}

TEST_F(GrpcServerTest, AnUploadInProgressHearsThatTheServerStops) {
  const auto call = NewCall();
  v1::UploadResponse response;
  const auto stream = service_.artifacts().Upload(call.get(), &response);
  ASSERT_TRUE(stream->Write(VectorHeader(10, "stopped")));
  // Known to the server, so that the call is open when it stops.
  v1::QueryUploadRequest query;
  query.set_upload_id("stopped");
  v1::QueryUploadResponse committed;
  while (!service_.artifacts()
              .QueryUpload(NewCall().get(), query, &committed)
              .ok()) {
  }
  service_.server().Stop(std::chrono::minutes(1));
  ExpectError(stream->Finish(), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "");
}

TEST_F(GrpcServerTest, APortServesOneServer) {
  TestService other;
  const std::string& address = service_.server().address();
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const auto taken = other.StartAnother({"127.0.0.1", port});
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(taken.status().message().find(address), std::string::npos);
}

TEST_F(GrpcServerTest, AUnixSocketIsTheOwnersAloneAndRemovedAtTheEnd) {
  const std::string path = service_.data_dir() + "/socket";
  auto server = service_.StartAnother({path, -1});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->address(), "unix:" + path);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto stub = v1::ServerService::NewStub(grpc::CreateChannel(
      (*server)->address(), grpc::InsecureChannelCredentials()));
  v1::ServerInfo reply;
  EXPECT_TRUE(stub->GetServerInfo(NewCall().get(), {}, &reply).ok());
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace modbound
