#include "server/files/failpoint.h"

namespace modbound {

// Nothing else may be in this source: modboundd_chaos brings a function of its
// own, and so leaves this one out.
void ReachFailpoint(Failpoint) {}

}  // namespace modbound
