#ifndef MODBOUND_SERVER_ANALYSES_STATISTICS_COLUMNS_H_
#define MODBOUND_SERVER_ANALYSES_STATISTICS_COLUMNS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/execution.h"
#include "core/base/matrix.h"
#include "core/base/saved_state.h"
#include "core/statistics/sample_test.h"
#include "server/analyses/analysis.h"
#include "server/arrays/array.h"

namespace modbound {

// Of a finished column in a checkpoint, its name included.
inline constexpr int64_t kKeptColumnBytes = 160;

// What a test found in each of many columns.
class StatisticsColumns {
 public:
  explicit StatisticsColumns(int64_t count);

  // The part of the execution that a column is.
  static std::string PartOf(int64_t column);

  int64_t count() const { return p.size(); }
  void Set(int64_t column, const SampleTestResult& result);

  // Puts back a column that an earlier attempt finished; false when there is
  // none.
  bool Restore(int64_t column, const Execution& execution);
  // The numbers of a finished column take the place of its permutations, which
  // are many times as large. Without room for the numbers of all columns, a
  // column is done again after a restart.
  void Keep(int64_t column, const Execution& execution) const;

  // shape: of the columns, of one number each.
  std::map<std::string, HostArray> Outputs(
      const std::vector<int64_t>& shape) const;

  // One number a column.
  Vector estimate, t, df, p, corrected_p, effect_size;
  std::vector<int64_t> n, other_n;

 private:
  void Save(int64_t column, StateWriter& state) const;
  bool Load(int64_t column, StateReader& state);
};

// The outputs of so many axes, one each of the columns.
std::vector<PlannedOutput> PlanStatisticsOutputs(
    const std::vector<int64_t>& shape);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_STATISTICS_COLUMNS_H_
