#ifndef MODBOUND_CLIENT_CLI_JSON_OUTPUT_H_
#define MODBOUND_CLIENT_CLI_JSON_OUTPUT_H_

#include "client/cli/json_text.h"
#include "google/protobuf/message.h"
#include "modbound/v1/job.pb.h"

// Messages of the contract -> JSON for scripts.
namespace modbound {

// Proto JSON with the contract's own names; fields with their default value are
// there too (but not unset optional ones).
Json ToJson(const google::protobuf::Message& message);

// What DIR/summary.json holds: job_id, kind, state, the summary's fields,
// outputs (name -> dtype, shape, axes, artifact), provenance, cache_info;
// `error` when the job has one.
Json SummaryJson(const v1::Job& job);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_JSON_OUTPUT_H_
