#include "server/rpc/server_options.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "build_info.h"
#include "core/base/error.h"

namespace modbound {
namespace {

constexpr int64_t kMinMemoryLimit = int64_t{1} << 20;

int64_t PhysicalMemory() {
  return static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) *
         ::sysconf(_SC_PAGESIZE);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Flags as text, before they are understood.
struct Words {
  std::string listen = "127.0.0.1:50061";
  std::string memory_limit;
  std::string worker = "auto";
  std::string worker_memory_slack = "512M";
  double worker_hang_seconds = kHangLimit.count();
  std::string expires = "0";
  std::string retention = "0";
  std::string max_stored_bytes = "0";
  std::string max_stored_bytes_per_owner = "0";
};

void AddWorkerFlags(CLI::App& app, ServerOptions& options, Words& words) {
  app.add_option("--worker",
                 words.worker,
                 "Jobs that run in a process of their own: auto (estimate above"
                 " 256M), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHICH")
      ->capture_default_str();
  app.add_option("--worker_program,--worker-program",
                 options.worker_options.program,
                 "The program of those processes")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option(
         "--worker_hang_seconds,--worker-hang-seconds",
         words.worker_hang_seconds,
         "Such a process is ended after so long without a sign of work; a"
         " job in a thread is logged")
      ->check(CLI::Range(2.0, 86400.0))
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--worker_memory_slack,--worker-memory-slack",
                 words.worker_memory_slack,
                 "Memory it may have beyond twice its job's estimate and 16M a"
                 " thread")
      ->type_name("BYTES")
      ->capture_default_str();
  app.add_option("--max_worker_attempts,--max-worker-attempts",
                 options.max_worker_attempts,
                 "A job fails once it lost so many attempts with their worker"
                 " processes; 0 = never")
      ->check(CLI::Range(0, 1000000))
      ->type_name("N")
      ->capture_default_str();
}

void AddStoreFlags(CLI::App& app, CommandLine& line, Words& words) {
  app.add_option("--retention",
                 words.retention,
                 "Jobs that ended so long ago are deleted, but for pinned ones:"
                 " 90d, 12h; 0 = none")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_option("--max_stored_bytes,--max-stored-bytes",
                 words.max_stored_bytes,
                 "Arrays of all jobs and uploads together, with what open jobs"
                 " are planned to make; nothing new is taken beyond; 0 = what"
                 " the disk holds")
      ->type_name("BYTES")
      ->capture_default_str();
  app.add_option("--max_stored_bytes_per_owner,--max-stored-bytes-per-owner",
                 words.max_stored_bytes_per_owner,
                 "The same for the arrays of one owner; 0 = no limit")
      ->type_name("BYTES")
      ->capture_default_str();
  auto* verify = app.add_flag(
      "--verify",
      line.verify,
      "Look for anything lost or damaged in data_dir, on which no server may"
      " run; exit 1 when there is");
  app.add_option("--backup",
                 line.backup,
                 "Copy data_dir to this new folder, whether a server runs on it"
                 " or not")
      ->type_name("DIR")
      ->excludes(verify);
}

void AddSecurityFlags(CLI::App& app, ServerOptions& options) {
  app.add_option("--tls_cert,--tls-cert",
                 options.tls.cert,
                 "PEM file: the server's certificate and those above it")
      ->type_name("FILE");
  app.add_option("--tls_key,--tls-key",
                 options.tls.key,
                 "PEM file: its private key, closed to others")
      ->type_name("FILE");
  app.add_option("--client_ca,--client-ca",
                 options.tls.client_ca,
                 "PEM file: authorities; only clients with a certificate of"
                 " one of them are let in, and its common name is the owner")
      ->type_name("FILE");
  app.add_option("--client_crl,--client-crl",
                 options.client_crl,
                 "PEM file: revocation lists of client_ca; read again when it"
                 " changes")
      ->type_name("FILE");
  app.add_flag("--require_tokens,--require-tokens",
               options.require_tokens,
               "Every call needs a token, also on loopback and Unix sockets");
  app.add_option("--max_requests_per_second,--max-requests-per-second",
                 options.max_requests_per_second,
                 "Calls that one owner may make in the long run; twice that at"
                 " once")
      ->check(CLI::Range(1.0, 1e6))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max_streams_per_owner,--max-streams-per-owner",
                 options.max_streams_per_owner,
                 "Watches, uploads and downloads that one owner may have open")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
}

// `chosen`: set when the command line names the command.
CLI::App* AddTokenCommand(CLI::App& token,
                          const char* name,
                          const char* description,
                          TokenCommand::Action action,
                          std::optional<TokenCommand>& chosen,
                          TokenCommand& flags) {
  CLI::App* command = token.add_subcommand(name, description);
  command->fallthrough();  // --data_dir may come after it
  command->callback([action, &chosen, &flags] {
    flags.action = action;
    chosen = flags;
  });
  return command;
}

void AddTokenCommands(CLI::App& app,
                      Words& words,
                      TokenCommand& flags,
                      std::optional<TokenCommand>& chosen) {
  using Action = TokenCommand::Action;
  CLI::App* token = app.add_subcommand(
      "token", "Tokens of this data_dir; works while its server runs");
  token->fallthrough();
  token->require_subcommand(1);
  CLI::App* create =
      AddTokenCommand(*token,
                      "create",
                      "Print a new token, which nobody can read again",
                      Action::kCreate,
                      chosen,
                      flags);
  create->add_option("owner", flags.owner, "Whose jobs it opens")->required();
  create->add_option(
      "--expires", words.expires, "90d, 12h, 30m, 60s from now; 0 = never");
  create->add_option("--certificate",
                     flags.certificate,
                     "The only client certificate, by name, that it may come"
                     " with");
  CLI::App* list = AddTokenCommand(
      *token, "list", "All tokens", Action::kList, chosen, flags);
  list->add_flag("--json", flags.json, "One JSON object a line");
  AddTokenCommand(*token,
                  "revoke",
                  "Refuse a token from now on",
                  Action::kRevoke,
                  chosen,
                  flags)
      ->add_option("id", flags.id, "Its id: mb1_ID_... or ID")
      ->required();
}

void AddFlags(CLI::App& app, ServerOptions& options, Words& words) {
  app.set_version_flag("--version",
                       absl::StrCat("modboundd ", kVersion, " ", kGitHash));
  app.set_config("--config", "", "File with flags, one `flag=value` a line");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--data_dir,--data-dir",
                 options.data_dir,
                 "Folder of jobs and arrays, made with mode 0700")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--listen",
                 words.listen,
                 "Where to listen: HOST:PORT (port 0 = any free one) or"
                 " unix:PATH; beyond loopback only with TLS and tokens or"
                 " client certificates")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--cores", options.cores, "Cores leased to jobs")
      ->check(CLI::Range(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--memory_limit,--memory-limit",
                 words.memory_limit,
                 "Memory for jobs: bytes, or a number with K, M, G or T")
      ->type_name("BYTES")
      ->capture_default_str();
  app.add_option("--max_lost_attempts,--max-lost-attempts",
                 options.max_lost_attempts,
                 "A job fails once the server came to an end this many times"
                 " while it ran, and not by a stop; 0 = never")
      ->check(CLI::Range(0, 1000000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--usage_half_life,--usage-half-life",
                 options.usage_half_life_hours,
                 "Hours after which half of what an owner's jobs used is"
                 " forgotten: who used least starts next")
      ->check(CLI::Range(0.01, 87600.0))
      ->type_name("HOURS")
      ->capture_default_str();
  app.add_option("--max_running_per_owner,--max-running-per-owner",
                 options.max_running_per_owner,
                 "Jobs of one owner that run at a time; 0 = no limit")
      ->check(CLI::Range(0, 1000000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max_open_per_owner,--max-open-per-owner",
                 options.max_open_per_owner,
                 "Jobs of one owner that have not ended; 0 = no limit")
      ->check(CLI::Range(int64_t{0}, int64_t{1000000000}))
      ->type_name("N")
      ->capture_default_str();
  // For tests: nobody should have to think about it.
  app.add_option("--checkpoint_seconds,--checkpoint-seconds",
                 options.checkpoint_seconds)
      ->check(CLI::Range(0.0, 86400.0))
      ->group("");
  AddWorkerFlags(app, options, words);
  AddSecurityFlags(app, options);
  app.add_option("--metrics_listen,--metrics-listen",
                 options.metrics_listen,
                 "Where Prometheus may ask for /metrics: HOST:PORT on loopback")
      ->type_name("ADDRESS");
  app.add_option("--log_level,--log-level",
                 options.log_level,
                 "How much is logged to standard error")
      ->check(
          CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->type_name("LEVEL")
      ->capture_default_str();
}

absl::Status UnderstandWorker(const Words& words, ServerOptions& options) {
  options.worker = words.worker == "always"  ? WorkerUse::kAlways
                   : words.worker == "never" ? WorkerUse::kNever
                                             : WorkerUse::kAuto;
  WorkerOptions& worker = options.worker_options;
  worker.hang_limit = std::chrono::milliseconds(
      static_cast<int64_t>(words.worker_hang_seconds * 1000));
  const absl::StatusOr<int64_t> slack = ParseBytes(words.worker_memory_slack);
  if (!slack.ok()) {
    return Refuse("OUT_OF_RANGE",
                  "worker_memory_slack",
                  absl::StrCat("worker_memory_slack is \"",
                               words.worker_memory_slack,
                               "\"; it must be at least 1, for example 512M"));
  }
  worker.memory_slack_bytes = *slack;
  return absl::OkStatus();
}

// 0 for the text 0.
absl::StatusOr<int64_t> BytesOrNone(const char* flag, const std::string& text) {
  if (text == "0") {
    return 0;
  }
  const auto bytes = ParseBytes(text);
  return bytes.ok() ? bytes
                    : Refuse("OUT_OF_RANGE",
                             flag,
                             absl::StrCat(flag,
                                          " is \"",
                                          text,
                                          "\"; allowed: a number of bytes, for"
                                          " example 500G, or 0"));
}

absl::Status UnderstandStore(const Words& words, ServerOptions& options) {
  const auto retention = ParseLifetime(words.retention);
  if (!retention.ok()) {
    return Refuse("OUT_OF_RANGE",
                  "retention",
                  absl::StrCat("retention is \"",
                               words.retention,
                               "\"; allowed: 90d, 12h, 30m, 60s, up to 100 "
                               "years, or 0"));
  }
  options.retention_us = *retention;
  MODBOUND_ASSIGN_OR_RETURN(
      options.stored_bytes.of_server,
      BytesOrNone("max_stored_bytes", words.max_stored_bytes));
  MODBOUND_ASSIGN_OR_RETURN(options.stored_bytes.of_owner,
                            BytesOrNone("max_stored_bytes_per_owner",
                                        words.max_stored_bytes_per_owner));
  return absl::OkStatus();
}

absl::Status Understand(const Words& words, ServerOptions& options) {
  if (options.data_dir.empty()) {
    return Refuse("MISSING_FIELD",
                  "data_dir",
                  "data_dir is not given, and neither XDG_DATA_HOME nor HOME is"
                  " set");
  }
  MODBOUND_ASSIGN_OR_RETURN(options.listen, ParseListenAddress(words.listen));
  const absl::StatusOr<int64_t> memory = ParseBytes(words.memory_limit);
  if (!memory.ok() || *memory < kMinMemoryLimit) {
    return Refuse("OUT_OF_RANGE",
                  "memory_limit",
                  absl::StrCat("memory_limit is \"",
                               words.memory_limit,
                               "\"; it must be at least 1M, for example 8G"));
  }
  options.memory_limit_bytes = *memory;
  MODBOUND_RETURN_IF_ERROR(UnderstandWorker(words, options));
  return UnderstandStore(words, options);
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc,
                                             const char* const* argv) {
  CommandLine line;
  ServerOptions& options = line.options;
  options.data_dir = DefaultDataDir();
  options.worker_options.program = DefaultWorkerProgram();
  options.cores = static_cast<int>(
      std::clamp(std::thread::hardware_concurrency(), 1U, 4096U));
  Words words;
  words.memory_limit = absl::StrCat(PhysicalMemory() / 10 * 8);
  CLI::App app("The modbound server.", "modboundd");
  AddFlags(app, options, words);
  AddStoreFlags(app, line, words);
  TokenCommand token;
  AddTokenCommands(app, words, token, line.token);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    // Of the command that was named, if one was.
    const CLI::App* named = &app;
    while (!named->get_subcommands().empty()) {
      named = named->get_subcommands().front();
    }
    line.text = named->help();
    return line;
  } catch (const CLI::CallForVersion&) {
    line.text = absl::StrCat(app.version(), "\n");
    return line;
  } catch (const CLI::ParseError& error) {
    return Refuse("OUT_OF_RANGE", "", OneLine(error.what()));
  }
  MODBOUND_RETURN_IF_ERROR(Understand(words, options));
  if (line.token.has_value()) {
    MODBOUND_ASSIGN_OR_RETURN(line.token->lifetime_us,
                              ParseLifetime(words.expires));
  }
  // Commands do not listen.
  if (!line.token.has_value() && !line.verify && line.backup.empty()) {
    MODBOUND_RETURN_IF_ERROR(CheckExposure(options));
  }
  return line;
}

absl::Status CheckExposure(const ServerOptions& options) {
  if (options.listen.is_local()) {
    return absl::OkStatus();
  }
  const bool named = options.require_tokens || !options.tls.client_ca.empty();
  if (!options.tls.cert.empty() && named) {
    return absl::OkStatus();
  }
  return Refuse(
      "OUT_OF_RANGE",
      "listen",
      absl::StrCat("listen is ",
                   options.listen.Text(),
                   ", which other machines reach: it needs tls_cert and"
                   " tls_key, and require_tokens or client_ca; without them"
                   " only 127.0.0.0/8, [::1], localhost and unix:PATH are"
                   " allowed"));
}

absl::StatusOr<int64_t> ParseBytes(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  double unit = 0;
  if (error == std::errc() && std::isfinite(number)) {
    if (rest == end) {
      unit = 1;
    } else if (rest + 1 == end) {
      constexpr std::string_view kUnits = "KMGT";
      const size_t power = kUnits.find(
          static_cast<char>(std::toupper(static_cast<unsigned char>(*rest))));
      if (power != std::string_view::npos) {
        unit = std::exp2(10.0 * static_cast<double>(power + 1));
      }
    }
  }
  const double bytes = number * unit;
  if (!(bytes >= 1 && bytes < 0x1p62)) {
    return Refuse("OUT_OF_RANGE",
                  "",
                  absl::StrCat("\"", text, "\" is no number of bytes"));
  }
  return static_cast<int64_t>(bytes);
}

std::string DefaultWorkerProgram() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "" : (self.parent_path() / "modbound-worker").string();
}

std::string DefaultDataDir() {
  if (const std::string data = Environment("XDG_DATA_HOME"); !data.empty()) {
    return data + "/modbound";
  }
  if (const std::string home = Environment("HOME"); !home.empty()) {
    return home + "/.local/share/modbound";
  }
  return "";
}

}  // namespace modbound
