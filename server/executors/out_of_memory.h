#ifndef MODBOUND_SERVER_EXECUTORS_OUT_OF_MEMORY_H_
#define MODBOUND_SERVER_EXECUTORS_OUT_OF_MEMORY_H_

#include <cstdint>
#include <string>

namespace modbound {

// The file whose line "oom_kill N" counts processes that the system ended for
// want of memory: memory.events of this process's control group (version 2)
// when it can be read, which counts those of the server's own, whether the
// group or the machine was full; else /proc/vmstat, which counts everybody's.
std::string OutOfMemoryCountFile(
    const std::string& groups_of_process = "/proc/self/cgroup",
    const std::string& groups = "/sys/fs/cgroup",
    const std::string& machine = "/proc/vmstat");

// The count, since the group or the machine began; 0 when the file does not
// tell.
int64_t OutOfMemoryKills(const std::string& path);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_OUT_OF_MEMORY_H_
