#ifndef MODBOUND_SERVER_RPC_LIST_SCAN_H_
#define MODBOUND_SERVER_RPC_LIST_SCAN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace modbound {

// More than any list of the contract may have; those have rules of their own,
// with more to say.
inline constexpr int64_t kMaxListItems = 16384;
// The same for packed numbers, which take little more memory than bytes.
inline constexpr int64_t kMaxPackedItems = 131072;

// Looks at the bytes of a message before it is read: an item of two bytes may
// take a hundred in memory. Errors: kResourceExhausted TOO_LARGE for a list or
// map of more items, with its name. Malformed bytes are left to the parser.
absl::Status CheckLists(google::protobuf::io::ZeroCopyInputStream& bytes,
                        const google::protobuf::Descriptor& type);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_LIST_SCAN_H_
