#include "server/analyses/intervention_spec.h"

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/analyses/network_cases.h"

namespace modbound {
namespace {

constexpr char kFiveUnits[] =
    "ctrnn_forward_n5";  // 5 units, 3 inputs, 3 outputs

v1::Spec TaskSimulation() {
  v1::Spec spec;
  v1::SimulateSpec& simulate = *spec.mutable_simulate();
  simulate.mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  simulate.set_trials(40);
  simulate.set_seed(3);
  return spec;
}

void AddEveryIntervention(v1::SimulateSpec& simulate) {
  auto* clamp = simulate.add_clamp();
  clamp->set_channel(2);
  clamp->set_value(1.5);
  clamp->set_from(2);
  clamp->set_to(5);
  simulate.mutable_lesion()->add_units(1);
  auto* silence = simulate.add_silence();
  silence->add_units(0);
  silence->set_level(v1::SilenceLevel::NOISE);
  silence->set_from(1);
  auto* edit = simulate.add_weight_edits();
  edit->set_array(v1::WeightArray::W_OUT);
  edit->set_row(1);
  edit->set_column(4);
  edit->set_value(2);
  edit = simulate.add_weight_edits();
  edit->set_array(v1::WeightArray::B_REC);
  edit->set_row(2);
  edit->set_operation(v1::WeightEdit::SCALE);
  edit->set_value(-1);
}

TEST(SimulateInterventions, RunAsPlannedAtAnyThreadCount) {
  v1::Spec spec = TaskSimulation();
  AddEveryIntervention(*spec.mutable_simulate());
  ExpectPlannedAndSameAtAnyThreadCount(spec, GoldenNetworkArrays(kFiveUnits));
}

TEST(SimulateInterventions, LesionsAndEditsAreThoseOfArraysChangedByHand) {
  v1::Spec spec = TaskSimulation();
  AddEveryIntervention(*spec.mutable_simulate());
  spec.mutable_simulate()->clear_silence();
  const InputArrays inputs = GoldenNetworkArrays(kFiveUnits);
  InputArrays by_hand = inputs;
  const auto change = [&](const char* name,
                          const std::function<void(Matrix&)>& edit) {
    Matrix values = inputs.at(name).ToMatrix();
    edit(values);
    by_hand[name] =
        HostArray::FromDoubles({values.data(), values.data() + values.size()},
                               inputs.at(name).shape(),
                               {});
  };
  change("w_out", [](Matrix& w) { w(1, 4) = 2; });
  change("b_rec", [](Matrix& b) { b.data()[2] *= -1; });
  // Scope ALL.
  change("w_in", [](Matrix& w) { w.row(1).setZero(); });
  change("w_rec", [](Matrix& w) {
    w.row(1).setZero();
    w.col(1).setZero();
  });
  v1::Spec clamped = TaskSimulation();
  *clamped.mutable_simulate()->mutable_clamp() = spec.simulate().clamp();
  const auto a = RunWithThreads(spec, inputs);
  const auto b = RunWithThreads(clamped, by_hand);
  ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
  for (const auto& [name, array] : a->outputs) {
    EXPECT_EQ(array.ToDoubles(), b->outputs.at(name).ToDoubles()) << name;
  }
  EXPECT_EQ(a->summary.SerializeAsString(), b->summary.SerializeAsString());
}

TEST(SimulateInterventions, AClampIsInTheInputsAndReachesGivenOnes) {
  v1::Spec spec = TaskSimulation();
  auto* clamp = spec.mutable_simulate()->add_clamp();
  clamp->set_channel(0);
  clamp->set_value(0);
  clamp->set_from(20);
  InputArrays inputs = GoldenNetworkArrays(kFiveUnits);
  const auto task = RunWithThreads(spec, inputs);
  ASSERT_TRUE(task.ok()) << task.status();
  const Matrix given = task->outputs.at("inputs").ToMatrix();
  EXPECT_EQ(given(19, 0), 1);
  EXPECT_EQ(given(20, 0), 0);
  EXPECT_EQ(given(22, 0), 1);
  // The first trial alone, as an input_sequence.
  v1::Spec sequence;
  *sequence.mutable_simulate()->mutable_clamp() = spec.simulate().clamp();
  Matrix first = given.topRows(22);
  first.col(0).setOnes();
  inputs["input_sequence"] = HostArray::FromDoubles(
      {first.data(), first.data() + first.size()}, {22, 1, 3}, {});
  const auto again = RunWithThreads(sequence, inputs);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outputs.at("activity").ToMatrix(),
            task->outputs.at("activity").ToMatrix().topRows(22));
}

TEST(SimulateInterventions, ASilencedUnitCountsAsSilent) {
  v1::Spec spec = TaskSimulation();
  const InputArrays inputs = GoldenNetworkArrays(kFiveUnits);
  const auto intact = RunWithThreads(spec, inputs);
  ASSERT_TRUE(intact.ok());
  const Matrix activity = intact->outputs.at("activity").ToMatrix();
  int active = 0;
  while ((activity.col(active).array() == activity(0, active)).all()) {
    ++active;
  }
  auto* silence = spec.mutable_simulate()->add_silence();
  silence->add_units(active);
  silence->set_level(v1::SilenceLevel::MEAN);
  const auto silenced = RunWithThreads(spec, inputs);
  ASSERT_TRUE(silenced.ok());
  EXPECT_EQ(silenced->outputs.at("activity").ToMatrix()(5, active),
            silenced->outputs.at("activity").ToMatrix()(800, active));
  EXPECT_GE(silenced->summary.simulate().silent_units(), 1);
}

TEST(SimulateInterventions, AreCheckedBeforeWork) {
  struct Case {
    std::function<void(v1::SimulateSpec&)> spoil;
    std::string reason;
    std::string field;
  };
  const Case cases[] = {
      {[](auto& s) { s.mutable_clamp(0)->set_channel(3); },
       "OUT_OF_RANGE",
       "clamp[0].channel"},
      {[](auto& s) { s.mutable_clamp(0)->clear_channel(); },
       "MISSING_FIELD",
       "clamp[0].channel"},
      {[](auto& s) { s.mutable_clamp(0)->clear_value(); },
       "MISSING_FIELD",
       "clamp[0].value"},
      {[](auto& s) { s.mutable_clamp(0)->set_value(std::nan("")); },
       "OUT_OF_RANGE",
       "clamp[0].value"},
      {[](auto& s) { s.mutable_clamp(0)->set_to(2); },
       "OUT_OF_RANGE",
       "clamp[0].to"},
      {[](auto& s) { s.mutable_clamp(0)->set_to(23); },
       "OUT_OF_RANGE",
       "clamp[0].to"},
      {[](auto& s) { s.mutable_silence(0)->set_from(22); },
       "OUT_OF_RANGE",
       "silence[0].from"},
      {[](auto& s) { s.mutable_silence(0)->clear_units(); },
       "MISSING_FIELD",
       "silence[0].units"},
      {[](auto& s) { s.mutable_silence(0)->add_units(5); },
       "OUT_OF_RANGE",
       "silence[0].units[1]"},
      {[](auto& s) { s.mutable_lesion()->clear_units(); },
       "MISSING_FIELD",
       "lesion.units"},
      {[](auto& s) { s.mutable_lesion()->set_units(0, 5); },
       "OUT_OF_RANGE",
       "lesion.units[0]"},
      {[](auto& s) { s.mutable_weight_edits(0)->clear_array(); },
       "MISSING_FIELD",
       "weight_edits[0].array"},
      {[](auto& s) { s.mutable_weight_edits(0)->set_row(3); },
       "OUT_OF_RANGE",
       "weight_edits[0].row"},
      {[](auto& s) { s.mutable_weight_edits(1)->set_column(0); },
       "CONTRADICTION",
       "weight_edits[1].column"}};
  for (const Case& one : cases) {
    v1::Spec spec = TaskSimulation();
    AddEveryIntervention(*spec.mutable_simulate());
    one.spoil(*spec.mutable_simulate());
    EXPECT_EQ(SubmitRefusalOf(spec, GoldenNetworkArrays(kFiveUnits)),
              std::make_pair(one.reason, "spec.simulate." + one.field));
  }
}

TEST(SimulateInterventions, AreCheckedAgainstGivenInputs) {
  v1::Spec spec;
  auto* clamp = spec.mutable_simulate()->add_clamp();
  clamp->set_channel(0);
  clamp->set_value(1);
  clamp->set_from(7);
  InputArrays inputs = GoldenNetworkArrays(kFiveUnits);
  inputs["input_sequence"] =
      HostArray::FromDoubles(std::vector<double>(7 * 2 * 3), {7, 2, 3}, {});
  EXPECT_EQ(SubmitRefusalOf(spec, inputs),
            std::make_pair(std::string("OUT_OF_RANGE"),
                           std::string("spec.simulate.clamp[0].from")));
  clamp->set_from(6);
  EXPECT_EQ(SubmitRefusalOf(spec, inputs).first, "");
}

}  // namespace
}  // namespace modbound
