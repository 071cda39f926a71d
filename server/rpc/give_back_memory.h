#ifndef MODBOUND_SERVER_RPC_GIVE_BACK_MEMORY_H_
#define MODBOUND_SERVER_RPC_GIVE_BACK_MEMORY_H_

namespace modbound {

// Gives memory that is free inside the allocator back to the system, when it is
// more than some 64 MiB. glibc by itself keeps what threads other than the
// first have freed: after one connection sent large headers, as much as it
// sent.
void GiveBackMemory();

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_GIVE_BACK_MEMORY_H_
