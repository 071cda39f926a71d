#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status RefuseListen(const std::string& message) {
  return Refuse("OUT_OF_RANGE", "listen", message);
}

absl::Status SocketTaken(const std::string& message) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "OUT_OF_RANGE", "listen", message);
}

bool IsLoopback(const std::string& host) {
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    return ntohl(ipv4.s_addr) >> 24 == 127;
  }
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) {
    return std::memcmp(&ipv6, &in6addr_loopback, sizeof(ipv6)) == 0;
  }
  return host == "localhost";
}

// What gRPC would read as something else than a host must not reach it.
bool IsHost(const std::string& host) {
  in6_addr ipv6{};
  return ::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1 ||
         (!host.empty() &&
          std::all_of(host.begin(), host.end(), [](unsigned char byte) {
            return absl::ascii_isalnum(byte) || byte == '.' || byte == '-';
          }));
}

absl::StatusOr<ListenAddress> ParseUnix(const std::string& path) {
  if (path.empty() || path.size() > kMaxSocketPath) {
    return RefuseListen(absl::StrCat("listen=unix:PATH needs a path of 1 to ",
                                     kMaxSocketPath,
                                     " bytes; it has ",
                                     path.size()));
  }
  return ListenAddress{path, -1};
}

// True when somebody accepts connections on the socket.
bool SomebodyListens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return true;  // not known: take nobody's socket away
  }
  const bool connected = ::connect(fd,
                                   reinterpret_cast<const sockaddr*>(&address),
                                   sizeof(address)) == 0;
  const bool refused = !connected && errno == ECONNREFUSED;
  ::close(fd);
  return !refused;
}

}  // namespace

bool ListenAddress::is_local() const { return is_unix() || IsLoopback(host); }

std::string ListenAddress::Text() const {
  if (is_unix()) {
    return absl::StrCat("unix:", host);
  }
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? absl::StrCat("[", host, "]:", port)
              : absl::StrCat(host, ":", port);
}

std::string ListenAddress::ForGrpc() const {
  return host == "localhost" && !is_unix()
             ? ListenAddress{"127.0.0.1", port}.Text()
             : Text();
}

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text) {
  if (std::string_view(text).substr(0, kUnix.size()) == kUnix) {
    return ParseUnix(text.substr(kUnix.size()));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return RefuseListen(absl::StrCat(
        "listen is \"", text, "\"; it must be HOST:PORT or unix:PATH"));
  }
  ListenAddress address{text.substr(0, colon), 0};
  if (address.host.size() >= 2 && address.host.front() == '[' &&
      address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return RefuseListen(absl::StrCat(
        "listen is \"", text, "\"; an IPv6 host is written [HOST]:PORT"));
  }
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(begin, end, address.port);
  if (error != std::errc() || last != end || begin == end || address.port < 0 ||
      address.port > 65535) {
    return RefuseListen(absl::StrCat(
        "listen is \"", text, "\"; its port must be a number, 0 to 65535"));
  }
  if (!IsHost(address.host)) {
    return RefuseListen(absl::StrCat(
        "listen is \"", text, "\"; its host is neither an address nor a name"));
  }
  return address;
}

absl::Status FreeStaleSocket(const ListenAddress& address) {
  struct stat info {};
  if (!address.is_unix() || ::lstat(address.host.c_str(), &info) != 0) {
    return absl::OkStatus();
  }
  if (!S_ISSOCK(info.st_mode)) {
    return SocketTaken(
        absl::StrCat(address.host, " exists and is not a socket"));
  }
  if (SomebodyListens(address.host)) {
    return SocketTaken(
        absl::StrCat("another program listens on ", address.Text()));
  }
  ::unlink(address.host.c_str());
  return absl::OkStatus();
}

}  // namespace modbound
