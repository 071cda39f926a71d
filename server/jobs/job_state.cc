#include "server/jobs/job_state.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace modbound {

std::string StateWord(JobStateEnum state) {
  return v1::JobState::State_Name(state);
}

std::string Quoted(const std::string& text) {
  constexpr std::size_t kShown = 80;
  return absl::StrCat("\"",
                      absl::CHexEscape(text.substr(0, kShown)),
                      text.size() > kShown ? "..." : "",
                      "\"");
}

absl::Status JobNotFound(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound,
                   "JOB_NOT_FOUND",
                   "",
                   absl::StrCat("no job ", Quoted(id)));
}

absl::Status ServerStopping() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "SERVER_STOPPING",
                   "",
                   "the server is stopping");
}

absl::Status JobCancelled() {
  return MakeError(absl::StatusCode::kCancelled,
                   reason::kCancelled,
                   "",
                   "the job was cancelled by its owner");
}

}  // namespace modbound
