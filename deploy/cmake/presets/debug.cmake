# Every assertion on (DCHECK, Eigen's bounds), no optimisation beyond -Og.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1" CACHE STRING "")
