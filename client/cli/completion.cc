#include "client/cli/completion.h"

#include "absl/strings/str_cat.h"
#include "client/cli/spec_json.h"

namespace modbound {
namespace {

// "--spec --input ..." of one command.
std::string FlagWords(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      absl::StrAppend(&words, words.empty() ? "" : " ", "--", name);
    }
  }
  return words;
}

bool TakesKind(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_name() == "kind" || option->check_lname("kind")) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  std::string commands;
  std::string cases;
  std::string kind_commands;
  for (const CLI::App* command : app.get_subcommands({})) {
    absl::StrAppend(
        &commands, commands.empty() ? "" : " ", command->get_name());
    absl::StrAppend(&cases,
                    "    ",
                    command->get_name(),
                    ") flags=\"",
                    FlagWords(*command),
                    "\" ;;\n");
    if (TakesKind(*command)) {
      absl::StrAppend(&kind_commands, command->get_name(), " ");
    }
  }
  std::string kinds;
  for (const std::string& kind : KindNames()) {
    absl::StrAppend(&kinds, kinds.empty() ? "" : " ", kind);
  }
  return absl::StrCat(
      "_modbound() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command='' flags='' w\n"
      "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \" ",
      commands,
      " \" in *\" $w \"*) command=$w; break ;; esac\n"
      "  done\n"
      "  case $command in\n",
      cases,
      "  esac\n"
      "  if [[ -z $command && $word != -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"",
      commands,
      "\" -- \"$word\"))\n"
      "  elif [[ $word == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags ",
      FlagWords(app),
      "\" -- \"$word\"))\n"
      "  elif [[ \" ",
      kind_commands,
      "\" == *\" $command \"* && ${COMP_WORDS[COMP_CWORD-1]} =~ "
      "^($command|--kind)$ ]]; then\n"
      "    COMPREPLY=($(compgen -W \"",
      kinds,
      "\" -- \"$word\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _modbound modbound\n");
}

}  // namespace modbound
