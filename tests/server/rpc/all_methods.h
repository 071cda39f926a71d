#ifndef MODBOUND_TESTS_SERVER_RPC_ALL_METHODS_H_
#define MODBOUND_TESTS_SERVER_RPC_ALL_METHODS_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "modbound/v1/artifact.pb.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"

namespace modbound {

// Every RPC of the contract.
inline std::vector<const google::protobuf::MethodDescriptor*> AllMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* file : {v1::Job::descriptor()->file(),
                           v1::UploadRequest::descriptor()->file(),
                           v1::ServerInfo::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back(file->service(i)->method(j));
      }
    }
  }
  return methods;
}

// As gRPC names it.
inline std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_RPC_ALL_METHODS_H_
