#ifndef MODBOUND_SERVER_ANALYSES_SIMILARITY_WORD_H_
#define MODBOUND_SERVER_ANALYSES_SIMILARITY_WORD_H_

#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/modules/similarity.h"
#include "modbound/v1/modules.pb.h"

namespace modbound {

// Similarity of the rows of a matrix, or of the columns of activity. measure:
// not GIVEN. Errors: those of the core's function.
absl::StatusOr<SimilarityMatrix> SimilarityOf(v1::Similarity::Measure measure,
                                              bool of_rows,
                                              const Matrix& values,
                                              const Execution& execution);

// The rows whose products it is; measure: CORRELATION or COSINE.
absl::StatusOr<SimilarityRows> SimilarityRowsOf(v1::Similarity::Measure measure,
                                                bool of_rows,
                                                const Matrix& values,
                                                const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_SIMILARITY_WORD_H_
