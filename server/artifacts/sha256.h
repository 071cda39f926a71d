#ifndef MODBOUND_SERVER_ARTIFACTS_SHA256_H_
#define MODBOUND_SERVER_ARTIFACTS_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct evp_md_ctx_st;

namespace modbound {

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(std::string_view bytes);
  // Lower-case hexadecimal. Call once, last.
  std::string Hex();

 private:
  evp_md_ctx_st* context_;
};

// SHA-256 in lower-case hexadecimal.
std::string Sha256Hex(std::string_view bytes);
absl::StatusOr<std::string> Sha256HexOfFile(const std::string& path);
// 64 lower-case hexadecimal digits?
bool IsDigest(std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_SHA256_H_
