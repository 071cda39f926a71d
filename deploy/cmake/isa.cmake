# One instruction set for every target of a build: an Eigen object passed between levels corrupts memory.
if(NOT MODBOUND_ISA)
  file(READ /proc/cpuinfo cpuinfo)
  if(cpuinfo MATCHES " avx2 " AND cpuinfo MATCHES " fma " AND cpuinfo MATCHES " bmi2 ")
    set(detected x86-64-v3)
  else()
    set(detected x86-64-v2)
  endif()
  set(MODBOUND_ISA ${detected} CACHE STRING "Instruction set of every target: x86-64-v2 or x86-64-v3" FORCE)
endif()
if(NOT MODBOUND_ISA MATCHES "^x86-64-v[23]$")
  message(FATAL_ERROR "MODBOUND_ISA is ${MODBOUND_ISA}; allowed: x86-64-v2, x86-64-v3")
endif()
message(STATUS "Instruction set: ${MODBOUND_ISA}")
add_compile_options(-march=${MODBOUND_ISA})

# The inner loops of training once more, for x86-64-v4: a machine that has it uses them, with the same bits. They are
# functions of numbers alone: no Eigen object passes. Not for x86-64-v2, which rounds otherwise.
function(modbound_wide_tiles library)
  set(wide core/training/wide_tile.cc)
  if(MODBOUND_ISA STREQUAL x86-64-v3)
    set_source_files_properties(${wide} PROPERTIES COMPILE_OPTIONS -march=x86-64-v4 SKIP_PRECOMPILE_HEADERS ON
                                SKIP_UNITY_BUILD_INCLUSION ON)
    target_compile_definitions(${library} PRIVATE MODBOUND_WIDE_TILES)
  else()
    set_source_files_properties(${wide} PROPERTIES HEADER_FILE_ONLY ON)
  endif()
endfunction()
