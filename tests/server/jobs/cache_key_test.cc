#include "server/jobs/cache_key.h"

#include <string>

#include "build_info.h"
#include "gtest/gtest.h"
#include "server/analyses/field_rules.h"

namespace modbound {
namespace {

using Inputs = std::map<std::string, v1::Array>;

v1::Array MatrixOf(const std::string& digest) {
  v1::Array array;
  array.set_dtype(v1::DType::FLOAT64);
  array.add_shape(3);
  array.add_shape(3);
  array.set_artifact(digest);
  return array;
}

v1::Spec Partition() {
  v1::Spec spec;
  spec.mutable_partition()->set_runs(20);
  EXPECT_TRUE(ApplyFieldRules(*spec.mutable_partition(), "").ok());
  return spec;
}

TEST(CacheKey, TextHoldsFieldsBesideTheirDefaultsInputsAndBuild) {
  v1::Spec spec = Partition();
  spec.mutable_partition()->set_gamma(0.5);
  spec.mutable_partition()->add_outputs("agreement");
  EXPECT_EQ(CanonicalText(spec, {{"matrix", MatrixOf("ab")}}),
            std::string("kind partition\n"
                        "3 3fe0000000000000\n"
                        "5 20\n"
                        "12[0] 9:agreement\n"
                        "input 6:matrix 2 (3,3) ab\n"
                        "kernel ") +
                kKernelVersion + "\nisa " + kIsa + "\ncompiler " + kCompiler +
                "\n");
}

TEST(CacheKey, UnsetFieldAndItsWrittenDefaultAreOne) {
  v1::Spec unset;
  unset.mutable_partition()->set_runs(20);
  EXPECT_EQ(CacheKey(unset, {}), CacheKey(Partition(), {}));
}

TEST(CacheKey, NestedFieldsAreNamedByTheirPath) {
  v1::Spec spec;
  spec.mutable_train()->mutable_task()->set_name(v1::Task::GO_NOGO);
  spec.mutable_train()->mutable_model()->set_hidden_size(7);
  const std::string text = CanonicalText(spec, {});
  EXPECT_NE(text.find("kind train\n1.1 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find(".1 7\n"), std::string::npos) << text;
}

TEST(CacheKey, EveryPartCounts) {
  const Inputs inputs = {{"matrix", MatrixOf("ab")}};
  const std::string key = CacheKey(Partition(), inputs);
  EXPECT_EQ(key.size(), 64u);

  v1::Spec other = Partition();
  other.mutable_partition()->set_seed(1);
  EXPECT_NE(CacheKey(other, inputs), key);

  v1::Spec kind;
  kind.mutable_quality();
  EXPECT_NE(CacheKey(kind, inputs), key);

  Inputs changed = inputs;
  changed["matrix"].set_artifact("ac");
  EXPECT_NE(CacheKey(Partition(), changed), key);
  changed = inputs;
  changed["matrix"].set_dtype(v1::DType::FLOAT32);
  EXPECT_NE(CacheKey(Partition(), changed), key);
  changed = inputs;
  changed["matrix"].set_shape(1, 4);
  EXPECT_NE(CacheKey(Partition(), changed), key);
  changed = {{"activity", MatrixOf("ab")}};
  EXPECT_NE(CacheKey(Partition(), changed), key);
}

TEST(CacheKey, DoublesThatDifferInTheLastBitDiffer) {
  v1::Spec a = Partition();
  v1::Spec b = Partition();
  a.mutable_partition()->set_gamma(0.1);
  b.mutable_partition()->set_gamma(0x1.999999999999bp-4);
  EXPECT_NE(CacheKey(a, {}), CacheKey(b, {}));
}

// Without the length, ["a", "b"] and ["a\n12[1] b"] would read alike.
TEST(CacheKey, TextsCannotLookLikeOtherFields) {
  v1::Spec two = Partition();
  two.mutable_partition()->add_outputs(std::string("a"));
  two.mutable_partition()->add_outputs(std::string("b"));
  v1::Spec one = Partition();
  one.mutable_partition()->add_outputs("a\n12[1] b");
  EXPECT_NE(CanonicalText(two, {}), CanonicalText(one, {}));
}

}  // namespace
}  // namespace modbound
