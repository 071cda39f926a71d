#ifndef MODBOUND_SERVER_ANALYSES_TRAIN_INPUTS_H_
#define MODBOUND_SERVER_ANALYSES_TRAIN_INPUTS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/tasks/task.h"
#include "core/training/train_options.h"
#include "modbound/v1/train.pb.h"
#include "server/analyses/analysis.h"

// What training takes besides its spec: initial arrays, masks, and where the
// units are.
namespace modbound {

// initial/NAME for each of the six arrays (group "initial"), mask/NAME for the
// three of weights (group "mask"), positions (N,3), distances (N,N); all
// optional. Axes are lettered N, I, O.
std::vector<InputRule> TrainInputRules();

// Checks what is known of them. Errors, for "inputs.NAME": WRONG_SHAPE when one
// is not of the model's and the task's size, NOT_BINARY for a mask,
// OUT_OF_RANGE for a negative distance, CONTRADICTION for places without
// spatial_cost or both ways.
absl::Status CheckTrainInputs(const v1::TrainSpec& train,
                              const Task& task,
                              const InputInfos& inputs);

// What they take up, as given and in the options.
double TrainInputBytes(const v1::TrainSpec& train,
                       const Task& task,
                       const InputInfos& inputs);

// Puts them into the options.
void ReadTrainInputs(const InputArrays& inputs, TrainOptions& options);

// The arrays that a list of the spec names. Errors: OUT_OF_RANGE for "LIST[i]"
// when it names none.
absl::StatusOr<ArraySet> NamedArrays(
    const char* list,
    const google::protobuf::RepeatedPtrField<std::string>& names);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_TRAIN_INPUTS_H_
