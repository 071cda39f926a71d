#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/progress_counter.h"
#include "core/statistics/multiple_tests.h"
#include "core/statistics/ranks.h"
#include "server/analyses/analysis.h"
#include "server/analyses/network_tests.h"
#include "server/analyses/plan_estimates.h"
#include "server/analyses/registry.h"
#include "server/analyses/statistics_columns.h"

namespace modbound {
namespace {

constexpr int32_t kDefaultPermutations = 1000;
// Of significant_columns.
constexpr double kSignificance = 0.05;

// Extents of the columns of a sample: what follows its first axis.
std::vector<int64_t> ColumnsOf(const std::vector<int64_t>& shape) {
  return shape.size() < 2
             ? std::vector<int64_t>{1}
             : std::vector<int64_t>(shape.begin() + 1, shape.end());
}

int64_t CountOf(const std::vector<int64_t>& columns) {
  return NumElements(columns);
}

// The columns of the outputs: those of the two samples, of which one may have a
// single column for all of the other's. Extents may be -1. Errors: WRONG_SHAPE.
absl::StatusOr<std::vector<int64_t>> MatchColumns(
    const std::vector<int64_t>& samples, const std::vector<int64_t>& other) {
  const std::vector<int64_t> single = {1};
  const std::vector<int64_t> a = ColumnsOf(samples);
  const std::vector<int64_t> b = ColumnsOf(other);
  if (b == single) {
    return a;
  }
  if (a == single) {
    return b;
  }
  bool is_same = a.size() == b.size();
  for (std::size_t i = 0; is_same && i < a.size(); ++i) {
    is_same = a[i] == b[i] || a[i] < 0 || b[i] < 0;
  }
  if (!is_same) {
    return Refuse(reason::kWrongShape,
                  "inputs.other",
                  absl::StrCat("inputs.other has shape ",
                               ShapeText(other),
                               "; allowed: the columns of samples, which is ",
                               ShapeText(samples),
                               ", or one column"));
  }
  std::vector<int64_t> columns = a;
  for (std::size_t i = 0; i < a.size(); ++i) {
    columns[i] = std::max(a[i], b[i]);
  }
  return columns;
}

absl::Status OnlyWith(const std::string& field, const std::string& tests) {
  return Refuse(reason::kContradiction,
                field,
                absl::StrCat(field, " is set; it goes with ", tests, " alone"));
}

absl::Status ResolveTest(const InputInfos& inputs, v1::StatisticsSpec& spec) {
  const bool has_other = inputs.count("other") > 0;
  if (!spec.has_test()) {
    spec.set_test(has_other ? v1::SampleTest::STUDENT
                            : v1::SampleTest::ONE_SAMPLE);
  }
  const v1::SampleTest::Name test = spec.test();
  const std::string word = v1::SampleTest::Name_Name(test);
  if (test == v1::SampleTest::ONE_SAMPLE && has_other) {
    return Refuse(reason::kContradiction,
                  "inputs.other",
                  "inputs.other is given; ONE_SAMPLE tests samples alone");
  }
  if (test != v1::SampleTest::ONE_SAMPLE && !has_other) {
    return Refuse(
        reason::kMissingField,
        "inputs.other",
        absl::StrCat(
            "inputs.other is missing; ", word, " tests samples against it"));
  }
  const bool has_null =
      test == v1::SampleTest::ONE_SAMPLE || test == v1::SampleTest::PAIRED;
  if (spec.has_null_value() && !has_null) {
    return OnlyWith("null_value", "ONE_SAMPLE and PAIRED");
  }
  const bool permutes = test == v1::SampleTest::PERMUTATION;
  if (spec.has_permutations() && !permutes) {
    return OnlyWith("permutations", "PERMUTATION");
  }
  if (has_null && !spec.has_null_value()) {
    spec.set_null_value(0);
  }
  if (permutes && !spec.has_permutations()) {
    spec.set_permutations(kDefaultPermutations);
  }
  return absl::OkStatus();
}

bool IsWhole(DTypeEnum dtype) {
  return dtype == v1::DType::INT32 || dtype == v1::DType::INT64;
}

// What is known of the values.
absl::Status CheckValues(const std::string& name, const InputInfo& info) {
  if (!IsWhole(info.dtype) || !info.facts.has_value() ||
      info.facts->min() >= -1) {
    return absl::OkStatus();
  }
  const std::string field = "inputs." + name;
  return Refuse(reason::kOutOfRange,
                field,
                absl::StrCat(field,
                             " has whole numbers down to ",
                             info.facts->min(),
                             "; allowed: -1 (no value) or more, and any number "
                             "as FLOAT64"));
}

absl::Status CheckPairs(const v1::StatisticsSpec& spec,
                        const InputInfos& inputs) {
  if (!IsPairwise(ToCore(spec.test()))) {
    return absl::OkStatus();
  }
  const int64_t samples = inputs.at("samples").shape[0];
  const int64_t other = inputs.at("other").shape[0];
  if (samples < 0 || other < 0 || samples == other) {
    return absl::OkStatus();
  }
  return Refuse(reason::kWrongShape,
                "inputs.other",
                absl::StrCat("inputs.other has ",
                             other,
                             " values; allowed: ",
                             samples,
                             ", one for each of samples, with ",
                             v1::SampleTest::Name_Name(spec.test())));
}

absl::StatusOr<Plan> PlanStatistics(v1::Spec& spec, const InputInfos& inputs) {
  v1::StatisticsSpec& statistics = *spec.mutable_statistics();
  MODBOUND_RETURN_IF_ERROR(ResolveTest(inputs, statistics));
  for (const auto& [name, info] : inputs) {
    MODBOUND_RETURN_IF_ERROR(CheckValues(name, info));
  }
  MODBOUND_RETURN_IF_ERROR(CheckPairs(statistics, inputs));
  const std::vector<int64_t>& samples = inputs.at("samples").shape;
  const auto other = inputs.find("other");
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<int64_t> columns,
      MatchColumns(samples,
                   other == inputs.end() ? std::vector<int64_t>{1}
                                         : other->second.shape));
  Plan plan;
  plan.outputs = PlanStatisticsOutputs(columns);
  // Inputs; of all columns their numbers, the outputs made of them and what the
  // correction sorts, or what a checkpoint keeps; of one column its values,
  // ranks and what sorts them, and the permuted differences with their
  // checkpoint.
  const auto count =
      static_cast<double>(std::max<int64_t>(CountOf(columns), 0));
  const double values =
      static_cast<double>(std::max<int64_t>(samples[0], 0)) +
      (other == inputs.end()
           ? 0
           : static_cast<double>(std::max<int64_t>(other->second.shape[0], 0)));
  const double kept = statistics.test() == v1::SampleTest::PERMUTATION
                          ? kKeptColumnBytes * count
                          : 0;
  plan.memory_bytes = BytesOf(
      InputBytes(inputs, "samples") + InputBytes(inputs, "other") + kept +
      8 * (18 * count + 8 * values +
           3.0 * static_cast<double>(statistics.permutations())));
  // Threads serve permutations, or the ranks of long samples.
  plan.max_threads = ThreadsFor(std::max<int64_t>(
      statistics.permutations(), static_cast<int64_t>(values) / kRankBlock));
  plan.thread_bytes = BytesOf(16 * values);
  return plan;
}

// Column `column` of (S, ...), NaN for what is not there.
Vector ColumnOf(const HostArray& array, int64_t column) {
  const int64_t count = CountOf(ColumnsOf(array.shape()));
  const bool is_whole = IsWhole(array.dtype());
  Vector values(array.shape()[0]);
  for (int64_t s = 0; s < values.size(); ++s) {
    const double value = array.At(s * count + (count == 1 ? 0 : column));
    values(s) = is_whole && value == -1 ? std::nan("") : value;
  }
  return values;
}

Vector Corrected(const Vector& p, v1::Correction::Name correction) {
  switch (correction) {
    case v1::Correction::HOLM:
      return HolmAdjusted(p);
    case v1::Correction::BENJAMINI_HOCHBERG:
      return BenjaminiHochbergAdjusted(p);
    default:
      return p;
  }
}

SampleTestOptions OptionsOf(const v1::StatisticsSpec& spec) {
  SampleTestOptions options;
  options.test = ToCore(spec.test());
  options.alternative = ToCore(spec.alternative());
  options.null_value = spec.null_value();
  options.permutations = spec.permutations();
  options.seed = spec.seed();
  return options;
}

void FillSample(const SampleSummary& sample,
                v1::StatisticsSummary::Sample& out) {
  out.set_n(sample.n);
  if (sample.n > 0) {
    out.set_mean(sample.mean);
  }
  if (sample.n > 1) {
    out.set_sd(sample.sd);
    out.set_sem(sample.sem);
  }
}

// Of a single column.
void FillNumbers(const SampleTestResult& result,
                 bool has_other,
                 v1::StatisticsSummary& summary) {
  const auto set = [&](double value, auto setter) {
    if (!std::isnan(value)) {
      (summary.*setter)(value);
    }
  };
  set(result.t, &v1::StatisticsSummary::set_t);
  set(result.df, &v1::StatisticsSummary::set_df);
  set(result.p, &v1::StatisticsSummary::set_p);
  set(result.effect_size, &v1::StatisticsSummary::set_effect_size);
  set(result.estimate, &v1::StatisticsSummary::set_estimate);
  summary.set_zero_variance(result.zero_variance);
  FillSample(result.a, *summary.mutable_samples());
  if (has_other) {
    FillSample(result.b, *summary.mutable_other());
  }
}

// The test of one column. execution: of that column alone.
absl::StatusOr<SampleTestResult> TestColumn(int64_t column,
                                            const InputArrays& inputs,
                                            const SampleTestOptions& options,
                                            const Execution& execution) {
  const auto other = inputs.find("other");
  return TestSamples(
      ColumnOf(inputs.at("samples"), column),
      other == inputs.end() ? Vector() : ColumnOf(other->second, column),
      options,
      execution);
}

absl::Status TestColumns(const InputArrays& inputs,
                         const SampleTestOptions& options,
                         const Execution& execution,
                         StatisticsColumns& columns) {
  // Other tests leave nothing in a checkpoint.
  const bool is_kept = options.test == SampleTest::kPermutation;
  for (int64_t column = 0; column < columns.count(); ++column) {
    if (execution.stopped()) {
      return StoppedError();
    }
    if (is_kept && columns.Restore(column, execution)) {
      continue;
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const SampleTestResult result,
        TestColumn(column,
                   inputs,
                   options,
                   ForPart(execution, StatisticsColumns::PartOf(column))));
    columns.Set(column, result);
    if (is_kept) {
      columns.Keep(column, execution);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> RunStatistics(const v1::Spec& spec,
                                      const InputArrays& inputs,
                                      const Execution& execution) {
  const v1::StatisticsSpec& statistics = spec.statistics();
  const HostArray& samples = inputs.at("samples");
  const auto other = inputs.find("other");
  const bool has_other = other != inputs.end();
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<int64_t> shape,
                            MatchColumns(samples.shape(),
                                         has_other ? other->second.shape()
                                                   : std::vector<int64_t>{1}));
  const int64_t count = CountOf(shape);
  const SampleTestOptions options = OptionsOf(statistics);
  Outcome outcome;
  v1::StatisticsSummary& summary = *outcome.summary.mutable_statistics();
  StatisticsColumns columns(count);
  if (count == 1) {
    MODBOUND_ASSIGN_OR_RETURN(const SampleTestResult result,
                              TestColumn(0, inputs, options, execution));
    columns.Set(0, result);
    FillNumbers(result, has_other, summary);
  } else {
    MODBOUND_RETURN_IF_ERROR(TestColumns(inputs, options, execution, columns));
  }
  columns.corrected_p = Corrected(columns.p, statistics.correction());
  if ((columns.df.array().isNaN() && columns.p.array().isNaN()).all()) {
    return Refuse(reason::kDegenerate,
                  "samples",
                  "no column of samples has enough values for the test");
  }
  summary.set_test(statistics.test());
  summary.set_columns(count);
  summary.set_tested_columns(count - columns.p.array().isNaN().count());
  summary.set_significant_columns(
      (columns.corrected_p.array() < kSignificance).count());
  outcome.outputs = columns.Outputs(shape);
  return outcome;
}

}  // namespace

Analysis StatisticsAnalysis() {
  const DTypeEnum f8 = v1::DType::FLOAT64;
  const DTypeEnum i8 = v1::DType::INT64;
  Analysis analysis;
  analysis.kind = "statistics";
  analysis.inputs = {
      {.name = "samples",
       .axes = {"S"},
       .comment = "Values; each column is a sample. NaN, and -1 in whole "
                  "numbers: no value.",
       .more_axes = {{"S", "C"}, {"S", "R", "C"}},
       .finite = false},
      {.name = "other",
       .axes = {"S2"},
       .comment = "The second sample of each column, or one for all.",
       .optional = true,
       .more_axes = {{"S2", "C2"}, {"S2", "R2", "C2"}},
       .finite = false}};
  analysis.outputs = {
      {"estimate", {"column"}, f8, "Mean, difference of means, or r."},
      {"t", {"column"}, f8, "t; NaN where it cannot be had."},
      {"df", {"column"}, f8, "Degrees of freedom; NaN where t is."},
      {"p", {"column"}, f8, "p of the alternative; NaN without a test."},
      {"corrected_p", {"column"}, f8, "p corrected for all columns."},
      {"effect_size", {"column"}, f8, "Cohen's d; r of a correlation."},
      {"n", {"column"}, i8, "Values of samples that count."},
      {"other_n", {"column"}, i8, "Values of other that count."}};
  analysis.example_spec = R"({"test": "STUDENT"})";
  analysis.plan = PlanStatistics;
  analysis.run = RunStatistics;
  return analysis;
}

}  // namespace modbound
