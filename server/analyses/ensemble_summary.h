#ifndef MODBOUND_SERVER_ANALYSES_ENSEMBLE_SUMMARY_H_
#define MODBOUND_SERVER_ANALYSES_ENSEMBLE_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "modbound/v1/job.pb.h"
#include "server/analyses/analysis.h"
#include "server/arrays/array.h"

// Summaries of the networks of an ensemble, as arrays and as one summary; all
// from the descriptor of the kind's summary. What means what: EnsembleSummary.
namespace modbound {

// A number, flag or word of a summary, perhaps inside messages of it.
struct SummaryScalar {
  std::string name;  // "step.r"
  std::vector<const google::protobuf::FieldDescriptor*> path;
  bool measured = false;

  // INT64 for whole numbers, INT32 for words.
  DTypeEnum dtype() const;
  // Whether it has a mean.
  bool is_number() const;
};

// Of the kind's summary, in the order of its fields; lists and text have none.
std::vector<SummaryScalar> ScalarsOf(const Analysis& analysis);

// In the order of the networks; unset = failed.
using NetworkSummaries = std::vector<std::optional<v1::Summary>>;

// The array per_network/NAME of a scalar.
HostArray PerNetwork(const SummaryScalar& scalar,
                     const std::string& kind,
                     const NetworkSummaries& summaries);

// The summary of an ensemble. `failures`: of each network, OK where there is
// none. At least one has none.
v1::Summary SummariseNetworks(const Analysis& analysis,
                              const NetworkSummaries& summaries,
                              const std::vector<absl::Status>& failures);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_ENSEMBLE_SUMMARY_H_
