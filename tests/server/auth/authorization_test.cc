#include "server/auth/authorization.h"

#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"

namespace modbound {
namespace {

// Paths of all RPCs of the contract, from the compiled descriptors.
std::set<std::string> ContractPaths() {
  std::set<std::string> paths;
  for (const google::protobuf::FileDescriptor* file :
       {v1::Job::descriptor()->file(),
        v1::ArtifactStat::descriptor()->file(),
        v1::ServerInfo::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        paths.insert("/" + file->service(i)->full_name() + "/" +
                     file->service(i)->method(j)->name());
      }
    }
  }
  return paths;
}

TEST(Authorization, ListsEveryRpcOfTheContract) {
  std::set<std::string> listed;
  for (const Rpc rpc : kAllRpcs) {
    listed.insert(PathOf(rpc));
    EXPECT_TRUE(IsRpc(PathOf(rpc)));
    // Nothing of the contract is for people without a name.
    EXPECT_NE(AccessOf(rpc), Access::kPublic) << PathOf(rpc);
  }
  EXPECT_EQ(listed, ContractPaths());
}

TEST(Authorization, JobsAndArtifactsAreTheirOwners) {
  for (const Rpc rpc : kAllRpcs) {
    const std::string path = PathOf(rpc);
    EXPECT_EQ(AccessOf(rpc) == Access::kOwnObjects,
              path.find("/modbound.v1.ServerService/") == std::string::npos)
        << path;
  }
}

TEST(Authorization, OnlyHealthIsPublic) {
  EXPECT_EQ(AccessOfPath("/grpc.health.v1.Health/Check"), Access::kPublic);
  EXPECT_EQ(AccessOfPath("/grpc.health.v1.Health/Watch"), Access::kPublic);
  for (const char* path :
       {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.HealthX/Check",
        "/modbound.v1.JobService/Nothing",
        ""}) {
    EXPECT_EQ(AccessOfPath(path), Access::kCaller) << path;
    EXPECT_FALSE(IsRpc(path));
  }
}

}  // namespace
}  // namespace modbound
