#ifndef MODBOUND_CLIENT_CLI_NUMBER_FILE_H_
#define MODBOUND_CLIENT_CLI_NUMBER_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/temporary_file.h"
#include "client/cli/text_cell.h"
#include "modbound/v1/array.pb.h"

namespace modbound {

// Numbers of a text, one after the other, on their way into a file: INT64 as
// long as all are whole, FLOAT64 from the first other one on. Memory: some
// megabytes, however many they are.
class NumberFile {
 public:
  explicit NumberFile(const TemporaryFile& file) : file_(file) {}

  // `cell` is a number. Errors: those of TemporaryFile.
  absl::Status Add(const TextCell& cell);

  // After the last one. Errors: those of TemporaryFile.
  absl::Status Finish() { return Flush(); }

  v1::DType::Type dtype() const {
    return whole_ ? v1::DType::INT64 : v1::DType::FLOAT64;
  }

 private:
  absl::Status Flush();
  // What is there already becomes FLOAT64.
  absl::Status BecomeReal();

  const TemporaryFile& file_;
  bool whole_ = true;
  std::string buffer_;
  int64_t written_ = 0;  // bytes in the file
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_NUMBER_FILE_H_
