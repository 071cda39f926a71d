#include "server/auth/owner_name.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::size_t kMostNameBytes = 64;

bool IsNameByte(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return absl::ascii_isalnum(code) || byte == '.' || byte == '_' ||
         byte == '@' || byte == '-';
}

absl::Status BadCertificate(const char* why) {
  return MakeError(absl::StatusCode::kUnauthenticated,
                   "UNAUTHENTICATED",
                   "",
                   absl::StrCat("the client's certificate ", why));
}

}  // namespace

absl::Status CheckOwnerName(std::string_view name, std::string_view field) {
  if (!name.empty() && name.size() <= kMostNameBytes &&
      absl::ascii_isalnum(static_cast<unsigned char>(name.front())) &&
      std::all_of(name.begin(), name.end(), IsNameByte)) {
    return absl::OkStatus();
  }
  return Refuse("BAD_NAME",
                field,
                absl::StrCat(std::string(field),
                             " must be 1 to ",
                             kMostNameBytes,
                             " of a-z A-Z 0-9 . _ @ - and begin with a letter"
                             " or digit"));
}

absl::StatusOr<std::string> OwnerOfCertificate(
    const std::vector<std::string>& common_names,
    const std::vector<std::string>& dns_names,
    const std::vector<std::string>& email_addresses) {
  const std::vector<std::string>& names = !common_names.empty() ? common_names
                                          : !dns_names.empty()
                                              ? dns_names
                                              : email_addresses;
  if (names.size() != 1) {
    return BadCertificate(names.empty() ? "names nobody"
                                        : "names more than one owner");
  }
  if (!CheckOwnerName(names.front(), "name").ok()) {
    return BadCertificate("names no owner: 1 to 64 of a-z A-Z 0-9 . _ @ -");
  }
  if (names.front() == kLocalOwner) {
    return BadCertificate("names \"local\", which is whoever is at the server");
  }
  return names.front();
}

}  // namespace modbound
