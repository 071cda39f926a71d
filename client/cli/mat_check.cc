#include "client/cli/mat_check.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

constexpr int64_t kMatHeader = 128;
constexpr int64_t kMatTag = 8;
constexpr uint32_t kMatCompressed = 15;

uint32_t WordAt(const char* bytes, bool big_endian) {
  std::array<unsigned char, 4> word{};
  std::memcpy(word.data(), bytes, word.size());
  if (big_endian) {
    std::reverse(word.begin(), word.end());
  }
  return uint32_t{word[0]} | uint32_t{word[1]} << 8 | uint32_t{word[2]} << 16 |
         uint32_t{word[3]} << 24;
}

// Unpacks `size` bytes of the stream, to nowhere: is it whole?
bool IsWholeStream(std::ifstream& stream, int64_t size) {
  constexpr size_t kUnpackPiece = size_t{256} * 1024;
  std::vector<char> packed(kUnpackPiece);
  std::vector<unsigned char> unpacked(kUnpackPiece);
  z_stream state = {};
  if (inflateInit(&state) != Z_OK) {
    return false;
  }
  int outcome = Z_OK;
  while (size > 0 && outcome == Z_OK) {
    stream.read(packed.data(), std::min<int64_t>(size, int64_t{kUnpackPiece}));
    if (stream.gcount() <= 0) {
      break;
    }
    size -= stream.gcount();
    state.next_in = reinterpret_cast<unsigned char*>(packed.data());
    state.avail_in = static_cast<unsigned>(stream.gcount());
    do {
      state.next_out = unpacked.data();
      state.avail_out = kUnpackPiece;
      outcome = inflate(&state, Z_NO_FLUSH);
    } while (outcome == Z_OK && state.avail_out == 0);
    if (outcome == Z_BUF_ERROR) {
      outcome = Z_OK;  // wants more of the stream
    }
  }
  inflateEnd(&state);
  return outcome == Z_STREAM_END;
}

}  // namespace

absl::Status CheckMatFile(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code error;
  const auto size =
      static_cast<int64_t>(std::filesystem::file_size(file, error));
  std::array<char, kMatHeader> header{};
  if (error || !stream.read(header.data(), kMatHeader)) {
    return absl::OkStatus();  // version 4 may be shorter
  }
  const std::string order(header.data() + 126, 2);
  // Version 5 and 7.3 have this word; the high byte of it is the version.
  const uint32_t version =
      WordAt(header.data() + 124, order == "MI") >> 8 & 0xFF;
  if ((order != "MI" && order != "IM") || version != 1) {
    return absl::OkStatus();
  }
  for (int64_t offset = kMatHeader; offset < size;) {
    std::array<char, kMatTag> tag{};
    stream.clear();
    stream.seekg(offset);
    if (!stream.read(tag.data(), kMatTag)) {
      return UsageError("truncated: its last element has no size");
    }
    const uint32_t type = WordAt(tag.data(), order == "MI");
    const int64_t bytes = WordAt(tag.data() + 4, order == "MI");
    offset += kMatTag + bytes;
    if (offset > size) {
      return UsageError(
          absl::StrCat("truncated: ", size, " of ", offset, " bytes or more"));
    }
    if (type == kMatCompressed && !IsWholeStream(stream, bytes)) {
      return UsageError(
          "is damaged: what is compressed in it cannot be unpacked");
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound
