#ifndef MODBOUND_CLIENT_CLI_UPLOAD_H_
#define MODBOUND_CLIENT_CLI_UPLOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "client/cli/npy.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// Largest array that may travel inside a request.
inline constexpr int64_t kMostInlineBytes = int64_t{64} * 1024;

// What the server calls the array: the SHA-256 of its elements, little-endian
// and row by row.
// Errors: kInvalidArgument when the file changes meanwhile.
absl::StatusOr<std::string> DigestOf(const NpyFile& npy);

// The array with its bytes inside. Needs num_bytes() <= kMostInlineBytes.
absl::StatusOr<v1::Array> InlineArray(const NpyFile& npy);

// The array on the server, as inputs of jobs name it. Only bytes that the
// server does not have are sent; an upload that breaks off goes on where it
// ended, up to five times without progress.
// Errors: the server's; kInvalidArgument when the file changes meanwhile.
absl::StatusOr<v1::Array> UploadArray(Connection& connection,
                                      const NpyFile& npy);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_UPLOAD_H_
