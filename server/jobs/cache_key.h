#ifndef MODBOUND_SERVER_JOBS_CACHE_KEY_H_
#define MODBOUND_SERVER_JOBS_CACHE_KEY_H_

#include <map>
#include <string>

#include "modbound/v1/job.pb.h"

namespace modbound {

// All that a result depends on, as a text of our own (serialised messages are
// not canonical): a line "kind NAME", then a line a field of the spec in the
// order of the numbers, then a line an input in the order of the names, then
// kernel version, ISA and compiler.
//   - A field that holds its rule's default is left out, as one that is unset:
//     a field that a later version adds changes no key.
//   - Doubles are their bits in hexadecimal, enums their numbers, texts are
//     preceded by their length: no value can look like another.
// `spec` has its defaults filled in; `inputs` name artifacts, no outputs of
// jobs. Labels, priority, threads and times are not part of it.
std::string CanonicalText(const v1::Spec& spec,
                          const std::map<std::string, v1::Array>& inputs);

// SHA-256 of the canonical text: jobs of one key have the same result.
std::string CacheKey(const v1::Spec& spec,
                     const std::map<std::string, v1::Array>& inputs);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_CACHE_KEY_H_
