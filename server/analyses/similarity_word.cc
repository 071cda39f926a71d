#include "server/analyses/similarity_word.h"

namespace modbound {

absl::StatusOr<SimilarityMatrix> SimilarityOf(v1::Similarity::Measure measure,
                                              bool of_rows,
                                              const Matrix& values,
                                              const Execution& execution) {
  switch (measure) {
    case v1::Similarity::COSINE:
      return of_rows ? CosineOfRows(values, execution)
                     : CosineOfColumns(values, execution);
    case v1::Similarity::HAMMING:
      return of_rows ? HammingOfRows(values, execution)
                     : HammingOfColumns(values, execution);
    default:
      return of_rows ? CorrelationOfRows(values, execution)
                     : CorrelationOfColumns(values, execution);
  }
}

absl::StatusOr<SimilarityRows> SimilarityRowsOf(v1::Similarity::Measure measure,
                                                bool of_rows,
                                                const Matrix& values,
                                                const Execution& execution) {
  if (measure == v1::Similarity::COSINE) {
    return of_rows ? CosineRowsOfRows(values, execution)
                   : CosineRowsOfColumns(values, execution);
  }
  return of_rows ? CorrelationRowsOfRows(values, execution)
                 : CorrelationRowsOfColumns(values, execution);
}

}  // namespace modbound
