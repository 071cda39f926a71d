#include "client/cli/random_uuid.h"

#include <cstddef>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "openssl/rand.h"

namespace modbound {

std::string RandomUuid() {
  std::string bytes(16, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size())) != 1) {
    std::abort();  // an operating system without randomness
  }
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string uuid = absl::BytesToHexString(bytes);
  for (const size_t dash : {8, 13, 18, 23}) {
    uuid.insert(dash, 1, '-');
  }
  return uuid;
}

}  // namespace modbound
