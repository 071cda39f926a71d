#include "client/cli/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/one_line.h"
#include "google/protobuf/util/time_util.h"

namespace modbound {
namespace {

size_t TerminalWidth() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

}  // namespace

std::string LengthText(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(seconds, 0.0)));
  const int64_t minutes = whole / 60;
  const int64_t hours = minutes / 60;
  if (minutes == 0) {
    return absl::StrFormat("%ds", whole);
  }
  if (hours == 0) {
    return absl::StrFormat("%dm%02ds", minutes, whole % 60);
  }
  if (hours < 24) {
    return absl::StrFormat("%dh%02dm", hours, minutes % 60);
  }
  return absl::StrFormat("%dd%02dh", hours / 24, hours % 24);
}

std::string ProgressText(const v1::Job& job) {
  std::string text = v1::JobState::State_Name(job.state());
  const v1::Progress& progress = job.progress();
  if (job.state() != v1::JobState::RUNNING || !job.has_progress()) {
    return text;
  }
  if (!progress.phase().empty()) {
    absl::StrAppend(&text, " ", progress.phase());
  }
  if (progress.total() > 0) {
    absl::StrAppend(&text,
                    " ",
                    progress.done(),
                    "/",
                    progress.total(),
                    progress.unit().empty() ? "" : " ",
                    progress.unit());
  }
  absl::StrAppendFormat(&text, " %.0f%%", 100 * progress.fraction());
  if (progress.has_eta()) {
    const double milliseconds = static_cast<double>(
        google::protobuf::util::TimeUtil::DurationToMilliseconds(
            progress.eta()));
    absl::StrAppend(&text, " eta ", LengthText(milliseconds / 1000));
  }
  const std::map<std::string, double> metrics(progress.metrics().begin(),
                                              progress.metrics().end());
  for (const auto& [name, value] : metrics) {
    // Points of a curve are for a plot.
    if (name.find('/') != std::string::npos) {
      continue;
    }
    absl::StrAppendFormat(&text, " %s %.4g", name, value);
  }
  return text;
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::Show(const std::string& text, bool now) {
  constexpr std::chrono::milliseconds kPause{100};
  const auto time = std::chrono::steady_clock::now();
  if (!terminal_ || (!now && time - last_ < kPause)) {
    return;
  }
  last_ = time;
  shown_ = true;
  // Erase the line, write, stay in it; the last column would wrap.
  std::fprintf(stderr,
               "\r\033[K%s",
               OneLine(text.substr(0, TerminalWidth() - 1)).c_str());
  std::fflush(stderr);
}

void ProgressLine::Clear() {
  if (shown_) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    shown_ = false;
  }
}

void ProgressLine::Note(const std::string& text) {
  Clear();
  std::fprintf(stderr, "%s\n", OneLine(text).c_str());
  std::fflush(stderr);
}

}  // namespace modbound
