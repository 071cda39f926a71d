#include "client/cli/app.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "build_info.h"
#include "client/cli/completion.h"
#include "client/cli/error.h"
#include "client/cli/job_commands.h"
#include "client/cli/logs_command.h"
#include "client/cli/nearest_name.h"
#include "client/cli/server_commands.h"
#include "client/cli/session.h"
#include "client/cli/spec_json.h"
#include "client/cli/submit_commands.h"
#include "grpc/support/log.h"

namespace modbound {
namespace {

// The command that the command line names, with its flags filled in.
using Command = std::function<absl::Status(Session&)>;

// Adds a command; `run` becomes the one to run when it is named.
CLI::App* AddCommand(CLI::App& app,
                     Command& chosen,
                     const std::string& name,
                     const std::string& description,
                     Command run) {
  CLI::App* command = app.add_subcommand(name, description);
  command->fallthrough();  // --server and --json may come after the command
  command->callback([&chosen, run = std::move(run)] { chosen = run; });
  return command;
}

// A flag that may come several times, with one value each.
void AddList(CLI::App* command,
             const std::string& name,
             std::vector<std::string>& values,
             const std::string& description) {
  command->add_option(name, values, description)->allow_extra_args(false);
}

void AddSubmitFlags(CLI::App* command, SubmitFlags& flags) {
  command->add_option("kind", flags.kind, "Kind of job: modbound kinds")
      ->required();
  command->add_option(
      "--spec", flags.spec, "JSON of the spec: a file, or - for stdin");
  AddList(command,
          "--input",
          flags.inputs,
          "NAME=FILE, a .npy, .mat, .h5, .hdf5, .csv, .tsv or .txt file; "
          "FILE:VARIABLE names one of several in a .mat or .h5 file");
  AddList(command, "--from", flags.from, "NAME=JOB or NAME=JOB/OUTPUT");
  command->add_option("--request-id",
                      flags.request_id,
                      "Name of this request: the same again is the same job");
  AddList(command, "--label", flags.labels, "KEY=VALUE");
  command->add_option_function<int>(
      "--priority",
      [&flags](int priority) { flags.priority = priority; },
      "Higher starts sooner, -1000 to 1000");
  command->add_option(
      "--deadline", flags.deadline, "RFC 3339, or from now: +90s, +15m, +2h");
  command->add_flag("--no-cache",
                    flags.no_cache,
                    "Run it even if an equal job has its result already");
  command->add_flag(
      "--pinned", flags.pinned, "The server's retention never deletes it");
}

void AddSubmitCommands(CLI::App& app, Command& chosen) {
  const auto run_flags = std::make_shared<SubmitFlags>();
  CLI::App* run = AddCommand(
      app,
      chosen,
      "run",
      "Submit a job, wait for it, download its result",
      [run_flags](Session& session) { return Run(session, *run_flags); });
  AddSubmitFlags(run, *run_flags);
  run->add_option("--out", run_flags->out, "Folder for arrays and summary");

  const auto submit_flags = std::make_shared<SubmitFlags>();
  AddSubmitFlags(AddCommand(app,
                            chosen,
                            "submit",
                            "Submit a job and return at once",
                            [submit_flags](Session& session) {
                              return Submit(session, *submit_flags);
                            }),
                 *submit_flags);

  const auto graph = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* run_graph =
      AddCommand(app,
                 chosen,
                 "run-graph",
                 "Submit jobs that take each other's outputs, wait for all",
                 [graph](Session& session) {
                   return RunGraph(session, graph->first, graph->second);
                 });
  run_graph
      ->add_option(
          "file", graph->first, "JSON of a SubmitGraphRequest, or - for stdin")
      ->required();
  run_graph->add_option(
      "--out", graph->second, "Folder; each node has its own in it");
}

// A command about one thing: a job, or a file.
void AddCommandOnOne(CLI::App& app,
                     Command& chosen,
                     const std::string& name,
                     const std::string& thing,
                     const std::string& description,
                     absl::Status (*run)(Session&, const std::string&)) {
  const auto value = std::make_shared<std::string>();
  AddCommand(app,
             chosen,
             name,
             description,
             [value, run](Session& session) { return run(session, *value); })
      ->add_option(thing, *value)
      ->required();
}

void AddJobCommands(CLI::App& app, Command& chosen) {
  const auto list_flags = std::make_shared<ListFlags>();
  CLI::App* list = AddCommand(
      app,
      chosen,
      "list",
      "Jobs, newest first",
      [list_flags](Session& session) { return List(session, *list_flags); });
  AddList(list, "--state", list_flags->states, "Only jobs in this state");
  AddList(list, "--kind", list_flags->kinds, "Only jobs of this kind");
  AddList(list, "--label", list_flags->labels, "Only jobs with KEY=VALUE");
  list->add_option("--limit", list_flags->limit, "At most so many jobs")
      ->check(CLI::PositiveNumber);

  AddCommandOnOne(app, chosen, "get", "job", "A job as it is now", Get);
  AddCommandOnOne(
      app, chosen, "watch", "job", "Follow a job to its end", WatchJob);

  const auto logs_flags = std::make_shared<LogsFlags>();
  CLI::App* logs = AddCommand(
      app,
      chosen,
      "logs",
      "What a job's attempts did and their processes printed",
      [logs_flags](Session& session) { return Logs(session, *logs_flags); });
  logs->add_option("job", logs_flags->id)->required();
  logs->add_flag("--follow", logs_flags->follow, "Go on until the job ends");

  const auto result_flags = std::make_shared<ResultFlags>();
  CLI::App* result = AddCommand(app,
                                chosen,
                                "result",
                                "Download what a job found",
                                [result_flags](Session& session) {
                                  return Result(session, *result_flags);
                                });
  result->add_option("job", result_flags->id)->required();
  result->add_option("--out", result_flags->out, "Folder for the result")
      ->required();
  result->add_flag(
      "--inputs", result_flags->inputs, "The job's inputs too, in inputs/");

  AddCommandOnOne(app,
                  chosen,
                  "reproduce-job",
                  "job",
                  "Run a job again and compare the results",
                  Reproduce);
  AddCommandOnOne(app,
                  chosen,
                  "explain",
                  "job",
                  "Why a job is where it is, and when it may start",
                  Explain);
  AddCommandOnOne(app, chosen, "cancel", "job", "Stop a job", Cancel);
  AddCommandOnOne(
      app, chosen, "delete", "job", "Remove a job that has ended", Delete);
}

void AddServerCommands(CLI::App& app, Command& chosen) {
  AddCommandOnOne(app,
                  chosen,
                  "upload",
                  "file",
                  "Put the array of a file (see run --help) on the server",
                  Upload);
  AddCommand(app, chosen, "info", "What the server is", Info);
  const auto kind = std::make_shared<std::string>();
  AddCommand(app,
             chosen,
             "kinds",
             "Kinds of jobs; fields, inputs, outputs and an example of one",
             [kind](Session& session) { return Kinds(session, *kind); })
      ->add_option("kind", *kind);
  AddCommand(app,
             chosen,
             "completion",
             "Completion for bash: source <(modbound completion)",
             [&app](Session& /*session*/) {
               std::fputs(BashCompletion(app).c_str(), stdout);
               return absl::OkStatus();
             });
}

void AddIdentityFlags(CLI::App& app, IdentityFiles& files) {
  app.add_option("--token-file",
                 files.token_file,
                 "File with the token that tells the server who you are")
      ->envname("MODBOUND_TOKEN_FILE");
  app.add_option("--ca",
                 files.ca,
                 "PEM file: authorities of the server's certificate; makes the"
                 " connection TLS")
      ->envname("MODBOUND_CA");
  app.add_option("--client-cert",
                 files.client_cert,
                 "PEM file: your certificate, for servers that want one")
      ->envname("MODBOUND_CLIENT_CERT");
  app.add_option("--client-key", files.client_key, "PEM file: its private key")
      ->envname("MODBOUND_CLIENT_KEY");
}

// What is wrong with a command line that CLI11 refuses.
absl::Status ExplainRefusal(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining();
  if (!app.get_subcommands().empty() || unknown.empty()) {
    return UsageError(absl::StrCat(error.what(), "; try --help"));
  }
  // CLI11 itself would only say that a command is missing.
  const std::string& word = unknown.front();
  if (word.rfind('-', 0) == 0) {
    return UsageError("no flag \"" + word + "\"; try --help");
  }
  const std::vector<std::string> kinds = KindNames();
  if (std::find(kinds.begin(), kinds.end(), word) != kinds.end()) {
    return UsageError("no command \"" + word +
                      "\", but a kind of job: modbound run " + word);
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  return UsageError("no command \"" + word + "\"; nearest: " +
                    NearestName(word, names) + "; try --help");
}

// gRPC's own words come in our one line of the error; as a log they are for who
// asks for them.
void QuietGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args* /*args*/) {});
  }
}

int Report(absl::Status status) {
  // A full disk behind the pipe must not look like success.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    status = absl::InternalError("standard output cannot be written");
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", ErrorLine(status).c_str());
  }
  return ExitCodeOf(status);
}

}  // namespace

int RunCli(int argc, char** argv) {
  QuietGrpc();
  Session session;
  Command chosen;
  CLI::App app("Client of a modbound server", "modbound");
  app.set_version_flag(
      "--version",
      absl::StrCat("modbound ", kVersion, " (", kGitHash, ", ", kIsa, ")"));
  app.add_option("--server", session.server, "HOST:PORT or unix:PATH")
      ->envname("MODBOUND_SERVER")
      ->capture_default_str();
  AddIdentityFlags(app, session.identity);
  app.add_flag("--json", session.json, "One compact JSON object a line");
  app.add_option("--patience",
                 session.patience_seconds,
                 "Seconds to wait for a server that went away while a job "
                 "is watched, its log followed or its result fetched")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.require_subcommand(1);
  AddSubmitCommands(app, chosen);
  AddJobCommands(app, chosen);
  AddServerCommands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error);  // --help, --version
    }
    return Report(ExplainRefusal(app, error));
  }
  return Report(chosen(session));
}

}  // namespace modbound
