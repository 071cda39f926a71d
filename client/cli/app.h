#ifndef MODBOUND_CLIENT_CLI_APP_H_
#define MODBOUND_CLIENT_CLI_APP_H_

namespace modbound {

// The whole program: reads the command line, runs one command, prints the error
// if there is one. Result: the exit code (error.h).
int RunCli(int argc, char** argv);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_APP_H_
