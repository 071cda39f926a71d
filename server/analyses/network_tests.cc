#include "server/analyses/network_tests.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::pair<v1::SampleTest::Name, SampleTest> kTests[] = {
    {v1::SampleTest::ONE_SAMPLE, SampleTest::kOneSample},
    {v1::SampleTest::PAIRED, SampleTest::kPaired},
    {v1::SampleTest::STUDENT, SampleTest::kStudent},
    {v1::SampleTest::WELCH, SampleTest::kWelch},
    {v1::SampleTest::PERMUTATION, SampleTest::kPermutation},
    {v1::SampleTest::PEARSON, SampleTest::kPearson},
    {v1::SampleTest::SPEARMAN, SampleTest::kSpearman}};

}  // namespace

v1::SampleTest::Name WordOf(SampleTest test) {
  for (const auto& [word, value] : kTests) {
    if (value == test) {
      return word;
    }
  }
  MODBOUND_CHECK(false);
  return v1::SampleTest::UNSPECIFIED;
}

SampleTest ToCore(v1::SampleTest::Name test) {
  for (const auto& [word, value] : kTests) {
    if (word == test) {
      return value;
    }
  }
  MODBOUND_CHECK(false);
  return SampleTest::kStudent;
}

Alternative ToCore(v1::Alternative::Name alternative) {
  switch (alternative) {
    case v1::Alternative::GREATER:
      return Alternative::kGreater;
    case v1::Alternative::LESS:
      return Alternative::kLess;
    default:
      return Alternative::kTwoSided;
  }
}

absl::Status AddNetworkTest(const std::string& name,
                            const Vector& sample,
                            const Vector& other,
                            SampleTest test,
                            v1::Summary& summary) {
  SampleTestOptions options;
  options.test = test;
  MODBOUND_ASSIGN_OR_RETURN(const SampleTestResult result,
                            TestSamples(sample, other, options, Execution()));
  v1::EnsembleSummary::Test& out = *summary.mutable_ensemble()->add_tests();
  out.set_name(name);
  out.set_test(WordOf(test));
  out.set_n(result.a.n);
  if (other.size() > 0) {
    out.set_other_n(result.b.n);
  }
  out.set_estimate(result.estimate);
  out.set_t(result.t);
  out.set_df(result.df);
  out.set_p(result.p);
  out.set_effect_size(result.effect_size);
  out.set_zero_variance(result.zero_variance);
  return absl::OkStatus();
}

}  // namespace modbound
