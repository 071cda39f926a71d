# Writes OUTPUT (build_info.h) when its text changes: what this build is, and whether this CPU can run it.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(ISA STREQUAL x86-64-v3)
  set(has_isa "__builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") && __builtin_cpu_supports(\"bmi2\")")
else()
  set(has_isa "__builtin_cpu_supports(\"sse4.2\") && __builtin_cpu_supports(\"popcnt\")")
endif()
set(text
"#ifndef MODBOUND_BUILD_INFO_H_
#define MODBOUND_BUILD_INFO_H_
namespace modbound {
inline constexpr char kVersion[] = \"${VERSION}\";
inline constexpr char kGitHash[] = \"${hash}\";
inline constexpr char kCompiler[] = \"${COMPILER}\";
inline constexpr char kIsa[] = \"${ISA}\";
// Raised whenever the same spec, inputs and seed give other bytes than before.
inline constexpr char kKernelVersion[] = \"6\";
}  // namespace modbound
// For deploy/cmake/check_cpu.cc alone: what tells CPUs of this level from those before.
#define MODBOUND_CPU_HAS_ISA (${has_isa})
#endif  // MODBOUND_BUILD_INFO_H_
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
