#include "server/analyses/statistics_columns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/checkpoint.h"
#include "core/base/progress_counter.h"

namespace modbound {
namespace {

// Vectors and counts of StatisticsColumns by the names of their outputs.
struct NamedVector {
  const char* name;
  Vector StatisticsColumns::*values;
};
constexpr NamedVector kVectors[] = {
    {"estimate", &StatisticsColumns::estimate},
    {"t", &StatisticsColumns::t},
    {"df", &StatisticsColumns::df},
    {"p", &StatisticsColumns::p},
    {"corrected_p", &StatisticsColumns::corrected_p},
    {"effect_size", &StatisticsColumns::effect_size}};
struct NamedCounts {
  const char* name;
  std::vector<int64_t> StatisticsColumns::*values;
};
constexpr NamedCounts kCounts[] = {{"n", &StatisticsColumns::n},
                                   {"other_n", &StatisticsColumns::other_n}};

// Names of the axes of so many.
std::vector<std::string> ColumnAxes(std::size_t axes) {
  return axes == 1 ? std::vector<std::string>{"column"}
                   : std::vector<std::string>{"row", "column"};
}

}  // namespace

StatisticsColumns::StatisticsColumns(int64_t count)
    : estimate(count),
      t(count),
      df(count),
      p(count),
      corrected_p(count),
      effect_size(count),
      n(static_cast<std::size_t>(count)),
      other_n(static_cast<std::size_t>(count)) {}

std::string StatisticsColumns::PartOf(int64_t column) {
  return absl::StrCat("column ", column);
}

void StatisticsColumns::Set(int64_t column, const SampleTestResult& result) {
  estimate(column) = result.estimate;
  t(column) = result.t;
  df(column) = result.df;
  p(column) = result.p;
  effect_size(column) = result.effect_size;
  n[static_cast<std::size_t>(column)] = result.a.n;
  other_n[static_cast<std::size_t>(column)] = result.b.n;
}

void StatisticsColumns::Save(int64_t column, StateWriter& state) const {
  for (const Vector* values : {&estimate, &t, &df, &p, &effect_size}) {
    state.AddDouble((*values)(column));
  }
  state.AddInt(n[static_cast<std::size_t>(column)]);
  state.AddInt(other_n[static_cast<std::size_t>(column)]);
}

// False when `state` does not hold the column.
bool StatisticsColumns::Load(int64_t column, StateReader& state) {
  for (Vector* values : {&estimate, &t, &df, &p, &effect_size}) {
    if (!state.ReadDouble((*values)(column))) {
      return false;
    }
  }
  return state.ReadInt(n[static_cast<std::size_t>(column)]) &&
         state.ReadInt(other_n[static_cast<std::size_t>(column)]);
}

bool StatisticsColumns::Restore(int64_t column, const Execution& execution) {
  if (execution.checkpoint == nullptr) {
    return false;
  }
  const std::string bytes =
      execution.checkpoint->Last(execution.Name(PartOf(column)));
  StateReader state(bytes);
  return Load(column, state);
}

void StatisticsColumns::Keep(int64_t column, const Execution& execution) const {
  Checkpoint* const checkpoint = execution.checkpoint;
  if (checkpoint == nullptr) {
    return;
  }
  if (count() <= checkpoint->max_bytes() / 2 / kKeptColumnBytes) {
    StateWriter state;
    Save(column, state);
    checkpoint->Keep(execution.Name(PartOf(column)), std::move(state).Take());
  }
  checkpoint->Drop(ForPart(execution, PartOf(column)).part);
}

std::map<std::string, HostArray> StatisticsColumns::Outputs(
    const std::vector<int64_t>& shape) const {
  const std::vector<std::string> axes = ColumnAxes(shape.size());
  std::map<std::string, HostArray> outputs;
  for (const NamedVector& output : kVectors) {
    const Vector& values = this->*output.values;
    outputs[output.name] =
        HostArray::FromDoubles({values.begin(), values.end()}, shape, axes);
  }
  for (const NamedCounts& output : kCounts) {
    const std::vector<int64_t>& values = this->*output.values;
    HostArray array(v1::DType::INT64, shape, axes);
    std::copy(values.begin(),
              values.end(),
              reinterpret_cast<int64_t*>(array.mutable_data()));
    outputs[output.name] = std::move(array);
  }
  return outputs;
}

std::vector<PlannedOutput> PlanStatisticsOutputs(
    const std::vector<int64_t>& shape) {
  std::vector<PlannedOutput> outputs;
  for (const NamedVector& output : kVectors) {
    outputs.push_back(
        {output.name, v1::DType::FLOAT64, shape, ColumnAxes(shape.size())});
  }
  for (const NamedCounts& output : kCounts) {
    outputs.push_back(
        {output.name, v1::DType::INT64, shape, ColumnAxes(shape.size())});
  }
  return outputs;
}

}  // namespace modbound
