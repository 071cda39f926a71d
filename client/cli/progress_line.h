#ifndef MODBOUND_CLIENT_CLI_PROGRESS_LINE_H_
#define MODBOUND_CLIENT_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <string>

#include "modbound/v1/job.pb.h"

namespace modbound {

// "RUNNING training 1200/10000 steps 12% eta 1m20s accuracy 0.91".
std::string ProgressText(const v1::Job& job);

// "45s", "1m20s", "2h05m", "3d04h".
std::string LengthText(double seconds);

// One line on standard error, written over again and again; nothing at all when
// standard error is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { Clear(); }

  // Shows `text`, cut to the width of the terminal, at most ten times a second
  // unless `now`.
  void Show(const std::string& text, bool now);

  // Takes the line away.
  void Clear();

  // A line that stays, also when standard error is no terminal.
  void Note(const std::string& text);

 private:
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_PROGRESS_LINE_H_
