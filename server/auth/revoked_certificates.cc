#include "server/auth/revoked_certificates.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/auth/pem.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

constexpr char kCrlFlag[] = "client_crl";
constexpr std::chrono::seconds kLookEvery(1);

bool IsSignedByOneOf(const RevocationList& list,
                     const std::vector<Certificate>& authorities) {
  const bool is = std::any_of(
      authorities.begin(), authorities.end(), [&](const Certificate& one) {
        return X509_NAME_cmp(X509_CRL_get_issuer(list.get()),
                             X509_get_subject_name(one.get())) == 0 &&
               X509_CRL_verify(list.get(), X509_get0_pubkey(one.get())) == 1;
      });
  ERR_clear_error();
  return is;
}

}  // namespace

struct RevokedCertificates::Lists {
  std::vector<RevocationList> all;
};

RevokedCertificates::RevokedCertificates(std::string path,
                                         std::string client_ca)
    : path_(std::move(path)), client_ca_(std::move(client_ca)) {}

RevokedCertificates::~RevokedCertificates() = default;

absl::StatusOr<std::unique_ptr<RevokedCertificates>> RevokedCertificates::Open(
    const std::string& path, const std::string& client_ca) {
  std::unique_ptr<RevokedCertificates> revoked(
      new RevokedCertificates(path, client_ca));
  const MutexLock lock(revoked->mutex_);
  MODBOUND_RETURN_IF_ERROR(revoked->Read());
  return revoked;
}

RevokedCertificates::Version RevokedCertificates::VersionNow() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) {
    return {};
  }
  return {static_cast<int64_t>(info.st_ino),
          static_cast<int64_t>(info.st_size),
          int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec};
}

absl::Status RevokedCertificates::Read() {
  // Before the bytes: a change while they are read is seen the next time.
  version_ = VersionNow();
  MODBOUND_ASSIGN_OR_RETURN(const std::string text,
                            ReadPemFile(kCrlFlag, path_));
  auto lists = std::make_shared<Lists>();
  lists->all = RevocationListsIn(text);
  if (lists->all.empty()) {
    return RefuseTls(kCrlFlag,
                     absl::StrCat(path_, " holds no PEM revocation list"));
  }
  const std::vector<Certificate> authorities = CertificatesIn(client_ca_);
  for (const RevocationList& list : lists->all) {
    if (!IsSignedByOneOf(list, authorities)) {
      return RefuseTls(kCrlFlag,
                       absl::StrCat(path_,
                                    " holds a list that no authority of"
                                    " client_ca signed"));
    }
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get());
    if (next != nullptr && X509_cmp_current_time(next) < 0) {
      spdlog::warn("event=client_crl_due file=\"{}\"", path_);
    }
  }
  lists_ = std::move(lists);
  return absl::OkStatus();
}

std::shared_ptr<const RevokedCertificates::Lists>
RevokedCertificates::Newest() {
  const auto now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  if (now >= look_again_) {
    look_again_ = now + kLookEvery;
    if (!(VersionNow() == version_)) {
      if (const absl::Status read = Read(); !read.ok()) {
        spdlog::error("event=client_crl_not_read error=\"{}\"", LogText(read));
      }
    }
  }
  return lists_;
}

bool RevokedCertificates::Contains(const std::string& certificate) {
  const std::vector<Certificate> parsed = CertificatesIn(certificate);
  if (parsed.empty()) {
    return true;
  }
  const std::shared_ptr<const Lists> lists = Newest();
  X509* const client = parsed.front().get();
  return std::any_of(
      lists->all.begin(), lists->all.end(), [&](const RevocationList& list) {
        X509_REVOKED* entry = nullptr;
        // 2: an entry that takes the revocation back.
        return X509_NAME_cmp(X509_CRL_get_issuer(list.get()),
                             X509_get_issuer_name(client)) == 0 &&
               X509_CRL_get0_by_cert(list.get(), &entry, client) == 1;
      });
}

}  // namespace modbound
