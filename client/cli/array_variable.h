#ifndef MODBOUND_CLIENT_CLI_ARRAY_VARIABLE_H_
#define MODBOUND_CLIENT_CLI_ARRAY_VARIABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// One of the things that a .mat or .h5 file holds.
struct ArrayVariable {
  std::string name;  // as FILE:NAME takes it
  std::vector<int64_t> shape;
  // What keeps it from being an input: "complex", "a cell array"; "" = nothing.
  std::string refused = {};
};

// Which of them FILE:`wanted` means; with "" the only one that can be an input.
// Errors: kInvalidArgument: none of that name, or without a name none or
// several that can be an input: lists what there is with shapes; WRONG_DTYPE
// when the one named cannot be one.
absl::StatusOr<size_t> ChooseVariable(
    const std::vector<ArrayVariable>& variables, const std::string& wanted);

// "(400, 400)".
std::string ShapeText(const std::vector<int64_t>& shape);

// Bytes of an array, checked before anything of that size is made.
// Errors: kInvalidArgument with the bytes when they are more than the memory of
// this machine.
absl::StatusOr<int64_t> CheckedBytes(const std::vector<int64_t>& shape,
                                     int item_size);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_ARRAY_VARIABLE_H_
