#ifndef MODBOUND_SERVER_JOBS_INPUT_NAMES_H_
#define MODBOUND_SERVER_JOBS_INPUT_NAMES_H_

#include <string>
#include <vector>

#include "server/analyses/analysis.h"
#include "server/jobs/producers.h"

namespace modbound {

// One input and the output it takes.
struct TakenOutput {
  std::string input;
  std::string output;
  // Left out, rather than refused, when the job has no such output.
  bool optional = false;
};

// Whether an input of this name stands for several: a group, or a prefix
// ("variables", "variables/*").
bool StandsForMany(const Analysis& analysis, const std::string& name);

// What the input `name` takes from `producer`; `output` as in v1::OutputRef.
// Empty when a prefix fits no output.
std::vector<TakenOutput> TakenOutputs(const Analysis& analysis,
                                      const std::string& name,
                                      const std::string& output,
                                      const Producer& producer);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_INPUT_NAMES_H_
