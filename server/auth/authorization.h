#ifndef MODBOUND_SERVER_AUTH_AUTHORIZATION_H_
#define MODBOUND_SERVER_AUTH_AUTHORIZATION_H_

#include <string_view>

#include "rpc_list.h"  // enum class Rpc, from the contract's descriptors

namespace modbound {

// Who may make a call.
enum class Access {
  // Everybody who reaches the server.
  kPublic,
  // Everybody with an owner's name: says the same to all of them.
  kCaller,
  // The same; what it reads and changes are objects of this owner alone, those
  // of others are to it as if they were not there.
  kOwnObjects,
};

// The authorization table. An RPC of the contract that it does not list fails
// the build (-Wswitch), one that is no RPC any more likewise.
constexpr Access AccessOf(Rpc rpc) {
  switch (rpc) {
    case Rpc::kJobServiceSubmitJob:
    case Rpc::kJobServiceSubmitGraph:
    case Rpc::kJobServiceGetJob:
    case Rpc::kJobServiceListJobs:
    case Rpc::kJobServiceWatchJob:
    case Rpc::kJobServiceCancelJob:
    case Rpc::kJobServiceDeleteJob:
    case Rpc::kJobServiceReproduceJob:
    case Rpc::kJobServiceExplainJob:
    case Rpc::kJobServiceGetLogs:
    case Rpc::kArtifactServiceUpload:
    case Rpc::kArtifactServiceQueryUpload:
    case Rpc::kArtifactServiceDownload:
    case Rpc::kArtifactServiceStatArtifact:
    case Rpc::kArtifactServiceFindMissing:
      return Access::kOwnObjects;
    case Rpc::kServerServiceGetServerInfo:
    case Rpc::kServerServiceGetQueueState:
    case Rpc::kServerServiceListKinds:
      return Access::kCaller;
  }
  // Not reached: an enumerator is always one of the above.
  return Access::kOwnObjects;
}

// Whether the path is that of an RPC of the contract.
bool IsRpc(std::string_view path);

// Of a path that may be no RPC of the contract: health is public, all else
// (reflection) is for callers with a name.
Access AccessOfPath(std::string_view path);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_AUTHORIZATION_H_
