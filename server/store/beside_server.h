#ifndef MODBOUND_SERVER_STORE_BESIDE_SERVER_H_
#define MODBOUND_SERVER_STORE_BESIDE_SERVER_H_

#include <string>

#include "absl/status/status.h"
#include "server/store/database.h"

namespace modbound {

// Makes one small change to the store of `data_dir` from a process of its own,
// whether a server runs on it or not, durable when this returns. It does not
// take the folder's lock but SQLite's, for milliseconds; a server's commits and
// this one wait for each other. A store that is not there yet, or of an older
// schema, is made or brought up as Database::Open does, for which no server may
// run. Errors: those of the change; of Database::Open; kUnavailable when
// another program holds the store for more than some seconds.
absl::Status ChangeBesideServer(const std::string& data_dir,
                                const Database::Change& change);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_BESIDE_SERVER_H_
