#ifndef MODBOUND_SERVER_JOBS_SUBMIT_RULES_H_
#define MODBOUND_SERVER_JOBS_SUBMIT_RULES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "modbound/v1/job.pb.h"

namespace modbound {

inline constexpr int kMaxNodes = 10000;
inline constexpr int kMaxLabels = 64;
inline constexpr int kMaxPriority = 1000;

// What a submission may say, seen without the store: texts, lengths, ranges,
// fields that only the server sets, names of nodes. `path` is put before the
// fields of a job: "" for a job by itself, "nodes[3].job.". `now_us`: wall
// time, for the deadline. Errors: kInvalidArgument UNKNOWN_FIELD, BAD_TEXT,
// OUT_OF_RANGE, CONTRADICTION, MISSING_FIELD, BAD_NAME; kResourceExhausted
// TOO_LARGE.
absl::Status CheckRequestId(const std::string& request_id);
absl::Status CheckSubmittedJob(const v1::Job& job,
                               const std::string& path,
                               int64_t now_us);
absl::Status CheckNodes(const v1::SubmitGraphRequest& request);

// SHA-256 of the request without its id: what "the same body" means. `method`
// keeps equal bytes of two methods apart.
std::string BodyDigest(std::string_view method,
                       const google::protobuf::Message& body);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_SUBMIT_RULES_H_
