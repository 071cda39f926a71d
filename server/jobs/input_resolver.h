#ifndef MODBOUND_SERVER_JOBS_INPUT_RESOLVER_H_
#define MODBOUND_SERVER_JOBS_INPUT_RESOLVER_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/analyses/analysis.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/fact_finder.h"
#include "server/jobs/producers.h"

namespace modbound {

inline constexpr int kMaxInputs = 1000;

// The inputs of a submitted job, made definite.
struct ResolvedInputs {
  // Groups and prefixes expanded, inline bytes turned into artifacts, outputs
  // with the id of their job and their own name.
  std::map<std::string, v1::Array> arrays;
  InputInfos infos;
  // Artifacts of the inputs that have one already.
  std::map<std::string, std::string> digests;
  // Ids of the jobs whose outputs are taken.
  std::set<std::string> needs;
  // Inline bytes, to be committed with the job.
  std::vector<StagedArtifact> staged;
  // Digests that must have a row when the job is committed; staged ones
  // included.
  std::set<std::string> artifacts;
};

// Makes inputs definite. An input that is an output of another job:
// - a group ("network") stands for its members, each the output of its name;
//   members given by themselves go before the group's;
// - a prefix ("variables" or "variables/*") stands for all outputs with it;
// - any other without an output's name takes the output of its own name.
// Not safe from two threads.
class InputResolver {
 public:
  // `owner`: whose artifacts may be named.
  InputResolver(ArtifactStore& artifacts,
                const std::string& owner,
                Producers& producers,
                FactFinder& facts)
      : artifacts_(artifacts),
        owner_(owner),
        producers_(producers),
        facts_(facts) {}

  // Sets no facts but those of inline arrays. Errors, for fields "inputs.NAME":
  // kInvalidArgument BAD_TEXT, WRONG_SHAPE, WRONG_DTYPE, MISSING_FIELD,
  // CONTRADICTION; kResourceExhausted TOO_LARGE; kNotFound ARTIFACT_NOT_FOUND,
  // JOB_NOT_FOUND, OUTPUT_NOT_FOUND; kFailedPrecondition DEPENDENCY_FAILED.
  absl::StatusOr<ResolvedInputs> Resolve(const Analysis& analysis,
                                         const v1::Job& job);

  // Adds the facts that are known now: once it is clear that the kind takes the
  // inputs. Errors: those of the store, for fields "inputs.NAME".
  absl::Status AddFacts(ResolvedInputs& resolved);

 private:
  absl::Status AddArray(const std::string& name,
                        const v1::Array& array,
                        ResolvedInputs& resolved);
  absl::Status AddInline(const std::string& name,
                         v1::Array array,
                         ResolvedInputs& resolved);
  absl::Status AddArtifact(const std::string& name,
                           const v1::Array& array,
                           ResolvedInputs& resolved);
  absl::Status AddOutputs(const Analysis& analysis,
                          const std::string& name,
                          const v1::OutputRef& reference,
                          ResolvedInputs& resolved);
  absl::Status AddOutput(const std::string& name,
                         const Producer& producer,
                         const std::string& output,
                         ResolvedInputs& resolved);

  ArtifactStore& artifacts_;
  const std::string owner_;
  Producers& producers_;
  FactFinder& facts_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_INPUT_RESOLVER_H_
