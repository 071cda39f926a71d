#include "server/artifacts/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <new>
#include <vector>

#include "core/base/check.h"
#include "core/base/error.h"
#include "server/files/file_io.h"

namespace modbound {
namespace {

constexpr int64_t kBufferSize = int64_t{1} << 20;

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) {
    throw std::bad_alloc();
  }
  MODBOUND_CHECK(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Add(std::string_view bytes) {
  MODBOUND_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Hex() {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  MODBOUND_CHECK(EVP_DigestFinal_ex(context_, digest.data(), &size) == 1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Hex();
}

absl::StatusOr<std::string> Sha256HexOfFile(const std::string& path) {
  MODBOUND_ASSIGN_OR_RETURN(const FileDescriptor file,
                            OpenFile(path, O_RDONLY));
  std::vector<char> buffer(kBufferSize);
  Sha256 hash;
  int64_t offset = 0;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(
        const int64_t got,
        ReadAt(file, path, buffer.data(), kBufferSize, offset));
    hash.Add({buffer.data(), static_cast<std::size_t>(got)});
    offset += got;
    if (got < kBufferSize) {
      return hash.Hex();
    }
  }
}

bool IsDigest(std::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace modbound
