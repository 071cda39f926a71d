#ifndef MODBOUND_SERVER_ANALYSES_QUALITY_OPTIONS_H_
#define MODBOUND_SERVER_ANALYSES_QUALITY_OPTIONS_H_

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "core/modules/quality.h"
#include "modbound/v1/modules.pb.h"
#include "server/analyses/analysis.h"

namespace modbound {

// The core's word for a quality function; `name` has passed the field rules.
QualityFunction ToCore(v1::QualityFunction::Name name);

// Rounding unit of the type that an input was stored in.
double EpsilonOf(DTypeEnum dtype);

// Options of a spec with the fields quality, gamma, keep_diagonal, directed.
template <typename SpecType>
QualityOptions QualityOptionsOf(const SpecType& spec, DTypeEnum matrix_dtype) {
  QualityOptions options;
  options.function = ToCore(spec.quality());
  options.gamma = spec.gamma();
  options.keep_diagonal = spec.keep_diagonal();
  options.directed = spec.directed();
  options.epsilon = EpsilonOf(matrix_dtype);
  return options;
}

// Refuses a matrix that the quality function is not defined for, as far as its
// facts are known: NOT_SYMMETRIC unless `directed`, NEGATIVE_WEIGHT for
// MODULARITY, NOT_BINARY for POTTS (off and on the diagonal).
absl::Status CheckWeights(const InputInfo& info,
                          v1::QualityFunction::Name quality,
                          bool directed,
                          const std::string& field);

// OUT_OF_RANGE for "quality" when it is CUSTOM, of a kind that takes no
// null_matrix.
absl::Status RefuseCustom(v1::QualityFunction::Name quality);

// Refuses CUSTOM without null_matrix (MISSING_FIELD) and null_matrix without
// CUSTOM (CONTRADICTION); checks null_matrix like a matrix.
absl::Status CheckNullMatrix(const InputInfos& inputs,
                             v1::QualityFunction::Name quality,
                             bool directed);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_QUALITY_OPTIONS_H_
