#include "server/rpc/server_options.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
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
};

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
                 "Where to listen: HOST:PORT on loopback (port 0 = any free"
                 " one) or unix:PATH")
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
  app.add_option("--log_level,--log-level",
                 options.log_level,
                 "How much is logged to standard error")
      ->check(
          CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->type_name("LEVEL")
      ->capture_default_str();
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
  return absl::OkStatus();
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
  options.cores = static_cast<int>(
      std::clamp(std::thread::hardware_concurrency(), 1U, 4096U));
  Words words;
  words.memory_limit = absl::StrCat(PhysicalMemory() / 10 * 8);
  CLI::App app("The modbound server.", "modboundd");
  AddFlags(app, options, words);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.text = app.help();
    return line;
  } catch (const CLI::CallForVersion&) {
    line.text = absl::StrCat(app.version(), "\n");
    return line;
  } catch (const CLI::ParseError& error) {
    return Refuse("OUT_OF_RANGE", "", OneLine(error.what()));
  }
  MODBOUND_RETURN_IF_ERROR(Understand(words, options));
  return line;
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
