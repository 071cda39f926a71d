#ifndef MODBOUND_TESTS_FAULTS_REQUESTS_ERROR_CATALOGUE_H_
#define MODBOUND_TESTS_FAULTS_REQUESTS_ERROR_CATALOGUE_H_

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace modbound {

// What proto/modbound/v1/error.proto says in its comments: with which codes
// each reason comes.
class ErrorCatalogue {
 public:
  ErrorCatalogue() {
    std::ifstream file(MODBOUND_SOURCE_DIR "/proto/modbound/v1/error.proto");
    const std::regex code("\\b([A-Z]+(_[A-Z]+)*)(, for one attempt)?:");
    const std::regex value("^ *([A-Z_]+) = [0-9]+;");
    std::set<std::string> codes;
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, value)) {
        codes_[match[1]] = codes;
        codes.clear();
      } else {
        for (auto rest = line; std::regex_search(rest, match, code);
             rest = match.suffix()) {
          codes.insert(match[1]);
        }
      }
    }
  }

  size_t size() const { return codes_.size(); }

  // "" when a client may get this status: OK, or one code and reason that the
  // catalogue has together, and with INVALID_ARGUMENT the field. Else what is
  // wrong. INTERNAL is always wrong.
  std::string Complaint(const grpc::Status& status) const {
    if (status.ok()) {
      return "";
    }
    google::rpc::Status details;
    if (!details.ParseFromString(status.error_details()) ||
        details.code() != static_cast<int>(status.error_code())) {
      return "no details, or others";
    }
    std::string reason;
    std::string field;
    for (const auto& any : details.details()) {
      google::rpc::ErrorInfo info;
      google::rpc::BadRequest request;
      if (any.UnpackTo(&info)) {
        reason += info.reason();
      } else if (any.UnpackTo(&request)) {
        for (const auto& violation : request.field_violations()) {
          field += violation.field();
        }
      }
    }
    const auto known = codes_.find(reason);
    if (known == codes_.end()) {
      return "reason '" + reason + "' is not in the catalogue";
    }
    if (known->second.count(NameOf(status.error_code())) == 0) {
      return reason + " does not go with this code";
    }
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT &&
        field.empty() && !IsUnreadable(reason, status.error_message())) {
      return reason + " without the field";
    }
    return reason == "INTERNAL" ? "INTERNAL" : "";
  }

 private:
  // Bytes that are no message have no fields either. As in raw_calls.py.
  static bool IsUnreadable(const std::string& reason,
                           const std::string& message) {
    return reason == "BAD_TEXT" &&
           message.rfind("the bytes are not a valid ", 0) == 0;
  }

  static std::string NameOf(grpc::StatusCode code) {
    const char* names[] = {"OK",
                           "CANCELLED",
                           "UNKNOWN",
                           "INVALID_ARGUMENT",
                           "DEADLINE_EXCEEDED",
                           "NOT_FOUND",
                           "ALREADY_EXISTS",
                           "PERMISSION_DENIED",
                           "RESOURCE_EXHAUSTED",
                           "FAILED_PRECONDITION",
                           "ABORTED",
                           "OUT_OF_RANGE",
                           "UNIMPLEMENTED",
                           "INTERNAL",
                           "UNAVAILABLE",
                           "DATA_LOSS",
                           "UNAUTHENTICATED"};
    return names[code];
  }

  std::map<std::string, std::set<std::string>> codes_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_REQUESTS_ERROR_CATALOGUE_H_
