#include "client/cli/sha256.h"

#include <array>
#include <cstdlib>

#include "openssl/rand.h"

namespace modbound {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

std::string ToHex(const unsigned char* bytes, size_t count) {
  std::string hex;
  for (size_t i = 0; i < count; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 0xF];
  }
  return hex;
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::Add(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
  return ToHex(digest.data(), size);
}

std::string RandomUuid() {
  std::array<unsigned char, 16> bytes = {};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    std::abort();  // an operating system without randomness
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string uuid;
  for (const char digit : ToHex(bytes.data(), bytes.size())) {
    const size_t size = uuid.size();
    if (size == 8 || size == 13 || size == 18 || size == 23) {
      uuid += '-';
    }
    uuid += digit;
  }
  return uuid;
}

}  // namespace modbound
