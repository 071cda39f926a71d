#include "server/analyses/network_tests.h"

#include <cmath>

#include "core/statistics/t_test.h"
#include "gmock/gmock.h"
#include "server/analyses/ensemble_cases.h"

namespace modbound {
namespace {

using Refusal = std::pair<std::string, std::string>;
using NetworkTest = v1::EnsembleSummary::Test;

constexpr int64_t kNetworks = 5;

const NetworkTest* FindTest(const Outcome& outcome, const std::string& name) {
  for (const NetworkTest& test : outcome.summary.ensemble().tests()) {
    if (test.name() == name) {
      return &test;
    }
  }
  ADD_FAILURE() << "no test " << name;
  return nullptr;
}

void ExpectTest(const NetworkTest& test, const TTest& expected) {
  EXPECT_EQ(test.df(), expected.df) << test.name();
  EXPECT_DOUBLE_EQ(test.t(), expected.t) << test.name();
  EXPECT_DOUBLE_EQ(test.p(), expected.p) << test.name();
  EXPECT_EQ(test.zero_variance(), expected.zero_variance) << test.name();
}

TEST(NetworkTests, OfSelectivityAreOfTheModulesOfARole) {
  InputArrays inputs = CaseEnsemble("selectivity", kNetworks);
  // A network whose modules are of one unit each has no role.
  auto* labels = reinterpret_cast<int32_t*>(inputs.at("labels").mutable_data());
  for (int32_t unit = 0; unit < kCaseUnits; ++unit) {
    labels[2 * kCaseUnits + unit] = unit < 3 ? unit : -1;
  }
  const auto all = RunWithThreads(CaseSpec("selectivity"), inputs);
  ASSERT_TRUE(all.ok()) << all.status();
  const auto& tests = all->summary.ensemble().tests();
  std::vector<std::string> names;
  for (const NetworkTest& test : tests) {
    names.push_back(test.name());
  }
  EXPECT_THAT(names,
              testing::ElementsAre("role_0.drift",
                                   "role_1.drift",
                                   "role_0.output_0",
                                   "role_0.output_1",
                                   "role_0.output_2",
                                   "role_1.output_0",
                                   "role_1.output_1",
                                   "role_1.output_2"));
  const HostArray& roles = all->outputs.at("ranked_modules");
  const HostArray& output_r = all->outputs.at("output_r");
  Vector sample(kNetworks - 1);
  for (int64_t role = 0; role < 2; ++role) {
    for (int64_t output = 0; output < 3; ++output) {
      for (int64_t network = 0, n = 0; network < kNetworks; ++network) {
        const auto module = static_cast<int64_t>(roles.At(network * 2 + role));
        ASSERT_EQ(module < 0, network == 2);
        if (module >= 0) {
          sample(n++) = output_r.At(
              (network * output_r.shape()[1] + module) * 3 + output);
        }
      }
      const NetworkTest* test = FindTest(
          *all,
          "role_" + std::to_string(role) + ".output_" + std::to_string(output));
      ASSERT_NE(test, nullptr);
      EXPECT_EQ(test->test(), v1::SampleTest::ONE_SAMPLE);
      EXPECT_EQ(test->n(), kNetworks - 1);
      EXPECT_FALSE(test->has_other_n());
      EXPECT_DOUBLE_EQ(test->estimate(), sample.mean());
      ExpectTest(*test, *OneSampleTTest(sample));
    }
  }
}

// Networks in which the module of role 0 is another one each.
InputArrays LesionsByRole() {
  InputArrays inputs = CaseEnsemble("output_lesion", kNetworks);
  inputs["ranked_modules"] =
      HostArray::FromInts({0, 1, 1, 0, 2, -1, 1, 3, 4, 2}, {kNetworks, 2}, {});
  return inputs;
}

double MeanOfRepeats(const HostArray& accuracy, int64_t row, int64_t repeats) {
  double sum = 0;
  for (int64_t repeat = 0; repeat < repeats; ++repeat) {
    sum += accuracy.At(row * repeats + repeat);
  }
  return sum / static_cast<double>(repeats);
}

TEST(NetworkTests, OfOutputLesionAreOfTheModulesOfARole) {
  const InputArrays inputs = LesionsByRole();
  v1::Spec spec = CaseSpec("output_lesion");
  const auto all = RunWithThreads(spec, inputs, 2);
  ASSERT_TRUE(all.ok()) << all.status();
  const HostArray& accuracy = all->outputs.at("accuracy");
  const int64_t repeats = spec.output_lesion().repeats();
  ASSERT_EQ(accuracy.shape(), (std::vector<int64_t>{kNetworks, 2, 2, repeats}));
  const HostArray& intact = all->outputs.at("intact_accuracy");
  // Role, then type; then intact.
  std::vector<Vector> means(6, Vector(kNetworks));
  for (int64_t network = 0; network < kNetworks; ++network) {
    for (int64_t row = 0; row < 4; ++row) {
      means[static_cast<std::size_t>(row)](network) =
          MeanOfRepeats(accuracy, network * 4 + row, repeats);
    }
    for (int64_t type = 0; type < 2; ++type) {
      means[static_cast<std::size_t>(4 + type)](network) =
          MeanOfRepeats(intact, network * 2 + type, repeats);
    }
  }
  // The third network has no module of role 1.
  EXPECT_TRUE(std::isnan(means[2](2)));
  EXPECT_EQ(all->outputs.at("modules").At(2 * 2 + 1), -1);
  const auto without = [](const Vector& values) {
    Vector four(4);
    four << values.head(2), values.tail(2);
    return four;
  };
  const NetworkTest* types = FindTest(*all, "role_0.types");
  ASSERT_NE(types, nullptr);
  EXPECT_EQ(types->test(), v1::SampleTest::STUDENT);
  EXPECT_EQ(types->n(), kNetworks);
  EXPECT_EQ(types->other_n(), kNetworks);
  ExpectTest(*types, *StudentTTest(means[0], means[1]));
  ExpectTest(*FindTest(*all, "role_1.types"),
             *StudentTTest(without(means[2]), without(means[3])));
  ExpectTest(*FindTest(*all, "role_0.change.1"),
             *StudentTTest(means[1], means[5]));
  const NetworkTest* change = FindTest(*all, "role_1.change.0");
  EXPECT_EQ(change->n(), kNetworks - 1);
  EXPECT_EQ(change->other_n(), kNetworks);
  ExpectTest(*change, *StudentTTest(without(means[2]), means[4]));
  EXPECT_EQ(all->summary.ensemble().tests_size(), 6);
}

TEST(NetworkTests, ARoleIsThatOfItsModule) {
  InputArrays inputs = CaseInputs("output_lesion", 1);
  inputs["ranked_modules"] = HostArray::FromInts({2, -1}, {2}, {});
  const v1::Spec spec = CaseSpec("output_lesion");
  const auto by_role = RunWithThreads(spec, inputs);
  ASSERT_TRUE(by_role.ok()) << by_role.status();
  inputs.erase("ranked_modules");
  v1::Spec named = spec;
  named.mutable_output_lesion()->add_modules(2);
  const auto by_label = RunWithThreads(named, inputs);
  ASSERT_TRUE(by_label.ok()) << by_label.status();
  for (const char* name :
       {"accuracy", "control_accuracy", "t", "p", "t_change", "modules"}) {
    const HostArray& one = by_label->outputs.at(name);
    const HostArray& two = by_role->outputs.at(name);
    for (int64_t i = 0; i < one.size(); ++i) {
      EXPECT_TRUE(one.At(i) == two.At(i) ||
                  (std::isnan(one.At(i)) && std::isnan(two.At(i))))
          << name;
      EXPECT_TRUE(IsMissing(two, one.size() + i)) << name;
    }
  }
  const auto& module = by_role->summary.output_lesion().modules(1);
  EXPECT_EQ(module.module(), -1);
  EXPECT_EQ(module.size(), 0);
  EXPECT_TRUE(std::isnan(module.accuracy(0)));
  EXPECT_TRUE(module.zero_variance());
}

TEST(NetworkTests, LesionsOfAllModulesHaveNone) {
  const auto all = RunWithThreads(CaseSpec("output_lesion"),
                                  CaseEnsemble("output_lesion", 3));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->summary.ensemble().tests_size(), 0);
}

TEST(NetworkTests, RefusalsNameTheRoles) {
  v1::Spec spec = CaseSpec("output_lesion");
  InputArrays inputs = CaseInputs("output_lesion", 1);
  inputs["ranked_modules"] = HostArray::FromInts({0, 1}, {2}, {});
  spec.mutable_output_lesion()->add_modules(1);
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            Refusal(reason::kContradiction, "spec.output_lesion.modules"));
  spec = CaseSpec("output_lesion");
  // Twice, and one that is not there.
  for (const std::vector<int32_t>& roles :
       {std::vector<int32_t>{1, 1}, std::vector<int32_t>{0, 7}}) {
    inputs["ranked_modules"] = HostArray::FromInts(roles, {2}, {});
    EXPECT_EQ(RefusalOf(spec, inputs),
              Refusal(reason::kContradiction, "inputs.ranked_modules"));
  }
  inputs["ranked_modules"] = HostArray::FromInts({0, -2}, {2}, {});
  EXPECT_EQ(RefusalOf(spec, inputs),
            Refusal(reason::kBadLabels, "inputs.ranked_modules"));
}

TEST(NetworkTests, HaveTheirWords) {
  const auto* words = v1::SampleTest::Name_descriptor();
  for (int i = 1; i < words->value_count(); ++i) {
    const auto word =
        static_cast<v1::SampleTest::Name>(words->value(i)->number());
    EXPECT_EQ(WordOf(ToCore(word)), word);
  }
}

}  // namespace
}  // namespace modbound
