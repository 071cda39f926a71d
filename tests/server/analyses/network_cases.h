#ifndef MODBOUND_TESTS_SERVER_ANALYSES_NETWORK_CASES_H_
#define MODBOUND_TESTS_SERVER_ANALYSES_NETWORK_CASES_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/analyses/analysis.h"
#include "support/golden.h"

// What the tests of the kinds about networks and their activity share.
namespace modbound {

inline HostArray GoldenHostArray(const std::string& golden,
                                 const std::string& name) {
  const GoldenArray array = LoadGolden(golden, name);
  return HostArray::FromDoubles(array.values, array.shape, {});
}

inline InputArrays GoldenNetworkArrays(const std::string& golden) {
  InputArrays inputs;
  for (const char* name :
       {"w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"}) {
    inputs[name] = GoldenHostArray(golden, name);
  }
  return inputs;
}

inline InputInfos InfosOf(const InputArrays& inputs,
                          const v1::Spec* producer = nullptr) {
  InputInfos infos;
  for (const auto& [name, array] : inputs) {
    infos[name] = {array.dtype(), array.shape(), std::nullopt, producer};
  }
  return infos;
}

inline absl::StatusOr<Outcome> RunWithThreads(const v1::Spec& spec,
                                              const InputArrays& inputs,
                                              int threads = 1) {
  Execution execution;
  execution.threads = threads;
  return RunJob(spec, inputs, int64_t{1} << 32, execution);
}

// Reason and field of the refusal, "" "" when it runs.
inline std::pair<std::string, std::string> RefusalOf(
    const v1::Spec& spec, const InputArrays& inputs) {
  const absl::Status status = RunWithThreads(spec, inputs).status();
  return status.ok() ? std::make_pair(std::string(), std::string())
                     : std::make_pair(ReasonOf(status), FieldOf(status));
}

// The same refusal already at submit, when values are not known.
inline std::pair<std::string, std::string> SubmitRefusalOf(
    v1::Spec spec, const InputArrays& inputs) {
  const absl::Status status = PlanJob(spec, InfosOf(inputs)).status();
  return status.ok() ? std::make_pair(std::string(), std::string())
                     : std::make_pair(ReasonOf(status), FieldOf(status));
}

// Outputs are those of the plan; an extent of -1 may be anything up to
// most_extent.
inline void ExpectOutputsOfPlan(const Plan& plan, const Outcome& outcome) {
  EXPECT_EQ(outcome.outputs.size(), plan.outputs.size());
  for (const PlannedOutput& output : plan.outputs) {
    ASSERT_EQ(outcome.outputs.count(output.name), 1u) << output.name;
    const HostArray& array = outcome.outputs.at(output.name);
    EXPECT_EQ(array.dtype(), output.dtype) << output.name;
    EXPECT_EQ(array.axes(), output.axes) << output.name;
    ASSERT_EQ(array.shape().size(), output.shape.size()) << output.name;
    for (std::size_t i = 0; i < output.shape.size(); ++i) {
      EXPECT_TRUE(output.shape[i] >= 0 || output.most_extent == 0 ||
                  array.shape()[i] <= output.most_extent)
          << output.name;
      EXPECT_TRUE(output.shape[i] == -1 || output.shape[i] == array.shape()[i])
          << output.name << " axis " << i;
    }
  }
}

// The same where every extent of -1 becomes as long as it may.
inline void ExpectLongestOutputsOfPlan(const Plan& plan,
                                       const Outcome& outcome) {
  ExpectOutputsOfPlan(plan, outcome);
  for (const PlannedOutput& output : plan.outputs) {
    for (std::size_t i = 0; i < output.shape.size(); ++i) {
      EXPECT_EQ(outcome.outputs.at(output.name).shape()[i],
                output.shape[i] >= 0 ? output.shape[i] : output.most_extent)
          << output.name;
    }
  }
}

// Outputs are those of the plan made at submit, whose spec can be planned
// again; bytes are equal at 1, 2 and 4 threads.
inline void ExpectPlannedAndSameAtAnyThreadCount(const v1::Spec& spec,
                                                 const InputArrays& inputs) {
  v1::Spec filled = spec;
  const auto plan = PlanJob(filled, InfosOf(inputs));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_GT(plan->memory_bytes, 0);
  const auto one = RunWithThreads(filled, inputs);
  ASSERT_TRUE(one.ok()) << one.status();
  ExpectOutputsOfPlan(*plan, *one);
  for (const int threads : {2, 4}) {
    const auto more = RunWithThreads(spec, inputs, threads);
    ASSERT_TRUE(more.ok()) << more.status();
    EXPECT_EQ(more->summary.SerializeAsString(),
              one->summary.SerializeAsString());
    for (const auto& [name, array] : one->outputs) {
      const HostArray& other = more->outputs.at(name);
      ASSERT_EQ(other.shape(), array.shape()) << name;
      EXPECT_EQ(std::memcmp(other.data(),
                            array.data(),
                            static_cast<std::size_t>(array.size_bytes())),
                0)
          << name;
    }
  }
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_ANALYSES_NETWORK_CASES_H_
