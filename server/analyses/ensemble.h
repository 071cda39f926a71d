#ifndef MODBOUND_SERVER_ANALYSES_ENSEMBLE_H_
#define MODBOUND_SERVER_ANALYSES_ENSEMBLE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "server/analyses/analysis.h"
#include "server/analyses/ensemble_inputs.h"

// Ensembles of networks, whatever the kind: its plan and run are asked for one
// network at a time, and its outputs and summaries put together. What that
// means for a client: v1::EnsembleSummary.
namespace modbound {

// The ensemble of a job: that of its inputs (FindEnsemble) or of its spec
// (Analysis::networks). The spec's defaults are filled; its "count", when 1,
// becomes the number of networks of the inputs. Errors: those of
// FindEnsemble; CONTRADICTION for the spec's "count" when both have another
// number of networks.
absl::StatusOr<Ensemble> EnsembleOf(const Analysis& analysis,
                                    v1::Spec& spec,
                                    const InputInfos& inputs);

// The plan of the ensemble, `one` being that of each network: with a thread a
// network, so that each holds what a network needs.
Plan PlanOfEnsemble(const Analysis& analysis,
                    const InputInfos& inputs,
                    const Ensemble& ensemble,
                    const Plan& one);

// Runs each network by itself (RunShards): its own seed, its own inputs, whose
// facts are scanned and which are planned once more, so that what is refused in
// one network alone, is refused there: with MEMORY_LIMIT when it needs more
// than `one`, the plan of each network, gives it. Errors: those of RunShards;
// when all networks failed, that of the first.
absl::StatusOr<Outcome> RunEnsemble(const Analysis& analysis,
                                    const v1::Spec& spec,
                                    const InputArrays& inputs,
                                    const InputInfos& infos,
                                    const Ensemble& ensemble,
                                    const Plan& one,
                                    const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_ENSEMBLE_H_
