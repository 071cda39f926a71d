#include "server/rpc/file_limit.h"

#include <sys/resource.h>

namespace modbound {

int64_t RaiseFileLimit() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return static_cast<int64_t>(raised ? limit.rlim_max : before);
}

}  // namespace modbound
