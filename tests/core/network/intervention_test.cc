#include "core/network/intervention.h"

#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "support/random_matrix.h"

namespace modbound {
namespace {

constexpr double kHuge = std::numeric_limits<double>::max();

Network FourUnits() {
  Network network;
  network.w_in = RandomMatrix(4, 3, 0);
  network.b_in = RandomMatrix(4, 1, 1);
  network.w_rec = RandomMatrix(4, 4, 2);
  network.b_rec = RandomMatrix(4, 1, 3);
  network.w_out = RandomMatrix(2, 4, 4);
  network.b_out = RandomMatrix(2, 1, 5);
  return network;
}

constexpr InterventionBounds kBounds = {4, 3, 2, 10};

void ExpectSameNetwork(const Network& a, const Network& b) {
  EXPECT_EQ(a.w_in, b.w_in);
  EXPECT_EQ(a.b_in, b.b_in);
  EXPECT_EQ(a.w_rec, b.w_rec);
  EXPECT_EQ(a.b_rec, b.b_rec);
  EXPECT_EQ(a.w_out, b.w_out);
  EXPECT_EQ(a.b_out, b.b_out);
}

TEST(ChangeWeights, EditsEveryArrayAsByHand) {
  Intervention change;
  change.weight_edits = {
      {WeightArray::kWIn, 1, 2, EditOperation::kSet, 7},
      {WeightArray::kBIn, 3, std::nullopt, EditOperation::kAdd, 2},
      {WeightArray::kWRec, 0, 3, EditOperation::kScale, -3},
      {WeightArray::kBRec, 2, std::nullopt, EditOperation::kSet, 0},
      {WeightArray::kWOut, 1, 0, EditOperation::kAdd, -1},
      {WeightArray::kBOut, 0, std::nullopt, EditOperation::kScale, 0.5},
      // In the order of the list: (7 + 1) 2.
      {WeightArray::kWIn, 1, 2, EditOperation::kAdd, 1},
      {WeightArray::kWIn, 1, 2, EditOperation::kScale, 2}};
  Network by_hand = FourUnits();
  by_hand.w_in(1, 2) = 16;
  by_hand.b_in(3) += 2;
  by_hand.w_rec(0, 3) *= -3;
  by_hand.b_rec(2) = 0;
  by_hand.w_out(1, 0) -= 1;
  by_hand.b_out(0) /= 2;
  Network network = FourUnits();
  ASSERT_TRUE(change.Validate(kBounds).ok());
  ASSERT_TRUE(ChangeWeights(change, network).ok());
  ExpectSameNetwork(network, by_hand);
}

TEST(ChangeWeights, LesionsWhatTheScopeSays) {
  for (const LesionScope scope :
       {LesionScope::kRecurrent, LesionScope::kAll, LesionScope::kSilence}) {
    Network by_hand = FourUnits();
    for (const int64_t unit : {0, 2}) {
      for (int64_t j = 0; j < 4; ++j) {
        by_hand.w_rec(unit, j) = by_hand.w_rec(j, unit) = 0;
      }
      for (int64_t c = 0; scope != LesionScope::kRecurrent && c < 3; ++c) {
        by_hand.w_in(unit, c) = 0;
      }
      if (scope == LesionScope::kSilence) {
        by_hand.b_in(unit) = by_hand.b_rec(unit) = 0;
      }
    }
    Intervention change;
    // The lesion comes last: what was edited before is gone.
    change.weight_edits = {{WeightArray::kWRec, 2, 1, EditOperation::kSet, 5}};
    change.lesion = {{0, 2}, scope};
    Network network = FourUnits();
    ASSERT_TRUE(ChangeWeights(change, network).ok());
    ExpectSameNetwork(network, by_hand);
  }
}

TEST(ChangeWeights, RefusesAWeightThatWouldNotBeFinite) {
  Intervention change;
  change.weight_edits = {
      {WeightArray::kBOut, 0, std::nullopt, EditOperation::kSet, kHuge},
      {WeightArray::kBOut, 0, std::nullopt, EditOperation::kScale, 2}};
  Network network = FourUnits();
  const absl::Status status = ChangeWeights(change, network);
  EXPECT_EQ(ReasonOf(status), reason::kNotFinite);
  EXPECT_EQ(FieldOf(status), "weight_edits[1].value");
}

struct Refusal {
  std::function<void(Intervention&)> spoil;
  std::string reason;
  std::string field;
  std::string words;  // of the message
};

TEST(Intervention, NamesTheFieldItRefuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Intervention good;
  good.clamps = {{0, 1, {}}, {2, -1, {9, 10}}};
  good.weight_edits = {
      {WeightArray::kWOut, 1, 3, EditOperation::kSet, 1},
      {WeightArray::kBOut, 1, std::nullopt, EditOperation::kSet, 1}};
  good.lesion.units = {3, 0};
  good.silences = {{{0, 3}, SilenceLevel::kMean, {0, 10}}};
  ASSERT_TRUE(good.Validate(kBounds).ok()) << good.Validate(kBounds);
  const Refusal refusals[] = {
      {[](Intervention& i) { i.clamps[1].channel = 7; },
       reason::kOutOfRange,
       "clamp[1].channel",
       "clamp[1].channel is 7; allowed: 0 ... 2"},
      {[](Intervention& i) { i.clamps[0].channel = -1; },
       reason::kOutOfRange,
       "clamp[0].channel",
       "is -1; allowed: 0 ... 2"},
      {[&](Intervention& i) { i.clamps[0].value = nan; },
       reason::kNotFinite,
       "clamp[0].value",
       "is nan"},
      {[](Intervention& i) { i.clamps[0].steps.from = 10; },
       reason::kOutOfRange,
       "clamp[0].from",
       "is 10; allowed: 0 ... 9"},
      {[](Intervention& i) { i.clamps[1].steps.to = 11; },
       reason::kOutOfRange,
       "clamp[1].to",
       "is 11; allowed: above from = 9, at most 10"},
      {[](Intervention& i) {
         i.silences[0].steps = {5, 5};
       },
       reason::kOutOfRange,
       "silence[0].to",
       "is 5; allowed: above from = 5"},
      {[](Intervention& i) { i.silences[0].units = {}; },
       reason::kMissingField,
       "silence[0].units",
       "is empty"},
      {[](Intervention& i) {
         i.silences[0].units = {1, 4};
       },
       reason::kOutOfRange,
       "silence[0].units[1]",
       "is 4; allowed: 0 ... 3"},
      {[](Intervention& i) {
         i.lesion.units = {1, 2, 1};
       },
       reason::kContradiction,
       "lesion.units[2]",
       "is 1, a unit named before"},
      {[](Intervention& i) { i.lesion.units[0] = -2; },
       reason::kOutOfRange,
       "lesion.units[0]",
       "is -2"},
      {[](Intervention& i) { i.weight_edits[0].row = 2; },
       reason::kOutOfRange,
       "weight_edits[0].row",
       "is 2; allowed: 0 ... 1"},
      {[](Intervention& i) { i.weight_edits[0].column = 4; },
       reason::kOutOfRange,
       "weight_edits[0].column",
       "is 4; allowed: 0 ... 3"},
      {[](Intervention& i) { i.weight_edits[0].column.reset(); },
       reason::kMissingField,
       "weight_edits[0].column",
       "is missing"},
      {[](Intervention& i) { i.weight_edits[1].column = 0; },
       reason::kContradiction,
       "weight_edits[1].column",
       "a bias has rows alone"},
      {[](Intervention& i) { i.weight_edits[1].row = 2; },
       reason::kOutOfRange,
       "weight_edits[1].row",
       "is 2; allowed: 0 ... 1"},
      {[&](Intervention& i) { i.weight_edits[1].value = nan; },
       reason::kNotFinite,
       "weight_edits[1].value",
       "is nan"}};
  for (const Refusal& refusal : refusals) {
    Intervention bad = good;
    refusal.spoil(bad);
    const absl::Status status = bad.Validate(kBounds);
    EXPECT_EQ(ReasonOf(status), refusal.reason) << refusal.field;
    EXPECT_EQ(FieldOf(status), refusal.field);
    EXPECT_NE(std::string(status.message()).find(refusal.words),
              std::string::npos)
        << status;
  }
}

TEST(Intervention, WhatIsNotKnownYetIsNotRefused) {
  Intervention all;
  all.clamps = {{100, 1, {100, 200}}};
  all.weight_edits = {{WeightArray::kWRec, 9, 9, EditOperation::kSet, 1}};
  all.lesion.units = {99};
  all.silences = {{{7}, SilenceLevel::kNoise, {3, 5}}};
  EXPECT_TRUE(all.Validate({}).ok());
  all.silences[0].steps.to = 3;
  EXPECT_EQ(FieldOf(all.Validate({})), "silence[0].to");
}

}  // namespace
}  // namespace modbound
