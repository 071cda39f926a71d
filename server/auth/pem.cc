#include "server/auth/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

Bio OpenText(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
          &BIO_free_all};
}

int NoPassphrase(char* /*buffer*/,
                 int /*size*/,
                 int /*write*/,
                 void* /*data*/) {
  return -1;
}

}  // namespace

absl::Status RefuseTls(const char* flag, const std::string& message) {
  return Refuse("OUT_OF_RANGE", flag, absl::StrCat(flag, ": ", message));
}

absl::StatusOr<std::string> ReadPemFile(const char* flag,
                                        const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)),
                   std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad() || text.empty()) {
    return RefuseTls(
        flag,
        absl::StrCat(path,
                     " cannot be read: ",
                     errno != 0 ? std::strerror(errno) : "it is empty"));
  }
  return text;
}

std::vector<Certificate> CertificatesIn(const std::string& text) {
  std::vector<Certificate> all;
  const Bio bio = OpenText(text);
  while (X509* one =
             PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    all.emplace_back(one, &X509_free);
  }
  ERR_clear_error();
  return all;
}

std::vector<RevocationList> RevocationListsIn(const std::string& text) {
  std::vector<RevocationList> all;
  const Bio bio = OpenText(text);
  while (X509_CRL* one =
             PEM_read_bio_X509_CRL(bio.get(), nullptr, NoPassphrase, nullptr)) {
    all.emplace_back(one, &X509_CRL_free);
  }
  ERR_clear_error();
  return all;
}

PrivateKey PrivateKeyIn(const std::string& text) {
  const Bio bio = OpenText(text);
  PrivateKey key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr),
      &EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

}  // namespace modbound
