#ifndef MODBOUND_CLIENT_CLI_CONVERT_IN_CHILD_H_
#define MODBOUND_CLIENT_CLI_CONVERT_IN_CHILD_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/temporary_file.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// Reads a file and writes the array's elements, row by row and little-endian,
// into `elements`; returns its dtype and shape.
using ConvertFunction =
    std::function<absl::StatusOr<v1::Array>(const TemporaryFile& elements)>;

// convert(elements) in a process of its own: the libraries of the formats crash
// on some damaged files, and may not end on others. `cpu_seconds` are the most
// that it takes.
// Call it before the program has threads.
// Errors: those of `convert`; kResourceExhausted when it throws std::bad_alloc;
// kInvalidArgument when the process crashed or took longer.
absl::StatusOr<v1::Array> ConvertInChild(const ConvertFunction& convert,
                                         const TemporaryFile& elements,
                                         int cpu_seconds);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_CONVERT_IN_CHILD_H_
