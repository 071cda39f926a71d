#include "server/jobs/provenance.h"

#include <unistd.h>

#include <array>
#include <fstream>

#include "build_info.h"
#include "google/protobuf/descriptor.h"

namespace modbound {
namespace {

std::string CpuModel() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line)) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "";
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// Field `seed` of the kind that is set; 0 when the kind has none.
uint64_t SeedOf(const v1::Spec& spec) {
  const auto* kind = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, spec.GetDescriptor()->oneof_decl(0));
  if (kind == nullptr) {
    return 0;
  }
  const auto& message = spec.GetReflection()->GetMessage(spec, kind);
  const auto* seed = message.GetDescriptor()->FindFieldByName("seed");
  return seed == nullptr || seed->is_repeated() ||
                 seed->cpp_type() !=
                     google::protobuf::FieldDescriptor::CPPTYPE_UINT64
             ? 0
             : message.GetReflection()->GetUInt64(message, seed);
}

}  // namespace

v1::Provenance ServerProvenance() {
  static const auto* const kProvenance = [] {
    auto* provenance = new v1::Provenance;
    provenance->set_server_version(kVersion);
    provenance->set_kernel_version(kKernelVersion);
    provenance->set_git_hash(kGitHash);
    provenance->set_compiler(kCompiler);
    provenance->set_isa(kIsa);
    provenance->set_cpu(CpuModel());
    provenance->set_host(HostName());
    return provenance;
  }();
  return *kProvenance;
}

void AddAttempt(const internal::AttemptSpec& spec,
                const internal::AttemptResult& result,
                v1::Provenance& provenance) {
  provenance.set_seed(SeedOf(spec.spec()));
  provenance.set_threads(spec.threads());
  for (const auto& [name, file] : spec.inputs()) {
    (*provenance.mutable_input_digests())[name] = file.array().artifact();
  }
  provenance.set_load_seconds(result.load_seconds());
  provenance.set_compute_seconds(result.compute_seconds());
  provenance.set_cpu_seconds(result.cpu_seconds());
  provenance.set_peak_job_bytes(result.peak_job_bytes());
  provenance.set_resumed_seconds(result.resumed_seconds());
  if (result.has_peak_rss_bytes()) {
    provenance.set_peak_rss_bytes(result.peak_rss_bytes());
  }
}

}  // namespace modbound
