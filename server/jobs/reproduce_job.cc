#include "server/jobs/reproduce_job.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/field_rules.h"
#include "server/jobs/definite_inputs.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_state.h"

namespace modbound {
namespace {

// Same dtype, shape and bytes: the digest is over the bytes alone.
bool SameArray(const v1::Array& a, const v1::Array& b) {
  return a.artifact() == b.artifact() && a.dtype() == b.dtype() &&
         std::equal(a.shape().begin(),
                    a.shape().end(),
                    b.shape().begin(),
                    b.shape().end());
}

// No summary holds a map: the same values are the same bytes.
std::string ComparedBytes(v1::Summary summary) {
  ClearMeasured(summary);
  return summary.SerializeAsString();
}

}  // namespace

absl::StatusOr<v1::Job> JobToReproduce(Connection& connection,
                                       const std::string& owner,
                                       const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(const StoredJob stored,
                            LoadJob(connection, owner, id));
  if (stored.job.state() != v1::JobState::SUCCEEDED) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "WRONG_STATE",
                     "",
                     absl::StrCat("job ",
                                  id,
                                  " is ",
                                  StateWord(stored.job.state()),
                                  "; only a job that SUCCEEDED has a result to "
                                  "compare with"));
  }
  v1::Job job;
  *job.mutable_spec() = stored.job.spec();
  *job.mutable_labels() = stored.job.labels();
  job.set_no_cache(true);
  MODBOUND_ASSIGN_OR_RETURN(const auto inputs,
                            DefiniteInputs(connection, stored.job));
  job.mutable_inputs()->insert(inputs.begin(), inputs.end());
  return job;
}

absl::StatusOr<v1::Reproduction> CompareWithSource(Connection& connection,
                                                   const std::string& source,
                                                   const v1::Job& result) {
  v1::Reproduction reproduction;
  reproduction.set_source_job(source);
  const auto stored = LoadAnyJob(connection, source);
  if (absl::IsNotFound(stored.status())) {
    return reproduction;
  }
  MODBOUND_RETURN_IF_ERROR(stored.status());
  const auto& before = stored->job.outputs();
  const auto& now = result.outputs();
  std::set<std::string> different;
  for (const auto& [name, array] : now) {
    const auto found = before.find(name);
    if (found == before.end() || !SameArray(array, found->second)) {
      different.insert(name);
    }
  }
  for (const auto& [name, array] : before) {
    if (now.count(name) == 0) {
      different.insert(name);
    }
  }
  if (ComparedBytes(stored->job.summary()) != ComparedBytes(result.summary())) {
    different.insert("summary");
  }
  reproduction.set_same(different.empty());
  reproduction.mutable_different()->Assign(different.begin(), different.end());
  return reproduction;
}

}  // namespace modbound
