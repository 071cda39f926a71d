#include "client/cli/credentials.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "client/cli/error.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/client_interceptor.h"

namespace modbound {
namespace {

// Adds the token to every call: one place, that no call can forget.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(const std::string& header) : header_(header) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    using grpc::experimental::InterceptionHookPoints;
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      batch->GetSendInitialMetadata()->emplace("authorization", header_);
    }
    batch->Proceed();
  }

 private:
  const std::string& header_;  // the factory's, which lives as its channel
};

class TokenInterceptors final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptors(const std::string& token)
      : header_("Bearer " + token) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* /*info*/) override {
    return new TokenInterceptor(header_);
  }

 private:
  const std::string header_;
};

absl::StatusOr<std::string> ReadIdentityFile(const char* flag,
                                             const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)),
                   std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return UsageError(std::string(flag) + " " + path + " cannot be read");
  }
  return text;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  MODBOUND_ASSIGN_OR_RETURN(const std::string text,
                            ReadIdentityFile("--token-file", path));
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    std::fprintf(stderr,
                 "warning: others on this machine may read the token in %s:"
                 " chmod 600 it\n",
                 path.c_str());
  }
  std::string token(absl::StripAsciiWhitespace(text));
  const std::string_view bytes = token;
  if (bytes.substr(0, 4) != "mb1_" ||
      bytes.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
          std::string_view::npos) {
    return UsageError("--token-file " + path + " holds no token (mb1_...)");
  }
  return token;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsOf(
    const IdentityFiles& files) {
  if (files.client_cert.empty() != files.client_key.empty()) {
    return UsageError("--client-cert and --client-key go together");
  }
  if (files.ca.empty()) {
    return files.client_cert.empty()
               ? absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>(
                     grpc::InsecureChannelCredentials())
               : UsageError(
                     "--client-cert needs --ca, which makes the"
                     " connection TLS");
  }
  grpc::SslCredentialsOptions options;
  MODBOUND_ASSIGN_OR_RETURN(options.pem_root_certs,
                            ReadIdentityFile("--ca", files.ca));
  // Of an empty text gRPC would take the system's authorities instead.
  if (options.pem_root_certs.find("BEGIN CERTIFICATE") == std::string::npos) {
    return UsageError("--ca " + files.ca + " holds no PEM certificate");
  }
  if (!files.client_cert.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(
        options.pem_cert_chain,
        ReadIdentityFile("--client-cert", files.client_cert));
    MODBOUND_ASSIGN_OR_RETURN(
        options.pem_private_key,
        ReadIdentityFile("--client-key", files.client_key));
  }
  return grpc::SslCredentials(options);
}

}  // namespace

bool IsLocalAddress(const std::string& address) {
  if (address.rfind("unix:", 0) == 0) {
    return true;
  }
  const std::string host = address.substr(0, address.rfind(':'));
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    return ntohl(ipv4.s_addr) >> 24 == 127;
  }
  return host == "localhost" || host == "[::1]";
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(
    const std::string& address,
    const IdentityFiles& files,
    const grpc::ChannelArguments& arguments) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::shared_ptr<grpc::ChannelCredentials> credentials,
      ChannelCredentialsOf(files));
  if (files.token_file.empty()) {
    return grpc::CreateCustomChannel(address, credentials, arguments);
  }
  if (files.ca.empty() && !IsLocalAddress(address)) {
    return UsageError("the token would travel to " + address +
                      " unencrypted: give --ca");
  }
  MODBOUND_ASSIGN_OR_RETURN(const std::string token,
                            ReadToken(files.token_file));
  std::vector<
      std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(std::make_unique<TokenInterceptors>(token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      address, credentials, arguments, std::move(interceptors));
}

}  // namespace modbound
