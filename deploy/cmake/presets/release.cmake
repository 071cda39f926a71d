# What users run and CI tests: gcc -O3.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
