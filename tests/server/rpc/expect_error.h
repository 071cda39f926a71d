#ifndef MODBOUND_TESTS_SERVER_RPC_EXPECT_ERROR_H_
#define MODBOUND_TESTS_SERVER_RPC_EXPECT_ERROR_H_

#include <string>

#include "core/base/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "modbound/v1/error.pb.h"
#include "server/errors/error_status.h"

namespace modbound {

// The error that a client reads from the details of a call's status; fails the
// running test unless there is exactly one ErrorInfo, of a documented reason.
inline absl::Status ErrorOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  int infos = 0;
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) {
      ++infos;
      EXPECT_EQ(info.domain(), "modbound");
      v1::ErrorReason::Reason reason{};
      EXPECT_TRUE(v1::ErrorReason::Reason_Parse(info.reason(), &reason))
          << info.reason();
    }
  }
  EXPECT_EQ(infos, 1) << status.error_message();
  return FromRpcStatus(details);
}

// Fails the running test unless a call ended in this error.
inline void ExpectError(const grpc::Status& status,
                        grpc::StatusCode code,
                        const std::string& reason,
                        const std::string& field) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  if (status.ok()) {
    return;
  }
  const absl::Status error = ErrorOf(status);
  EXPECT_EQ(ReasonOf(error), reason) << status.error_message();
  EXPECT_EQ(FieldOf(error), field) << status.error_message();
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_RPC_EXPECT_ERROR_H_
