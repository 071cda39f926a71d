# ThreadSanitizer over core, queue, store, artifacts and executors. The
# distribution's gRPC is not instrumented and would drown it, so nothing here
# links gRPC.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
# Where the compiler says __SANITIZE_THREAD__, protobuf's maps have another layout
# than in the distribution's library; the C++ library still needs to know.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1" CACHE STRING "")
set(MODBOUND_SANITIZE "thread" CACHE STRING "")
set(MODBOUND_GRPC OFF CACHE BOOL "")
