#include "server/rpc/server_log.h"

#include "grpc/support/log.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

void Ignore(gpr_log_func_args* /*args*/) {}

void Forward(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    spdlog::warn("event=grpc message=\"{}\"", args->message);
  }
}

}  // namespace

void StartLog(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("modboundd"));
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::flush_on(spdlog::level::info);
  gpr_set_log_function(Ignore);
}

void LogGrpc() { gpr_set_log_function(Forward); }

}  // namespace modbound
