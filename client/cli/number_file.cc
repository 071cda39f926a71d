#include "client/cli/number_file.h"

#include <algorithm>
#include <cstddef>

#include "client/cli/error.h"
#include "client/cli/number_type.h"

namespace modbound {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr size_t kBufferBytes = size_t{1024} * 1024;

}  // namespace

absl::Status NumberFile::Add(const TextCell& cell) {
  const bool is_whole = cell.kind == TextCell::kWhole;
  if (whole_ && !is_whole) {
    MODBOUND_RETURN_IF_ERROR(BecomeReal());
  }
  if (whole_) {
    buffer_.append(reinterpret_cast<const char*>(&cell.whole), kNumberBytes);
  } else {
    const double value = is_whole ? static_cast<double>(cell.whole) : cell.real;
    buffer_.append(reinterpret_cast<const char*>(&value), kNumberBytes);
  }
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status NumberFile::Flush() {
  MODBOUND_RETURN_IF_ERROR(file_.Write(buffer_, written_));
  written_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status NumberFile::BecomeReal() {
  MODBOUND_RETURN_IF_ERROR(Flush());
  whole_ = false;
  std::string piece;
  for (int64_t offset = 0; offset < written_;
       offset += static_cast<int64_t>(piece.size())) {
    piece.resize(static_cast<size_t>(
        std::min<int64_t>(kBufferBytes, written_ - offset)));
    const auto size = static_cast<int64_t>(piece.size());
    MODBOUND_RETURN_IF_ERROR(file_.Read(piece.data(), size, offset));
    MODBOUND_ASSIGN_OR_RETURN(piece,
                              ConvertNumbers(piece.data(),
                                             size / int64_t{kNumberBytes},
                                             NumberType::kInt64,
                                             v1::DType::FLOAT64));
    MODBOUND_RETURN_IF_ERROR(file_.Write(piece, offset));
  }
  return absl::OkStatus();
}

}  // namespace modbound
