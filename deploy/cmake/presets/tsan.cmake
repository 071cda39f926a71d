# ThreadSanitizer over core, queue, store, artifacts and executors. The
# distribution's gRPC is not instrumented and would drown it, so nothing here
# links gRPC.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1" CACHE STRING "")
set(MODBOUND_SANITIZE "thread" CACHE STRING "")
set(MODBOUND_GRPC OFF CACHE BOOL "")
