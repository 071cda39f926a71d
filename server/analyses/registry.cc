#include "server/analyses/registry.h"

#include <string_view>
#include <vector>

#include "server/analyses/analysis.h"

namespace modbound {
namespace {

// The registry: one line a kind, in the order of v1::Spec's fields.
const std::vector<Analysis>& Table() {
  static const auto* const kTable = new std::vector<Analysis>{
      TrainAnalysis(),
      SimulateAnalysis(),
      PartitionAnalysis(),
      QualityAnalysis(),
      InducedQualityAnalysis(),
      ComparePartitionsAnalysis(),
      CompareMatricesAnalysis(),
      ReduceAnalysis(),
      SelectivityAnalysis(),
      OutputLesionAnalysis(),
      LesionSimilarityAnalysis(),
      JacobianSimilarityAnalysis(),
      DigitsAnalysis(),
      MultilayerAnalysis(),
      StatisticsAnalysis(),
  };
  return *kTable;
}

}  // namespace

const std::vector<const Analysis*>& AllAnalyses() {
  static const auto* const kAll = [] {
    auto* all = new std::vector<const Analysis*>;
    for (const Analysis& analysis : Table()) {
      all->push_back(&analysis);
    }
    return all;
  }();
  return *kAll;
}

const Analysis* FindAnalysis(std::string_view kind) {
  for (const Analysis* analysis : AllAnalyses()) {
    if (analysis->kind == kind) {
      return analysis;
    }
  }
  return nullptr;
}

}  // namespace modbound
