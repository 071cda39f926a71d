#ifndef MODBOUND_SERVER_ANALYSES_INPUT_RULES_H_
#define MODBOUND_SERVER_ANALYSES_INPUT_RULES_H_

#include <string>

#include "absl/status/status.h"
#include "server/analyses/analysis.h"

namespace modbound {

// The rule for an input of this name: its own, or that of its prefix
// ("variables/*"). Null when the kind takes none.
const InputRule* FindInputRule(const Analysis& analysis,
                               const std::string& name);

// Checks the inputs of a kind as far as they are known: every name is taken by
// the kind, every input that is not optional is there, none is empty, the
// number of axes and the extents of equal letters agree, facts are as the rule
// wants them. Errors: kInvalidArgument UNKNOWN_INPUT, MISSING_FIELD,
// WRONG_SHAPE, NOT_FINITE, BAD_LABELS for "inputs.NAME".
absl::Status CheckInputs(const Analysis& analysis, const InputInfos& inputs);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_INPUT_RULES_H_
