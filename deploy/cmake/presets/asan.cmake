# AddressSanitizer and UndefinedBehaviorSanitizer over everything, gRPC too
# (deploy/cmake/presets/lsan.supp holds the one leak of a library).
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1" CACHE STRING "")
set(MODBOUND_SANITIZE "address,undefined" CACHE STRING "")
