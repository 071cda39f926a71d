#ifndef MODBOUND_CLIENT_CLI_SHA256_H_
#define MODBOUND_CLIENT_CLI_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

#include "openssl/evp.h"

namespace modbound {

// SHA-256 of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  void Add(std::string_view bytes);
  // 64 lower-case hexadecimal digits of everything added; ends the object's
  // use.
  std::string Hex();

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_SHA256_H_
