#ifndef MODBOUND_TESTS_SERVER_ANALYSES_MODULE_KINDS_H_
#define MODBOUND_TESTS_SERVER_ANALYSES_MODULE_KINDS_H_

#include <cstring>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "server/analyses/analysis.h"
#include "support/golden.h"

// What the tests of the kinds about modules share.
namespace modbound {

inline HostArray GoldenInput(const std::string& name,
                             const std::string& array) {
  return HostArray::FromMatrix(LoadGolden(name, array).ToMatrix(), {});
}

inline HostArray GoldenLabels(const std::string& name,
                              const std::string& array) {
  return HostArray::FromLabels(LoadGolden(name, array).ToLabels(), {});
}

inline absl::StatusOr<Outcome> RunKind(const v1::Spec& spec,
                                       const InputArrays& inputs,
                                       int threads = 1) {
  Execution execution;
  execution.threads = threads;
  return RunJob(spec, inputs, int64_t{4} << 30, execution);
}

// The plan of arrays whose values are not known yet.
inline absl::StatusOr<Plan> PlanUnseen(v1::Spec& spec,
                                       const InputArrays& inputs) {
  InputInfos infos;
  for (const auto& [name, array] : inputs) {
    infos[name] = {array.dtype(), array.shape(), std::nullopt, nullptr};
  }
  return PlanJob(spec, infos);
}

// Same bytes at 1, 2 and 4 threads, and every output as planned.
inline void ExpectPlannedAndRepeatable(const v1::Spec& spec,
                                       const InputArrays& inputs) {
  v1::Spec planned = spec;
  const auto plan = PlanUnseen(planned, inputs);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto one = RunKind(spec, inputs);
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ(one->outputs.size(), plan->outputs.size());
  for (const PlannedOutput& output : plan->outputs) {
    ASSERT_EQ(one->outputs.count(output.name), 1u) << output.name;
    EXPECT_EQ(one->outputs.at(output.name).shape(), output.shape);
    EXPECT_EQ(one->outputs.at(output.name).dtype(), output.dtype);
    EXPECT_EQ(one->outputs.at(output.name).axes(), output.axes);
  }
  for (const int threads : {2, 4}) {
    const auto more = RunKind(spec, inputs, threads);
    ASSERT_TRUE(more.ok()) << more.status();
    EXPECT_EQ(more->summary.SerializeAsString(),
              one->summary.SerializeAsString());
    for (const auto& [name, array] : one->outputs) {
      const HostArray& other = more->outputs.at(name);
      ASSERT_EQ(other.size_bytes(), array.size_bytes());
      EXPECT_EQ(std::memcmp(other.data(),
                            array.data(),
                            static_cast<std::size_t>(array.size_bytes())),
                0)
          << name;
    }
  }
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_ANALYSES_MODULE_KINDS_H_
