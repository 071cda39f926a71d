#ifndef MODBOUND_SERVER_ANALYSES_PLAN_ESTIMATES_H_
#define MODBOUND_SERVER_ANALYSES_PLAN_ESTIMATES_H_

#include <cstdint>
#include <string>

#include "server/analyses/analysis.h"

// What plans reckon with. Bytes are doubles on the way: absurd shapes pass what
// 64 bits hold.
namespace modbound {

// An estimate in bytes, held to what 64 bits can say.
int64_t BytesOf(double estimate);

// Elements of an input; 0 when it is not given. An extent that is not known yet
// counts as 0.
double ElementsOf(const InputInfos& inputs, const std::string& name);

// Bytes of an input as it came; 8 an element of a type not known yet.
double InputBytes(const InputInfos& inputs, const std::string& name);

// Plan::max_threads of work in this many items; at least 1.
int ThreadsFor(int64_t items);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_PLAN_ESTIMATES_H_
