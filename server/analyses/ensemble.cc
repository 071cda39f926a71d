#include "server/analyses/ensemble.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/shards.h"
#include "server/analyses/ensemble_summary.h"
#include "server/analyses/input_rules.h"
#include "server/analyses/job_path.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/stacked_outputs.h"
#include "server/arrays/facts.h"

namespace modbound {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kPerNetwork[] = "per_network/";
constexpr char kSeedOutput[] = "per_network/seed";

// The spec of the job's kind, and its seed; null when it has none.
Message& KindSpec(const Analysis& analysis, v1::Spec& spec) {
  return *spec.GetReflection()->MutableMessage(
      &spec, v1::Spec::descriptor()->FindFieldByName(analysis.kind));
}
const FieldDescriptor* SeedField(const Analysis& analysis) {
  const FieldDescriptor* seed = v1::Spec::descriptor()
                                    ->FindFieldByName(analysis.kind)
                                    ->message_type()
                                    ->FindFieldByName("seed");
  return seed != nullptr && seed->cpp_type() == FieldDescriptor::CPPTYPE_UINT64
             ? seed
             : nullptr;
}

uint64_t SeedOf(const Analysis& analysis, v1::Spec spec, int64_t network) {
  const Message& kind = KindSpec(analysis, spec);
  return ShardSeed(kind.GetReflection()->GetUInt64(kind, SeedField(analysis)),
                   network);
}

// The spec with which the network could be a job of its own.
v1::Spec SpecOfNetwork(const Analysis& analysis,
                       const v1::Spec& spec,
                       int64_t network) {
  v1::Spec own = spec;
  if (const FieldDescriptor* seed = SeedField(analysis); seed != nullptr) {
    Message& kind = KindSpec(analysis, own);
    kind.GetReflection()->SetUInt64(
        &kind, seed, SeedOf(analysis, spec, network));
  }
  return own;
}

HostArray SeedArray(const Analysis& analysis,
                    const v1::Spec& spec,
                    int64_t networks) {
  HostArray seeds(v1::DType::INT64, {networks}, {kNetworkAxis});
  auto* out = reinterpret_cast<int64_t*>(seeds.mutable_data());
  for (int64_t network = 0; network < networks; ++network) {
    *out++ = static_cast<int64_t>(SeedOf(analysis, spec, network));
  }
  return seeds;
}

// What a network takes up on a thread.
int64_t NetworkBytes(const Plan& one) {
  return BytesOf(static_cast<double>(one.memory_bytes) +
                 static_cast<double>(one.thread_bytes));
}

std::vector<SummaryScalar> ArrayScalars(const Analysis& analysis) {
  std::vector<SummaryScalar> scalars = ScalarsOf(analysis);
  // Output arrays never tell of the machine.
  scalars.erase(std::remove_if(scalars.begin(),
                               scalars.end(),
                               [](const SummaryScalar& scalar) {
                                 return scalar.measured;
                               }),
                scalars.end());
  return scalars;
}

class EnsembleRun {
 public:
  EnsembleRun(const Analysis& analysis,
              const v1::Spec& spec,
              const InputArrays& inputs,
              const InputInfos& infos,
              const Ensemble& ensemble,
              const Plan& one)
      : analysis_(analysis),
        spec_(spec),
        inputs_(inputs),
        infos_(infos),
        ensemble_(ensemble),
        network_bytes_(NetworkBytes(one)),
        outputs_(one.outputs, ensemble.networks),
        summaries_(static_cast<std::size_t>(ensemble.networks)) {}

  absl::StatusOr<Outcome> Run(const Execution& execution) {
    Shards shards;
    shards.name = "network";
    shards.unit = "networks";
    shards.count = ensemble_.networks;
    shards.save = [this](int64_t network, StateWriter& state) {
      Save(network, state);
    };
    shards.load = [this](int64_t network, StateReader& state) {
      return Load(network, state);
    };
    MODBOUND_ASSIGN_OR_RETURN(
        const std::vector<absl::Status> failures,
        RunShards(shards,
                  execution,
                  [this](int64_t network, const Execution& its_execution) {
                    return RunNetwork(network, its_execution);
                  }));
    for (std::size_t i = 0; i < failures.size(); ++i) {
      if (!failures[i].ok()) {
        outputs_.SetMissing(static_cast<int64_t>(i));
      }
    }
    return Finish(failures);
  }

 private:
  std::optional<v1::Summary>& SummaryOf(int64_t network) {
    return summaries_[static_cast<std::size_t>(network)];
  }

  absl::Status RunNetwork(int64_t network, const Execution& execution) {
    absl::StatusOr<Outcome> outcome = PlanAndRun(
        network, ArraysOf(analysis_, inputs_, ensemble_, network), execution);
    if (!outcome.ok()) {
      return WithJobPath(outcome.status(), analysis_);
    }
    MODBOUND_RETURN_IF_ERROR(outcome->failure);
    MODBOUND_RETURN_IF_ERROR(
        outputs_.Set(network, std::move(outcome->outputs)));
    SummaryOf(network) = std::move(outcome->summary);
    return absl::OkStatus();
  }

  absl::StatusOr<Outcome> PlanAndRun(int64_t network,
                                     InputArrays inputs,
                                     const Execution& execution) const {
    InputInfos infos = InfosOfOne(infos_, ensemble_);
    for (const std::string& name : ensemble_.members) {
      infos.at(name).shape = inputs.at(name).shape();
      MODBOUND_ASSIGN_OR_RETURN(infos.at(name).facts,
                                ScanFacts(inputs.at(name), execution.stop));
    }
    MODBOUND_RETURN_IF_ERROR(CheckInputs(analysis_, infos));
    v1::Spec own = SpecOfNetwork(analysis_, spec_, network);
    MODBOUND_ASSIGN_OR_RETURN(const Plan plan, analysis_.plan(own, infos));
    MODBOUND_RETURN_IF_ERROR(CheckMemoryOf(plan));
    return analysis_.run_network == nullptr
               ? analysis_.Run(own, std::move(inputs), infos, execution)
               : analysis_.run_network(spec_, network, inputs, execution);
  }

  // What was not reserved is not used; another network may do with it.
  absl::Status CheckMemoryOf(const Plan& plan) const {
    const int64_t bytes = NetworkBytes(plan);
    return bytes <= network_bytes_
               ? absl::OkStatus()
               : Refuse(reason::kMemoryLimit,
                        "spec",
                        absl::StrCat("the network needs about ",
                                     bytes,
                                     " bytes; planned for each: ",
                                     network_bytes_));
  }

  void Save(int64_t network, StateWriter& state) {
    const std::string summary = SummaryOf(network)->SerializeAsString();
    state.AddInt(static_cast<int64_t>(summary.size()));
    state.Add(summary.data(), static_cast<int64_t>(summary.size()));
    outputs_.Save(network, state);
  }

  bool Load(int64_t network, StateReader& state) {
    int64_t size = 0;
    if (!state.ReadInt(size) || size < 0 || size > state.left()) {
      return false;
    }
    std::string bytes(static_cast<std::size_t>(size), 0);
    v1::Summary summary;
    if (!state.Read(bytes.data(), size) || !summary.ParseFromString(bytes) ||
        !outputs_.Load(network, state)) {
      return false;
    }
    SummaryOf(network) = std::move(summary);
    return true;
  }

  absl::StatusOr<Outcome> Finish(const std::vector<absl::Status>& failures) {
    if (std::none_of(failures.begin(),
                     failures.end(),
                     [](const absl::Status& status) { return status.ok(); })) {
      return MakeError(failures[0].code(),
                       ReasonOf(failures[0]),
                       FieldOf(failures[0]),
                       absl::StrCat("all of the ",
                                    ensemble_.networks,
                                    " networks failed; the first: ",
                                    std::string(failures[0].message())));
    }
    Outcome outcome;
    outcome.outputs = std::move(outputs_).Take();
    for (const SummaryScalar& scalar : ArrayScalars(analysis_)) {
      outcome.outputs[kPerNetwork + scalar.name] =
          PerNetwork(scalar, analysis_.kind, summaries_);
    }
    if (SeedField(analysis_) != nullptr) {
      outcome.outputs[kSeedOutput] =
          SeedArray(analysis_, spec_, ensemble_.networks);
    }
    outcome.summary = SummariseNetworks(analysis_, summaries_, failures);
    if (analysis_.test_networks != nullptr) {
      MODBOUND_RETURN_IF_ERROR(analysis_.test_networks(
          InfosOfOne(infos_, ensemble_), outcome.outputs, outcome.summary));
    }
    return outcome;
  }

  const Analysis& analysis_;
  const v1::Spec& spec_;
  const InputArrays& inputs_;
  const InputInfos& infos_;
  const Ensemble& ensemble_;
  const int64_t network_bytes_;
  StackedOutputs outputs_;
  NetworkSummaries summaries_;
};

}  // namespace

absl::StatusOr<Ensemble> EnsembleOf(const Analysis& analysis,
                                    v1::Spec& spec,
                                    const InputInfos& inputs) {
  MODBOUND_ASSIGN_OR_RETURN(Ensemble ensemble, FindEnsemble(analysis, inputs));
  const int64_t count =
      analysis.networks == nullptr ? 1 : analysis.networks(spec);
  if (count <= 1) {
    if (ensemble.networks > 0 && analysis.set_networks != nullptr) {
      analysis.set_networks(ensemble.networks, spec);
    }
    return ensemble;
  }
  if (ensemble.networks > 0 && ensemble.networks != count) {
    return Refuse(reason::kContradiction,
                  absl::StrCat("spec.", analysis.kind, ".count"),
                  absl::StrCat("count is ",
                               count,
                               "; inputs.",
                               *ensemble.members.begin(),
                               " is of ",
                               ensemble.networks,
                               " networks"));
  }
  ensemble.networks = count;
  return ensemble;
}

Plan PlanOfEnsemble(const Analysis& analysis,
                    const InputInfos& inputs,
                    const Ensemble& ensemble,
                    const Plan& one) {
  Plan plan;
  double bytes = 0;
  for (const PlannedOutput& output : one.outputs) {
    plan.outputs.push_back(StackedOutput(output, ensemble.networks));
    bytes += StackedBytes(output, ensemble.networks);
  }
  for (const SummaryScalar& scalar : ArrayScalars(analysis)) {
    plan.outputs.push_back({kPerNetwork + scalar.name,
                            scalar.dtype(),
                            {ensemble.networks},
                            {kNetworkAxis}});
  }
  if (SeedField(analysis) != nullptr) {
    plan.outputs.push_back(
        {kSeedOutput, v1::DType::INT64, {ensemble.networks}, {kNetworkAxis}});
  }
  // Once more in the checkpoint, as far as that goes.
  bytes += std::min(bytes, static_cast<double>(kMostKeptShardBytes));
  for (const auto& [name, info] : inputs) {
    bytes += InputBytes(inputs, name);
  }
  plan.memory_bytes = BytesOf(bytes);
  plan.thread_bytes = NetworkBytes(one);
  plan.max_threads =
      ThreadsFor(ensemble.networks * std::max<int64_t>(one.max_threads, 1));
  return plan;
}

absl::StatusOr<Outcome> RunEnsemble(const Analysis& analysis,
                                    const v1::Spec& spec,
                                    const InputArrays& inputs,
                                    const InputInfos& infos,
                                    const Ensemble& ensemble,
                                    const Plan& one,
                                    const Execution& execution) {
  return EnsembleRun(analysis, spec, inputs, infos, ensemble, one)
      .Run(execution);
}

}  // namespace modbound
