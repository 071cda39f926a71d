#ifndef MODBOUND_TESTS_SERVER_ANALYSES_ENSEMBLE_CASES_H_
#define MODBOUND_TESTS_SERVER_ANALYSES_ENSEMBLE_CASES_H_

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/training/recipe.h"
#include "google/protobuf/util/json_util.h"
#include "server/analyses/network_cases.h"
#include "support/random_matrix.h"

// Small jobs of every kind on networks that differ, for the tests of ensembles.
namespace modbound {

inline constexpr int64_t kCaseUnits = 12;
inline constexpr int64_t kCaseSteps = 30;

// Networks of a perceptual decision task; another seed, another network.
inline InputArrays CaseNetwork(uint64_t seed) {
  const Network network =
      InitialNetwork(Recipe::kDefault, kCaseUnits, 3, 3, {}, seed);
  InputArrays arrays;
  arrays["w_in"] = HostArray::FromMatrix(network.w_in, {});
  arrays["b_in"] = HostArray::FromVector(network.b_in, {});
  arrays["w_rec"] = HostArray::FromMatrix(network.w_rec, {});
  arrays["b_rec"] = HostArray::FromVector(network.b_rec, {});
  arrays["w_out"] = HostArray::FromMatrix(network.w_out, {});
  arrays["b_out"] = HostArray::FromVector(network.b_out, {});
  return arrays;
}

// Labels of so many modules.
inline Labels CaseLabels(int32_t modules) {
  Labels labels(kCaseUnits);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(i) % modules;
  }
  return labels;
}

inline HostArray CaseMatrix(uint64_t seed) {
  const Matrix values = RandomMatrix(kCaseUnits, kCaseUnits, seed);
  return HostArray::FromMatrix(values + values.transpose(), {});
}

inline HostArray CaseActivity(uint64_t seed) {
  return HostArray::FromMatrix(RandomMatrix(kCaseSteps, kCaseUnits, seed), {});
}

inline HostArray CasePartitions(uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kSimulationTrials, 1);
  std::vector<int32_t> labels(3 * kCaseUnits);
  for (int32_t& label : labels) {
    label = static_cast<int32_t>(random.Index(3));
  }
  return HostArray::FromInts(labels, {3, kCaseUnits}, {});
}

// The inputs of network i of a kind.
inline InputArrays CaseInputs(const std::string& kind, uint64_t i) {
  InputArrays inputs;
  if (kind == "simulate" || kind == "output_lesion" ||
      kind == "lesion_similarity" || kind == "jacobian_similarity") {
    inputs = CaseNetwork(40 + i);
  }
  if (kind == "quality" || kind == "induced_quality") {
    inputs["matrix"] = CaseMatrix(i);
  }
  if (kind == "compare_matrices") {
    inputs["a"] = CaseMatrix(i);
    inputs["b"] = CaseMatrix(100 + i);
  }
  if (kind == "partition" || kind == "reduce" || kind == "selectivity" ||
      kind == "lesion_similarity") {
    inputs["activity"] = CaseActivity(i);
  }
  if (kind == "quality" || kind == "compare_partitions") {
    inputs["labels"] = CasePartitions(i);
  }
  if (kind == "reduce" || kind == "selectivity" || kind == "output_lesion" ||
      kind == "induced_quality") {
    // Another number of modules in each network: outputs to be filled up.
    inputs["labels"] =
        HostArray::FromLabels(CaseLabels(2 + static_cast<int32_t>(i)), {});
  }
  if (kind == "selectivity") {
    inputs["variables/drift"] =
        HostArray::FromVector(RandomMatrix(kCaseSteps, 1, 7 + i), {"step"});
    inputs["outputs"] =
        HostArray::FromMatrix(RandomMatrix(kCaseSteps, 3, 9 + i), {});
  }
  if (kind == "multilayer") {
    Matrix layers(2 * kCaseUnits, kCaseUnits);
    layers << CaseMatrix(i).ToMatrix(), CaseMatrix(200 + i).ToMatrix();
    inputs["matrices"] =
        HostArray::FromDoubles({layers.data(), layers.data() + layers.size()},
                               {2, kCaseUnits, kCaseUnits},
                               {});
  }
  if (kind == "statistics") {
    // Three axes: with fewer all of the first one are one sample.
    const Matrix samples = RandomMatrix(6, 6, i);
    const Matrix other = RandomMatrix(5, 6, 50 + i);
    inputs["samples"] = HostArray::FromDoubles(
        {samples.data(), samples.data() + samples.size()}, {6, 2, 3}, {});
    inputs["other"] = HostArray::FromDoubles(
        {other.data(), other.data() + other.size()}, {5, 2, 3}, {});
  }
  if (kind == "digits") {
    // Each digit has a pixel of its own. Three axes: with one more they cannot
    // be taken for flat images.
    constexpr int64_t kImages = 150;
    Matrix pixels = RandomMatrix(kImages, 12, i);
    std::vector<int32_t> digits(kImages);
    for (int64_t s = 0; s < kImages; ++s) {
      pixels(s, s % 10) += 5;
      digits[static_cast<std::size_t>(s)] = static_cast<int32_t>(s % 10);
    }
    inputs["images"] = HostArray::FromDoubles(
        {pixels.data(), pixels.data() + pixels.size()}, {kImages, 3, 4}, {});
    inputs["digits"] = HostArray::FromInts(digits, {kImages}, {});
  }
  return inputs;
}

// A short job of the kind.
inline v1::Spec CaseSpec(const std::string& kind) {
  static const auto* const kSpecs = new std::map<std::string, std::string>{
      {"train",
       R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "max_steps": 9,
           "model": {"hidden_size": 10}, "eval_every": 4, "eval_trials": 40,
           "target_accuracy": 1, "seq_len": 30, "seed": "5"})"},
      {"simulate",
       R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "trials": 20,
           "seed": "5"})"},
      {"partition", R"({"runs": 6, "seed": "5"})"},
      {"quality", "{}"},
      {"induced_quality", R"({"null_count": 20, "seed": "5"})"},
      {"compare_partitions", "{}"},
      {"compare_matrices", R"({"permutations": 20, "seed": "5"})"},
      {"reduce", R"({"components": 3})"},
      {"selectivity", "{}"},
      {"output_lesion",
       R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "trials": 20,
           "repeats": 3, "controls": 2, "seed": "5"})"},
      {"lesion_similarity",
       R"({"input": [1, 0.5, 0.5], "grid": 4, "null_count": 20,
           "seed": "5"})"},
      {"jacobian_similarity",
       R"({"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "trials": 10,
           "null_count": 20, "seed": "5"})"},
      {"digits",
       R"({"hidden": [8], "sets": 2, "samples_per_set": 4, "runs": 3,
           "epochs": 2, "seed": "5"})"},
      {"multilayer", R"({"runs": 4, "seed": "5"})"},
      {"statistics",
       R"({"test": "PERMUTATION", "permutations": 20, "seed": "5"})"},
  };
  v1::Spec spec;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      "{\"" + kind + "\": " + kSpecs->at(kind) + "}", &spec);
  EXPECT_TRUE(parsed.ok()) << kind << parsed.message();
  return spec;
}

// The arrays of networks with a leading axis for them.
inline InputArrays StackArrays(const std::vector<InputArrays>& networks) {
  InputArrays stacked;
  for (const auto& [name, first] : networks[0]) {
    std::vector<int64_t> shape = {static_cast<int64_t>(networks.size())};
    shape.insert(shape.end(), first.shape().begin(), first.shape().end());
    HostArray array(first.dtype(), shape);
    std::byte* out = array.mutable_data();
    for (const InputArrays& network : networks) {
      const HostArray& one = network.at(name);
      std::memcpy(out, one.data(), static_cast<std::size_t>(one.size_bytes()));
      out += one.size_bytes();
    }
    stacked[name] = array;
  }
  return stacked;
}

// Of `count` networks.
inline InputArrays CaseEnsemble(const std::string& kind, uint64_t count) {
  std::vector<InputArrays> networks;
  for (uint64_t i = 0; i < count; ++i) {
    networks.push_back(CaseInputs(kind, i));
  }
  return StackArrays(networks);
}

inline void SetSeed(const std::string& kind, uint64_t seed, v1::Spec& spec) {
  const auto* field = v1::Spec::descriptor()->FindFieldByName(kind);
  auto* message = spec.GetReflection()->MutableMessage(&spec, field);
  const auto* seed_field = message->GetDescriptor()->FindFieldByName("seed");
  if (seed_field != nullptr) {
    message->GetReflection()->SetUInt64(message, seed_field, seed);
  }
}

// Element of a stacked array that network i's element `at` of its own went to;
// its own indices are the same, the extents at least its own.
inline int64_t StackedIndex(const HostArray& stacked,
                            const HostArray& own,
                            int64_t network,
                            int64_t at) {
  int64_t index = 0;
  int64_t stride = 1;
  for (std::size_t axis = own.shape().size(); axis-- > 0;) {
    index += at % own.shape()[axis] * stride;
    at /= own.shape()[axis];
    stride *= stacked.shape()[axis + 1];
  }
  return network * stride + index;
}

inline bool IsMissing(const HostArray& array, int64_t at) {
  const bool is_float = array.dtype() == v1::DType::FLOAT64 ||
                        array.dtype() == v1::DType::FLOAT32;
  const bool is_flag = array.dtype() == v1::DType::BOOL;
  return is_float ? std::isnan(array.At(at)) : array.At(at) == (is_flag - 1);
}

// Bit for bit, and what is beyond the network's own is filled up.
inline void ExpectSlice(const HostArray& stacked,
                        const HostArray& own,
                        int64_t network,
                        const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_EQ(stacked.dtype(), own.dtype());
  ASSERT_EQ(stacked.shape().size(), own.shape().size() + 1);
  const auto element = static_cast<std::size_t>(ElementSize(own.dtype()));
  const int64_t block = stacked.size() / stacked.shape()[0];
  std::vector<bool> taken(static_cast<std::size_t>(block));
  for (int64_t at = 0; at < own.size(); ++at) {
    const int64_t to = StackedIndex(stacked, own, network, at);
    taken.at(static_cast<std::size_t>(to - network * block)) = true;
    ASSERT_EQ(std::memcmp(stacked.data() + to * ElementSize(own.dtype()),
                          own.data() + at * ElementSize(own.dtype()),
                          element),
              0);
  }
  for (int64_t i = 0; i < block; ++i) {
    if (!taken[static_cast<std::size_t>(i)]) {
      ASSERT_TRUE(IsMissing(stacked, network * block + i));
    }
  }
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_ANALYSES_ENSEMBLE_CASES_H_
