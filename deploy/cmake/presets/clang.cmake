# The second compiler: its warnings, and its thread-safety analysis.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_CXX_FLAGS "-Wthread-safety" CACHE STRING "")
