#include "server/rpc/list_scan.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace modbound {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

// As deep as protobuf's own parser goes.
constexpr int kMaxDepth = 100;

int64_t MostItems(const FieldDescriptor& list) {
  return list.is_packable() ? kMaxPackedItems : kMaxListItems;
}

// Items of the lists of a message so far. A message field that is no list may
// come several times and is merged, so its lists go on.
struct ListCounts {
  std::map<int, int64_t> items;            // by field number
  std::map<int, ListCounts> sub_messages;  // likewise
};

class ListScan {
 public:
  explicit ListScan(google::protobuf::io::ZeroCopyInputStream& bytes)
      : input_(&bytes) {}

  // Reads to the end or limit; false when the bytes are malformed, or a list
  // is too long.
  bool Message(const Descriptor& type, int depth, ListCounts& counts) {
    for (;;) {
      const uint32_t tag = input_.ReadTag();
      if (tag == 0) {
        return true;
      }
      const FieldDescriptor* field =
          type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      const bool read =
          field != nullptr && WireFormatLite::GetTagWireType(tag) ==
                                  WireFormatLite::WIRETYPE_LENGTH_DELIMITED
              ? Delimited(*field, depth, counts)
              : WireFormatLite::SkipField(&input_, tag);
      if (!read || (field != nullptr && field->is_repeated() &&
                    !field->is_packable() && !Count(*field, 1, counts))) {
        return false;
      }
    }
  }

  // The list that was too long; nullptr = none.
  const FieldDescriptor* too_long() const { return too_long_; }

 private:
  bool Count(const FieldDescriptor& list, int64_t more, ListCounts& counts) {
    int64_t& items = counts.items[list.number()];
    items += more;
    if (items > MostItems(list)) {
      too_long_ = &list;
      return false;
    }
    return true;
  }

  // A string, message or packed list.
  bool Delimited(const FieldDescriptor& field, int depth, ListCounts& counts) {
    uint32_t size = 0;
    if (!input_.ReadVarint32(&size)) {
      return false;
    }
    const bool enters = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                        depth < kMaxDepth;
    if (!enters) {
      return (!field.is_packable() ||
              Count(field, size / LeastPackedBytes(field), counts)) &&
             input_.Skip(static_cast<int>(size));
    }
    const auto limit = input_.PushLimit(static_cast<int>(size));
    bool read = false;
    if (field.is_repeated()) {
      ListCounts own;
      read = Message(*field.message_type(), depth + 1, own);
    } else {
      read = Message(*field.message_type(),
                     depth + 1,
                     counts.sub_messages[field.number()]);
    }
    read = read && input_.BytesUntilLimit() == 0;
    input_.PopLimit(limit);
    return read;
  }

  // Bytes that an item of a packed list has at least.
  static int64_t LeastPackedBytes(const FieldDescriptor& field) {
    switch (field.type()) {
      case FieldDescriptor::TYPE_DOUBLE:
      case FieldDescriptor::TYPE_FIXED64:
      case FieldDescriptor::TYPE_SFIXED64:
        return 8;
      case FieldDescriptor::TYPE_FLOAT:
      case FieldDescriptor::TYPE_FIXED32:
      case FieldDescriptor::TYPE_SFIXED32:
        return 4;
      default:
        return 1;
    }
  }

  google::protobuf::io::CodedInputStream input_;
  const FieldDescriptor* too_long_ = nullptr;
};

}  // namespace

absl::Status CheckLists(google::protobuf::io::ZeroCopyInputStream& bytes,
                        const Descriptor& type) {
  ListScan scan(bytes);
  ListCounts counts;
  scan.Message(type, 0, counts);
  if (scan.too_long() == nullptr) {
    return absl::OkStatus();
  }
  const FieldDescriptor& list = *scan.too_long();
  return MakeError(absl::StatusCode::kResourceExhausted,
                   "TOO_LARGE",
                   list.name(),
                   absl::StrCat("the list ",
                                list.name(),
                                " has more than ",
                                MostItems(list),
                                " items"));
}

}  // namespace modbound
