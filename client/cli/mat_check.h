#ifndef MODBOUND_CLIENT_CLI_MAT_CHECK_H_
#define MODBOUND_CLIENT_CLI_MAT_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace modbound {

// Whether a .mat file of version 5 is whole: its elements fill it, and what is
// compressed in it has its checksum ("MAT-File Format", MathWorks, chapter 1).
// The library that reads the arrays takes a damaged one for a shorter one.
// Other versions are not looked at: 4 has no checksum, 7.3 is HDF5's affair.
// Errors: kInvalidArgument.
absl::Status CheckMatFile(const std::string& file);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_MAT_CHECK_H_
