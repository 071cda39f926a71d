#ifndef MODBOUND_SERVER_ANALYSES_REGISTRY_H_
#define MODBOUND_SERVER_ANALYSES_REGISTRY_H_

#include "server/analyses/analysis.h"

namespace modbound {

// One function a kind, defined in server/analyses/<kind>.cc.
Analysis TrainAnalysis();
Analysis SimulateAnalysis();
Analysis PartitionAnalysis();
Analysis QualityAnalysis();
Analysis InducedQualityAnalysis();
Analysis ComparePartitionsAnalysis();
Analysis CompareMatricesAnalysis();
Analysis ReduceAnalysis();
Analysis SelectivityAnalysis();
Analysis OutputLesionAnalysis();
Analysis LesionSimilarityAnalysis();
Analysis JacobianSimilarityAnalysis();
Analysis DigitsAnalysis();
Analysis MultilayerAnalysis();
Analysis StatisticsAnalysis();

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_REGISTRY_H_
