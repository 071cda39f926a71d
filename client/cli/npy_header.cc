#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"
#include "client/cli/npy.h"

namespace modbound {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMostAxes = 32;

absl::Status Malformed(std::string_view what) {
  return UsageError("malformed .npy header: " + std::string(what));
}

// The header's text is a Python literal, for example
// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }. This reads just
// the literals that occur there.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  // Takes `token` when it comes next, after spaces.
  bool Take(std::string_view token) {
    SkipSpace();
    if (text_.substr(0, token.size()) != token) {
      return false;
    }
    text_.remove_prefix(token.size());
    return true;
  }

  std::optional<std::string> String() {
    SkipSpace();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) {
      return std::nullopt;
    }
    const size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }

  // "(3, 4)", "(3,)", "()"; Python 2 wrote "(3L,)".
  std::optional<std::vector<int64_t>> Tuple() {
    std::vector<int64_t> values;
    if (!Take("(")) {
      return std::nullopt;
    }
    while (!Take(")")) {
      SkipSpace();
      int64_t value = 0;
      const auto [stop, error] =
          std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc() || value < 0) {
        return std::nullopt;
      }
      text_.remove_prefix(static_cast<size_t>(stop - text_.data()));
      values.push_back(value);
      Take("L");
      if (!Take(",")) {
        if (!Take(")")) {
          return std::nullopt;
        }
        break;
      }
    }
    return values;
  }

  bool AtEnd() {
    SkipSpace();
    return text_.empty();
  }

 private:
  void SkipSpace() {
    const size_t begin = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }

  std::string_view text_;
};

absl::Status ReadDtype(std::string_view descr, NpyHeader& header) {
  struct Known {
    std::string_view code;
    v1::DType::Type dtype;
  };
  constexpr std::array<Known, 6> kKnown = {{{"f4", v1::DType::FLOAT32},
                                            {"f8", v1::DType::FLOAT64},
                                            {"i4", v1::DType::INT32},
                                            {"i8", v1::DType::INT64},
                                            {"u1", v1::DType::UINT8},
                                            {"b1", v1::DType::BOOL}}};
  std::string_view code = descr;
  const char order = code.empty() ? '\0' : code.front();
  if (order == '<' || order == '>' || order == '=' || order == '|') {
    code.remove_prefix(1);
  }
  for (const Known& known : kKnown) {
    if (code == known.code) {
      header.dtype = known.dtype;
      header.big_endian = order == '>' && ItemSize(known.dtype) > 1;
      return absl::OkStatus();
    }
  }
  return MakeError(absl::StatusCode::kInvalidArgument,
                   "WRONG_DTYPE",
                   "",
                   absl::StrCat("dtype \"",
                                std::string(descr),
                                "\"; allowed: f4, f8, i4, i8, u1, b1"));
}

// One "key: value" of the header's dictionary.
absl::Status ReadEntry(LiteralReader& reader,
                       const std::string& key,
                       NpyHeader& header) {
  if (key == "descr") {
    const std::optional<std::string> descr = reader.String();
    // A list describes records.
    return ReadDtype(descr ? *descr : "structured", header);
  }
  if (key == "fortran_order") {
    header.fortran_order = reader.Take("True");
    if (!header.fortran_order && !reader.Take("False")) {
      return Malformed("fortran_order is neither True nor False");
    }
    return absl::OkStatus();
  }
  if (key == "shape") {
    const auto shape = reader.Tuple();
    if (!shape || shape->size() > kMostAxes) {
      return Malformed("shape is no tuple of sizes");
    }
    header.shape = *shape;
    return absl::OkStatus();
  }
  return Malformed("unknown key \"" + key + "\"");
}

absl::Status ReadDictionary(std::string_view text, NpyHeader& header) {
  LiteralReader reader(text);
  std::set<std::string> keys;
  if (!reader.Take("{")) {
    return Malformed("no dictionary");
  }
  while (!reader.Take("}")) {
    const std::optional<std::string> key = reader.String();
    if (!key || !reader.Take(":") || !keys.insert(*key).second) {
      return Malformed("no dictionary of distinct keys");
    }
    MODBOUND_RETURN_IF_ERROR(ReadEntry(reader, *key, header));
    if (!reader.Take(",")) {
      if (!reader.Take("}")) {
        return Malformed("the dictionary does not end");
      }
      break;
    }
  }
  if (!reader.AtEnd()) {
    return Malformed("text after the dictionary");
  }
  if (keys.size() != 3) {
    return Malformed("needs descr, fortran_order and shape");
  }
  return absl::OkStatus();
}

// The number of bytes that shape and dtype ask for must be what is there.
absl::Status CheckSize(const NpyHeader& header, int64_t file_size) {
  int64_t wanted = ItemSize(header.dtype);
  bool empty = false;
  for (const int64_t extent : header.shape) {
    empty = empty || extent == 0;
  }
  for (const int64_t extent : header.shape) {
    if (!empty && __builtin_mul_overflow(wanted, extent, &wanted)) {
      return Malformed("the shape is larger than any file");
    }
  }
  wanted = empty ? 0 : wanted;
  const int64_t given = file_size - header.data_offset;
  if (given < wanted) {
    return UsageError(absl::StrCat(
        "truncated: ", given, " of ", wanted, " bytes of elements"));
  }
  if (given > wanted) {
    return UsageError(absl::StrCat(
        given - wanted, " bytes more than the shape in its header asks for"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view prefix,
                                         int64_t file_size) {
  if (prefix.substr(0, kMagic.size()) != kMagic) {
    return UsageError("is no .npy file");
  }
  constexpr size_t kVersionEnd = 8;
  if (prefix.size() < kVersionEnd) {
    return UsageError("truncated in the header");
  }
  const auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(prefix[i]));
  };
  const size_t major = byte(6);
  if (major < 1 || major > 3 || byte(7) != 0) {
    return UsageError(absl::StrCat(
        ".npy version ", major, ".", byte(7), "; known: 1.0, 2.0, 3.0"));
  }
  const size_t length_bytes = major == 1 ? 2 : 4;
  const size_t begin = kVersionEnd + length_bytes;
  if (prefix.size() < begin) {
    return UsageError("truncated in the header");
  }
  size_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= byte(kVersionEnd + i) << (8 * i);
  }
  if (length > prefix.size() - begin) {
    return UsageError("truncated in the header");
  }
  NpyHeader header;
  header.data_offset = static_cast<int64_t>(begin + length);
  MODBOUND_RETURN_IF_ERROR(
      ReadDictionary(prefix.substr(begin, length), header));
  MODBOUND_RETURN_IF_ERROR(CheckSize(header, file_size));
  return header;
}

}  // namespace modbound
