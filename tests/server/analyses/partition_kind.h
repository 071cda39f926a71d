#ifndef MODBOUND_TESTS_SERVER_ANALYSES_PARTITION_KIND_H_
#define MODBOUND_TESTS_SERVER_ANALYSES_PARTITION_KIND_H_

#include "module_kinds.h"

namespace modbound {

inline constexpr char kTrained[] = "modularity_rnn64_zerodiag";

inline v1::Spec PartitionSpec() {
  v1::Spec spec;
  spec.mutable_partition();
  return spec;
}

inline HostArray Columns(const Matrix& activity) {
  return HostArray::FromMatrix(activity, {});
}

inline absl::Status RefusedPlan(v1::Spec spec, const InputArrays& inputs) {
  return PlanUnseen(spec, inputs).status();
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_ANALYSES_PARTITION_KIND_H_
